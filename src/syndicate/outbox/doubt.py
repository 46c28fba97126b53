"""What may have been sent without our knowing, and posts of ours that were seen. One function, one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import Action, Planned, Receipt, State
from syndicate.outbox.marks import keep_mark
from syndicate.outbox.reasons import Reason
from syndicate.outbox.recall import window
from syndicate.outbox.rows import planned_row
from syndicate.outbox.schema import channels, deliveries, events, items, sightings
from syndicate.ports.outbox import Doubt, Sighting

ADOPTED = "adopted: it stands there already"

_row = deliveries.c
_OVER = (State.SENT, State.SKIPPED, State.DEAD)


def doubt_all(connection: Connection, since: datetime, until: datetime) -> None:
    """Between these times anything may have been sent, on every channel that is or will be."""
    former = window(connection)
    since = min(since, former[0]) if former else since
    kept = json.dumps([since.isoformat(), until.isoformat()])
    keep_mark(connection, "restored", kept)
    whole = {"doubted_since": since, "doubted_until": until, "doubt_due": until, "doubt_readings": 0}
    connection.execute(update(channels).values(**whole))
    connection.execute(update(deliveries).where(_row.state != State.SENT).values(is_doubted=True))


def doubt_of(connection: Connection, channel: str) -> Doubt | None:
    """What is in doubt on a channel; None: nothing."""
    row = connection.execute(select(channels).where(channels.c.channel == channel)).one_or_none()
    if row is None or row.doubted_since is None:
        return None
    waits = (_row.channel == channel, _row.is_doubted, _row.state.not_in(_OVER))
    number = connection.execute(select(func.count()).select_from(deliveries).where(*waits)).scalar_one()
    return Doubt(row.doubted_since, row.doubted_until, number)


def believe(connection: Connection, channel: str, uid: str | None = None) -> None:
    """One delivery, or the whole channel, is in doubt no more."""
    here = _row.channel == channel
    if uid is not None:
        connection.execute(update(deliveries).where(here, _row.uid == uid).values(is_doubted=False))
        return
    connection.execute(update(deliveries).where(here, _row.is_doubted).values(is_doubted=False))
    settled = {"doubted_since": None, "doubted_until": None, "doubt_due": None, "doubt_readings": 0}
    connection.execute(update(channels).where(channels.c.channel == channel).values(**settled))


def sighted(connection: Connection, channel: str, account: str, keys: Sequence[str]) -> Receipt | None:
    """The post of ours that was seen there with one of these links."""
    row = sightings.c
    found = connection.execute(
        select(sightings).where(row.channel == channel, row.account == account, row.link_key.in_(keys)).order_by(row.at)
    ).first()
    return None if found is None else Receipt(found.remote_id, found.remote_url, found.at)


def see(
    connection: Connection,
    at: tuple[str, str],
    seen: Iterable[Sighting],
    planned: Sequence[Planned],
    now: datetime,
    *,
    receipts: Mapping[str, Receipt],
) -> list[str]:
    """Keep in mind which posts of ours stand at a channel and account; gives the ids of items that are sent by that.

    `planned` are deliveries of items that were found and may not have been decided yet, `receipts` their posts by uid.
    """
    channel, account = at
    rows = [
        {
            "channel": channel,
            "account": account,
            "link_key": one.link_key,
            "remote_id": one.receipt.remote_id,
            "remote_url": one.receipt.url,
            "at": one.receipt.at,
        }
        for one in seen
    ]
    if rows:
        connection.execute(upsert(sightings).on_conflict_do_nothing(), rows)
    known = set(connection.execute(select(_row.uid).where(_row.channel == channel)).scalars())
    new = [planned_row(one, now) for one in planned if one.uid not in known]
    if new:
        connection.execute(insert(deliveries), new)
    free = (_row.channel == channel, _row.state != State.SENT, _row.owner.is_(None))
    waiting = connection.execute(select(_row.uid, _row.item_id, _row.attempts).where(*free)).all()
    told = [one for one in waiting if one.uid in receipts]
    for one in told:
        _settle(connection, one.uid, receipts[one.uid], one.attempts, now)
    return [*(one.item_id for one in told), *adopt(connection, now, channel)]


def adopt(connection: Connection, now: datetime, channel: str | None = None) -> list[str]:
    """Posts that were seen settle the deliveries of their items, one for each post; gives the items' ids."""
    seen = sightings.c
    if connection.execute(select(seen.channel).limit(1)).first() is None:
        return []
    same = and_(seen.channel == _row.channel, seen.account == _row.account, seen.link_key == items.c.link_key)
    statement = (
        select(_row.uid, _row.channel, _row.item_id, _row.attempts, seen.remote_id, seen.remote_url, seen.at)
        .join(items, items.c.item_id == _row.item_id)
        .join(sightings, same)
        .where(_row.action == Action.POST, _row.state != State.SENT, _row.owner.is_(None))
        .order_by(_row.state == State.SKIPPED, items.c.first_seen, _row.uid)
    )
    if channel is not None:
        statement = statement.where(_row.channel == channel)
    found = connection.execute(statement).all()
    names = {one.channel for one in found}
    sent = select(_row.channel, _row.remote_id).where(_row.channel.in_(names), _row.state == State.SENT)
    taken = {(one.channel, one.remote_id) for one in connection.execute(sent)}
    adopted = []
    for one in found:
        if (one.channel, one.remote_id) in taken:
            continue
        taken.add((one.channel, one.remote_id))
        _settle(connection, one.uid, Receipt(one.remote_id, one.remote_url, one.at), one.attempts, now)
        adopted.append(one.item_id)
    return adopted


def _settle(connection: Connection, uid: str, receipt: Receipt, attempts: int, now: datetime) -> None:
    values = {
        "state": State.SENT,
        "reason": ADOPTED,
        "code": Reason.ADOPTED,
        "remote_id": receipt.remote_id,
        "remote_url": receipt.url,
        "sent_at": receipt.at,
        "payload": None,
        "is_doubted": False,
        "is_unclear": False,
    }
    connection.execute(update(deliveries).where(_row.uid == uid).values(**values))
    connection.execute(
        insert(events).values(uid=uid, at=now, state=State.SENT, reason=ADOPTED, code=Reason.ADOPTED, attempt=attempts)
    )
