"""The documents for people and crawlers beside the feeds: share pages, the map of the site, what robots may. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from syndicate.feeds.document import Document
from syndicate.feeds.formats import INDEX, SCRIPT
from syndicate.feeds.seals import Sealed
from syndicate.feeds.share import Shares, page_path, shared_of
from syndicate.feeds.subjects import ALL
from syndicate.posts.card import share_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from syndicate.feeds.catalogue import Catalogue
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site
    from syndicate.feeds.typesetter import Typesetter
    from syndicate.items.item import Item


class Pages:
    """Share pages and what lists them, for the items of a catalogue; kept from pass to pass."""

    def __init__(self, site: Site, catalogue: Catalogue, typesetter: Typesetter) -> None:
        self._site = site
        self._typesetter = typesetter
        self._catalogue = catalogue
        self._shares = Shares(site, catalogue)
        self._kept: dict[str, Document] = {}

    def shares(
        self, former: Mapping[str, Item], items: Mapping[str, Item], changed: Collection[str]
    ) -> Collection[Document]:
        """The share page of every item, where there are any.

        Args:
            former: the items as they were in the last call, by id.
            items: the items as they are, which the catalogue was told.
            changed: ids of all that differ between the two.
        """
        if self._site.pages.share == "off" or "html" not in self._site.formats:
            return ()
        touched = self._shares.touched(former, items, changed)
        for item_id in touched - items.keys():
            self._kept.pop(item_id, None)
        for item_id in sorted(touched & items.keys(), key=lambda one: (items[one].published, one), reverse=True):
            share = self._shares.of(items[item_id])
            self._kept[item_id] = Document(page_path(share), share, partial(self._typesetter.make, share), share)
        return self._kept.values()

    def note(self, seals: Mapping[str, str]) -> list[tuple[str, str]]:
        """What `resume` needs, with the seals of the documents, by path: the ids of share pages, and their seals."""
        return [(item_id, seals[document.path]) for item_id, document in self._kept.items()]

    def resume(self, note: Iterable[tuple[str, str]]) -> None:
        """Know the share pages that were known when the note was made."""
        self._kept = {
            item_id: Document(f"{share_path(item_id)}/{INDEX}", Sealed(seal), partial(self._anew, item_id))
            for item_id, seal in note
        }

    def others(self, feeds: Sequence[Feed]) -> Iterator[Document]:
        """The map of the site and `robots.txt` where asked for, and the front page's script."""
        rules = self._site.pages
        if rules.has_filter and "html" in self._site.formats:
            from syndicate.feeds.page import filter_script

            yield Document(SCRIPT, None, filter_script)
        if rules.has_sitemap:
            yield from self._sitemaps(feeds)
        if rules.has_robots:
            from syndicate.feeds.sitemap import ROBOTS, robots

            yield Document(ROBOTS, None, partial(robots, self._site))

    def _anew(self, item_id: str) -> bytes:
        """The page of an item that is not at hand."""
        return self._typesetter.make(self._shares.of(self._catalogue.item(item_id)))

    def _sitemaps(self, feeds: Sequence[Feed]) -> Iterator[Document]:
        from syndicate.feeds.sitemap import places_of, sitemaps

        told = (shared_of(item, self._site) for item in self._catalogue.members(ALL)) if self._kept else ()
        for path, content in sitemaps(places_of(feeds, told, self._site), self._site):
            yield Document(path, content, partial(bytes, content))
