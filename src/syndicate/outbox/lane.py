"""What a lane does to deliveries: claim, freeze, settle, wait. One function, one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)

from syndicate.errors import LostClaim
from syndicate.items.item import Item
from syndicate.outbox.batches import kept_back
from syndicate.outbox.delivery import Action, Delivery, Origin, State
from syndicate.outbox.gather import mark_parts
from syndicate.outbox.issues import PREFIX
from syndicate.outbox.outcome import Step
from syndicate.outbox.pace import LATE
from syndicate.outbox.prepared import Prepared
from syndicate.outbox.reasons import Reason
from syndicate.outbox.rows import delivery_of, item_of
from syndicate.outbox.schema import deliveries, events, files, items, sightings

_row = deliveries.c
_is_open = or_(_row.state == State.PLANNED.value, _row.state == State.UNKNOWN.value)
_is_free = _row.owner.is_(None)
_is_ours = (_row.uid == bindparam("the_uid"), _row.fence == bindparam("the_fence"), _row.owner.is_not(None))

_NEXT = Prepared(
    select(_row.uid)
    .where(_row.channel == bindparam("the_channel"), _is_open, _is_free, _row.due <= bindparam("the_time"))
    .order_by(case((_row.origin == Origin.LIVE.value, 0), else_=1), _row.due, _row.uid)
    .limit(1)
)
_standing = (
    select(files.c.packed).join(items, items.c.path == files.c.path).where(items.c.item_id == bindparam("the_item"))
)
_other = deliveries.alias().c
_is_alone = ~exists().where(_other.channel == _row.channel, _other.item_id == _row.item_id, _other.owner.is_not(None))
_CLAIM = Prepared(
    update(deliveries)
    .where(_row.uid == bindparam("the_uid"), _is_open, _is_free)
    # Changes of one post follow each other: of two on their way at once the older words might arrive last.
    .where(or_(_row.action == Action.POST.value, _is_alone))
    .values(
        state=case((_row.state == State.PLANNED.value, State.CLAIMED.value), else_=_row.state),
        owner=bindparam("the_owner"),
        fence=_row.fence + 1,
    )
    .returning(deliveries)
)
_STANDING = Prepared(_standing)
_may_stand = exists().where(sightings.c.channel == bindparam("the_channel"))
_packed = (  # empty where the item stands and nothing is kept of it; null where it does not stand
    select(func.coalesce(files.c.packed, literal_column("x''")))
    .select_from(items.outerjoin(files, items.c.path == files.c.path))
    .where(items.c.item_id == bindparam("the_item"), items.c.is_withdrawn.is_(False))
)
_BESIDE = Prepared(
    select(
        _packed.scalar_subquery().label("packed"),
        _may_stand.label("may_stand"),
    )
)
_is_same = (_row.payload == bindparam("the_payload")) & (_row.key == bindparam("the_key"))
_FREEZE = Prepared(
    update(deliveries)
    .where(*_is_ours, or_(_row.state == State.CLAIMED.value, _row.state == State.UNKNOWN.value))
    .values(
        state=State.SENDING.value,
        payload=bindparam("the_payload"),
        key=bindparam("the_key"),
        # As on disk: the delivery may bring its new bytes along.
        frozen_at=case((_is_same, _row.frozen_at), else_=bindparam("the_time", type_=_row.frozen_at.type)),
        first_sent_at=bindparam("the_first_time"),
        attempts=_row.attempts + 1,
    )
    .returning(deliveries)
)
_NOTE = Prepared(
    insert(events).values({one.name: bindparam(f"the_{one.name}") for one in events.c if not one.primary_key})
)


def claim(connection: Connection, channel: str, owner: str, now: datetime, uid: str | None = None) -> Delivery | None:
    """Take a delivery in one statement, so that two claims of one delivery cannot be.

    That of this uid, whose turn it is, or else the next due one.
    """
    if uid is None:
        following = _NEXT.row(connection, the_channel=channel, the_time=now)
        uid = None if following is None else following.uid
    found = _CLAIM.row(connection, the_uid=uid, the_owner=owner)
    if found is None:
        return None
    beside = _BESIDE.row(connection, the_item=found.item_id, the_channel=channel)
    assert beside is not None, "it asks for two values"
    current = item_of(beside.packed)
    is_damaged = beside.packed is not None and current is None
    delivery = delivery_of(found, current, may_stand=beside.may_stand, is_damaged=is_damaged)
    if delivery.origin is Origin.BACKFILL and now - delivery.due > LATE:
        _push_back(connection, delivery, now - delivery.due)
    return delivery


def item(connection: Connection, item_id: str) -> Item | None:
    """The item as last accepted: the file at the path that the outbox knows; None also if that is damaged."""
    found = _STANDING.row(connection, the_item=item_id)
    return None if found is None else item_of(found.packed)


def _push_back(connection: Connection, late: Delivery, lag: timedelta) -> None:
    """A backfill that was stopped goes on at its pace: what comes after the late one keeps its distance."""
    behind = (_row.channel == late.channel, _row.origin == Origin.BACKFILL, _row.state == State.PLANNED)
    same_batch = _row.batch.is_not_distinct_from(late.batch)  # another one has a pace of its own
    moved = type_coerce(_row.due, BigInteger) + lag // timedelta(microseconds=1)
    connection.execute(
        update(deliveries).where(*behind, same_batch, _row.due > late.due).values(due=type_coerce(moved, _row.due.type))
    )


def freeze(connection: Connection, delivery: Delivery, payload: bytes, key: str, now: datetime) -> tuple[Delivery, int]:
    """Durable intent: from CLAIMED or UNKNOWN to SENDING; with the number of its event."""
    found = _FREEZE.row(
        connection,
        the_uid=delivery.uid,
        the_fence=delivery.fence,
        the_payload=payload,
        the_key=key,
        the_time=now,
        the_first_time=delivery.first_sent_at or now,
    )
    if found is None:
        raise _lost(delivery)
    frozen = delivery_of(found)
    number = _note(connection, delivery.uid, now, State.SENDING, "intent", frozen.attempts, Reason.INTENT)
    return frozen, number


def settle(connection: Connection, delivery: Delivery, step: Step, now: datetime) -> None:
    """Write what became of a delivery and release it; what is to be tried again may be kept back by its batch."""
    if step.state is State.PLANNED and delivery.batch is not None:
        kept = kept_back(connection, delivery.batch)
        step = step if kept is None else replace(step, state=kept[0], reason=f"{kept[1]}; {step.reason}", code=kept[2])
    values: dict[str, Any] = {
        "the_uid": delivery.uid,
        "the_fence": delivery.fence,
        "new_state": step.state,
        "new_reason": step.reason,
        "new_code": step.code,
        "new_due": step.due,
        "new_failures": step.failures,
        "new_readings": step.readings,
        "new_is_unclear": step.is_unclear,
        "new_is_key_spent": step.is_key_spent,
    }
    if step.receipt is not None:
        receipt = step.receipt
        values |= {"new_remote_id": receipt.remote_id, "new_remote_url": receipt.url, "new_sent_at": receipt.at}
    statement = _settling(is_sent=step.receipt is not None, thaws=step.thaws, renews_key=step.renews_key)
    if not statement.change(connection, **values):
        raise _lost(delivery)
    _note(connection, delivery.uid, now, step.state, step.reason, delivery.attempts, step.code)
    if step.receipt is not None and delivery.item_id.startswith(PREFIX):
        mark_parts(connection, delivery, step.receipt, now)


@cache
def _settling(*, is_sent: bool, thaws: bool, renews_key: bool) -> Prepared:
    names = ["state", "reason", "code", "due", "failures", "readings", "is_unclear", "is_key_spent"]
    names += ["remote_id", "remote_url", "sent_at"] if is_sent else []
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=_row[name].type) for name in names}
    values |= {"owner": None}
    if is_sent:
        values |= {"payload": None}
    if thaws:
        values |= {"payload": None, "frozen_at": None}
    if renews_key:
        values |= {"key": None, "first_sent_at": None, "generation": _row.generation + 1}
    return Prepared(update(deliveries).where(*_is_ours).values(**values))


def orphans(connection: Connection, channel: str) -> list[Delivery]:
    """What former owners left behind on a channel."""
    in_work = _row.state.in_([State.CLAIMED.value, State.SENDING.value, State.UNKNOWN.value])
    statement = select(deliveries).where(_row.channel == channel, in_work, _row.owner.is_not(None)).order_by(_row.uid)
    return [delivery_of(found) for found in connection.execute(statement)]


def next_due(connection: Connection, channel: str) -> datetime | None:
    """When the channel has something to do next."""
    soonest = select(_row.due).where(_row.channel == channel, _is_open, _is_free)
    return connection.execute(soonest.order_by(_row.due).limit(1)).scalar()


def _lost(delivery: Delivery) -> LostClaim:
    return LostClaim(f"delivery {delivery.uid} of {delivery.channel}: fence {delivery.fence} is past")


def _note(
    connection: Connection, uid: str, now: datetime, state: State, reason: str, attempt: int, code: Reason
) -> int:
    return _NOTE.add(
        connection,
        the_uid=uid,
        the_at=now,
        the_state=state,
        the_reason=reason,
        the_attempt=attempt,
        the_code=code,
    )
