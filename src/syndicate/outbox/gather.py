"""Digests in the outbox: many posts become parts of one. One function, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from syndicate.items.item import Item
from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import Action, Delivery, Planned, Receipt, State
from syndicate.outbox.issues import IN_DIGEST, PREFIX
from syndicate.outbox.reasons import Reason
from syndicate.outbox.rows import item_of, planned_row
from syndicate.outbox.schema import deliveries, events, files, items


def gather(connection: Connection, issue: Planned, until: datetime, now: datetime) -> int:
    """Put what a channel owes up to a time into one issue; gives how many posts that is.

    An issue goes out once: when the clock was set back to before its time, what came since waits for the next one.
    """
    row = deliveries.c
    mine = (row.channel == issue.channel, row.account == issue.account, row.action == Action.POST.value)
    # What may have been sent already, as the state was put back, is asked of a person one by one.
    is_sure = (row.is_unclear.is_(False), row.is_doubted.is_(False))
    waits = (row.state == State.PLANNED.value, row.owner.is_(None), *is_sure, row.due <= until)
    parts = connection.execute(select(row.uid).where(*mine, *waits, row.item_id.not_like(f"{PREFIX}%"))).scalars().all()
    if not parts or connection.execute(select(row.uid).where(row.uid == issue.uid)).scalar() is not None:
        return 0
    connection.execute(insert(deliveries).values(**planned_row(issue, now)))
    _note(connection, [issue.uid], issue.state, issue.reason, now, issue.code)
    for start in range(0, len(parts), 500):
        uids = parts[start : start + 500]
        reason = f"{IN_DIGEST} {issue.item_id}"
        values = {"state": State.SKIPPED, "reason": reason, "code": Reason.IN_DIGEST, "issue": issue.uid}
        connection.execute(update(deliveries).where(row.uid.in_(uids)).values(**values, payload=None, frozen_at=None))
        _note(connection, uids, State.SKIPPED, reason, now, Reason.IN_DIGEST)
    return len(parts)


def parts(connection: Connection, uid: str) -> list[Item | None]:
    """The items of an issue that are still in the store, as they were owed; None for what cannot be read."""
    row = deliveries.c
    statement = (
        select(files.c.packed)
        .select_from(deliveries.join(items, row.item_id == items.c.item_id))
        .outerjoin(files, items.c.path == files.c.path)
        .where(row.issue == uid, items.c.is_withdrawn.is_(False))
        .order_by(row.due, row.uid)
    )
    return [item_of(packed) for packed in connection.execute(statement).scalars()]


def mark_parts(connection: Connection, issue: Delivery, receipt: Receipt, now: datetime) -> None:
    """An issue that is out carries its parts with it, but for items that left the store before it was made."""
    row = deliveries.c
    left = select(items.c.item_id).where(items.c.is_withdrawn)
    sent = {"remote_id": receipt.remote_id, "remote_url": receipt.url, "sent_at": receipt.at}
    reason = f"sent in {issue.item_id}"
    marked = (
        update(deliveries)
        .where(row.issue == issue.uid, row.item_id.not_in(left))
        .values(state=State.SENT, reason=reason, code=Reason.IN_DIGEST, **sent)
        .returning(row.uid)
    )
    uids = connection.execute(marked).scalars().all()
    if uids:
        _note(connection, uids, State.SENT, reason, now, Reason.IN_DIGEST)


def free_parts(connection: Connection, issue: Delivery, now: datetime) -> None:
    """An issue that is dropped leaves its parts to a backfill."""
    row = deliveries.c
    reason = f"{issue.item_id} was dropped"
    freed = (
        update(deliveries)
        .where(row.issue == issue.uid, row.state == State.SKIPPED.value)
        .values(reason=reason, code=Reason.DROPPED, issue=None)
        .returning(row.uid)
    )
    uids = connection.execute(freed).scalars().all()
    if uids:
        _note(connection, uids, State.SKIPPED, reason, now, Reason.DROPPED)


def _note(connection: Connection, uids: Sequence[str], state: State, reason: str, now: datetime, code: Reason) -> None:
    lines = [{"uid": uid, "at": now, "state": state, "reason": reason, "code": code, "attempt": 0} for uid in uids]
    connection.execute(insert(events), lines)
