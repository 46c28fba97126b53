"""What pacing reads and writes: the queue of a channel, its last posts, its rests. One function, one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from syndicate.outbox.delivery import Action, Origin, State
from syndicate.outbox.pace import Dropped, Outlook, Past, Rest, Waiting, Why
from syndicate.outbox.prepared import Prepared
from syndicate.outbox.schema import deliveries, events, rests, tokens

PACED = (Action.POST.value, Action.REPLY.value)
"""What followers see as something new."""

_row = deliveries.c
_mine = _row.channel == bindparam("the_channel")
_waiting = (
    select(_row.uid, _row.due, _row.origin, _row.owed_since, _row.topics, _row.state, _row.action, _row.batch)
    .where(_mine, _row.owner.is_(None))
    .order_by(_row.due)
    .limit(bindparam("the_most"))
)
_QUEUES = (
    Prepared(_waiting.where(_row.state == State.UNKNOWN.value)),
    *(
        Prepared(
            _waiting.where(_row.state == State.PLANNED.value, _row.action == action.value, _row.origin == origin.value)
        )
        for action in Action
        for origin in Origin
    ),
)
_is_paced = or_(*(_row.action == action for action in PACED))
_SENT = Prepared(
    select(_row.sent_at, _row.topics)
    .where(_mine, _is_paced, _row.sent_at.is_not(None))
    .order_by(_row.sent_at.desc())
    .limit(bindparam("the_most"))
)
_DOUBTFUL = Prepared(
    select(_row.first_sent_at, _row.topics).where(
        _mine,
        _is_paced,
        or_(*(_row.state == state.value for state in (State.SENDING, State.UNKNOWN, State.HELD))),
        _row.first_sent_at.is_not(None),
        or_(_row.is_unclear, _row.owner.is_not(None)),
    )
)


def outlook(connection: Connection, channel: str, memory: int, most: int) -> Outlook:
    """The last `memory` posts, and of each kind of what is owed the `most` that come first."""
    return Outlook(_past(connection, channel, memory), tuple(_queue(connection, channel, most)))


def _queue(connection: Connection, channel: str, most: int) -> Iterable[Waiting]:
    for statement in _QUEUES:
        for one in statement.rows(connection, the_channel=channel, the_most=most):
            is_post = one.state == State.PLANNED and one.action in PACED
            topics = frozenset(one.topics.split())
            yield Waiting(one.uid, one.due, Origin(one.origin), one.owed_since, topics, is_post, one.batch)


def _past(connection: Connection, channel: str, memory: int) -> Past:
    """What may stand counts as standing, from when it was tried: a cap must not be broken by a lost answer."""
    sent = _SENT.rows(connection, the_channel=channel, the_most=memory)
    doubtful = _DOUBTFUL.rows(connection, the_channel=channel)
    found = [(one[0], one[1]) for one in (*sent, *doubtful)]
    found.sort()
    newest = frozenset(found[-1][1].split()) if found else frozenset[str]()
    return Past(tuple(at for at, _ in found[-memory:]), newest)


def last_sent(connection: Connection) -> dict[str, datetime]:
    """When each channel last posted."""
    newest = func.max(_row.sent_at, type_=_row.sent_at.type)
    lines = connection.execute(select(_row.channel, newest).where(_row.sent_at.is_not(None)).group_by(_row.channel))
    return {line[0]: line[1] for line in lines}


def drop(connection: Connection, dropped: Sequence[Dropped], now: datetime) -> int:
    """Posts that still wait are skipped; gives how many."""
    count = 0
    for one in dropped:
        waits = (_row.uid == one.uid, _row.state == State.PLANNED.value, _row.is_unclear.is_(False))
        values = {"state": State.SKIPPED, "reason": one.reason, "code": one.code, "payload": None, "frozen_at": None}
        if connection.execute(update(deliveries).where(*waits).values(**values)).rowcount:
            line = {
                "uid": one.uid,
                "at": now,
                "state": State.SKIPPED,
                "reason": one.reason,
                "code": one.code,
                "attempt": 0,
            }
            connection.execute(insert(events).values(**line))
            count += 1
    return count


def kept_rests(connection: Connection) -> dict[tuple[str, Why], Rest]:
    """Every rest that was kept, by what it holds for and why."""
    return {
        (row.scope, Why(row.why)): Rest(Why(row.why), row.until, row.words, row.noted_at, row.failures)
        for row in connection.execute(select(rests))
    }


def keep_rest(connection: Connection, scope: str, rest: Rest) -> None:
    """Keep a rest in place of the former one of its kind."""
    values = {"until": rest.until, "words": rest.words, "failures": rest.failures, "noted_at": rest.noted_at}
    statement = upsert(rests).values(scope=scope, why=rest.why, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["scope", "why"], set_=values))


def end_rest(connection: Connection, scope: str, why: Why) -> None:
    """Forget a rest."""
    connection.execute(delete(rests).where(rests.c.scope == scope, rests.c.why == why))


def token_kept_since(connection: Connection, at: datetime) -> bool:
    """Whether any access was renewed since then."""
    return connection.execute(select(tokens.c.name).where(tokens.c.kept_at > at).limit(1)).scalar() is not None
