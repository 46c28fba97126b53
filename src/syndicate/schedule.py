"""The clock: APScheduler calls the passes; nothing else in the house knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger()

Tick = Callable[[], Awaitable[None]]


class Schedule:
    """Calls ticks at intervals, in UTC, the first at once. Opened with `async with`.

    APScheduler's defaults drop a run that is a second late and let errors vanish, so: missed runs are made up for once
    (misfire_grace_time None, coalesce), never two of one kind at a time, and every error is logged. A tick must be
    repeatable at any moment: timers are the safety net, wake-ups are events.
    """

    def __init__(self) -> None:
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._scheduler.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    async def __aenter__(self) -> Self:
        self._scheduler.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # shutdown(wait=True) cannot wait on asyncio and cancels running jobs: whoever owns work drains it first
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)

    def every(self, interval: timedelta, tick: Tick, name: str) -> None:
        """Call an `async def` at once and then at every interval (a lambda would never be awaited)."""
        if not asyncio.iscoroutinefunction(tick):
            raise TypeError(f"{name}: a tick must be an `async def` function")
        trigger = IntervalTrigger(seconds=max(interval.total_seconds(), 0.1), timezone=UTC)
        self._scheduler.add_job(tick, trigger, id=name, next_run_time=datetime.now(UTC))

    @staticmethod
    def _heard(event: Any) -> None:
        error = getattr(event, "exception", None)
        if error is not None:
            log.error("job_failed", job=event.job_id, error=str(error), exc_info=error)
        else:
            log.warning("job_missed", job=event.job_id)
