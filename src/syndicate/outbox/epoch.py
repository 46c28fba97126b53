"""Whether the state is the one that published last: a small file beside the database says how far it had come."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from syndicate.atomic import replace_file
from syndicate.errors import CannotWrite
from syndicate.outbox.doubt import doubt_all
from syndicate.outbox.schema import events, items, marks
from syndicate.ports.outbox import Restored

ROOM_BYTES = 512
"""The file keeps this size, so that a note in its place needs no room on a full disk."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Epoch:
    """How far a state has come.

    `instance` names a database over all its copies; `epoch` counts how often it was put back; `events` is the number
    of the newest event, noted before anything is sent; `inode` is the database's, which a copy does not share.
    """

    instance: str
    epoch: int
    events: int
    inode: int


def path_beside(database: Path) -> Path:
    """Where the file is."""
    return database.with_suffix(".epoch")


def read(path: Path) -> Epoch | None:
    """What the file says; None if there is none, or it says nothing."""
    try:
        return Epoch(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def write(path: Path, epoch: Epoch) -> None:
    """Write the file anew, durably.

    Raises:
        CannotWrite: it cannot be.
    """
    try:
        replace_file(path, _bytes(epoch))
    except OSError as error:
        raise _cannot(path, error) from error


def note(path: Path, epoch: Epoch) -> None:
    """Write in the file's own place, as cheap as can be; the database is what is durable.

    Raises:
        CannotWrite: it cannot be.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(descriptor, _bytes(epoch), 0)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _cannot(path, error) from error


def _bytes(epoch: Epoch) -> bytes:
    return json.dumps(asdict(epoch)).encode().ljust(ROOM_BYTES - 1) + b"\n"


def _cannot(path: Path, error: OSError) -> CannotWrite:
    return CannotWrite(str(path), error.strerror or str(error), "give the user of this process rights to the folder")


def standing_of(connection: Connection, inode: int) -> Epoch | None:
    """How far the database itself has come; None if it never published."""
    rows = connection.execute(select(marks).where(marks.c.name.in_(("instance", "epoch"))))
    kept = {row.name: row.value for row in rows}
    if "instance" not in kept:
        return None
    return Epoch(kept["instance"], int(kept["epoch"]), last_event(connection), inode)


def last_event(connection: Connection) -> int:
    """The newest event's number."""
    return connection.execute(select(func.max(events.c.number))).scalar() or 0


def last_moment(connection: Connection) -> datetime:
    """When the newest event happened: what was sent later is not known here."""
    return connection.execute(select(func.max(events.c.at, type_=events.c.at.type))).scalar() or BEGINNING


def begin(
    connection: Connection, noted: Epoch | None, inode: int, now: datetime, *, has_feeds: bool
) -> tuple[Epoch, Restored | None]:
    """Take the database up for publishing: how far it has come, and, if it is not what published last, what that means.

    Args:
        connection: inside a transaction.
        noted: what the file beside it says.
        inode: the database file's.
        now: aware UTC.
        has_feeds: whether feeds stand that an earlier state must have written.
    """
    standing = standing_of(connection, inode)
    reason = _suspicion(connection, standing, noted, has_feeds=has_feeds)
    if reason is None:
        if standing is None:
            standing = Epoch(uuid.uuid4().hex, 1, last_event(connection), inode)
            _keep(connection, standing)
        return standing, None
    return put_back(connection, standing, noted, inode, now, reason=reason)


def put_back(
    connection: Connection, standing: Epoch | None, noted: Epoch | None, inode: int, now: datetime, *, reason: str
) -> tuple[Epoch, Restored]:
    """Begin a new epoch: whatever is not known to be sent may have been, since the newest event."""
    former = max((one.epoch for one in (standing, noted) if one is not None), default=1)
    instance = standing.instance if standing is not None else uuid.uuid4().hex
    since = last_moment(connection)
    doubt_all(connection, since, now)
    epoch = Epoch(instance, former + 1, last_event(connection), inode)
    _keep(connection, epoch)
    return epoch, Restored(epoch.epoch, since, now, reason)


def _suspicion(connection: Connection, standing: Epoch | None, noted: Epoch | None, *, has_feeds: bool) -> str | None:
    if standing is None:
        if connection.execute(select(items.c.item_id).limit(1)).first() is not None:
            return None  # an earlier version wrote it, which kept no such file
        if noted is not None:
            return "the former database is gone"
        return "feeds stand that another state wrote" if has_feeds else None
    if noted is None:
        return "it was put there without the file beside it"
    if noted.instance != standing.instance:
        return "another database stood here"
    if noted.epoch > standing.epoch or noted.events > standing.events:
        return "it is older than what published last"
    if noted.inode != standing.inode:
        return "it is a copy"
    return None


def _keep(connection: Connection, epoch: Epoch) -> None:
    statement = upsert(marks)
    rows = [{"name": "instance", "value": epoch.instance}, {"name": "epoch", "value": str(epoch.epoch)}]
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}), rows
    )
