"""Statements that the driver runs are those of SQLAlchemy, give what it gives, and stand in its transaction."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, or_, select, update

from syndicate.outbox.connection import Connection
from syndicate.outbox.database import Database
from syndicate.outbox.delivery import State
from syndicate.outbox.prepared import FILE, Prepared
from syndicate.outbox.schema import deliveries, events, items, marks
from syndicate.outbox.statements import Statement, content, plan_of

AT = datetime(2026, 11, 28, 12, 30, 15, 123456, UTC)
ITEM = {
    "item_id": "a",
    "revision": "r",
    "path": "a.md",
    "link_key": "",
    "is_withdrawn": False,
    "first_seen": AT,
}

EVENT = {"uid": "u", "at": AT, "state": State.SENT, "reason": "", "attempt": 1, "code": "new"}


def prepared(statement: Statement) -> Prepared:
    return Prepared("it", lambda: json.loads(json.dumps({"it": plan_of(statement)})))


ADD = prepared(insert(events))


def with_items(connection: Connection) -> None:
    rows = [ITEM, ITEM | {"item_id": "b", "is_withdrawn": True, "first_seen": AT + timedelta(days=1)}]
    connection.execute(insert(items), rows)


def test_what_is_kept_of_the_statements_is_what_they_say() -> None:
    assert FILE.read_text(encoding="ascii") == content(), "call `python -m syndicate.outbox.statements`"


@pytest.mark.parametrize(
    "statement",
    [
        select(items).order_by(items.c.item_id),
        select(items.c.first_seen, items.c.item_id).where(items.c.first_seen > bindparam("the_time")),
        select(items.c.is_withdrawn).where(or_(items.c.item_id == "a", items.c.item_id == bindparam("the_item"))),
        select(items.c.item_id).where(items.c.item_id == bindparam("the_item")).limit(bindparam("the_most")),
        update(items).where(items.c.is_withdrawn).values(first_seen=bindparam("the_time")).returning(items),
    ],
    ids=["all", "a time", "a claim", "a limit", "changed rows"],
)
async def test_rows_are_those_of_sqlalchemy(database: Database, statement: Any) -> None:
    values = {"the_time": AT, "the_item": "b", "the_most": 1}
    await database.write(with_items)

    def both(connection: Connection) -> tuple[list[Any], list[Any]]:
        return prepared(statement).rows(connection, **values), list(connection.execute(statement, values))

    ours, theirs = await database.write(both)

    assert ours
    assert [one._asdict() for one in ours] == [one._asdict() for one in theirs]


async def test_the_first_row_or_none(database: Database) -> None:
    await database.write(with_items)
    named = prepared(select(items.c.item_id).where(items.c.item_id == bindparam("the_item")))

    found = await database.read(
        lambda connection: (named.row(connection, the_item="b"), named.row(connection, the_item="c"))
    )

    assert found == (("b",), None)


async def test_changes_are_counted_and_additions_numbered(database: Database) -> None:
    mend = prepared(update(events).where(events.c.uid == bindparam("the_uid")).values(reason=bindparam("new_reason")))

    def work(connection: Connection) -> tuple[int, int, int, int]:
        first, second = ADD.add(connection, **EVENT), ADD.add(connection, **EVENT)
        changed = mend.change(connection, the_uid="u", new_reason="other")
        return first, second, changed, mend.change(connection, the_uid="nobody", new_reason="other")

    assert await database.write(work) == (1, 2, 2, 0)
    kept = await database.read(lambda connection: connection.execute(select(events)).all())
    assert [(one.at, one.state, one.reason) for one in kept] == [(AT, "sent", "other")] * 2


async def test_what_fails_later_takes_it_back(database: Database) -> None:
    def fail(connection: Connection) -> None:
        ADD.add(connection, **EVENT)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await database.write(fail)

    assert await database.read(lambda connection: connection.execute(select(events)).all()) == []


async def test_a_fault_is_the_drivers_own_and_leaves_the_connection_usable(database: Database) -> None:
    wrong = prepared(insert(items))

    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        await database.write(lambda connection: wrong.change(connection, **ITEM | {"revision": None}))

    await database.write(with_items)
    assert await database.write(lambda connection: connection.execute(delete(items)).rowcount) == 2


async def test_a_value_that_is_missing_is_told(database: Database) -> None:
    with pytest.raises(KeyError, match="the_item"):
        await database.read(
            prepared(select(deliveries.c.uid).where(deliveries.c.uid == bindparam("the_item"))).rows, the_time=AT
        )


async def test_single_values_are_read_as_their_kind(database: Database) -> None:
    await database.write(with_items)
    seen = prepared(select(items.c.first_seen).order_by(items.c.item_id))
    named = prepared(select(items.c.item_id).where(items.c.item_id == bindparam("the_item")))

    found = await database.read(
        lambda connection: (seen.values(connection), seen.value(connection), named.value(connection, the_item="c"))
    )

    assert found == ([AT, AT + timedelta(days=1)], AT, None)


async def test_many_rows_are_changed_by_one_statement(database: Database) -> None:
    add = prepared(insert(marks))

    await database.write(add.change_each, [{"name": name, "value": name.upper()} for name in "abc"])

    kept = await database.read(lambda connection: connection.execute(select(marks.c.value)).scalars().all())
    assert kept == ["A", "B", "C"]
