"""Files that are written whole or not at all: whoever reads sees the former or the new one."""

from __future__ import annotations

import errno
import os
import secrets
from typing import TYPE_CHECKING

from syndicate.errors import CannotWrite

if TYPE_CHECKING:
    from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in your disk quota",
    errno.EFBIG: "let this user write larger files there (`ulimit -f`)",
    errno.EROFS: "the disk is read-only: make it writable, or name another place",
}

UNFINISHED = ".syndicate-new"
"""The end of a new file's name until it takes its place; a killed process may leave such hidden files behind."""


def replace_file(target: Path, content: bytes, *, is_durable: bool = True) -> None:
    """Write a new file beside the target and rename it; once this returned, a durable one outlives a power cut.

    Raises:
        OSError: nothing changed; the former file stands.
    """
    # A name of its own: several threads and processes may write beside each other.
    new = target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}{UNFINISHED}")
    try:
        with new.open("wb") as file:
            file.write(content)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        new.replace(target)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    if is_durable:
        sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make what was renamed, made or removed in a folder durable: POSIX keeps names there, and that has its buffer."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError, otherwise: str) -> CannotWrite:
    """What to tell of a failed write: the system's reason, and its remedy, or else this one."""
    reason = error.strerror or str(error)
    return CannotWrite(str(path), reason, _REMEDIES.get(error.errno or 0, otherwise))
