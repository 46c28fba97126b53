"""What the outbox tells of former passes, as a start reads it. One function, one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import structs

from syndicate.feeds.tombstone import Tombstone
from syndicate.items.item import Topic
from syndicate.outbox.connection import Connection
from syndicate.outbox.marks import keep_mark, mark
from syndicate.outbox.prepared import Prepared
from syndicate.outbox.rows import INDEX_COLUMNS, PACKED_COLUMNS, IndexRow, indexed_of
from syndicate.ports.content import UNREAD, Indexed, Stamp
from syndicate.ports.outbox import KnownItem

MOST_ROWS = 1000
"""Rows of the parse index that are read in one turn."""

_KNOWN = Prepared("known")
_STAMP = Prepared("stamp")
_SEEN_CHANNELS = Prepared("seen_channels")
_UNDECIDED = Prepared("undecided")
_DOUBTED_CHANNELS = Prepared("doubted_channels")
_ANY_HUB = Prepared("any_hub")


def known(connection: Connection) -> dict[str, KnownItem]:
    """Every item ever accepted, by id."""
    return {one.item_id: one for one in _KNOWN.made(KnownItem, connection)}


def version(connection: Connection) -> int:
    """Another number whenever somebody else than this connection wrote (SQLite, "PRAGMA data_version")."""
    return int(connection.driver.execute("PRAGMA data_version").fetchone()[0])


def is_read_by(connection: Connection, rules: str) -> bool:
    """Whether the parse index was made with these rules."""
    return mark(connection, "rules") == rules


def index_rows(connection: Connection, after: str) -> Sequence[IndexRow]:
    """The next rows of the parse index by path, so many that others need not wait long for their turn."""
    return connection.driver.execute(_INDEX, (after, MOST_ROWS)).fetchall()


_INDEX = f"SELECT {', '.join(INDEX_COLUMNS)} FROM files WHERE path > ? ORDER BY path LIMIT ?"  # noqa: S608


def packed_rows(connection: Connection, after: str) -> Sequence[Any]:
    """The next rows of the parse index, as `packed_of` reads them."""
    return connection.driver.execute(_PACKED_INDEX, (after, MOST_ROWS)).fetchall()


_PACKED_INDEX = f"SELECT {', '.join(PACKED_COLUMNS)} FROM files WHERE path > ? ORDER BY path LIMIT ?"  # noqa: S608


def checkpoint(connection: Connection, rules: str) -> str | None:
    """The token of the notes on what was accepted last; None: there are none, or the index has other rules."""
    return (mark(connection, "checkpoint") or None) if is_read_by(connection, rules) else None


def keep_checkpoint(connection: Connection, token: str) -> None:
    """Notes were made of what was accepted last."""
    keep_mark(connection, "checkpoint", token)


def indexed(row: IndexRow, *, is_current: bool) -> Indexed:
    """What a row of the parse index tells. If it was made with other rules, or is damaged, the file looks changed."""
    try:
        found = indexed_of(row)
    except (ValueError, KeyError, TypeError):  # or an older version wrote items in another form
        return Indexed(row[0], UNREAD)
    is_whole = found.item is not None or found.skipped is not None or found.faults
    return found if is_current and is_whole else structs.replace(found, stamp=UNREAD)


def stamp(connection: Connection, path: str, rules: str) -> Stamp | None:
    """What tells that the file at a path changed since it was read by these rules; None: it was not."""
    found = _STAMP.row(connection, the_path=path) if is_read_by(connection, rules) else None
    return None if found is None else Stamp(*found)


def topics(connection: Connection) -> dict[str, Topic]:
    """Every topic that an item ever had, by slug, as it was last spelled."""
    kept = mark(connection, "topics")
    return {slug: Topic(slug, *rest) for slug, *rest in json.loads(kept or "[]")}


def tombstones(connection: Connection) -> dict[str, Tombstone]:
    """The items that left and are told of, by id."""
    kept = mark(connection, "tombstones")
    return {
        item_id: Tombstone(item_id, datetime.fromisoformat(at), tuple(feeds))
        for item_id, at, feeds in json.loads(kept or "[]")
    }


def seen_channels(connection: Connection) -> dict[str, str]:
    """Every channel ever planned for, with its account."""
    return dict(_SEEN_CHANNELS.rows(connection))


def missed(connection: Connection, names: Collection[str]) -> dict[str, frozenset[str]]:
    """For those of the channels that were off at the last acceptance: ids of items about which nothing was decided."""
    kept = mark(connection, "on")
    back = set(names) & set(seen_channels(connection)) - set(json.loads(kept or "[]"))
    return {name: frozenset(_UNDECIDED.values(connection, the_channel=name)) for name in sorted(back)}


def window(connection: Connection) -> tuple[datetime, datetime] | None:
    """From when to when anything may have been sent; None if nothing was ever put back."""
    kept = mark(connection, "restored")
    if kept is None:
        return None
    since, until = json.loads(kept)
    return datetime.fromisoformat(since), datetime.fromisoformat(until)


def doubted_channels(connection: Connection) -> frozenset[str]:
    """The channels whose posts are in doubt."""
    return frozenset(_DOUBTED_CHANNELS.values(connection))


def has_hubs(connection: Connection) -> bool:
    """Whether any hub was ever owed something, and was not forgotten since."""
    return _ANY_HUB.value(connection) is not None
