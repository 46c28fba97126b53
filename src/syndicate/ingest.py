"""One pass over the store: what changed, the feeds it touches, and what channels owe from now on.

The order is the promise: feeds first, then items and deliveries in one transaction. A stop in between loses nothing,
as the next pass sees the same changes again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from syndicate.errors import Fault, ImageUnusable
from syndicate.feeds.entry import entry_id
from syndicate.feeds.feed import feeds_of
from syndicate.feeds.formats import documents_of
from syndicate.feeds.site import Site
from syndicate.feeds.xml import Entries
from syndicate.gallery import Gallery
from syndicate.items.changes import Changes, compare
from syndicate.items.item import Image, Item
from syndicate.items.links import link_key
from syndicate.outbox.delivery import State
from syndicate.outbox.plan import ChannelPlan, Sight, plan, plan_mended
from syndicate.ports import Acceptance, Indexed, KnownItem, Outbox, Scan, Shelf, Store

log = structlog.get_logger()

FEW_ITEMS = 3
"""With fewer items known, all of them may well be replaced in one go."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass saw and did.

    `skipped` counts visibility rules, `decided` the states of new deliveries. `scheduled` items wait for
    their time, the first at `next_due`. `written` are the shelf's paths whose bytes changed, `dropped`
    those that were taken away.
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
    decided: Mapping[State, int] = field(default_factory=dict)
    took_ms: int = 0

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that cost an item."""
        return tuple(fault for fault in self.faults if not fault.is_warning)


class Ingest:
    """Passes over one store; keeps what it read in memory from pass to pass.

    `rules` is a digest of the settings the files are read with: other rules, other items. The `gallery` is told which
    card images there must be; it draws them afterwards.
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
        self._shelf = shelf
        self._site = site
        self._channels = tuple(channels)
        self._rules = rules
        self._clock = clock
        self._gallery = gallery
        self._index: Mapping[str, Indexed] | None = None
        self._is_shelf_current = False
        self._entries = Entries()
        self._left_out: tuple[Fault, ...] = ()

    async def run(self) -> Pass:
        """One pass.

        Raises:
            ConfigError: the store is not there.
            CannotWrite: a feed cannot be written; nothing was planned, the next pass starts anew.
        """
        begun = time.monotonic()
        now = self._clock()
        if self._index is None:
            self._index = await self._outbox.index(self._rules)
        scan = await asyncio.to_thread(self._store.scan, self._index)
        known = await self._outbox.known()
        lost = _lost_store(scan, known)
        if lost is not None:
            return Pass(faults=(lost,), took_ms=_since(begun))
        items = scan.items
        visible = {item_id: item for item_id, item in items.items() if item.published <= now}
        changes = compare(visible, known)
        written, dropped = await self._publish(visible, changes)
        decided = await self._accept(scan, visible, changes, known, now)
        self._index = scan.files
        done = self._told(scan, items, visible, changes, known)
        done = replace(done, written=written, dropped=dropped, decided=decided, took_ms=_since(begun))
        _log_pass(done)
        return done

    async def _publish(self, visible: Mapping[str, Item], changes: Changes) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Write the feeds and images that differ, take away what no feed names any more; gives the paths of both."""
        if self._is_shelf_current and not changes and await asyncio.to_thread(self._shelf.is_whole):
            return (), ()
        self._is_shelf_current = False
        written, dropped = await asyncio.to_thread(self._write, tuple(visible.values()))
        self._is_shelf_current = True
        return written, dropped

    def _write(self, items: Sequence[Item]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """In a thread: images first, so that no feed names one that is not there."""
        former, media = self._shelf.paths(), _media(items)
        # Named by its digest: the same path is the same picture.
        written = [path for path, image in media.items() if path not in former and self._put_image(path, image)]
        standing = set(media)
        if self._gallery is not None:
            standing |= self._gallery.expect(items, former)
        for path, content in documents_of(feeds_of(items, self._site), self._site, entries=self._entries):
            standing.add(path)
            if self._shelf.put(path, content):
                written.append(path)
        self._tell_left_out(items)
        dropped = tuple(path for path in sorted(former - standing) if self._shelf.drop(path))
        return tuple(written), dropped

    def _tell_left_out(self, items: Sequence[Item]) -> None:
        """What the feeds cannot tell is a fault for as long as it is in the store, and an event when it begins."""
        left_out = self._entries.left_out
        found = ((item.path, left_out.get(entry_id(item, self._site))) for item in items)
        faults = tuple(_left_out_fault(path, reason) for path, reason in found if reason is not None)
        for fault in faults:
            if fault not in self._left_out:
                log.error("entry_left_out", path=fault.path, reason=fault.problem)
        self._left_out = faults

    def _put_image(self, path: str, image: Image) -> bool:
        try:
            return self._shelf.put(path, self._store.image_bytes(image))
        except ImageUnusable as error:
            log.warning("image_not_shelved", image=error.ref, reason=error.reason)
            return False

    async def _accept(
        self, scan: Scan, visible: Mapping[str, Item], changes: Changes, known: Mapping[str, KnownItem], now: datetime
    ) -> Mapping[State, int]:
        seen = await self._outbox.channels()
        coming = (*changes.new, *changes.returned)
        links = _same_links(coming, visible, known)
        sight = Sight(coming, tuple(visible.values()), links, _doubt(visible, known))
        planned = plan(sight, self._channels, seen, now)
        touched = (*changes.new, *changes.revised, *changes.returned, *_moved(visible, changes, known))
        acceptance = Acceptance(
            items=tuple(_known(item, known.get(item.id), now) for item in touched),
            withdrawn=changes.withdrawn,
            indexed=tuple(scan.files[path] for path in scan.read),
            gone=scan.gone,
            planned=planned,
            mended=plan_mended(changes.revised, self._channels, now),
            channels={channel.name: channel.account for channel in self._channels},
            rules=self._rules,
        )
        if (
            scan.read
            or scan.gone
            or touched
            or changes.withdrawn
            or planned
            or not acceptance.channels.keys() <= seen.keys()
        ):
            await self._outbox.accept(acceptance, now)
        return Counter(one.state for one in planned)

    def _told(
        self,
        scan: Scan,
        items: Mapping[str, Item],
        visible: Mapping[str, Item],
        changes: Changes,
        known: Mapping[str, KnownItem],
    ) -> Pass:
        future = [item.published for item_id, item in items.items() if item_id not in visible]
        faults = [*scan.faults, *(fault for one in scan.files.values() for fault in one.faults), *self._left_out]
        return Pass(
            files=len(scan.files),
            items=len(visible),
            new=len(changes.new) + len(changes.returned),
            revised=len(changes.revised),
            moved=len(_moved(visible, changes, known)),
            withdrawn=len(changes.withdrawn),
            scheduled=len(future),
            next_due=min(future, default=None),
            waiting=scan.waiting,
            skipped=Counter(one.skipped for one in scan.files.values() if one.skipped),
            faults=tuple(faults),
            topics=len({topic.slug for item in visible.values() for topic in item.topics}),
        )


def _doubt(visible: Mapping[str, Item], known: Mapping[str, KnownItem]) -> str | None:
    """A store without a single item of the former one is another store, not a day's news."""
    standing = [item_id for item_id, one in known.items() if not one.is_withdrawn]
    if len(standing) < FEW_ITEMS or not visible.keys().isdisjoint(standing):
        return None
    return f"another store: none of the {len(standing)} items that were known is in it"


