"""The order in which a line of mixed directions is seen: a plain form of the Unicode Bidirectional Algorithm.

Source: UAX #9, rules P2, W2 to W7, N0 to N2, I1, I2 and L2, without explicit marks, which titles do not hold any more.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import Final

_RIGHT: Final = frozenset(("R", "AL"))
_NUMBER: Final = frozenset(("EN", "AN"))
_WITHIN_NUMBER: Final = frozenset(("ES", "ET", "CS"))
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}
_LEVELS: Final = {(False, "L"): 0, (False, "R"): 1, (False, "N"): 2, (True, "R"): 1, (True, "L"): 2, (True, "N"): 2}


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one direction, its text in the order of reading."""

    text: str
    is_rtl: bool


def is_rtl(text: str, *, otherwise: bool = False) -> bool:
    """Whether a paragraph begins from the right: by its first letter with a direction (rule P2)."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next((kind != "L" for kind in kinds if kind == "L" or kind in _RIGHT), otherwise)


def seen(line: str, *, base_rtl: bool) -> list[Run]:
    """The line's runs from left to right."""
    levels = _levels(line, base_rtl=base_rtl)
    runs = [
        (level, "".join(char for char, _ in members))
        for level, members in groupby(zip(line, levels, strict=True), key=lambda one: one[1])
    ]
    for least in range(max(levels, default=0), 0, -1):
        runs = [
            run
            for is_turned, members in groupby(runs, key=lambda one, least=least: one[0] >= least)  # type: ignore[misc]  # a default that binds
            for run in (reversed(list(members)) if is_turned else members)
        ]
    return [Run(text, level % 2 == 1) for level, text in runs]


def _levels(line: str, *, base_rtl: bool) -> list[int]:
    base = "R" if base_rtl else "L"
    kinds = _kinds(line, base)
    for start, end in _pairs(line):
        inside = {_side(kind) for kind in kinds[start + 1 : end] if kind != "?"}
        if inside:
            is_other = base not in inside and _before(kinds, start, base) != base
            kinds[start] = kinds[end] = "LR".replace(base, "") if is_other else base
    resolved = (_between(kinds, place, base) if kind == "?" else kind for place, kind in enumerate(kinds))
    return [_LEVELS[base_rtl, kind] for kind in resolved]


def _pairs(line: str) -> list[tuple[int, int]]:
    """Brackets that belong together, in the order in which they open."""
    found = []
    opened: list[tuple[str, int]] = []
    for place, char in enumerate(line):
        if char in _BRACKETS.values():
            opened.append((char, place))
        elif char in _BRACKETS:
            while opened:
                mark, start = opened.pop()
                if mark == _BRACKETS[char]:
                    found.append((start, place))
                    break
    return sorted(found)


def _between(kinds: list[str], place: int, base: str) -> str:
    """The direction of what has none: that of both its sides if they agree, else the paragraph's."""
    before = _before(kinds, place, base)
    after = next((_side(one) for one in kinds[place:] if one != "?"), base)
    return before if before == after else base


def _before(kinds: list[str], place: int, base: str) -> str:
    return next((_side(one) for one in reversed(kinds[:place]) if one != "?"), base)


def _side(kind: str) -> str:
    """L or R: numbers among right-to-left letters count as those."""
    return "R" if kind == "N" else kind


def _kinds(line: str, base: str) -> list[str]:
    """L, R, N (a number among right-to-left letters) or ? (no direction of its own) for each character."""
    kinds: list[str] = []
    last = base
    for place, char in enumerate(line):
        kind = unicodedata.bidirectional(char)
        if kind == "L" or kind in _RIGHT:
            last = "L" if kind == "L" else "R"
            kinds.append(last)
        elif kind in _NUMBER:
            kinds.append("N" if last == "R" else "L")
        elif kind in {"NSM", "BN"}:
            kinds.append(kinds[-1] if kinds else "?")
        elif kind in _WITHIN_NUMBER and kinds and kinds[-1] == "N" and _is_number(line, place + 1):
            kinds.append("N")
        else:
            kinds.append("?")
    return kinds


def _is_number(line: str, place: int) -> bool:
    return place < len(line) and unicodedata.bidirectional(line[place]) in _NUMBER
