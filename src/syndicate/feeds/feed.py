"""What a feed is, and the feeds of a store. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from syndicate.feeds.entry import Category, Entry, Illustration, entry_id, entry_of
from syndicate.feeds.site import KINDS, Kind, Shape, Site
from syndicate.feeds.subjects import ALL, subjects_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syndicate.feeds.tombstone import Tombstone
    from syndicate.items.item import Item, Topic

__all__ = [
    "ALL",
    "KINDS",
    "LATEST",
    "Category",
    "Entry",
    "Feed",
    "Illustration",
    "Kind",
    "Neighbour",
    "Shape",
    "Site",
    "entry_id",
    "entry_of",
    "feeds_of",
    "keys_of",
    "newest_of",
]

LATEST = datetime.max.replace(tzinfo=UTC)
"""After everything: no item waits for its time, and no named feed takes any by age."""


class Neighbour(Struct, frozen=True, gc=False):
    """A topic that shares items with this feed: its folder, its name, how many items they share."""

    path: str
    label: str
    shared: int


class Feed(Struct, frozen=True):
    """The newest entries of one subject.

    `key` names the feed for ever (`all`, `topic:<slug>`, for others its path with a colon, as `section:<slug>` or
    `feed:<name>`). `path` is its folder on the shelf; feeds that are not the topics' begin with a reserved word.
    `label` is its name among its fellows, `title` its name in a reader's list. `home` is the topic's page on the site
    where known. `total` counts all its items, beyond those shown. `updated` is the newest change of an entry.
    `shape` is how it is made, its formats among it. `language` is that of the feed, `image` its own, absolute.
    `current` is the folder of the feed itself where this is one of its archive documents (RFC 5005), `older` and
    `newer` the folders of the archive documents beside it; the feed's own `older` begins the chain.
    `tombstones` are items that left it, the last first.
    """

    key: str
    kind: Kind
    path: str
    label: str
    title: str
    description: str
    entries: tuple[Entry, ...]
    updated: datetime
    vocabulary: str | None = None
    home: str | None = None
    total: int = 0
    neighbours: tuple[Neighbour, ...] = ()
    shape: Shape = field(default_factory=Shape)
    language: str = "en"
    image: str | None = None
    current: str | None = None
    older: str | None = None
    newer: str | None = None
    tombstones: tuple[Tombstone, ...] = ()

    @property
    def formats(self) -> tuple[str, ...]:
        """The names of the formats it stands in."""
        return self.shape.formats


def keys_of(item: Item, site: Site) -> tuple[str, ...]:
    """The keys of the feeds an item may stand in, `all` first; some of them may have too few items for a feed."""
    return tuple(dict.fromkeys(subject.key for subject in subjects_of(item, site)))


def newest_of(items: Iterable[Item]) -> dict[str, Item]:
    """The items by id; of two with one id the later revised counts."""
    by_id: dict[str, Item] = {}
    for item in items:
        known = by_id.get(item.id)
        if known is None or (known.updated, known.revision) < (item.updated, item.revision):
            by_id[item.id] = item
    return by_id


def feeds_of(
    items: Iterable[Item], site: Site, *, topics: Iterable[Topic] = (), now: datetime = LATEST
) -> tuple[Feed, ...]:
    """Every feed of the items with its entries: all, then by kind and name.

    Args:
        items: what is published, in any order; of two items with one id the later revised counts.
        topics: further topics to make feeds for, though no item has them now (an empty feed is a valid feed).
        now: what the greatest age in named feeds counts from.
    """
    from syndicate.feeds.catalogue import Catalogue

    catalogue = Catalogue(site)
    catalogue.update(newest_of(items), now, topics=topics)
    return tuple(
        replace(feed, entries=tuple([entry_of(item, site, feed.shape) for item in catalogue.shown(feed.key)]))
        for feed in catalogue.feeds
    )
