"""What an ingest reads and writes: known items, the parse index, new deliveries. One function, one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from msgspec import structs
from sqlalchemy import ColumnElement, Row, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from syndicate.items.snapshot import to_json
from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import Action, Delivery, Planned, State
from syndicate.outbox.doubt import adopt, doubted_channels, window
from syndicate.outbox.edits import Change, follow_up
from syndicate.outbox.gather import free_parts
from syndicate.outbox.issues import PREFIX
from syndicate.outbox.marks import keep_mark
from syndicate.outbox.reasons import Reason
from syndicate.outbox.recall import seen_channels, topics
from syndicate.outbox.rows import delivery_of, indexed_row, planned_row
from syndicate.outbox.schema import channels, deliveries, events, files, items
from syndicate.ports.outbox import Acceptance

T = TypeVar("T")

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

MOST_VALUES = 500
"""Values in one IN (...): SQLite's oldest limit on variables is 999."""

_BACK = {"state": State.SKIPPED, "reason": "its item is back", "code": Reason.RETURNED}
_REPLACED = {"state": State.SKIPPED, "reason": "superseded by a newer change", "code": Reason.SUPERSEDED}
_LEFT = {"state": State.SKIPPED, "reason": "its item left the store", "code": Reason.WITHDRAWN}


def accept(connection: Connection, acceptance: Acceptance, now: datetime) -> int:
    """Write one ingest; gives how many deliveries were new."""
    _write_items(connection, acceptance)
    waited = _withdraw(connection, acceptance.withdrawn, now)
    _write_files(connection, acceptance)
    if acceptance.rules:
        keep_mark(connection, "rules", acceptance.rules)
        keep_mark(connection, "on", json.dumps(sorted(acceptance.channels)))
    if acceptance.topics:
        spelled = topics(connection) | {topic.slug: topic for topic in acceptance.topics}
        text = json.dumps([structs.astuple(spelled[slug]) for slug in sorted(spelled)], ensure_ascii=True)
        keep_mark(connection, "topics", text)
    if acceptance.tombstones is not None:
        told = [(one.item_id, one.at.isoformat(), one.feeds) for one in acceptance.tombstones]
        keep_mark(connection, "tombstones", json.dumps(told))
    since, until = window(connection) or (None, None)
    rows = [
        {
            "channel": name,
            "account": account,
            "first_seen": now,
            "doubted_since": since,
            "doubted_until": until,
            "doubt_due": until,
        }
        for name, account in acceptance.channels.items()
    ]
    _upsert(connection, channels, rows, "channel", keep=("first_seen", "doubted_since", "doubted_until", "doubt_due"))
    mended = _plan(connection, acceptance.mended, now, may_revive=_is_failed, may_add=False)
    _thaw(connection, acceptance.mended)
    _take_back(connection, acceptance.returned, now)
    changed = _follow_up(connection, acceptance.changes, now)
    former = acceptance.heirs
    planned = [_inherited(one, waited.get((one.channel, former.get(one.item_id, "")))) for one in acceptance.planned]
    number = mended + changed + _plan(connection, planned, now, may_revive=_has_returned)
    adopt(connection, now)
    return number


def _thaw(connection: Connection, mended: Sequence[Planned]) -> None:
    """A post that is surely unsent tells of the item as it was, frozen or not: it is composed anew."""
    row = deliveries.c
    is_unsent = (row.uid == bindparam("the_uid")) & (row.state == State.PLANNED) & row.is_unclear.is_(False)
    statement = update(deliveries).where(is_unsent).values(revision=bindparam("it_is"), payload=None, frozen_at=None)
    if mended:
        connection.execute(statement, [{"the_uid": one.uid, "it_is": one.revision} for one in mended])


def _take_back(connection: Connection, returned: Sequence[str], now: datetime) -> None:
    """What was to be said or done as items had left, and was not yet."""
    row = deliveries.c
    for ids in _batches(returned):
        pending = row.item_id.in_(ids) & row.state.in_([State.PLANNED, State.HELD]) & row.is_unclear.is_(False)
        pending &= (row.action == Action.DELETE) | row.snapshot.is_not(None)
        _change(connection, pending, _BACK, now)


def _follow_up(connection: Connection, changes: Sequence[Change], now: datetime) -> int:
    standing: list[Delivery] = []
    for ids in _batches({change.planned.item_id for change in changes}):
        found = connection.execute(select(deliveries).where(deliveries.c.item_id.in_(ids)))
        standing += [delivery_of(row) for row in found]
    owed = follow_up(changes, standing)
    for uids in _batches(owed.superseded):
        _change(connection, deliveries.c.uid.in_(uids), _REPLACED, now)
    return _plan(connection, owed.planned, now, may_revive=_is_any)


def revive(connection: Connection, planned: Sequence[Planned], now: datetime) -> int:
    """Backfill: SKIPPED deliveries and unknown uids become what is planned; gives how many."""
    number = _plan(connection, planned, now, may_revive=_is_skipped)
    adopt(connection, now)
    return number


def mark(connection: Connection, planned: Sequence[Planned], now: datetime) -> int:
    """Never to be posted: unknown uids, SKIPPED deliveries and HELD ones that were never tried; gives how many."""
    return _plan(connection, planned, now, may_revive=lambda row: _is_skipped(row) or _is_untried(row))


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
    for uids in _batches(skipped):
        digests = select(deliveries).where(row.uid.in_(uids), row.item_id.like(f"{PREFIX}%"))
        for digest in connection.execute(digests).all():
            free_parts(connection, delivery_of(digest), now)
    return len(held) + len(skipped)


