"""A publisher is killed at each step of one delivery; another one takes up what it left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from deliver_child import KINDS, POINTS, FileChannel, WatchedOutbox, channels_in
from deliver_rig import ACCOUNT, NOW, Clock, Pictures, acceptance, lane_of, pictured
from syndicate.attempt import AttemptRules
from syndicate.deliver import LaneRules
from syndicate.draft import DraftRules
from syndicate.outbox.delivery import State
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.store import SqlOutbox
from syndicate.posts.card import CardRules

CHILD = Path(__file__).parent / "deliver_child.py"
AFTER_INTENT = {"intent", "before publish", "published", "before settle"}


async def owe(folder: Path) -> None:
    """One item for each channel."""
    async with SqlOutbox(folder / "outbox.sqlite3") as outbox:
        for name in KINDS:
            await outbox.accept(acceptance(pictured(), channel=ChannelPlan(name, ACCOUNT)), NOW)


def kill_at(folder: Path, point: str, minutes: int) -> None:
    """A publisher, so many minutes later, that dies at the point."""
    done = subprocess.run(
        [sys.executable, str(CHILD), str(folder), point, str(minutes)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,  # it is meant to die
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


class Died(BaseException):
    """Stands for the kill where a process of its own would cost too much time: nothing after it is written."""


async def die_at(folder: Path, point: str, clock: Clock) -> None:
    """A publisher that ends at the point on every channel."""

    async def reach(channel: str, where: str) -> None:
        if where == point:
            raise Died

    rules = LaneRules(AttemptRules(DraftRules(CardRules())))
    async with WatchedOutbox(folder / "outbox.sqlite3", reach) as outbox:
        for channel in channels_in(folder, clock, reach):
            with pytest.raises(Died):
                await lane_of(channel, outbox, Pictures(), rules, clock).step()


async def recover(folder: Path, clock: Clock, steps: int = 20) -> tuple[dict[str, State], dict[str, int]]:
    """A publisher that lives on for that many steps; gives the states and how many posts stand on each network."""
    channels = channels_in(folder, clock)
    rules = LaneRules(AttemptRules(DraftRules(CardRules())))
    async with SqlOutbox(folder / "outbox.sqlite3") as outbox:
        for channel in channels:
            lane = lane_of(channel, outbox, Pictures(), rules, clock)
            for _ in range(steps):
                await lane.step()
                clock.pass_(timedelta(minutes=2))
        states = {one.channel: one.state for one in await outbox.deliveries()}
    return states, {channel.name: standing(channel) for channel in channels}


def standing(channel: FileChannel) -> int:
    """How often the one item stands there."""
    posts = Counter("Title 1" in post["payload"] for post in channel.posts())
    assert not posts[False]
    return posts[True]


async def test_nothing_dies_without_a_kill(tmp_path: Path) -> None:
    await owe(tmp_path)

    states, counts = await recover(tmp_path, Clock())

    assert set(states.values()) == {State.SENT}
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("point", [point for point in POINTS if point != "found"])
async def test_killed_once(tmp_path: Path, point: str) -> None:
    await owe(tmp_path)
    kill_at(tmp_path, point, minutes=1)

    states, counts = await recover(tmp_path, Clock(NOW + timedelta(minutes=2)))

    is_unclear = point in AFTER_INTENT
    assert states.pop("writeonly") is (State.HELD if is_unclear else State.SENT)
    assert counts.pop("writeonly") == (0 if point in {"intent", "before publish"} else 1)
    assert set(states.values()) == {State.SENT}
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("first", ["intent", "published"])
@pytest.mark.parametrize("second", ["claimed", "intent", "published", "found", "before settle"])
async def test_killed_again_while_the_outcome_is_looked_into(tmp_path: Path, first: str, second: str) -> None:
    await owe(tmp_path)
    await die_at(tmp_path, first, Clock(NOW + timedelta(minutes=1)))
    await recover(tmp_path, Clock(NOW + timedelta(minutes=2)), steps=1)
    kill_at(tmp_path, second, minutes=12)

    states, counts = await recover(tmp_path, Clock(NOW + timedelta(minutes=14)))

    assert states.pop("writeonly") is State.HELD
    assert counts.pop("writeonly") == (first == "published")
    assert set(states.values()) == {State.SENT}
    assert set(counts.values()) == {1}
