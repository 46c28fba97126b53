"""Every file of a folder that may be an item, and what lies there that cannot be one."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from operator import attrgetter
from pathlib import Path, PurePosixPath

from msgspec import Struct

from syndicate.content.passing import is_passing
from syndicate.content.places import inside
from syndicate.errors import Fault
from syndicate.items.globs import fits, wanted_among
from syndicate.items.rules import Rules
from syndicate.regular import stamp_of

MAX_DEPTH = 32
"""Folders in folders; deeper is a loop or an attack."""


class Sight(Struct, frozen=True, gc=False):
    """A file as the sweep saw it: POSIX path below the root, and the facts (see `stamp_of`) of what it is or leads to.

    Only those that are asked for: to hand all that `os.stat` tells to the processes that read takes five times as long.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    inode: int
    is_link: bool = False

    @property
    def key(self) -> tuple[int, int, int]:
        """What changes with the file: size, time, inode."""
        return (self.size_bytes, self.mtime_ns, self.inode)

    @property
    def mtime_s(self) -> float:
        """The time as `os.stat` gives it in seconds."""
        seconds, rest = divmod(self.mtime_ns, 1_000_000_000)
        return seconds + 1e-9 * rest


def sight_of(path: str, facts: os.stat_result, *, is_link: bool = False) -> Sight:
    """What is seen of a file with these facts."""
    return Sight(path, *stamp_of(facts), is_link)


class Sweep(Struct, frozen=True):
    """What a sweep found: files in order of their paths, faults with paths below the root.

    `closed` are folders that could not be read: their files are not gone.
    """

    sights: tuple[Sight, ...]
    faults: tuple[Fault, ...]
    closed: tuple[str, ...]


_PATH = attrgetter("path")


def sweep(root: Path, rules: Rules, only: Collection[str] | None = None) -> Sweep:
    """Look at every name below a folder that is real (no link on the way to it).

    Args:
        root: the folder.
        rules: which names may be items.
        only: paths below it, of files or folders, if all others are known to be as they were.
    """
    faults: list[Fault] = []
    closed: list[str] = []
    found = _below(root, [""], rules, faults, closed) if only is None else _among(root, only, rules, faults, closed)
    sights = sorted(found, key=_PATH)
    return Sweep(tuple(sights), tuple(faults), tuple(closed))


def reason_of(error: Exception) -> str:
    """Why a file cannot be had, in words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or "it is being written"


def _below(root: Path, folders: list[str], rules: Rules, faults: list[Fault], closed: list[str]) -> Iterator[Sight]:
    """The files in these folders, and in all folders in them."""
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as found:
                entries = list(found)
        except OSError as error:
            _close(folder, error, faults, closed)
            continue
        yield from _seen(root, folder, entries, rules, faults, folders)


def _among(root: Path, only: Collection[str], rules: Rules, faults: list[Fault], closed: list[str]) -> Iterator[Sight]:
    """The files at these paths, and in folders there."""
    names: dict[str, set[str]] = {}
    for path in only:
        if any(parent.as_posix() in only for parent in PurePosixPath(path).parents):
            continue  # with that
        folder, _, name = path.rpartition("/")
        names.setdefault(folder, set()).add(name)
    for folder, wanted in names.items():
        if folder and not _is_looked_into(root, folder, rules):
            continue
        folders: list[str] = []
        try:
            with os.scandir(root / folder) as found:
                entries = [entry for entry in found if entry.name in wanted]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            _close(folder, error, faults, closed)
            continue
        yield from _seen(root, folder, entries, rules, faults, folders)
        yield from _below(root, folders, rules, faults, closed)


def _close(folder: str, error: OSError, faults: list[Fault], closed: list[str]) -> None:
    """Note that a folder cannot be read: what was in it is not gone."""
    closed.append(folder)
    faults.append(Fault(folder, "E-READ", f"cannot be read: {reason_of(error)}", "give read rights"))


def _is_looked_into(root: Path, folder: str, rules: Rules) -> bool:
    """Whether a look at everything comes to the folder."""
    if any(map(is_passing, folder.split("/"))) or folder.count("/") >= MAX_DEPTH or fits(folder, rules.exclude):
        return False
    return os.path.realpath(root / folder) == str(root / folder)


def _seen(
    root: Path,
    folder: str,
    entries: Collection[os.DirEntry[str]],
    rules: Rules,
    faults: list[Fault],
    folders: list[str],
) -> Iterator[Sight]:
    """The files among a folder's entries; folders are added to the list of those to look into."""
    is_wanted = wanted_among(include=rules.include, exclude=rules.exclude)
    before = f"{folder}/" if folder else ""
    # In one look, as nearly always; signs that are not UTF-8 are not printable, either.
    are_printable = before.isprintable() and "".join([entry.name for entry in entries]).isprintable()
    for entry in entries:
        name = entry.name
        if is_passing(name):
            continue
        path = before + name
        if not (are_printable or path.isprintable()):
            problem = "has a name that is not UTF-8 or holds control characters"
            faults.append(Fault(ascii(path)[1:-1], "E-PATH", problem, "rename it"))
        elif entry.is_dir(follow_symlinks=False):
            if not fits(path, rules.exclude):
                _go_into(path, folders, faults)
        elif is_wanted(path):
            sight = _sight(root, path, entry, faults)
            if sight is not None:
                yield sight
        elif _is_link_to_folder(entry) and not fits(path, rules.exclude):
            problem = "is a link to a folder, which is not followed"
            faults.append(Fault(path, "W-LINKED-FOLDER", problem, "name that folder below `content.roots`"))


def _is_link_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # it leads to itself, through a file, or to a name that is too long
        return False


def _go_into(path: str, folders: list[str], faults: list[Fault]) -> None:
    if path.count("/") < MAX_DEPTH:
        folders.append(path)
        return
    problem = f"lies more than {MAX_DEPTH} folders deep and is not looked into"
    faults.append(Fault(path, "E-PATH", problem, "move it up"))


def _sight(root: Path, path: str, entry: os.DirEntry[str], faults: list[Fault]) -> Sight | None:
    """The entry if it is a regular file, or a link to one below the root."""
    try:
        is_link = entry.is_symlink()
        if is_link:
            inside(root, path)
        facts = entry.stat()
    except OSError as error:
        if not entry.is_symlink():
            return None  # gone since the folder was listed
        problem = f"is a link that cannot be used: {reason_of(error)}"
        faults.append(Fault(path, "E-PATH", problem, "copy the file into the store"))
        return None
    if stat.S_ISREG(facts.st_mode):
        return sight_of(path, facts, is_link=is_link)
    faults.append(Fault(path, "E-PATH", f"is {_kind(facts.st_mode)}, no file", "remove it, or exclude its name"))
    return None


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((words for is_kind, words in kinds if is_kind(mode)), "a device")
