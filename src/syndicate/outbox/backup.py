"""Copies of the state that can be trusted: made beside a running publisher, checked before they are put back."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from syndicate.atomic import UNFINISHED, cannot_write, replace_file
from syndicate.durable import sync
from syndicate.errors import CannotWrite, ConfigError, Fault, UsageError
from syndicate.outbox import epoch
from syndicate.outbox.database import HEAD, Database, check_known, connected, copy_database, kept_from
from syndicate.outbox.witness import witnesses_of
from syndicate.ports.outbox import Restored
from syndicate.regular import opened, read_regular

FORM = 1
"""The manifest's own form."""

ABANDONED = timedelta(days=1)
"""A backup takes minutes at most."""

Tell = Callable[[int, int], None]


def _untold(done: int, total: int) -> None:
    """Nobody wants to hear."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, in a file beside it.

    `digest` is the SHA-256 of its bytes, `epoch` counts how often the state was put back, `deliveries` are by state.
    """

    form: int
    version: str
    schema: str
    epoch: int
    at: str
    digest: str
    size_bytes: int
    items: int
    deliveries: dict[str, int]


def manifest_path(backup: Path) -> Path:
    """Where the manifest of a backup is."""
    return backup.parent / f"{backup.name}.json"


def back_up(database: Path, target: Path, now: datetime, version: str, tell: Tell = _untold) -> Manifest:
    """Copy the database, check the copy, and write its manifest.

    Whatever ends it, no file of the target's name stands that is not whole and checked.

    Raises:
        UsageError: there is a file of that name, or nothing to copy.
        ConfigError: a newer version made the database: what it needs of a copy is not known here.
        CannotWrite: the copy cannot be written, or the database not be read.
    """
    schema = schema_of(database) if database.exists() else None
    if schema is None:
        raise UsageError(f"{database}: nothing was published from here yet, so there is nothing to keep")
    check_known(database, schema)
    if target.exists():
        raise UsageError(f"{target}: is there already; name another file")
    draft = target.with_name(f".{target.name}.unchecked{UNFINISHED}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent, now)
        copy_database(database, draft, tell)
        manifest = _manifest(draft, now, version)
        replace_file(manifest_path(target), json.dumps(asdict(manifest), indent=2).encode() + b"\n")
        draft.replace(target)
        sync(target.parent)
    except OSError as error:
        raise cannot_write(target, error, "name a place that can be written") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return manifest


def _sweep(folder: Path, now: datetime) -> None:
    """Remove what killed backups left half-written long ago; a younger one may be another process's."""
    for left in folder.glob(f".*{UNFINISHED}"):
        if now.timestamp() - left.stat().st_mtime > ABANDONED.total_seconds():
            left.unlink(missing_ok=True)


def manifest_of(backup: Path) -> Manifest:
    """A backup's manifest, after the backup was checked against it.

    Raises:
        ConfigError: there is none, the backup is not what it tells, or a newer version wrote it.
    """
    try:
        manifest = Manifest(**json.loads(read_regular(manifest_path(backup))))
        found = _digest(backup)
    except OSError as error:
        name = str(error.filename or backup)
        raise _fault(name, f"cannot be read ({error.strerror})", "keep a backup and its `.json` together") from error
    except (ValueError, TypeError) as error:
        raise _fault(str(manifest_path(backup)), "is no manifest of a backup", "take another backup") from error
    if found != manifest.digest:
        raise _fault(str(backup), "is not as it was when it was made: its digest differs", "take another backup")
    check_known(backup, manifest.schema)
    return manifest


async def put_back(
    backup: Path, database: Path, now: datetime, tell: Tell = _untold, *, folders: Iterable[Path] = ()
) -> tuple[Manifest, Restored, Path | None]:
    """Put a backup in the place of the state, which is kept aside: the manifest, what is in doubt now, and where.

    The `folders` are told of it (see `witness`). Only the holder of the publisher's lock may call this. A stop at any
    point leaves the former state, or none, which the next start takes for lost and doubts as well.

    Raises:
        ConfigError: the backup cannot be trusted.
        CannotWrite: the state's folder cannot be written.
    """
    manifest = manifest_of(backup)
    draft = database.with_name("restoring.sqlite3")
    noted, standing = epoch.read(epoch.path_beside(database)), _epoch_of(database)
    former = max((one.epoch for one in (noted, standing) if one is not None), default=1)
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        for left in _files(draft):
            left.unlink(missing_ok=True)
        copy_database(backup, draft, tell)
        opened = Database(draft)
        await opened.open()
        try:
            file = epoch.mark_of(draft)
            own = await opened.read(epoch.standing_of, file)
            former = max(former, own.epoch if own is not None else 1)
            reason = f"restored from {backup.name}"
            begun, restored = await opened.write(epoch.put_back, own, former, file, now, reason=reason)
        finally:
            await opened.close()
        kept_from(draft, manifest.schema).unlink(missing_ok=True)  # the backup itself is kept
        aside = _set_aside(database, now)
        draft.replace(database)
        sync(database.parent)
    except OSError as error:
        remedy = "give the user of this process rights to the folder"
        raise cannot_write(database, error, remedy) from error
    epoch.write(epoch.path_beside(database), begun)
    witnesses_of(database, folders).write(epoch.content_of(begun))
    return manifest, restored, aside


async def bring_up(database: Path) -> tuple[str | None, str, Path | None]:
    """Bring a database up to this version's schema: the one it was of, the one it is of, where it is kept as it was.

    Raises:
        ConfigError: a newer version made it.
        CannotWrite: it cannot be written.
    """
    former = schema_of(database)
    opened = Database(database)
    await opened.open()
    await opened.close()
    return former, HEAD, None if former in {None, HEAD} else kept_from(database, str(former))


def schema_of(database: Path) -> str | None:
    """The schema of a database; None if it has none.

    Raises:
        CannotWrite: it cannot be read.
    """
    try:
        with closing(connected(database, is_reader=True)) as reader:
            found = reader.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_ERROR:  # there is no such table
            return None
        if code & 0xFF == sqlite3.SQLITE_CANTOPEN:
            remedy = "give the user of this process rights to the file and its folder"
        else:
            remedy = "bring it back from a backup: `syndicate restore`"
        raise CannotWrite(str(database), str(error), remedy) from error
    return None if found is None else str(found[0])


def _set_aside(database: Path, now: datetime) -> Path | None:
    """Move the former database into a folder of its own."""
    if not database.exists():
        return None
    try:
        with closing(connected(database)) as former:
            former.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it in one file
    except sqlite3.Error:
        pass  # it is broken, and kept as it is
    folder = database.parent / f"replaced-{now:%Y%m%dT%H%M%S}"
    folder.mkdir(exist_ok=True)
    for part in reversed(_files(database)):
        if part.exists():
            part.rename(folder / part.name)
    sync(folder)
    return folder


def _files(database: Path) -> tuple[Path, ...]:
    """The database and what SQLite keeps beside it."""
    return (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm")))


def _epoch_of(database: Path) -> epoch.Epoch | None:
    """How far the former database had come, as far as it can be told."""
    try:
        with closing(connected(database, is_reader=True)) as reader:
            kept = dict(reader.execute("SELECT name, value FROM marks WHERE name IN ('instance', 'epoch')").fetchall())
            return epoch.Epoch(kept["instance"], int(kept["epoch"]), 0, 0)
    except (sqlite3.Error, KeyError, ValueError):
        return None


def _manifest(copy: Path, now: datetime, version: str) -> Manifest:
    try:
        with closing(connected(copy, is_reader=True)) as reader:
            [trouble] = reader.execute("PRAGMA quick_check(1)").fetchone()
            if trouble != "ok":
                raise sqlite3.DatabaseError(trouble)
            items = _one(reader, "SELECT count(*) FROM items WHERE NOT is_withdrawn")
            schema = _one(reader, "SELECT version_num FROM alembic_version")
            number = _one(reader, "SELECT max(value) FROM marks WHERE name = 'epoch'") or 1
            counted = reader.execute("SELECT state, count(*) FROM deliveries GROUP BY state ORDER BY state")
            states = dict(counted.fetchall())
    except sqlite3.Error as error:
        remedy = "look after the disk, and try again"
        raise CannotWrite(str(copy), f"the copy is not whole: {error}", remedy) from error
    at = now.isoformat(timespec="seconds")
    return Manifest(FORM, version, schema, int(number), at, _digest(copy), copy.stat().st_size, items, states)


def _one(reader: sqlite3.Connection, query: str) -> Any:
    return reader.execute(query).fetchone()[0]


def _digest(path: Path) -> str:
    with open(path, "rb", opener=opened) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fault(path: str, problem: str, remedy: str) -> ConfigError:
    return ConfigError((Fault(path, "E-BACKUP", problem, remedy),))
