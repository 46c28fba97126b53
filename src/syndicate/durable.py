"""What outlives a power cut: files and the names in folders, one by one, or all that waits for a disk at once."""

from __future__ import annotations

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Iterable, Iterator, Sequence

_MANY: Final = 8
"""From so many files on, the disk is asked for all at once."""

_AT_ONCE: Final = 4
"""So many files are waited for at the same time, where each is asked for by itself."""

_MUCH_BYTES: Final = 64_000_000
"""Where more than that waits for the machine's disks, others write, too: we do not wait for theirs."""

_SPEAKING: Final = frozenset({0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x794C7630, 0x01021994})
"""ext2 to ext4, XFS, Btrfs, F2FS, overlays of these, and tmpfs (`statfs(2)`): disks that say when all is written."""

_SINCE: Final = (5, 8)
"""The version of Linux from which `syncfs` tells of what could not be written."""

_MEMORY: Final = Path("/proc/meminfo")
_WAITING: Final = re.compile(rb"^(?:Dirty|Writeback): +(\d+) kB$", re.MULTILINE)


def sync(path: Path | str) -> None:
    """Make a file's bytes durable, or what was renamed, made or removed in a folder: POSIX keeps names there.

    Raises:
        OSError: it may not outlive a power cut.
    """
    with _opened(path) as descriptor:
        os.fsync(descriptor)


def sync_all(paths: Sequence[Path | str]) -> None:
    """Make several durable, in any order.

    Many are left to the disk, which writes them in one go: each by itself takes a commit of the file system, so that
    3,000 feeds cost as much CPU as making them. Fewer, or where the disk cannot do that, are asked for beside each
    other: on a busy disk these wait once.

    Raises:
        OSError: some of them may not outlive a power cut.
    """
    if len(paths) >= _MANY and _sync_disks(paths):
        return
    turns = min(_AT_ONCE, len(paths))
    if turns < 2:
        _sync_each(paths)
        return
    with ThreadPoolExecutor(turns, "sync") as pool:
        rest = iter(paths)  # all take from it: a task for each path would cost more than all else that is done here
        for _ in pool.map(_sync_each, [rest] * turns):
            pass


def _sync_each(paths: Iterable[Path | str]) -> None:
    for path in paths:
        sync(path)


def _sync_disks(paths: Iterable[Path | str]) -> bool:
    """Make all durable that waits for the disks of these paths; False: nothing was done.

    Raises:
        OSError: a disk could not take all.
    """
    system = _system()
    if system is None or _waiting_bytes() > _MUCH_BYTES:
        return False
    disks = {os.stat(path).st_dev: path for path in paths}  # noqa: PTH116 - asked of thousands
    if not all(_kind(system, path) in _SPEAKING for path in disks.values()):
        return False
    for path in disks.values():
        with _opened(path) as descriptor:
            if system.syncfs(descriptor):
                raise _trouble(path)
    return True


def _kind(system: ctypes.CDLL, path: Path | str) -> int:
    """The number of a disk's kind of file system; that is what `statfs` says first, in a word of the machine."""
    import ctypes

    facts = (ctypes.c_long * 64)()
    if system.statfs(os.fsencode(path), facts):
        raise _trouble(path)
    return facts[0]


def _trouble(path: Path | str) -> OSError:
    import ctypes

    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), os.fspath(path))


@cache
def _system() -> ctypes.CDLL | None:
    """The C library, if the system can write all that waits for a disk and say whether that went well."""
    if sys.platform != "linux" or not _is_speaking(os.uname().release):
        return None
    import ctypes  # here, as most starts do without

    try:
        system = ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None
    return system if hasattr(system, "syncfs") and hasattr(system, "statfs") else None


def _is_speaking(release: str) -> bool:
    """Whether this release of Linux is new enough."""
    major, _, rest = release.partition(".")
    minor = rest.partition(".")[0]
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= _SINCE


def _waiting_bytes() -> int:
    """What is written and not yet on the machine's disks; more than any where the system does not say."""
    try:
        found = _WAITING.findall(_MEMORY.read_bytes())
    except OSError:
        return sys.maxsize
    return 1024 * sum(map(int, found)) if len(found) == 2 else sys.maxsize


@contextmanager
def _opened(path: Path | str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
