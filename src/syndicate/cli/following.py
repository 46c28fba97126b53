"""Backfills carried out in the foreground, with a bar, until they are done, paused, or told to stop."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from syndicate.cli.output import count, in_words, moment, say, watching
from syndicate.cli.stopping import stop_on_signals
from syndicate.outbox.delivery import RESOLVABLE, State
from syndicate.ports.batches import BatchState

if TYPE_CHECKING:
    from syndicate.deliver import Settled
    from syndicate.house import House
    from syndicate.ports.batches import BatchCounts

LOOK_S = 1.0
"""How often to look whether another command paused or cancelled what is carried out here."""

LONG_S = 3600
"""What takes longer is better left to a publisher."""


class Following:
    """Some batches, delivered by this process."""

    def __init__(self, house: House, names: Sequence[str], *, is_json: bool) -> None:
        self._house = house
        self._names = tuple(names)
        self._is_json = is_json
        self._news = asyncio.Event()
        self._begun = time.monotonic()

    async def run(self) -> Mapping[State, int]:
        """Deliver; gives how many deliveries of the batches are in which state at the end."""
        stop = stop_on_signals("Stopping: finishing the post in work ...")
        found = await self._look()
        channels = {share.channel for one in found for share in one.shares}
        lanes = [lane for lane in self._house.lanes if lane.channel.name in channels]
        self._warn_if_long(found)
        work = asyncio.gather(*(lane.run(stop, self._hear) for lane in lanes))
        try:
            found = await self._watch(found, stop)
            stop.set()
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        found = await self._look()
        self._tell(found)
        return _states(found)

    def _hear(self, settled: Settled) -> None:
        self._news.set()

    async def _look(self) -> list[BatchCounts]:
        return [one for name in self._names for one in await self._house.outbox.batches(name)]

    async def _watch(self, found: list[BatchCounts], stop: asyncio.Event) -> list[BatchCounts]:
        """Until nothing is owed any more, all are paused or cancelled, or a signal came."""
        total, before = sum(one.number() for one in found), _settled(found)
        with watching("backfill", total) as show:
            while not stop.is_set() and any(_is_under_way(one) for one in found):
                self._news.clear()
                show(_settled(found), self._pace(found, _settled(found) - before))
                waits = [asyncio.ensure_future(self._news.wait()), asyncio.ensure_future(stop.wait())]
                with suppress(TimeoutError):
                    await asyncio.wait(waits, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
                found = await self._look()
        return found

    def _pace(self, found: Sequence[BatchCounts], number: int) -> str:
        """The rate so far, and when the last post is due."""
        minutes = (time.monotonic() - self._begun) / 60
        rate = f"{number / minutes:.1f}/min, " if number and minutes else ""
        return f"{rate}ends {self._ends(found)}"

    def _ends(self, found: Sequence[BatchCounts]) -> str:
        from syndicate.house import clock

        ends = max((one.ends for one in found if one.ends is not None), default=None)
        if ends is None or ends <= clock():
            return "soon"
        return f"{moment(ends)} (in {in_words(ends - clock())})"

    def _warn_if_long(self, found: Sequence[BatchCounts]) -> None:
        from syndicate.house import clock

        ends = max((one.ends for one in found if one.ends is not None), default=None)
        if ends is not None and (ends - clock()).total_seconds() > LONG_S:
            self._say(f"the last post is due {self._ends(found)}; Ctrl-C leaves the rest to `syndicate run`")

    def _tell(self, found: Sequence[BatchCounts]) -> None:
        for one in found:
            states = ", ".join(f"{number} {state.value}" for state, number in sorted(_states([one]).items()))
            self._say(f"backfill {one.batch.name}: {states}")
            if not one.owed:
                continue
            name = one.batch.name
            if one.batch.state is BatchState.PAUSED:
                self._say(f"paused by another command; `syndicate backfill resume {name}` goes on")
            else:
                rest = count(one.owed, "post")
                self._say(f"{rest} still owed: `syndicate backfill resume {name}`, `run` or `once` goes on with them")

    def _say(self, line: str) -> None:
        if not self._is_json:
            say(line)


def exit_code_of(states: Mapping[State, int]) -> int:
    """3 if something of the batch waits for the operator."""
    return 3 if any(states.get(state) for state in RESOLVABLE) else 0


def _is_under_way(one: BatchCounts) -> bool:
    """Whether anything of it happens by itself: what is in work ends even when the batch is paused."""
    return one.owed > one.number(State.PAUSED)


def _settled(found: Sequence[BatchCounts]) -> int:
    return sum(one.number() - one.owed for one in found)


def _states(found: Sequence[BatchCounts]) -> Counter[State]:
    states: Counter[State] = Counter()
    for one in found:
        for share in one.shares:
            states.update(share.states)
    return states
