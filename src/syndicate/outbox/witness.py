"""How far a state had come, told outside of its folder: whoever puts back an older one by hand puts not that back."""

from __future__ import annotations

import ctypes
import hashlib
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from syndicate.atomic import replace_file
from syndicate.regular import read_regular

MARK = ".syndicate-state-"
"""The beginning of a witness's name; hidden, so that no feed server shows it and no shelf takes it for its own."""

_AT_FDCWD = -100
_STATX_BTIME = 0x800
_STATX_BYTES = 256
_BIRTH_AT = 80
"""Linux, "statx(2)" and `struct statx` in linux/stat.h: `stx_mask` comes first, `stx_btime` at byte 80."""


class Witnesses(Struct, frozen=True):
    """Files beside the feeds and in the user's own state folder, named by the database's place.

    One that is missing, or cannot be read or written, says nothing: feeds may be made anew, homes be read-only.
    """

    paths: tuple[Path, ...] = ()

    def read(self) -> tuple[bytes, ...]:
        """What those say that are there."""
        found = []
        for path in self.paths:
            with suppress(OSError):
                found.append(read_regular(path))
        return tuple(found)

    def write(self, content: bytes) -> None:
        """Let all say so that can; a stop leaves the former word or the new one."""
        for path in self.paths:
            with suppress(OSError):
                replace_file(path, content, is_durable=False)


def witnesses_of(database: Path, folders: Iterable[Path]) -> Witnesses:
    """The witnesses of a database in these folders, which may not be there yet."""
    name = MARK + hashlib.sha256(os.path.realpath(database).encode()).hexdigest()[:16]
    return Witnesses(tuple(folder / name for folder in folders))


def born_ns(path: Path) -> int | None:
    """When a file was made, in nanoseconds; None: not told here.

    A copy has a birth of its own, even where it gets the inode of a file that is gone (ext4 gives it at once).
    """
    birth = getattr(path.stat(), "st_birthtime", None)  # macOS and BSD; Python tells it not for Linux
    if birth is not None:
        return int(birth * 1e9)
    facts = ctypes.create_string_buffer(_STATX_BYTES)
    try:
        failed = ctypes.CDLL(None).statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, facts)
    except (AttributeError, OSError):  # another system, or an old C library
        return None
    if failed or not struct.unpack_from("=I", facts)[0] & _STATX_BTIME:
        return None
    seconds, nanoseconds = struct.unpack_from("=qI", facts, _BIRTH_AT)
    return int(seconds) * 10**9 + int(nanoseconds)
