"""Waking on changes in folders: low latency, never the only way to notice one."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from syndicate.content.below import folders_below
from syndicate.content.bursts import DEBOUNCE_MS, STEP_MS, End, bursts_in
from syndicate.content.passing import is_passing
from syndicate.noticing import noticed

LOOK_S = 1.0
"""Seconds between looks whether a watched folder is still the same one."""

_ALL_TOLD_S = (DEBOUNCE_MS + 4 * STEP_MS) / 1000
"""So long after a new watch stands, the former one has told whatever it heard before."""

_END_S = 2.0
"""So long it is waited for the threads of watches in the end: one that hangs, as on a dead mount, is left behind."""

_REST = 4
"""So many times as long as a new watch took to make, nothing but that is done before the next one."""

_TOGETHER = 1000
"""Folders in one watch: nothing else runs while it is made, 16 us for each."""

_MOST_WATCHES = 24
"""In so many at most: systems give a user 128 of them, and a former one goes on for a while beside its new one."""

_TRIES = 5
"""How often folders that go while a watch is made make it begun anew."""


class Stirred:
    """That something may have changed in the store, and near which places."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._is_anywhere = False
        self._places: set[Path] = set()

    def note(self, places: Iterable[Path] | None = None) -> None:
        """Something may have changed near these places, absolute and real; without any: anywhere."""
        if places is None:
            self._is_anywhere = True
        else:
            self._places.update(places)
        self._event.set()

    def take(self) -> frozenset[Path] | None:
        """Where something may have changed since the last call: nowhere, if nothing was noted; None: anywhere."""
        places = None if self._is_anywhere else frozenset(self._places)
        self._is_anywhere, self._places = False, set()
        self._event.clear()
        return places

    async def wait(self) -> None:
        """Until something is noted."""
        await self._event.wait()


