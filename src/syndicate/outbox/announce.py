"""What hubs are owed: per feed document the digest that stands and the one they were told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from syndicate.outbox.connection import Connection
from syndicate.outbox.ping import HubCounts, Ping, Pinged
from syndicate.outbox.schema import hubs, pings

_row = pings.c
_IS_OWED = _row.told.is_distinct_from(_row.digest)


def owe(connection: Connection, addresses: Iterable[str], standing: Mapping[str, str], now: datetime) -> None:
    """Every hub is to know every document as it stands; what hubs and documents are no more is forgotten.

    What is due later stays so when its document changes again: the hub wished for it, or does not answer.
    """
    wanted = frozenset(addresses)
    known = frozenset(connection.execute(select(hubs.c.hub)).scalars())
    connection.execute(delete(hubs).where(hubs.c.hub.not_in(wanted)))
    connection.execute(delete(pings).where(_row.hub.not_in(wanted)))
    for hub in sorted(wanted):
        if hub not in known:
            connection.execute(insert(hubs).values(hub=hub))
        _owe(connection, hub, standing, now)


def _owe(connection: Connection, hub: str, standing: Mapping[str, str], now: datetime) -> None:
    former = {one.topic: one.digest for one in connection.execute(select(pings).where(_row.hub == hub))}
    new = [_new(hub, topic, digest, now) for topic, digest in standing.items() if topic not in former]
    if new:
        connection.execute(insert(pings), new)
    for topic, digest in former.items():
        here = (_row.hub == hub, _row.topic == topic)
        if topic not in standing:
            connection.execute(delete(pings).where(*here))
        elif standing[topic] != digest:
            connection.execute(update(pings).where(*here).values(digest=standing[topic]))


def _new(hub: str, topic: str, digest: str, now: datetime) -> dict[str, Any]:
    return {"hub": hub, "topic": topic, "digest": digest, "told": None, "due": now, "failures": 0}


def due_pings(connection: Connection, hub: str, now: datetime, most: int) -> list[Ping]:
    """What the hub may be told now, the longest due first; nothing while it rests."""
    until = _rest(connection, hub)
    if until is not None and until > now:
        return []
    statement = select(pings).where(_row.hub == hub, _IS_OWED, _row.due <= now).order_by(_row.due, _row.topic)
    found = connection.execute(statement.limit(most))
    return [Ping(one.hub, one.topic, one.digest, one.failures) for one in found]


def next_ping(connection: Connection, hub: str) -> datetime | None:
    """When the hub has to be told something next."""
    soonest = select(_row.due).where(_row.hub == hub, _IS_OWED).order_by(_row.due).limit(1)
    due = connection.execute(soonest).scalar()
    until = _rest(connection, hub)
    return due if due is None or until is None else max(due, until)


def settle_pings(
    connection: Connection, hub: str, outcomes: Sequence[Pinged], rests_until: datetime | None, now: datetime
) -> None:
    """Write what came of pings of one hub, and until when it is left alone."""
    values: dict[str, Any] = {"rests_until": rests_until}
    for one in outcomes:
        here = (_row.hub == hub, _row.topic == one.ping.topic)
        if one.due is None:
            settled = update(pings).where(*here).values(told=one.ping.digest, failures=0, due=now)
        else:
            settled = update(pings).where(*here).values(failures=one.ping.failures + 1, due=one.due)
        connection.execute(settled)
        values |= {"accepted_at": now} if one.is_accepted else {"error": one.error, "failed_at": now}
    connection.execute(update(hubs).where(hubs.c.hub == hub).values(**values))


def hub_counts(connection: Connection) -> list[HubCounts]:
    """How every hub stands."""
    owed = select(func.count()).where(_row.hub == hubs.c.hub, _IS_OWED).scalar_subquery()
    return [
        HubCounts(one.hub, one.owed, one.accepted_at, one.error, one.failed_at, one.rests_until)
        for one in connection.execute(select(hubs, owed.label("owed")).order_by(hubs.c.hub))
    ]


def _rest(connection: Connection, hub: str) -> datetime | None:
    return connection.execute(select(hubs.c.rests_until).where(hubs.c.hub == hub)).scalar()
