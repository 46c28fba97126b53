"""The pages of ours that networks make their cards of: looked at before the first post, once for all channels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urljoin, urlsplit

from msgspec import Struct, field

from syndicate.errors import ImageUnusable
from syndicate.items.links import link_key
from syndicate.log import log
from syndicate.ports.web import Pages

Policy = Literal["wait", "ignore", "hold"]

FIRST: Final = timedelta(seconds=15)
LONGEST: Final = timedelta(minutes=5)
"""Between two requests for a page that is not there: the first wait doubles up to the longest."""

MOST_KEPT: Final = 2_000
"""So many pages are kept in mind; a look at one more of them costs a request."""

_HTML: Final = ("text/html", "application/xhtml+xml")
# Names that lead nowhere in public. Source: RFC 2606, RFC 6761, RFC 8375 and ICANN's "internal". Read 2026-11.
_PRIVATE: Final = (
    *(".example", ".test", ".invalid", ".localhost", ".local", ".internal", ".lan", ".home.arpa"),
    *(".example.com", ".example.net", ".example.org"),
)


class SharePageRules(Struct, frozen=True):
    """What is done about a page that is not there: `wait` so long and post, `hold` it after that, or `ignore` it.

    `bases` are what our own addresses begin with.
    """

    bases: tuple[str, ...]
    policy: Policy = "wait"
    patience: timedelta = timedelta(minutes=30)


class Look(Struct):
    """What the last look at a page found: `trouble` in words, None: it is there. It is looked at next at `again`."""

    trouble: str | None
    again: datetime
    looks: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class SharePages:
    """Looks whether pages of ours are there as networks need them. What is there is not asked for again."""

    def __init__(self, pages: Pages, rules: SharePageRules, *, clock: Callable[[], datetime]) -> None:
        self.rules = rules
        self._pages = pages
        self._clock = clock
        self._looks: dict[tuple[str, str], Look] = {}

    async def look(self, url: str, revision: str) -> Look | None:
        """What is known of a page for this revision of its item, asked for when it is time; None: it is not ours."""
        if self.rules.policy == "ignore" or not is_ours(url, self.rules.bases):
            return None
        key = (url, revision)
        if key not in self._looks and len(self._looks) >= MOST_KEPT:
            del self._looks[next(iter(self._looks))]
        look = self._looks.setdefault(key, Look("was not looked at", self._clock()))
        async with look.lock:
            if look.trouble is not None and look.again <= self._clock():
                look.trouble = await self._trouble(url)
                look.again = self._clock() + min(FIRST * 2 ** min(look.looks, 10), LONGEST)
                look.looks += 1
        return look

    async def _trouble(self, url: str) -> str | None:
        """Why a network could make no card of the page; a poor card is told once, and no reason to wait."""
        from syndicate.doctor.site import tags_in

        try:
            page = await self._pages.fetch(url, accept="text/html")
            if page.media_type not in _HTML:
                return f"{url}: is no web page but {page.media_type}"
            tags = tags_in(page.content)
            picture = tags.get("og:image") or tags.get("twitter:image")
            if picture:
                await self._check_picture(urljoin(url, picture))
        except ImageUnusable as error:
            return str(error)
        lacks = [name for name in ("og:title", "og:image") if not tags.get(name)]
        if lacks:
            log.warning("page_without_card", url=url, reason=f"has no {' and no '.join(lacks)}")
        elif tags.get("og:url") and link_key(urljoin(url, tags["og:url"])) != link_key(url):
            log.warning("page_without_card", url=url, reason=f"says that its address is {tags['og:url']}")
        return None

    async def _check_picture(self, url: str) -> None:
        """Make sure that the picture of a page can be had.

        Raises:
            ImageUnusable: it cannot, or is none.
        """
        picture = await self._pages.fetch(url, accept="image/*")
        if not picture.media_type.startswith("image/") or not picture.content:
            raise ImageUnusable(url, f"is no image but {picture.media_type}")


def is_ours(url: str, bases: tuple[str, ...]) -> bool:
    """Whether the address is one of our own that networks can reach at all."""
    if not any(base and url.startswith(f"{base.rstrip('/')}/") for base in bases):
        return False
    host = (urlsplit(url).hostname or "").casefold()
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not f".{host}".endswith(_PRIVATE)
