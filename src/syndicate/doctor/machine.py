"""The machine and the files of the state: what is amiss there, and what would break by it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from syndicate.doctor.finding import Finding, Level
from syndicate.machine import Mount, Package, Rights, Room, Watches

ABOUT = "machine"
MIB = 2**20

LEAST_ROOM_BYTES = 64 * MIB
"""With less free nothing is sent."""
LITTLE_ROOM_BYTES = 1024 * MIB
FEW_FILES = 10_000

MOST_SKEW = timedelta(seconds=30)
"""Standard Webhooks allows five minutes, and a request needs time; networks' tokens end to the second."""
GREAT_SKEW = timedelta(minutes=4)

LEAST_SQLITE = (3, 35, 0)
"""The first that knows RETURNING (SQLite, "Release History", 2021-03-12). Read 2026-11."""
SOUND_SQLITE = (3, 51, 3)
"""The first without the WAL-reset bug (SQLite, "Write-Ahead Logging", section 11). Read 2026-11."""

# fmt: off
FAR_FILE_SYSTEMS = frozenset((
    "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "drvfs", "afs", "ceph", "glusterfs", "lustre",
    "beegfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.gcsfuse", "vboxsf", "virtiofs",
))
# fmt: on
"""Kinds whose locks and shared memory a database cannot rely on (SQLite, "Write-Ahead Logging": all processes must be
on the same host; "File Locking Issues"). Read 2026-11."""

PASSING_FILE_SYSTEMS = frozenset(("tmpfs", "ramfs"))


