"""The SQLite file behind the outbox: opening, migrating, and one thread that runs every transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import quote

from syndicate.atomic import UNFINISHED, cannot_write
from syndicate.durable import sync, sync_open
from syndicate.errors import CannotWrite, ConfigError, Fault
from syndicate.outbox.commits import Commits, Seal
from syndicate.outbox.connection import Connection, Driver
from syndicate.outbox.lock import Standing, check_held
from syndicate.outbox.newest import lay_out

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=sqlite3.Connection)

HEAD = "0009"
"""The newest migration; a database that names a later one was made by a newer version."""

MIGRATIONS = Path(__file__).parent / "migrations"
PAGE_BYTES = 16_384
"""Of new databases: a packed item takes 2 kB, so that one of two would not fit a page of SQLite's usual 4 kB."""
BUSY_TIMEOUT_MS = 10_000

_DURABLE = ("synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON")
"""The latter two are for macOS (see `durable.sync_open`), and mean nothing elsewhere."""


class Database:
    """One SQLite file and the single thread that speaks to it.

    WAL with synchronous=FULL: an intent that was committed is on disk even after a power cut (NORMAL may lose it).
    Every writing transaction is BEGIN IMMEDIATE, so it waits for its turn instead of failing half-way.
    Writes that wait at the same time share one of them, and so one wait for the disk.
    None begins when the file, or a lock of this process beside it, no longer stands at its path.
    A reader makes no file, migrates nothing and cannot write. `writes` counts what this process was to write so far:
    whatever is read while it stays the same sees all of them.
    """

    def __init__(self, path: Path, *, is_reader: bool = False) -> None:
        self.path = path
        self.writes = 0
        self._is_reader = is_reader
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._commits = Commits(self._thread, lambda work: self._transact(True, work))
        self._connection: Connection | None = None
        self._standing: Standing | None = None

    async def open(self) -> None:
        """Make the folder and file, bring the schema up to date; what it was before is kept beside it.

        Raises:
            CannotWrite: the folder or file cannot be written, or is no database.
            ConfigError: a newer version made it, or for a reader: an older one.
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
        self.writes += 1
        return await self._commits.add(lambda connection: work(connection, *args, **kwargs))

    async def write_sealed(
        self, seal: Seal, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `write`; when it is durable, and before this returns, the seal is set: once for all that share a commit.

        Raises:
            StateLost, CannotWrite: nothing was written; or what the seal raised, and it was.
        """
        self.writes += 1
        return await self._commits.add(lambda connection: work(connection, *args, **kwargs), seal)

    async def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one function as one reading transaction."""
        return await self._run(self._transact, False, work, *args, **kwargs)

    def read_here(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `read`, for what runs on the database's thread already."""
        return self._transact(False, work, *args, **kwargs)

    def check_here(self) -> None:
        """Nothing, as long as what is written here is found again; may be asked in any thread, and blocks.

        Raises:
            StateLost: the file, or a lock of this process beside it, was removed or replaced.
        """
        assert self._standing is not None, "open() comes first"
        self._standing.check()
        check_held(self.path.parent)

    async def apart(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function on the database's thread, in no transaction."""
        return await self._run(work, *args, **kwargs)

    async def _run(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        self._commits.hasten()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    def _transact(self, is_writing: bool, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        connection = self._connection
        assert connection is not None, "open() comes first"
        if is_writing:
            self.check_here()
        try:
            with connection.transaction(is_writing=is_writing):
                return work(connection, *args, **kwargs)
        except Exception as error:
            trouble = _trouble(self.path, error)
            if trouble is None:
                raise
            raise trouble from error

    def _open(self) -> None:
        try:
            if not self._is_reader:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not self.path.exists():
                    self.path.touch(mode=0o600)  # what SQLite makes beside it has the same rights
            self._connection = Connection(_opened(self.path, is_reader=self._is_reader))
            revision = _revision(self._connection.driver)
            if revision != HEAD:
                self._bring_up(self._connection, revision)
            self._standing = Standing(self.path, self.path.stat())
        except Exception as error:
            self._close()
            remedy = "give the user of this process rights to the folder, or set another `state.folder`"
            if isinstance(error, OSError):
                raise cannot_write(self.path, error, remedy) from error
            cause = _cause(error)
            if not isinstance(cause, sqlite3.DatabaseError):
                raise
            raise _trouble(self.path, error) or CannotWrite(str(self.path), str(cause), remedy) from error

    def _bring_up(self, connection: Connection, revision: str | None) -> None:
        check_known(self.path, revision)
        if self._is_reader:
            problem = f"holds schema {revision}, this version needs {HEAD}"
            remedy = "call `syndicate migrate`, or start `run` or `once`, which do it on their own"
            raise ConfigError((Fault(str(self.path), "E-SCHEMA", problem, remedy),))
        if revision is not None:
            copy_database(self.path, kept_from(self.path, revision))
        with connection.transaction(is_writing=True):
            if revision is not None or not lay_out(connection.driver):
                migrate(connection)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _cause(error: Exception) -> object:
    """The driver's own error, also behind one of SQLAlchemy's."""
    return getattr(error, "orig", error)


def _trouble(path: Path, error: Exception) -> CannotWrite | None:
    """What passes, or the operator can mend, as the file stays whole."""
    return _known_trouble(path, getattr(_cause(error), "sqlite_errorcode", 0))


def _known_trouble(path: Path, code: int) -> CannotWrite | None:
    """What an error of SQLite means for the operator (SQLite, "Result and Error Codes"); None: no such thing.

    A file that another process holds is told after BUSY_TIMEOUT_MS.
    """
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return CannotWrite(str(path), "database is locked by another process", "wait and call again")
        case sqlite3.SQLITE_FULL:
            return CannotWrite(str(path), "database or disk is full", "make room on the disk")
        case sqlite3.SQLITE_READONLY:
            remedy = "make the disk writable, or give the user of this process rights to file and folder"
            return CannotWrite(str(path), "database cannot be written", remedy)
        case sqlite3.SQLITE_IOERR:
            remedy = "see what the system says about this disk: it may be full, over a quota, or failing"
            return CannotWrite(str(path), "database could not be read or written by the system", remedy)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            remedy = "put a backup in its place: `syndicate restore FILE`"
            return CannotWrite(str(path), "is damaged, or is no database", remedy)
    return None


def _opened(path: Path, *, is_reader: bool) -> Driver:
    driver = _connected(path, Driver, is_reader=is_reader)
    driver.isolation_level = None  # sqlite3 must not open transactions of its own
    pragmas = () if is_reader else (f"page_size={PAGE_BYTES}", "journal_mode=WAL", *_DURABLE)
    try:
        for pragma in (*pragmas, f"busy_timeout={BUSY_TIMEOUT_MS}"):
            driver.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        driver.close()
        raise
    return driver


def connected(path: Path, *, is_reader: bool = False) -> sqlite3.Connection:
    """A plain connection; a reader's changes nothing, not even beside the file."""
    return _connected(path, sqlite3.Connection, is_reader=is_reader)


def _connected(path: Path, kind: type[C], *, is_reader: bool) -> C:
    limits: dict[str, Any] = {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False, "factory": kind}
    if not is_reader:
        return cast(C, sqlite3.connect(path, **limits))
    mode = "mode=ro"
    if not path.with_name(f"{path.name}-wal").exists() and path.exists():
        mode += "&immutable=1"  # nobody has it open; otherwise SQLite would make files beside it
    return cast(C, sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, **limits))


def copy_database(source: Path, target: Path, tell: Callable[[int, int], None] = lambda done, total: None) -> None:
    """A whole and consistent copy of a database, also while others write it.

    Args:
        source: the database.
        target: replaced, once the copy is durable.
        tell: hears how many pages were copied, and how many there are.

    Raises:
        CannotWrite: the copy cannot be written, or the database not be read.
    """
    new = target.with_name(f".{target.name}{UNFINISHED}")
    try:
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)  # sessions lie in it, if only sealed
        with closing(connected(source)) as reader, closing(sqlite3.connect(new)) as writer:
            reader.isolation_level = None
            # One snapshot for the whole copy: otherwise each foreign write would begin it anew.
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            reader.backup(writer, pages=64, progress=lambda _, left, total: tell(total - left, total), sleep=0)
            reader.execute("COMMIT")
            writer.execute("PRAGMA journal_mode=DELETE")  # one file, that is all
        with new.open("rb") as file:
            sync_open(file.fileno())
        new.replace(target)
        sync(target.parent)
    except OSError as error:
        _unmake(new)
        raise cannot_write(target, error, "name a place that can be written") from error
    except sqlite3.Error as error:
        _unmake(new)
        raise _copy_trouble(source, target, error) from error


def _unmake(new: Path) -> None:
    with suppress(OSError):  # whoever cannot make it, may not unmake it either
        new.unlink(missing_ok=True)


def _copy_trouble(source: Path, target: Path, error: sqlite3.Error) -> CannotWrite:
    """What ended a copy: the source is read, the target is written."""
    code = getattr(error, "sqlite_errorcode", 0)
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return CannotWrite(str(target), "disk is full", "make room there, or name a file on another disk")
        case sqlite3.SQLITE_IOERR:
            remedy = "see what the system says about both disks: one may be full, over a quota, or failing"
            return CannotWrite(str(target), f"could not be written, or {source} not be read ({error})", remedy)
        case sqlite3.SQLITE_CANTOPEN:
            remedy = "give the user of this process rights to the file and its folder"
            return CannotWrite(str(source), "cannot be opened", remedy)
    return _known_trouble(source, code) or CannotWrite(str(source), str(error), "report this as a fault in syndicate")


def kept_from(path: Path, schema: str) -> Path:
    """Where a database is kept as it was before it was brought up from that schema."""
    return path.with_name(f"{path.name}.{schema}")


def check_known(path: Path, revision: str | None) -> None:
    """Nothing, if this version knows the schema.

    Raises:
        ConfigError: a newer version made it.
    """
    if revision is None or revision in known_schemas():
        return
    problem = f"holds schema {revision}, this version knows {HEAD} at most"
    raise ConfigError((Fault(str(path), "E-SCHEMA", problem, "use the newer version of syndicate that wrote it"),))


def known_schemas() -> frozenset[str]:
    """Every schema that this version can bring up to date."""
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


def _revision(driver: sqlite3.Connection) -> str | None:
    has_any = "SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'"
    if driver.execute(has_any).fetchone() is None:
        return None
    found = driver.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if found is None else str(found[0])


def migrate(connection: Connection) -> None:
    """Take every step to the newest schema, in the transaction that the connection is in."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection.core
    command.upgrade(config, "head")
