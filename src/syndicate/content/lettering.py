"""Text set into lines and drawn: fonts chosen by character, lines broken and balanced, both directions of writing.

No character is ever drawn as an empty box: what no font has is left out, or the text is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from PIL import ImageDraw, ImageFont, features

from syndicate.content.bidi import Run, seen
from syndicate.content.glyphs import Glyphs
from syndicate.items.scripts import script_of

UNIT_PX: Final = 100
"""Texts are measured at this size; their width grows with the size."""

SLACK: Final = 1.015
"""So much wider than measured a text may come out at another size."""

ELLIPSIS: Final = "…"
MOST_MISSING: Final = 1 / 3
"""With more of its letters missing a text is not understood any more, and not drawn."""

_SPELT: Final = {"≥": ">=", "≤": "<=", "≠": "!=", "≈": "~", "→": "->", "←": "<-", "−": "-"}
"""Signs without which a text says something else, spelt where no font has them."""

JOINERS: Final = "\u200c\u200d"
# These follow what they belong to, or lead what they belong to: a line neither begins nor ends with them.
# Source: JIS X 4051 and W3C "Requirements for Japanese Text Layout", 3.1.7 and 3.1.8 (the commonest of them).
_NO_START: Final = frozenset(
    "、。，．・：；？！ー々〻ゝゞ」』）】〉》〕］｝’”…‥％℃ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
)
_NO_END: Final = frozenset("「『（【〈《〔［｛‘“￥＄")
_AFTER: Final = re.compile(r"(?<=[\w)\]][-–—/])(?=\w)")
# Scripts that need no shaping; without raqm Pillow can draw no others.
_SIMPLE: Final = frozenset(("", "LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "ETHIOPIC", "CJK"))


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a font file; a `primary` one draws signs, too, others letters, digits and their punctuation only."""

    path: str
    index: int = 0
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one direction in one font."""

    text: str
    place: int
    is_rtl: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Lines at one size; `is_cut` if the text did not fit whole."""

    lines: tuple[str, ...]
    size_px: int
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """What a line never breaks; `is_apart`: a space is before it."""

    text: str
    is_apart: bool


