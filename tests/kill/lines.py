"""A publisher is killed at every line that a delivery runs through, whatever the network does.

`PYTHONPATH=tests .venv/bin/python tests/kill/lines.py --jobs 2` takes them all, `--every 40` one place in forty.

A place is a line of the delivery path (`TRACED`) in an operation of the outbox: the lines that a claim, an intent and a
settlement share are three places. For each kind of network and each fault, one delivery runs once to find the places
that it comes to. Then it runs again for each of them, in a fork of the warmed process that kills itself with SIGKILL
when it first comes there; a second publisher takes up what is left, and what it says is compared with what stands on
the network. The network is a file, the clock is set by hand. All files are in memory where that can be: what a killed
process wrote stands there, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

from sqlalchemy import create_engine

from deliver_rig import (
    ACCOUNT,
    NOW,
    READABLE,
    SETTLE,
    WINDOWED,
    WRITE_ONLY,
    Clock,
    Pictures,
    ScriptedChannel,
    acceptance,
    lane_of,
    pictured,
)
from syndicate import log
from syndicate.attempt import AttemptRules
from syndicate.deliver import LaneRules
from syndicate.draft import DraftRules
from syndicate.errors import Duplicate, NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Evidence, Guarantee, Receipt, State
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.store import SqlOutbox
from syndicate.posts.card import CardRules
from syndicate.posts.post import Picture

PACKAGE = Path(log.__file__).parent
TRACED = (
    *("deliver.py", "attempt.py", "rests.py"),
    *("outbox/lane.py", "outbox/store.py", "outbox/database.py", "outbox/connection.py", "outbox/commits.py"),
)
"""Files of the delivery path whose every line is a place to die; pure code between them changes nothing that stays."""

OPERATIONS = "outbox/store.py"
"""Where the operations of the outbox stand."""

KINDS = {
    "record key": Guarantee(timedelta.max, Evidence.BY_KEY, SETTLE),
    "keyed, readable": WINDOWED,
    "readable": READABLE,
    "refuses duplicates": Guarantee(None, Evidence.DUPLICATE_REFUSAL, SETTLE),
    "write-only": WRITE_ONLY,
}
LATE = timedelta(seconds=10)
"""How late a late commit is; well before the settle time."""

BEFORE: dict[str, NetworkError] = {
    "reset before": Transient("reset; nothing was sent"),
    "error before": Unknown("500"),
    "limited": RateLimited("429", NOW + timedelta(minutes=5)),
    "unauthorized": Unauthorized("401"),
    "refused": Rejected("422"),
}
AFTER: dict[str, Exception] = {
    "lost after": Unknown("the connection was cut"),
    "error after": Unknown("503"),
    "unreadable": ValueError("an adapter's own fault, after the post was made"),
}
FAULTS = ("none", *BEFORE, *AFTER, "late commit", "upload fails", "reading fails")
"""What the network does at the first call; everything succeeds afterwards."""

CHANNEL = "news"
HOPELESS = {"refused"}
"""Faults after which the post is rightly not made."""


Place = tuple[str, str, int]
"""Operation, file below the package, line."""


@dataclass
class Walk:
    """A way through the delivery path: the places in the order in which it first came to them."""

    operation: str = ""
    places: dict[Place, None] = field(default_factory=dict)


@dataclass
class FileNetwork(ScriptedChannel):
    """A network whose truth is a file: one line of JSON for each post, `at` the time from which on it stands there."""

    folder: Path = Path()
    fault: str = "none"
    published_at: list[int] = field(default_factory=list)
    walk: Walk = field(default_factory=Walk)

    @property
    def truth(self) -> Path:
        return self.folder / "truth"

    def posts(self) -> list[dict[str, Any]]:
        now = self.clock().timestamp()
        return [post for post in self.everything() if post["at"] <= now]

    def everything(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.truth.read_text().splitlines()] if self.truth.exists() else []

    def _meets(self, *faults: str) -> str | None:
        """The fault, if it is one of these, and then it is over."""
        found, self.fault = (self.fault, "none") if self.fault in faults else (None, self.fault)
        return found

    def _make(self, payload: bytes, key: str, late: timedelta = timedelta(0)) -> None:
        standing = self.everything()
        if self.guarantee.key_window is not None and any(post["key"] == key for post in standing):
            return
        if self.guarantee.evidence is Evidence.DUPLICATE_REFUSAL:
            same = next((post for post in standing if post["payload"] == payload.decode()), None)
            if same is not None:
                raise Duplicate("422", f"id-{same['key']}")
        post = {"key": key, "payload": payload.decode(), "at": (self.clock() + late).timestamp()}
        with self.truth.open("a") as file:
            file.write(json.dumps(post) + "\n")

    async def upload(self, picture: Picture) -> str:
        if self._meets("upload fails"):
            raise Transient("502")
        return "media-1"

    async def publish(self, payload: bytes, key: str) -> Receipt:
        self.published_at.append(len(self.walk.places))
        if met := self._meets(*BEFORE):
            raise BEFORE[met]
        if self._meets("late commit"):
            self._make(payload, key, LATE)
            raise Unknown("the connection was cut")
        self._make(payload, key)
        if met := self._meets(*AFTER, "reading fails"):
            raise AFTER.get(met, Unknown("the connection was cut"))
        return self._receipt(key)

    async def find(self, payload: bytes, key: str, since: Any) -> Receipt | None:
        if not self.guarantee.is_readable:
            raise Rejected("cannot be read")
        return self._receipt(key) if any(post["payload"] == payload.decode() for post in self.posts()) else None


@dataclass(frozen=True)
class Ending:
    """What one killed delivery came to; without a state it was not killed, as it did not come to the place again."""

    kind: str
    fault: str
    place: Place
    state: State | None
    posts: int

    @property
    def violation(self) -> str | None:
        """What it breaks of the promise, if anything."""
        if self.state is None:
            return None
        if self.posts > 1:
            return f"posted {self.posts} times"
        if self.state is State.SENT and not self.posts:
            return "recorded as sent, not there"
        if not self.state.is_final:
            return f"never settled: {self.state}"
        if not self.posts and self.state is not State.HELD and self.fault not in HOPELESS:
            return f"lost: {self.state}, not there"
        can_tell = self.kind not in {"write-only", "refuses duplicates"}
        if self.state is State.HELD and can_tell and self.fault not in HOPELESS:
            return "held, though the network could tell"
        return None


class Killer:
    """Follows the lines of the delivery path, in every thread, and kills this process at one place."""

    def __init__(self, walk: Walk, place: Place | None) -> None:
        self._walk = walk
        self._place = place
        self._traced = {str(PACKAGE / name): name for name in TRACED}

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Any:
        code, walk = frame.f_code, self._walk
        file = self._traced.get(code.co_filename)
        if file is None:
            return None
        if event == "line":
            place = (walk.operation, file, frame.f_lineno)
            if place == self._place:
                os.kill(os.getpid(), signal.SIGKILL)
            walk.places.setdefault(place)
        elif event == "call" and file == OPERATIONS:
            walk.operation = code.co_name
        return self

    def on(self) -> None:
        """Trace this thread and every later one."""
        threading.settrace(self)
        sys.settrace(self)

    def off(self) -> None:
        """Trace no more."""
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]  # the documented way to end it


RULES = LaneRules(AttemptRules(DraftRules(CardRules())))


async def owe(folder: Path) -> None:
    """An outbox that owes one item with a picture."""
    async with SqlOutbox(folder / "outbox.sqlite3") as outbox:
        await outbox.accept(acceptance(pictured(), channel=ChannelPlan(CHANNEL, ACCOUNT)), NOW)


def network_in(folder: Path, kind: str, fault: str, clock: Clock) -> FileNetwork:
    """The network over its file."""
    return FileNetwork(KINDS[kind], CHANNEL, folder=folder, fault=fault, clock=clock)


async def die_at(folder: Path, kind: str, fault: str, place: Place | None) -> FileNetwork:
    """A publisher that takes a few steps and dies at that place, if it comes to it."""
    clock = Clock(NOW + timedelta(minutes=1))
    network = network_in(folder, kind, fault, clock)
    killer = Killer(network.walk, place)
    killer.on()
    try:
        async with SqlOutbox(folder / "outbox.sqlite3") as outbox:
            lane = lane_of(network, outbox, Pictures(), RULES, clock)
            for _ in range(STEPS):
                await lane.step()
                clock.pass_(timedelta(minutes=2))
    finally:
        killer.off()
    return network


STEPS = 3
"""The attempt, and what follows an unclear end: a repeat or two readings."""


async def recover(folder: Path, kind: str) -> tuple[State, int]:
    """A second publisher, until all is settled; gives the delivery's state and how often the post stands there."""
    clock = Clock(NOW + timedelta(minutes=10))
    network = network_in(folder, kind, "none", clock)
    async with SqlOutbox(folder / "outbox.sqlite3") as outbox:
        lane = lane_of(network, outbox, Pictures(), RULES, clock)
        for _ in range(40):
            await lane.step()
            (one,) = await outbox.deliveries()
            if one.state.is_final:
                break
            clock.pass_(timedelta(minutes=5))
        (one,) = await outbox.deliveries()
    return one.state, len(network.everything())


