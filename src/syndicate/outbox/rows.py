"""Rows of the outbox's tables, to values and back."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from syndicate.items.item import Item
from syndicate.items.snapshot import faults_from_json, faults_to_json, from_json, pack, packed_item, to_json, unpack
from syndicate.outbox import moments
from syndicate.outbox.delivery import Action, Delivery, Origin, Planned, Receipt, State
from syndicate.outbox.reasons import Reason
from syndicate.ports.content import Indexed, Stamp

_CODES = frozenset(Reason)


def item_of(packed: bytes | None) -> Item | None:
    """The item that was packed so; None if none was, or if that is damaged or of another version."""
    try:
        return _unpacked(packed) if packed else None
    except (ValueError, TypeError, KeyError):
        return None


_unpacked = lru_cache(64)(unpack)
"""An item is owed to many channels at about the same time."""


def delivery_of(
    row: Any, current: Item | None = None, *, may_stand: bool = False, is_damaged: bool = False
) -> Delivery:
    """A row of `deliveries`; with what a claim brings along."""
    receipt = None
    if row.remote_id is not None:
        receipt = Receipt(row.remote_id, row.remote_url, row.sent_at)
    return Delivery(
        uid=row.uid,
        channel=row.channel,
        account=row.account,
        item_id=row.item_id,
        action=Action(row.action),
        revision=row.revision,
        state=State(row.state),
        reason=row.reason,
        due=row.due,
        origin=Origin(row.origin),
        attempts=row.attempts,
        failures=row.failures,
        readings=row.readings,
        generation=row.generation,
        is_unclear=row.is_unclear,
        is_key_spent=row.is_key_spent,
        key=row.key,
        payload=row.payload,
        frozen_at=row.frozen_at,
        first_sent_at=row.first_sent_at,
        receipt=receipt,
        owner=row.owner,
        fence=row.fence,
        batch=row.batch,
        is_doubted=row.is_doubted,
        code=code_of(row),
        item=from_json(row.snapshot) if row.snapshot else None,
        current=current,
        may_stand=may_stand,
        is_damaged=is_damaged,
    )


def code_of(row: Any) -> Reason:
    """The reason's code; one that only a newer version knows is left to the words."""
    return Reason(row.code) if row.code in _CODES else Reason.OTHER


def planned_row(planned: Planned, now: datetime, *, is_doubted: bool = False) -> dict[str, Any]:
    """A new row of `deliveries`."""
    return {
        "uid": planned.uid,
        "channel": planned.channel,
        "account": planned.account,
        "item_id": planned.item_id,
        "action": planned.action.value,
        "revision": planned.revision,
        "state": planned.state.value,
        "reason": planned.reason,
        "origin": planned.origin.value,
        "due": planned.due,
        "attempts": 0,
        "failures": 0,
        "readings": 0,
        "generation": 0,
        "is_unclear": False,
        "is_key_spent": False,
        "key": None,
        "payload": None,
        "frozen_at": None,
        "first_sent_at": None,
        "remote_id": None,
        "remote_url": None,
        "sent_at": None,
        "owner": None,
        "fence": 0,
        "issue": None,
        "topics": " ".join(planned.topics),
        "owed_since": now,
        "batch": planned.batch,
        "is_doubted": is_doubted,
        "code": planned.code.value,
        "snapshot": to_json(planned.item) if planned.item else None,
    }


def replanned_row(planned: Planned, now: datetime) -> dict[str, Any]:
    """What is written about a delivery that is planned anew."""
    return {
        "the_uid": planned.uid,
        "new_state": planned.state.value,
        "new_reason": planned.reason,
        "new_code": planned.code.value,
        "new_due": planned.due,
        "new_origin": planned.origin.value,
        "new_revision": planned.revision,
        "new_snapshot": to_json(planned.item) if planned.item else None,
        "new_topics": " ".join(planned.topics),
        "new_owed_since": now,
        "new_batch": planned.batch,
    }


INDEX_COLUMNS = ("path", "size_bytes", "mtime_ns", "inode", "digest", "image", "packed", "skipped", "faults")
"""What the parse index is read back from."""

PACKED_COLUMNS = (*INDEX_COLUMNS, "item_id", "published")
"""The same, with what is asked of items most."""

IndexRow: TypeAlias = "tuple[str, int, int, int, str, str, bytes | None, str | None, str | None]"


def indexed_of(row: IndexRow) -> Indexed:
    """A row of `files`: its `INDEX_COLUMNS`."""
    path, size_bytes, mtime_ns, inode, digest, image, packed, skipped, faults = row
    return Indexed(
        path,
        Stamp(size_bytes, mtime_ns, inode, digest, image),
        unpack(packed) if packed else None,
        skipped,
        faults_from_json(faults) if faults else (),
    )


def packed_of(row: Any) -> Indexed:
    """A row of `files`: its `PACKED_COLUMNS`; what else the item says is unpacked when it is asked for.

    Raises:
        ValueError, TypeError, KeyError: the row is damaged.
    """
    path, size_bytes, mtime_ns, inode, digest, image, packed, skipped, faults, item_id, published = row
    item = packed_item(packed, item_id, moments.read(published)) if packed else None
    told = faults_from_json(faults) if faults else ()
    if item is None and skipped is None and not told:
        raise ValueError("the row tells nothing")
    return Indexed(path, Stamp(size_bytes, mtime_ns, inode, digest, image), item, skipped, told)


def indexed_row(indexed: Indexed) -> dict[str, Any]:
    """A row of `files`."""
    item = indexed.item
    return {
        "path": indexed.path,
        "size_bytes": indexed.stamp.size_bytes,
        "mtime_ns": indexed.stamp.mtime_ns,
        "inode": indexed.stamp.inode,
        "digest": indexed.stamp.digest,
        "image": indexed.stamp.image,
        "item_id": item.id if item else None,
        "packed": pack(item) if item else None,
        "published": item.published if item else None,
        "slug": item.slug if item else None,
        "skipped": indexed.skipped,
        "faults": faults_to_json(indexed.faults) if indexed.faults else None,
    }
