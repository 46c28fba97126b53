from __future__ import annotations

import shutil
import struct
from pathlib import Path

from syndicate.content.typefaces import BOLD, REGULAR, digest_of, font_folders, typefaces_in


def copied(folder: Path, name: str, font: Path = BOLD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(font, folder / name))


def test_system_fonts_lie_in_absolute_folders() -> None:
    assert font_folders()
    assert all(folder.is_absolute() for folder in font_folders())


def test_fonts_are_found_by_name_at_any_depth(tmp_path: Path) -> None:
    bold = copied(tmp_path / "truetype" / "noto", "NotoSansArabic-Bold.ttf")
    regular = copied(tmp_path / "other", "NotoSansArabic-Regular.TTF", REGULAR)
    thai = copied(tmp_path, "NotoSerifThai[wght].ttf")

    arabic, found = typefaces_in([tmp_path, tmp_path / "gone"])

    assert (arabic.script, arabic.bold, arabic.regular) == ("ARABIC", bold, regular)
    assert (found.script, found.bold, found.regular) == ("THAI", thai, thai)
    assert arabic.digest == digest_of(bold) + digest_of(regular)


def test_better_font_is_taken_and_a_lone_weight_serves_for_both(tmp_path: Path) -> None:
    copied(tmp_path, "DejaVuSans-Bold.ttf")
    best = copied(tmp_path, "NotoSansHebrew-Bold.ttf")

    found = {one.script: one for one in typefaces_in([tmp_path])}

    assert found["HEBREW"].bold == found["HEBREW"].regular == best
    assert found["ARABIC"].bold.name == "DejaVuSans-Bold.ttf"


def test_broken_font_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "NotoSansHebrew-Bold.ttf").write_bytes(b"\0\1")
    copied(tmp_path, "NotoSerifHebrew-Bold.ttf")
    (tmp_path / "NotoSansThai-Bold.ttf").write_bytes(b"")

    assert [one.bold.name for one in typefaces_in([tmp_path])] == ["NotoSerifHebrew-Bold.ttf"]


def test_digest_tells_fonts_apart_also_in_collections(tmp_path: Path) -> None:
    collections = []
    for font in (BOLD, REGULAR):
        head = struct.pack(">4sIII", b"ttcf", 0x10000, 1, 16)
        path = tmp_path / f"{font.stem}.ttc"
        path.write_bytes(head + font.read_bytes())
        collections.append(path)

    digests = {digest_of(path) for path in (BOLD, REGULAR, *collections)}

    assert len(digests) == 4
    assert digest_of(BOLD) == digest_of(copied(tmp_path, BOLD.name))
