"""Which characters a font file has glyphs for, read from its `cmap` table; Pillow does not tell.

Source: OpenType 1.9.1, "cmap - Character to Glyph Index Mapping Table" (formats 4 and 12), "Font File". Read 2026-11.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from syndicate.regular import read_regular

if TYPE_CHECKING:
    from pathlib import Path

_COLLECTION: Final = b"ttcf"
_FULL: Final = ((3, 10), (0, 4), (0, 6))
_BASIC: Final = ((3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
_LAST: Final = 0xFFFF


class Glyphs:
    """The characters of one face of a font file: `"a" in glyphs`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no font with a character map of a kind that is in use.
    """

    def __init__(self, path: Path, index: int = 0) -> None:
        content = read_regular(path)
        try:
            self._ranges = _ranges_in(content, _table(content, index, b"cmap"))
        except (struct.error, IndexError) as error:
            raise ValueError("is no whole font file") from error
        self._starts = [start for start, _ in self._ranges]

    def __contains__(self, char: str) -> bool:
        place = bisect_right(self._starts, ord(char)) - 1
        return place >= 0 and ord(char) <= self._ranges[place][1]


def directory_of(content: bytes, index: int) -> bytes:
    """The list of a face's tables, each with its checksum: as good as a digest of the whole.

    Raises:
        struct.error: the file is cut short.
    """
    start = struct.unpack_from(">I", content, 12 + 4 * index)[0] if content.startswith(_COLLECTION) else 0
    (count,) = struct.unpack_from(">H", content, start + 4)
    return content[start + 12 : start + 12 + 16 * count]


def _table(content: bytes, index: int, name: bytes) -> int:
    directory = directory_of(content, index)
    for tag, _, offset, _ in struct.iter_unpack(">4sIII", directory):
        if tag == name:
            return int(offset)
    raise ValueError("is a font without a character map")


def _ranges_in(content: bytes, cmap: int) -> list[tuple[int, int]]:
    (count,) = struct.unpack_from(">H", content, cmap + 2)
    tables = {}
    for place in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", content, cmap + 4 + 8 * place)
        tables[platform, encoding] = cmap + offset
    for kinds, wanted, read in ((_FULL, 12, _groups), (_BASIC, 4, _segments)):
        for kind in kinds:
            if kind in tables and struct.unpack_from(">H", content, tables[kind])[0] == wanted:
                return read(content, tables[kind])
    raise ValueError("is a font whose character map is of no known kind")


def _groups(content: bytes, table: int) -> list[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", content, table + 12)
    groups = struct.iter_unpack(">III", content[table + 16 : table + 16 + 12 * count])
    return sorted((start, end) for start, end, _ in groups)


def _segments(content: bytes, table: int) -> list[tuple[int, int]]:
    (doubled,) = struct.unpack_from(">H", content, table + 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", content, table + 14)
    starts = struct.unpack_from(f">{count}H", content, table + 16 + doubled)
    deltas = struct.unpack_from(f">{count}H", content, table + 16 + 2 * doubled)
    offsets_at = table + 16 + 3 * doubled
    offsets = struct.unpack_from(f">{count}H", content, offsets_at)
    found = []
    for place, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        if not offset:
            # One character of a segment can be the missing glyph: that which the delta turns to zero.
            hole = -delta % 0x10000
            parts = ((start, min(end, hole - 1)), (max(start, hole + 1), end))
            found += [part for part in parts if part[0] <= part[1]] if start <= hole <= end else [(start, end)]
            continue
        glyphs = offsets_at + 2 * place + offset
        for char in range(start, end + 1):
            if struct.unpack_from(">H", content, glyphs + 2 * (char - start))[0]:
                found.append((char, char))
    return sorted(part for part in found if part[0] < _LAST)
