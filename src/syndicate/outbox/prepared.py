"""Statements that run at every start and with every delivery: compiled before, run by the driver itself.

They are written in SQLAlchemy Core as all are, in `statements`; `prepared.json` keeps what it makes of them. To load it
takes as long as all else that a quiet start does, and what it does around each statement (its cache, contexts, events,
rows) costs several times what SQLite takes for it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from syndicate.outbox import moments
from syndicate.outbox.connection import Connection

FILE = Path(__file__).with_name("prepared.json")

V = TypeVar("V")

Convert = Callable[[Any], Any]

KEEPS: Mapping[str, Convert] = {"moment": moments.kept, "list": lambda values: json.dumps(values, ensure_ascii=False)}
READS: Mapping[str, Convert] = {"moment": moments.read, "flag": lambda value: None if value is None else bool(value)}
"""How values of a kind are kept and read, where the driver does not know them; `statements` tells kinds by columns."""


class _Plan(NamedTuple):
    """The statement's SQL; each `?` as a constant, or a name among the values with how it is kept; rows, how read."""

    sql: str
    places: tuple[tuple[str | None, Any, Convert | None], ...]
    names: tuple[str, ...]
    columns: tuple[tuple[int, Convert], ...]


class Prepared:
    """The statement of that name, with values for what changes. It runs in the transaction that the connection is in.

    A list of values goes into one place as JSON (`json_each`): with `in_` the SQL would depend on its length.
    """

    def __init__(self, name: str, plans: Callable[[], Mapping[str, Any]] | None = None) -> None:
        self._name = name
        self._plans = plans or _plans

    def rows(self, connection: Connection, /, **values: object) -> list[Any]:
        """What it gives, with the columns as attributes and in order."""
        return list(map(self._row, self._found(connection, values)))

    def made(self, kind: Callable[..., V], connection: Connection, /, **values: object) -> list[V]:
        """What it gives, each row as a value of that kind, made of its columns in order."""
        return [kind(*row) for row in self._found(connection, values)]

    def row(self, connection: Connection, /, **values: object) -> Any | None:
        """The first row that it gives, if any."""
        return next(map(self._row, self._found(connection, values)), None)

    def values(self, connection: Connection, /, **values: object) -> list[Any]:
        """The first column of what it gives."""
        return [row[0] for row in self._found(connection, values)]

    def value(self, connection: Connection, /, **values: object) -> Any:
        """The first column of the first row that it gives; None if there is none."""
        return next((row[0] for row in self._found(connection, values)), None)

    def change(self, connection: Connection, /, **values: object) -> int:
        """How many rows it changed."""
        return self._run(connection, values).rowcount

    def change_each(self, connection: Connection, rows: Iterable[Mapping[str, object]]) -> None:
        """Once for each of these values."""
        connection.driver.executemany(self._plan.sql, map(self._kept, rows))

    def add(self, connection: Connection, /, **values: object) -> int:
        """The number of the row that it added."""
        number = self._run(connection, values).lastrowid
        assert number is not None, "it is an insert"
        return number

    def _found(self, connection: Connection, values: Mapping[str, object]) -> Iterable[Any]:
        columns = self._plan.columns
        # All at once: a cursor that is not at its end would hold up the end of the transaction.
        rows = self._run(connection, values).fetchall()
        if not columns or not rows:
            return rows
        told: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for index, read in columns:
            told[index] = map(read, told[index])
        return list(zip(*told, strict=True))

    def _run(self, connection: Connection, values: Mapping[str, object]) -> sqlite3.Cursor:
        return connection.driver.execute(self._plan.sql, self._kept(values))

    def _kept(self, values: Mapping[str, object]) -> list[Any]:
        kept = []
        for name, constant, keep in self._plan.places:
            value = constant if name is None else values[name]
            kept.append(value if keep is None else keep(value))
        return kept

    @cached_property
    def _row(self) -> Callable[[Any], Any]:
        return _row_of(self._plan.names)

    @cached_property
    def _plan(self) -> _Plan:
        plan = self._plans()[self._name]
        places = tuple((name, constant, KEEPS.get(kind)) for name, constant, kind in plan["places"])
        reads = ((index, READS.get(kind)) for index, (_, kind) in enumerate(plan["columns"]))
        names = tuple(name for name, _ in plan["columns"])
        return _Plan(plan["sql"], places, names, tuple((index, read) for index, read in reads if read is not None))


def settle_name(*, is_sent: bool, thaws: bool, renews_key: bool) -> str:
    """What the statement is called that settles a delivery so."""
    told = {"sent": is_sent, "thaws": thaws, "renews key": renews_key}
    return " ".join(("settle", *(word for word, is_so in told.items() if is_so)))


@cache
def _plans() -> Mapping[str, Any]:
    plans: dict[str, Any] = json.loads(FILE.read_bytes())
    return plans


@cache
def _row_of(names: tuple[str, ...]) -> Callable[[Any], Any]:
    """Makes a row of its parts."""
    row: Any = namedtuple("Row", names)  # type: ignore[misc]  # names are known here only
    made: Callable[[Any], Any] = row._make
    return made
