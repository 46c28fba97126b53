"""What a lane does to deliveries: claim, freeze, settle, wait. One function, one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from syndicate.errors import LostClaim
from syndicate.items.item import Item
from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import Delivery, Origin, State
from syndicate.outbox.issues import PREFIX
from syndicate.outbox.outcome import Step
from syndicate.outbox.pace import LATE
from syndicate.outbox.prepared import Prepared, settle_name
from syndicate.outbox.reasons import Reason
from syndicate.outbox.rows import code_of, delivery_of, item_of

_NEXT = Prepared("next")
_CLAIM = Prepared("claim")
_CLAIMED = Prepared("claimed")
_BEFORE = Prepared("before")
_STANDING = Prepared("standing")
_PUSH_BACK = Prepared("push back")
_FREEZE = Prepared("freeze")
_NOTE = Prepared("note")
_ORPHANS = Prepared("orphans")
_NEXT_DUE = Prepared("next_due")


def claim(connection: Connection, channel: str, owner: str, now: datetime, uid: str | None = None) -> Delivery | None:
    """Take a delivery in one statement, so that two claims of one delivery cannot be.

    That of this uid, whose turn it is, or else the next due one.
    """
    if uid is None:
        following = _NEXT.row(connection, the_channel=channel, the_time=now)
        uid = None if following is None else following.uid
    if not _CLAIM.change(connection, the_uid=uid, the_owner=owner):
        return None
    found = _CLAIMED.row(connection, the_uid=uid)
    assert found is not None, "it was claimed"
    current = item_of(found.packed)
    is_damaged = found.packed is not None and current is None
    delivery = delivery_of(found, current, may_stand=found.may_stand, is_damaged=is_damaged)
    if delivery.code is Reason.UNREAD:
        delivery = _as_before(connection, delivery)
    if delivery.origin is Origin.BACKFILL and now - delivery.due > LATE:
        _push_back(connection, delivery, now - delivery.due)
    return delivery


def item(connection: Connection, item_id: str) -> Item | None:
    """The item as last accepted: the file at the path that the outbox knows; None also if that is damaged."""
    found = _STANDING.row(connection, the_item=item_id)
    return None if found is None else item_of(found.packed)


def _as_before(connection: Connection, waited: Delivery) -> Delivery:
    """The delivery as it stood before it waited for a pass: that says how it goes on, as after a refused picture."""
    before = _BEFORE.row(connection, the_uid=waited.uid)
    return waited if before is None else structs.replace(waited, reason=before.reason, code=code_of(before))


def _push_back(connection: Connection, late: Delivery, lag: timedelta) -> None:
    """A backfill that was stopped goes on at its pace: what comes after the late one keeps its distance."""
    lag_us = lag // timedelta(microseconds=1)
    _PUSH_BACK.change(connection, the_channel=late.channel, the_batch=late.batch, the_time=late.due, the_lag=lag_us)


def freeze(connection: Connection, delivery: Delivery, payload: bytes, key: str, now: datetime) -> tuple[Delivery, int]:
    """Durable intent: from CLAIMED or UNKNOWN to SENDING; with the number of its event.

    Nobody but its owner changes a claimed delivery, so that what came of it is known without reading it back.
    """
    is_frozen = (payload, key) == (delivery.payload, delivery.key)
    frozen = structs.replace(
        delivery,
        state=State.SENDING,
        payload=payload,
        key=key,
        frozen_at=(delivery.frozen_at if is_frozen else None) or now,
        first_sent_at=delivery.first_sent_at or now,
        attempts=delivery.attempts + 1,
    )
    changed = _FREEZE.change(
        connection,
        the_uid=frozen.uid,
        the_fence=frozen.fence,
        the_payload=payload,
        the_key=key,
        the_time=frozen.frozen_at,
        the_first_time=frozen.first_sent_at,
        the_attempts=frozen.attempts,
    )
    if not changed:
        raise _lost(delivery)
    number = _note(connection, frozen.uid, now, State.SENDING, "intent", frozen.attempts, Reason.INTENT)
    return frozen, number


def settle(connection: Connection, delivery: Delivery, step: Step, now: datetime) -> None:
    """Write what became of a delivery and release it; what is to be tried again may be kept back by its batch."""
    if step.state is State.PLANNED and delivery.batch is not None:
        from syndicate.outbox.batches import kept_back

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
        from syndicate.outbox.gather import mark_parts

        mark_parts(connection, delivery, step.receipt, now)


@cache
def _settling(*, is_sent: bool, thaws: bool, renews_key: bool) -> Prepared:
    return Prepared(settle_name(is_sent=is_sent, thaws=thaws, renews_key=renews_key))


def orphans(connection: Connection, channel: str) -> list[Delivery]:
    """What former owners left behind on a channel."""
    return [delivery_of(found) for found in _ORPHANS.rows(connection, the_channel=channel)]


def next_due(connection: Connection, channel: str) -> datetime | None:
    """When the channel has something to do next."""
    due: datetime | None = _NEXT_DUE.value(connection, the_channel=channel)
    return due


def _lost(delivery: Delivery) -> LostClaim:
    return LostClaim(f"delivery {delivery.uid} of {delivery.channel}: fence {delivery.fence} is past")


def _note(
    connection: Connection, uid: str, now: datetime, state: State, reason: str, attempt: int, code: Reason
) -> int:
    return _NOTE.add(connection, uid=uid, at=now, state=state, reason=reason, attempt=attempt, code=code)
