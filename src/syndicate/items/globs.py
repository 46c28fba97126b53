"""Globs over paths below a store: `*` within a name, `**` over folders, without regard to case. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache


def fits(path: str, globs: Iterable[str]) -> bool:
    """Whether a path is meant by one of the globs: itself, or a folder that it lies in.

    A glob without a slash means a name wherever it lies (`readme.md`, `node_modules`), one with a slash the way from
    the store's root (`posts/*.md`, `**/drafts/`).
    """
    folded = path.casefold().split("/")
    ways = ["/".join(folded[:end]) for end in range(1, len(folded) + 1)]
    return any(_fits(way, glob) for glob in globs for way in (folded if "/" not in glob.strip("/") else ways))


def fits_file(path: str, globs: Iterable[str]) -> bool:
    """Like `fits`, but the folders that a file lies in do not count."""
    folded = path.casefold()
    return any(_fits(folded.rpartition("/")[2] if "/" not in glob else folded, glob) for glob in globs)


def is_wanted(path: str, *, include: Iterable[str], exclude: Iterable[str]) -> bool:
    """Whether a file may be an item."""
    return fits_file(path, include) and not fits(path, exclude)


def _fits(path: str, glob: str) -> bool:
    return _expression(glob).fullmatch(path) is not None


@lru_cache(maxsize=1024)
def _expression(glob: str) -> re.Pattern[str]:
    parts, at = [], 0
    glob = glob.casefold().strip("/")
    while at < len(glob):
        if glob.startswith("**/", at):
            parts.append("(?:[^/]+/)*")
            at += 3
        elif glob.startswith("**", at):
            parts.append(".*")
            at += 2
        else:
            part, at = _one(glob, at)
            parts.append(part)
    return re.compile("".join(parts), re.DOTALL)


def _one(glob: str, at: int) -> tuple[str, int]:
    """One sign of a glob as an expression, and where the next begins."""
    char = glob[at]
    if char in "*?":
        return ("[^/]*" if char == "*" else "[^/]"), at + 1
    end = glob.find("]", at + 2)
    if char == "[" and end > 0:
        # fnmatch knows how to make a set of signs safe; what it puts around is not wanted here.
        return translate(glob[at : end + 1])[len("(?s:") : -len(")Z") - 1], end + 1
    return re.escape(char), at + 1
