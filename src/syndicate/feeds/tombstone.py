"""Items that left, as feeds tell it (RFC 6721, "The Atom 'deleted-entry' Element"). Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime, timedelta


class Tombstone(Struct, frozen=True):
    """An item that left: when, in whole seconds, and the keys of the feeds that it stood in."""

    item_id: str
    at: datetime
    feeds: tuple[str, ...]


class TombstoneRules(Struct, frozen=True):
    """How many items that left a feed tells of, the last ones, and for how long."""

    most: int
    most_age: timedelta


def by_feed(
    tombstones: Iterable[Tombstone], rules: TombstoneRules, items: Collection[str], now: datetime
) -> Mapping[str, tuple[Tombstone, ...]]:
    """What each feed tells of items that left, the last one first; an item that is back has not left."""
    told: dict[str, list[Tombstone]] = defaultdict(list)
    for one in sorted(tombstones, key=lambda one: (one.at, one.item_id), reverse=True):
        if one.item_id not in items and now - one.at <= rules.most_age:
            for key in one.feeds:
                told[key].append(one)
    return {key: tuple(found[: rules.most]) for key, found in told.items()}
