"""Looking at the web: pages are read, hosts are reached, nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class Page(Struct, frozen=True):
    """What an address answered, whatever the status. `headers` are found in any case of letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Reached(Struct, frozen=True):
    """A host that took a connection: how long that took, when, and until when its certificate holds (None: no TLS)."""

    took_ms: int
    read_at: datetime
    certificate_until: datetime | None = None


class Heard(Struct, frozen=True):
    """One answer of a host during other work: who said it, how far its clock is ahead of ours, and its headers.

    `skew_s` is None where it told no time.
    """

    host: str
    skew_s: float | None
    headers: Mapping[str, str]


class Sight(Protocol):
    """The way to look at addresses; redirects are not followed."""

    async def page(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """What stands at an address.

        Raises:
            NetworkError: it cannot be had, in words.
        """

    async def reach(self, address: str) -> Reached:
        """Connect to `https://host:port` (or `http://`), and ask nothing.

        Raises:
            NetworkError: nobody is there, or the certificate is not trusted, in words.
        """


class Answer(Protocol):
    """What stands at an address of the public web."""

    @property
    def content(self) -> bytes:
        """The bytes."""

    @property
    def media_type(self) -> str:
        """What the server says that they are, without parameters."""


class Pages(Protocol):
    """The guarded way to the public web; few redirects are followed."""

    async def fetch(self, url: str, *, accept: str) -> Answer:
        """What stands at an address; `accept` is the Accept header, no promise of the server.

        Raises:
            ImageUnusable: it cannot be had, in words.
        """
