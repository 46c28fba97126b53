"""Secrets in settings: given in place or by file, and never shown."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, WithJsonSchema

from syndicate.regular import opened

LIMIT_BYTES = 64 * 1024
"""No token is longer; a larger file is a wrong path."""

# Docker and Kubernetes mount secrets here readable for all inside the container, which is their owner alone.
_MOUNTED = Path("/run/secrets")
# What a secret does not look like: it is short, or ends like a file's name.
_NAME = re.compile(r"[\w-]{1,16}|[\w.-]{0,40}\.[a-z]{1,10}")
_log = logging.getLogger(__name__)


class ChannelSettings(BaseModel):
    """What all networks' settings have in common: unknown keys are refused, values are fixed and stay out of errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def secret_in(path: Path) -> SecretStr:
    """The secret that a file holds, without white space around it.

    Raises:
        ValueError: it cannot be read or is empty; the words hold the path, never the content.
    """
    path = path.expanduser()
    try:
        with open(path, "rb", opener=opened) as file:
            _warn_if_open(path, os.fstat(file.fileno()))
            content = file.read(LIMIT_BYTES + 1)
    except OSError as cause:
        raise ValueError(f"{_shown(path)} cannot be read: {cause.strerror}") from None
    if len(content) > LIMIT_BYTES:
        raise ValueError(f"{path} is over {LIMIT_BYTES} bytes, so it is no secret")
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text") from None  # the original error holds the bytes
    if not text:
        raise ValueError(f"{path} is empty")
    return SecretStr(text)


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text as it can be seen, without secrets: what cannot be seen goes first, for it may part a secret.

    A server may repeat a secret as it came in an address or a form.
    """
    text = "".join(char for char in text if char.isprintable())
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), quote_plus(secret))}
    for form in sorted(forms, key=len, reverse=True):  # one may hold another
        text = text.replace(form, "[secret]")
    return text


def either(name: str, given: SecretStr | None, from_file: SecretStr | None) -> SecretStr:
    """The one secret of two ways to give it.

    Raises:
        ValueError: neither or both are there, or it holds what no secret does; the words do not repeat it.
    """
    if given is not None and from_file is not None:
        raise ValueError(f"{name}: is given twice; set `{name}` or `{name}_file`, not both")
    secret = given if given is not None else from_file
    if secret is None or not secret.get_secret_value().strip():
        raise ValueError(f"{name}: is missing; set `{name}` or `{name}_file`")
    if not secret.get_secret_value().isprintable():
        raise ValueError(f"{name}: holds a line break or another character that cannot be seen; copy it anew")
    return secret


def _from_path(value: object) -> object:
    """A path becomes the secret in its file; a secret that was read before stays."""
    if isinstance(value, str | Path):
        return secret_in(Path(value))
    return value


def _shown(path: Path) -> str:
    """The path as far as it exists, and then only names: a secret may have been written in the place of its path."""
    # Path.is_dir would raise on a name that is too long for one.
    there = next((folder for folder in path.parents if os.path.isdir(folder)), Path())  # noqa: PTH112
    names = (name if _NAME.fullmatch(name) else "[...]" for name in path.relative_to(there).parts)
    return str(there.joinpath(*names))


def _warn_if_open(path: Path, status: os.stat_result) -> None:
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not path.is_relative_to(_MOUNTED):
        _log.warning("%s can be read by other users of this machine; run: chmod 600 %s", path, path)


SecretFile = Annotated[
    SecretStr, BeforeValidator(_from_path), WithJsonSchema({"type": "string", "format": "path", "minLength": 1})
]
"""A setting that is written as a path and holds the secret found there."""
