"""What outlives a power cut: files and the names in folders, one by one, or all that waits for a disk at once."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable, Iterable, Iterator, Sequence

_MANY: Final = 8
"""From so many files on, the disk is asked for all at once."""

_AT_ONCE: Final = 4
"""So many files are waited for at the same time, where each is asked for by itself."""

_MUCH_BYTES: Final = 64_000_000
"""Where more than that waits for the machine's disks, others write, too: we do not wait for theirs."""

_EXT: Final = 0xEF53
_SPEAKING: Final = frozenset({_EXT, 0x58465342, 0x9123683E, 0xF2F52010, 0x01021994})
"""ext3 and ext4 (ext2 has their number, see `_is_ext2`), XFS, Btrfs, F2FS and tmpfs (`statfs(2)`): disks that say when
all is written, and what could not be.

An overlay says nothing of what the disk below it could not take.
"""

_SINCE: Final = (5, 17)
"""The version of Linux from which `syncfs` tells of what could not be written: of bytes since 5.8 ("syncfs(2)"), of
names since what a file system's own `sync_fs` gives is no longer dropped."""

_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
_REFUSED: Final = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY})
"""A file system has no such call. All else is trouble of the disk, which a later `fsync` need not tell once more."""

_MEMORY: Final = Path("/proc/meminfo")
_MOUNTS: Final = Path("/proc/self/mountinfo")
_WAITING: Final = re.compile(rb"^(?:Dirty|Writeback): +(\d+) kB$", re.MULTILINE)


def sync(path: Path | str) -> None:
    """Make a file's bytes durable, or what was renamed, made or removed in a folder: POSIX keeps names there.

    Raises:
        OSError: it may not outlive a power cut.
    """
    with _opened(path) as descriptor:
        sync_open(descriptor)


def sync_open(descriptor: int) -> None:
    """The same of a file that is open.

    On macOS `fsync` leaves bytes in the drive's own memory, which a power cut empties; another call has the drive write
    them, too, where its file system can ask for that (macOS, "fsync(2)" and "fcntl(2)").

    Raises:
        OSError: it may not outlive a power cut.
    """
    if _FULL_SYNC is not None:
        try:
            fcntl.fcntl(descriptor, _FULL_SYNC)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
        else:
            return
    os.fsync(descriptor)


def sync_all(paths: Sequence[Path | str]) -> None:
    """Make several durable, in any order.

    Raises:
        OSError: some of them may not outlive a power cut.
    """
    with syncing(paths, number=len(paths)) as sync_these:
        sync_these(paths)


@contextmanager
def syncing(around: Iterable[Path | str], *, number: int) -> Iterator[Callable[[Sequence[Path | str]], None]]:
    """Gives what makes files and names durable, in any order; it raises OSError if some may not outlive a power cut.

    Many are left to the disk, which writes them in one go: each by itself takes a commit of the file system. Fewer, or
    where the disk cannot do that or something went wrong, are asked for beside each other: on a busy disk these wait
    once.

    Args:
        around: folders that stand, on all disks that files will be written on. This begins before that: whoever asks
            a disk first hears of an error, but those who began before hear of it, too.
        number: of the files.
    """
    with ExitStack() as opened:
        disks = _disks(around, opened) if number >= _MANY else ()
        yield lambda paths: _sync_by(disks, paths)


def _sync_by(disks: Sequence[int], paths: Sequence[Path | str]) -> None:
    if disks and paths and _sync_disks(disks):
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


def _disks(around: Iterable[Path | str], opened: ExitStack) -> tuple[int, ...]:
    """A descriptor for each disk; none if one of them cannot be asked, or others write much."""
    system = _system()
    if system is None or _waiting_bytes() > _MUCH_BYTES:
        return ()
    try:
        places = {os.stat(path).st_dev: path for path in around}  # noqa: PTH116 - asked of thousands
        disks = tuple(opened.enter_context(_opened(path)) for path in places.values())
    except OSError:
        return ()
    return disks if all(_speaks(system, disk) for disk in disks) else ()


def _sync_disks(disks: Iterable[int]) -> bool:
    """Have the disks write all that waits for them; False: one may not have done so, or others write much."""
    system = _system()
    return system is not None and _waiting_bytes() <= _MUCH_BYTES and not any(map(system.syncfs, disks))


def _speaks(system: ctypes.CDLL, disk: int) -> bool:
    kind = _kind(system, disk)
    return kind in _SPEAKING and not (kind == _EXT and _is_ext2(disk))


def _is_ext2(disk: int) -> bool:
    """Whether it is, or may be, an ext2: of what it writes then, the drive may hold some in its own memory (Linux,
    `ext2_sync_fs` beside `ext4_sync_fs`).
    """
    number = os.fstat(disk).st_dev
    try:
        mounts = _MOUNTS.read_text(errors="replace")
    except OSError:
        return True
    kinds = re.findall(rf"^\d+ \d+ {os.major(number)}:{os.minor(number)} .*? - (\S+) ", mounts, re.MULTILINE)
    return not kinds or "ext2" in kinds


def _kind(system: ctypes.CDLL, disk: int) -> int:
    """The number of a disk's kind of file system: what `fstatfs` says first, in a word of the machine; 0: refused."""
    import ctypes

    facts = (ctypes.c_long * 64)()
    return 0 if system.fstatfs(disk, facts) else facts[0]


@cache
def _system() -> ctypes.CDLL | None:
    """The C library, if the system can write all that waits for a disk and say whether that went well."""
    if sys.platform != "linux" or not _is_speaking(os.uname().release):
        return None
    import ctypes  # here, as most starts do without

    try:
        system = ctypes.CDLL(None)
    except OSError:
        return None
    return system if hasattr(system, "syncfs") and hasattr(system, "fstatfs") else None


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
