from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from syndicate import durable
from syndicate.atomic import replace_files
from syndicate.durable import sync, sync_all

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="what a descriptor leads to is told by /proc alone, which Linux has"
)

MANY = 12
EXT4 = 0xEF53
NFS = 0x6969
OVERLAY = 0x794C7630


class Disk:
    """A C library as `durable` asks it, whose disk is of some kind and may fail; `asked` are the places it synced.

    `found` is what stood there whenever a disk was asked for its kind.
    """

    def __init__(self, kind: int = EXT4, trouble: int = 0) -> None:
        self.asked: list[str] = []
        self.found: list[set[str]] = []
        self._kind = kind
        self._trouble = trouble

    def fstatfs(self, descriptor: int, facts: ctypes.Array[ctypes.c_long]) -> int:
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        self.found.append({one.name for one in place.iterdir()} if place.is_dir() else set())
        facts[0] = self._kind
        return -1 if self._kind == 0 else 0

    def syncfs(self, descriptor: int) -> int:
        self.asked.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        return -1 if self._trouble else 0


@pytest.fixture
def fsynced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The places that were synced one by one."""
    found: list[str] = []
    true_fsync = os.fsync

    def seeing(descriptor: int) -> None:
        found.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        true_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", seeing)
    return found


@pytest.fixture(autouse=True)
def little_waits(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the machine tells of its memory, else what other tests write would decide; and of its disks."""
    told = tmp_path_factory.mktemp("machine") / "meminfo"
    told.write_text("MemFree: 5 kB\nDirty:            40 kB\nWriteback:       2 kB\nWritebackTmp: 999999999 kB\n")
    monkeypatch.setattr(durable, "_MEMORY", told)
    mounts, number = told.with_name("mountinfo"), told.stat().st_dev
    mounts.write_text(f"30 1 {os.major(number)}:{os.minor(number)} / / rw,relatime - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr(durable, "_MOUNTS", mounts)
    return told


def files_in(folder: Path, number: int = MANY) -> list[str]:
    """New files."""
    places = [folder / f"{one}.xml" for one in range(number)]
    for place in places:
        place.write_bytes(b"x")
    return [str(place) for place in places]


def use(monkeypatch: pytest.MonkeyPatch, disk: Disk | None) -> None:
    monkeypatch.setattr(durable, "_system", lambda: disk)


def test_many_files_are_left_to_their_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str]) -> None:
    disk = Disk()
    use(monkeypatch, disk)
    places = files_in(tmp_path)

    sync_all(places)

    assert len(disk.asked) == 1
    assert disk.asked[0] in places
    assert fsynced == []


def test_each_disk_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str]) -> None:
    disk = Disk()
    use(monkeypatch, disk)
    places = files_in(tmp_path)
    other, true_stat = places[3], os.stat

    def stat(path: str, **told: object) -> object:
        facts = true_stat(path, **told)  # type: ignore[arg-type]
        return SimpleNamespace(st_dev=facts.st_dev + 1) if path == other else facts

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", stat)
        sync_all(places)

    assert len(disk.asked) == 2
    assert other in disk.asked


def test_disk_that_cannot_be_looked_at_is_asked_for_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str]
) -> None:
    disk = Disk()
    use(monkeypatch, disk)
    places = files_in(tmp_path)

    with durable.syncing([tmp_path / "none"], number=MANY) as sync_these:
        sync_these(places)

    assert disk.asked == []
    assert sorted(fsynced) == sorted(places)


def test_few_files_are_synced_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str]) -> None:
    disk = Disk()
    use(monkeypatch, disk)
    places = files_in(tmp_path, 3)

    sync_all(places)

    assert disk.asked == []
    assert sorted(fsynced) == sorted(places)


@pytest.mark.parametrize("is_known", [True, False], ids=["macOS", "its disk on a server"])
def test_drive_is_asked_to_write_what_it_holds_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str], *, is_known: bool
) -> None:
    asked: list[tuple[str, int]] = []

    def call(descriptor: int, command: int) -> int:
        asked.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), command))
        if not is_known:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        return 0

    monkeypatch.setattr(durable, "_FULL_SYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", call)
    (place,) = files_in(tmp_path, 1)

    sync(place)

    assert asked == [(place, 51)]
    assert fsynced == ([] if is_known else [place])


def test_drive_that_cannot_write_what_it_holds_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str]
) -> None:
    def call(_descriptor: int, _command: int) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(durable, "_FULL_SYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", call)
    (place,) = files_in(tmp_path, 1)

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        sync(place)
    assert fsynced == []


def test_none_are_asked_for_nothing(fsynced: list[str]) -> None:
    sync_all(())

    assert fsynced == []


@pytest.mark.parametrize("kind", [NFS, OVERLAY, 0x65735546, 0])
def test_disks_that_may_keep_quiet_are_asked_for_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str], kind: int
) -> None:
    disk = Disk(kind)
    use(monkeypatch, disk)
    places = files_in(tmp_path)

    sync_all(places)

    assert disk.asked == []
    assert sorted(fsynced) == sorted(places)


