"""The clock: APScheduler calls the passes; nothing else in the house knows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from syndicate.log import log

CLOCK_CHECK = timedelta(seconds=5)
CLOCK_JUMP = timedelta(seconds=30)
"""A difference between wall clock and monotonic clock that no drift explains."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)


Tick = Callable[[], Awaitable[None]]


class Schedule:
    """Calls ticks at intervals, in UTC, the first at once. Opened with `async with`.

    APScheduler's defaults drop a run that is a second late and let errors vanish, so: missed runs are made up for once
    (misfire_grace_time None, coalesce), never two of one kind at a time, and every error is logged. A tick must be
    repeatable at any moment: timers are the safety net, wake-ups are events.

    Its timers follow the wall clock: set back by an hour, they would rest for an hour. So the wall clock is held
    against the monotonic one (every `check`), and a jump calls every tick at once.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], datetime] = _now,
        monotonic: Callable[[], float] = time.monotonic,
        check: timedelta = CLOCK_CHECK,
    ) -> None:
        self._check = check
        self._wall = wall
        self._monotonic = monotonic
        self._guard: asyncio.Task[None] | None = None
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._scheduler.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    async def __aenter__(self) -> Self:
        self._scheduler.start()
        self._guard = asyncio.create_task(self._watch_clock())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # shutdown(wait=True) cannot wait on asyncio and cancels running jobs: whoever owns work drains it first
        if self._guard is not None:
            self._guard.cancel()
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)

    def every(self, interval: timedelta, tick: Tick, name: str) -> None:
        """Call an `async def` at once and then at every interval (a lambda would never be awaited)."""
        if not asyncio.iscoroutinefunction(tick):
            raise TypeError(f"{name}: a tick must be an `async def` function")
        trigger = IntervalTrigger(seconds=max(interval.total_seconds(), 0.1), timezone=UTC)
        self._scheduler.add_job(tick, trigger, id=name, next_run_time=datetime.now(UTC))

    async def _watch_clock(self) -> None:
        offset = self._offset()
        while True:
            await asyncio.sleep(self._check.total_seconds())
            former, offset = offset, self._offset()
            if abs(offset - former) > CLOCK_JUMP:
                log.warning("clock_jumped", by_s=round((offset - former).total_seconds()))
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))

    def _offset(self) -> timedelta:
        return self._wall() - _EPOCH - timedelta(seconds=self._monotonic())

    @staticmethod
    def _heard(event: Any) -> None:
        error = getattr(event, "exception", None)
        if error is not None:
            log.error("job_failed", job=event.job_id, error=str(error), exc_info=error)
        else:
            log.warning("job_missed", job=event.job_id)
