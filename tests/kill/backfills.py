"""A backfill is killed at every stage: what is left is taken up, nothing is lost and nothing is sent twice.

`PYTHONPATH=tests .venv/bin/python tests/kill/backfills.py` does so with 200 items on five kinds of network.

A fork plans a backfill, writes it, posts a quarter, pauses and resumes it, posts another quarter, cancels it, plans
what is left anew and posts that, and kills itself with SIGKILL at one of these stages, or between a post and its
record. A second process does what an operator does then: call `backfill` again, resume what is paused, and let the
publisher run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import create_engine

from deliver_rig import ACCOUNT, NOW, Clock, Pictures, acceptance, item, lane_of
from kill.lines import COMPILED, KINDS, MEMORY, RULES, FileNetwork, fresh
from syndicate import log
from syndicate.backfill import Selection, Target, plan_backfill
from syndicate.deliver import Lane
from syndicate.items.item import Item
from syndicate.outbox.delivery import Receipt, State
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.reasons import Reason
from syndicate.outbox.spacing import Tempo
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.batches import BatchState

CHANNEL = "news"
PLAN = ChannelPlan(CHANNEL, ACCOUNT)
STAGES = (
    *("planned", "accepted", "first post", "first sent", "quarter sent", "paused", "resumed"),
    *("middle post", "half sent", "cancelled", "planned anew", "accepted anew", "last post", "last sent"),
)
"""Where it dies, in the order of a life; a `post` stands on the network and in no record."""

Reach = Callable[[str], None]


def live_on(stage: str) -> None:
    """Nothing ends here."""


def die_at(wanted: str, stage: str) -> None:
    """SIGKILL, at that stage."""
    if stage == wanted:
        os.kill(os.getpid(), signal.SIGKILL)


def items_of(number: int) -> list[Item]:
    """So many items, a minute apart, all of them older than the channel."""
    begun = NOW - timedelta(days=20)
    return [item(place, published=begun + timedelta(minutes=place)) for place in range(1, number + 1)]


@dataclass
class TellingNetwork(FileNetwork):
    """A network that tells when a post stands there, before its sender hears of it."""

    reach: Reach = live_on
    telling: dict[int, str] = field(default_factory=dict)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        receipt = await super().publish(payload, key)
        self.reach(self.telling.get(len(self.everything()), ""))
        return receipt


@dataclass
class Life:
    """One process over the outbox and the network in the folder."""

    folder: Path
    kind: str
    number: int
    reach: Reach
    clock: Clock

    async def run(self, *, is_first: bool) -> None:
        """The whole way of a backfill; a second life has no interludes."""
        most = self.number
        telling = {1: "first post", most // 2: "middle post", most: "last post"}
        guarantee = KINDS[self.kind]
        network = TellingNetwork(
            guarantee, CHANNEL, folder=self.folder, clock=self.clock, reach=self.reach, telling=telling
        )
        async with SqlOutbox(self.folder / "outbox.sqlite3") as outbox:
            lane = lane_of(network, outbox, Pictures(), RULES, self.clock)
            for one in await outbox.batches():
                if one.batch.state is BatchState.PAUSED:
                    await outbox.turn_batch(one.batch.name, BatchState.RUNNING, self.clock())
            await self.plan(outbox, "planned", "accepted")
            if is_first:
                await self.interludes(outbox, lane, network)
            await self.drive(outbox, lane, network, most)
            self.reach("last sent")

    async def plan(self, outbox: SqlOutbox, planned: str, accepted: str) -> None:
        """As `syndicate backfill`: plan what is not owed yet, and write that down."""
        tempo, now = Tempo(timedelta(seconds=1)), self.clock()
        [made] = await plan_backfill(outbox, items_of(self.number), [Target(PLAN)], Selection(), tempo=tempo, now=now)
        self.reach(planned)
        if made.planned:
            await outbox.begin_batch(made.planned, "everything", now)
        self.reach(accepted)

    async def interludes(self, outbox: SqlOutbox, lane: Lane, network: FileNetwork) -> None:
        """Pause and resume, later cancel and plan anew."""
        name = (await outbox.batches())[0].batch.name
        await self.drive(outbox, lane, network, 1)
        self.reach("first sent")
        await self.drive(outbox, lane, network, self.number // 4)
        self.reach("quarter sent")
        await outbox.turn_batch(name, BatchState.PAUSED, self.clock())
        self.reach("paused")
        await self.drive(outbox, lane, network, self.number)
        await outbox.turn_batch(name, BatchState.RUNNING, self.clock())
        self.reach("resumed")
        await self.drive(outbox, lane, network, self.number // 2)
        self.reach("half sent")
        await outbox.turn_batch(name, BatchState.CANCELLED, self.clock())
        self.reach("cancelled")
        await self.plan(outbox, "planned anew", "accepted anew")

    async def drive(self, outbox: SqlOutbox, lane: Lane, network: FileNetwork, until: int) -> None:
        """Let the publisher run until so many posts stand there, or nothing is to do any more."""
        for _ in range(20 * self.number + 100):
            if len(network.everything()) >= until and until < self.number:
                return
            if await lane.step() is None:
                due = await outbox.next_due(CHANNEL)
                if due is None:
                    return
                self.clock.now = max(self.clock(), due) + timedelta(seconds=1)
        raise AssertionError("it goes on for ever")


@dataclass(frozen=True)
class Ending:
    """What a killed backfill came to."""

    kind: str
    stage: str
    posted: int
    held: int
    lost: int
    duplicated: int
    unsettled: int

    @property
    def is_kept(self) -> bool:
        """Whether nothing was lost, nothing sent twice, and at most the post in work waits for a person."""
        can_tell = self.kind not in {"write-only", "refuses duplicates"}
        return not (self.lost or self.duplicated or self.unsettled) and self.held <= (0 if can_tell else 1)


async def owe_nothing(folder: Path, number: int) -> None:
    """An outbox in which all items were there before the channel."""
    async with SqlOutbox(folder / "outbox.sqlite3") as outbox:
        made = acceptance(*items_of(number), channel=PLAN, state=State.SKIPPED, code=Reason.BASELINE)
        await outbox.accept(made, NOW)


async def counted(folder: Path, kind: str, stage: str, number: int) -> Ending:
    """The network's truth against the record."""
    posts = Counter(post["payload"].partition("\n")[0] for post in FileNetwork(KINDS[kind], folder=folder).everything())
    async with SqlOutbox(folder / "outbox.sqlite3") as outbox:
        states = {one.item_id: one.state for one in await outbox.deliveries(limit=10 * number)}
    missing = [one for one in items_of(number) if not posts[one.title]]
    return Ending(
        kind,
        stage,
        posted=sum(posts[one.title] > 0 for one in items_of(number)),
        held=sum(state is State.HELD for state in states.values()),
        lost=sum(states.get(one.id) is not State.HELD for one in missing),
        duplicated=sum(count - 1 for count in posts.values()),
        unsettled=sum(not state.is_final for state in states.values()),
    )


