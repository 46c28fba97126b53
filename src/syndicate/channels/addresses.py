"""Addresses of services as operators write them, and how much of one may be shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

from syndicate.items.links import is_loopback

if TYPE_CHECKING:
    from yarl import URL


def place_of(url: str) -> str:
    """As much of a URL as may stand in a message: paths and queries can hold tokens."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{host_of(url)}/..."


def host_of(url: str) -> str:
    """Host and port of a URL, lower-case, without user name and password."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: all of it that is surely no secret."""
    return f"{urlsplit(url).scheme}://{host_of(url)}"


def as_written(url: str) -> URL | str:
    """An address that needs no more escaping as it is: `%3A` and `:` are the same to most hosts, but not to all."""
    from yarl import URL

    return URL(url, encoded=True) if url.isascii() else url


def service_url(value: str) -> str:
    """The base URL of a service: `https` unless it is on this machine, without a path or a slash at the end.

    A bare host name is taken as https.

    Raises:
        ValueError: in words that do not repeat the value.
    """
    address = value.strip()
    if "://" not in address:
        address = f"https://{address}"
    parts = _checked(address.rstrip("/"))
    if parts.path or parts.query:
        raise ValueError("must be the address of a server alone, such as https://social.example")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def base_url(value: str) -> str:
    """The address below which a service's API begins, path included, without a slash at the end.

    Raises:
        ValueError: in words that do not repeat the value.
    """
    address = endpoint_url(value).rstrip("/")
    if "?" in address:
        raise ValueError("must hold no ?query")
    return address


def endpoint_url(value: str) -> str:
    """A full URL that takes requests: `https` unless it is on this machine; path and query stay as written.

    Raises:
        ValueError: in words that do not repeat the value, for the path may be the secret.
    """
    _checked(value.strip())
    return value.strip()


def _checked(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a broken port or IPv6 literal; the original text repeats it
        raise ValueError("is not a valid URL") from None
    if not has_host or parts.scheme not in {"http", "https"} or any(char.isspace() for char in address):
        raise ValueError("is not a valid https URL")
    if parts.username is not None or parts.fragment:
        raise ValueError("must hold no user name, password or #fragment")
    if parts.scheme == "http" and not is_loopback(address):
        raise ValueError("must begin with https://; http:// is taken for this machine only")
    return parts


ServiceURL = Annotated[str, AfterValidator(service_url)]
"""A setting that names a server."""

BaseURL = Annotated[str, AfterValidator(base_url)]
"""A setting that names where an API begins, which may be below a path of a server (a proxy, a sandbox)."""

EndpointURL = Annotated[str, AfterValidator(endpoint_url)]
"""A setting that names one address which takes requests."""
