"""The file under the outbox: what survives, what is refused, and how it is made."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, select
from sqlalchemy.exc import OperationalError

from deliver_rig import NAME, NOW, acceptance, item
from syndicate.errors import CannotWrite, ConfigError
from syndicate.outbox.connection import Connection
from syndicate.outbox.database import BUSY_TIMEOUT_MS, HEAD, MIGRATIONS, PAGE_BYTES, Database
from syndicate.outbox.schema import marks, metadata
from syndicate.outbox.store import SqlOutbox

CHILD = Path(__file__).parent / "child.py"
ROWS = 2000


@contextmanager
def child(what: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process at the same file that has said it is ready; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, str(CHILD), what, str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@contextmanager
def made_at(revision: str, path: Path) -> Iterator[sqlite3.Connection]:
    """A database as the version wrote it that knew this schema, to be filled; committed at the end."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw, raw:
        yield raw


def pragma(connection: Connection, name: str) -> object:
    return connection.driver.execute(f"PRAGMA {name}").fetchone()[0]


async def test_commits_are_on_disk_when_they_return(database: Database) -> None:
    assert await database.read(pragma, "journal_mode") == "wal"
    assert await database.read(pragma, "synchronous") == 2, "FULL"
    assert await database.read(pragma, "fullfsync") == await database.read(pragma, "checkpoint_fullfsync") == 1
    assert await database.read(pragma, "busy_timeout") == BUSY_TIMEOUT_MS


async def test_new_databases_have_room_for_several_packed_items_in_a_page(database: Database) -> None:
    assert await database.read(pragma, "page_size") == PAGE_BYTES


