"""What backfills write and read. One function, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count

from msgspec.structs import replace
from sqlalchemy import func, insert, select, update

from syndicate.errors import UsageError
from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import Planned, State
from syndicate.outbox.intake import mark, revive
from syndicate.outbox.reasons import Reason
from syndicate.outbox.schema import batches, deliveries, events
from syndicate.ports.batches import Batch, BatchCounts, BatchState, Share

_OWED = tuple(state.value for state in State if not state.is_final)

_TURNS = {
    BatchState.RUNNING: ((State.PAUSED,), State.PLANNED, "resumed", Reason.BACKFILL),
    BatchState.PAUSED: ((State.PLANNED,), State.PAUSED, "paused", Reason.PAUSED),
    BatchState.CANCELLED: ((State.PLANNED, State.PAUSED), State.SKIPPED, "cancelled", Reason.CANCELLED),
}
"""What a batch is told: which of its deliveries become what, the word and the code for it."""


def begin(connection: Connection, planned: Sequence[Planned], words: str, now: datetime, name: str | None) -> str:
    """Write a batch with its deliveries; gives its name."""
    taken = set(connection.execute(select(batches.c.name)).scalars())
    if name in taken:
        raise UsageError(f"--name {name}: there is a backfill of that name; `syndicate backfill list` shows all")
    name = name or _free_name(now, taken)
    connection.execute(insert(batches).values(name=name, state=BatchState.RUNNING, made_at=now, words=words))
    mine = [replace(one, batch=name) for one in planned]
    revive(connection, [one for one in mine if one.state is not State.SKIPPED], now)
    mark(connection, [one for one in mine if one.state is State.SKIPPED], now)
    return name


def _free_name(now: datetime, taken: set[str]) -> str:
    day = f"{now:%Y-%m-%d}"
    names = (day if number == 1 else f"{day}-{number}" for number in count(1))
    return next(name for name in names if name not in taken)


def found_batches(connection: Connection, name: str | None = None) -> list[BatchCounts]:
    """Every batch, or that one; the newest first."""
    row = deliveries.c
    wanted = select(batches).order_by(batches.c.made_at.desc(), batches.c.name.desc())
    grouped = select(
        row.batch,
        row.channel,
        row.state,
        func.count(),
        func.min(row.due, type_=row.due.type),
        func.max(row.due, type_=row.due.type),
    ).group_by(row.batch, row.channel, row.state)
    if name is None:
        grouped = grouped.where(row.batch.is_not(None))
    else:
        wanted, grouped = wanted.where(batches.c.name == name), grouped.where(row.batch == name)
    shares: dict[str, dict[str, Share]] = {}
    for batch, channel, state, number, first, last in connection.execute(grouped):
        share = shares.setdefault(batch, {}).setdefault(channel, Share(channel))
        states = {**share.states, State(state): number}
        if state in _OWED:
            due = (first if share.next_due is None else min(first, share.next_due), max(last, share.ends or last))
            shares[batch][channel] = Share(channel, states, *due)
        else:
            shares[batch][channel] = replace(share, states=states)
    return [
        BatchCounts(
            Batch(one.name, BatchState(one.state), one.made_at, one.words),
            tuple(share for _, share in sorted(shares.get(one.name, {}).items())),
        )
        for one in connection.execute(wanted)
    ]


def turn(connection: Connection, name: str, state: BatchState, now: datetime) -> BatchCounts:
    """Pause, resume or cancel a batch."""
    found = found_batches(connection, name)
    if not found:
        raise UsageError(f"{name}: there is no backfill of that name; `syndicate backfill list` shows all")
    [counts] = found
    if counts.batch.state is BatchState.CANCELLED:
        if state is BatchState.CANCELLED:
            return counts
        raise UsageError(f"{name}: was cancelled; call `syndicate backfill` again to plan anew what it did not post")
    if counts.stage == "done":
        raise UsageError(f"{name}: is done, nothing of it is owed any more")
    connection.execute(update(batches).where(batches.c.name == name).values(state=state))
    which = _TURNS[state][0]
    why = dict(zip(("state", "reason", "code"), _turned(name, state), strict=True))
    row = deliveries.c
    chosen = update(deliveries).where(row.batch == name, row.state.in_(which))
    uids = connection.execute(chosen.values(**why).returning(row.uid)).scalars().all()
    if uids:
        connection.execute(insert(events), [{**why, "uid": uid, "at": now, "attempt": 0} for uid in uids])
    return found_batches(connection, name)[0]


def kept_back(connection: Connection, name: str) -> tuple[State, str, Reason] | None:
    """What becomes of a delivery of that batch that was in work and is to be tried again; None: just that."""
    state = BatchState(connection.execute(select(batches.c.state).where(batches.c.name == name)).scalar_one())
    return None if state is BatchState.RUNNING else _turned(name, state)


def _turned(name: str, state: BatchState) -> tuple[State, str, Reason]:
    _, becomes, word, code = _TURNS[state]
    return becomes, f"backfill {name} {word}", code
