"""Limits of time for many short waits: those of one length that hold at once share one timer.

`asyncio.timeout` sets a timer for each and takes it back, which costs more than most of what is done within.
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class Limits:
    """Gives limits of one length, in seconds; for one loop at a time."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._held: dict[Limit, float] = {}  # and when they end: the first first
        self._timer: asyncio.TimerHandle | None = None

    def limit(self) -> Limit:
        """A limit that begins when it is entered."""
        return Limit(self)

    def begin(self, limit: Limit) -> None:
        """From now on it holds."""
        loop = asyncio.get_running_loop()
        self._held[limit] = ends = loop.time() + self._length_s
        if self._timer is None:
            self._timer = loop.call_at(ends, self._look, loop)

    def end(self, limit: Limit) -> None:
        """It holds no more."""
        self._held.pop(limit, None)
        if not self._held and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End those whose time has come, and look again when that of the next one comes."""
        self._timer = None
        for limit, ends in list(self._held.items()):
            if ends > loop.time():
                self._timer = loop.call_at(ends, self._look, loop)
                return
            del self._held[limit]
            limit.reach()


class Limit:
    """As `asyncio.timeout`, but entered by a plain `with`: what is awaited within is cancelled, and a TimeoutError."""

    __slots__ = ("_cancelling", "_is_reached", "_limits", "_task")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._is_reached = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "a limit is for what a task awaits"
        self._task, self._cancelling = task, task.cancelling()
        self._limits.begin(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limits.end(self)
        # Whoever else cancelled the task meanwhile is not to be told of a limit.
        if self._is_reached and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def reach(self) -> None:
        """The time has come."""
        self._is_reached = True
        self._task.cancel()
