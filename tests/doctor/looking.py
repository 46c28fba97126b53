"""A web of our own making: pages by address, everything else unreachable."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from multidict import CIMultiDict

from syndicate.errors import Transient
from syndicate.ports.web import Page, Reached

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def page(status: int = 200, body: str = "", **headers: str) -> Page:
    return Page(status, CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}), body.encode())


class FakeSight:
    """Answers with the page of the address; with `again`, if one is asked for under a condition."""

    def __init__(self, pages: Mapping[str, Page], *, again: Page | None = None, until: datetime | None = None) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._pages = pages
        self._again = again
        self._until = until

    async def page(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        self.asked.append((url, dict(headers or {})))
        if headers and self._again is not None:
            return self._again
        if url not in self._pages:
            raise Transient("cannot connect: Connection refused")
        return self._pages[url]

    async def reach(self, address: str) -> Reached:
        if not any(url.startswith(address) for url in self._pages):
            raise Transient(f"{address}: the host name is not known")
        return Reached(12, NOW, self._until)
