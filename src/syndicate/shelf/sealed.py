"""What the files of a shelf were made of, kept in a file beside them, with what tells that they stand as they did."""

from __future__ import annotations

import hashlib
import os
import stat
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import msgspec

from syndicate.atomic import replace_file
from syndicate.program import files_in
from syndicate.regular import read_regular, stamp_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

SEALS: Final = ".syndicate-seals"

_Stamp = tuple[int, int, int]
_Kept = tuple[str, dict[str, tuple[str, int, int, int]]]


class Stamps:
    """Size, time and inode of files below a folder; what `standing` saw is not looked at again until it changed."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root}/"
        self._seen: dict[str, _Stamp] = {}

    def standing(self, paths: Iterable[str]) -> set[str]:
        """Those of the paths where a file stands; their stamps are kept in mind."""
        self._seen = {}
        found = set()
        for path in paths:
            try:
                facts = os.lstat(self._root + path)
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode) or os.path.isfile(self._root + path):  # noqa: PTH113 - asked of every file
                found.add(path)
                self._seen[path] = stamp_of(facts)
        return found

    def of(self, path: str) -> _Stamp | None:
        """What tells that the file is the one it was; None if there is none."""
        seen = self._seen.get(path)
        if seen is not None:
            return seen
        try:
            facts = os.lstat(self._root + path)
        except OSError:
            return None
        return stamp_of(facts)

    def keep(self, facts: Mapping[str, os.stat_result]) -> None:
        """These are the facts of files as we wrote them: who changes one from now on is found out."""
        self._seen |= {path: stamp_of(one) for path, one in facts.items()}

    def forget(self, paths: Iterable[str] | None = None) -> None:
        """These changed, or are about to; None: any may have."""
        if paths is None:
            self._seen = {}
        else:
            for path in paths:
                self._seen.pop(path, None)


class SealFile:
    """Keeps seals of the shelf's files in `SEALS`. Without it all is made anew, which takes longer and no more."""

    def __init__(self, root: Path, stamps: Stamps) -> None:
        self._path = root / SEALS
        self._stamps = stamps
        # Now, as another version may be put in our place while we work.
        self._maker = _maker()

    def read(self, own: Collection[str]) -> dict[str, str]:
        """The seals of those files of ours that stand as they did; none, if another version made them."""
        try:
            maker, kept = _decode(read_regular(self._path))
        except (OSError, msgspec.MsgspecError, ValueError):  # none, or damaged
            return {}
        if maker != self._maker:
            return {}
        of = self._stamps.of
        return {path: seal for path, (seal, *stamp) in kept.items() if path in own and of(path) == (*stamp,)}

    def write(self, seals: Mapping[str, str], own: Collection[str]) -> None:
        """Keep a seal for each of these paths that is ours, in place of all former ones.

        Raises:
            OSError: they cannot be kept.
        """
        stamped = {
            path: (seal, *stamp) for path, seal in seals.items() if path in own and (stamp := self._stamps.of(path))
        }
        self._stamps.forget()
        replace_file(self._path, msgspec.json.encode((self._maker, stamped)), is_durable=False)


_decode = msgspec.json.Decoder(_Kept).decode


def _maker() -> str:
    """What makes the files: our modules and templates, and the libraries that feeds and pages are written with."""
    told = (files_in("feeds", "feeds/templates", "items", "posts"), *map(version, ("feedgen", "lxml", "jinja2")))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]
