"""A publisher is killed at every line that a delivery runs through, whatever the network does.

`PYTHONPATH=tests .venv/bin/python tests/kill/lines.py` takes them all, `--every 40` one in forty.

For each kind of network and each fault, one delivery runs once to count the lines of the delivery path (`TRACED`). Then
it runs again for each line number, in a fork that kills itself there with SIGKILL; a second publisher takes up what is
left, and what it says is compared with what stands on the network. The network is a file, the clock is set by hand.
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
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

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
TRACED = ("deliver.py", "attempt.py", "rests.py", "outbox/lane.py", "outbox/store.py", "outbox/database.py")
"""Files of the delivery path whose every line is a place to die; pure code between them changes nothing that stays."""

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


@dataclass
class FileNetwork(ScriptedChannel):
    """A network whose truth is a file: one line of JSON for each post, `at` the time from which on it stands there."""

    folder: Path = Path()
    fault: str = "none"
    published_at_line: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=lambda: [0])

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
        self.published_at_line.append(self.lines[0])
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
    """What one killed delivery came to."""

    kind: str
    fault: str
    line: int
    state: State
    posts: int

    @property
    def violation(self) -> str | None:
        """What it breaks of the promise, if anything."""
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
    """Counts the lines of the delivery path, in every thread, and kills this process at one of them."""

    def __init__(self, lines: list[int], line: int | None) -> None:
        self._lines = lines
        self._line = line
        self._traced = {str(PACKAGE / name) for name in TRACED}

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename not in self._traced:
            return None
        if event == "line":
            self._lines[0] += 1
            if self._lines[0] == self._line:
                os.kill(os.getpid(), signal.SIGKILL)
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


async def die_at(folder: Path, kind: str, fault: str, line: int | None) -> FileNetwork:
    """A publisher that takes a few steps and dies at that line, if it comes to it."""
    clock = Clock(NOW + timedelta(minutes=1))
    network = network_in(folder, kind, fault, clock)
    killer = Killer(network.lines, line)
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


def killed_at(folder: Path, kind: str, fault: str, line: int) -> None:
    """Run the publisher in a fork, which must die of its own SIGKILL."""
    assert threading.active_count() == 1, "a fork would lack the other threads"
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(die_at(folder, kind, fault, line))
        finally:
            os._exit(9)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code == -signal.SIGKILL, f"{kind}, {fault}: line {line} was not reached ({code})"


def points(template: Path, folder: Path, kind: str, fault: str, every: int) -> list[int]:
    """The lines to die at: all of them, but up to the first call only once a kind, as no fault has shown itself yet."""
    fresh(template, folder)
    network = asyncio.run(die_at(folder, kind, fault, None))
    first = 1 if fault in {"none", "upload fails"} else network.published_at_line[0]
    return list(range(first, network.lines[0] - LEEWAY, every))


LEEWAY = 5
"""Lines at the very end, after the outbox was closed, that another run may not have."""


def endings(work: Path, kinds: tuple[str, ...], faults: tuple[str, ...], every: int) -> Iterator[Ending]:
    """Every delivery killed at every line."""
    template, folder = work / "template", work / "run"
    template.mkdir()
    asyncio.run(owe(template))
    for kind in kinds:
        for fault in faults:
            for line in points(template, folder, kind, fault, every):
                fresh(template, folder)
                killed_at(folder, kind, fault, line)
                yield Ending(kind, fault, line, *asyncio.run(recover(folder, kind)))


def main() -> int:
    """Kill at every line and count; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so manieth line")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this kind")
    parser.add_argument("--fault", choices=FAULTS, action="append", help="only this fault")
    chosen = parser.parse_args()
    log.set_up(level="error")
    begun, counts, wrong = time.monotonic(), Counter[tuple[str, str]](), 0
    with tempfile.TemporaryDirectory(prefix="syndicate-lines-") as work:
        kinds, faults = tuple(chosen.kind or KINDS), tuple(chosen.fault or FAULTS)
        for ending in endings(Path(work), kinds, faults, chosen.every):
            counts[ending.kind, ending.state.value] += 1
            if ending.violation:
                wrong += 1
                print(f"{ending.kind}, {ending.fault}, line {ending.line}: {ending.violation}", flush=True)
    for (kind, state), number in sorted(counts.items()):
        print(f"{kind:20} {state:8} {number}")
    print(f"{counts.total()} kills, {wrong} violations, {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
