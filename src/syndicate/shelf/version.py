"""Files of the shelf as they are served: whole versions, read once and kept in memory."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Smaller bodies fit one network packet anyway.
_GZIP_FLOOR_BYTES = 860


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a file. `etag` is strong, quotes included; `gzipped` is empty where it would not pay."""

    stamp: tuple[int, int, int]
    content: bytes
    etag: str
    modified: datetime
    gzipped: bytes = b""

    @property
    def gzip_etag(self) -> str:
        """The tag of the compressed bytes, which are another representation (RFC 9110, 8.8.3.3)."""
        return f'{self.etag[:-1]}-gz"'

    @property
    def weight_bytes(self) -> int:
        """What it costs to keep."""
        return len(self.content) + len(self.gzipped)


class Versions:
    """Reads files below `root`, at most `room_bytes` of them kept, the least recently asked for going first.

    A file that was replaced is read anew; one that is being replaced is seen whole, old or new, since the shelf
    renames and a file once opened stays what it was. Safe in several threads.
    """

    def __init__(self, root: Path, room_bytes: int = 64 * 1024 * 1024) -> None:
        self._root = root
        self._room_bytes = room_bytes
        self._kept: OrderedDict[str, Version] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, parts: Sequence[str], *, is_text: bool) -> Version | None:
        """The newest version of the file, None if there is none to serve.

        Args:
            parts: the path's segments. Hidden files, ways out of the shelf and links that lead out are not served.
            is_text: whether it is worth compressing.
        """
        if any(not part or part.startswith(".") or "/" in part or "\\" in part or "\0" in part for part in parts):
            return None
        path = self._root.joinpath(*parts)
        name = "/".join(parts)
        try:
            if not path.resolve().is_relative_to(self._root.resolve()):
                return None
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                return None
            return self._known(name, _stamp(found)) or self._read(name, path, is_text=is_text)
        except OSError:
            return None

    def _known(self, name: str, stamp: tuple[int, int, int]) -> Version | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept.stamp != stamp:
                return None
            self._kept.move_to_end(name)
            return kept

    def _read(self, name: str, path: Path, *, is_text: bool) -> Version:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            content = file.read()
        gzipped = gzip.compress(content, mtime=0) if is_text and len(content) >= _GZIP_FLOOR_BYTES else b""
        version = Version(
            stamp=_stamp(found),
            content=content,
            etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
            modified=datetime.fromtimestamp(int(found.st_mtime), UTC),
            gzipped=gzipped if len(gzipped) < len(content) else b"",
        )
        with self._lock:
            self._kept[name] = version
            self._kept.move_to_end(name)
            while len(self._kept) > 1 and sum(kept.weight_bytes for kept in self._kept.values()) > self._room_bytes:
                self._kept.popitem(last=False)
        return version


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_size, found.st_ino
