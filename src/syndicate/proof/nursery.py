"""A warmed process whose forks are publishers: they are at work a moment after they are wanted.

`python -m syndicate.proof.nursery SETTINGS LOG` makes one pass over the store, tells `{"kinds": {NETWORK: KIND}}` and
then obeys lines on standard input: `start WORK` gives the fork's pid, `wait PID` its exit code. It ends when its input
does, and takes its forks with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from syndicate import log
from syndicate.errors import SyndicateError
from syndicate.house import House, clock, open_house
from syndicate.outbox.lock import PublisherLock
from syndicate.plot import Plot, plot_of
from syndicate.proof.naive import post_naively
from syndicate.proof.verdict import kind_of

Work = Callable[[House, asyncio.Event], Awaitable[None]]


async def deliver(house: House, stop: asyncio.Event) -> None:
    """Every lane, as in `syndicate run`; what is owed was planned before."""
    await asyncio.gather(*(lane.run(stop, lambda settled: None) for lane in house.lanes))


WORKS: dict[str, Work] = {"deliver": deliver, "naive": post_naively}
"""What a fork does over an open house until it is stopped."""


def main(arguments: list[str]) -> int:
    """Serve until standard input ends; gives the exit code."""
    settings, log_path = (Path(argument) for argument in arguments)
    stderr = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(stderr, sys.stderr.fileno())
    plot = plot_of(settings)
    log.set_up(level=plot.settings.log.level, form=plot.settings.log.format, secrets=plot.secrets)
    _tell({"kinds": asyncio.run(first_pass(plot))})
    alive: set[int] = set()
    try:
        for line in sys.stdin:
            match line.split():
                case ["start", work]:
                    pid = _fork(plot, WORKS[work])
                    alive.add(pid)
                    _tell({"pid": pid})
                case ["wait", told]:
                    _, status = os.waitpid(int(told), 0)
                    alive.discard(int(told))
                    _tell({"code": os.waitstatus_to_exitcode(status)})
    finally:
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return 0


async def first_pass(plot: Plot) -> dict[str, str]:
    """Plan everything the store has, and load what every fork needs; gives the kind of each network."""
    with PublisherLock(plot.lock_path, clock()):
        async with open_house(plot) as house:
            await house.ingest.run()
            for channel in house.channels.values():
                await channel.open()
            return {channel.network: kind_of(channel.guarantee) for channel in house.channels.values()}


def _fork(plot: Plot, work: Work) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), sys.stdin.fileno())
        os.dup2(sys.stdin.fileno(), sys.stdout.fileno())
        random.seed()  # each fork would draw the same numbers
        asyncio.run(live(plot, work))
        code = 0
    except SyndicateError as error:
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    finally:
        sys.stderr.flush()
        os._exit(code)  # nothing of the nursery may run in the fork


async def live(plot: Plot, work: Work) -> None:
    """One publisher's life: lock, house, work until SIGTERM.

    Raises:
        AnotherInstance: somebody else publishes from this state.
    """
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with PublisherLock(plot.lock_path, clock()):
        async with open_house(plot) as house:
            await work(house, stop)


def _tell(value: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
