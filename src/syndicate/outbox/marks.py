"""Single words that the outbox keeps of itself, by name: which rules the index was made with, its epoch, its clock."""

from __future__ import annotations

from syndicate.outbox.connection import Connection
from syndicate.outbox.prepared import Prepared

_MARK = Prepared("mark")
_KEEP = Prepared("keep_mark")


def mark(connection: Connection, name: str) -> str | None:
    """What was kept under that name, if anything."""
    found: str | None = _MARK.value(connection, the_name=name)
    return found


def keep_mark(connection: Connection, name: str, value: str) -> None:
    """Keep it under that name, in place of what was kept before."""
    _KEEP.change(connection, name=name, value=value)
