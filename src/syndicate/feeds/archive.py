"""The whole history of a feed, cut into archive documents (RFC 5005, section 4, "Archived Feeds").

Time is halved until each part holds no more than one document may. So a document's bounds do not depend on how many
items others hold, and an item that lands in the middle of the history changes the one document of its time, or halves
that. Counting from the oldest would shift every later document. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.feeds.text import short_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from syndicate.items.item import Item

# Seconds since the year 1, up to the year 9999, then a digest that parts items of the same second.
_ORIGIN = datetime(1, 1, 1, tzinfo=UTC)
_SECOND_BITS = 39
_LAST_SECOND = (datetime.max.replace(tzinfo=UTC) - _ORIGIN) // timedelta(seconds=1)
_DIGEST_BITS = 32
_BITS = _SECOND_BITS + _DIGEST_BITS


class Volume(Struct, frozen=True):
    """One archive document's items, the newest first. `name` is for ever that of its stretch of time."""

    name: str
    items: tuple[Item, ...]


def volumes_of(
    members: Sequence[tuple[datetime, str]],
    items: Mapping[str, Item],
    fits: Callable[[Sequence[str]], bool],
    *,
    shown: Collection[str] = (),
) -> tuple[Volume, ...]:
    """The archive documents of a feed, the oldest first; with what the feed shows they hold all items.

    The newest stretch of time, which still grows, has none as long as the feed shows all of it. So a document that
    was published changes only when an item in it is edited, withdrawn, or comes late.

    Args:
        members: when each item was published, and its id, in order.
        items: the items by id.
        fits: whether items of these ids may stand in one document.
        shown: ids of the items that the feed itself shows.
    """
    stretches = list(_stretches(members, fits))
    if stretches and all(item_id in shown for item_id in stretches[-1][1]):
        stretches.pop()
    return tuple(
        Volume(name, tuple(sorted(map(items.__getitem__, ids), key=_order, reverse=True))) for name, ids in stretches
    )


def _order(item: Item) -> tuple[datetime, str]:
    return item.published, item.id


def _stretches(
    members: Sequence[tuple[datetime, str]], fits: Callable[[Sequence[str]], bool]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Name and ids of each stretch that holds items."""
    row = [item_id for _, item_id in members]
    waiting = [(0, _BITS, 0, len(row))]
    while waiting:
        start, bits, low, high = waiting.pop()
        if low == high:
            continue
        if bits == 0 or fits(row[low:high]):
            yield _name(start, bits), row[low:high]
            continue
        middle = start + (1 << bits - 1)
        if bits > _DIGEST_BITS:
            cut = _cut(members, middle >> _DIGEST_BITS, low, high)
        else:  # all of them are of one second
            row[low:high] = sorted(row[low:high], key=_digest)
            cut = bisect_left(row, middle % (1 << _DIGEST_BITS), low, high, key=_digest)
        waiting += [(middle, bits - 1, cut, high), (start, bits - 1, low, cut)]


def _cut(members: Sequence[tuple[datetime, str]], second: int, low: int, high: int) -> int:
    """Where among these the first one of that second or later stands; none is of a second that no calendar holds."""
    if second > _LAST_SECOND:
        return high
    return bisect_left(members, (_ORIGIN + timedelta(seconds=second), ""), low, high)


def _digest(item_id: str) -> int:
    return int(short_digest(item_id), 16)


def _name(start: int, bits: int) -> str:
    """The day on which the stretch begins, and its number among all stretches there can be."""
    begins = _ORIGIN + timedelta(seconds=start >> _DIGEST_BITS)
    return f"{begins.date().isoformat()}-{(1 << _BITS | start) >> bits:x}"
