"""Time that passes at once, for tests of those who wait."""

from __future__ import annotations

import asyncio


async def lapse(seconds: float = 3600) -> None:
    """Let all that is on its way arrive, then move the clock of the running loop on: its timers fire at once.

    A test of a time-out can so have a limit that no loaded machine misses, and need not wait for it.
    """
    for _ in range(20):  # each turn of the loop hears what arrived
        await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]  # of this loop alone, which ends with the test
