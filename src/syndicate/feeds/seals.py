"""What a file of the shelf was made of, as a digest: where it is the same again, so is the file. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from syndicate.feeds.feed import Feed
from syndicate.feeds.formats import INDEX
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.share import Share

if TYPE_CHECKING:
    from syndicate.feeds.site import Site
    from syndicate.items.item import Item


class Sealed(Struct, frozen=True):
    """The mark of a document that another process made: of what, is known by its seal alone."""

    seal: str


class Seals:
    """Gives the seals of a site's documents: each of its path, its mark, and what of the site it hangs on."""

    def __init__(self, site: Site) -> None:
        self._pages = _begun(site)
        # No look of pages changes a feed, but their words do.
        self._feeds = _begun(replace(site, pages=PageRules(words=site.pages.words)))
        self._has_templates = bool(site.pages.templates)
        self._revisions: dict[str, tuple[Item, str]] = {}
        self._last: tuple[object, object, bytes] = None, None, b""

    def of(self, path: str, mark: object) -> str:
        """The seal of a document, by its path and mark."""
        match mark:
            case Sealed(seal):
                return seal
            case Share(_, item, newer, older):
                begun, told = self._pages, _bytes_of((self._revision(item), newer, older, self._asked_of(item)))
            case ((Feed() | tuple()) as subject, tuple() as items):
                is_feed = isinstance(subject, Feed) and not path.endswith(INDEX)
                begun, told = self._feeds if is_feed else self._pages, self._told(subject, items)
            case _:
                begun, told = self._pages, _bytes_of(mark)
        made_of = begun.copy()
        made_of.update(told)
        made_of.update(path.encode("utf-8", "replace"))
        return made_of.hexdigest()[:32]

    def _asked_of(self, item: Item) -> str:
        """What templates of the operator's may ask of an item beside what readers of feeds see."""
        return repr((item.path, item.expires, item.group, item.posting)) if self._has_templates else ""

    def _told(self, subject: object, items: tuple[Item, ...]) -> bytes:
        """What the formats of a feed have in common, which come one after the other."""
        if self._last[0] is not subject or self._last[1] is not items:
            self._last = subject, items, _bytes_of((subject, [self._revision(item) for item in items]))
        return self._last[2]

    def _revision(self, item: Item) -> tuple[str, str]:
        known = self._revisions.get(item.id)
        if known is None or known[0] is not item:
            known = self._revisions[item.id] = item, item.revision
        return item.id, known[1]


def _begun(site: Site) -> hashlib._Hash:
    return hashlib.sha256(repr((site, sorted(site.words.items()))).encode("utf-8", "replace"))


def _bytes_of(told: object) -> bytes:
    try:
        return msgspec.msgpack.encode(told)
    except UnicodeEncodeError:  # half a character
        return repr(told).encode("utf-8", "replace")
