"""Waking on changes in folders: low latency, never the only way to notice one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

_DEBOUNCE_MS = 200  # a burst is one wake-up
_STEP_MS = 50

_PASSING = ("*~", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.sw?", "*.bak", "#*#", "~$*", "4913")


def is_passing(name: str) -> bool:
    """Whether a file or folder name is hidden, or that of a temporary or backup copy."""
    folded = name.casefold()
    return folded.startswith(".") or any(fnmatchcase(folded, pattern) for pattern in _PASSING)


async def wake(folders: Sequence[Path], event: asyncio.Event, stop: asyncio.Event) -> None:
    """Set `event` soon after anything in the folders changes, until `stop` is set.

    A rescan by the clock is needed besides: a watched folder that is a symlink switched to another one (git-sync,
    Kubernetes volumes) gives no event at all, network file systems give few, and the kernel's queue has an end.

    Args:
        folders: watched with everything below them.
        event: set on changes; the caller clears it.
        stop: ends the watch.

    Raises:
        OSError: a folder is missing, or the system cannot watch (more); nothing falls back to polling in silence.
    """
    from watchfiles import Change, awatch

    roots = [folder.resolve() for folder in folders]

    def is_news(_change: Change, path: str) -> bool:
        """Names below the watched folder count; the way to it may well be hidden."""
        place = Path(path)
        root = next((root for root in roots if place.is_relative_to(root)), None)
        return root is None or not any(is_passing(part) for part in place.relative_to(root).parts)

    changes = awatch(
        *roots,
        watch_filter=is_news,
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        stop_event=stop,
        force_polling=False,
        recursive=True,
    )
    try:
        async for _ in changes:
            event.set()
    except (OSError, RuntimeError) as error:  # watchfiles raises the second for what fails inside its Rust part
        raise OSError(f"the system does not watch {', '.join(map(str, folders))}: {error}") from error
