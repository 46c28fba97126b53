"""Processes that do parts of our work side by side: how they are started, what they are asked, how they end.

What a process hears and answers: see `worker`.
"""

from __future__ import annotations

import copyreg
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

from syndicate.log import log
from syndicate.worker import frozen

PATIENCE_S: Final = 60.0
"""So long may a process take for the jobs it has at a time: a thousand times what they take on a busy machine."""

TURN_S: Final = 0.25
"""How often whoever waits for a process looks whether it still should."""

_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")
_CHILD: Final = "import sys; sys.path.insert(0, sys.argv[1]); from {module} import main; main()"

Values = Mapping[tuple[str, str], type]
"""The classes that answers may hold, by module and name."""

Sending = Mapping[type, Callable[[Any], tuple[Any, ...]]]
"""How objects of single classes are sent, as `copyreg` has it."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def started(module: str) -> subprocess.Popen[bytes]:
    """A process that runs the `main` of one of our modules, its input and output piped to us.

    Isolated (-I), and told where we are: it imports what it needs, and nothing of the folder it starts in. Without our
    environment: what handles foreign bytes has no business with tokens. In a process group of its own: Ctrl-C is for us
    to decide. Not in a session of its own: Linux shares the cores among sessions first, whatever their processes'
    priorities are (Linux, "sched(7)", autogroups), and those who serve readers have to come first.
    """
    return subprocess.Popen(  # noqa: S603  # our own interpreter and our own code
        [sys.executable, "-I", "-c", _CHILD.format(module=module), str(Path(__file__).parents[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        process_group=0,
    )


def ended(child: subprocess.Popen[bytes]) -> int:
    """End a process, dead or alive; gives its return code."""
    child.kill()
    for end in (child.stdin, child.stdout):
        with suppress(OSError):
            pipe(end).close()
    return child.wait()


def pipe(end: IO[bytes] | None) -> IO[bytes]:
    """One end of a started process's pipes, which it has."""
    assert end is not None
    return end


def values_of(*classes: type) -> Values:
    """The table of these classes."""
    return {(one.__module__, one.__name__): one for one in classes}


class Workers:
    """So many processes that run the `main` of one module, which calls `serve`; end them by `close`.

    Whoever waits for them has its `turn` again and again, which may raise to end it all.
    A process that ends on its own, or says what it cannot, costs nothing: what it was to do is left to the caller. It
    gets no more to do; another one stands in for the first of them. Where one does not answer at all, as something
    holds it up, all are ended.

    Args:
        module: the full name of the module.
        number: how many.
        greeting: keywords for the `begin` that the module serves by.
        turn: called again and again while nothing comes.
        values: classes that answers may hold.
        sending: how objects of single classes are sent that pickle cannot send on its own, or not well.

    Raises:
        OSError: no process or memory is left for them.
    """

    def __init__(
        self,
        module: str,
        number: int,
        greeting: Mapping[str, Any],
        *,
        turn: Callable[[], None],
        values: Values = MappingProxyType({}),
        sending: Sending = MappingProxyType({}),
    ) -> None:
        self._module = module
        self._work = module.rpartition(".")[2]
        self._number = number
        self._greeting = dict(greeting)
        self._turn = turn
        self._values = values
        self._sending = _HOW_TO_SEND | dict(sending)
        self._is_failed = False  # or closed: what fails then is told no more
        self._children: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(number, thread_name_prefix=self._work)
        self._changing = threading.Lock()  # of the children, and of whether another one may come
        self._has_spare = True
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes] | None] = queue.SimpleQueue()  # None: no more will come
        try:
            for _ in range(number):
                self._greet(self._start())
        except BaseException:
            self.close()
            raise

    def answers(self, jobs: Iterable[Sequence[object]]) -> Iterator[Any]:
        """The answer to each part of each job, in order; None where the caller has to do it."""
        waiting: deque[Future[list[Any]]] = deque()
        for job in jobs:
            waiting.append(self._threads.submit(self._ask, job))
            if len(waiting) > 2 * self._number:
                yield from self._answer(waiting.popleft())
        while waiting:
            yield from self._answer(waiting.popleft())

    def _answer(self, future: Future[list[Any]]) -> list[Any]:
        ends = time.monotonic() + PATIENCE_S
        while not wait((future,), min(PATIENCE_S, TURN_S)).done:
            self._turn()
            if time.monotonic() >= ends:
                self._tell(f"no answer in {PATIENCE_S:g} s")
                for child in self._last():
                    child.kill()
                break
        return future.result()

    def _start(self) -> subprocess.Popen[bytes]:
        child = started(self._module)
        self._children.append(child)
        return child

    def _greet(self, child: subprocess.Popen[bytes]) -> None:
        try:
            self._send(child, self._greeting)
        finally:
            self._idle.put(child)  # one that did not hear it fails with its first job

    def _last(self) -> tuple[subprocess.Popen[bytes], ...]:
        """The processes there are; no more will come."""
        with self._changing:
            self._has_spare = False
            return tuple(self._children)

    def _ask(self, job: Sequence[object]) -> list[Any]:
        child = self._idle.get()
        if child is None:
            self._idle.put(None)  # for whoever waits beside
            return [None] * len(job)
        try:
            self._send(child, job)
            answer: list[Any] = _Answers(pipe(child.stdout), self._values).load()
            if len(answer) != len(job):
                raise ValueError("it told of other things")
        except Exception as error:  # the edge of a process that may have died, or be of another version by now
            self._tell(str(error) or "it ended")
            self._leave(child)
            return [None] * len(job)
        self._idle.put(child)
        return answer

    def _leave(self, child: subprocess.Popen[bytes]) -> None:
        """One that failed gets no more to do: it would fail at once each time, and so take most jobs."""
        ended(child)
        other = None
        with self._changing:
            self._children.remove(child)
            if self._has_spare:
                self._has_spare = False
                with suppress(OSError):
                    other = self._start()
            if not self._children:
                self._idle.put(None)
        if other is not None:
            with suppress(OSError):  # without the lock: it may hang before it reads, and is ended then as all are
                self._greet(other)

    def _send(self, child: subprocess.Popen[bytes], told: object) -> None:
        jobs = pipe(child.stdin)
        pickler = pickle.Pickler(jobs, protocol=5)
        pickler.dispatch_table = self._sending
        pickler.dump(told)
        jobs.flush()

    def _tell(self, reason: str) -> None:
        """Tell why a process failed, of the first."""
        if not self._is_failed:
            tell_failed(self._work, reason)
        self._is_failed = True

    def close(self) -> None:
        """End the processes."""
        self._is_failed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._last():
            ended(child)


def tell_failed(work: str, reason: str) -> None:
    """Log that processes cannot do that work, or not all of it."""
    log.warning("worker_failed", work=work, reason=reason)


class _Answers(pickle.Unpickler):
    """Reads values, and nothing that does anything: who handles foreign texts may be told by them what to say."""

    def __init__(self, answers: IO[bytes], values: Values) -> None:
        super().__init__(answers)
        self._values = values

    def find_class(self, module: str, name: str) -> type:
        found = self._values.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it told of {module}.{name}")
        return found


# What pickle cannot send on its own: read-only mappings.
_HOW_TO_SEND: Final = copyreg.dispatch_table | {MappingProxyType: lambda one: (frozen, (dict(one),))}
