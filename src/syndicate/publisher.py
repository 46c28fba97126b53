"""The publisher at work: one pass and what it owes (`once`), or for ever (`run`)."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from syndicate.content.watch import Stirred, wake
from syndicate.errors import ConfigError, StateLost, Stopped, SyndicateError
from syndicate.house import House, clock
from syndicate.ingest import Pass
from syndicate.log import log
from syndicate.noticing import noticed
from syndicate.outbox.delivery import Action, State
from syndicate.twins import Twins

if TYPE_CHECKING:
    from syndicate.deliver import Settled, Tell


T = TypeVar("T")

HALF_WRITTEN_S = 0.25
"""How soon to look again at files that were still being written."""

LOOKS_AT_HALF_WRITTEN = 12
"""How often `once` does so; what is still not whole then is left to the next call."""

STATE_LOOK_S = 2.0
"""How often `run` looks whether its state still stands, as long as there is nothing to write."""

FIRST_CARDS = 20
"""So many missing card images are drawn before anything is posted, the newest first; the others beside it."""

PATIENCE_WITH_HUBS_S = 10.0
"""How long `once` tells hubs what changed; what they have not taken by then is left to the next call."""

MANY_FILES = 200
"""With so many, the collector's looks at all their items would hold up the loop for some ten milliseconds and more."""

WATCH_S = 20.0
"""How long the first look waits for the watch of a folder, which may hang on a network mount."""

REWATCH_S = 5.0
"""How soon to try again to watch a folder that cannot be watched."""


class Tally(Struct):
    """What became of deliveries so far, per channel: each delivery counts with its last state."""

    last: dict[str, tuple[str, State]] = field(default_factory=dict)

    def __call__(self, settled: Settled) -> None:
        """Hear of one."""
        self.last[settled.delivery.uid] = (settled.delivery.channel, settled.step.state)

    def of(self, channel: str) -> Counter[State]:
        """The states of one channel's deliveries."""
        return Counter(state for name, state in self.last.values() if name == channel)

    @property
    def states(self) -> Counter[State]:
        """The states of all."""
        return Counter(state for _, state in self.last.values())


TellPass = Callable[[Pass, Mapping[Action, int]], None]
"""Hears of a pass, and how many edits, deletions and answers are owed after one that found changes."""


async def publish_once(house: House, tell: Tell, stop: asyncio.Event | None = None) -> Pass:
    """One pass over the store, then every delivery that is due; what falls due later stays in the outbox.

    Raises:
        SyndicateError: the store cannot be read or the feeds not be written.
        Stopped: `stop` was set before all was done; what was being sent was finished within `delivery.drain`.
    """
    stop = stop or asyncio.Event()
    twins = Twins(house.channels, house.plans)
    twins.look()
    done = await _unless_stopped(_whole_pass(house), house, stop)
    house.hubs.look(done.feeds)
    lanes_done = asyncio.gather(*(lane.drain(stop, tell) for lane in house.lanes), return_exceptions=True)
    try:
        await _unless_stopped(_settled(house, lanes_done), house, stop)
    except Stopped:
        with suppress(TimeoutError):
            await asyncio.wait_for(lanes_done, house.plot.settings.delivery.drain.total_seconds())
        raise
    finally:
        lanes_done.cancel()
        await asyncio.gather(lanes_done, return_exceptions=True)
    twins.look()
    return done


async def _unless_stopped(work: Coroutine[Any, Any, T], house: House, stop: asyncio.Event) -> T:
    """What the work gives.

    Raises:
        Stopped: it was ended before that.
    """
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Stopped("stopped before all was done")
        return working.result()
    finally:
        if not working.done():
            house.brake.pull()  # what goes on in threads is not ended by a cancel
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


async def _whole_pass(house: House) -> Pass:
    """A pass, and more for as long as files are half-written, within reason."""
    done = await _first_pass(house)
    house.lookout.passed()
    for _ in range(LOOKS_AT_HALF_WRITTEN):
        if not done.waiting:
            break
        await asyncio.sleep(HALF_WRITTEN_S)
        done = merged(done, await house.ingest.run(near=()))
    await _draw_first(house)
    return done


