"""Limits that share a timer: each ends what takes too long, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from syndicate.limits import Limits

LONG_S = 3600.0
SHORT_S = 0.02


async def for_ever(limits: Limits) -> None:
    with limits.limit():
        await asyncio.Event().wait()


async def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        await for_ever(Limits(SHORT_S))

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_all_that_began_are_ended_each_in_its_turn() -> None:
    limits, ended = Limits(SHORT_S), list[int]()

    async def wait(number: int) -> None:
        with pytest.raises(TimeoutError):
            await for_ever(limits)
        ended.append(number)

    first = asyncio.ensure_future(wait(1))
    await asyncio.sleep(SHORT_S / 2)
    await asyncio.gather(first, wait(2), wait(3))

    assert ended == [1, 2, 3]


async def test_what_is_in_time_hears_nothing() -> None:
    limits = Limits(LONG_S)

    with limits.limit():
        with limits.limit():
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert limits._held == {}
    assert limits._timer is None


async def test_an_error_within_stays_what_it_is() -> None:
    with pytest.raises(KeyError), Limits(LONG_S).limit():
        raise KeyError


async def test_a_task_that_is_cancelled_within_is_cancelled() -> None:
    task = asyncio.ensure_future(for_ever(Limits(LONG_S)))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_is_cancelled_as_its_limit_is_reached_is_cancelled() -> None:
    limits = Limits(LONG_S)
    task = asyncio.ensure_future(for_ever(limits))
    await asyncio.sleep(0)
    [limit] = limits._held
    limit.reach()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


def test_they_may_be_used_in_one_loop_after_another() -> None:
    limits = Limits(SHORT_S)

    for _ in range(2):
        with pytest.raises(TimeoutError):
            asyncio.run(for_ever(limits))
