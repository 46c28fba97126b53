"""Waking on changes in folders: low latency, never the only way to notice one."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterable
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path

from syndicate.content.passing import CALM, is_passing

LOOK_S = 1.0
"""Seconds between looks whether a watched folder is still the same one."""

AGAIN_S = 1.0
"""How soon a new folder is looked at once more: what came into it before it was watched gives no event."""

_TOGETHER_S = 2.0
"""So close to each other, a folder that came and a path that went may be one that was moved."""

# A burst is one wake-up, when the file that was written last may be used: an earlier one would look in vain.
_STEP_MS = CALM // timedelta(milliseconds=1) + 5
_DEBOUNCE_MS = 1500


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
    folder: Path, stirred: Stirred, stop: asyncio.Event, *, look_s: float = LOOK_S, is_again: bool = False
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
        is_again: something may have been missed; what stands then is noted once the watch stands.

    Raises:
        OSError: the folder is missing, or the system cannot watch (more); nothing falls back to polling in silence.
    """
    while not stop.is_set():
        root, switched = _identity(folder), asyncio.Event()
        watching = asyncio.create_task(_watch(Path(root[0]), stirred, switched, is_again=is_again))
        looking = asyncio.create_task(_until_switched(folder, root, stop, look_s))
        try:
            done, _ = await asyncio.wait((watching, looking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            switched.set()
            looking.cancel()
            await asyncio.wait((watching, looking))
        for task in done:
            task.result()
        if looking in done:
            stirred.note()
        is_again = True


async def _until_switched(folder: Path, root: tuple[str, int, int], stop: asyncio.Event, look_s: float) -> None:
    """Until the folder is another one than it was, or not there, or nobody wants to know any more."""
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), look_s)
        try:
            if await asyncio.to_thread(_identity, folder) != root:
                return
        except OSError:
            return


def _identity(folder: Path) -> tuple[str, int, int]:
    """Where the folder truly lies, and which one it is."""
    real = os.path.realpath(folder)
    facts = os.stat(real)  # noqa: PTH116 - beside realpath, which pathlib has no equal of
    return real, facts.st_dev, facts.st_ino


class _Moves:
    """Whether a folder may have been moved, which may leave it unwatched for good.

    The system watches a folder wherever it goes, and watchfiles (notify) counts by paths: where it meets a moved folder
    at its new place before it hears that the old place is empty, it ends the watch of both.
    """

    def __init__(self) -> None:
        self.came: list[Path] = []
        self._came_at = self._went_at = -math.inf

    def note(self, place: Path, *, has_come: bool) -> None:
        """Hear of a path that came, or went."""
        if not has_come:
            self._went_at = time.monotonic()
        elif place.is_dir() and not place.is_symlink():
            self._came_at = time.monotonic()
            self.came.append(place)

    def take(self) -> list[Path]:
        """The folders that came since the last call."""
        came, self.came = self.came, []
        return came

    @property
    def are_likely(self) -> bool:
        """Whether one was moved, by all that was heard."""
        return abs(self._came_at - self._went_at) < _TOGETHER_S  # of two that never were it is not a number


async def _watch(root: Path, stirred: Stirred, stop: asyncio.Event, *, is_again: bool) -> None:
    """Until stopped, or until a new watch is needed, as a folder was moved."""
    from watchfiles import Change, awatch

    moves = _Moves()

    def is_news(change: Change, path: str) -> bool:
        """Names below the watched folder count; the way to it may well be hidden."""
        place = Path(path)
        if change is not Change.modified:
            moves.note(place, has_come=change is Change.added)
        return not place.is_relative_to(root) or not any(is_passing(part) for part in place.relative_to(root).parts)

    changes = awatch(
        root,
        watch_filter=is_news,
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        stop_event=stop,
        force_polling=False,
        recursive=True,
    )
    loop = asyncio.get_running_loop()
    if is_again:  # and no sooner: the watch is set up before the first wait for a change
        loop.call_soon(stirred.note)
    try:
        async with aclosing(changes):
            async for found in changes:
                stirred.note(Path(path) for _, path in found)
                if came := moves.take():
                    loop.call_later(AGAIN_S, stirred.note, came)
                if moves.are_likely:
                    return
    except (OSError, RuntimeError) as error:  # watchfiles raises the second for what fails inside its Rust part
        raise OSError(f"the system does not watch {root}: {error}") from error
