"""Makes what an order tells: a feed's document, or a share page.

An order is all that its document is made of beside the site, so that it can be carried out elsewhere as well. Pure.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from syndicate.feeds.entry import entry_of
from syndicate.feeds.feed import Feed
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.share import Share, share_page
from syndicate.items.item import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
_Key = tuple[int, str]
"""The number of an entry's shape, and the id of its item."""


class Typesetter:
    """Carries out orders for one site, and keeps entries, which stand in several feeds and in those of later passes.

    At most `room` of them are kept: first those that orders are expected for, then those that were made last.
    """

    def __init__(self, site: Site, *, entries: Entries | None = None, room: int = MOST_ENTRIES) -> None:
        self._site = site
        self._room = room
        self._made = entries
        self._shapes: dict[Shape, int] = {}
        self._told: dict[_Key, tuple[Item, Entry]] = {}
        self._due: Counter[_Key] = Counter()  # feeds that are expected to show an entry
        self._done: OrderedDict[_Key, None] = OrderedDict()  # that no feed is expected to show, as they became so
        self._open: list[_Key] = []  # the entries of the feed that is being made
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

    def expect(self, orders: Iterable[Order | None]) -> None:
        """These will be made next, in this order; None: another document."""
        self._finish()
        self._due = Counter()
        last: FeedOrder | None = None
        for order in orders:
            if isinstance(order, FeedOrder) and (last is None or not _is_together(order, last)):
                last = order
                self._due.update(self._keys(order.feed, order.items))
        self._done = OrderedDict.fromkeys(key for key in self._told if key not in self._due)

    def make(self, order: Order) -> bytes:
        """The document's bytes: the same for the same order and site."""
        if isinstance(order, FeedOrder):
            return FORMATS[order.form].render(self.whole(order.feed, order.items), self._site, self._entries)
        from syndicate.feeds.page import rendered

        return share_page(order, self._site, rendered)

    def whole(self, feed: Feed, items: tuple[Item, ...]) -> Feed:
        """The feed with its entries; kept for a while, as its formats are made one after the other."""
        if self._last is None or self._last[0] is not feed or self._last[1] is not items:
            self._finish()
            self._open = self._keys(feed, items)
            entries = tuple([self._entry(*one, feed.shape) for one in zip(self._open, items, strict=True)])
            updated = max(entry.updated for entry in entries) if feed.current else feed.updated
            self._last = feed, items, self._entries.sound(replace(feed, entries=entries, updated=updated))
        return self._last[2]

    def _keys(self, feed: Feed, items: tuple[Item, ...]) -> list[_Key]:
        shape = self._shapes.setdefault(feed.shape, len(self._shapes))
        return [(shape, item.id) for item in items]

    def _finish(self) -> None:
        """The feed that was made last is done in all its formats."""
        due, done = self._due, self._done
        for key in self._open:
            if due[key] > 1:
                due[key] -= 1
                continue
            due.pop(key, None)
            if key in self._told:
                done[key] = None
        self._open = []

    @property
    def _entries(self) -> Entries:
        """Entries as they were written before; what writes them is loaded with the first."""
        if self._made is None:
            from syndicate.feeds.xml import Entries

            self._made = Entries(self._room)
        return self._made

    def _entry(self, key: _Key, item: Item, shape: Shape) -> Entry:
        known = self._told.get(key)
        if known is not None and known[0] is item:
            return known[1]
        if known is None:
            self._make_room()
        else:
            self._entries.drop(known[1])
        entry = entry_of(item, self._site, shape)
        self._told[key] = item, entry
        return entry

    def _make_room(self) -> None:
        while len(self._told) >= self._room:
            key = self._done.popitem(last=False)[0] if self._done else next(iter(self._told))
            self._entries.drop(self._told.pop(key)[1])


def _is_together(order: FeedOrder, last: FeedOrder) -> bool:
    """Whether this is another format of what was ordered last."""
    return order.feed is last.feed and order.items is last.items
