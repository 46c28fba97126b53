"""Files of the shelf as they are served: whole versions, read once, compressed once if anybody wants that."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import stat
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
from msgspec import Struct, field
from msgspec.structs import replace

from syndicate.regular import stamp_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# Smaller bodies fit one network packet anyway.
_PACKING_FLOOR_BYTES = 860
# Of 11; 9 takes five times as long, as long as 0.3 to 1 ms for each kB, for a thousandth of the size.
_BROTLI_QUALITY = 7
PACK = {
    "br": partial(brotli.compress, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY),
    "gzip": partial(gzip.compress, compresslevel=6, mtime=0),
}
"""Content codings in the order of their worth, and how each is made: feeds get up to a fifth smaller by Brotli."""
ENCODINGS = tuple(PACK)

_LINK = re.compile(rb"<(?:atom:)?link\s[^<>]*>")
_ATTRIBUTE = re.compile(rb'([a-z]+)="([^"<>]*)"')
_HISTORY = frozenset({"current", "prev-archive", "next-archive"})
_HEAD_BYTES = 16 * 1024


class Version(Struct, frozen=True):
    """One version of a file.

    `etag` is strong, quotes included. `codings` are the content codings it may be had in, `packed` the compressed forms
    that were asked for so far. `history` are the links of RFC 5005 that an XML document tells in its head, relation to
    address.
    """

    stamp: tuple[int, int, int]
    content: bytes
    etag: str
    modified: datetime
    codings: tuple[str, ...] = ()
    packed: Mapping[str, bytes] = field(default_factory=dict)
    history: Mapping[str, str] = field(default_factory=dict)

    def body(self, encoding: str) -> bytes:
        """The bytes in a content coding of `packed`; without one, as they are."""
        return self.packed[encoding] if encoding else self.content

    def tag(self, encoding: str) -> str:
        """The tag of these bytes: a compressed form is another representation (RFC 9110, 8.8.3.3)."""
        return f'{self.etag[:-1]}-{encoding}"' if encoding else self.etag

    @property
    def weight_bytes(self) -> int:
        """What it costs to keep."""
        return len(self.content) + sum(map(len, self.packed.values()))


class Versions:
    """Reads files below `root`, at most `room_bytes` of them kept, the least recently asked for going first.

    A file that was replaced is read anew; one that is being replaced is seen whole, old or new, since the shelf
    renames and a file once opened stays what it was. Safe in several threads.
    """

    def __init__(self, root: Path, room_bytes: int = 64 * 1024 * 1024) -> None:
        self._root = root
        self._room_bytes = room_bytes
        self._kept: OrderedDict[str, Version] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def kept(self, parts: Sequence[str]) -> Version | None:
        """The newest version, if it was read before: one look at the file's facts, some ten microseconds."""
        name = "/".join(parts)
        if name not in self._kept:
            return None
        try:
            return self._known(name, stamp_of(self._root.joinpath(*parts).stat()))
        except OSError:
            return None

    def fresh(self, name: str) -> Version | None:
        """The same by the path as one text, in a tenth of the time."""
        try:
            return self._known(name, stamp_of(os.stat(f"{self._root}/{name}")))  # noqa: PTH116
        except OSError:
            return None

    def stands(self, parts: Sequence[str]) -> bool:
        """Whether there is such a file, whatever it holds; as quick as `kept`."""
        return _is_served(parts) and os.path.isfile("/".join([str(self._root), *parts]))  # noqa: PTH113

    def find(self, parts: Sequence[str], *, is_text: bool) -> Version | None:
        """The newest version of the file, None if there is none to serve.

        Args:
            parts: the path's segments. Hidden files, ways out of the shelf and links that lead out are not served.
            is_text: whether it is worth compressing.
        """
        if not _is_served(parts):
            return None
        path = self._root.joinpath(*parts)
        name = "/".join(parts)
        try:
            if not path.resolve().is_relative_to(self._root.resolve()):
                return None
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                return None
            return self._known(name, stamp_of(found)) or self._read(name, path, is_text=is_text)
        except OSError:
            return None

    def pack(self, name: str, version: Version, encoding: str) -> Version:
        """The version with its form in this coding; where that would not be smaller, the version without the coding."""
        form = PACK[encoding](version.content)
        with self._lock:
            kept = self._kept.get(name)
            is_kept = kept is not None and kept.stamp == version.stamp
            newest = kept if kept is not None and is_kept else version  # it may have another form by now
            if len(form) < len(version.content):
                made = replace(newest, packed={**newest.packed, encoding: form})
            else:
                made = replace(newest, codings=tuple(one for one in newest.codings if one != encoding))
            if is_kept:
                self._keep(name, made)
        return made

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
        version = Version(
            stamp=stamp_of(found),
            content=content,
            etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
            modified=datetime.fromtimestamp(stamp_of(found)[1] // 10**9, UTC),
            codings=ENCODINGS if is_text and len(content) >= _PACKING_FLOOR_BYTES else (),
            history=_history(content) if name.endswith(".xml") else {},
        )
        with self._lock:
            self._keep(name, version)
        return version

    def _keep(self, name: str, version: Version) -> None:
        """Keep this one; what was not asked for longest makes room. For holders of the lock."""
        former = self._kept.pop(name, None)
        self._kept[name] = version
        self._kept_bytes += version.weight_bytes - (former.weight_bytes if former else 0)
        while len(self._kept) > 1 and self._kept_bytes > self._room_bytes:
            _, least = self._kept.popitem(last=False)
            self._kept_bytes -= least.weight_bytes


def _is_served(parts: Sequence[str]) -> bool:
    return not any(not part or part.startswith(".") or "/" in part or "\\" in part or "\0" in part for part in parts)


def _history(content: bytes) -> dict[str, str]:
    found = {}
    for link in _LINK.findall(content[:_HEAD_BYTES]):
        attributes = {name: unescape(value.decode()) for name, value in _ATTRIBUTE.findall(link)}
        if attributes.get(b"rel") in _HISTORY and b"href" in attributes:
            found[attributes[b"rel"]] = attributes[b"href"]
    return found
