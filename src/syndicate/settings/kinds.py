"""Kinds of values that settings hold, each with its own check, and what all sections share."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, GetPydanticSchema
from pydantic_core import core_schema

# RFC 4151, section 2.1: a DNS name or an email address, a comma, and a date of its ownership.
_TAG_AUTHORITY = re.compile(
    r"(?:[\w.+-]+@)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?,\d{4}(?:-\d\d){0,2}", re.ASCII | re.IGNORECASE
)
# RFC 1123, section 2.1, with `_` as in names of containers, and letters that are written otherwise for the wire.
_HOST_NAME = re.compile(r"(?:(?!-)[\w-]{1,63}(?<!-)\.)*(?!-|\d+$)[\w-]{1,63}(?<!-)")
# RFC 5646 (BCP 47), section 2.1, without tags for private use alone: a language, then parts of up to 8 signs.
_LANGUAGE_TAG = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is no time zone; write a name of the IANA list such as UTC or Europe/Berlin") from error
    return value


def _tag_authority(value: str) -> str:
    if value and not _TAG_AUTHORITY.fullmatch(value):
        raise ValueError("is no tag authority; write a host of yours and a year in which it was: example.org,2026")
    return value


def _language(value: str) -> str:
    if not _LANGUAGE_TAG.fullmatch(value):
        raise ValueError("is no language tag; write one of BCP 47 such as en, de or pt-BR")
    return value


def _host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError:
        if not _HOST_NAME.fullmatch(value.removesuffix(".")):
            remedy = "write one such as 127.0.0.1, ::1 or 0.0.0.0 (all of them)"
            raise ValueError(f"is neither an address nor the name of a host; {remedy}") from None
    return value


def place(value: Path) -> Path:
    """A path that may lead somewhere.

    Raises:
        ValueError: it cannot.
    """
    try:
        value.expanduser()
    except RuntimeError as error:
        remedy = "write ~/ for your own, or the whole path"
        raise ValueError(f"begins with the home folder of nobody known here; {remedy}") from error
    return value


def _site_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is no site address; write http:// or https://, a host and at most a path")
    return value.rstrip("/") + "/"


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in value:
        raise ValueError("is no web address; write http:// or https:// and what follows")
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
TagAuthority = Annotated[str, AfterValidator(_tag_authority)]
Host = Annotated[str, AfterValidator(_host)]
Folder = Annotated[Path, AfterValidator(place)]


MOST = 1_000_000_000
"""The largest number where none is too large for us: the state holds numbers of 64 bits."""


def _checked_by_itself(section: type[BaseModel], _: object) -> core_schema.CoreSchema:
    return core_schema.no_info_plain_validator_function(section.model_validate)


IF_ANY = GetPydanticSchema(_checked_by_itself)
"""Beside a section of which there may be none: what checks it is built with the first one. Its faults read the same."""


class Section(BaseModel):
    """Part of the settings: frozen, and strict about unknown keys.

    What checks it is built once, as part of that of all settings (but see `IF_ANY`), which takes half of the time: so a
    section that is a default is constructed, not called. For the same reason files of sections have no `from __future__
    import annotations`: pydantic would compile each annotation by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, defer_build=True)