def endings(work: Path, kinds: tuple[str, ...], stages: tuple[str, ...], number: int) -> Iterator[Ending]:
    """A backfill on each kind of network, killed at each stage."""
    template, folder = work / "template", work / "run"
    template.mkdir()
    asyncio.run(owe_nothing(template, number))
    for kind in kinds:
        for stage in stages:
            fresh(template, folder)
            pid = os.fork()
            if pid == 0:
                try:
                    life = Life(folder, kind, number, partial(die_at, stage), Clock(NOW))
                    asyncio.run(life.run(is_first=True))
                finally:
                    os._exit(9)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            assert code == -signal.SIGKILL, f"{kind}: was not killed at `{stage}` but ended with {code}"
            life = Life(folder, kind, number, live_on, Clock(NOW + timedelta(hours=1)))
            asyncio.run(life.run(is_first=False))
            yield asyncio.run(counted(folder, kind, stage, number))


def main() -> int:
    """Kill at every stage and count; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200, help="how many (200)")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this kind")
    parser.add_argument("--stage", choices=STAGES, action="append", help="only this stage")
    chosen = parser.parse_args()
    log.set_up(level="critical")
    begun, kills, wrong, total = time.monotonic(), 0, 0, Counter[str]()
    with (
        patch("sqlalchemy.create_engine", partial(create_engine, execution_options={"compiled_cache": COMPILED})),
        tempfile.TemporaryDirectory(prefix="syndicate-backfills-", dir=MEMORY if MEMORY.is_dir() else None) as work,
    ):
        kinds, stages = tuple(chosen.kind or KINDS), tuple(chosen.stage or STAGES)
        for ending in endings(Path(work), kinds, stages, chosen.items):
            kills += 1
            total.update(posted=ending.posted, held=ending.held, lost=ending.lost, duplicated=ending.duplicated)
            if not ending.is_kept:
                wrong += 1
                print(ending, flush=True)
    print(", ".join(f"{total[name]} {name}" for name in ("posted", "held", "lost", "duplicated")))
    print(f"{kills} kills, {wrong} violations, {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