def _has_returned(row: Row[Any]) -> bool:
    """Its item had left, or its channel."""
    return bool(row.state == State.SKIPPED and row.code in {Reason.WITHDRAWN, Reason.RETIRED})


def _is_skipped(row: Row[Any]) -> bool:
    return bool(row.state == State.SKIPPED and row.issue is None)  # what is part of a digest goes out with it


def _is_untried(row: Row[Any]) -> bool:
    return bool(row.state == State.HELD and row.attempts == 0)


def _is_any(row: Row[Any]) -> bool:
    return True  # `follow_up` chose


def _is_failed(row: Row[Any]) -> bool:
    return bool(row.state == State.FAILED or (row.state == State.SKIPPED and row.code == Reason.NEEDS_IMAGE))


def _plan(
    connection: Connection,
    planned: Sequence[Planned],
    now: datetime,
    *,
    may_revive: Callable[[Row[Any]], bool],
    may_add: bool = True,
) -> int:
    standing: dict[str, Row[Any]] = {}
    asked = select(deliveries.c.uid, deliveries.c.state, deliveries.c.code, deliveries.c.attempts, deliveries.c.issue)
    for uids in _batches([one.uid for one in planned]):
        standing.update({row.uid: row for row in connection.execute(asked.where(deliveries.c.uid.in_(uids)))})
    new = {one.uid: one for one in planned if may_add and one.uid not in standing}
    back = {one.uid: one for one in planned if one.uid in standing and may_revive(standing[one.uid])}
    doubted = doubted_channels(connection)
    for batch in _batches(new.values()):
        added = [planned_row(one, now, is_doubted=one.channel in doubted) for one in batch]
        connection.execute(insert(deliveries), added)
    for one in back.values():
        connection.execute(
            update(deliveries)
            .where(deliveries.c.uid == one.uid)
            .values(
                state=one.state,
                reason=one.reason,
                code=one.code,
                due=one.due,
                origin=one.origin,
                revision=one.revision,
                snapshot=to_json(one.item) if one.item else None,
                topics=" ".join(one.topics),
                owed_since=now,
                batch=one.batch,
                failures=0,
                payload=None,  # composed before the item was skipped: it may read otherwise now
                frozen_at=None,
            )
        )
    _note(connection, [*new.values(), *back.values()], now)
    return len(new) + len(back)


def _note(connection: Connection, planned: Sequence[Planned], now: datetime) -> None:
    for batch in _batches(planned):
        connection.execute(
            insert(events),
            [_event(one.uid, now, one.state, one.reason, one.code) for one in batch],
        )


def _event(uid: str, now: datetime, state: State, reason: str, code: Reason) -> dict[str, Any]:
    return {"uid": uid, "at": now, "state": state, "reason": reason, "attempt": 0, "code": code}


def _write_items(connection: Connection, acceptance: Acceptance) -> None:
    rows = [
        {
            "item_id": item.item_id,
            "revision": item.revision,
            "path": item.path,
            "link_key": item.link_key,
            "is_withdrawn": item.is_withdrawn,
            "first_seen": item.first_seen,
        }
        for item in acceptance.items
    ]
    _upsert(connection, items, rows, "item_id", keep=("first_seen",))


def _withdraw(connection: Connection, withdrawn: Sequence[str], now: datetime) -> dict[tuple[str, str], Delivery]:
    """Nothing is owed any more of items that left; gives the posts that waited, by channel and item."""
    row = deliveries.c
    waited = {}
    for ids in _batches(withdrawn):
        connection.execute(update(items).where(items.c.item_id.in_(ids)).values(is_withdrawn=True))
        pending = row.item_id.in_(ids) & row.state.in_([State.PLANNED, State.PAUSED, State.HELD])
        pending &= row.is_unclear.is_(False)  # what may already be out there is not forgotten
        for found in connection.execute(select(deliveries).where(pending, row.action == Action.POST)):
            waited[found.channel, found.item_id] = delivery_of(found)
        _change(connection, pending, _LEFT, now)
    return waited


def _inherited(planned: Planned, former: Delivery | None) -> Planned:
    """The decision about an item; about an heir what was decided about its predecessor, if that post still waited."""
    if former is None or planned.code is not Reason.SAME_LINK:
        return planned
    told = {name: getattr(former, name) for name in ("state", "reason", "code", "due", "origin", "batch")}
    return replace(planned, **told)


def _change(connection: Connection, which: ColumnElement[bool], why: Mapping[str, Any], now: datetime) -> Sequence[str]:
    """Write so about those deliveries, and keep the events; gives their uids."""
    changed = connection.execute(update(deliveries).where(which).values(**why).returning(deliveries.c.uid))
    uids = changed.scalars().all()
    told = {name: why[name] for name in ("state", "reason", "code")}
    for batch in _batches(uids):
        connection.execute(insert(events), [{**told, "uid": uid, "at": now, "attempt": 0} for uid in batch])
    return uids


def _write_files(connection: Connection, acceptance: Acceptance) -> None:
    for batch in _batches(acceptance.indexed):
        _upsert(connection, files, [indexed_row(one) for one in batch], "path")
    for paths in _batches(acceptance.gone):
        connection.execute(delete(files).where(files.c.path.in_(paths)))


def _upsert(connection: Connection, table: Any, rows: list[dict[str, Any]], key: str, keep: Sequence[str] = ()) -> None:
    if not rows:
        return
    statement = upsert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name != key and name not in keep}
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed), rows)


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while batch := list(islice(rest, MOST_VALUES)):
        yield batch
