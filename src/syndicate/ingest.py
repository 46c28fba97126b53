"""One pass over the store: what changed, the feeds it touches, and what channels owe from now on.

The order is the promise: feeds first, then items and deliveries in one transaction. A stop in between loses nothing,
as the next pass sees the same changes again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import structlog

from syndicate.errors import ConfigError, Fault
from syndicate.feeds.feed import ALL, keys_of
from syndicate.feeds.site import Site
from syndicate.feeds.tombstone import Tombstone
from syndicate.gallery import Gallery
from syndicate.items.changes import Changes, compare
from syndicate.items.item import Item, Topic
from syndicate.items.links import link_key
from syndicate.items.topics import agreed
from syndicate.outbox.delivery import State
from syndicate.outbox.edits import Change, changes_of, returns_of, withdrawals_of
from syndicate.outbox.plan import ChannelPlan, Sight, plan, plan_mended
from syndicate.ports.content import Indexed, Scan, Store
from syndicate.ports.outbox import Acceptance, KnownItem, Outbox
from syndicate.ports.shelf import Shelf
from syndicate.shelving import Shelved, Shelving
from syndicate.standing import Standing

log = structlog.get_logger()

FEW_ITEMS = 3
"""With fewer items known, all of them may well be replaced in one go."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass saw and did.

    `skipped` counts visibility rules, `decided` the states of new deliveries. `scheduled` items wait for
    their time, the first at `next_due`. `written` are the shelf's paths whose bytes changed, `dropped`
    those that were taken away. `feeds` are the paths of the feeds that readers subscribe to, None if none were made.
    """

    files: int = 0
    items: int = 0
    new: int = 0
    revised: int = 0
    moved: int = 0
    withdrawn: int = 0
    scheduled: int = 0
    next_due: datetime | None = None
    waiting: tuple[str, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    topics: int = 0
    written: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    feeds: frozenset[str] | None = None
    decided: Mapping[State, int] = field(default_factory=dict)
    took_ms: int = 0

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that cost an item."""
        return tuple(fault for fault in self.faults if not fault.is_warning)


