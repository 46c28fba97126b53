"""Files that are opened only if they are files: a pipe keeps whoever opens it waiting, a device may have no end."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_MOST: Final = 2**63 - 1


def opened(path: str, flags: int) -> int:
    """The descriptor of a regular file, or of one that a link leads to; the `opener` of `open`.

    Raises:
        OSError: it cannot be opened; where something else stands, with ENXIO, as of a pipe that nobody reads.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise OSError(errno.ENXIO, "is no regular file", path)


def stamp_of(facts: os.stat_result) -> tuple[int, int, int]:
    """Size, time of the last change (ns since 1970) and inode of a file, such that what we keep has room for them.

    That is a number of 64 bits with a sign. Inodes may have all 64 bits (FUSE, NFS, overlays), and a time may be of
    any year: those before 1678 and after 2262 are taken for the first and the last that fit.
    """
    return facts.st_size, max(-_MOST, min(facts.st_mtime_ns, _MOST)), facts.st_ino & _MOST


def read_regular(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: as `opened`.
    """
    with open(path, "rb", opener=opened) as file:
        return file.read()