async def test_every_transaction_runs_on_one_thread_that_is_not_the_loops(database: Database) -> None:
    def thread(connection: Connection) -> int:
        return threading.get_ident()

    threads = {await database.read(thread), await database.write(thread)}

    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_migrations_make_the_schema(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(
            compare_metadata(MigrationContext.configure(connection.core, opts={"compare_type": True}), metadata)
        )

    assert await database.read(differences) == []


async def test_schema_names_the_newest_migration(database: Database) -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


@pytest.mark.parametrize(
    ("state", "words", "code"),
    [
        ("planned", "new", "new"),
        ("skipped", "withdrawn", "withdrawn"),
        ("skipped", "same link as store:9", "same_link"),
        ("skipped", "baseline: it was there before the channel; `syndicate backfill` posts it", "baseline"),
        ("held", "flood guard: 11 new items at once, limit 10", "flood"),
        ("held", "unknown outcome: reset", "unknown_outcome"),
        ("failed", "422 (text is spam)", "refused"),
        ("dead", "dropped by the operator", "dropped"),
        ("planned", "503", "other"),
    ],
)
async def test_reasons_of_an_older_version_get_their_codes(tmp_path: Path, state: str, words: str, code: str) -> None:
    path = tmp_path / "outbox.sqlite3"
    with made_at("0006", path) as older:
        number = ["attempts", "failures", "readings", "generation", "is_unclear", "is_key_spent", "fence", "due"]
        text = dict.fromkeys(("channel", "account", "item_id", "revision"), "x")
        row = {"uid": "u", **text, "action": "post", "state": state, "reason": words, "origin": "live"}
        row |= dict.fromkeys(number, 0)
        names = ", ".join(row)
        marks_of = ", ".join(f":{name}" for name in row)
        older.execute(f"INSERT INTO deliveries ({names}) VALUES ({marks_of})", row)
        older.execute("INSERT INTO events (uid, at, state, reason, attempt) VALUES ('u', 0, ?, ?, 0)", (state, words))

    async with SqlOutbox(path) as outbox:
        [one] = await outbox.deliveries()
        [event] = await outbox.history("u")

    assert (one.code, event.code, one.reason) == (code, code, words)


async def test_what_was_accepted_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "outbox.sqlite3"
    async with SqlOutbox(path) as outbox:
        await outbox.accept(acceptance(item(1)), NOW)
        before = (await outbox.known(), await outbox.deliveries(), await outbox.index("rules"))

    async with SqlOutbox(path) as outbox:
        assert (await outbox.known(), await outbox.deliveries(), await outbox.index("rules")) == before


async def test_killed_in_a_transaction_leaves_what_was_committed_and_no_half(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with child("hang", path) as process:
        process.kill()

    database = Database(path)
    await database.open()
    names = await database.write(lambda connection: list(connection.execute(select(marks.c.name)).scalars()))
    await database.close()

    assert names == ["committed"]


async def test_two_processes_never_claim_one_delivery(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    async with SqlOutbox(path) as outbox:
        await outbox.accept(acceptance(*(item(number) for number in range(ROWS))), NOW - timedelta(hours=1))

    with child("claim", path) as first, child("claim", path) as second:
        claims = claimed_by(first, second)

    assert all(claims), "both took part"
    uids = [uid for lines in claims for uid in lines]
    assert (len(uids), len(set(uids))) == (ROWS, ROWS)


def claimed_by(*processes: subprocess.Popen[str]) -> list[list[str]]:
    """What each said, all let go at once; every claim is the first of its delivery."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    lines = []
    for process in processes:
        assert process.stdout is not None
        lines.append([line.split() for line in process.stdout])
    assert {fence for said in lines for _, fence in said} == {"1"}
    return [[uid for uid, _ in said] for said in lines]


async def test_newer_schema_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    async with SqlOutbox(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(ConfigError) as caught:
        async with SqlOutbox(path):
            pass

    [fault] = caught.value.faults
    assert fault.code == "E-SCHEMA"
    assert fault.problem == f"holds schema 9999, this version knows {HEAD} at most"
    assert fault.remedy == "use the newer version of syndicate that wrote it"


async def test_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    path.write_bytes(b"holiday pictures" * 1000)

    with pytest.raises(CannotWrite, match="no database") as caught:
        async with SqlOutbox(path):
            pass

    assert path.read_bytes() == b"holiday pictures" * 1000
    assert (caught.value.path, caught.value.exit_code) == (str(path), 73)


@pytest.mark.parametrize("place", ["file/outbox.sqlite3", "file/deeper/outbox.sqlite3", "folder"])
async def test_place_that_cannot_be_written_is_told_with_the_way_out(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    (tmp_path / "folder").mkdir()

    with pytest.raises(CannotWrite, match=r"set another `state\.folder`"):
        async with SqlOutbox(tmp_path / place):
            pass


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.outbox.database.BUSY_TIMEOUT_MS", 50)


@pytest.mark.usefixtures("impatient")
async def test_database_that_another_process_holds_is_told_as_such_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    async with SqlOutbox(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA journal_mode=DELETE")
        holder.execute("BEGIN EXCLUSIVE")

        with pytest.raises(CannotWrite) as caught:
            async with SqlOutbox(path):
                pass

    assert str(caught.value) == f"{path}: database is locked by another process; wait and call again"


@pytest.mark.usefixtures("impatient")
async def test_database_that_another_process_holds_is_told_as_such_at_a_write(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    async with SqlOutbox(path) as outbox:
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(CannotWrite, match="is locked by another process; wait and call again"):
                await outbox.accept(acceptance(item(1)), NOW)

        await outbox.accept(acceptance(item(1)), NOW)


async def test_full_disk_is_told_as_such_and_the_next_write_with_room_succeeds(database: Database) -> None:
    def grow(connection: Connection, pages: int) -> None:
        connection.driver.execute(f"PRAGMA max_page_count={pages}")
        connection.execute(insert(marks), [{"name": "long", "value": "x" * 1_000_000}])

    with pytest.raises(CannotWrite) as caught:
        await database.write(grow, 1)
    await database.write(grow, 100_000)

    assert str(caught.value) == f"{database.path}: database or disk is full; make room on the disk"


async def test_other_errors_of_a_transaction_are_left_as_they_are(database: Database) -> None:
    with pytest.raises(OperationalError, match="no such table"):
        await database.write(lambda connection: connection.core.exec_driver_sql("DELETE FROM nowhere"))


async def test_two_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"

    with child("claim", path) as first, child("claim", path) as second:
        assert claimed_none(first, second)

    async with SqlOutbox(path) as outbox:
        assert await outbox.next_due(NAME) is None


def claimed_none(*processes: subprocess.Popen[str]) -> bool:
    outputs = [process.communicate("go\n", timeout=60)[0] for process in processes]
    return all(output == "" and process.returncode == 0 for output, process in zip(outputs, processes, strict=True))


async def test_failed_transaction_is_undone_and_the_next_one_works(database: Database) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(marks.insert().values(name="half", value=""))
        raise ValueError("in the middle")

    def names(connection: Connection) -> list[str]:
        return list(connection.execute(select(marks.c.name)).scalars())

    with pytest.raises(ValueError, match="in the middle"):
        await database.write(fail)

    assert await database.read(names) == []
