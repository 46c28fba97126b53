"""One trial of the promise: publishers are killed and stalled while networks fail; then everything is counted."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp

from syndicate.errors import AnotherInstance, SyndicateError
from syndicate.house import clock
from syndicate.outbox.delivery import Delivery
from syndicate.outbox.store import SqlOutbox
from syndicate.plot import Plot, plot_of
from syndicate.proof.naive import MOST, believed, marked
from syndicate.proof.stand import (
    RULES,
    Place,
    faults,
    places_in,
    settings_for,
    without_settings,
    write_items,
    write_settings,
)
from syndicate.proof.verdict import STRANGERS, Verdict, together, verdicts
from syndicate.sandbox.addresses import SandboxAddresses
from syndicate.sandbox.child import spawn

Work = Literal["deliver", "naive"]

FIRST_LIFE_S, SHORTEST_LIFE_S, LONGEST_LIFE_S = 0.3, 0.05, 10.0
"""Mean life of a publisher before it is killed: it follows how much the last ones got done."""

STALLS, STALL_S = 0.05, 0.5
"""Share of lives in which the process is stopped for so long before it goes on and is killed."""

PATIENCE_S = 180.0
"""How long the last publisher may take without any delivery coming to an end."""

ANSWER_S = 120.0
"""How long the nursery may take to answer; the first pass is part of it."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much is done and how much goes wrong; `most_s` ends the killing early."""

    deliveries: int
    kills: int
    seed: int
    most_s: float | None = None
    work: Work = "deliver"


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a trial: one verdict a network, with the kind it declares to be."""

    verdicts: tuple[Verdict, ...]
    kinds: Mapping[str, str]
    kills: int
    stalls: int
    rivals_refused: int
    attempts: int
    mishaps: int
    unsettled: int
    took_s: float

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept on every kind of network, and everything came to an end."""
        return not self.unsettled and all(one.is_kept for one in self.verdicts)


Tell = Callable[[int, int], None]
"""Hears how many deliveries are settled, of how many."""


