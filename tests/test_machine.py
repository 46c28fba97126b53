"""Facts of the machine, read from real files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from syndicate import machine
from syndicate.machine import Mount, Package

MOUNTS = r"""
22 28 0:20 / /proc rw,nosuid - proc proc rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 28 0:44 / /mnt/news\040store rw - nfs4 server:/news rw
41 40 0:45 / /mnt/news\040store/inner rw master:1 - tmpfs tmpfs rw
not a mount
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS, encoding="ascii")
    return path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", Mount("ext4", "/")),
        ("/no/such/folder", Mount("ext4", "/")),
        ("/proc/self", Mount("proc", "/proc")),
    ],
)
def test_file_system_is_that_of_the_nearest_mount(table: Path, path: str, expected: Mount) -> None:
    assert machine.mount_of(Path(path), table) == expected


def test_later_mount_at_one_place_hides_the_former(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / / rw - btrfs b rw\n", encoding="ascii")

    assert machine.mount_of(Path("/"), table) == Mount("btrfs", "/")


def test_blanks_in_mount_points_are_read(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "news store"
    folder.mkdir()
    escaped = str(folder).replace(" ", r"\040")
    table.write_text(f"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / {escaped} rw - nfs4 b rw\n", encoding="ascii")

    assert machine.mount_of(folder / "state", table) == Mount("nfs4", str(folder))


def test_system_without_a_table_of_mounts_tells_nothing(tmp_path: Path) -> None:
    assert machine.mount_of(tmp_path, tmp_path / "none") is None


@pytest.mark.parametrize(
    ("version", "floor", "is_enough"),
    [
        ("3.13.4", "3.13.4", True),
        ("3.14", "3.13.4", True),
        ("3.13.3", "3.13.4", False),
        ("10.0", "9.1", True),
        ("4.0b1", "4.0", True),
        (None, "1", False),
    ],
)
def test_versions_are_compared_as_numbers(version: str | None, floor: str, is_enough: bool) -> None:
    assert Package("any", version, floor).is_enough is is_enough


def test_packages_of_this_environment_are_as_new_as_needed() -> None:
    found = machine.packages()

    assert {"aiohttp", "pydantic-settings", "apscheduler"} <= {one.name for one in found}
    assert [one for one in found if not one.is_enough] == []
    assert machine.packages("no-such-distribution") == ()


def test_rights_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("x", encoding="ascii")
    path.chmod(0o640)

    found = machine.rights_of(path)

    assert found is not None
    assert (found.mode, found.is_ours, found.is_writable) == (0o640, True, True)
    assert (found.is_open_to_read, found.is_open_to_write) == (True, False)
    assert machine.rights_of(tmp_path / "none") is None


def test_room_is_that_of_the_nearest_folder(tmp_path: Path) -> None:
    room = machine.room_beside(tmp_path / "not" / "yet")

    assert room.free_bytes > 0
    assert room.files is None or room.files >= 0


def test_watches_are_read_from_the_system(tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text("8192\n", encoding="ascii")
    (tmp_path / "max_user_instances").write_text("many\n", encoding="ascii")

    assert machine.watches(tmp_path) == machine.Watches(8192, None)


def test_folders_are_counted_up_to_a_bound(tmp_path: Path) -> None:
    for name in ("a/b", "c"):
        (tmp_path / name).mkdir(parents=True)

    assert machine.folders_below([tmp_path]) == 4
    assert machine.folders_below([tmp_path], most=2) == 2
    assert machine.folders_below([]) == 0


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"tzdata.zi": "# version 2026a\n"}, "2026a of the system"),
        ({"+VERSION": "2026b\n"}, "2026b of the system"),
        ({"tzdata.zi": "nothing told\n"}, "unknown version of the system"),
    ],
)
def test_zone_data_of_the_system_comes_first(tmp_path: Path, files: dict[str, str], words: str) -> None:
    (tmp_path / "Europe").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="ascii")

    assert machine.zone_data([str(tmp_path / "none"), str(tmp_path)]).startswith(words)


def test_zone_data_of_the_package_is_the_last_resort() -> None:
    assert machine.zone_data([]).endswith("of the package tzdata")


def test_this_machine_is_named() -> None:
    assert machine.python_version() == ".".join(map(str, sys.version_info[:3]))
    assert os.uname().sysname in machine.system()
    assert machine.sqlite_version() >= (3, 35)
