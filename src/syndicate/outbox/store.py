"""The outbox on SQLite: the port's methods, each one function run as one transaction off the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec import structs
from msgspec.structs import replace

from syndicate.feeds.tombstone import Tombstone
from syndicate.items.item import Item, Topic
from syndicate.later import Later
from syndicate.log import log
from syndicate.outbox import clocks, epoch, recall
from syndicate.outbox.connection import Connection
from syndicate.outbox.database import Database
from syndicate.outbox.delivery import Action, Delivery, Planned, Receipt, State
from syndicate.outbox.epoch import Epoch
from syndicate.outbox.outcome import Step
from syndicate.outbox.pace import Dropped, Outlook, Rest, Why
from syndicate.outbox.ping import HubCounts, Ping, Pinged
from syndicate.outbox.room import Room
from syndicate.outbox.rows import packed_of
from syndicate.outbox.timekeeping import Timekeeper
from syndicate.outbox.vigil import Vigil
from syndicate.outbox.witness import Witnesses, witnesses_of
from syndicate.ports.batches import BatchCounts, BatchState
from syndicate.ports.content import Indexed, Stamp
from syndicate.ports.outbox import Acceptance, ChannelCounts, Doubt, Event, KnownItem, Restored, Sighting

if TYPE_CHECKING:
    from syndicate.outbox import announce, batches, doubt, gather, intake, lane, outlook, retire, review
else:  # most of them need SQLAlchemy, and a start where nothing changed needs none of them
    announce, batches, doubt, gather, intake, lane, outlook, retire, review = (
        Later(f"syndicate.outbox.{name}")
        for name in ("announce", "batches", "doubt", "gather", "intake", "lane", "outlook", "retire", "review")
    )

_RowsAfter = Callable[[Connection, str], Sequence[Any]]

TELL_S = 2.0
"""How old the word outside of the state's folder may be when something is sent; `run` looks as often for news."""


