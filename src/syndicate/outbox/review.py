"""What operators ask of the outbox and tell it. One function, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from syndicate.errors import UsageError
from syndicate.items.item import Item
from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import RESOLVABLE, Action, Delivery, State
from syndicate.outbox.gather import free_parts, mark_parts
from syndicate.outbox.issues import PREFIX
from syndicate.outbox.reasons import Reason
from syndicate.outbox.rows import code_of, delivery_of, item_of
from syndicate.outbox.schema import channels, deliveries, events, files, items, tokens
from syndicate.ports.outbox import ChannelCounts, Event

CHANGES = (Action.EDIT, Action.DELETE, Action.REPLY)
"""What is done about a post that stands."""

_WORDS = {State.SENT: Reason.TOLD, State.PLANNED: Reason.SEND_AGAIN, State.DEAD: Reason.DROPPED}
"""What the operator may decide, as codes."""


def newest_item(connection: Connection) -> Item | None:
    """The item that was published last, of those that stand; None also if that cannot be read."""
    standing = select(files.c.packed).join(items, items.c.path == files.c.path).where(~items.c.is_withdrawn)
    newest = standing.where(files.c.packed.is_not(None)).order_by(files.c.published.desc()).limit(1)
    return item_of(connection.execute(newest).scalar())


def find_items(connection: Connection, text: str) -> list[Item]:
    """Items whose id, path or slug is the text, or ends with it after a colon or slash; none that cannot be read."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    row = files.c
    matches = or_(
        row.item_id == text,
        row.item_id.like(f"%:{escaped}", escape="\\"),
        row.path == text,
        row.path.like(f"%/{escaped}", escape="\\"),
        row.slug == text,
    )
    statement = select(row.packed).where(row.packed.is_not(None), matches).order_by(row.path)
    found = map(item_of, connection.execute(statement).scalars())
    return [one for one in found if one is not None and _is_called(one, text)]


def _is_called(item: Item, text: str) -> bool:
    """LIKE knows no case."""
    names = (item.id, item.path, item.slug)
    return text in names or item.id.endswith(f":{text}") or item.path.endswith(f"/{text}")


def counts(connection: Connection) -> list[ChannelCounts]:
    """How every channel stands."""
    row = deliveries.c
    states: dict[tuple[str, Action], dict[State, int]] = {}
    grouped = (row.channel, row.action, row.state)
    for channel, action, state, number in connection.execute(select(*grouped, func.count()).group_by(*grouped)):
        states.setdefault((channel, Action(action)), {})[State(state)] = number
    open_ones = row.state.in_([State.PLANNED, State.UNKNOWN])
    soonest = select(row.channel, func.min(row.due, type_=row.due.type)).where(open_ones).group_by(row.channel)
    due: dict[str, datetime] = {line[0]: line[1] for line in connection.execute(soonest)}
    newest = select(row.channel, func.max(row.sent_at, type_=row.sent_at.type)).where(row.sent_at.is_not(None))
    last: dict[str, datetime] = {line[0]: line[1] for line in connection.execute(newest.group_by(row.channel))}
    is_waiting = (row.state == State.PLANNED) & row.code.in_([Reason.PAGE_MISSING, Reason.UNREAD])
    waiting = select(row.channel, row.code, func.count()).where(is_waiting).group_by(row.channel, row.code)
    waits = {(channel, Reason(code)): number for channel, code, number in connection.execute(waiting)}
    owed = (row.state == State.PLANNED, row.action != Action.POST)
    changing = select(row.channel, func.min(row.due, type_=row.due.type)).where(*owed).group_by(row.channel)
    change: dict[str, datetime] = {line[0]: line[1] for line in connection.execute(changing)}
    return [
        ChannelCounts(
            line.channel,
            line.account,
            states.get((line.channel, Action.POST), {}),
            due.get(line.channel),
            last.get(line.channel),
            waits.get((line.channel, Reason.PAGE_MISSING), 0),
            {action: found for (name, action), found in states.items() if name == line.channel and action in CHANGES},
            change.get(line.channel),
            waits.get((line.channel, Reason.UNREAD), 0),
        )
        for line in connection.execute(select(channels).order_by(channels.c.channel))
    ]


