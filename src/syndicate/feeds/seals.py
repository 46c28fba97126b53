"""What a feed's file was made of, as a digest: where it is the same again, so is the file. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from syndicate.feeds.feed import Feed
from syndicate.feeds.formats import INDEX
from syndicate.feeds.pagerules import PageRules

if TYPE_CHECKING:
    from syndicate.feeds.site import Site
    from syndicate.items.item import Item


class Sealed(Struct, frozen=True):
    """The mark of a document that another process made: of what, is known by its seal alone, None if it had none."""

    seal: str | None


class Seals:
    """Gives the seals of a site's documents. Pages have none, as they hang on more than their feed and its items."""

    def __init__(self, site: Site) -> None:
        told = replace(site, pages=PageRules())
        self._begun = hashlib.sha256(repr((told, sorted(site.words.items()))).encode("utf-8", "replace"))
        self._revisions: dict[str, tuple[Item, str]] = {}
        self._last: tuple[Feed, tuple[Item, ...], hashlib._Hash] | None = None

    def of(self, path: str, mark: object) -> str | None:
        """The seal of a document, by its path and mark; None if it has none."""
        match mark:
            case (Feed() as feed, tuple() as items) if not path.endswith(INDEX):
                seal = self._begun_with(feed, items).copy()
            case Sealed(known):
                return known
            case _:
                return None
        seal.update(path.encode("utf-8", "replace"))
        return seal.hexdigest()[:32]

    def _begun_with(self, feed: Feed, items: tuple[Item, ...]) -> hashlib._Hash:
        """What the formats of a feed have in common, which come one after the other."""
        if self._last is None or self._last[0] is not feed or self._last[1] is not items:
            made_of = repr((feed, [self._revision(item) for item in items]))
            begun = self._begun.copy()
            begun.update(made_of.encode("utf-8", "replace"))
            self._last = feed, items, begun
        return self._last[2]

    def _revision(self, item: Item) -> tuple[str, str]:
        known = self._revisions.get(item.id)
        if known is None or known[0] is not item:
            known = self._revisions[item.id] = item, item.revision
        return item.id, known[1]