class Ingest:
    """Passes over one store; keeps what it read in memory from pass to pass.

    `rules` is a digest of the settings the files are read with: other rules, other items. The `gallery` is told which
    card images there must be, and draws those of items that are to be posted before their posts are planned.
    `shelving` is what it keeps the shelf by.
    """

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        shelf: Shelf,
        site: Site,
        channels: Sequence[ChannelPlan],
        *,
        rules: str,
        clock: Callable[[], datetime],
        gallery: Gallery | None = None,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._gallery = gallery
        self._site = site
        self.shelving = Shelving(store, shelf, site, gallery)
        self._channels = tuple(channels)
        self._rules = rules
        self._clock = clock
        self._index: Mapping[str, Indexed] | None = None
        self._topics: dict[str, Topic] = {}
        self._tombstones: dict[str, Tombstone] = {}
        self._standing = Standing()
        self._accepted: Mapping[str, Item] = {}
        self._known: Mapping[str, KnownItem] | None = None
        self._is_first = True

    async def run(self, near: Collection[Path] | None = None) -> Pass:
        """One pass.

        Args:
            near: where in the store something may have changed since the last pass, if that went well, as absolute
                real paths; None: anywhere.

        Raises:
            ConfigError: the store is not there.
            CannotWrite: a feed cannot be written; nothing was planned, the next pass starts anew.
        """
        begun = time.monotonic()
        now = self._clock()
        scan, known, lost = await self._look(near)
        if lost is not None:
            return Pass(faults=(lost,), took_ms=_since(begun))
        visible, touched = await asyncio.to_thread(self._follow, scan, known, now)
        changes = compare(visible, known, accepted=self._accepted, only=touched)
        self._bury(visible, changes, now)
        shelved = await self._publish(visible, changes, now)
        moved = _moved(visible, changes, known, touched)
        decided = await self._accept(_Seen(scan, visible, changes, moved, known), now)
        self._index, self._accepted = scan.files, visible
        done = self._told(scan, changes, len(moved))
        done = replace(done, written=shelved.written, dropped=shelved.dropped, decided=decided, took_ms=_since(begun))
        _log_pass(done)
        return done

    def _follow(
        self, scan: Scan, known: Mapping[str, KnownItem], now: datetime
    ) -> tuple[Mapping[str, Item], Collection[str] | None]:
        """The visible items, and the ids of those that may differ from what was accepted; None: all."""
        touched = self._standing.follow(scan, self._index or {}, known, now)
        is_followed = self._accepted and known is self._known  # else somebody wrote into the state meanwhile
        self._known = known
        return self._standing.visible, touched if is_followed else None

    async def build(self, tell: Callable[[int, int], None] = lambda done, total: None) -> tuple[int, Shelved]:
        """Write all feeds from the store as it is; nothing is planned or remembered. Gives the number of items, too.

        Args:
            tell: hears how many documents were looked at, and how many there are.

        Raises:
            ConfigError: the store is not there, or was lost.
            CannotWrite: a feed cannot be written.
        """
        now = self._clock()
        scan, known, lost = await self._look()
        if lost is not None:
            raise ConfigError((lost,))
        visible, _ = await asyncio.to_thread(self._follow, scan, known, now)
        put = partial(self.shelving.put, visible, now, tombstones=self._tombstones.values(), tell=tell)
        return len(visible), await asyncio.to_thread(put, topics=self._topics.values())

    def _bury(self, visible: Mapping[str, Item], changes: Changes, now: datetime) -> None:
        """Keep in mind for the feeds which items left; those that are back or long gone are told of no more."""
        rules = self._site.tombstones
        if rules is None or not (changes.withdrawn or changes.returned):
            return
        former = {item.id: item for item in self._former()}
        kept = {
            item_id: one
            for item_id, one in self._tombstones.items()
            if item_id not in visible and now - one.at <= rules.most_age
        }
        for item_id in changes.withdrawn:
            # Without the former item, as after other rules of reading, the feed of everything is known to have had it.
            keys = keys_of(former[item_id], self._site) if item_id in former else (ALL,)
            kept[item_id] = Tombstone(item_id, now.replace(microsecond=0), keys)
        self._tombstones = kept

    async def _look(self, near: Collection[Path] | None = None) -> tuple[Scan, Mapping[str, KnownItem], Fault | None]:
        """The store as it is, what is known of it, and the fault if it was lost."""
        if self._index is None:
            self._index = await self._outbox.index(self._rules)
            self._topics = await self._outbox.topics()
            self._tombstones = await self._outbox.tombstones()
            near = None
        scan = await asyncio.to_thread(self._store.scan, self._index, near)
        known = await self._outbox.known()
        return scan, known, lost_store(scan, known)

    async def _publish(self, visible: Mapping[str, Item], changes: Changes, now: datetime) -> Shelved:
        """Write the feeds and images that differ, take away what no feed names any more."""
        if not changes:
            await asyncio.to_thread(self.shelving.look)
        topics, tombstones = self._topics.values(), self._tombstones.values()
        return await asyncio.to_thread(self.shelving.put, visible, now, topics=topics, tombstones=tombstones)

    async def _accept(self, saw: _Seen, now: datetime) -> Mapping[State, int]:
        scan, visible, changes, known = saw.scan, saw.visible, saw.changes, saw.known
        seen = await self._outbox.channels()
        coming = (*changes.new, *changes.returned)
        missed = await self._missed(visible, coming)
        links = _same_links({item.id: item for item in chain(coming, *missed.values())}.values(), known)
        sight = Sight(coming, tuple(visible.values()), links, _doubt(visible, known), missed)
        forsaken = {seen[name] for name in seen.keys() - {channel.name for channel in self._channels}}
        planned = plan(sight, self._channels, seen, now, forsaken=forsaken)
        if self._gallery is not None:
            # Here and no later: once it is accepted, a delivery may be claimed at any time.
            await self._gallery.draw_of(one.item_id for one in planned if one.state is State.PLANNED)
        touched = (*changes.new, *changes.revised, *changes.returned, *saw.moved)
        named = visible.values() if self._is_first else touched
        topics = {topic.slug: topic for item in named for topic in item.topics if topic.slug}
        topics = {slug: topic for slug, topic in topics.items() if slug not in self._topics}
        acceptance = Acceptance(
            items=tuple(_known(item, known.get(item.id), now) for item in touched),
            withdrawn=changes.withdrawn,
            heirs=_heirs(changes, links),
            indexed=tuple(scan.files[path] for path in scan.read),
            packed=scan.packed,
            gone=scan.gone,
            planned=planned,
            mended=plan_mended(changes.revised, self._channels, now),
            changes=self._changes(saw, now),
            returned=tuple(item.id for item in changes.returned),
            channels={channel.name: channel.account for channel in self._channels},
            rules=self._rules,
            topics=tuple(topics.values()),
            tombstones=tuple(self._tombstones.values()) if changes.withdrawn or changes.returned else None,
        )
        is_news = scan.read or scan.gone or touched or changes.withdrawn or planned or topics or missed
        if is_news or not acceptance.channels.keys() <= seen.keys():
            await self._outbox.accept(acceptance, now)
            self._topics |= topics
        self._is_first = False
        return Counter(one.state for one in planned)

    async def _missed(self, visible: Mapping[str, Item], coming: Iterable[Item]) -> Mapping[str, tuple[Item, ...]]:
        """For channels that are on again: items that came meanwhile. Known to the first pass, settled by it."""
        if not self._is_first:
            return {}
        found = await self._outbox.missed([channel.name for channel in self._channels])
        told = {item.id for item in coming}
        return {
            name: tuple(visible[item_id] for item_id in sorted(ids - told) if item_id in visible)
            for name, ids in found.items()
        }

    def _changes(self, saw: _Seen, now: datetime) -> tuple[Change, ...]:
        """What channels do about posts of items that were edited or left, as far as it is known how they read before.

        What is accepted last is known from this process or the parse index; not so after a change of the settings by
        which files are read if the former version wrote it in another form: then posts stay as they are.
        """
        changes = saw.changes
        if not (changes.revised or changes.withdrawn or changes.returned):
            return ()
        former = self._accepted or agreed({item.id: item for item in self._former()})
        edited = [(former[item.id], item) for item in changes.revised if item.id in former]
        left = _gone([former[item_id] for item_id in changes.withdrawn if item_id in former], saw)
        edits = changes_of(edited, self._channels, self._site.pages.cards, now)
        returns = returns_of(changes.returned, self._channels, now)
        return (*edits, *withdrawals_of(left, self._channels, now), *returns)

    def _former(self) -> Iterator[Item]:
        return (one.item for one in (self._index or {}).values() if one.item is not None)

    def _told(self, scan: Scan, changes: Changes, moved: int) -> Pass:
        standing = self._standing
        return Pass(
            files=len(scan.files),
            items=len(standing.visible),
            new=len(changes.new) + len(changes.returned),
            revised=len(changes.revised),
            moved=moved,
            withdrawn=len(changes.withdrawn),
            scheduled=len(standing.scheduled),
            next_due=min((item.published for item in standing.scheduled.values()), default=None),
            waiting=scan.waiting,
            skipped=standing.skipped,
            faults=(*scan.faults, *standing.faults, *self.shelving.left_out),
            topics=standing.topics,
            feeds=self.shelving.feeds,
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one pass saw; `moved` are items that only changed their place."""

    scan: Scan
    visible: Mapping[str, Item]
    changes: Changes
    moved: Sequence[Item]
    known: Mapping[str, KnownItem]


def _doubt(visible: Mapping[str, Item], known: Mapping[str, KnownItem]) -> str | None:
    """A store without a single item of the former one is another store, not a day's news."""
    standing = 0
    for item_id, one in known.items():
        if not one.is_withdrawn:
            if item_id in visible:
                return None
            standing += 1
    return f"another store: none of the {standing} items that were known is in it" if standing >= FEW_ITEMS else None


def lost_store(scan: Scan, known: Mapping[str, KnownItem]) -> Fault | None:
    """A store that had items and has not a single file any more was not emptied but lost (an unmounted disk)."""
    if scan.files or scan.waiting:
        return None
    standing = sum(not one.is_withdrawn for one in known.values())
    if not standing:
        return None
    problem = f"holds no file, though {standing} items were known: feeds and posts stay as they are"
    remedy = "bring the folder back, or set another `state.folder` to begin anew"
    return Fault("content.folder", "E-STORE-LOST", problem, remedy)


def _moved(
    visible: Mapping[str, Item], changes: Changes, known: Mapping[str, KnownItem], touched: Collection[str] | None
) -> list[Item]:
    """Items that only changed their place: for readers and followers nothing happened."""
    told = {item.id for item in (*changes.new, *changes.revised, *changes.returned)}
    ids = visible if touched is None else touched
    found = ((visible[item_id], known[item_id]) for item_id in ids if item_id in visible and item_id not in told)
    return [item for item, one in found if one.path != item.path]


def _same_links(coming: Collection[Item], known: Mapping[str, KnownItem]) -> dict[str, str]:
    """Of the coming items, those whose article an older one already links to: the older one's id."""
    keys = {item.id: _link_key(item) for item in coming}
    asked = frozenset(filter(None, keys.values()))
    older = sorted(
        (one.first_seen, one.item_id, one.link_key)
        for one in (known.values() if asked else ())
        if one.link_key in asked and not one.is_withdrawn
    )
    first: dict[str, str] = {}
    for _, item_id, key in older:
        first.setdefault(key, item_id)
    for item in sorted(coming, key=lambda one: (one.published, one.id)):
        if keys[item.id]:
            first.setdefault(keys[item.id], item.id)
    return {item_id: first[key] for item_id, key in keys.items() if first.get(key, item_id) != item_id}


def _gone(left: Sequence[Item], saw: _Seen) -> list[Item]:
    """Those of the items that left whose article no other item leads to.

    A renamed file without an id is another item; the post stays, as it tells of that one, which posts nothing.
    """
    if not left:
        return []
    changes = saw.changes
    read = {item.id: _link_key(item) for item in (*changes.new, *changes.revised, *changes.returned)}
    standing = {read[item_id] if item_id in read else saw.known[item_id].link_key for item_id in saw.visible}
    return [item for item in left if not _link_key(item) or _link_key(item) not in standing]


def _heirs(changes: Changes, links: Mapping[str, str]) -> dict[str, str]:
    """The new items that lead where one led that left in the same pass, which is then the former one; one for each."""
    left = set(changes.withdrawn)
    heirs = {links[item.id]: item.id for item in reversed(changes.new) if links.get(item.id) in left}
    return {heir: former for former, heir in heirs.items()}


def _link_key(item: Item) -> str:
    """What tells that two items lead to one place; a page counts where there is no article."""
    address = item.link or item.page
    return link_key(address) if address else ""


def _known(item: Item, former: KnownItem | None, now: datetime) -> KnownItem:
    first_seen = former.first_seen if former else now
    return KnownItem(item.id, item.revision, item.path, _link_key(item), is_withdrawn=False, first_seen=first_seen)


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def _log_pass(done: Pass) -> None:
    if done.new or done.revised or done.withdrawn or done.moved:
        log.info(
            "store_changed",
            new=done.new,
            revised=done.revised,
            moved=done.moved,
            withdrawn=done.withdrawn,
            files_written=len(done.written),
            files_dropped=len(done.dropped),
            took_ms=done.took_ms,
        )
