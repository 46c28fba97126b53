"""Which scripts a text is written in. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

# Scripts that are written together, and share fonts. The names are those by which Unicode's character names begin.
_FELLOWS: Final = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "BOPOMOFO": "CJK", "HANGUL": "CJK", "IDEOGRAPHIC": "CJK"}
_LATIN: Final = frozenset(("LATIN",))
_SHARED: Final = frozenset(("COMBINING", "MODIFIER", "VARIATION"))


def scripts_in(text: str) -> frozenset[str]:
    """The scripts of the text's letters and marks, as the first word of their Unicode names, CJK taken as one."""
    if text.isascii():
        return _LATIN if any(map(str.isalpha, text)) else frozenset()
    letters = {char for char in text if unicodedata.category(char)[0] in "LM"}
    return frozenset(map(script_of, letters)) - {""}


@lru_cache(maxsize=4096)
def script_of(char: str) -> str:
    """The script of a letter or mark by the first word of its Unicode name; blank for what belongs to all scripts."""
    name = unicodedata.name(char, "").partition(" ")[0].partition("-")[0]
    return "" if name in _SHARED else _FELLOWS.get(name, name)
