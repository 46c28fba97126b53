"""Whether the state is the one that published last: a small file beside the database says how far it had come.

The same is told outside of the state's folder, now and then (see `witness`): who puts the whole folder back by hand
puts back the file as well.
"""

from __future__ import annotations

import errno
import json
import os
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from syndicate.atomic import cannot_write, replace_file
from syndicate.errors import CannotWrite, StateLost
from syndicate.outbox.connection import Connection
from syndicate.outbox.marks import keep_mark, mark
from syndicate.outbox.prepared import Prepared
from syndicate.outbox.witness import born_ns
from syndicate.ports.outbox import Restored
from syndicate.regular import opened, read_regular

ROOM_BYTES = 512
"""The file keeps this size, so that a note in its place needs no room on a full disk."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_LAST_EVENT = Prepared("last_event")
_LAST_MOMENT = Prepared("last_moment")
_ANY_ITEM = Prepared("any_item")


class FileMark(NamedTuple):
    """What tells a file from its copies: see `Epoch`."""

    inode: int
    born_ns: int | None


class Epoch(Struct, frozen=True):
    """How far a state has come.

    `instance` names a database over all its copies; `epoch` counts how often it was put back; `events` is the number
    of the newest event, noted before anything is sent; `inode` and `born_ns` are the database file's, which a copy does
    not share (None: not known).
    """

    instance: str
    epoch: int
    events: int
    inode: int
    born_ns: int | None = None

    def is_file_of(self, other: Epoch) -> bool:
        """Whether both tell of one file."""
        is_same_birth = None in (self.born_ns, other.born_ns) or self.born_ns == other.born_ns
        return self.inode == other.inode and is_same_birth

    def is_behind(self, other: Epoch) -> bool:
        """Whether the other one has come further."""
        return (self.epoch, self.events) < (other.epoch, other.events)


def mark_of(path: Path) -> FileMark:
    """What tells the file there from its copies."""
    return FileMark(path.stat().st_ino, born_ns(path))


def path_beside(database: Path) -> Path:
    """Where the file is."""
    return database.with_suffix(".epoch")


def read(path: Path) -> Epoch | None:
    """What the file says; None if there is none, or it says nothing."""
    try:
        return parsed(read_regular(path))
    except OSError:
        return None


def parsed(content: bytes) -> Epoch | None:
    """What such a file's content says; None if nothing."""
    try:
        return Epoch(**json.loads(content))
    except (ValueError, TypeError):
        return None


def write(path: Path, epoch: Epoch) -> None:
    """Write the file anew, durably.

    Raises:
        CannotWrite: it cannot be.
    """
    try:
        replace_file(path, content_of(epoch))
    except OSError as error:
        raise _cannot(path, error) from error


def note(path: Path, epoch: Epoch) -> bool:
    """Write in the file's own place, as cheap as can be, as the database is what is durable; whether it is there.

    Raises:
        CannotWrite: it cannot be.
    """
    try:
        descriptor = opened(os.fspath(path), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(descriptor, content_of(epoch), 0)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.ENXIO:
            return False
        raise _cannot(path, error) from error
    return True


def check_same(connection: Connection, noted: Epoch, database: Path) -> None:
    """Nothing, as long as the database is the one of which this was noted, and no older copy of it.

    Raises:
        StateLost: it was put back while it was in use.
    """
    standing = standing_of(connection, FileMark(noted.inode, noted.born_ns))
    named = (noted.instance, noted.epoch)
    if standing is None or (standing.instance, standing.epoch) != named or standing.is_behind(noted):
        remedy = "start again: what may have been sent since is looked up first"
        raise StateLost(str(database), "was put back while in use", remedy)


def content_of(epoch: Epoch) -> bytes:
    """What such a file holds."""
    return json.dumps(asdict(epoch)).encode().ljust(ROOM_BYTES - 1) + b"\n"


def _cannot(path: Path, error: OSError) -> CannotWrite:
    return cannot_write(path, error, "give the user of this process rights to the folder")


def standing_of(connection: Connection, file: FileMark) -> Epoch | None:
    """How far the database itself has come; None if it never published."""
    instance, epoch = mark(connection, "instance"), mark(connection, "epoch")
    if instance is None or epoch is None:
        return None
    return Epoch(instance, int(epoch), last_event(connection), *file)


def last_event(connection: Connection) -> int:
    """The newest event's number."""
    return _LAST_EVENT.value(connection) or 0


def last_moment(connection: Connection) -> datetime:
    """When the newest event happened: what was sent later is not known here."""
    return _LAST_MOMENT.value(connection) or BEGINNING


def begin(
    connection: Connection,
    noted: Epoch | None,
    file: FileMark,
    now: datetime,
    *,
    told: Sequence[Epoch] = (),
    has_feeds: bool,
) -> tuple[Epoch, Restored | None]:
    """Take the database up for publishing: how far it has come, and, if it is not what published last, what that means.

    Args:
        connection: inside a transaction.
        noted: what the file beside it says.
        file: the database file's.
        now: aware UTC.
        told: what is said of it elsewhere.
        has_feeds: whether feeds stand that an earlier state must have written.
    """
    standing = standing_of(connection, file)
    if standing is None:
        reason = _suspicion_of_new(connection, noted, has_feeds=has_feeds)
    else:
        reason = _suspicion(standing, noted, told)
    if reason is not None:
        former = max((one.epoch for one in (standing, noted, *told) if one is not None), default=1)
        return put_back(connection, standing, former, file, now, reason=reason)
    if standing is None:
        standing = Epoch(uuid.uuid4().hex, 1, last_event(connection), *file)
        _keep(connection, standing)
    return standing, None


def put_back(
    connection: Connection, standing: Epoch | None, former: int, file: FileMark, now: datetime, *, reason: str
) -> tuple[Epoch, Restored]:
    """Begin a new epoch after the former one: what is not known to be sent may have been, since the newest event."""
    from syndicate.outbox.doubt import doubt_all

    instance = standing.instance if standing is not None else uuid.uuid4().hex
    since = last_moment(connection)
    doubt_all(connection, since, now)
    epoch = Epoch(instance, former + 1, last_event(connection), *file)
    _keep(connection, epoch)
    return epoch, Restored(epoch.epoch, since, now, reason)


def _suspicion_of_new(connection: Connection, noted: Epoch | None, *, has_feeds: bool) -> str | None:
    if _ANY_ITEM.row(connection) is not None:
        return None  # an earlier version wrote it, which kept no such file
    if noted is not None:
        return "the former database is gone"
    return "feeds stand that another state wrote" if has_feeds else None


def _suspicion(standing: Epoch, noted: Epoch | None, told: Sequence[Epoch]) -> str | None:
    if noted is None:
        return "it was put there without the file beside it"
    if any(one.instance != standing.instance for one in (noted, *told)):
        return "another database stood here"
    if any(standing.is_behind(one) for one in (noted, *told)):
        return "it is older than what published last"
    return None if noted.is_file_of(standing) else "it is a copy"


def _keep(connection: Connection, epoch: Epoch) -> None:
    keep_mark(connection, "instance", epoch.instance)
    keep_mark(connection, "epoch", str(epoch.epoch))
