"""The connection to the database: statements made before are run by the driver, all others by SQLAlchemy.

SQLAlchemy is loaded for the first that needs it: that takes as long as all else that a quiet start does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVarTuple, overload

if TYPE_CHECKING:
    from sqlalchemy import Connection as Core
    from sqlalchemy import CursorResult, Executable
    from sqlalchemy.sql.selectable import TypedReturnsRows

Columns = TypeVarTuple("Columns")


class Driver(sqlite3.Connection):
    """The driver's own connection, whose transactions begin and end by statements alone.

    SQLAlchemy, which shares it, calls these; what it takes for the end of a transaction is for `Connection` to say.
    """

    def commit(self) -> None:
        """Nothing."""

    def rollback(self) -> None:
        """Nothing."""


class Connection:
    """What a function that reads or writes is given, inside of a transaction."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._core: Core | None = None

    @property
    def core(self) -> Core:
        """SQLAlchemy's connection, in the same transaction."""
        if self._core is None:
            from sqlalchemy import create_engine
            from sqlalchemy.pool import StaticPool

            self._core = create_engine("sqlite://", poolclass=StaticPool, creator=lambda: self.driver).connect()
        return self._core

    @overload
    def execute(self, statement: TypedReturnsRows[*Columns], values: Any = None) -> CursorResult[*Columns]: ...

    @overload
    def execute(self, statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]: ...

    def execute(self, statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement of SQLAlchemy's, once for each of the values if they are several."""
        return self.core.execute(statement, values)

    @contextmanager
    def transaction(self, *, is_writing: bool) -> Iterator[None]:
        """Whole, or nothing at all. One that writes waits for its turn at once, instead of failing half-way."""
        self.driver.execute("BEGIN IMMEDIATE" if is_writing else "BEGIN")
        try:
            yield
            self.driver.execute("COMMIT")
        except BaseException:
            if self.driver.in_transaction:  # after some faults, such as a full disk, SQLite has ended it by itself
                self.driver.execute("ROLLBACK")
            raise
        finally:
            if self._core is not None:
                self._core.rollback()  # it begins anew with the next one

    def close(self) -> None:
        """Let go of the file."""
        if self._core is not None:
            self._core.close()
            self._core.engine.dispose()
        self.driver.close()