class SqlOutbox:
    """The durable record of deliveries, in one SQLite file. Opened with `async with`.

    A reader makes, migrates and changes nothing.
    """

    def __init__(self, path: Path, *, is_reader: bool = False) -> None:
        self._database = Database(path, is_reader=is_reader)
        self._epoch: Epoch | None = None
        self._witnesses = Witnesses()
        self._told: Epoch | None = None
        self._told_at = 0.0
        self._time: Timekeeper | None = None
        self._room = Room(path.parent)
        self._known: dict[str, KnownItem] | None = None
        self._known_version = 0
        self._vigil = Vigil(path)

    async def __aenter__(self) -> Self:
        await self._database.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._tell()
        finally:
            await self._database.close()

    async def check(self) -> bool:
        """Whether somebody else may have written since the last call, if the state still stands at its path.

        Raises:
            StateLost: it was removed or replaced; nothing can be kept any more.
        """
        is_stirred = self._vigil.see(await self._database.apart(self._look))
        await self._tell()
        return is_stirred

    def is_quiet(self) -> bool:
        """Whether `check` has surely nothing to tell; may be asked in any thread, and often."""
        self._database.check_here()
        self._room.is_there()  # told when it changes, while nothing is owed as well
        return self._vigil.is_quiet() and self._stands_beside() and self._epoch == self._told

    async def begin(self, now: datetime, *, has_feeds: bool, folders: Sequence[Path] = ()) -> Restored | None:
        """Take the state up for publishing; what it means if it is not the one that published last.

        Only the holder of the publisher's lock may call this. The `folders` are those outside of the state's that may
        say how far it had come (see `witness`).

        Raises:
            CannotWrite: the file beside the database cannot be written.
        """
        path = epoch.path_beside(self._database.path)
        noted = await self._database.apart(epoch.read, path)
        file = await self._database.apart(epoch.mark_of, self._database.path)
        self._witnesses = witnesses_of(self._database.path, folders)
        said = await self._database.apart(self._witnesses.read)
        told = tuple(one for one in map(epoch.parsed, said) if one is not None)
        begun, restored = await self._database.write(epoch.begin, noted, file, now, told=told, has_feeds=has_feeds)
        await self._database.apart(epoch.write, path, begun)
        self._epoch = begun
        self._time = await self._database.write(clocks.begin, clocks.boot(), clocks.ticks(), now)
        await self._tell()
        return restored

    def latest(self, now: datetime, sent: datetime | None) -> datetime:
        """The latest that it may be by now, as far as something sent at that time is concerned."""
        return now if self._time is None else self._time.latest(clocks.ticks(), now, sent)

    async def _tell(self) -> None:
        """Say outside of the state's folder how far it has come, if that is news."""
        if self._epoch is not None and self._epoch != self._told:
            self._told, self._told_at = self._epoch, time.monotonic()
            await self._database.apart(self._witnesses.write, epoch.content_of(self._told))

    async def known(self) -> dict[str, KnownItem]:
        """Every item ever accepted, by id: the same object, kept up to date, unless somebody else wrote meanwhile."""
        version = await self._database.read(recall.version)
        if self._known is None or version != self._known_version:
            self._known, self._known_version = await self._database.read(recall.known), version
        return self._known

    async def index(self, rules: str) -> dict[str, Indexed]:
        """The parse index, by path; every file looks changed if it was made with other rules."""
        is_current = await self._database.read(recall.is_read_by, rules)
        return await self._files(recall.index_rows, partial(recall.indexed, is_current=is_current))

    async def packed_index(self) -> dict[str, Indexed] | None:
        """The parse index with its items still packed; None if any row of it is damaged."""
        try:
            return await self._files(recall.packed_rows, packed_of)
        except (ValueError, TypeError, KeyError):
            return None

    async def _files(self, rows_after: _RowsAfter, read: Callable[[Any], Indexed]) -> dict[str, Indexed]:
        found, last = dict[str, Indexed](), ""
        while rows := await self._database.read(rows_after, last):
            found |= {one.path: one for one in await asyncio.to_thread(list, map(read, rows))}
            last = rows[-1][0]
        return found

    async def checkpoint(self, rules: str) -> str | None:
        """The token of the notes on what was accepted last, None if there are none that hold for these rules."""
        return await self._database.read(recall.checkpoint, rules)

    async def keep_checkpoint(self, token: str) -> None:
        """Notes were made of what was accepted last; they hold until the next acceptance."""
        await self._database.write(recall.keep_checkpoint, token)

    async def stamp(self, path: str, rules: str) -> Stamp | None:
        """What tells that the file at a path changed since it was read by these rules."""
        return await self._database.read(recall.stamp, path, rules)

    async def topics(self) -> dict[str, Topic]:
        """Every topic that an item ever had, by slug."""
        return await self._database.read(recall.topics)

    async def tombstones(self) -> dict[str, Tombstone]:
        """The items that left and are told of, by id."""
        return await self._database.read(recall.tombstones)

    async def channels(self) -> dict[str, str]:
        """Every channel ever planned for, with its account."""
        return await self._database.read(recall.seen_channels)

    async def missed(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """By channel that was known before, but off at the last acceptance: ids of items nothing was decided about."""
        return await self._database.read(recall.missed, names)

    async def accept(self, acceptance: Acceptance, now: datetime) -> int:
        """Write one ingest; gives how many deliveries were new."""
        known, self._known = self._known, None  # should this be cancelled, it is not known what was written
        number = await self._database.write(intake.accept, acceptance, now)
        if known is not None:
            known.update((item.item_id, item) for item in acceptance.items)
            for item_id in acceptance.withdrawn:
                known[item_id] = structs.replace(known[item_id], is_withdrawn=True)
        self._known = known
        return number

    async def owed_changes(self) -> dict[Action, int]:
        """How many edits, deletions and answers are owed, by kind."""
        return await self._database.read(review.owed_changes)

    async def retire(self, names: Collection[str], now: datetime) -> int:
        """What channels owe that are not among these names is skipped, or waits for a person; gives how many."""
        seen = await self.channels()
        return await self._database.write(retire.retire, names, now) if seen.keys() - set(names) else 0

    async def revive(self, planned: Sequence[Planned], now: datetime) -> int:
        """Backfill: SKIPPED deliveries and unknown uids become what is planned; gives how many."""
        return await self._database.write(intake.revive, planned, now)

    async def begin_batch(self, planned: Sequence[Planned], words: str, now: datetime, name: str | None = None) -> str:
        """Write a batch with its deliveries; gives its name."""
        return await self._database.write(batches.begin, planned, words, now, name)

    async def batches(self, name: str | None = None) -> list[BatchCounts]:
        """Every batch, or that one; the newest first."""
        return await self._database.read(batches.found_batches, name)

    async def turn_batch(self, name: str, state: BatchState, now: datetime) -> BatchCounts:
        """Pause, resume or cancel a batch."""
        return await self._database.write(batches.turn, name, state, now)

    async def outlook(self, channel: str, memory: int, most: int) -> Outlook:
        """The last posts of a channel, and what it owes: nothing, while what comes of it might find no room."""
        asked = (memory, most, self._database.writes, self._vigil.times)
        kept = self._vigil.kept(channel, asked)
        if kept is not None:
            return kept
        found = await self._database.read(outlook.outlook, channel, memory, most)
        self._vigil.keep(channel, asked, found)
        return found if await self._database.apart(self._room.is_there) else replace(found, queue=())

    async def drop(self, dropped: Sequence[Dropped], now: datetime) -> int:
        """Posts that still wait are skipped; gives how many."""
        return await self._database.write(outlook.drop, dropped, now)

    async def rests(self) -> dict[tuple[str, Why], Rest]:
        """Every rest that was kept, by what it holds for and why."""
        return await self._database.read(outlook.kept_rests)

    async def keep_rest(self, scope: str, rest: Rest) -> None:
        """Keep a rest over restarts, in place of the former one of its kind."""
        await self._database.write(outlook.keep_rest, scope, rest)

    async def end_rest(self, scope: str, why: Why) -> None:
        """Forget a rest."""
        await self._database.write(outlook.end_rest, scope, why)

    async def token_kept_since(self, at: datetime) -> bool:
        """Whether any access was renewed since then."""
        return await self._database.read(outlook.token_kept_since, at)

    async def gather(self, issue: Planned, until: datetime, now: datetime) -> int:
        """Put what a channel owes up to a time into one issue; gives how many posts that is."""
        return await self._database.write(gather.gather, issue, until, now)

    async def parts(self, uid: str) -> list[Item | None]:
        """The items of an issue that are still in the store; None for what cannot be read."""
        return await self._database.read(gather.parts, uid)

    async def claim(self, channel: str, owner: str, now: datetime, uid: str | None = None) -> Delivery | None:
        """Take that delivery, or else the next due one."""
        return await self._database.write(lane.claim, channel, owner, now, uid)

    async def freeze(self, delivery: Delivery, payload: bytes, key: str, now: datetime) -> Delivery:
        """Durable intent: on disk when this returns, and noted beside the database."""
        seen = None if self._time is None else self._time.seen(clocks.ticks(), now)
        if seen is not None and seen is not self._time:
            await self._database.write(clocks.keep, seen)
            self._time = seen
        frozen, _ = await self._database.write_sealed(self._note, lane.freeze, delivery, payload, key, now)
        if time.monotonic() - self._told_at >= TELL_S:
            await self._tell()
        return frozen

    def _note(self, frozen: Sequence[tuple[Delivery, int]]) -> None:
        """On the database's thread: intents are on disk, and how far that is is noted beside it."""
        if self._epoch is not None:
            noted = replace(self._epoch, events=max(number for _, number in frozen))
            if not epoch.note(epoch.path_beside(self._database.path), noted):
                self._renew(noted)
            self._epoch = noted

    def _look(self) -> int:
        """On the database's thread: the database and the file beside it stand; gives what tells of foreign writes."""
        self._database.check_here()
        if self._epoch is not None and not self._stands_beside():
            self._renew(self._epoch)
        return self._database.read_here(recall.version)

    def _stands_beside(self) -> bool:
        return self._epoch is None or epoch.path_beside(self._database.path).exists()

    def _renew(self, noted: Epoch) -> None:
        """Write the file beside the database anew, which somebody removed: as we hold the lock, it says the truth."""
        path = epoch.path_beside(self._database.path)
        self._database.read_here(epoch.check_same, noted, self._database.path)
        epoch.write(path, noted)
        log.warning("epoch_renewed", file=str(path), reason="it was removed while the publisher ran")

    async def settle(self, delivery: Delivery, step: Step, now: datetime) -> None:
        """Write what became of a delivery and release it."""
        await self._database.write(lane.settle, delivery, step, now)

    async def orphans(self, channel: str) -> list[Delivery]:
        """What former owners left behind on a channel."""
        return await self._database.read(lane.orphans, channel)

    async def next_due(self, channel: str) -> datetime | None:
        """When the channel has something to do next."""
        return await self._database.read(lane.next_due, channel)

    async def doubt(self, channel: str) -> Doubt | None:
        """What may have been sent on a channel without our knowing."""
        return await self._database.read(doubt.doubt_of, channel)

    async def believe(self, channel: str, uid: str | None = None) -> None:
        """One delivery, or the whole channel, is in doubt no more."""
        await self._database.write(doubt.believe, channel, uid)

    async def sighted(self, channel: str, account: str, keys: Sequence[str]) -> Receipt | None:
        """The post of ours that was seen there with one of these links."""
        return await self._database.read(doubt.sighted, channel, account, keys)

    async def see(
        self,
        channel: str,
        account: str,
        seen: Iterable[Sighting],
        planned: Sequence[Planned],
        now: datetime,
        receipts: Mapping[str, Receipt],
    ) -> list[str]:
        """Keep in mind which posts of ours stand there; gives the items whose deliveries that settles."""
        at = (channel, account)
        return await self._database.write(doubt.see, at, seen, planned, now, receipts=receipts)

    async def item(self, item_id: str) -> Item | None:
        """The item as last accepted."""
        return await self._database.read(lane.item, item_id)

    async def newest_item(self) -> Item | None:
        """The item that was published last, of those that stand."""
        return await self._database.read(review.newest_item)

    async def find_items(self, text: str) -> list[Item]:
        """Items whose id, path or slug is the text, or ends with it."""
        return await self._database.read(review.find_items, text)

    async def counts(self) -> list[ChannelCounts]:
        """How every channel stands."""
        return await self._database.read(review.counts)

    async def deliveries(
        self, *, states: Iterable[State] = (), channel: str | None = None, item_id: str | None = None, limit: int = 1000
    ) -> list[Delivery]:
        """Deliveries, newest due first."""
        return await self._database.read(review.found_deliveries, tuple(states), channel, item_id, limit)

    async def delivery(self, uid: str) -> Delivery:
        """The delivery whose uid begins so."""
        return await self._database.read(review.delivery, uid)

    async def history(self, uid: str) -> list[Event]:
        """A delivery's events, oldest first."""
        return await self._database.read(review.history, uid)

    async def resolve(self, uid: str, state: State, reason: str, now: datetime, url: str | None = None) -> Delivery:
        """The operator's word on a held, failed or dead delivery; `uid` may be a unique beginning."""
        return await self._database.write(review.resolve, uid, state, reason, now, url)

    async def sealed_token(self, name: str) -> bytes | None:
        """A kept secret, sealed."""
        return await self._database.read(review.sealed_token, name)

    async def keep_sealed_token(self, name: str, sealed: bytes, now: datetime) -> None:
        """Keep a sealed secret, durably, in place of the former one."""
        await self._database.write(review.keep_sealed_token, name, sealed, now)

    async def owe(self, hubs: Sequence[str], standing: Mapping[str, str], now: datetime) -> None:
        """These are the hubs, and these the topics with the digests of what stands there now."""
        is_known = await self._database.read(recall.has_hubs)
        if hubs or is_known:
            await self._database.write(announce.owe, hubs, standing, now)

    async def due_pings(self, hub: str, now: datetime, most: int) -> list[Ping]:
        """What the hub may be told now, the longest due first."""
        return await self._database.read(announce.due_pings, hub, now, most)

    async def next_ping(self, hub: str) -> datetime | None:
        """When the hub has to be told something next."""
        return await self._database.read(announce.next_ping, hub)

    async def settle_pings(
        self, hub: str, outcomes: Sequence[Pinged], rests_until: datetime | None, now: datetime
    ) -> None:
        """Write what came of pings, and until when the hub is left alone."""
        await self._database.write(announce.settle_pings, hub, outcomes, rests_until, now)

    async def hub_counts(self) -> list[HubCounts]:
        """How every hub stands."""
        return await self._database.read(announce.hub_counts)
