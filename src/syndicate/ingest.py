"""One pass over the store: what changed, the feeds it touches, and what channels owe from now on.

The order is the promise: feeds first, then items and deliveries in one transaction. A stop in between loses nothing,
as the next pass sees the same changes again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from syndicate.checkpoint import Checkpoints, Notes, digest_of
from syndicate.errors import CannotWrite, ConfigError, Fault, StateLost
from syndicate.feeds.feed import ALL, keys_of
from syndicate.feeds.site import Site
from syndicate.feeds.tombstone import Tombstone
from syndicate.items.changes import Changes, compare
from syndicate.items.item import Item, Topic
from syndicate.items.snapshot import tell_revision
from syndicate.items.topics import agreed
from syndicate.log import log
from syndicate.outbox.delivery import Planned, State
from syndicate.outbox.edits import Change, changes_of, returns_of, withdrawals_of
from syndicate.outbox.plan import ChannelPlan, Sight, plan, plan_mended
from syndicate.ports.content import Indexed, Scan, Store
from syndicate.ports.outbox import Acceptance, KnownItem, Outbox
from syndicate.ports.shelf import Shelf
from syndicate.recognition import Seen, doubt_in, gone_in, heirs_of, known_of, lost_store, moved_in, same_links, sure_of
from syndicate.shelving import Shelved, Shelving
from syndicate.standing import Standing

if TYPE_CHECKING:
    from syndicate.gallery import Gallery


class Pass(Struct, frozen=True):
    """What one pass saw and did.

    `skipped` counts visibility rules, `decided` the states of new deliveries. `scheduled` items wait for
    their time, the first at `next_due`; at `next_end` the first visible one leaves. `written` are the shelf's paths
    whose bytes changed, `dropped` those that were taken away. `feeds` are the paths of the feeds that readers
    subscribe to, None if none were made.
    """

    files: int = 0
    items: int = 0
    new: int = 0
    revised: int = 0
    moved: int = 0
    withdrawn: int = 0
    scheduled: int = 0
    next_due: datetime | None = None
    next_end: datetime | None = None
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
    `shelving` is what it keeps the shelf by. What one process knows in the end, the next one takes from `checkpoints`.
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
        self.checkpoints: Checkpoints | None = None
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
        self._unread: frozenset[str] = frozenset()  # ids of items that stand, though nothing can be read of them
        self._is_first = True
        self._is_resumed = False
        self._has_notes = False  # the checkpoint tells what was accepted last
        self._is_settled = False  # the last pass went well

    async def run(self, near: Collection[Path] | None = None) -> Pass:
        """One pass.

        Args:
            near: where in the store something may have changed since the last pass, as absolute real paths; None:
                anywhere, as after a pass that failed or found the store lost.

        Raises:
            ConfigError: the store is not there.
            CannotWrite: a feed cannot be written; nothing was planned, the next pass starts anew.
        """
        begun = time.monotonic()
        now = self._clock()
        near, self._is_settled = near if self._is_settled else None, False
        scan, known, lost = await self._look(near)
        if lost is not None:
            return Pass(faults=(lost,), took_ms=_since(begun))
        visible, touched = await asyncio.to_thread(self._follow, scan, known, now)
        seems = await asyncio.to_thread(compare, visible, known, accepted=self._accepted, only=touched)
        changes, self._unread = sure_of(seems, scan, self._index or {}, known)
        self._bury(visible, changes, now)
        shelved = await self._publish(visible, changes, touched, now)
        moved = await asyncio.to_thread(moved_in, visible, changes, known, touched)
        decided = await self._accept(Seen(scan, visible, changes, moved, known), now)
        self._index, self._accepted, self._is_settled = scan.files, visible, True
        done = self._told(scan, changes, len(moved), now)
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
        followed = {*touched, *self._unread} if is_followed and touched is not None else None
        return self._standing.visible, followed

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
        put = partial(self.shelving.put, visible, now, tombstones=self._tombstones.values(), tell=tell, is_sure=False)
        shelved = await asyncio.to_thread(put, topics=self._topics.values())
        if self._gallery is not None:
            self._gallery.doubt()
        return len(visible), shelved

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
            if not await self._resume():
                self._index = await self._outbox.index(self._rules)
            self._topics = await self._outbox.topics()
            self._tombstones = await self._outbox.tombstones()
            near = None
        assert self._index is not None
        scan = await asyncio.to_thread(self._store.scan, self._index, near)
        known = await self._outbox.known()
        return scan, known, lost_store(scan, known)

    async def _resume(self) -> bool:
        """Know what the process before knew, if it left notes on what was accepted last."""
        token = await self._outbox.checkpoint(self._rules) if self.checkpoints else None
        notes = await asyncio.to_thread(self.checkpoints.read, token) if self.checkpoints and token else None
        index = await self._outbox.packed_index() if notes else None
        if notes is None or index is None:
            return False
        known = await self._outbox.known()
        try:
            self._has_notes = await asyncio.to_thread(self._take_up, index, known, notes)
        except Exception:  # a fault of ours: all is found out anew, here and at the next start
            await self._outbox.keep_checkpoint("")
            log.exception("checkpoint_not_used")
        if self._has_notes:
            self._index, self._accepted, self._known = index, self._standing.visible, known
            self._is_resumed = True
        return self._has_notes

    def _take_up(self, index: Mapping[str, Indexed], known: Mapping[str, KnownItem], notes: Notes) -> bool:
        items = {path: one.item for path, one in index.items() if one.item is not None}
        if digest_of(index, items) != notes.items:
            return False
        standing, shelving = Standing(), self.shelving.anew()
        standing.resume(index, items, notes.standing)
        for item_id, item in standing.visible.items():
            if item.is_as_packed and item_id in known:  # as it was accepted
                tell_revision(item, known[item_id].revision)
        shelving.resume(standing.visible, notes.shelving)
        self._store.resume(index, items, notes.store)
        self._standing, self.shelving = standing, shelving  # only now, as each of these may fail half-way
        return True

    async def note(self) -> None:
        """Write down for the next process what is known, if the last pass went well and it is not written already."""
        if self.checkpoints is None or self._has_notes or not self._is_settled:
            return
        try:
            if await self._outbox.known() is not self._known:
                return  # somebody else wrote meanwhile
            notes = None if self._unread else await asyncio.to_thread(self._notes)
            if notes:
                await self._outbox.keep_checkpoint(await asyncio.to_thread(self.checkpoints.write, notes))
                self._has_notes = True
        except (OSError, CannotWrite, StateLost) as error:
            log.warning("checkpoint_not_kept", reason=str(error))

    def _notes(self) -> Notes | None:
        files = self._index or {}
        items = {path: item for path in sorted(files) if (item := files[path].item) is not None}
        standing, shelving = self._standing.note(), self.shelving.note()
        if standing is None or shelving is None:
            return None
        return Notes(digest_of(files, items), standing, self._store.note(tuple(items)), shelving)

    async def _publish(
        self, visible: Mapping[str, Item], changes: Changes, touched: Collection[str] | None, now: datetime
    ) -> Shelved:
        """Write the feeds and images that differ, take away what no feed names any more."""
        if not changes:
            await asyncio.to_thread(self.shelving.look)
        topics, tombstones = self._topics.values(), self._tombstones.values()
        put = partial(self.shelving.put, visible, now, topics=topics, tombstones=tombstones, only=touched)
        return await asyncio.to_thread(put)

    async def _accept(self, saw: Seen, now: datetime) -> Mapping[State, int]:
        seen = await self._outbox.channels()
        missed = await self._missed(saw.visible, saw.coming)
        # In threads, as thousands of items may have come.
        planned, links = await asyncio.to_thread(self._planned, saw, seen, missed, now)
        if self._gallery is not None:
            # Here and no later: once it is accepted, a delivery may be claimed at any time.
            await self._gallery.draw_of(one.item_id for one in planned if one.state is State.PLANNED)
        acceptance = await asyncio.to_thread(self._acceptance, saw, planned, links, now)
        told = (acceptance.indexed, acceptance.gone, acceptance.items, acceptance.withdrawn, planned, acceptance.topics)
        if any(told) or missed or not acceptance.channels.keys() <= seen.keys():
            self._has_notes = False
            await self._outbox.accept(acceptance, now)
            self._topics |= {topic.slug: topic for topic in acceptance.topics}
        self._is_first = False
        return Counter(one.state for one in planned)

    def _planned(
        self, saw: Seen, seen: Mapping[str, str], missed: Mapping[str, tuple[Item, ...]], now: datetime
    ) -> tuple[tuple[Planned, ...], Mapping[str, str]]:
        """What is decided about each item and channel, and the coming items that lead where an older one does."""
        coming = {item.id: item for item in chain(saw.coming, *missed.values())}
        links = same_links(coming.values(), saw.known)
        sight = Sight(saw.coming, tuple(saw.visible.values()), links, doubt_in(saw.visible, saw.known), missed)
        forsaken = {seen[name] for name in seen.keys() - {channel.name for channel in self._channels}}
        return plan(sight, self._channels, seen, now, forsaken=forsaken), links

    def _acceptance(
        self, saw: Seen, planned: tuple[Planned, ...], links: Mapping[str, str], now: datetime
    ) -> Acceptance:
        scan, changes = saw.scan, saw.changes
        touched = (*changes.new, *changes.revised, *changes.returned, *saw.moved)
        named = saw.visible.values() if self._is_first and not self._is_resumed else touched
        topics = {topic.slug: topic for item in named for topic in item.topics if topic.slug}
        return Acceptance(
            items=tuple(known_of(item, saw.known.get(item.id), now) for item in touched),
            withdrawn=changes.withdrawn,
            heirs=heirs_of(changes, links),
            indexed=tuple(scan.files[path] for path in (*scan.read, *scan.restamped)),
            gone=scan.gone,
            planned=planned,
            mended=plan_mended(changes.revised, self._channels, now),
            changes=self._changes(saw, now),
            returned=tuple(item.id for item in changes.returned),
            channels={channel.name: channel.account for channel in self._channels},
            rules=self._rules,
            topics=tuple(topic for slug, topic in topics.items() if slug not in self._topics),
            tombstones=tuple(self._tombstones.values()) if changes.withdrawn or changes.returned else None,
        )

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

    def _changes(self, saw: Seen, now: datetime) -> tuple[Change, ...]:
        """What channels do about posts of items that were edited or left, as far as it is known how they read before.

        What is accepted last is known from this process or the parse index; not so if that is damaged, or after a
        change of the settings by which files are read if the former version wrote it in another form: then posts stay
        as they are, unless the file is gone as well.
        """
        changes = saw.changes
        if not (changes.revised or changes.withdrawn or changes.returned):
            return ()
        former = self._accepted or agreed({item.id: item for item in self._former()})
        edited = [(former[item.id], item) for item in changes.revised if item.id in former]
        gone = gone_in(saw)
        left = [former[item_id] for item_id in gone if item_id in former]
        lost = [one for one in gone if one not in former and saw.known[one].path not in saw.scan.files]
        edits = changes_of(edited, self._channels, self._site.pages.cards, now)
        returns = returns_of(changes.returned, self._channels, now)
        return (*edits, *withdrawals_of((*left, *lost), self._channels, now), *returns)

    def _former(self) -> Iterator[Item]:
        return (one.item for one in (self._index or {}).values() if one.item is not None)

    def _told(self, scan: Scan, changes: Changes, moved: int, now: datetime) -> Pass:
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
            next_end=standing.next_end(now),
            waiting=scan.waiting,
            skipped=standing.skipped,
            faults=(*scan.faults, *standing.faults, *self.shelving.left_out),
            topics=standing.topics,
            feeds=self.shelving.feeds,
        )


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
