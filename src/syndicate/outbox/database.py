"""The SQLite file behind the outbox: opening, migrating, and one thread that runs every transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from syndicate.errors import CannotWrite, ConfigError, Fault
from syndicate.outbox.lock import Standing, check_held
from syndicate.outbox.schema import HEAD

P = ParamSpec("P")
T = TypeVar("T")

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 10_000


class Database:
    """One SQLite file and the single thread that speaks to it.

    WAL with synchronous=FULL: an intent that was committed is on disk even after a power cut (NORMAL may lose it).
    Every writing transaction is BEGIN IMMEDIATE, so it waits for its turn instead of failing half-way.
    None begins when the file, or a lock of this process beside it, no longer stands at its path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._engine: Engine | None = None
        self._standing: Standing | None = None

    async def open(self) -> None:
        """Make the folder and file, bring the schema up to date.

        Raises:
            CannotWrite: the folder or file cannot be written, or is no database.
            ConfigError: a newer version made it.
        """
        try:
            await self._run(self._open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what runs and let go of the file."""
        await self._run(self._close)
        self._thread.shutdown(wait=True)

    async def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one function as one writing transaction; it is durable when this returns.

        Raises:
            StateLost: nothing was written, as nobody would find it.
            CannotWrite: another process writes for too long.
        """
        return await self._run(self._transact, True, work, *args, **kwargs)

    async def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one function as one reading transaction."""
        return await self._run(self._transact, False, work, *args, **kwargs)

    async def check(self) -> None:
        """Nothing, as long as what is written here is found again.

        Raises:
            StateLost: the file, or a lock of this process beside it, was removed or replaced.
        """
        await self._run(self._check)

    async def _run(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    def _transact(self, is_writing: bool, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        assert self._engine is not None, "open() comes first"
        if is_writing:
            self._check()
        try:
            with self._engine.connect().execution_options(is_writing=is_writing) as connection, connection.begin():
                return work(connection, *args, **kwargs)
        except DatabaseError as error:
            trouble = _trouble(self.path, error)
            if trouble is None:
                raise
            raise trouble from error

    def _check(self) -> None:
        assert self._standing is not None, "open() comes first"
        self._standing.check()
        check_held(self.path.parent)

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = _engine(self.path)
            with self._engine.connect() as connection:
                revision = _revision(connection)
            if revision != HEAD:
                _migrate(self._engine, self.path, revision)
            self._standing = Standing(self.path, self.path.stat())
        except (OSError, DatabaseError) as error:
            self._close()
            trouble = _trouble(self.path, error) if isinstance(error, DatabaseError) else None
            if trouble is not None:
                raise trouble from error
            reason = str(error.orig if isinstance(error, DatabaseError) else error.strerror)
            remedy = "give the user of this process rights to the folder, or set another `state.folder`"
            raise CannotWrite(str(self.path), reason, remedy) from error

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _trouble(path: Path, error: DatabaseError) -> CannotWrite | None:
    """What passes, or the operator can mend, as the file stays whole (SQLite, "Result and Error Codes").

    A file that another process holds is told after BUSY_TIMEOUT_MS.
    """
    match getattr(error.orig, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY:
            return CannotWrite(str(path), "database is locked by another process", "wait and call again")
        case sqlite3.SQLITE_FULL:
            return CannotWrite(str(path), "database or disk is full", "make room on the disk")
    return None


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,  # one thread, one connection
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # sqlite3 must not open transactions of its own
        cursor = dbapi_connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get("is_writing", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: Engine, path: Path, revision: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        problem = f"holds schema {revision}, this version knows {HEAD} at most"
        raise ConfigError((Fault(str(path), "E-SCHEMA", problem, "use the newer version of syndicate that wrote it"),))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
