"""The statements that run at every start and with every delivery, as SQLAlchemy Core, by name: see `prepared`.

`python -m syndicate.outbox.statements` writes anew what is kept of them; a test compares.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.types import TypeEngine

from syndicate.outbox.delivery import Action, Origin, State
from syndicate.outbox.outlook import PACED
from syndicate.outbox.prepared import FILE, settle_name
from syndicate.outbox.reasons import Reason
from syndicate.outbox.schema import (
    Moment,
    batches,
    channels,
    deliveries,
    events,
    files,
    hubs,
    items,
    marks,
    rests,
    sightings,
    tokens,
)
from syndicate.ports.outbox import KnownItem

Statement = Select[Any] | Insert | Update | Delete

_row = deliveries.c
_is_open = or_(_row.state == State.PLANNED.value, _row.state == State.UNKNOWN.value)
_is_free = _row.owner.is_(None)
_is_ours = (_row.uid == bindparam("the_uid"), _row.fence == bindparam("the_fence"), _row.owner.is_not(None))
_mine = _row.channel == bindparam("the_channel")
_other = deliveries.alias().c
_is_alone = ~exists().where(_other.channel == _row.channel, _other.item_id == _row.item_id, _other.owner.is_not(None))
_packed = (  # empty where the item stands and nothing is kept of it; null where it does not stand
    select(func.coalesce(files.c.packed, literal_column("x''")))
    .select_from(items.outerjoin(files, items.c.path == files.c.path))
    .where(items.c.item_id == _row.item_id, items.c.is_withdrawn.is_(False))
    .correlate(deliveries)
)
_waiting = (
    select(_row.uid, _row.due, _row.origin, _row.owed_since, _row.topics, _row.state, _row.action, _row.batch)
    .where(_mine, _row.owner.is_(None))
    .order_by(_row.due)
    .limit(bindparam("the_most"))
)
_is_paced = or_(*(_row.action == action for action in PACED))


def _kept(table: Table, *keys: str, keep: Iterable[str] = ()) -> Insert:
    """A whole row, in place of the former one of these keys, of which the columns to `keep` stay."""
    statement = upsert(table)
    changed = {one.name: one for one in statement.excluded if one.name not in {*keys, *keep}}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def _among(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """One of a list of values, however long it is."""
    listed = func.json_each(bindparam(name, type_=JSON)).table_valued("value")
    return column.in_(select(listed.c.value))


def _new(*names: str) -> dict[str, Any]:
    """New values for these columns of `deliveries`."""
    return {name: bindparam(f"new_{name}", type_=_row[name].type) for name in names}


STATE: Mapping[str, Statement] = {
    "mark": select(marks.c.value).where(marks.c.name == bindparam("the_name")),
    "keep_mark": _kept(marks, "name"),
    "last_event": select(func.max(events.c.number).label("number")),
    "last_moment": select(func.max(events.c.at, type_=events.c.at.type).label("at")),
    "last_sent": select(func.max(_row.first_sent_at, type_=_row.first_sent_at.type).label("at")),
    "any_item": select(items.c.item_id).limit(1),
    "any_hub": select(hubs.c.hub).limit(1),
}
"""How far the state has come."""

INGEST: Mapping[str, Statement] = {
    "known": select(*(items.c[name] for name in KnownItem.__struct_fields__)),
    "stamp": select(files.c.size_bytes, files.c.mtime_ns, files.c.inode).where(files.c.path == bindparam("the_path")),
    "seen_channels": select(channels.c.channel, channels.c.account),
    "undecided": select(items.c.item_id).where(
        items.c.is_withdrawn.is_(False),
        ~exists().where(
            _row.item_id == items.c.item_id,
            _row.channel == bindparam("the_channel"),
            _row.action == Action.POST.value,
            (_row.code != Reason.RETIRED.value) | (_row.origin != Origin.LIVE.value),
        ),
    ),
    "doubted_channels": select(channels.c.channel).where(channels.c.doubted_since.is_not(None)),
    "any_sighting": select(sightings.c.channel).limit(1),
    "keep_item": _kept(items, "item_id", keep=("first_seen",)),
    "withdraw_items": update(items).where(_among(items.c.item_id, "the_items")).values(is_withdrawn=True),
    "keep_file": _kept(files, "path"),
    "drop_files": delete(files).where(_among(files.c.path, "the_paths")),
    "keep_channel": _kept(
        channels, "channel", keep=("first_seen", "doubted_since", "doubted_until", "doubt_due", "doubt_readings")
    ),
    "add_delivery": insert(deliveries),
    "standing of uids": select(_row.uid, _row.state, _row.code, _row.attempts, _row.issue).where(
        _among(_row.uid, "the_uids")
    ),
    "of items": select(deliveries).where(_among(_row.item_id, "the_items")),
    "waiting of items": select(deliveries).where(
        _among(_row.item_id, "the_items"),
        or_(*(_row.state == state.value for state in (State.PLANNED, State.PAUSED, State.HELD))),
        _row.is_unclear.is_(False),  # what may already be out there is not forgotten
    ),
    "owed as items left": select(_row.uid).where(
        _among(_row.item_id, "the_items"),
        or_(*(_row.state == state.value for state in (State.PLANNED, State.HELD))),
        _row.is_unclear.is_(False),
        (_row.action == Action.DELETE.value) | _row.snapshot.is_not(None),
    ),
    "change": update(deliveries).where(_among(_row.uid, "the_uids")).values(_new("state", "reason", "code")),
    "replan": (
        update(deliveries)
        .where(_row.uid == bindparam("the_uid"))
        .values(
            _new("state", "reason", "code", "due", "origin", "revision", "snapshot", "topics", "owed_since", "batch")
        )
        # Composed before the item was skipped: it may read otherwise now.
        .values(failures=0, payload=None, frozen_at=None)
    ),
    "thaw": (
        update(deliveries)
        .where(_row.uid == bindparam("the_uid"), _row.state == State.PLANNED.value, _row.is_unclear.is_(False))
        .values(_new("revision"))
        .values(payload=None, frozen_at=None)
    ),
}

LANE: Mapping[str, Statement] = {
    "next": (
        select(_row.uid)
        .where(_mine, _is_open, _is_free, _row.due <= bindparam("the_time"))
        .order_by(case((_row.origin == Origin.LIVE.value, 0), else_=1), _row.due, _row.uid)
        .limit(1)
    ),
    "next_due": select(_row.due).where(_mine, _is_open, _is_free).order_by(_row.due).limit(1),
    # Neither a claim nor an intent gives its row back: in SQLite that costs more than all else that they do.
    "claim": (
        update(deliveries)
        .where(_row.uid == bindparam("the_uid"), _is_open, _is_free)
        # Changes of one post follow each other: of two on their way at once the older words might arrive last.
        .where(or_(_row.action == Action.POST.value, _is_alone))
        .values(
            state=case((_row.state == State.PLANNED.value, State.CLAIMED.value), else_=_row.state),
            owner=bindparam("the_owner"),
            fence=_row.fence + 1,
        )
    ),
    "claimed": select(
        *_row,
        _packed.scalar_subquery().label("packed"),
        exists().where(sightings.c.channel == _row.channel).correlate(deliveries).label("may_stand"),
    ).where(_row.uid == bindparam("the_uid")),
    "before": (
        select(events.c.reason, events.c.code)
        .where(events.c.uid == bindparam("the_uid"), events.c.code != Reason.UNREAD.value)
        .order_by(events.c.number.desc())
        .limit(1)
    ),
    "standing": (
        select(files.c.packed).join(items, items.c.path == files.c.path).where(items.c.item_id == bindparam("the_item"))
    ),
    "freeze": (
        update(deliveries)
        .where(*_is_ours, or_(_row.state == State.CLAIMED.value, _row.state == State.UNKNOWN.value))
        .values(
            state=State.SENDING.value,
            payload=bindparam("the_payload"),
            key=bindparam("the_key"),
            frozen_at=bindparam("the_time", type_=_row.frozen_at.type),
            first_sent_at=bindparam("the_first_time"),
            attempts=bindparam("the_attempts"),
        )
    ),
    "note": insert(events),
    "orphans": (
        select(deliveries)
        .where(
            _mine,
            or_(*(_row.state == state.value for state in (State.CLAIMED, State.SENDING, State.UNKNOWN))),
            _row.owner.is_not(None),
        )
        .order_by(_row.uid)
    ),
    "push back": (
        update(deliveries)
        .where(_mine, _row.origin == Origin.BACKFILL.value, _row.state == State.PLANNED.value)
        .where(_row.batch.is_not_distinct_from(bindparam("the_batch")))  # another one has a pace of its own
        .where(_row.due > bindparam("the_time"))
        .values(due=type_coerce(type_coerce(_row.due, BigInteger) + bindparam("the_lag"), _row.due.type))
    ),
    "drop": (
        update(deliveries)
        .where(_row.uid == bindparam("the_uid"), _row.state == State.PLANNED.value, _row.is_unclear.is_(False))
        .values(state=State.SKIPPED.value, reason=bindparam("new_reason"), code=bindparam("new_code"))
        .values(payload=None, frozen_at=None)
    ),
    "batch_state": select(batches.c.state).where(batches.c.name == bindparam("the_name")),
    "doubt": select(channels).where(channels.c.channel == bindparam("the_channel")),
    "rests": select(rests),
    "keep_rest": _kept(rests, "scope", "why"),
    "end_rest": delete(rests).where(rests.c.scope == bindparam("the_scope"), rests.c.why == bindparam("the_cause")),
    "token_kept_since": select(tokens.c.name).where(tokens.c.kept_at > bindparam("the_time")).limit(1),
    "token": select(tokens.c.sealed).where(tokens.c.name == bindparam("the_name")),
}
"""What lanes do to deliveries."""

OUTLOOK: Mapping[str, Statement] = {
    "queue unknown": _waiting.where(_row.state == State.UNKNOWN.value),
    **{
        f"queue {action} {origin}": _waiting.where(
            _row.state == State.PLANNED.value, _row.action == action.value, _row.origin == origin.value
        )
        for action, origin in product(Action, Origin)
    },
    "paced": (
        select(_row.sent_at, _row.topics)
        .where(_mine, _is_paced, _row.sent_at.is_not(None))
        .order_by(_row.sent_at.desc())
        .limit(bindparam("the_most"))
    ),
    "doubtful": select(_row.first_sent_at, _row.topics).where(
        _mine,
        _is_paced,
        or_(*(_row.state == state.value for state in (State.SENDING, State.UNKNOWN, State.HELD))),
        _row.first_sent_at.is_not(None),
        or_(_row.is_unclear, _row.owner.is_not(None)),
    ),
}
"""What pacing reads."""


def _settling(*, is_sent: bool, thaws: bool, renews_key: bool) -> Update:
    names = ["state", "reason", "code", "due", "failures", "readings", "is_unclear", "is_key_spent"]
    names += ["remote_id", "remote_url", "sent_at"] if is_sent else []
    values = {**_new(*names), "owner": None}
    if is_sent:
        values |= {"payload": None}
    if thaws:
        values |= {"payload": None, "frozen_at": None}
    if renews_key:
        values |= {"key": None, "first_sent_at": None, "generation": _row.generation + 1}
    return update(deliveries).where(*_is_ours).values(**values)


SETTLE: Mapping[str, Statement] = {
    settle_name(is_sent=is_sent, thaws=thaws, renews_key=renews_key): _settling(
        is_sent=is_sent, thaws=thaws, renews_key=renews_key
    )
    for is_sent, thaws, renews_key in product((False, True), repeat=3)
}
"""What becomes of a delivery."""


def plans() -> dict[str, Any]:
    """What is kept of all of them, by name."""
    groups = (STATE, INGEST, LANE, OUTLOOK, SETTLE)
    return {name: plan_of(statement) for group in groups for name, statement in group.items()}


_DIALECT = dialect()


def plan_of(statement: Statement) -> dict[str, Any]:
    """Its SQL; for each `?` the name of the value or a constant, and its kind; names and kinds of its columns."""
    # An insert is of whole rows, but for the numbers that the database gives.
    keys = (
        [one.name for one in statement.table.c if one.autoincrement is not True]
        if isinstance(statement, Insert)
        else None
    )
    compiled = statement.compile(dialect=_DIALECT, column_keys=keys)
    binds = [compiled.binds[name] for name in compiled.positiontup or ()]
    return {
        "sql": " ".join(compiled.string.split()),
        "places": [
            [bind.key, None, _kind(bind.type)] if bind.required else [None, bind.value, _kind(bind.type)]
            for bind in binds
        ],
        "columns": [[one.name, _kind(one.type)] for one in statement.exported_columns],
    }


def _kind(kind: TypeEngine[Any]) -> str | None:
    """The kind of a column, where the driver does not know it by itself."""
    if isinstance(kind, Moment):
        return "moment"
    if isinstance(kind, JSON):
        return "list"
    return "flag" if isinstance(kind, Boolean) else None


def content() -> str:
    """What the file is to hold: of each statement three lines."""
    lines = (
        f"{json.dumps(name)}: {{" + ",\n ".join(f"{json.dumps(key)}: {json.dumps(part)}" for key, part in plan.items())
        for name, plan in plans().items()
    )
    return "{\n" + "},\n".join(lines) + "}\n}\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="ascii")
