"""The folders below a folder, each of which the system watches for itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from syndicate.content.passing import is_passing
from syndicate.content.sweep import MAX_DEPTH


class Below(Struct, frozen=True):
    """Folders, as absolute paths; `closed` are those that could not be read."""

    folders: frozenset[str]
    closed: frozenset[str]


def folders_below(root: str, places: Iterable[str], is_over: Callable[[], bool]) -> Below:
    """The folders at these places and below them, as far as a sweep looks into them; the places may be gone.

    A link to a folder outside of the root is gone through as well, once: pictures may lie there.

    Args:
        root: absolute and real.
        places: the root, or what lies below it.
        is_over: whether nobody waits for this any more.
    """
    folders: set[str] = set()
    closed: set[str] = set()
    linked: set[str] = set()
    waiting = [place for place in places if not Path(place).is_symlink() or _leads_out(place, root, linked)]
    while waiting and not is_over():
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                waiting += [entry.path for entry in found if _is_gone_through(entry, root, linked)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            closed.add(folder)
        else:
            folders.add(folder)
    return Below(frozenset(folders), frozenset(closed))


def _is_gone_through(entry: os.DirEntry[str], root: str, linked: set[str]) -> bool:
    try:
        if not entry.is_dir() or is_passing(entry.name) or entry.path.count(os.sep) - root.count(os.sep) > MAX_DEPTH:
            return False
        entry.path.encode()
    except (OSError, UnicodeEncodeError):  # a link to itself; a name that no item can have
        return False
    return not entry.is_symlink() or _leads_out(entry.path, root, linked)


def _leads_out(link: str, root: str, linked: set[str]) -> bool:
    """Whether a link leads to a folder outside of the root, and is the first one that does."""
    real = os.path.realpath(link)
    is_new = real not in linked and not _contains(root, real) and not _contains(real, root)
    linked.add(real)
    return is_new


def _contains(folder: str, place: str) -> bool:
    return f"{place}{os.sep}".startswith(f"{folder.rstrip(os.sep)}{os.sep}")
