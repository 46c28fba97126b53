"""What pacing reads and writes: the queue of a channel, its last posts, its rests. One function, one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from syndicate.outbox.delivery import Action, Origin, State
from syndicate.outbox.pace import Dropped, Outlook, Past, Rest, Waiting, Why
from syndicate.outbox.schema import deliveries, events, rests, tokens

PACED = (Action.POST.value, Action.REPLY.value)
"""What followers see as something new."""

_DOUBTFUL = (State.SENDING.value, State.UNKNOWN.value, State.HELD.value)


def outlook(connection: Connection, channel: str, memory: int, most: int) -> Outlook:
    """The last `memory` posts, and of each kind of what is owed the `most` that come first."""
    return Outlook(_past(connection, channel, memory), tuple(_queue(connection, channel, most)))


def _queue(connection: Connection, channel: str, most: int) -> Iterable[Waiting]:
    row = deliveries.c
    mine = select(row.uid, row.due, row.origin, row.owed_since, row.topics, row.state, row.action, row.batch).where(
        row.channel == channel, row.owner.is_(None)
    )
    in_turn = [
        mine.where(row.state == State.PLANNED.value, row.action == action, row.origin == origin.value)
        for action in (one.value for one in Action)
        for origin in Origin
    ]
    for statement in (mine.where(row.state == State.UNKNOWN.value), *in_turn):
        for one in connection.execute(statement.order_by(row.due).limit(most)):
            is_post = one.state == State.PLANNED and one.action in PACED
            topics = frozenset(one.topics.split())
            yield Waiting(one.uid, one.due, Origin(one.origin), one.owed_since, topics, is_post, one.batch)


def _past(connection: Connection, channel: str, memory: int) -> Past:
    """What may stand counts as standing, from when it was tried: a cap must not be broken by a lost answer."""
    row = deliveries.c
    mine = (row.channel == channel, row.action.in_(PACED))
    sent = select(row.sent_at, row.topics).where(*mine, row.sent_at.is_not(None)).order_by(row.sent_at.desc())
    doubtful = select(row.first_sent_at, row.topics).where(
        *mine, row.state.in_(_DOUBTFUL), row.first_sent_at.is_not(None), or_(row.is_unclear, row.owner.is_not(None))
    )
    found = [(one[0], one[1]) for one in connection.execute(sent.limit(memory))]
    found += [(one[0], one[1]) for one in connection.execute(doubtful)]
    found.sort()
    newest = frozenset(found[-1][1].split()) if found else frozenset[str]()
    return Past(tuple(at for at, _ in found[-memory:]), newest)


def last_sent(connection: Connection) -> dict[str, datetime]:
    """When each channel last posted."""
    row = deliveries.c
    newest = func.max(row.sent_at, type_=row.sent_at.type)
    lines = connection.execute(select(row.channel, newest).where(row.sent_at.is_not(None)).group_by(row.channel))
    return {line[0]: line[1] for line in lines}


def drop(connection: Connection, dropped: Sequence[Dropped], now: datetime) -> int:
    """Posts that still wait are skipped; gives how many."""
    row = deliveries.c
    count = 0
    for one in dropped:
        waits = (row.uid == one.uid, row.state == State.PLANNED.value, row.is_unclear.is_(False))
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
