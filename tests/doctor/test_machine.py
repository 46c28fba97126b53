"""What is amiss with machine and files of the state."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate.doctor.finding import Finding, Level
from syndicate.doctor.machine import (
    MIB,
    Machine,
    Place,
    clock_finding,
    file_system_finding,
    machine_findings,
    place_findings,
    secret_findings,
    state_rights_findings,
    watch_finding,
)
from syndicate.machine import Mount, Package, Rights, Room, Watches

FOLDER = Path("/srv/state")


def levels(*findings: Finding) -> list[tuple[str, str]]:
    return [(one.code, one.level.value) for one in findings]


def machine(*, sqlite: tuple[int, ...] = (3, 52, 0), packages: tuple[Package, ...] = ()) -> Machine:
    return Machine("3.11.7", "Linux 6.1", packages, sqlite, "2025b")


def rights(mode: int, *, is_writable: bool = True, path: Path = FOLDER) -> Rights:
    return Rights(path, mode, True, is_writable)


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 34, 1), Level.PROBLEM), ((3, 35, 0), Level.NOTE), ((3, 51, 2), Level.NOTE), ((3, 51, 3), Level.OK)],
)
def test_sqlite_is_as_new_as_needed(version: tuple[int, ...], level: Level) -> None:
    found = {one.code: one for one in machine_findings(machine(sqlite=version))}

    assert found["D-SQLITE"].level is level


@pytest.mark.parametrize(
    ("packages", "level", "named"),
    [
        ((), Level.NOTE, "not installed"),
        ((Package("aiohttp", "3.14.0", "3.13.4"),), Level.OK, "1 packages"),
        ((Package("aiohttp", "3.13.3", "3.13.4"), Package("lxml", None, "5.3")), Level.PROBLEM, "lxml is missing"),
    ],
)
def test_packages_are_compared_with_their_floors(packages: tuple[Package, ...], level: Level, named: str) -> None:
    found = {one.code: one for one in machine_findings(machine(packages=packages))}

    assert found["D-PACKAGES"].level is level
    assert named in found["D-PACKAGES"].words


@pytest.mark.parametrize(
    ("skews", "level", "words"),
    [
        ([], Level.NOTE, "not compared"),
        ([0.4], Level.OK, "agrees"),
        ([0.0, 0.5, 7200.0], Level.OK, "3 servers"),
        ([47.0, 45.0, 46.0], Level.WARNING, "46 s behind 3 servers"),
        ([-31.0], Level.WARNING, "31 s ahead of"),
        ([600.0], Level.PROBLEM, "refuse signed webhooks"),
    ],
)
def test_clock_is_held_against_the_median_of_the_servers(skews: list[float], level: Level, words: str) -> None:
    found = clock_finding(skews)

    assert (found.level, words in found.words) == (level, True), found.words


@pytest.mark.parametrize(
    ("room", "level"),
    [
        (None, Level.WARNING),
        (Room(63 * MIB, None), Level.PROBLEM),
        (Room(500 * MIB, None), Level.WARNING),
        (Room(5000 * MIB, 12), Level.WARNING),
        (Room(5000 * MIB, 1_000_000), Level.OK),
        (Room(5000 * MIB, None), Level.OK),
    ],
)
def test_room_is_told_before_it_runs_out(room: Room | None, level: Level) -> None:
    found = next(place_findings(Place("the state", "state.folder", FOLDER, room, rights(0o700))))

    assert (found.code, found.level) == ("D-DISK", level)


@pytest.mark.parametrize(
    ("there", "level"),
    [(None, Level.NOTE), (rights(0o500, is_writable=False), Level.PROBLEM), (rights(0o700), Level.OK)],
)
def test_folders_can_be_written(there: Rights | None, level: Level) -> None:
    found = list(place_findings(Place("the state", "state.folder", FOLDER, Room(5000 * MIB, None), there)))

    assert levels(found[1]) == [("D-FOLDER", level.value)]


@pytest.mark.parametrize(("is_needed", "level"), [(True, Level.PROBLEM), (False, Level.WARNING)])
def test_a_folder_that_no_start_can_make_is_told(is_needed: bool, level: Level) -> None:
    place = Place("x", "state.witness", FOLDER, Room(5000 * MIB, None), None, False, is_needed)

    found = list(place_findings(place))

    assert levels(found[1]) == [("D-FOLDER", level.value)]
    assert "cannot be made" in found[1].words
    assert "`state.witness`" in found[1].remedy


@pytest.mark.parametrize(
    ("mount", "level"),
    [
        (None, Level.NOTE),
        (Mount("ext4", "/"), Level.OK),
        (Mount("nfs4", "/srv"), Level.PROBLEM),
        (Mount("9p", "/mnt/c"), Level.PROBLEM),
        (Mount("tmpfs", "/srv"), Level.WARNING),
    ],
)
def test_state_lies_on_a_disk_of_this_machine(mount: Mount | None, level: Level) -> None:
    assert file_system_finding(mount, FOLDER).level is level


DATABASE, KEY = FOLDER / "outbox.sqlite3", FOLDER / "token.key"


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        (None, (), []),
        (rights(0o700), (rights(0o644, path=DATABASE),), [("D-RIGHTS", "ok")]),
        (rights(0o755), (rights(0o600, path=DATABASE),), [("D-RIGHTS", "ok")]),
        (rights(0o755), (rights(0o644, path=DATABASE),), [("D-RIGHTS", "warning")]),
        (rights(0o777), (rights(0o600, path=KEY),), [("D-RIGHTS", "problem")]),
        (rights(0o755), (rights(0o666, path=KEY),), [("D-RIGHTS", "problem"), ("D-RIGHTS", "warning")]),
    ],
)
def test_others_neither_read_nor_write_the_state(
    folder: Rights | None, files: tuple[Rights, ...], expected: list[tuple[str, str]]
) -> None:
    assert levels(*state_rights_findings(folder, files)) == expected


def test_files_with_secrets_are_the_operators_own() -> None:
    safe, exposed = rights(0o600, path=Path("/a")), rights(0o640, path=Path("/b"))

    assert list(secret_findings([])) == []
    assert levels(*secret_findings([("channels.news.token_file", safe)])) == [("D-SECRET", "ok")]
    told = list(secret_findings([("channels.news.token_file", safe), ("channels.other.token_file", exposed)]))
    assert levels(*told) == [("D-SECRET", "warning")]
    assert told[0].remedy == "chmod 600 /b"


@pytest.mark.parametrize(
    ("limit", "folders", "is_watching", "level"),
    [
        (8192, 10, True, Level.OK),
        (8192, 8000, True, Level.WARNING),
        (8192, 8000, False, Level.OK),
        (None, 8000, True, Level.OK),
    ],
)
def test_store_can_be_watched_whole(limit: int | None, folders: int, is_watching: bool, level: Level) -> None:
    assert watch_finding(Watches(limit, 128), folders, is_watching=is_watching).level is level
