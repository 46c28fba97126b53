"""Waking on changes in folders: low latency, never the only way to notice one."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from fnmatch import translate
from pathlib import Path

LOOK_S = 1.0
"""Seconds between looks whether a watched folder is still the same one."""

QUIET = timedelta(milliseconds=250)
"""So long a file is left alone before it is used."""

CALM = timedelta(milliseconds=30)
"""So long, where the system knows that nobody has it open for writing any more."""

# A burst is one wake-up, when the file that was written last may be used: an earlier one would look in vain.
_STEP_MS = CALM // timedelta(milliseconds=1) + 5
_DEBOUNCE_MS = 1500

_PASSING = re.compile(
    "|".join(
        map(translate, (".*", "*~", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.sw?", "*.bak", "#*#",
                        "~$*", "4913"))
    )
)  # fmt: skip


def is_passing(name: str) -> bool:
    """Whether a file or folder name is hidden, or that of a temporary or backup copy."""
    return _PASSING.match(name.casefold()) is not None


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


async def wake(folder: Path, stirred: Stirred, stop: asyncio.Event, *, look_s: float = LOOK_S) -> None:
    """Note soon after anything in the folder changes, until `stop` is set.

    The folder, or one above it, may be a link that is switched to another place (git-sync, Kubernetes volumes), which
    gives no event at all: every `look_s` it is looked whether it is still the same, and the new one is watched then.
    A rescan by the clock is needed besides, as network file systems give few events and the kernel's queue has an end.

    Args:
        folder: watched with everything below it.
        stirred: told of changes.
        stop: ends the watch.
        look_s: seconds between looks at the links.

    Raises:
        OSError: the folder is missing, or the system cannot watch (more); nothing falls back to polling in silence.
    """
    while not stop.is_set():
        root, switched = _identity(folder), asyncio.Event()
        watching = asyncio.create_task(_watch(Path(root[0]), stirred, switched))
        looking = asyncio.create_task(_until_switched(folder, root, stop, look_s))
        try:
            done, _ = await asyncio.wait((watching, looking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            switched.set()
            looking.cancel()
            await asyncio.wait((watching, looking))
        for task in done:
            task.result()
        stirred.note()


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


async def _watch(root: Path, stirred: Stirred, stop: asyncio.Event) -> None:
    from watchfiles import Change, awatch

    def is_news(_change: Change, path: str) -> bool:
        """Names below the watched folder count; the way to it may well be hidden."""
        place = Path(path)
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
    try:
        async for found in changes:
            stirred.note(Path(path) for _, path in found)
    except (OSError, RuntimeError) as error:  # watchfiles raises the second for what fails inside its Rust part
        raise OSError(f"the system does not watch {root}: {error}") from error
