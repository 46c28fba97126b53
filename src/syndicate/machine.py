"""What this machine is and has, as far as it matters here: read, never judged."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sqlite3
import stat
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MOST_FOLDERS = 100_000
"""So many folders of a store are counted; no machine watches more by default."""

_FLOOR = re.compile(r"([A-Za-z0-9._-]+)[^>;]*>=\s*([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is needed: the version that is there, None if it is missing, and the least that will do."""

    name: str
    version: str | None
    floor: str

    @property
    def is_enough(self) -> bool:
        """Whether the version is the floor or newer."""
        return self.version is not None and _numbers(self.version) >= _numbers(self.floor)


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a folder lies: the kind of file system, and the place at which it is mounted."""

    kind: str
    at: str


@dataclass(frozen=True, slots=True)
class Room:
    """Room beside a folder: bytes and files that can still be written; `files` None: there is no limit to tell."""

    free_bytes: int
    files: int | None


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may do what with a file or folder: its permission bits, whether it is ours, whether we may write it."""

    path: Path
    mode: int
    is_ours: bool
    is_writable: bool

    @property
    def is_open_to_read(self) -> bool:
        """Whether other users of this machine may read it."""
        return bool(self.mode & (stat.S_IRGRP | stat.S_IROTH))

    @property
    def is_open_to_write(self) -> bool:
        """Whether other users of this machine may write it."""
        return bool(self.mode & (stat.S_IWGRP | stat.S_IWOTH))


@dataclass(frozen=True, slots=True)
class Watches:
    """How many folders a user may watch (None: the system sets no limit that could be read)."""

    folders: int | None
    instances: int | None


def python_version() -> str:
    """The Python that runs this, `3.11.7`."""
    return platform.python_version()


def system() -> str:
    """The operating system and its release."""
    return f"{platform.system()} {platform.release()}"


def sqlite_version() -> tuple[int, ...]:
    """The version of SQLite that Python was built with."""
    return sqlite3.sqlite_version_info


def packages(distribution: str = "syndicate") -> tuple[Package, ...]:
    """The packages that the program needs; none if it is not installed as a package itself."""
    try:
        wanted = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    found = (_FLOOR.match(one) for one in wanted if "extra ==" not in one)
    return tuple(Package(one[1], _version_of(one[1]), one[2]) for one in found if one)


def room_beside(folder: Path) -> Room:
    """Room in the file system of a folder, or of the nearest folder above that is there.

    Raises:
        OSError: it cannot be asked.
    """
    place = nearest(folder)
    status = os.statvfs(place)
    return Room(shutil.disk_usage(place).free, status.f_favail if status.f_files else None)


def mount_of(path: Path, table: Path = Path("/proc/self/mountinfo")) -> Mount | None:
    """The file system that a path lies in; None where the system has no such table."""
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    real = os.path.realpath(nearest(path))
    found = [mount for mount in map(_mount_in, lines) if mount is not None and _lies_in(real, mount.at)]
    # The longest is the nearest; of two at one place the later one hides the former.
    return max(reversed(found), key=lambda mount: len(mount.at), default=None)


def rights_of(path: Path) -> Rights | None:
    """Who may do what with a file or folder; None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Rights(path, stat.S_IMODE(status.st_mode), status.st_uid == os.geteuid(), os.access(path, os.W_OK))


def watches(folder: Path = Path("/proc/sys/fs/inotify")) -> Watches:
    """How much of the file system this user may watch."""
    return Watches(_number_in(folder / "max_user_watches"), _number_in(folder / "max_user_instances"))


def folders_below(roots: Iterable[Path], most: int = MOST_FOLDERS) -> int:
    """How many folders there are below these, themselves included; counting stops at `most`."""
    number = 0
    for root in roots:
        for _ in os.walk(root):
            number += 1
            if number >= most:
                return number
    return number


def zone_data(places: Iterable[str] = zoneinfo.TZPATH) -> str:
    """Which time zone data is used: the system's, with its version where it tells one, or else the package's."""
    for place in places:
        if (Path(place) / "Europe").is_dir():
            return f"{_zone_version(Path(place)) or 'unknown version'} of the system ({place})"
    return f"{_version_of('tzdata') or 'none'} of the package tzdata"


def nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    # Path.exists would raise where a folder may not be entered.
    return next((one for one in (path, *path.absolute().parents) if os.path.exists(one)), Path("/"))  # noqa: PTH110  # see above


def _zone_version(place: Path) -> str | None:
    for name, form in (("tzdata.zi", r"# version (\S+)"), ("+VERSION", r"(\S+)")):
        try:
            with (place / name).open(encoding="ascii", errors="replace") as file:
                found = re.match(form, file.readline())
        except OSError:
            continue
        if found:
            return found[1]
    return None


def _mount_in(line: str) -> Mount | None:
    """Fields of proc(5), `/proc/pid/mountinfo`: the mount point is the fifth, the kind follows the lone hyphen."""
    before, _, after = line.partition(" - ")
    fields, kinds = before.split(), after.split()
    if len(fields) < 5 or not kinds:
        return None
    return Mount(kinds[0], re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4]))


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _version_of(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """`3.13.4` and `3.13.4rc1` as numbers; floors are plain ones."""
    return tuple(int(number) for number in re.findall(r"\d+", re.split(r"[a-z+-]", version)[0]))
