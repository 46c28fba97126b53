"""Waiting for what nothing tells of: a thread looks again and again, and all else rests meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress


async def noticed(look: Callable[[], bool], every_s: float, stop: asyncio.Event) -> None:
    """Wait until a look says that there is something to notice, or for the stop; the first comes after a while.

    Each time that the loop has something to do costs more than most looks. One that hangs, as on a dead mount, holds
    up nobody: its thread is left behind.

    Args:
        look: called in a thread of its own; an error of it is something to notice as well.
        every_s: seconds between looks.
        stop: ends the wait.
    """
    is_there, is_over, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

    def go_on_looking() -> None:
        while not is_over.wait(every_s):
            with suppress(Exception):  # whoever waits looks again, and meets it
                if not look():
                    continue
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(is_there.set)
            return

    threading.Thread(target=go_on_looking, daemon=True).start()
    waits = [asyncio.ensure_future(event.wait()) for event in (is_there, stop)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        is_over.set()
        for one in waits:
            one.cancel()
