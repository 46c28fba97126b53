"""Whether a database is whole, read beside whoever writes it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deliver_rig import NOW, acceptance, item
from syndicate.outbox.database import HEAD
from syndicate.outbox.soundness import Soundness, damaged_items, soundness_of
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.outbox import Acceptance


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    async with SqlOutbox(tmp_path / "outbox.sqlite3"):
        pass
    return tmp_path / "outbox.sqlite3"


async def test_whole_database_is_told_and_left_as_it_is(path: Path) -> None:
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}

    assert soundness_of(path, 5) == Soundness(HEAD, HEAD, True)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before


async def test_database_is_read_beside_its_writer(path: Path) -> None:
    async with SqlOutbox(path):
        assert soundness_of(path, 5).faults == ()


@pytest.mark.parametrize(("schema", "is_known"), [("0001", True), ("9999", False)])
async def test_schema_of_another_version_is_told(path: Path, schema: str, is_known: bool) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))

    found = soundness_of(path, 5)

    assert (found.schema, found.is_known) == (schema, is_known)


def test_database_without_a_schema_is_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite3"
    path.touch()

    assert soundness_of(path, 5) == Soundness(None, HEAD, True)


async def test_damage_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE INDEX extra ON items(path)")
        connection.execute("INSERT INTO items VALUES ('a', 'b', 'c', 'd', 0, '')")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'extra'")

    assert soundness_of(path, 5).faults != ()


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    path.write_bytes(b"no database" * 100)

    with pytest.raises(sqlite3.DatabaseError):
        soundness_of(path, 5)


def test_look_ends_in_time(tmp_path: Path) -> None:
    path = tmp_path / "large.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 200,)] * 5000)

    assert soundness_of(path, -1).is_checked is False


async def test_items_that_cannot_be_read_are_found(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    async with SqlOutbox(path) as outbox:
        await outbox.accept(acceptance(item(1), item(2), item(3), item(4)), NOW)
        await outbox.accept(Acceptance(withdrawn=("store:4",)), NOW)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE files SET packed = x'00' WHERE path IN ('news/2.md', 'news/4.md')")
        connection.execute("DELETE FROM files WHERE path = 'news/3.md'")

    assert damaged_items(path, 5) == ("news/2.md", "news/3.md")
    assert damaged_items(path, -1) == ()
