"""The post that an edit, a deletion or a correction is about."""

from __future__ import annotations

from datetime import datetime, timedelta

from syndicate.outbox.delivery import Delivery, Receipt
from syndicate.outbox.edits import parent_in
from syndicate.outbox.outcome import Step
from syndicate.ports.outbox import Outbox


async def parent_of(delivery: Delivery, outbox: Outbox, now: datetime, settle: timedelta) -> Receipt | Step:
    """The post to change, as of its last change, or what becomes of the change as long as there is none."""
    standing = await outbox.deliveries(channel=delivery.channel, item_id=delivery.item_id)
    return parent_in(delivery, standing, now=now, settle=settle)
