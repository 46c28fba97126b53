"""The fonts that cards are written in: those that come with the product, and the system's for other scripts."""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syndicate.content.glyphs import directory_of
from syndicate.regular import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BOLD: Final = Path(__file__).with_name("fonts") / "NotoSans-Bold.ttf"
REGULAR: Final = BOLD.with_name("NotoSans-Regular.ttf")
"""Noto Sans 2.004, cut down to Latin, Greek, Cyrillic and their signs (see fonts/README.md)."""

_FOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
}
_SUFFIXES: Final = frozenset((".ttf", ".otf", ".ttc"))
_HEADER_BYTES: Final = 4096
"""A font's list of tables, which holds their checksums, stands within these."""

_BOLDS: Final = ("-bold", "-semibold", "bd", "b")
_REGULARS: Final = ("-regular", "", "[wght]", "[wdth,wght]")
# Names of files by script, the best first, after Noto Sans and Noto Serif of the script's own name.
_OTHERS: Final[Mapping[str, str]] = {
    "ARABIC": "notonaskharabic notokufiarabic dejavusans arial tahoma",
    "HEBREW": "dejavusans arial tahoma",
    "DEVANAGARI": "nirmala lohit-devanagari",
    "ARMENIAN": "dejavusans",
    "GEORGIAN": "dejavusans",
    "THAI": "tahoma leelawui",
    "CJK": "notosanscjk notosanscjkjp notosanscjksc sourcehansans notosansjp notosanssc notosanstc notosanskr"
    " wqy-microhei wqy-zenhei droidsansfallbackfull droidsansfallback msyh pingfang",
}
_SCRIPTS: Final = frozenset(
    [
        "BENGALI",
        "GURMUKHI",
        "GUJARATI",
        "ORIYA",
        "TAMIL",
        "TELUGU",
        "KANNADA",
        "MALAYALAM",
        "SINHALA",
        "LAO",
        "TIBETAN",
        "MYANMAR",
        "KHMER",
        "ETHIOPIC",
        "SYRIAC",
        "THAANA",
        "MONGOLIAN",
        "CHEROKEE",
    ]
).union(_OTHERS)


@dataclass(frozen=True, slots=True)
class Typeface:
    """The fonts of one script, and the digest of both files' contents."""

    script: str
    bold: Path
    regular: Path
    digest: str


def font_folders() -> tuple[Path, ...]:
    """Where this system keeps fonts."""
    return tuple(Path(folder).expanduser() for folder in _FOLDERS.get(sys.platform, _FOLDERS["linux"]))


def typefaces_in(folders: Iterable[Path]) -> tuple[Typeface, ...]:
    """For each script the best fonts in these folders and below, in the order of the scripts' names."""
    files: dict[str, Path] = {}
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                path = Path(place, name)
                if path.suffix.lower() in _SUFFIXES:
                    files.setdefault(path.stem.lower(), path)
    found = (_typeface(script, files) for script in sorted(_SCRIPTS))
    return tuple(typeface for typeface in found if typeface is not None)


def _typeface(script: str, files: Mapping[str, Path]) -> Typeface | None:
    for family in (f"notosans{script.lower()}", f"notoserif{script.lower()}", *_OTHERS.get(script, "").split()):
        bold = next((files[family + end] for end in _BOLDS if family + end in files), None)
        regular = next((files[family + end] for end in _REGULARS if family + end in files), bold)
        if regular is not None:
            try:
                return Typeface(script, bold or regular, regular, digest_of(bold or regular) + digest_of(regular))
            except (OSError, struct.error, IndexError):
                continue
    return None


def digest_of(path: Path) -> str:
    """Tells one font file from another by its tables' checksums: fonts of 20 MB are read in no time.

    Raises:
        OSError, struct.error: it is no whole font file.
    """
    with open(path, "rb", opener=opened) as file:
        head = file.read(_HEADER_BYTES)
        if head.startswith(b"ttcf"):
            # The first face's own list stands where the collection says.
            file.seek(struct.unpack_from(">I", head, 12)[0])
            head = file.read(_HEADER_BYTES)
        tables = directory_of(head, 0)
        size = file.seek(0, os.SEEK_END)
    return hashlib.sha256(path.name.encode() + size.to_bytes(8, "big") + tables).hexdigest()[:16]
