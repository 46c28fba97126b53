"""What becomes of what is owed by channels that are no more. One function, one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update

from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import State
from syndicate.outbox.gather import free_parts
from syndicate.outbox.issues import PREFIX
from syndicate.outbox.reasons import Reason
from syndicate.outbox.recall import seen_channels
from syndicate.outbox.rows import delivery_of
from syndicate.outbox.schema import deliveries, events

_RETIRED = {
    "state": State.SKIPPED,
    "reason": "its channel was removed; should it return soon, it is owed again",
    "code": Reason.RETIRED,
    "owner": None,
}
_LEFT_OPEN = {
    "state": State.HELD,
    "reason": "unknown outcome: its channel was removed before that was settled; look there, then say sent or drop",
    "code": Reason.UNKNOWN_OUTCOME,
    "owner": None,
}
_OWED = (State.PLANNED, State.PAUSED, State.CLAIMED, State.SENDING, State.UNKNOWN)


def retire(connection: Connection, names: Collection[str], now: datetime) -> int:
    """What channels owe that are not among these names is skipped; what may be out there waits for a person.

    Gives how many. Only the holder of the publisher's lock may call this, before anything is claimed: every owner of
    such a delivery is dead.
    """
    row = deliveries.c
    left = set(seen_channels(connection)) - set(names)
    if not left:
        return 0
    gone = row.channel.in_(sorted(left))
    may_be_there = row.is_unclear | row.state.in_([State.SENDING, State.UNKNOWN])
    open_ones = gone & row.state.in_(_OWED) & may_be_there
    held = _change(connection, open_ones, _LEFT_OPEN | {"is_unclear": True}, now)
    sure_ones = gone & row.state.in_([*_OWED, State.HELD]) & row.is_unclear.is_(False)
    skipped = _change(connection, sure_ones, _RETIRED, now)
    digests = select(deliveries).where(gone, row.item_id.like(f"{PREFIX}%"))
    for digest in connection.execute(digests).all():
        if digest.uid in skipped:
            free_parts(connection, delivery_of(digest), now)
    return len(held) + len(skipped)


def _change(connection: Connection, which: ColumnElement[bool], why: Mapping[str, Any], now: datetime) -> Sequence[str]:
    """Write so about those deliveries, and keep the events; gives their uids."""
    changed = connection.execute(update(deliveries).where(which).values(**why).returning(deliveries.c.uid))
    uids = changed.scalars().all()
    told = {name: why[name] for name in ("state", "reason", "code")}
    if uids:
        connection.execute(insert(events), [{**told, "uid": uid, "at": now, "attempt": 0} for uid in uids])
    return uids
