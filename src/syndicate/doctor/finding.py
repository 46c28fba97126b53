"""One thing that was looked at: how it stands, in words and as a code, and the way out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters, the worst first.

    A problem keeps something from working, a warning will or may, a note is good to know, and ok is as it should be.
    """

    PROBLEM = "problem"
    WARNING = "warning"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `code` is stable and listed in the docs. `about` is the part it belongs to: `machine`, `state`, `site` or the name
    of a channel. `remedy` is what to do, empty where there is nothing to do. `facts` are the figures, for programs.
    """

    level: Level
    code: str
    about: str
    words: str
    remedy: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


PARTS = ("machine", "state", "site")
"""What findings are about besides channels, in the order in which they are told."""

_LEVELS = tuple(Level)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first; among equals machine, state and site, then channels by name, each by code."""

    def place(one: Finding) -> tuple[int, int, str, str]:
        part = PARTS.index(one.about) if one.about in PARTS else len(PARTS)
        return _LEVELS.index(one.level), part, one.about, one.code

    return sorted(findings, key=place)


def levels_of(findings: Iterable[Finding]) -> Counter[Level]:
    """How many there are of each level."""
    return Counter(one.level for one in findings)