async def _settled(house: House, lanes_done: asyncio.Future[list[BaseException | None]]) -> None:
    """Every channel has its turn to the end, whatever befalls another one; so have hubs, and cards."""
    rest = [house.hubs.drain(PATIENCE_WITH_HUBS_S), *([house.gallery.draw()] if house.gallery else [])]
    lanes, *others = await asyncio.gather(asyncio.shield(lanes_done), *rest, return_exceptions=True)
    for end in (*lanes, *others):
        if isinstance(end, BaseException):
            raise end


async def _first_pass(house: House) -> Pass:
    """A pass whose items stay for as long as the process: the collector of cycles need not look at them again."""
    gc.disable()
    try:
        done = await house.ingest.run()
    finally:
        gc.enable()
    if done.files >= MANY_FILES:
        gc.freeze()
    return done


async def _draw_first(house: House) -> None:
    """The newest cards: networks fetch an item's card right after its post, so it stands before."""
    if house.gallery:
        await house.gallery.draw(most=FIRST_CARDS)


def merged(first: Pass, second: Pass) -> Pass:
    """Two passes told as one: the second one's state, both one's changes."""
    return replace(
        second,
        new=first.new + second.new,
        revised=first.revised + second.revised,
        moved=first.moved + second.moved,
        withdrawn=first.withdrawn + second.withdrawn,
        written=(*first.written, *second.written),
        dropped=(*first.dropped, *second.dropped),
        decided=Counter(first.decided) + Counter(second.decided),
        took_ms=first.took_ms + second.took_ms,
    )


