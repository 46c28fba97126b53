"""A publisher that dies: `python deliver_child.py FOLDER POINT MINUTES`.

It runs four lanes over one outbox, one for each kind of network. When every lane has come to the point or has nothing
more to do, it kills itself with SIGKILL. The networks are files that survive.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from deliver_rig import DURABLE, NOW, READABLE, WINDOWED, WRITE_ONLY, Clock, Pictures, ScriptedChannel, lane_of
from syndicate.attempt import AttemptRules
from syndicate.deliver import LaneRules
from syndicate.draft import DraftRules
from syndicate.outbox.delivery import Delivery, Receipt
from syndicate.outbox.outcome import Step
from syndicate.outbox.store import SqlOutbox
from syndicate.posts.card import CardRules
from syndicate.posts.post import Picture

KINDS = {"durable": DURABLE, "windowed": WINDOWED, "readable": READABLE, "writeonly": WRITE_ONLY}
POINTS = (
    *("before claim", "claimed", "uploaded", "before intent", "intent"),
    *("before publish", "published", "found", "before settle", "settled"),
)
"""Where a publisher may die, in the order of one delivery."""

Reach = Callable[[str, str], Awaitable[None]]
"""Called with channel and point."""


async def nowhere(channel: str, point: str) -> None:
    """Lives on."""


@dataclass
class FileChannel(ScriptedChannel):
    """A network whose truth is a file: one line of JSON for each post that stands there."""

    folder: Path = Path()
    reach: Reach = nowhere

    @property
    def truth(self) -> Path:
        return self.folder / f"{self.name}.truth"

    def posts(self) -> list[dict[str, str]]:
        if not self.truth.exists():
            return []
        return [json.loads(line) for line in self.truth.read_text().splitlines()]

    async def upload(self, picture: Picture) -> str:
        reference = await super().upload(picture)
        await self.reach(self.name, "uploaded")
        return reference

    async def publish(self, payload: bytes, key: str) -> Receipt:
        await self.reach(self.name, "before publish")
        is_known = any(post["key"] == key for post in self.posts()) and self.guarantee.key_window is not None
        if not is_known:
            with self.truth.open("a") as file:
                file.write(json.dumps({"key": key, "payload": payload.decode()}) + "\n")
        await self.reach(self.name, "published")
        return self._receipt(key)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        found = any(post["payload"] == payload.decode() for post in self.posts())
        await self.reach(self.name, "found")
        return self._receipt(key) if found else None


class WatchedOutbox(SqlOutbox):
    """A real outbox that tells before and after each step of a delivery."""

    def __init__(self, path: Path, reach: Reach) -> None:
        super().__init__(path)
        self._reach = reach

    async def claim(self, channel: str, owner: str, now: datetime, uid: str | None = None) -> Delivery | None:
        await self._reach(channel, "before claim")
        delivery = await super().claim(channel, owner, now, uid)
        await self._reach(channel, "claimed")
        return delivery

    async def freeze(self, delivery: Delivery, payload: bytes, key: str, now: datetime) -> Delivery:
        await self._reach(delivery.channel, "before intent")
        frozen = await super().freeze(delivery, payload, key, now)
        await self._reach(delivery.channel, "intent")
        return frozen

    async def settle(self, delivery: Delivery, step: Step, now: datetime) -> None:
        await self._reach(delivery.channel, "before settle")
        await super().settle(delivery, step, now)
        await self._reach(delivery.channel, "settled")


def channels_in(folder: Path, clock: Clock, reach: Reach = nowhere) -> list[FileChannel]:
    """The four networks."""
    return [FileChannel(guarantee, name, folder=folder, clock=clock, reach=reach) for name, guarantee in KINDS.items()]


async def publish_until(folder: Path, point: str, clock: Clock) -> None:
    """Run every lane to the point, or until it has nothing to do."""
    rules = LaneRules(AttemptRules(DraftRules(CardRules())))
    arrived = {name: asyncio.Event() for name in KINDS}

    async def reach(channel: str, where: str) -> None:
        if where == point:
            arrived[channel].set()
            await asyncio.Event().wait()

    async with WatchedOutbox(folder / "outbox.sqlite3", reach) as outbox:
        lanes = [lane_of(channel, outbox, Pictures(), rules, clock) for channel in channels_in(folder, clock, reach)]

        async def run(name: str, step: Callable[[], Awaitable[object]]) -> None:
            while await step() is not None:
                pass
            arrived[name].set()

        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(run(lane.channel.name, lane.step))
            for event in arrived.values():
                await event.wait()
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    where, what, minutes = sys.argv[1:]
    asyncio.run(publish_until(Path(where), what, Clock(NOW + timedelta(minutes=int(minutes)))))