async def wake(
    folder: Path,
    stirred: Stirred,
    stop: asyncio.Event,
    *,
    look_s: float = LOOK_S,
    stands: Callable[[], None] = lambda: None,
) -> None:
    """Note soon after anything in the folder changes, until `stop` is set.

    The folder, or one above it, may be a link that is switched to another place (git-sync, Kubernetes volumes), which
    gives no event at all: every `look_s` it is looked whether it is still the same, and the new one is watched then.
    A rescan by the clock is needed besides, as network file systems give few events and the kernel's queue has an end.

    Args:
        folder: watched with everything below it.
        stirred: told of changes.
        stop: ends the watch.
        look_s: seconds between looks at the links.
        stands: called once the watch stands: whoever looks from then on misses nothing.

    Raises:
        OSError: the folder is missing, or the system cannot watch (more); nothing falls back to polling in silence.
    """
    while not stop.is_set():
        root, switched = _identity(folder), asyncio.Event()
        watching = asyncio.create_task(_Watch(root[0], stirred, switched, stands).stay())
        looking = asyncio.create_task(noticed(partial(_is_switched, folder, root), look_s, stop))
        try:
            done, _ = await asyncio.wait((watching, looking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            switched.set()
            looking.cancel()
            await asyncio.gather(watching, looking, return_exceptions=True)  # an error of the other one is no news
        for task in done:
            task.result()
        if looking in done:
            stirred.note()
        stands = stirred.note


def _is_switched(folder: Path, root: tuple[str, int, int]) -> bool:
    """Whether the folder is another one than it was, or not there."""
    return _identity(folder) != root


def _identity(folder: Path) -> tuple[str, int, int]:
    """Where the folder truly lies, and which one it is."""
    real = os.path.realpath(folder)
    facts = os.stat(real)  # noqa: PTH116 - beside realpath, which pathlib has no equal of
    return real, facts.st_dev, facts.st_ino


class _Hearing:
    """One watch of folders, in a thread of its own: `standing` once it is made, `ended` when it is over, or failed.

    Args:
        root: names below it count, the way to it may well be hidden.
        folders: what is watched.
        tell: hears of what changed, and which folders came, in the loop.
    """

    def __init__(self, root: str, folders: Sequence[str], tell: Callable[[set[str], set[str]], None]) -> None:
        self.standing = asyncio.Event()
        self.end = End()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.ended.add_done_callback(asyncio.Future.exception)  # nobody may wait for it any more
        self._root = root
        self._folders = folders
        self._tell = tell
        threading.Thread(target=self._hear, daemon=True).start()

    def stands(self) -> None:
        """All is watched from now on."""
        self._call(self.standing.set)

    def is_news(self, path: str) -> bool:
        """Whether a change at this path matters."""
        return not any(map(is_passing, Path(path.removeprefix(self._root)).parts))

    def _hear(self) -> None:
        try:
            for burst in bursts_in(self._folders, self):
                self._call(self._tell, burst.changed, {path for path in burst.came if os.path.isdir(path)})  # noqa: PTH112
        except Exception as error:  # the edge of a thread: whoever waits for the watch would wait for ever
            self._call(self._fail, error)
        except BaseException as error:  # a panic of watchfiles' Rust part is one; it must not end the publisher
            self._call(self._fail, RuntimeError(f"{type(error).__name__}: {error}"))
        else:
            self._call(self._fail, None)
        finally:
            self.end.close()

    def _call(self, do: Callable[..., None], *given: object) -> None:
        try:
            self._loop.call_soon_threadsafe(do, *given)
        except RuntimeError:  # the loop is closed
            self.end.set()

    def _fail(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(error) if error else self.ended.set_result(None)


class _Watch:
    """The watch of a folder and those below it, one that comes soon after it came.

    Which folders a watch hears of is fixed, so one that came needs a new watch, and the former one goes on until all
    that it heard is told. That holds for a folder that was moved as well: it would be told of by its former path.
    """

    def __init__(self, root: str, stirred: Stirred, stop: asyncio.Event, stands: Callable[[], None]) -> None:
        self._root = root
        self._stirred = stirred
        self._stop = stop
        self._stands = stands
        self._came = {root}
        self._has_grown = asyncio.Event()
        self._folders: frozenset[str] = frozenset()
        self._closed: frozenset[str] = frozenset()
        self._hearing: set[_Hearing] = set()
        self._rests_until = 0.0

    async def stay(self) -> None:
        """Until stopped; it is told once the watch stands.

        Raises:
            OSError: the system cannot watch (more).
        """
        try:
            while not self._stop.is_set():
                await self._follow()
                await self._unless_failed(self._has_grown.wait())
        except (OSError, RuntimeError, ValueError) as error:
            # watchfiles raises the second for what fails inside its Rust part, the third for names that are not UTF-8
            raise OSError(f"the system does not watch {self._root!a}: {error}") from error
        finally:
            for one in self._hearing:
                one.end.set()
            if self._hearing:
                await asyncio.wait([one.ended for one in self._hearing], timeout=_END_S)

    async def _follow(self) -> None:
        """Watch what came, and what comes there until it is watched; only then is it looked at for good."""
        while self._came and not self._stop.is_set():
            await self._unless_failed(asyncio.sleep(self._rests_until - time.monotonic()))
            while len(self._hearing) > _MOST_WATCHES and not self._stop.is_set():  # former ones that are not at an end
                await self._unless_failed(asyncio.sleep(_ALL_TOLD_S))
            came, self._came = self._came, set()
            self._has_grown.clear()
            await self._look(came)
            await self._hear_all()
            if came == {self._root}:
                self._stands()
            else:
                self._stirred.note(map(Path, came))
            former = self._folders
            await self._look(came)
            self._came |= self._folders - former

    async def _look(self, places: Collection[str]) -> None:
        """Find the folders at these places and below."""
        found = await asyncio.to_thread(folders_below, self._root, places, self._stop.is_set)
        if self._root in places and self._root not in found.folders:
            os.scandir(self._root).close()  # which tells why
        self._folders |= found.folders
        self._closed = self._closed - found.folders | found.closed

    async def _hear_all(self) -> None:
        """Make a watch of all folders; those that went since they were found have to be found out anew."""
        for left in reversed(range(_TRIES)):
            try:
                await self._hear_anew()
                return
            except (FileNotFoundError, PermissionError):
                if not left:
                    raise
            self._folders = frozenset()
            await self._look({self._root})

    async def _hear_anew(self) -> None:
        """Make watches of all folders, then let the former ones come to their end."""
        former, loop, began = tuple(self._hearing), asyncio.get_running_loop(), time.monotonic()
        folders = sorted(self._folders)
        most = max(_TOGETHER, -(-len(folders) // _MOST_WATCHES))
        for first in range(0, len(folders), most):
            new = _Hearing(self._root, folders[first : first + most], self._hear)
            self._hearing.add(new)
            while not (new.standing.is_set() or self._stop.is_set()):
                await self._unless_failed(new.standing.wait())
        self._rests_until = time.monotonic() + _REST * (time.monotonic() - began)
        for one in former:
            loop.call_later(_ALL_TOLD_S, one.end.set)

    def _hear(self, changed: set[str], came: set[str]) -> None:
        self._stirred.note(map(Path, changed))
        if grown := came | (changed & self._closed):
            self._came |= grown
            self._has_grown.set()

    async def _unless_failed(self, wait: Coroutine[Any, Any, Any]) -> None:
        """Wait for this, or for a stop; what ended a watch before that is raised."""
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(wait), asyncio.ensure_future(self._stop.wait())]
        try:
            await asyncio.wait([*tasks, *(one.ended for one in self._hearing)], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        for hearing in [one for one in self._hearing if one.ended.done()]:
            self._hearing.remove(hearing)
            hearing.ended.result()