@dataclass(frozen=True, slots=True)
class Machine:
    """What was read of the machine. `zones`: which time zone data is used."""

    python: str
    system: str
    packages: tuple[Package, ...]
    sqlite: tuple[int, ...]
    zones: str


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is written: what it is for, where it lies, and how much room there is (None: cannot be asked).

    `rights` None: it is not there; `can_be_made`: a start can make it. `is_needed`: nothing runs without it.
    """

    purpose: str
    setting: str
    folder: Path
    room: Room | None
    rights: Rights | None
    can_be_made: bool = True
    is_needed: bool = True


def machine_findings(machine: Machine) -> Iterator[Finding]:
    """Python, packages, SQLite and time zones."""
    words = f"Python {machine.python} on {machine.system}"
    yield Finding(Level.OK, "D-PYTHON", ABOUT, words, facts={"python": machine.python, "system": machine.system})
    yield _packages(machine.packages)
    yield _sqlite(machine.sqlite)
    yield Finding(Level.OK, "D-ZONES", ABOUT, f"time zone data: {machine.zones}")


def clock_finding(skews_s: Sequence[float]) -> Finding:
    """How far the clock is from that of the servers that were asked: the median, as one of them may be wrong itself.

    Args:
        skews_s: the server's time less ours, in seconds, one for each host.
    """
    if not skews_s:
        return Finding(Level.NOTE, "D-CLOCK", ABOUT, "no other machine told its time, so the clock was not compared")
    skew = timedelta(seconds=median(skews_s))
    facts = {"skew_s": round(skew.total_seconds(), 1), "servers": len(skews_s)}
    if abs(skew) <= MOST_SKEW:
        words = f"the clock agrees with {_servers(len(skews_s))}"
        return Finding(Level.OK, "D-CLOCK", ABOUT, words, facts=facts)
    side = "behind" if skew > timedelta(0) else "ahead of"
    words = (
        f"the clock is {round(abs(skew).total_seconds())} s {side} {_servers(len(skews_s))}: receivers refuse signed "
        "webhooks, keys against double posts are trusted too long or too short, tokens end before they are renewed"
    )
    level = Level.PROBLEM if abs(skew) > GREAT_SKEW else Level.WARNING
    return Finding(level, "D-CLOCK", ABOUT, words, "let the system keep the time (chrony, systemd-timesyncd)", facts)


def watch_finding(watches: Watches, folders: int, *, is_watching: bool) -> Finding:
    """Whether all folders of the store can be watched."""
    facts = {"folders": folders, "max_user_watches": watches.folders, "max_user_instances": watches.instances}
    if not is_watching or watches.folders is None:
        words = "is switched off" if not is_watching else "has no limit that could be read"
        return Finding(Level.OK, "D-WATCH", ABOUT, f"watching the store {words}", facts=facts)
    if folders > watches.folders * 0.8:
        words = (
            f"the store has {folders} folders, and a user may watch {watches.folders} in all: "
            "changes would be seen only by the look at the whole store (`schedule.every`)"
        )
        remedy = f"set fs.inotify.max_user_watches to {max(folders * 2, 524_288)} (sysctl)"
        return Finding(Level.WARNING, "D-WATCH", ABOUT, words, remedy, facts)
    words = f"{folders} folders to watch, of {watches.folders} that a user may"
    return Finding(Level.OK, "D-WATCH", ABOUT, words, facts=facts)


def place_findings(place: Place) -> Iterator[Finding]:
    """Room and rights of a folder that is written."""
    yield _room(place)
    is_written = place.rights.is_writable if place.rights is not None else place.can_be_made
    if not is_written:
        how = "cannot be made" if place.rights is None else "cannot be written"
        remedy = f"give the user of this process rights to it, or set another `{place.setting}`"
        level = Level.PROBLEM if place.is_needed else Level.WARNING
        yield Finding(level, "D-FOLDER", "state", f"{place.folder} ({place.purpose}) {how}", remedy)
    elif place.rights is None:
        words = f"{place.folder} ({place.purpose}) is not there yet; it is made at the first start"
        yield Finding(Level.NOTE, "D-FOLDER", "state", words)
    else:
        yield Finding(Level.OK, "D-FOLDER", "state", f"{place.folder} can be written ({place.purpose})")


def file_system_finding(mount: Mount | None, folder: Path) -> Finding:
    """Whether a database may lie there."""
    if mount is None:
        words = f"the kind of file system of {folder} is not known; keep the state on a disk of this machine"
        return Finding(Level.NOTE, "D-FILE-SYSTEM", "state", words)
    facts = {"kind": mount.kind, "mounted_at": mount.at}
    remedy = "set `state.folder` to a folder on a disk of this machine"
    if mount.kind in FAR_FILE_SYSTEMS:
        words = (
            f"{folder} lies on {mount.kind}, where locks cannot be relied on: the state may be damaged, posts repeated"
        )
        return Finding(Level.PROBLEM, "D-FILE-SYSTEM", "state", words, remedy, facts)
    if mount.kind in PASSING_FILE_SYSTEMS:
        words = f"{folder} lies in memory ({mount.kind}): at a restart of the machine it is forgotten what was posted"
        return Finding(Level.WARNING, "D-FILE-SYSTEM", "state", words, remedy, facts)
    return Finding(Level.OK, "D-FILE-SYSTEM", "state", f"{folder} lies on {mount.kind}", facts=facts)


def state_rights_findings(folder: Rights | None, files: Collection[Rights]) -> Iterator[Finding]:
    """Whether others may read or write the state."""
    there = [one for one in (folder, *files) if one is not None]
    written = [one for one in there if one.is_open_to_write]
    read = [one for one in files if one.is_open_to_read and (folder is None or folder.mode & 0o011)]
    for one in written:
        words = f"{one.path} can be written by other users of this machine, who could post in your name"
        yield Finding(Level.PROBLEM, "D-RIGHTS", "state", words, f"chmod go-w {one.path}", {"mode": oct(one.mode)})
    for one in read:
        words = f"{one.path} can be read by other users of this machine"
        yield Finding(Level.WARNING, "D-RIGHTS", "state", words, f"chmod go-rwx {one.path}", {"mode": oct(one.mode)})
    if there and not written and not read:
        yield Finding(Level.OK, "D-RIGHTS", "state", "no other user of this machine can read or write the state")


def secret_findings(files: Sequence[tuple[str, Rights]]) -> Iterator[Finding]:
    """Whether others may read the files that hold secrets, each with the setting that names it."""
    exposed = [(setting, one) for setting, one in files if one.is_open_to_read or one.is_open_to_write]
    for setting, one in exposed:
        words = f"{setting}: {one.path} can be read by other users of this machine"
        yield Finding(Level.WARNING, "D-SECRET", "state", words, f"chmod 600 {one.path}", {"mode": oct(one.mode)})
    if files and not exposed:
        yield Finding(Level.OK, "D-SECRET", "state", f"no other user can read the files with secrets ({len(files)})")


def _packages(packages: Collection[Package]) -> Finding:
    if not packages:
        words = "is not installed as a package, so that the versions it needs were not compared"
        return Finding(Level.NOTE, "D-PACKAGES", ABOUT, f"syndicate {words}")
    short = [one for one in packages if not one.is_enough]
    if short:
        told = ", ".join(f"{one.name} {one.version or 'is missing'} (needs {one.floor})" for one in short)
        remedy = "install anew: `python3 run.py` makes its own environment, pip needs `--upgrade`"
        return Finding(Level.PROBLEM, "D-PACKAGES", ABOUT, f"packages are too old: {told}", remedy)
    return Finding(Level.OK, "D-PACKAGES", ABOUT, f"all {len(packages)} packages are as new as needed")


def _sqlite(version: tuple[int, ...]) -> Finding:
    told = ".".join(map(str, version))
    facts = {"sqlite": told}
    if version < LEAST_SQLITE:
        words = f"SQLite {told} is too old; {'.'.join(map(str, LEAST_SQLITE))} or newer is needed"
        return Finding(Level.PROBLEM, "D-SQLITE", ABOUT, words, "use a newer Python or system", facts)
    if version < SOUND_SQLITE:
        words = (
            f"SQLite {told} works; before 3.51.3 a database that two processes write at the same instant "
            "could in very rare cases be damaged (WAL-reset bug)"
        )
        return Finding(
            Level.NOTE, "D-SQLITE", ABOUT, words, "update it when your system offers it; keep backups", facts
        )
    return Finding(Level.OK, "D-SQLITE", ABOUT, f"SQLite {told}", facts=facts)


def _room(place: Place) -> Finding:
    if place.room is None:
        words = f"{place.folder}: how much room is left cannot be read"
        return Finding(Level.WARNING, "D-DISK", "state", words, "see that the disk is there and sound")
    free, files = place.room.free_bytes, place.room.files
    facts = {"folder": str(place.folder), "free_bytes": free, "free_files": files}
    words = f"{free // MIB} MiB free for {place.purpose} ({place.folder})"
    if free < LEAST_ROOM_BYTES:
        words += f"; with less than {LEAST_ROOM_BYTES // MIB} nothing is sent"
        return Finding(Level.PROBLEM, "D-DISK", "state", words, "make room", facts)
    if free < LITTLE_ROOM_BYTES:
        return Finding(Level.WARNING, "D-DISK", "state", words, "make room before it runs out", facts)
    if files is not None and files < FEW_FILES:
        words = f"only {files} more files can be made for {place.purpose} ({place.folder})"
        return Finding(Level.WARNING, "D-DISK", "state", words, "take away files that are not needed", facts)
    return Finding(Level.OK, "D-DISK", "state", words, facts=facts)


def _servers(number: int) -> str:
    return "the server that was asked" if number == 1 else f"{number} servers"