class Lettering:
    """Texts in a row of faces, for each character the first that has it.

    `missing` collects the scripts of letters that no face has.
    """

    def __init__(self, faces: Sequence[Face], *, language: str = "") -> None:
        self._faces = faces
        self._language = language or None
        self._places: dict[str, int | None] = {}
        self._widths: dict[str, float] = {}
        self.missing: set[str] = set()

    @cached_property
    def is_shaping(self) -> bool:
        """Whether scripts can be drawn whose letters join, turn or change places."""
        return bool(features.check("raqm"))

    def drawable(self, text: str) -> str:
        """The text without what cannot be drawn: emoji go, words with missing letters become an ellipsis.

        Blank if too much of it would be missing.
        """
        text = "".join(self._spelt(char) for char in unicodedata.normalize("NFC", text))
        text = "".join(char for place, char in enumerate(text) if char not in JOINERS or _joins(text, place))
        letters = [char for char in text if unicodedata.category(char)[0] in "LM"]
        lost = [char for char in letters if self._place(char) is None]
        self.missing |= {script_of(char) or "OTHER" for char in lost}
        if len(lost) > len(letters) * MOST_MISSING:
            return ""
        words = (ELLIPSIS if any(self._is_lost(char) for char in word) else word for word in text.split())
        kept: list[str] = []
        for word in words:
            if word != ELLIPSIS or kept[-1:] != [ELLIPSIS]:
                kept.append(word)
        return " ".join(kept)

    def block(self, text: str, *, width_px: int, height_px: int, sizes: Sequence[int], spacing: float) -> Block:
        """The drawable text as large as it fits, in lines of about equal length.

        Args:
            text: see `drawable`.
            width_px: of the lines at most.
            height_px: of all lines together at most.
            sizes: to choose from, largest first; at the last the text is cut if it must.
            spacing: height of a line, as a part of the size.
        """
        tokens = list(_tokens(text))
        # A word too long even for the smallest size is broken at any, so it does not count.
        widths, least = [self.width(token.text) for token in tokens], width_px / SLACK * UNIT_PX / sizes[-1]
        for size in sizes:
            most = max(1, int(height_px / (size * spacing)))
            room = width_px / SLACK * UNIT_PX / size
            lines = self._wrapped(tokens, room)
            is_last = size == sizes[-1]
            widest = max((width for width in widths if width <= least), default=0.0)
            if len(lines) <= most and (is_last or widest <= room):
                return Block(self._balanced(tokens, room, len(lines)), size)
            if is_last:
                return Block((*lines[: most - 1], self._cut(" ".join(lines[most - 1 :]), room)), size, is_cut=True)
        raise ValueError("no sizes")

    def line(self, text: str, *, width_px: float, size: int) -> str:
        """The drawable text on one line, cut with an ellipsis if it must be; blank where there is no room."""
        room = width_px / SLACK * UNIT_PX / size
        return text if self.width(text) <= room else self._cut(text, room)

    def width(self, text: str) -> float:
        """Width of a text on one line at `UNIT_PX`."""
        if text not in self._widths:
            self._widths[text] = sum(self._advance(piece, UNIT_PX) for piece in self._pieces(text, base_rtl=False))
        return self._widths[text]

    def width_px(self, text: str, size: int) -> float:
        """Width of a text on one line at a size."""
        return sum(self._advance(piece, size) for piece in self._pieces(text, base_rtl=False))

    def draw(
        self, canvas: ImageDraw.ImageDraw, at: tuple[float, float], text: str, *, size: int, fill: Any, base_rtl: bool
    ) -> None:
        """Draw a line, its left end on the base line at a point."""
        x, y = at
        for piece in self._pieces(text, base_rtl=base_rtl):
            font = self._font(piece.place, size)
            canvas.text((x, y), piece.text, fill, font, "ls", **self._options(piece))
            x += self._advance(piece, size)

    def _options(self, piece: Piece) -> dict[str, Any]:
        if not self.is_shaping:
            return {}
        return {"direction": "rtl" if piece.is_rtl else "ltr", "language": self._language}

    def _advance(self, piece: Piece, size: int) -> float:
        return self._font(piece.place, size).getlength(piece.text, **self._options(piece))

    def _font(self, place: int, size: int) -> ImageFont.FreeTypeFont:
        face = self._faces[place]
        return _font(face.path, face.index, size, is_shaping=self.is_shaping)

    def _pieces(self, line: str, *, base_rtl: bool) -> Iterator[Piece]:
        """The pieces of a line from left to right."""
        for run in seen(line, base_rtl=base_rtl) if self.is_shaping else [Run(line, is_rtl=False)]:
            found: list[Piece] = []
            for char in run.text:
                place = self._place_after(char, found[-1].place if found else None)
                if found and found[-1].place == place:
                    found[-1] = Piece(found[-1].text + char, place, run.is_rtl)
                else:
                    found.append(Piece(char, place, run.is_rtl))
            yield from reversed(found) if run.is_rtl else found

    def _place_after(self, char: str, last: int | None) -> int:
        """The face of a character; marks and signs that belong to all scripts stay in that of what is before them."""
        is_own = unicodedata.category(char)[0] == "L"
        if last is not None and (char in JOINERS or (not is_own and self._has(last, char))):
            return last
        place = self._place(char)
        return last or 0 if place is None else place

    def _place(self, char: str) -> int | None:
        """The first face that has the character."""
        if char not in self._places:
            is_drawn = self.is_shaping or unicodedata.category(char)[0] not in "LM" or script_of(char) in _SIMPLE
            places = (place for place in range(len(self._faces)) if is_drawn and self._has(place, char))
            self._places[char] = next(places, None)
        return self._places[char]

    def _has(self, place: int, char: str) -> bool:
        face = self._faces[place]
        # Some text fonts have black-and-white emoji: a few of a family of signs look worse than none.
        if not face.is_primary and unicodedata.category(char) in {"So", "Sk"}:
            return False
        return char in _glyphs(face.path, face.index)

    def _spelt(self, char: str) -> str:
        """The character, or what stands for it: nothing for emoji, and what is around or on them."""
        if char.isspace() or char in JOINERS or self._place(char) is not None:
            return "" if "\ufe00" <= char <= "\ufe0f" else char
        kind = unicodedata.category(char)[0]
        is_letter = kind == "L" or (kind == "M" and script_of(char))
        return char if is_letter else _SPELT.get(char, "")

    def _is_lost(self, char: str) -> bool:
        return char not in JOINERS and self._place(char) is None

    def _wrapped(self, tokens: Sequence[_Part], room: float) -> list[str]:
        lines: list[str] = []
        current, width = "", 0.0
        for token in tokens:
            space = " " if current and token.is_apart else ""
            more = self.width(space) + self.width(token.text)
            if width + more <= room:
                current, width = current + space + token.text, width + more
                continue
            if current:
                lines.append(current)
            current, width = token.text, self.width(token.text)
            while width > room:
                head = self._longest(current, room)
                lines.append(head)
                current = current[len(head) :]
                width = self.width(current)
        return [*lines, current] if current else lines

    def _longest(self, text: str, room: float, tail: str = "") -> str:
        """As much of the beginning as fits before a tail, at least one character with its marks."""
        ends = [end for end in range(1, len(text) + 1) if _may_end(text, end)]
        low = _last(lambda place: self.width(text[: ends[place]].rstrip() + tail) <= room, len(ends))
        return text[: ends[low]]

    def _cut(self, text: str, room: float) -> str:
        """The text with an ellipsis, cut at a word if there is one near the end."""
        if self.width(text[:1] + ELLIPSIS) > room:
            return ""
        head = self._longest(text, room, ELLIPSIS)
        words, _, _ = head.rpartition(" ")
        is_whole = text[len(head) :].startswith(" ")
        kept = words if not is_whole and len(words) > len(head) * 0.6 else head
        return kept.rstrip(" ,;:.–-(") + ELLIPSIS

    def _balanced(self, tokens: Sequence[_Part], room: float, count: int) -> tuple[str, ...]:
        """The same number of lines, the longest as short as can be: no last line of one lonely word."""
        if count > 1:
            steps = [room * part / 40 for part in range(40, 19, -1)]
            room = steps[_last(lambda place: len(self._wrapped(tokens, steps[place])) <= count, len(steps))]
        return tuple(self._wrapped(tokens, room))


