"""Processes that read files side by side: a first scan of thousands of files uses all cores, and holds up nobody."""

from __future__ import annotations

import copyreg
import os
import pickle
import queue
import subprocess
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from itertools import repeat
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from syndicate.content.process import ended, pipe, started
from syndicate.content.sweep import Sight
from syndicate.errors import Fault
from syndicate.items.snapshot import unpack
from syndicate.log import log
from syndicate.ports.content import Indexed, Stamp

if TYPE_CHECKING:
    from syndicate.content.file import FileReader


MOST: Final = 4
"""Processes at most: each has the program once more in memory, about 50 MB."""

Found = tuple[Stamp, bytes, str | None, tuple[Fault, ...]] | None
"""What a file holds: stamp, packed item if it is one, rule that hides it, faults; None: look yourself."""

MANY: Final = 500
"""So many files are worth the start of the processes."""

PATIENCE_S: Final = 60.0
"""So long may a process take for the files it has at a time: a thousand times what they take on a busy machine."""

TURN_S: Final = 0.25
"""How often whoever waits for a process looks whether it still should."""

_TOGETHER: Final = 50
_CHILD: Final = "syndicate.content.reading"


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_ahead(
    root: Path, sights: Sequence[Sight], reader: FileReader, turn: Callable[[], None] = lambda: None
) -> Generator[Indexed | None, None, None]:
    """What each file holds, in order; None where the caller has to look itself.

    Few files are all left to the caller. Closing the iterator ends the processes.

    Args:
        root: the real folder.
        sights: files that nothing is known of, as a sweep saw them.
        reader: what would read them here.
        turn: called again and again while nothing comes; may raise to end it all.
    """
    number = min(cores(), MOST)
    if len(sights) < MANY or number < 2:
        yield from repeat(None, len(sights))
        return
    try:
        started_readers = Readers(number, reader.keywords, turn)
    except OSError as error:  # no process or memory is left for them
        log.warning("reader_failed", reason=str(error))
        yield from repeat(None, len(sights))
        return
    with closing(started_readers) as readers:
        found = readers.read(root, sights, reader.clock())
        for sight, one in zip(sights, found, strict=True):
            if one is None:
                yield None
                continue
            stamp, packed, skipped, faults = one
            try:
                item = unpack(packed) if packed else None
            except (ValueError, TypeError, KeyError):  # of another version: the program was replaced meanwhile
                yield None
                continue
            yield Indexed(reader.prefix + sight.path, stamp, item, skipped, faults)


class Readers:
    """So many processes that read files of one folder, as a `FolderStore` with these keywords does; end it by `close`.

    Whoever waits for them has its `turn` again and again.
    A process that ends on its own costs no file: what it was to read is left to the caller. Where one does not answer
    at all, as something holds it up, all are ended.
    """

    def __init__(self, number: int, keywords: Mapping[str, Any], turn: Callable[[], None]) -> None:
        self._number = number
        self._turn = turn
        self._is_failed = False  # or closed: what fails then is told no more
        self._children: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(number, thread_name_prefix="reading")
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        try:
            for _ in range(number):
                child = started(_CHILD)
                self._children.append(child)
                _send(child, dict(keywords))
                self._idle.put(child)
        except BaseException:
            self.close()
            raise

    def read(self, root: Path, sights: Sequence[Sight], now_ns: int) -> Iterator[Found]:
        """What each file holds, in order; None where the caller has to look itself."""
        waiting: deque[Future[list[Found]]] = deque()
        for chunk in _chunks(sights):
            waiting.append(self._threads.submit(self._ask, root, chunk, now_ns))
            if len(waiting) > 2 * self._number:
                yield from self._answer(waiting.popleft())
        for future in waiting:
            yield from self._answer(future)

    def _answer(self, future: Future[list[Found]]) -> list[Found]:
        ends = time.monotonic() + PATIENCE_S
        while not wait((future,), min(PATIENCE_S, TURN_S)).done:
            self._turn()
            if time.monotonic() >= ends:
                self._tell(f"no answer in {PATIENCE_S:g} s")
                for child in self._children:
                    child.kill()
                break
        return future.result()

    def _ask(self, root: Path, sights: Sequence[Sight], now_ns: int) -> list[Found]:
        child = self._idle.get()
        try:
            _send(child, (now_ns, root, sights))
            found: list[Found] = _Answers(pipe(child.stdout)).load()
            if len(found) != len(sights):
                raise ValueError("it told of other files")
        except Exception as error:  # the edge of a process that may have died, or be of another version by now
            self._tell(str(error) or "it ended")
            return [None] * len(sights)
        finally:
            self._idle.put(child)
        return found

    def _tell(self, reason: str) -> None:
        """Tell why a process failed, of the first."""
        if not self._is_failed:
            log.warning("reader_failed", reason=reason)
        self._is_failed = True

    def close(self) -> None:
        """End the processes."""
        self._is_failed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            ended(child)


class _Answers(pickle.Unpickler):
    """Reads values, and nothing that does anything: who reads foreign files may be told by them what to say."""

    def find_class(self, module: str, name: str) -> type:
        found = _VALUES.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it told of {module}.{name}")
        return found


_VALUES: Final[Mapping[tuple[str, str], type]] = {(one.__module__, one.__name__): one for one in (Stamp, Fault)}


def _chunks(sights: Sequence[Sight]) -> Iterator[Sequence[Sight]]:
    return (sights[start : start + _TOGETHER] for start in range(0, len(sights), _TOGETHER))


def _frozen(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


# What pickle cannot send on its own: the rules' read-only mappings.
_HOW_TO_SEND: Final = copyreg.dispatch_table | {MappingProxyType: lambda one: (_frozen, (dict(one),))}


def _send(child: subprocess.Popen[bytes], told: object) -> None:
    jobs = pipe(child.stdin)
    pickler = pickle.Pickler(jobs, protocol=5)
    pickler.dispatch_table = _HOW_TO_SEND
    pickler.dump(told)
    jobs.flush()
