"""A state of every earlier version comes up to this one with all it holds; those who only look leave it alone."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from syndicate.errors import ConfigError
from syndicate.items.item import Item
from syndicate.items.snapshot import to_json
from syndicate.outbox import newest
from syndicate.outbox.backup import bring_up, schema_of
from syndicate.outbox.connection import Connection, Driver
from syndicate.outbox.database import HEAD, MIGRATIONS, migrate
from syndicate.outbox.delivery import State
from syndicate.outbox.store import SqlOutbox

EARLIER = sorted(one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions() if one.revision != HEAD)

ROWS = """
INSERT INTO items VALUES ('store:1', 'r', '1.md', 'example.org/1', 0, 1);
INSERT INTO channels (channel, account, first_seen) VALUES ('news', 'social.example', 1);
INSERT INTO deliveries (uid, channel, account, item_id, action, revision, state, reason, origin, due, attempts,
    failures, readings, generation, is_unclear, is_key_spent, remote_id, remote_url, sent_at, fence)
    VALUES ('u1', 'news', 'social.example', 'store:1', 'post', 'r', 'sent', 'accepted', 'live', 1, 1, 0, 0, 0, 0, 0,
    '77', 'https://social.example/77', 1, 1);
INSERT INTO events (uid, at, state, reason, attempt) VALUES ('u1', 1, 'sent', 'accepted', 1);
INSERT INTO tokens VALUES ('session', x'01', 1);
"""


def make(path: Path, revision: str) -> None:
    """The database as the version of that schema wrote it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ROWS)


@pytest.mark.parametrize("revision", EARLIER)
async def test_state_of_an_earlier_version_comes_up_with_all_it_holds(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "outbox.sqlite3"
    make(path, revision)

    former, newest, kept = await bring_up(path)

    assert (former, newest, kept) == (revision, HEAD, tmp_path / f"outbox.sqlite3.{revision}")
    assert kept is not None
    assert (schema_of(path), schema_of(kept)) == (HEAD, revision)
    async with SqlOutbox(path) as outbox:
        [one] = await outbox.deliveries()
        assert one.receipt is not None
        assert (one.state, one.receipt.remote_id, one.is_doubted) == (State.SENT, "77", False)
        assert [event.reason for event in await outbox.history("u1")] == ["accepted"]
        assert await outbox.sealed_token("session") == b"\x01"
        assert await outbox.channels() == {"news": "social.example"}


def held_by(path: Path) -> tuple[set[tuple[object, ...]], dict[str, list[tuple[object, ...]]]]:
    """What the database is made of, and all rows by table."""
    with closing(sqlite3.connect(path)) as connection:
        made = set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
        tables = [str(name) for kind, name, *_ in made if kind == "table"]
        return made, {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def migrated() -> str:
    """What the file of the newest schema is to hold."""
    connection = Connection(sqlite3.connect(":memory:", factory=Driver, isolation_level=None))
    try:
        with connection.transaction(is_writing=True):
            migrate(connection)
        return newest.content(connection.driver)
    finally:
        connection.close()


async def test_new_state_is_what_all_migrations_make_of_an_empty_one(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "steps.sqlite3")) as steps:
        steps.executescript(migrated())

    async with SqlOutbox(tmp_path / "new.sqlite3"):
        pass

    remedy = f"write what `migrated` gives to {newest.FILE}"
    assert held_by(tmp_path / "new.sqlite3") == held_by(tmp_path / "steps.sqlite3"), remedy
    assert schema_of(tmp_path / "new.sqlite3") == HEAD


async def test_file_that_holds_tables_of_others_is_brought_up_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (one)")
        connection.commit()

    async with SqlOutbox(path):
        pass

    assert schema_of(path) == HEAD
    assert "mine" in held_by(path)[1]


async def test_several_that_make_a_new_state_at_once_find_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"

    async def opened() -> dict[str, str]:
        async with SqlOutbox(path) as outbox:
            return dict(await outbox.channels())

    assert await asyncio.gather(*(opened() for _ in range(5))) == [{}] * 5
    assert schema_of(path) == HEAD


def names_in(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


async def test_state_of_this_version_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    make(path, HEAD)

    assert await bring_up(path) == (HEAD, HEAD, None)
    assert names_in(tmp_path) == [path.name]


@pytest.mark.parametrize("revision", EARLIER)
async def test_who_only_looks_leaves_an_earlier_state_alone(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "outbox.sqlite3"
    make(path, revision)
    before = path.read_bytes()

    with pytest.raises(ConfigError, match="call `syndicate migrate`"):
        async with SqlOutbox(path, is_reader=True):
            pass

    assert path.read_bytes() == before
    assert names_in(tmp_path) == [path.name]


async def test_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "outbox.sqlite3"
    make(path, "0001")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sightings (in_the_way)")
        connection.commit()

    with pytest.raises(Exception, match="sightings already exists"):
        await bring_up(path)

    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    assert "hubs" not in tables


async def test_items_of_the_index_are_packed_and_found_as_before(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    make(path, "0008")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    found = [
        Item(f"store:{number}", f"{number}.md", "Ti\u0301tle", "S", at, at, slug=f"s-{number}") for number in range(3)
    ]
    with closing(sqlite3.connect(path)) as connection:
        rows = [(item.path, 1, 2, 3, "d", "", item.id, to_json(item), None, None) for item in found]
        rows.append(("broken.md", 1, 2, 3, "d", "", None, None, None, "[]"))
        connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.commit()

    await bring_up(path)

    async with SqlOutbox(path) as outbox:
        index = await outbox.index("")
        assert [index[item.path].item for item in found] == found
        assert index["broken.md"].item is None
        assert await outbox.find_items("s-2") == [found[2]]
        assert await outbox.newest_item() == found[1]
