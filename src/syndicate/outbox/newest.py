"""The newest schema in one go, for a new database: `newest.sql` keeps what all migrations make of an empty one.

To load alembic and SQLAlchemy, and to take nine steps, costs a new state as much CPU as reading five hundred items.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

FILE = Path(__file__).with_name("newest.sql")

_AROUND = ("BEGIN TRANSACTION;", "COMMIT;")


def lay_out(driver: sqlite3.Connection) -> bool:
    """Make all tables, in the transaction that the driver is in; False, and nothing is done, if any is there."""
    if driver.execute("SELECT 1 FROM sqlite_schema").fetchone() is not None:
        return False
    for statement in FILE.read_text(encoding="ascii").split(";\n"):
        driver.execute(statement)
    return True


def content(migrated: sqlite3.Connection) -> str:
    """What the file is to hold, given an empty database that was brought up by all migrations."""
    return "".join(f"{line}\n" for line in migrated.iterdump() if line not in _AROUND)
