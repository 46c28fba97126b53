"""The whole history of a feed, cut into archive documents (RFC 5005, section 4, "Archived Feeds").

Time is halved until each part holds no more than one document may. So a document's bounds do not depend on how many
items others hold, and an item that lands in the middle of the history changes the one document of its time, or halves
that. Counting from the oldest would shift every later document. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.feeds.text import short_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from syndicate.items.item import Item

# Seconds since the year 1, up to the year 9999, then a digest that parts items of the same second.
_ORIGIN = datetime(1, 1, 1, tzinfo=UTC)
_SECOND_BITS = 39
_DIGEST_BITS = 32
_BITS = _SECOND_BITS + _DIGEST_BITS


class Volume(Struct, frozen=True):
    """One archive document's items, the newest first. `name` is for ever that of its stretch of time."""

    name: str
    items: tuple[Item, ...]


class _Row(Struct, frozen=True):
    """Items in order of their place in time, and the sums of their weights."""

    places: Sequence[int]
    weights: Sequence[int]
    most: int
    most_bytes: int

    def fits(self, low: int, high: int) -> bool:
        """Whether the items from low to high may stand in one document."""
        weight = self.weights[high] - self.weights[low]
        return high - low <= self.most and (weight <= self.most_bytes or high - low == 1)


def place_of(item: Item) -> int:
    """Where the item stands in the history: by its second, then by its id."""
    seconds = (item.published - _ORIGIN) // timedelta(seconds=1)
    return seconds << _DIGEST_BITS | int(short_digest(item.id), 16)


def volumes_of(
    members: Sequence[tuple[int, int, Item]], shown: Collection[str], *, most: int, most_bytes: int
) -> tuple[Volume, ...]:
    """The archive documents of a feed, the oldest first; with what the feed shows they hold all items.

    The newest stretch of time, which still grows, has none as long as the feed shows all of it. So a document that
    was published changes only when an item in it is edited, withdrawn, or comes late.

    Args:
        members: place, weight in bytes and item of all, in any order.
        shown: ids of the items that the feed itself shows.
        most: how many items a document may hold.
        most_bytes: how much they may weigh, if they are more than one.
    """
    row = sorted(members, key=lambda member: member[0])
    weights = (0, *accumulate(weight for _, weight, _ in row))
    bounds = list(_bounds(_Row([place for place, _, _ in row], weights, most, most_bytes)))
    if bounds and all(item.id in shown for _, _, item in row[bounds[-1][1] :]):
        bounds.pop()
    return tuple(
        Volume(name, tuple(sorted((item for _, _, item in row[low:high]), key=_order, reverse=True)))
        for name, low, high in bounds
    )


def _order(item: Item) -> tuple[datetime, str]:
    return item.published, item.id


def _bounds(row: _Row) -> Iterator[tuple[str, int, int]]:
    """Name and bounds of each stretch that holds items."""
    stretches = [(0, _BITS, 0, len(row.places))]
    while stretches:
        start, bits, low, high = stretches.pop()
        if low == high:
            continue
        if bits == 0 or row.fits(low, high):
            yield _name(start, bits), low, high
            continue
        middle = start + (1 << bits - 1)
        cut = bisect_left(row.places, middle, low, high)
        stretches += [(middle, bits - 1, cut, high), (start, bits - 1, low, cut)]


def _name(start: int, bits: int) -> str:
    """The day on which the stretch begins, and its number among all stretches there can be."""
    begins = _ORIGIN + timedelta(seconds=start >> _DIGEST_BITS)
    return f"{begins.date().isoformat()}-{(1 << _BITS | start) >> bits:x}"
