"""Group commit: writes that wait for the disk at the same time share one transaction, so one wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from typing import Any, TypeVar

from msgspec import Struct

from syndicate.errors import CannotWrite
from syndicate.outbox.connection import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]
Seal = Callable[[Sequence[Any]], None]
"""Is given what came of writes that are on disk by now, on the database's thread, before anybody hears of them."""

MOST_TOGETHER = 64
"""Writes in one transaction: a lost one costs all of them a second try."""


class _Job(Struct):
    """One write and who waits for it."""

    work: Work[Any]
    ended: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    seal: Seal | None


class Commits:
    """The writes of one database, in order. Each is durable, whole, or nothing at all when its call returns.

    Those that wait together are tried in one transaction. If one of them fails, all are done again, each in a
    transaction of its own, so that nobody suffers from another one's fault.
    """

    def __init__(self, thread: ThreadPoolExecutor, transact: Callable[[Work[Any]], Any]) -> None:
        self._thread = thread
        self._transact = transact
        self._waiting: deque[_Job] = deque()
        self._is_called = False
        self._asked: asyncio.AbstractEventLoop | None = None

    async def add(self, work: Work[T], seal: Seal | None = None) -> T:
        """Run one function in a writing transaction; gives what it gives once that is on disk, and sealed.

        A seal is called once for all writes of a transaction that have it. If it fails, they stand and raise its error.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future(), loop, seal)
        self._waiting.append(job)
        if self._asked is not loop:
            self._asked = loop
            loop.call_soon(self._call_for_all)
        result: T = await job.ended
        return result

    def hasten(self) -> None:
        """What waits is written before whatever the thread is given next: a reading sees it."""
        if self._waiting:
            self._call()

    def _commit(self) -> None:
        """On the database's thread: do what waits by now; a later call may find nothing left."""
        self._is_called = False  # first: what is added from now on calls again
        left = len(self._waiting)
        while left:
            jobs = [self._waiting.popleft() for _ in range(min(left, MOST_TOGETHER))]
            left -= len(jobs)
            self._do([job for job in jobs if not job.ended.cancelled()])

    def _do(self, jobs: list[_Job]) -> None:
        if len(jobs) > 1 and self._did_together(jobs):
            return
        for job in jobs:
            try:
                result = self._transact(job.work)
            except BaseException as error:  # whoever waits must hear of whatever it was
                _tell([(job, None, error)])
            else:
                _tell(_sealed([job], [result]))

    def _call_for_all(self) -> None:
        """After the tasks that run just now: what they add goes into the same transaction."""
        self._asked = None
        try:
            self._call()
        except RuntimeError as error:  # the thread has ended, and nobody else would tell
            waiting, self._is_called = [*self._waiting], False
            self._waiting.clear()
            _tell([(job, None, error) for job in waiting])

    def _call(self) -> None:
        if not self._is_called:
            self._is_called = True
            self._thread.submit(self._commit)

    def _did_together(self, jobs: list[_Job]) -> bool:
        try:
            results = self._transact(lambda connection: [job.work(connection) for job in jobs])
        except CannotWrite as error:  # a full disk or a locked file is the same for each of them
            _tell([(job, None, error) for job in jobs])
            return True
        except Exception:
            return False
        _tell(_sealed(jobs, results))
        return True


_Told = tuple[_Job, Any, BaseException | None]
"""What one hears: what came of it, or an error."""


def _sealed(jobs: Sequence[_Job], results: Sequence[Any]) -> list[_Told]:
    """What each hears of a transaction that is on disk."""
    faults: dict[Seal | None, BaseException] = {}
    for seal in {job.seal for job in jobs if job.seal is not None}:
        try:
            seal([result for job, result in zip(jobs, results, strict=True) if job.seal == seal])
        except BaseException as error:  # whoever waits must hear of whatever it was
            faults[seal] = error
    return [(job, result, faults.get(job.seal)) for job, result in zip(jobs, results, strict=True)]


def _tell(told: list[_Told]) -> None:
    """Let the waiting tasks go on, those of one loop by one call; if it is gone, they hear nothing."""
    for loop, mine in groupby(told, key=lambda one: one[0].loop):
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_end, list(mine))


def _end(told: list[_Told]) -> None:
    for job, result, error in told:
        if job.ended.done():  # its task was cancelled
            continue
        if error is None:
            job.ended.set_result(result)
        else:
            job.ended.set_exception(error)
