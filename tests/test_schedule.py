"""The clock calls at once, again and again, never two at a time, and tells what went wrong."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from syndicate.schedule import Schedule

SOON = timedelta(seconds=0.1)
LIMIT_S = 10.0


async def test_first_call_comes_at_once_and_others_follow() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    times: list[float] = []
    thrice = asyncio.Event()

    async def tick() -> None:
        times.append(loop.time())
        if len(times) == 3:
            thrice.set()

    async with Schedule() as schedule:
        schedule.every(SOON, tick, "rescan")
        await asyncio.wait_for(thrice.wait(), LIMIT_S)

    assert times[2] - began >= 0.19, "the third call comes two intervals after the first, rounded"


async def test_call_that_fails_is_told_and_the_next_one_comes() -> None:
    calls = 0
    twice = asyncio.Event()

    async def tick() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            twice.set()
        raise ValueError("no luck")

    with capture_logs() as events:
        async with Schedule() as schedule:
            schedule.every(SOON, tick, "rescan")
            await asyncio.wait_for(twice.wait(), LIMIT_S)

    failed = [one for one in events if one["event"] == "job_failed"]
    assert (failed[0]["job"], failed[0]["error"], failed[0]["log_level"]) == ("rescan", "no luck", "error")


async def test_call_that_takes_long_is_not_doubled() -> None:
    running = most = 0
    go_on = asyncio.Event()

    async def tick() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1

    with capture_logs() as events:
        async with asyncio.timeout(LIMIT_S), Schedule() as schedule:
            schedule.every(SOON, tick, "rescan")
            while {"event": "job_missed", "job": "rescan", "log_level": "warning"} not in events:  # noqa: ASYNC110  # captured logs wake nobody
                await asyncio.sleep(0.01)
            go_on.set()

    assert most == 1


def test_call_that_nobody_would_await_is_refused() -> None:
    def tick() -> None:
        """Not async."""

    with pytest.raises(TypeError, match="rescan: a tick must be an `async def` function"):
        Schedule().every(SOON, tick, "rescan")  # type: ignore[arg-type]  # the point of the test


async def test_a_jump_of_the_clock_calls_the_ticks_at_once() -> None:
    wall = datetime(2026, 11, 23, 12, tzinfo=UTC)
    calls: asyncio.Queue[None] = asyncio.Queue()

    async def tick() -> None:
        calls.put_nowait(None)

    async with Schedule(wall=lambda: wall, monotonic=lambda: 0.0, check=timedelta(milliseconds=1)) as schedule:
        schedule.every(timedelta(hours=1), tick, "rescan")
        await asyncio.wait_for(calls.get(), 10)

        wall -= timedelta(hours=1)

        await asyncio.wait_for(calls.get(), 10)


async def test_a_clock_that_drifts_calls_nothing() -> None:
    wall = datetime(2026, 11, 23, 12, tzinfo=UTC)
    checks: asyncio.Queue[None] = asyncio.Queue()
    calls: list[str] = []

    async def tick() -> None:
        calls.append("tick")

    def drifting() -> datetime:
        nonlocal wall
        wall += timedelta(seconds=1)
        checks.put_nowait(None)
        return wall

    async with Schedule(wall=drifting, monotonic=lambda: 0.0, check=timedelta(milliseconds=1)) as schedule:
        schedule.every(timedelta(hours=1), tick, "rescan")
        for _ in range(20):
            await asyncio.wait_for(checks.get(), 10)

    assert calls == ["tick"]
