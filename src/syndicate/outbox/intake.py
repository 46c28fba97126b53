"""What an ingest writes: known items, the parse index, new deliveries. One function, one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import Action, Delivery, Planned, State
from syndicate.outbox.edits import Change, follow_up
from syndicate.outbox.marks import keep_mark
from syndicate.outbox.prepared import Prepared
from syndicate.outbox.reasons import Reason
from syndicate.outbox.recall import doubted_channels, topics, window
from syndicate.outbox.rows import delivery_of, indexed_row, planned_row, replanned_row
from syndicate.ports.outbox import Acceptance

_KEEP_ITEM = Prepared("keep_item")
_WITHDRAW_ITEMS = Prepared("withdraw_items")
_KEEP_FILE = Prepared("keep_file")
_DROP_FILES = Prepared("drop_files")
_KEEP_CHANNEL = Prepared("keep_channel")
_ANY_SIGHTING = Prepared("any_sighting")
_ADD_DELIVERY = Prepared("add_delivery")
_STANDING = Prepared("standing of uids")
_OF_ITEMS = Prepared("of items")
_WAITING = Prepared("waiting of items")
_RETURNED = Prepared("owed as items left")
_CHANGE = Prepared("change")
_REPLAN = Prepared("replan")
_THAW = Prepared("thaw")
_NOTE = Prepared("note")

_BACK = (State.SKIPPED, "its item is back", Reason.RETURNED)
_REPLACED = (State.SKIPPED, "superseded by a newer change", Reason.SUPERSEDED)
_LEFT = (State.SKIPPED, "its item left the store", Reason.WITHDRAWN)


def accept(connection: Connection, acceptance: Acceptance, now: datetime) -> int:
    """Write one ingest; gives how many deliveries were new."""
    keep_mark(connection, "checkpoint", "")  # what was noted of the store is of the past
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
    _write_channels(connection, acceptance.channels, now)
    mended = _plan(connection, acceptance.mended, now, may_revive=_is_failed, may_add=False)
    _thaw(connection, acceptance.mended)
    _take_back(connection, acceptance.returned, now)
    changed = _follow_up(connection, acceptance.changes, now)
    former = acceptance.heirs
    planned = [_inherited(one, waited.get((one.channel, former.get(one.item_id, "")))) for one in acceptance.planned]
    number = mended + changed + _plan(connection, planned, now, may_revive=_has_returned)
    _adopt(connection, now)
    return number


def _thaw(connection: Connection, mended: Sequence[Planned]) -> None:
    """A post that is surely unsent tells of the item as it was, frozen or not: it is composed anew."""
    _THAW.change_each(connection, ({"the_uid": one.uid, "new_revision": one.revision} for one in mended))


def _take_back(connection: Connection, returned: Sequence[str], now: datetime) -> None:
    """What was to be said or done as items had left, and was not yet."""
    if returned:
        _change(connection, _RETURNED.values(connection, the_items=returned), _BACK, now)


def _follow_up(connection: Connection, changes: Sequence[Change], now: datetime) -> int:
    if not changes:
        return 0
    touched = sorted({change.planned.item_id for change in changes})
    owed = follow_up(changes, [delivery_of(row) for row in _OF_ITEMS.rows(connection, the_items=touched)])
    _change(connection, owed.superseded, _REPLACED, now)
    return _plan(connection, owed.planned, now, may_revive=_is_any)


def revive(connection: Connection, planned: Sequence[Planned], now: datetime) -> int:
    """Backfill: SKIPPED deliveries and unknown uids become what is planned; gives how many."""
    number = _plan(connection, planned, now, may_revive=_is_skipped)
    _adopt(connection, now)
    return number


def mark(connection: Connection, planned: Sequence[Planned], now: datetime) -> int:
    """Never to be posted: unknown uids, SKIPPED deliveries and HELD ones that were never tried; gives how many."""
    return _plan(connection, planned, now, may_revive=lambda row: _is_skipped(row) or _is_untried(row))


def _has_returned(row: Any) -> bool:
    """Its item had left, or its channel."""
    return bool(row.state == State.SKIPPED and row.code in {Reason.WITHDRAWN, Reason.RETIRED})


def _is_skipped(row: Any) -> bool:
    return bool(row.state == State.SKIPPED and row.issue is None)  # what is part of a digest goes out with it


def _is_untried(row: Any) -> bool:
    return bool(row.state == State.HELD and row.attempts == 0)


def _is_any(row: Any) -> bool:
    return True  # `follow_up` chose


def _is_failed(row: Any) -> bool:
    return bool(row.state == State.FAILED or (row.state == State.SKIPPED and row.code == Reason.NEEDS_IMAGE))


def _plan(
    connection: Connection,
    planned: Sequence[Planned],
    now: datetime,
    *,
    may_revive: Callable[[Any], bool],
    may_add: bool = True,
) -> int:
    if not planned:
        return 0
    standing = {row.uid: row for row in _STANDING.rows(connection, the_uids=[one.uid for one in planned])}
    new = {one.uid: one for one in planned if may_add and one.uid not in standing}
    back = {one.uid: one for one in planned if one.uid in standing and may_revive(standing[one.uid])}
    doubted = doubted_channels(connection)
    added = (planned_row(one, now, is_doubted=one.channel in doubted) for one in new.values())
    _ADD_DELIVERY.change_each(connection, added)
    _REPLAN.change_each(connection, (replanned_row(one, now) for one in back.values()))
    decided = (*new.values(), *back.values())
    _NOTE.change_each(connection, (_event(one.uid, now, (one.state, one.reason, one.code)) for one in decided))
    return len(decided)


def _event(uid: str, now: datetime, why: tuple[State, str, Reason]) -> dict[str, Any]:
    state, reason, code = why
    return {"uid": uid, "at": now, "state": state, "reason": reason, "attempt": 0, "code": code}


def _change(connection: Connection, uids: Sequence[str], why: tuple[State, str, Reason], now: datetime) -> None:
    """Write so about those deliveries, and keep the events."""
    if uids:
        state, reason, code = why
        _CHANGE.change(connection, the_uids=uids, new_state=state, new_reason=reason, new_code=code)
        _NOTE.change_each(connection, (_event(uid, now, why) for uid in uids))


def _write_items(connection: Connection, acceptance: Acceptance) -> None:
    _KEEP_ITEM.change_each(connection, map(structs.asdict, acceptance.items))


def _write_files(connection: Connection, acceptance: Acceptance) -> None:
    _KEEP_FILE.change_each(connection, map(indexed_row, acceptance.indexed))
    if acceptance.gone:
        _DROP_FILES.change(connection, the_paths=acceptance.gone)


def _write_channels(connection: Connection, accounts: Mapping[str, str], now: datetime) -> None:
    """What is in doubt of a channel that is new: as much as of all, since the state was put back."""
    since, until = window(connection) or (None, None)
    doubt = {"doubted_since": since, "doubted_until": until, "doubt_due": until, "doubt_readings": 0}
    rows = ({"channel": name, "account": account, "first_seen": now, **doubt} for name, account in accounts.items())
    _KEEP_CHANNEL.change_each(connection, rows)


def _adopt(connection: Connection, now: datetime) -> None:
    """Posts that were seen settle deliveries; mostly none was."""
    if _ANY_SIGHTING.value(connection) is not None:
        from syndicate.outbox.doubt import adopt

        adopt(connection, now)


def _withdraw(connection: Connection, withdrawn: Sequence[str], now: datetime) -> dict[tuple[str, str], Delivery]:
    """Nothing is owed any more of items that left; gives the posts that waited, by channel and item."""
    if not withdrawn:
        return {}
    _WITHDRAW_ITEMS.change(connection, the_items=withdrawn)
    waiting = list(map(delivery_of, _WAITING.rows(connection, the_items=withdrawn)))
    _change(connection, [one.uid for one in waiting], _LEFT, now)
    return {(one.channel, one.item_id): one for one in waiting if one.action is Action.POST}


def _inherited(planned: Planned, former: Delivery | None) -> Planned:
    """The decision about an item; about an heir what was decided about its predecessor, if that post still waited."""
    if former is None or planned.code is not Reason.SAME_LINK:
        return planned
    told = {name: getattr(former, name) for name in ("state", "reason", "code", "due", "origin", "batch")}
    return replace(planned, **told)
