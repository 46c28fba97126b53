"""Makes what an order tells: a feed's document, or a share page.

An order is all that its document is made of beside the site, so that it can be carried out elsewhere as well. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from syndicate.feeds.entry import entry_of
from syndicate.feeds.feed import Feed
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.share import Share, share_page
from syndicate.items.item import Item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syndicate.feeds.entry import Entry
    from syndicate.feeds.site import Shape, Site
    from syndicate.feeds.xml import Entries

MOST_ENTRIES = 4096
"""Entries that are kept: a few kB each, and as much for each format."""


class FeedOrder(Struct, frozen=True):
    """A feed, or one of its archive documents, of these items in the format of that name; it has no entries yet."""

    feed: Feed
    items: tuple[Item, ...]
    form: str


Order = FeedOrder | Share


class Typesetter:
    """Carries out orders for one site, and keeps entries, which stand in several feeds and in those of later passes.

    At most `room` of them are kept of each shape.
    """

    def __init__(self, site: Site, *, entries: Entries | None = None, room: int = MOST_ENTRIES) -> None:
        self._site = site
        self._room = room
        self._made = entries
        self._told: dict[Shape, dict[str, tuple[Item, Entry]]] = {}
        self._last: tuple[Feed, tuple[Item, ...], Feed] | None = None

    @property
    def left_out(self) -> Mapping[str, str]:
        """What no feed can tell, by entry id, with the reason, of all entries that were made so far."""
        return {} if self._made is None else self._made.left_out

    def leave_out(self, left_out: Mapping[str, str]) -> None:
        """Tell of these as well, as others made feeds without them."""
        if left_out:
            self._entries.left_out.update(left_out)

    def forget(self, entry_id: str) -> None:
        """Tell no more of an entry that was left out."""
        if self._made is not None:
            self._made.left_out.pop(entry_id, None)

    def make(self, order: Order) -> bytes:
        """The document's bytes: the same for the same order and site."""
        if isinstance(order, FeedOrder):
            return FORMATS[order.form].render(self.whole(order.feed, order.items), self._site, self._entries)
        from syndicate.feeds.page import rendered

        return share_page(order, self._site, rendered)

    def whole(self, feed: Feed, items: tuple[Item, ...]) -> Feed:
        """The feed with its entries; kept for a while, as its formats are made one after the other."""
        if self._last is None or self._last[0] is not feed or self._last[1] is not items:
            told = self._told.setdefault(feed.shape, {})
            entries = tuple([self._entry(item, feed.shape, told) for item in items])
            updated = max(entry.updated for entry in entries) if feed.current else feed.updated
            self._last = feed, items, self._entries.sound(replace(feed, entries=entries, updated=updated))
        return self._last[2]

    @property
    def _entries(self) -> Entries:
        """Entries as they were written before; what writes them is loaded with the first."""
        if self._made is None:
            from syndicate.feeds.xml import Entries

            self._made = Entries(self._room)
        return self._made

    def _entry(self, item: Item, shape: Shape, told: dict[str, tuple[Item, Entry]]) -> Entry:
        known = told.get(item.id)
        if known is not None and known[0] is item:
            return known[1]
        while len(told) >= self._room:
            del told[next(iter(told))]
        entry = entry_of(item, self._site, shape)
        told[item.id] = item, entry
        return entry