def owed_changes(connection: Connection) -> dict[Action, int]:
    """How many edits, deletions and answers are owed, by kind."""
    row = deliveries.c
    statement = select(row.action, func.count()).where(row.state == State.PLANNED, row.action != Action.POST)
    return {Action(action): number for action, number in connection.execute(statement.group_by(row.action))}


def found_deliveries(
    connection: Connection, states: Sequence[State], channel: str | None, item_id: str | None, limit: int
) -> list[Delivery]:
    """Deliveries, newest due first."""
    statement = select(deliveries).order_by(deliveries.c.due.desc(), deliveries.c.uid).limit(limit)
    if states:
        statement = statement.where(deliveries.c.state.in_([state.value for state in states]))
    if channel is not None:
        statement = statement.where(deliveries.c.channel == channel)
    if item_id is not None:
        statement = statement.where(deliveries.c.item_id == item_id)
    return [delivery_of(row) for row in connection.execute(statement)]


def delivery(connection: Connection, uid: str) -> Delivery:
    """The delivery whose uid begins so.

    Raises:
        UsageError: none does, or several.
    """
    statement = select(deliveries).where(deliveries.c.uid.startswith(uid, autoescape=True))
    found = connection.execute(statement).all() if uid.isascii() else []  # what is no UTF-8 cannot be asked for
    if len(found) != 1 or not uid:
        problem = "is no delivery" if not found else f"fits {len(found)} deliveries"
        raise UsageError(f"{uid}: {problem}; `syndicate held list` shows their ids")
    return delivery_of(found[0])


def history(connection: Connection, uid: str) -> list[Event]:
    """A delivery's events, oldest first."""
    rows = connection.execute(select(events).where(events.c.uid == uid).order_by(events.c.number))
    return [Event(row.uid, row.at, State(row.state), row.reason, row.attempt, code_of(row)) for row in rows]


def resolve(
    connection: Connection, uid: str, state: State, reason: str, now: datetime, url: str | None = None
) -> Delivery:
    """The operator's word: SENT (is there), PLANNED (send again, under a new key), DEAD (drop)."""
    one = delivery(connection, uid)
    if one.state not in RESOLVABLE:
        names = ", ".join(RESOLVABLE)
        raise UsageError(f"{uid}: is {one.state}; only deliveries that are {names} can be resolved")
    code = _WORDS[state]
    values: dict[str, object] = {"state": state, "reason": reason, "code": code, "due": now}
    values |= {"failures": 0, "is_unclear": False}
    if state is State.SENT:
        values |= {"remote_id": url or "told by the operator", "remote_url": url, "sent_at": now, "payload": None}
    if state is State.PLANNED:
        values |= {"payload": None, "frozen_at": None, "readings": 0, "is_key_spent": False}
        if one.first_sent_at is not None:
            values |= {"key": None, "first_sent_at": None, "generation": one.generation + 1}
    statement = update(deliveries).where(deliveries.c.uid == one.uid).values(**values).returning(deliveries)
    row = connection.execute(statement).one()
    connection.execute(
        insert(events).values(uid=one.uid, at=now, state=state, reason=reason, attempt=row.attempts, code=code)
    )
    resolved = delivery_of(row)
    if resolved.item_id.startswith(PREFIX):
        if resolved.receipt is not None:
            mark_parts(connection, resolved, resolved.receipt, now)
        elif state is State.DEAD:
            free_parts(connection, resolved, now)
    return resolved


def sealed_token(connection: Connection, name: str) -> bytes | None:
    """A kept secret, sealed."""
    return connection.execute(select(tokens.c.sealed).where(tokens.c.name == name)).scalar()


def keep_sealed_token(connection: Connection, name: str, sealed: bytes, now: datetime) -> None:
    """Keep a sealed secret in place of the former one."""
    statement = upsert(tokens).values(name=name, sealed=sealed, kept_at=now)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"sealed": sealed, "kept_at": now})
    )
