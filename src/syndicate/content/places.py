"""Places in the store: only what truly lies below its root, and what tells that an image changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from syndicate.items.links import is_safe_path

# Not through a symlink that appears after the check, and not into the arms of a FIFO.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class NotSettled(Exception):
    """A file is still being written; look again later."""


def inside(root: Path, path: str) -> Path:
    """The real file behind a path below the root.

    Raises:
        OSError: it is not there, or leads out of the root.
    """
    if not path or path.startswith("/") or not is_safe_path(path):
        raise PermissionError("leads out of the store")
    real = Path(os.path.realpath(root / path, strict=True))
    if not real.is_relative_to(root):
        raise PermissionError("leads out of the store")
    return real


def image_stamp(root: Path, places: tuple[str, ...]) -> str:
    """What tells that the image changed or appeared: each place up to the first that can be read, with its facts."""
    lines = []
    for place in places:
        try:
            file = inside(root, place)
            facts = file.stat()
        except OSError:
            file = None
        if file is None or not os.access(file, os.R_OK):
            lines.append(f"-\t{place}")
            continue
        lines.append(f"{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ino}\t{place}")
        break
    return "\n".join(lines)


def places_of(stamp: str) -> tuple[str, ...]:
    """The places that an image stamp speaks of."""
    return tuple(line.partition("\t")[2] for line in stamp.split("\n")) if stamp else ()


def bytes_of(file: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """At most one byte over the limit of a regular file, and its facts.

    Raises:
        OSError: it cannot be read, or is no regular file.
        NotSettled: it changed while it was read.
    """
    with os.fdopen(os.open(file, _FLAGS), "rb") as opened:
        before = os.fstat(opened.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise PermissionError("is no regular file")
        content = opened.read(limit + 1)
        after = os.fstat(opened.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise NotSettled
    return content, after
