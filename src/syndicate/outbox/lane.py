"""What a lane does to deliveries: claim, freeze, settle, wait. One function, one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, ScalarSelect, Update, case, insert, literal, select, type_coerce, update

from syndicate.errors import LostClaim
from syndicate.outbox.batches import kept_back
from syndicate.outbox.delivery import Delivery, Origin, State
from syndicate.outbox.gather import mark_parts
from syndicate.outbox.issues import PREFIX
from syndicate.outbox.outcome import Step
from syndicate.outbox.pace import LATE
from syndicate.outbox.reasons import Reason
from syndicate.outbox.rows import delivery_of
from syndicate.outbox.schema import deliveries, events

_OPEN = (State.PLANNED.value, State.UNKNOWN.value)


def claim(connection: Connection, channel: str, owner: str, now: datetime, uid: str | None = None) -> Delivery | None:
    """Take a delivery in one statement, so that two claims of one delivery cannot be.

    That of this uid, whose turn it is, or else the next due one.
    """
    row = deliveries.c
    claimed = case((row.state == State.PLANNED, State.CLAIMED.value), else_=row.state)
    statement = (
        update(deliveries)
        .where(row.uid == (uid or _next_one(channel, now)), row.state.in_(_OPEN), row.owner.is_(None))
        .values(state=claimed, owner=owner, fence=row.fence + 1)
        .returning(deliveries)
    )
    found = connection.execute(statement).one_or_none()
    if found is None:
        return None
    delivery = delivery_of(found)
    if delivery.origin is Origin.BACKFILL and now - delivery.due > LATE:
        _push_back(connection, delivery, now - delivery.due)
    return delivery


def _next_one(channel: str, now: datetime) -> ScalarSelect[str]:
    row = deliveries.c
    live_first = case((row.origin == Origin.LIVE, 0), else_=1)
    return (
        select(row.uid)
        .where(row.channel == channel, row.state.in_(_OPEN), row.owner.is_(None), row.due <= now)
        .order_by(live_first, row.due, row.uid)
        .limit(1)
        .scalar_subquery()
    )


def _push_back(connection: Connection, late: Delivery, lag: timedelta) -> None:
    """A backfill that was stopped goes on at its pace: what comes after the late one keeps its distance."""
    row = deliveries.c
    behind = (row.channel == late.channel, row.origin == Origin.BACKFILL, row.state == State.PLANNED)
    same_batch = row.batch.is_not_distinct_from(late.batch)  # another one has a pace of its own
    moved = type_coerce(row.due, BigInteger) + lag // timedelta(microseconds=1)
    connection.execute(
        update(deliveries).where(*behind, same_batch, row.due > late.due).values(due=type_coerce(moved, row.due.type))
    )


def freeze(connection: Connection, delivery: Delivery, payload: bytes, key: str, now: datetime) -> Delivery:
    """Durable intent: from CLAIMED or UNKNOWN to SENDING."""
    row = deliveries.c
    is_same = (row.payload == payload) & (row.key == key)  # as on disk: the delivery may bring its new bytes along
    statement = (
        _under_fence(delivery)
        .where(row.state.in_((State.CLAIMED, State.UNKNOWN)))  # one claim, one intent
        .values(
            state=State.SENDING,
            payload=payload,
            key=key,
            frozen_at=case((is_same, row.frozen_at), else_=literal(now, row.frozen_at.type)),
            first_sent_at=delivery.first_sent_at or now,
            attempts=row.attempts + 1,
        )
        .returning(deliveries)
    )
    frozen = delivery_of(_one(connection, statement, delivery))
    _note(connection, delivery.uid, now, State.SENDING, "intent", frozen.attempts, Reason.INTENT)
    return frozen


def settle(connection: Connection, delivery: Delivery, step: Step, now: datetime) -> None:
    """Write what became of a delivery and release it; what is to be tried again may be kept back by its batch."""
    if step.state is State.PLANNED and delivery.batch is not None:
        kept = kept_back(connection, delivery.batch)
        step = step if kept is None else replace(step, state=kept[0], reason=f"{kept[1]}; {step.reason}", code=kept[2])
    values: dict[str, Any] = {
        "state": step.state,
        "reason": step.reason,
        "code": step.code,
        "due": step.due,
        "failures": step.failures,
        "readings": step.readings,
        "is_unclear": step.is_unclear,
        "is_key_spent": step.is_key_spent,
        "owner": None,
    }
    if step.receipt is not None:
        receipt = step.receipt
        values |= {"remote_id": receipt.remote_id, "remote_url": receipt.url, "sent_at": receipt.at, "payload": None}
    if step.thaws:
        values |= {"payload": None, "frozen_at": None}
    if step.renews_key:
        values |= {"key": None, "first_sent_at": None, "generation": delivery.generation + 1}
    _one(connection, _under_fence(delivery).values(**values).returning(deliveries), delivery)
    _note(connection, delivery.uid, now, step.state, step.reason, delivery.attempts, step.code)
    if step.receipt is not None and delivery.item_id.startswith(PREFIX):
        mark_parts(connection, delivery, step.receipt, now)


def orphans(connection: Connection, channel: str) -> list[Delivery]:
    """What former owners left behind on a channel."""
    row = deliveries.c
    in_work = row.state.in_([State.CLAIMED.value, State.SENDING.value, State.UNKNOWN.value])
    statement = select(deliveries).where(row.channel == channel, in_work, row.owner.is_not(None)).order_by(row.uid)
    return [delivery_of(found) for found in connection.execute(statement)]


def next_due(connection: Connection, channel: str) -> datetime | None:
    """When the channel has something to do next."""
    row = deliveries.c
    soonest = select(row.due).where(row.channel == channel, row.state.in_(_OPEN), row.owner.is_(None))
    return connection.execute(soonest.order_by(row.due).limit(1)).scalar()


def _under_fence(delivery: Delivery) -> Update:
    row = deliveries.c
    return update(deliveries).where(row.uid == delivery.uid, row.fence == delivery.fence, row.owner.is_not(None))


def _one(connection: Connection, statement: Any, delivery: Delivery) -> Any:
    found = connection.execute(statement).one_or_none()
    if found is None:
        raise LostClaim(f"delivery {delivery.uid} of {delivery.channel}: fence {delivery.fence} is past")
    return found


def _note(
    connection: Connection, uid: str, now: datetime, state: State, reason: str, attempt: int, code: Reason
) -> None:
    line = {"uid": uid, "at": now, "state": state, "reason": reason, "attempt": attempt, "code": code}
    connection.execute(insert(events), line)
