"""Copies of the state: whole while others write, refused when they are not what they were, put back with care."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from deliver_rig import NAME, NOW, acceptance, item
from syndicate.errors import CannotWrite, ConfigError, UsageError
from syndicate.outbox import backup, epoch
from syndicate.outbox.backup import back_up, manifest_of, manifest_path, put_back, schema_of
from syndicate.outbox.database import HEAD, connected, copy_database
from syndicate.outbox.store import SqlOutbox

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A state that published and owes two posts."""
    path = tmp_path / "state" / "outbox.sqlite3"
    async with SqlOutbox(path) as outbox:
        await outbox.begin(NOW, has_feeds=False)
        await outbox.accept(acceptance(item(1), item(2)), NOW)
    return path


async def test_copy_is_made_beside_a_writer_and_says_what_it_holds(path: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    target = tmp_path / "kept" / "news.sqlite3"

    async with SqlOutbox(path) as outbox:
        await outbox.accept(acceptance(item(3)), NOW)  # lies in the write-ahead log alone
        manifest = back_up(path, target, NOW, "1.2", lambda done, total: told.append((done, total)))
        await outbox.accept(acceptance(item(4)), NOW)

    assert (manifest.schema, manifest.epoch, manifest.items, manifest.deliveries) == (HEAD, 1, 3, {"planned": 3})
    assert manifest_of(target) == manifest
    assert told[-1][0] == told[-1][1] > 0
    assert sorted(one.name for one in target.parent.iterdir()) == ["news.sqlite3", "news.sqlite3.json"]
    assert target.stat().st_mode & 0o077 == 0


async def test_foreign_writes_do_not_hold_up_a_copy(path: Path, tmp_path: Path) -> None:
    """Without a snapshot each write would begin it anew."""
    with closing(connected(path)) as writer:
        writer.execute("INSERT INTO marks VALUES ('long', ?)", ("x" * 3_000_000,))
        writer.commit()
        steps: list[int] = []

        def write(done: int, total: int) -> None:
            steps.append(done)
            writer.execute("INSERT OR REPLACE INTO marks VALUES ('short', ?)", (str(done),))
            writer.commit()

        copy_database(path, tmp_path / "copy", write)

    assert steps == sorted(steps) and len(steps) > 1


async def test_nothing_is_kept_where_nothing_was_published_and_nothing_is_overwritten(
    path: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    for none in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(UsageError, match="nothing to keep"):
            back_up(none, tmp_path / "copy", NOW, "1")

    (tmp_path / "copy").touch()
    with pytest.raises(UsageError, match="is there already"):
        back_up(path, tmp_path / "copy", NOW, "1")


async def test_place_that_cannot_be_written_is_told(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotWrite, match="name a place that can be written"):
        back_up(path, tmp_path / "file" / "copy", NOW, "1")


async def test_broken_state_gives_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    path.write_bytes(b"holiday pictures" * 1000)

    with pytest.raises(CannotWrite, match="not a database"):
        back_up(path, tmp_path / "copy", NOW, "1")
    assert not (tmp_path / "copy").exists()


async def test_newer_state_is_left_to_the_version_that_made_it(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(ConfigError, match=r"schema 9999, this version knows .* use the newer version"):
        back_up(path, tmp_path / "copy", NOW, "1")

    assert not (tmp_path / "copy").exists()


async def test_copy_that_cannot_be_finished_leaves_nothing_of_its_name(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last thing before the copy takes its name fails: the disk is full when the manifest is written."""

    def full(target: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(backup, "replace_file", full)

    with pytest.raises(CannotWrite, match=r"No space left on device; make room on the disk"):
        back_up(path, tmp_path / "kept" / "copy", NOW, "1")

    assert list((tmp_path / "kept").iterdir()) == []


async def test_what_a_killed_backup_left_goes_with_a_later_one(path: Path, tmp_path: Path) -> None:
    old, young = tmp_path / ".old.syndicate-new", tmp_path / ".young.syndicate-new"
    for left, age in ((old, 2), (young, 0)):
        left.touch()
        at = NOW.timestamp() - age * 86_400
        os.utime(left, (at, at))

    back_up(path, tmp_path / "copy", NOW, "1")

    assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.parametrize(
    ("code", "place", "words"),
    [
        (sqlite3.SQLITE_FULL, "target", "disk is full; make room there"),
        (sqlite3.SQLITE_IOERR_WRITE, "target", "see what the system says about both disks"),
        (sqlite3.SQLITE_CANTOPEN, "source", "cannot be opened; give the user of this process rights"),
        (sqlite3.SQLITE_CORRUPT, "source", "is damaged, or is no database; put a backup in its place"),
        (sqlite3.SQLITE_BUSY, "source", "locked by another process; wait"),
        (sqlite3.SQLITE_READONLY, "source", "cannot be written; make the disk writable"),
        (0, "source", "report this"),
    ],
)
def test_failed_copy_names_the_file_at_fault_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, place: str, words: str
) -> None:
    def failing(*_: object, **__: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("words of SQLite")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr("syndicate.outbox.database.connected", failing)

    with pytest.raises(CannotWrite, match=words) as caught:
        copy_database(tmp_path / "source", tmp_path / "target")

    assert caught.value.path == str(tmp_path / place)
    assert list(tmp_path.iterdir()) == []


def spoil(target: Path) -> None:
    content = bytearray(target.read_bytes())
    content[-1] ^= 1
    target.write_bytes(content)


def lose_manifest(target: Path) -> None:
    manifest_path(target).unlink()


def break_manifest(target: Path) -> None:
    manifest_path(target).write_text("{}")


def make_newer(target: Path) -> None:
    manifest = json.loads(manifest_path(target).read_text())
    manifest_path(target).write_text(json.dumps(manifest | {"schema": "9999"}))


@pytest.mark.parametrize(
    ("harm", "code", "words"),
    [
        (spoil, "E-BACKUP", "its digest differs"),
        (lose_manifest, "E-BACKUP", "keep a backup and its `.json` together"),
        (break_manifest, "E-BACKUP", "is no manifest"),
        (make_newer, "E-SCHEMA", "use the newer version"),
    ],
)
async def test_backup_that_cannot_be_trusted_changes_nothing(
    path: Path, tmp_path: Path, harm: object, code: str, words: str
) -> None:
    target = tmp_path / "copy"
    back_up(path, target, NOW, "1")
    assert callable(harm)
    harm(target)
    before = sorted((one.name, one.stat().st_mtime_ns) for one in path.parent.iterdir())

    with pytest.raises(ConfigError, match=words) as caught:
        await put_back(target, path, LATER)

    assert [fault.code for fault in caught.value.faults] == [code]
    assert sorted((one.name, one.stat().st_mtime_ns) for one in path.parent.iterdir()) == before


async def test_restored_state_is_the_backup_in_a_new_epoch_and_the_former_is_kept(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    back_up(path, target, NOW, "1")
    async with SqlOutbox(path) as outbox:
        await outbox.begin(NOW, has_feeds=True)
        await outbox.accept(acceptance(item(3)), LATER)

    _, restored, aside = await put_back(target, path, LATER)

    assert aside is not None and restored.epoch == 2
    with closing(sqlite3.connect(aside / path.name)) as former:
        assert former.execute("SELECT count(*) FROM items").fetchone() == (3,)
    async with SqlOutbox(path) as outbox:
        assert await outbox.begin(LATER, has_feeds=True) is None, "it is known to be restored"
        assert sorted(await outbox.known()) == ["store:1", "store:2"]
        assert {one.is_doubted for one in await outbox.deliveries()} == {True}
        assert await outbox.doubt(NAME) is not None
    assert [one.name for one in path.parent.iterdir() if "restoring" in one.name] == []


async def test_restored_state_of_another_place_is_told_of_once(path: Path, tmp_path: Path) -> None:
    """The state that stood here before was another one, and its witness would say so."""
    target, here = tmp_path / "copy", tmp_path / "here" / "outbox.sqlite3"
    back_up(path, target, NOW, "1")
    async with SqlOutbox(here) as outbox:
        await outbox.begin(NOW, has_feeds=False, folders=[tmp_path])

    await put_back(target, here, LATER, folders=[tmp_path])

    async with SqlOutbox(here) as outbox:
        assert await outbox.begin(LATER, has_feeds=True, folders=[tmp_path]) is None


async def test_each_restore_is_a_later_epoch_than_all_before(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    back_up(path, target, NOW, "1")

    epochs = [(await put_back(target, path, LATER + timedelta(seconds=number)))[1].epoch for number in range(3)]

    assert epochs == [2, 3, 4]


def lose(path: Path) -> None:
    path.unlink()


def ruin(path: Path) -> None:
    path.write_bytes(b"holiday pictures" * 1000)
    epoch.path_beside(path).unlink()


async def test_broken_or_missing_state_is_replaced_as_well(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    back_up(path, target, NOW, "1")
    ruin(path)

    _, _, aside = await put_back(target, path, LATER)
    assert aside is not None and (aside / path.name).read_bytes().startswith(b"holiday")

    lose(path)
    _, _, aside = await put_back(target, path, LATER + timedelta(seconds=1))
    assert aside is None
    async with SqlOutbox(path) as outbox:
        assert len(await outbox.known()) == 2


async def test_copy_that_is_not_whole_is_told(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(source: Path, target: Path, tell: object) -> None:
        copy_database(source, target)
        content = target.read_bytes()
        target.write_bytes(content[:8192] + bytes(len(content) - 8192))

    monkeypatch.setattr(backup, "copy_database", torn)

    with pytest.raises(CannotWrite, match="the copy is not whole"):
        back_up(path, tmp_path / "copy", NOW, "1")


async def test_schema_is_told_without_opening_anything(path: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "other").write_bytes(b"holiday pictures" * 1000)

    assert schema_of(path) == HEAD
    assert schema_of(tmp_path / "empty") is None
    with pytest.raises(CannotWrite, match="syndicate restore"):
        schema_of(tmp_path / "other")
