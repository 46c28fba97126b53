"""Writes that share a transaction: whole, durable, in order, and none the worse for another one's fault."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from syndicate.errors import CannotWrite, LostClaim
from syndicate.outbox.commits import MOST_TOGETHER, Seal
from syndicate.outbox.connection import Connection
from syndicate.outbox.database import Database
from syndicate.outbox.schema import marks


def mark(connection: Connection, name: str) -> str:
    connection.execute(insert(marks).values(name=name, value=""))
    return name


def names(connection: Connection) -> set[str]:
    return set(connection.execute(select(marks.c.name)).scalars())


def commits_of(database: Database) -> list[str]:
    """Hears of every commit."""
    heard: list[str] = []
    assert database._connection is not None
    database._connection.driver.set_trace_callback(lambda sql: heard.append(sql) if sql == "COMMIT" else None)
    return heard


async def together(database: Database, *writes: Any, seals: tuple[Seal, ...] = ()) -> list[Any]:
    """Writes that wait while the database is busy; the first ones with these seals."""
    busy, let_go = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        busy.set()
        assert let_go.wait(20)

    holding = asyncio.create_task(database.write(hold))
    await asyncio.to_thread(busy.wait, 20)
    sealed = [database.write_sealed(seal, *write) for seal, write in zip(seals, writes, strict=False)]
    plain = [database.write(*write) for write in writes[len(seals) :]]
    waiting = [asyncio.create_task(one) for one in (*sealed, *plain)]
    await asyncio.sleep(0)
    let_go.set()
    await holding
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_writes_that_wait_together_share_a_commit_and_get_their_own_results(database: Database) -> None:
    heard = commits_of(database)

    found = await together(database, *((mark, str(number)) for number in range(10)))

    assert found == [str(number) for number in range(10)]
    assert await database.read(names) == set(found)
    assert len(heard) <= 4, "the one that held, the ten, and the reading"


async def test_more_than_fit_into_one_transaction_are_all_written(database: Database) -> None:
    count = MOST_TOGETHER * 2 + 1

    await together(database, *((mark, str(number)) for number in range(count)))

    assert len(await database.read(names)) == count


async def test_one_that_fails_harms_no_other(database: Database) -> None:
    def lose(connection: Connection) -> None:
        mark(connection, "half done")
        raise LostClaim("fence is past")

    first, lost, twice, last = await together(database, (mark, "first"), (lose,), (mark, "first"), (mark, "last"))

    assert (first, last) == ("first", "last")
    assert isinstance(lost, LostClaim)
    assert isinstance(twice, Exception)
    assert await database.read(names) == {"first", "last"}


async def test_one_that_nobody_waits_for_any_more_is_left_out(database: Database) -> None:
    busy, let_go = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        busy.set()
        assert let_go.wait(20)

    holding = asyncio.create_task(database.write(hold))
    await asyncio.to_thread(busy.wait, 20)
    gone, kept = (asyncio.create_task(database.write(mark, name)) for name in ("gone", "kept"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    let_go.set()
    await asyncio.gather(holding, kept)

    assert await database.read(names) == {"kept"}


async def test_a_read_sees_what_was_written_before_it(database: Database) -> None:
    writing = asyncio.create_task(database.write(mark, "seen"))
    await asyncio.sleep(0)

    assert await database.read(names) == {"seen"}
    await writing


async def test_a_read_sees_all_that_was_written_before_it_however_much(database: Database) -> None:
    written = {str(number) for number in range(MOST_TOGETHER + 1)}
    writing = [asyncio.create_task(database.write(mark, name)) for name in written]
    await asyncio.sleep(0)

    assert await database.read(names) == written
    await asyncio.gather(*writing)


async def test_a_write_after_the_end_fails_and_does_not_wait_for_ever(tmp_path: Path) -> None:
    closed = Database(tmp_path / "outbox.sqlite3")
    await closed.open()
    await closed.close()

    for _ in range(2):
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(closed.write(mark, "late"), 5)


async def test_a_seal_is_set_once_for_those_that_share_a_commit(database: Database) -> None:
    sealed: list[tuple[list[str], set[str]]] = []

    def seal(results: Sequence[str]) -> None:
        with closing(sqlite3.connect(database.path)) as beside:
            sealed.append((list(results), {name for (name,) in beside.execute("SELECT name FROM marks")}))

    found = await together(database, (mark, "a"), (mark, "b"), (mark, "c"), seals=(seal, seal))
    await database.write_sealed(seal, mark, "d")

    assert found == ["a", "b", "c"]
    assert sealed == [(["a", "b"], {"a", "b", "c"}), (["d"], {"a", "b", "c", "d"})]


async def test_a_seal_that_breaks_is_told_to_those_that_asked_for_it(database: Database) -> None:
    def tear(results: Sequence[str]) -> None:
        raise CannotWrite("outbox.epoch", "is full", "make room")

    torn, whole = await together(database, (mark, "torn"), (mark, "whole"), seals=(tear,))
    with pytest.raises(CannotWrite, match="is full"):
        await database.write_sealed(tear, mark, "alone")

    assert isinstance(torn, CannotWrite)
    assert whole == "whole"
    assert await database.read(names) == {"torn", "whole", "alone"}, "what is on disk stands"


async def test_what_was_not_written_is_not_sealed(database: Database) -> None:
    sealed: list[Any] = []

    def lose(connection: Connection) -> None:
        raise LostClaim("fence is past")

    with pytest.raises(LostClaim):
        await database.write_sealed(sealed.extend, lose)

    assert sealed == []
