"""Statements that run with every delivery: written in SQLAlchemy Core as all are, made once, run by the driver itself.

What SQLAlchemy does around each (its cache, contexts, events, rows) costs several times what SQLite takes for it.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Connection, Insert, Select, Update
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.types import TypeEngine

_DIALECT = dialect()

Convert = Callable[[Any], Any]


def driver(connection: Connection) -> sqlite3.Connection:
    """What SQLAlchemy's connection speaks through; its errors are those of `sqlite3`."""
    return cast(sqlite3.Connection, connection.connection.driver_connection)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The statement's SQL; each `?` as a constant, or a name among the values with how it is kept; rows, how read."""

    sql: str
    places: tuple[tuple[str | None, Any, Convert | None], ...]
    row: Callable[[Any], Any]
    columns: tuple[tuple[int, Convert], ...]


class Prepared:
    """A statement with `bindparam`s for what changes. It runs in the transaction that the connection is in.

    Not for lists of values (`in_`): their SQL depends on their length.
    """

    def __init__(self, statement: Select[Any] | Insert | Update) -> None:
        self._statement = statement

    def rows(self, connection: Connection, /, **values: object) -> list[Any]:
        """What it gives, with the columns as attributes and in order."""
        plan = self._plan
        rows = self._run(connection, values).fetchall()
        if not plan.columns:
            return list(map(plan.row, rows))
        made = []
        for row in rows:
            parts = list(row)
            for index, read in plan.columns:
                parts[index] = read(parts[index])
            made.append(plan.row(parts))
        return made

    def row(self, connection: Connection, /, **values: object) -> Any | None:
        """The first row that it gives, if any."""
        return next(iter(self.rows(connection, **values)), None)

    def change(self, connection: Connection, /, **values: object) -> int:
        """How many rows it changed."""
        return self._run(connection, values).rowcount

    def add(self, connection: Connection, /, **values: object) -> int:
        """The number of the row that it added."""
        number = self._run(connection, values).lastrowid
        assert number is not None, "it is an insert"
        return number

    def _run(self, connection: Connection, values: dict[str, object]) -> sqlite3.Cursor:
        plan = self._plan
        kept = []
        for name, constant, keep in plan.places:
            value = constant if name is None else values[name]
            kept.append(value if keep is None else keep(value))
        return driver(connection).execute(plan.sql, kept)

    @cached_property
    def _plan(self) -> _Plan:
        compiled = self._statement.compile(dialect=_DIALECT)
        places: list[tuple[str | None, Any, Convert | None]] = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            keep = _impl(bind.type).bind_processor(_DIALECT)
            if bind.required:
                places.append((name, None, keep))
            else:
                places.append((None, bind.value if keep is None else keep(bind.value), None))
        columns = tuple(self._statement.exported_columns)
        reads = ((index, _impl(one.type).result_processor(_DIALECT, None)) for index, one in enumerate(columns))
        return _Plan(
            sql=compiled.string,
            places=tuple(places),
            row=_row_of([one.name for one in columns]),
            columns=tuple((index, read) for index, read in reads if read is not None),
        )


def _row_of(names: Sequence[str]) -> Callable[[Any], Any]:
    """Makes a row of its parts."""
    row: Any = namedtuple("Row", names)  # type: ignore[misc]  # names are known here only
    made: Callable[[Any], Any] = row._make
    return made


def _impl(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return kind.dialect_impl(_DIALECT)
