"""Whether the database of the state is whole, and of which schema: read beside whoever writes it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from syndicate.outbox.database import HEAD, connected, known_schemas
from syndicate.outbox.rows import item_of

_STEPS = 10_000
"""Virtual machine steps between two looks at the clock: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Soundness:
    """What was found.

    `schema` is the one it holds, None if it holds none; `head` the one of this version, and `is_known` whether this
    version can read it or bring it up. `faults` are SQLite's own words, empty if it is whole; `is_checked` is False if
    there was no time to look at all of it.
    """

    schema: str | None
    head: str
    is_known: bool
    faults: tuple[str, ...] = ()
    is_checked: bool = True


def soundness_of(path: Path, within_s: float) -> Soundness:
    """Look the database over, for at most that long; nothing is written, not even beside it.

    Raises:
        sqlite3.Error: it cannot be opened, or is no database.
    """
    ends = time.monotonic() + within_s
    with closing(connected(path, is_reader=True)) as connection:
        schema = _schema(connection)
        is_known = schema is None or schema in known_schemas()
        connection.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
        try:
            told = [str(words) for (words,) in connection.execute("PRAGMA quick_check(10)")]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return Soundness(schema, HEAD, is_known, is_checked=False)
    return Soundness(schema, HEAD, is_known, () if told == ["ok"] else tuple(told))


def damaged_items(path: Path, within_s: float) -> tuple[str, ...]:
    """The paths of items that stand, and of which what is kept cannot be read; as many as are found in that time.

    Raises:
        sqlite3.Error: it cannot be read, or is of another schema.
    """
    ends = time.monotonic() + within_s
    found = []
    with closing(connected(path, is_reader=True)) as connection:
        for place, packed in connection.execute(_STANDING):
            if item_of(packed) is None:
                found.append(str(place))
            if time.monotonic() > ends:
                break
    return tuple(found)


_STANDING = "SELECT items.path, packed FROM items LEFT JOIN files USING (path) WHERE NOT is_withdrawn ORDER BY path"


def _schema(connection: sqlite3.Connection) -> str | None:
    has_one = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if has_one else None
    return None if row is None else str(row[0])