async def publish_forever(
    house: House,
    stop: asyncio.Event,
    tell: Tell = lambda settled: None,
    *,
    tell_pass: TellPass = lambda done, owed: None,
) -> None:
    """Passes and deliveries until stopped; then what is being sent is finished within `delivery.drain`.

    Raises:
        StateLost: the state was removed or replaced, so that another publisher may run by now.
        Exception: what ended the passes or the watch: a publisher that no longer looks must not seem to be well.
    """
    from syndicate.schedule import Schedule

    stirred = Stirred()
    settings = house.plot.settings

    async def tick() -> None:
        stirred.note()

    lanes_done = asyncio.gather(*(lane.run(stop, tell) for lane in house.lanes))
    undrawn, may_look = asyncio.Event(), asyncio.Event()
    passes = asyncio.create_task(_passes(house, stirred, stop, tell_pass, undrawn=undrawn))
    drawing = asyncio.create_task(_draw(house, undrawn))
    watching = asyncio.create_task(_watch(house, stirred, stop, may_look))
    standing = asyncio.create_task(_stand(house, stop))
    pinging = asyncio.create_task(house.hubs.run())
    stopping = asyncio.create_task(stop.wait())
    beginning = asyncio.create_task(may_look.wait())
    try:
        async with Schedule() as schedule:
            await _first_of(stopping, passes, watching, beginning)
            schedule.every(settings.schedule.every, tick, "rescan")
            await _first_of(stopping, passes, watching, standing, drawing, pinging)
        stop.set()
        house.brake.pull()  # a first pass over thousands of items takes minutes, in threads that a cancel does not end
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(lanes_done), settings.delivery.drain.total_seconds())
    finally:
        house.brake.pull()
        tasks = (lanes_done, passes, watching, standing, drawing, pinging, stopping, beginning)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_of(*tasks: asyncio.Task[Any]) -> None:
    """Wait for the first to end; its error is raised."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _passes(
    house: House,
    stirred: Stirred,
    stop: asyncio.Event,
    tell_pass: TellPass,
    *,
    undrawn: asyncio.Event,
) -> None:
    """A pass whenever the store stirs, an item falls due or ends, or a half-written file may be whole."""
    wait_s: float | None = None
    is_first = True
    twins = Twins(house.channels, house.plans)
    while not stop.is_set():
        twins.look()
        with suppress(TimeoutError):
            await asyncio.wait_for(stirred.wait(), wait_s)
        places = stirred.take()
        try:
            done = await (_first_pass(house) if is_first else house.ingest.run(near=places))
        except ConfigError as error:
            if is_first:  # a store that never was there is a mistake in the settings, not a passing trouble
                raise
            log.error("pass_failed", reason=str(error))
            wait_s = None
            continue
        except StateLost:
            raise
        except Stopped:
            return
        except SyndicateError as error:
            log.error("pass_failed", reason=str(error))
            wait_s = None
            continue
        except Exception:  # the edge of one pass: the next one starts anew, nothing was planned
            log.exception("pass_failed")
            wait_s = None
            continue
        is_first = False
        await _follow(house, done, tell_pass)
        undrawn.set()
        wait_s = _next_look_s(done)


async def _follow(house: House, done: Pass, tell_pass: TellPass) -> None:
    """What follows from a pass: it is told, and lanes that have something to do are woken."""
    house.lookout.passed()
    house.hubs.look(done.feeds)
    tell_pass(done, await _owed(house, done))
    if done.decided:
        try:
            await _draw_first(house)
        except SyndicateError as error:
            log.error("cards_failed", reason=str(error))
    if done.decided or house.lookout.passes == 1:
        for lane in house.lanes:
            lane.wake.set()


async def _owed(house: House, done: Pass) -> Mapping[Action, int]:
    """What is owed of changes, where a pass may have added to it; what returned counts as new."""
    return await house.outbox.owed_changes() if done.revised or done.withdrawn or done.new else {}


async def _draw(house: House, undrawn: asyncio.Event) -> None:
    """Draw the card images that are missing after each pass, until cancelled."""
    while True:
        await undrawn.wait()
        undrawn.clear()
        if house.gallery:
            try:
                await house.gallery.draw()
            except SyndicateError as error:
                # What is missing is found again by the next pass that writes, and at the next start.
                log.error("cards_failed", reason=str(error))


async def _stand(house: House, stop: asyncio.Event) -> None:
    """Until stopped, look whether the state still stands: whoever writes nothing would not notice.

    What somebody else planned (backfill, held resolve) is looked at by the lanes.
    """
    while not stop.is_set():
        if await house.outbox.check():
            for lane in house.lanes:
                lane.wake.set()
        await noticed(lambda: not house.outbox.is_quiet(), STATE_LOOK_S, stop)


def _next_look_s(done: Pass) -> float | None:
    if done.waiting:
        return HALF_WRITTEN_S
    turn = min((one for one in (done.next_due, done.next_end) if one is not None), default=None)
    if turn is None:
        return None
    return min(max((turn - clock()).total_seconds(), 0.01), timedelta(days=1).total_seconds())


async def _watch(house: House, stirred: Stirred, stop: asyncio.Event, may_look: asyncio.Event) -> None:
    """Be woken by the file system; without it the schedule alone looks.

    `may_look` is set once all is watched, as whoever looks from then on misses nothing, or takes too long to be.
    """
    if not house.plot.settings.schedule.watch:
        may_look.set()
        await stop.wait()
        return
    async with asyncio.TaskGroup() as group:
        stand: dict[asyncio.Task[Any], Path] = {}
        for root in house.plot.roots:
            stands = asyncio.Event()
            group.create_task(_watch_root(root.folder, stirred, stop, stands))
            stand[group.create_task(stands.wait())] = root.folder
        _, late = await asyncio.wait(stand, timeout=WATCH_S)
        for one in late:
            log.warning("watch_failed", folder=str(stand[one]), reason=f"it is not watched after {WATCH_S:g} s")
        may_look.set()
        if late:
            await asyncio.wait(late)
            stirred.note()  # what was missed meanwhile


async def _watch_root(folder: Path, stirred: Stirred, stop: asyncio.Event, stands: asyncio.Event) -> None:
    """Be woken by one folder; `stands` is set once it is watched, or cannot be."""
    is_lost = False
    while not stop.is_set():
        if is_lost:  # what it missed meanwhile
            stirred.note()
        try:
            await wake(folder, stirred, stop, stands=stirred.note if is_lost else stands.set)
        except OSError as error:
            if not is_lost:
                log.warning("watch_failed", folder=str(folder), reason=str(error))
            is_lost = True
        stands.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), REWATCH_S)