def fresh(template: Path, folder: Path) -> None:
    """The outbox as it was, in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)


def killed_at(folder: Path, kind: str, fault: str, place: Place) -> bool:
    """Run the publisher in a fork, which dies of its own SIGKILL; gives whether it came to the place."""
    assert threading.active_count() == 1, "a fork would lack the other threads"
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(die_at(folder, kind, fault, place))
        finally:
            os._exit(9)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {-signal.SIGKILL, 9}, f"{kind}, {fault}, {place}: ended with {code}"
    return code == -signal.SIGKILL


def places(template: Path, folder: Path, kind: str, fault: str) -> list[Place]:
    """The places to die at; those before the first call only once a kind, as no fault has shown itself by then."""
    fresh(template, folder)
    network = asyncio.run(die_at(folder, kind, fault, None))
    first = 0 if fault in {"none", "upload fails"} else network.published_at[0] - 1
    return list(network.walk.places)[first:]


TRIES = 5
"""Two threads share the path: a line at the seam of two operations is not always in the same one."""


def endings(work: Path, kind: str, fault: str, every: int) -> Iterator[Ending]:
    """A delivery killed at every place."""
    template, folder = work / "template", work / "run"
    template.mkdir()
    asyncio.run(owe(template))
    for place in places(template, folder, kind, fault)[::every]:
        for _ in range(TRIES):
            fresh(template, folder)
            if killed_at(folder, kind, fault, place):
                yield Ending(kind, fault, place, *asyncio.run(recover(folder, kind)))
                break
        else:
            yield Ending(kind, fault, place, None, 0)


def share(pair: tuple[str, str], chosen: argparse.Namespace) -> tuple[Counter[tuple[str, str]], int]:
    """One kind's and fault's part of the work: counts by kind and state, and how many violations."""
    log.set_up(level="critical")  # a delivery that waits for a person is no news here
    counts, wrong = Counter[tuple[str, str]](), 0
    remembering = partial(create_engine, execution_options={"compiled_cache": COMPILED})
    with (
        patch("sqlalchemy.create_engine", remembering),
        tempfile.TemporaryDirectory(prefix="syndicate-lines-", dir=MEMORY if MEMORY.is_dir() else None) as work,
    ):
        for ending in endings(Path(work), *pair, chosen.every):
            counts[ending.kind, ending.state.value if ending.state else MISSED] += 1
            if ending.violation:
                wrong += 1
                print(f"{ending.kind}, {ending.fault}, {ending.place}: {ending.violation}", flush=True)
    return counts, wrong


MEMORY = Path("/dev/shm")
MISSED = "not met again"
COMPILED: dict[object, object] = {}
"""Statements of all outboxes here: to compile them anew in every fork would take twice as long as all else."""


def main() -> int:
    """Kill at every place and count; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every so manieth place")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this kind")
    parser.add_argument("--fault", choices=FAULTS, action="append", help="only this fault")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    chosen = parser.parse_args()
    begun, counts, wrong = time.monotonic(), Counter[tuple[str, str]](), 0
    # Each of them forks, so it must have one thread only: it is begun anew, not forked from a pool's.
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool:
        pairs = product(chosen.kind or KINDS, chosen.fault or FAULTS)
        for some, broken in pool.map(partial(share, chosen=chosen), pairs):
            counts += some
            wrong += broken
    for (kind, state), number in sorted(counts.items()):
        print(f"{kind:20} {state:14} {number}")
    missed = sum(number for (_, state), number in counts.items() if state == MISSED)
    print(f"{counts.total() - missed} kills, {wrong} violations, {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
