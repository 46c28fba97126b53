"""Globs over paths below a store: `*` within a name, `**` over folders, without regard to case. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import translate
from functools import lru_cache


def fits(path: str, globs: Iterable[str]) -> bool:
    """Whether a path is meant by one of the globs: itself, or a folder that it lies in.

    A glob without a slash means a name wherever it lies (`readme.md`, `node_modules`), one with a slash the way from
    the store's root (`posts/*.md`, `**/drafts/`).
    """
    names, ways = _parted(tuple(globs), "/")
    folded = path.casefold()
    if any(names.fullmatch(name) for name in folded.split("/")):
        return True
    return ways is not None and any(ways.fullmatch(way) for way in _ways(folded))


def fits_file(path: str, globs: Iterable[str]) -> bool:
    """Like `fits`, but the folders that a file lies in do not count."""
    names, ways = _parted(tuple(globs))
    folded = path.casefold()
    if names.fullmatch(folded[folded.rfind("/") + 1 :]):
        return True
    return ways is not None and ways.fullmatch(folded) is not None


def is_wanted(path: str, *, include: Iterable[str], exclude: Iterable[str]) -> bool:
    """Whether a file may be an item."""
    return fits_file(path, include) and not fits(path, exclude)


def wanted_among(*, include: Iterable[str], exclude: Iterable[str]) -> Callable[[str], bool]:
    """What tells, like `is_wanted` in a fifth of the time, of files that lie in no folder that is excluded."""
    names, ways = _parted(tuple(include))
    not_names, not_ways = _parted(tuple(exclude), "/")
    if ways is None and not_ways is None:
        is_named = re.compile(rf"(?!(?:{not_names.pattern})\Z)(?:{names.pattern})\Z", re.DOTALL).match
        return lambda path: is_named(path[path.rfind("/") + 1 :].casefold()) is not None

    def is_wanted_there(path: str) -> bool:
        folded = path.casefold()
        name = folded[folded.rfind("/") + 1 :]
        if names.fullmatch(name) is None and (ways is None or ways.fullmatch(folded) is None):
            return False
        return not_names.fullmatch(name) is None and (not_ways is None or not_ways.fullmatch(folded) is None)

    return is_wanted_there


def _ways(path: str) -> Iterator[str]:
    """The path of each folder on the way, and the path itself."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
    yield path


@lru_cache(maxsize=256)
def _parted(globs: tuple[str, ...], ends: str = "") -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """All globs that mean names as one expression, which takes nothing if there are none, and all that mean ways.

    A slash at one of the `ends` makes no way of a glob.
    """
    names = [_written(glob) for glob in globs if "/" not in glob.strip(ends)]
    ways = [_written(glob) for glob in globs if "/" in glob.strip(ends)]
    return _any_of(names), _any_of(ways) if ways else None


def _any_of(written: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in written) or r"(?!)", re.DOTALL)


def _written(glob: str) -> str:
    """A glob as an expression."""
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
    return "".join(parts)


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