@pytest.mark.parametrize(
    ("kind", "is_asked"), [("ext4", True), ("ext3", True), ("ext2", False), (None, False), ("", False)]
)
def test_drive_under_an_ext2_is_asked_for_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str], kind: str | None, *, is_asked: bool
) -> None:
    disk = Disk()
    use(monkeypatch, disk)
    places = files_in(tmp_path)
    number, mounts = tmp_path.stat().st_dev, tmp_path / "mountinfo"
    others = "24 30 0:22 / /proc rw shared:12 - proc proc rw\n25 1 9999:1 / /boot rw - ext2 /dev/sdz1 rw\n"
    ours = f"30 1 {os.major(number)}:{os.minor(number)} / / rw,relatime shared:1 - {kind} /dev/sda1 rw\n"
    if kind is not None:
        mounts.write_text(others + ours if kind else others)
    monkeypatch.setattr(durable, "_MOUNTS", mounts)

    sync_all(places)

    assert bool(disk.asked) == is_asked
    assert sorted(fsynced) == ([] if is_asked else sorted(places))


@pytest.mark.parametrize(
    "memory", ["Dirty: 60000 kB\nWriteback: 60000 kB\n", "Dirty: 5 kB\n", "Dirty: many kB\nWriteback: 1 kB\n", ""]
)
def test_what_others_write_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str], little_waits: Path, memory: str
) -> None:
    disk = Disk()
    use(monkeypatch, disk)
    little_waits.write_text(memory)
    places = files_in(tmp_path)

    sync_all(places)

    assert disk.asked == []
    assert sorted(fsynced) == sorted(places)


@pytest.mark.parametrize("first", [0, 120_000], ids=["then", "before"])
def test_others_that_write_for_a_while_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str], little_waits: Path, first: int
) -> None:
    disk = Disk()
    use(monkeypatch, disk)
    places = files_in(tmp_path)

    little_waits.write_text(f"Dirty: {first} kB\nWriteback: 0 kB\n")
    with durable.syncing([tmp_path], number=MANY) as sync_these:
        little_waits.write_text(f"Dirty: {120_000 - first} kB\nWriteback: 0 kB\n")
        sync_these(places)

    assert disk.asked == []
    assert sorted(fsynced) == sorted(places)


def test_machine_that_does_not_tell_what_waits_is_asked_for_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str], little_waits: Path
) -> None:
    use(monkeypatch, Disk())
    little_waits.unlink()
    places = files_in(tmp_path)

    sync_all(places)

    assert sorted(fsynced) == sorted(places)


def test_after_an_error_of_the_disk_each_file_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str]
) -> None:
    disk = Disk(trouble=errno.ENOSPC)
    use(monkeypatch, disk)
    places = files_in(tmp_path)

    sync_all(places)

    assert len(disk.asked) == 1
    assert sorted(fsynced) == sorted(places)  # and these would tell which is lost


@pytest.mark.parametrize("trouble", [0, errno.EIO])
def test_disk_is_known_before_the_first_byte_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: int
) -> None:
    disk = Disk(trouble=trouble)
    use(monkeypatch, disk)
    contents = {str(tmp_path / f"{one}.xml"): b"x" for one in range(MANY)}

    facts = replace_files(contents)

    assert disk.found == [set()]
    assert disk.asked == [str(tmp_path)] * 2  # for the bytes, then for the names
    assert {path: Path(path).read_bytes() for path in contents} == contents
    assert all(Path(path).stat().st_ino == one.st_ino for path, one in facts.items())


def test_place_that_is_gone_is_an_error(tmp_path: Path) -> None:
    places = files_in(tmp_path)
    Path(places[5]).unlink()

    with pytest.raises(FileNotFoundError):
        sync_all(places)
    with pytest.raises(FileNotFoundError):
        sync(places[5])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can write all that waits for one disk")
def test_this_system_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsynced: list[str]) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release="6.1.0-test"))
    durable._system.cache_clear()
    places = files_in(tmp_path)

    try:
        system = durable._system()
        assert system is not None
        with durable._opened(tmp_path) as descriptor:
            kind = durable._kind(system, descriptor)
        sync_all(places)
    finally:
        durable._system.cache_clear()

    assert kind > 0
    assert (fsynced == []) == (kind in durable._SPEAKING)
    assert durable._kind(system, 10**6) == 0


@pytest.mark.parametrize(
    ("release", "is_speaking"),
    [
        ("5.17.0", True),
        ("5.19.0-28-amd64", True),
        ("6.18.44+", True),
        ("10.0", True),
        ("5.16.19", False),
        ("4.19.0", False),
        ("5", False),
        ("5.x", False),
        ("", False),
    ],
)
def test_systems_that_keep_quiet_about_errors_are_not_asked(
    monkeypatch: pytest.MonkeyPatch, release: str, is_speaking: bool
) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    durable._system.cache_clear()

    try:
        assert (durable._system() is not None) == (is_speaking and sys.platform == "linux")
    finally:
        durable._system.cache_clear()


@pytest.mark.parametrize("library", [OSError("no dynamic loader"), SimpleNamespace(fstatfs=print)])
def test_library_that_cannot_do_it_is_not_asked(monkeypatch: pytest.MonkeyPatch, library: object) -> None:
    def load(name: None) -> object:
        if isinstance(library, OSError):
            raise library
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)
    durable._system.cache_clear()

    try:
        assert durable._system() is None
    finally:
        durable._system.cache_clear()
