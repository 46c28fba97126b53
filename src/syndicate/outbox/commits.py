"""Group commit: writes that wait for the disk at the same time share one transaction, so one wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from syndicate.errors import CannotWrite

T = TypeVar("T")
Work = Callable[[Connection], T]

MOST_TOGETHER = 64
"""Writes in one transaction: a lost one costs all of them a second try."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One write and who waits for it."""

    work: Work[Any]
    ended: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop

    def tell(self, result: Any, error: BaseException | None = None) -> None:
        """Let the waiting task go on; one that was cancelled, or whose loop is gone, hears nothing."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._end, result, error)

    def _end(self, result: Any, error: BaseException | None) -> None:
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(result)
        else:
            self.ended.set_exception(error)


class Commits:
    """The writes of one database, in order. Each is durable, whole, or nothing at all when its call returns.

    Those that wait together are tried in one transaction. If one of them fails, all are done again, each in a
    transaction of its own, so that nobody suffers from another one's fault.
    """

    def __init__(self, thread: ThreadPoolExecutor, transact: Callable[[Work[Any]], Any]) -> None:
        self._thread = thread
        self._transact = transact
        self._waiting: deque[_Job] = deque()

    async def add(self, work: Work[T]) -> T:
        """Run one function in a writing transaction; gives what it gives once that is on disk."""
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future(), loop)
        self._waiting.append(job)
        self._thread.submit(self._commit)
        result: T = await job.ended
        return result

    def _commit(self) -> None:
        """On the database's thread: do what waits by now; a later call may find nothing left."""
        jobs: list[_Job] = []
        while self._waiting and len(jobs) < MOST_TOGETHER:
            job = self._waiting.popleft()
            if not job.ended.cancelled():
                jobs.append(job)
        if len(jobs) > 1 and self._did_together(jobs):
            return
        for job in jobs:
            try:
                result = self._transact(job.work)
            except BaseException as error:  # whoever waits must hear of whatever it was
                job.tell(None, error)
            else:
                job.tell(result)

    def _did_together(self, jobs: list[_Job]) -> bool:
        try:
            results = self._transact(lambda connection: [job.work(connection) for job in jobs])
        except CannotWrite as error:  # a full disk or a locked file is the same for each of them
            for job in jobs:
                job.tell(None, error)
            return True
        except Exception:
            return False
        for job, result in zip(jobs, results, strict=True):
            job.tell(result)
        return True