def _lost_store(scan: Scan, known: Mapping[str, KnownItem]) -> Fault | None:
    """A store that had items and has not a single file any more was not emptied but lost (an unmounted disk)."""
    standing = sum(not one.is_withdrawn for one in known.values())
    if scan.files or scan.waiting or not standing:
        return None
    problem = f"holds no file, though {standing} items were known: feeds and posts stay as they are"
    remedy = "bring the folder back, or set another `state.folder` to begin anew"
    return Fault("content.folder", "E-STORE-LOST", problem, remedy)


def _media(items: Iterable[Item]) -> dict[str, Image]:
    found = ((item.image.shelf_path, item.image) for item in items if item.image is not None)
    return {path: image for path, image in found if path is not None}


def _left_out_fault(path: str, reason: str) -> Fault:
    problem = f"no feed can tell it, so that it is left out of all: {reason}"
    return Fault(path, "E-ENTRY", problem, "shorten the text or take out what is named")


def _moved(visible: Mapping[str, Item], changes: Changes, known: Mapping[str, KnownItem]) -> list[Item]:
    """Items that only changed their place: for readers and followers nothing happened."""
    told = {item.id for item in (*changes.new, *changes.revised, *changes.returned)}
    return [item for item in visible.values() if item.id not in told and known[item.id].path != item.path]


def _same_links(coming: Iterable[Item], visible: Mapping[str, Item], known: Mapping[str, KnownItem]) -> dict[str, str]:
    """Of the coming items, those whose article an older one already links to: the older one's id."""
    first: dict[str, str] = {}
    older = sorted((one.first_seen, one.item_id, one.link_key) for one in known.values() if not one.is_withdrawn)
    for _, item_id, key in older:
        if key:
            first.setdefault(key, item_id)
    for item in sorted(coming, key=lambda one: (one.published, one.id)):
        key = _link_key(item)
        if key:
            first.setdefault(key, item.id)
    return {item.id: first[_link_key(item)] for item in coming if first.get(_link_key(item), item.id) != item.id}


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