async def prove(folder: Path, load: Load, tell: Tell) -> Proof:
    """Run a trial in a new folder.

    Raises:
        SyndicateError: the trial itself failed, such as a publisher that ended on its own.
    """
    begun = time.monotonic()
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(await spawn(folder / "sandbox", seed=load.seed))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        truth = Truth(http, sandbox.addresses)
        places = places_in(sandbox.addresses)
        items = -(-load.deliveries // len(places))
        links = await asyncio.to_thread(write_items, folder, items, clock())
        path = await asyncio.to_thread(write_settings, folder, settings_for(places))
        plot = plot_of(path)
        nursery = await stack.enter_async_context(nursery_of(path, folder / "publisher.log"))
        outbox = await stack.enter_async_context(SqlOutbox(plot.outbox_path))
        await truth.set("rules", RULES)
        await truth.set("plan", {"faults": faults()})
        trial = Trial(load, nursery, outbox, plot, tell)
        await trial.run()
        posts = await truth.posts()
        deliveries = await trial.deliveries()
        counted = verdicts(deliveries, links, posts, {name: place.account for name, place in places.items()})
        return Proof(
            verdicts=_by_network(counted, places),
            kinds=nursery.kinds,
            kills=trial.kills,
            stalls=trial.stalls,
            rivals_refused=trial.rivals_refused,
            attempts=sum(one.attempts for one in deliveries),
            mishaps=await truth.mishaps(),
            unsettled=sum(not one.state.is_final for one in deliveries),
            took_s=time.monotonic() - begun,
        )


class Trial:
    """The lives and deaths of publishers over one outbox."""

    def __init__(self, load: Load, nursery: Nursery, outbox: SqlOutbox, plot: Plot, tell: Tell) -> None:
        self._load = load
        self._nursery = nursery
        self._outbox = outbox
        self._plot = plot
        self._tell = tell
        self._random = random.Random(load.seed)  # noqa: S311 - a schedule that can be repeated
        self._mean_s = FIRST_LIFE_S
        self.kills = self.stalls = self.rivals_refused = 0

    async def run(self) -> None:
        """Kill as often as asked, then let one publisher finish."""
        until = None if self._load.most_s is None else time.monotonic() + self._load.most_s
        while self.kills < self._load.kills and (until is None or time.monotonic() < until):
            await self._life()
            settled, total = await self._progress()
            self._mean_s *= 1.1 if settled * self._load.kills < total * self.kills else 0.9
            self._mean_s = min(max(self._mean_s, SHORTEST_LIFE_S), LONGEST_LIFE_S)
        pid = await self._nursery.start(self._load.work)
        await self._until_settled()
        os.kill(pid, signal.SIGTERM)
        await self._nursery.wait(pid)

    async def deliveries(self) -> list[Delivery]:
        """Every delivery as the publisher believes it to be."""
        found = await self._outbox.deliveries(limit=MOST)
        return await believed(found, self._plot.state_folder) if self._load.work == "naive" else found

    async def _life(self) -> None:
        pid = await self._nursery.start(self._load.work)
        await asyncio.sleep(self._random.expovariate(1 / self._mean_s))
        if self._random.random() < STALLS:
            await self._stall(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        code = await self._nursery.wait(pid)
        if code != -signal.SIGKILL:
            raise SyndicateError(f"a publisher ended by itself with {code}; its log is publisher.log")
        self.kills += 1

    async def _stall(self, pid: int) -> None:
        """The process stands still, as on a machine that sleeps; another one starts meanwhile and must give way."""
        os.kill(pid, signal.SIGSTOP)
        rival = await self._nursery.start(self._load.work)
        await asyncio.sleep(STALL_S)
        is_idle = not _took_lock(self._plot.lock_path, pid)
        if is_idle:  # it was stopped before it had the lock, and the rival may have it now
            os.kill(rival, signal.SIGKILL)
        code = await self._nursery.wait(rival)
        if not is_idle and code != AnotherInstance.exit_code:
            raise SyndicateError(f"a second publisher ran beside the first and ended with {code}")
        self.rivals_refused += code == AnotherInstance.exit_code
        self.stalls += 1
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(self._random.expovariate(1 / self._mean_s))

    async def _progress(self) -> tuple[int, int]:
        if self._load.work == "naive":
            settled = len(await asyncio.to_thread(marked, self._plot.state_folder))
            total = sum(one.total for one in await self._outbox.counts())
        else:
            counts = await self._outbox.counts()
            total = sum(one.total for one in counts)
            settled = sum(one.settled for one in counts)
        self._tell(settled, total)
        return settled, total

    async def _until_settled(self) -> None:
        best, since = -1, time.monotonic()
        while True:
            settled, total = await self._progress()
            if settled >= total:
                return
            if settled > best:
                best, since = settled, time.monotonic()
            elif time.monotonic() - since > PATIENCE_S:
                return
            await asyncio.sleep(0.2)


class Nursery:
    """The process whose forks are publishers (see `nursery`)."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.kinds: Mapping[str, str] = {}

    async def settle_in(self) -> None:
        """Wait until it has planned what the store holds; then `kinds` tells what each network promises to be."""
        self.kinds = (await self._told())["kinds"]

    async def start(self, work: Work) -> int:
        """A new publisher's pid."""
        pid: int = (await self._asked(f"start {work}"))["pid"]
        return pid

    async def wait(self, pid: int) -> int:
        """The exit code of a publisher that ends; minus the signal's number if it was killed."""
        code: int = (await self._asked(f"wait {pid}"))["code"]
        return code

    async def _told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(ANSWER_S):
            line = await self._process.stdout.readline()
        if not line:
            raise SyndicateError("the nursery of publishers ended; its log is publisher.log")
        told: dict[str, Any] = json.loads(line)
        return told

    async def _asked(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()
        return await self._told()


@asynccontextmanager
async def nursery_of(settings: Path, log: Path) -> AsyncIterator[Nursery]:
    """A nursery that has planned what the store holds; it ends with the block."""
    command = (sys.executable, "-m", "syndicate.proof.nursery", str(settings), str(log))
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env=without_settings(os.environ), start_new_session=True
    )
    nursery = Nursery(process)
    try:
        await nursery.settle_in()
        yield nursery
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


class Truth:
    """The sandbox's own log and its plan of faults, over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, addresses: SandboxAddresses) -> None:
        self._http = http
        self._url = addresses.control_url

    async def set(self, door: str, value: Mapping[str, Any]) -> None:
        """Post to one of the sandbox's doors."""
        async with self._http.post(f"{self._url}/{door}", json=dict(value)) as answer:
            answer.raise_for_status()

    async def posts(self) -> list[dict[str, Any]]:
        """Every post that was made, oldest first, once no late commit is to come any more."""
        while True:
            found = await self._get("truth")
            if not found["pending_commits"]:
                break
            await asyncio.sleep(0.1)
        return [entry for entry in found["entries"] if entry["action"] == "post"]

    async def mishaps(self) -> int:
        """How often something went wrong."""
        return sum(fault["fired"] for fault in (await self._get("plan"))["faults"])

    async def _get(self, door: str) -> dict[str, Any]:
        async with self._http.get(f"{self._url}/{door}") as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found


def _took_lock(path: Path, pid: int) -> bool:
    try:
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8") or "{}")
    except (OSError, ValueError):
        return False
    return held.get("pid") == pid


def _by_network(counted: list[Verdict], places: Mapping[str, Place]) -> tuple[Verdict, ...]:
    networks = dict.fromkeys(str(place.settings["network"]) for place in places.values())
    grouped = [
        together(network, (one for one in counted if one.channel != STRANGERS and _network(one, places) == network))
        for network in networks
    ]
    return (*grouped, *(one for one in counted if one.channel == STRANGERS))


def _network(one: Verdict, places: Mapping[str, Place]) -> str:
    return str(places[one.channel].settings["network"])
