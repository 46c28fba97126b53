from __future__ import annotations

import struct
from pathlib import Path

import pytest

from syndicate.content.glyphs import Glyphs
from syndicate.content.typefaces import BOLD, REGULAR


def font(path: Path, *maps: tuple[int, int, bytes]) -> Path:
    """A font file that is nothing but a character map of these platforms, encodings and tables."""
    head = struct.pack(">HH", 0, len(maps))
    offset = len(head) + 8 * len(maps)
    tables = b""
    for platform, encoding, table in maps:
        head += struct.pack(">HHI", platform, encoding, offset + len(tables))
        tables += table
    start = struct.pack(">IHHHH", 0x10000, 1, 16, 0, 0) + struct.pack(">4sIII", b"cmap", 0, 28, len(head + tables))
    path.write_bytes(start + head + tables)
    return path


def segments(*parts: tuple[int, int, int, int], glyphs: tuple[int, ...] = ()) -> bytes:
    """Format 4: start, end, delta and offset of each segment, then the glyphs that offsets lead to."""
    columns = [struct.pack(f">{len(parts)}H", *column) for column in zip(*parts, strict=True)]
    starts, ends, deltas, offsets = columns
    body = ends + b"\0\0" + starts + deltas + offsets + struct.pack(f">{len(glyphs)}H", *glyphs)
    return struct.pack(">HHHHHHH", 4, 14 + len(body), 0, 2 * len(parts), 0, 0, 0) + body


def test_bundled_fonts_have_latin_greek_and_cyrillic_and_no_other_script() -> None:
    for path in (BOLD, REGULAR):
        glyphs = Glyphs(path)

        assert all(char in glyphs for char in "AzÅßẾựΩῆЖґђ0%“…€™\u0301")
        assert not any(char in glyphs for char in "عא人あक한👍")
        assert path.stat().st_size < 200_000


def test_segments_are_read_with_their_holes(tmp_path: Path) -> None:
    # The delta turns B into glyph 0; of the second segment only the offset's second character has a glyph.
    table = segments((65, 67, 0x10000 - 66, 0), (97, 98, 0, 4), (0xFFFF, 0xFFFF, 1, 0), glyphs=(0, 7))

    glyphs = Glyphs(font(tmp_path / "a.ttf", (3, 1, table)))

    assert [char in glyphs for char in "@ABCDab\uffff"] == [False, True, False, True, False, False, True, False]


def test_full_map_is_taken_before_the_basic_one(tmp_path: Path) -> None:
    groups = struct.pack(">HHIII", 12, 0, 28, 0, 1) + struct.pack(">III", 0x1F600, 0x1F601, 5)

    glyphs = Glyphs(font(tmp_path / "a.ttf", (3, 1, segments((65, 65, 1, 0))), (3, 10, groups)))

    assert [char in glyphs for char in "A😀😁😂"] == [False, True, True, False]


@pytest.mark.parametrize("content", [b"", b"\0\1\0\0", b"no font at all, but text", BOLD.read_bytes()[:300]])
def test_what_is_no_whole_font_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ttf"
    path.write_bytes(content)

    with pytest.raises(ValueError, match="font"):
        Glyphs(path)


def test_map_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no known kind"):
        Glyphs(font(tmp_path / "a.ttf", (1, 0, struct.pack(">HHH", 0, 262, 0))))
