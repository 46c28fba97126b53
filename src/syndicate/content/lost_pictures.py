"""Where the pictures lie that items name and the store does not find: folders of the site that the settings can add."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from syndicate.content.places import places_of
from syndicate.ports.content import Indexed

MOST_FILES = 200_000
MOST_FOLDERS = 8
"""So many folders are proposed: a longer list is no habit, but disorder."""

_BUILT = frozenset({"node_modules", "vendor", "_site", "dist", "build", "resources", "state", "feeds", "preview"})
"""Folders that hold copies or other people's files."""


def folders_of_lost(files: Iterable[Indexed], store: Path, site: Path) -> tuple[str, ...]:
    """Folders in which named pictures lie that were not found, from the store's folder, the most useful first.

    Args:
        files: as they were read.
        store: the real folder of the items.
        site: the folder of the site around it, beyond which nothing is looked at.
    """
    lost = [places_of(one.stamp.image) for one in files if any(fault.code == "W-IMAGE-MISSING" for fault in one.faults)]
    names = {posixpath.basename(place).casefold() for places in lost for place in places}
    there = _pictures(site, names)
    found: Counter[str] = Counter()
    for places in lost:
        folders = {folder for place in places for file in there for folder in _folder_for(place, file)}
        if folders:
            found[min(folders, key=lambda folder: (len(folder), folder))] += 1
    named = (os.path.relpath(folder, store) for folder, _ in found.most_common(MOST_FOLDERS))
    return tuple(folder for folder in named if posixpath.basename(folder) not in {".", ".."})


def _folder_for(place: str, file: str) -> Iterator[str]:
    """The folder under which the place would be that file: of the whole place as named, or of its name alone."""
    steps = [step for step in place.split("/") if step not in ("", ".", "..")]
    for begin in range(len(steps)):
        tail = "/" + "/".join(steps[begin:])
        if file.casefold().endswith(tail.casefold()):
            yield file[: -len(tail)]
            return


def _pictures(site: Path, names: set[str]) -> list[str]:
    """Files of these names below the site's folder."""
    found: list[str] = []
    seen = 0
    for folder, folders, files in os.walk(site):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _BUILT)
        found += [f"{folder}/{one}" for one in sorted(files) if one.casefold() in names]
        seen += len(files)
        if not names or seen > MOST_FILES:
            break
    return found
