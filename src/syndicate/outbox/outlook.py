"""What pacing reads and writes: the queue of a channel, its last posts, its rests. One function, one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import product

from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import Action, Origin, State
from syndicate.outbox.pace import Dropped, Outlook, Past, Rest, Waiting, Why
from syndicate.outbox.prepared import Prepared

PACED = (Action.POST.value, Action.REPLY.value)
"""What followers see as something new."""

_QUEUES = (
    Prepared("queue unknown"),
    *(Prepared(f"queue {action} {origin}") for action, origin in product(Action, Origin)),
)
_PACED = Prepared("paced")
_DOUBTFUL = Prepared("doubtful")
_DROP = Prepared("drop")
_NOTE = Prepared("note")
_RESTS = Prepared("rests")
_KEEP_REST = Prepared("keep_rest")
_END_REST = Prepared("end_rest")
_TOKEN_KEPT_SINCE = Prepared("token_kept_since")


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
    sent = _PACED.rows(connection, the_channel=channel, the_most=memory)
    doubtful = _DOUBTFUL.rows(connection, the_channel=channel)
    found = [(one[0], one[1]) for one in (*sent, *doubtful)]
    found.sort()
    newest = frozenset(found[-1][1].split()) if found else frozenset[str]()
    return Past(tuple(at for at, _ in found[-memory:]), newest)


def drop(connection: Connection, dropped: Sequence[Dropped], now: datetime) -> int:
    """Posts that still wait are skipped; gives how many."""
    count = 0
    for one in dropped:
        if _DROP.change(connection, the_uid=one.uid, new_reason=one.reason, new_code=one.code):
            _NOTE.add(connection, uid=one.uid, at=now, state=State.SKIPPED, reason=one.reason, code=one.code, attempt=0)
            count += 1
    return count


def kept_rests(connection: Connection) -> dict[tuple[str, Why], Rest]:
    """Every rest that was kept, by what it holds for and why."""
    return {
        (row.scope, Why(row.why)): Rest(Why(row.why), row.until, row.words, row.noted_at, row.failures)
        for row in _RESTS.rows(connection)
    }


def keep_rest(connection: Connection, scope: str, rest: Rest) -> None:
    """Keep a rest in place of the former one of its kind."""
    words, failures = rest.words, rest.failures
    _KEEP_REST.change(
        connection, scope=scope, why=rest.why, until=rest.until, words=words, failures=failures, noted_at=rest.noted_at
    )


def end_rest(connection: Connection, scope: str, why: Why) -> None:
    """Forget a rest."""
    _END_REST.change(connection, the_scope=scope, the_cause=why)


def token_kept_since(connection: Connection, at: datetime) -> bool:
    """Whether any access was renewed since then."""
    return _TOKEN_KEPT_SINCE.value(connection, the_time=at) is not None