@lru_cache(maxsize=64)
def _font(path: str, index: int, size: int, *, is_shaping: bool) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if is_shaping else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, index, layout_engine=engine)


@lru_cache(maxsize=64)
def _glyphs(path: str, index: int) -> Glyphs:
    return Glyphs(Path(path), index)


def _tokens(text: str) -> Iterator[_Part]:
    for word in text.split():
        is_apart = True
        for part in _AFTER.split(word):
            for piece in _wide_parts(part):
                yield _Part(piece, is_apart)
                is_apart = False


def _wide_parts(word: str) -> Iterator[str]:
    """Chinese and Japanese break nearly everywhere."""
    start = 0
    for place in range(1, len(word)):
        before, after = word[place - 1], word[place]
        is_border = _is_wide(before) or _is_wide(after)
        if is_border and after not in _NO_START and before not in _NO_END and _may_end(word, place):
            yield word[start:place]
            start = place
    yield word[start:]


def _is_wide(char: str) -> bool:
    if char < "\u2e80" or "\uac00" <= char <= "\ud7a3":  # Korean has spaces between words
        return False
    return script_of(char) == "CJK" or char in _NO_START or char in _NO_END


def _joins(text: str, place: int) -> bool:
    """Whether a joiner stands between letters; those of emoji stand for themselves once these are gone."""
    sides = text[max(0, place - 1) : place], text[place + 1 : place + 2]
    return all(side and unicodedata.category(side)[0] in "LM" for side in sides)


def _may_end(text: str, end: int) -> bool:
    """Whether a line may end there if it must: never between a letter and its marks, nor where letters are joined."""
    if end == len(text):
        return True
    is_joined = text[end - 1] in JOINERS or text[end] in JOINERS or unicodedata.combining(text[end - 1]) == _VIRAMA
    return not is_joined and unicodedata.category(text[end])[0] != "M"


_VIRAMA: Final = 9  # the canonical combining class of the signs that join letters of Indic scripts


def _last(holds: Callable[[int], bool], count: int) -> int:
    """The last place that holds, where all before it do; 0 if none does."""
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
