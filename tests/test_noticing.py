"""Waiting for what nothing tells of: it is looked again and again, and no longer than somebody waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from syndicate.noticing import noticed

LIMIT_S = 10


@pytest.mark.parametrize("error", [None, OSError("gone"), ValueError("whatever")])
async def test_what_a_look_finds_or_fails_of_is_noticed(error: Exception | None) -> None:
    looks: list[str] = []

    def look() -> bool:
        looks.append(threading.current_thread().name)
        if error is not None and len(looks) == 3:
            raise error
        return len(looks) == 3

    await asyncio.wait_for(noticed(look, 0.001, asyncio.Event()), LIMIT_S)

    assert len(looks) == 3
    assert threading.main_thread().name not in looks


async def test_stop_ends_the_wait_and_the_looks() -> None:
    stop, looked = asyncio.Event(), threading.Event()
    threads: set[threading.Thread] = set()

    def look() -> bool:
        threads.add(threading.current_thread())
        looked.set()
        return False

    waiting = asyncio.create_task(noticed(look, 0.001, stop))
    assert await asyncio.to_thread(looked.wait, LIMIT_S)
    stop.set()
    await asyncio.wait_for(waiting, LIMIT_S)
    (thread,) = threads
    await asyncio.to_thread(thread.join, LIMIT_S)

    assert not thread.is_alive()


async def test_look_that_hangs_holds_up_nobody() -> None:
    stop, hangs, is_over = asyncio.Event(), threading.Event(), threading.Event()

    def look() -> bool:
        hangs.set()
        return is_over.wait(60)

    waiting = asyncio.create_task(noticed(look, 0.001, stop))
    assert await asyncio.to_thread(hangs.wait, LIMIT_S)
    stop.set()
    await asyncio.wait_for(waiting, LIMIT_S)
    is_over.set()


def test_end_of_the_loop_ends_the_looks() -> None:
    may_find, found = threading.Event(), threading.Event()

    def look() -> bool:
        may_find.wait(LIMIT_S)
        found.set()
        return True

    async def leave() -> None:
        waiting = asyncio.create_task(noticed(look, 0.001, asyncio.Event()))
        await asyncio.sleep(0.01)
        waiting.cancel()

    asyncio.run(leave())
    may_find.set()

    assert found.wait(LIMIT_S)
