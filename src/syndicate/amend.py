"""The post that an edit, a deletion or a correction is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from syndicate.outbox.delivery import Action, Delivery, Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.reasons import Reason
from syndicate.ports.outbox import Outbox

HELD_AGAIN = timedelta(hours=1)
"""A change of a post that waits for a person is looked at this often."""


async def parent_of(delivery: Delivery, outbox: Outbox, now: datetime, settle: timedelta) -> Receipt | Step:
    """The post to change, as of its last change, or what becomes of the change as long as there is none."""
    standing = await outbox.deliveries(channel=delivery.channel, item_id=delivery.item_id)
    own = [one for one in standing if one.account == delivery.account]
    post = next((one for one in own if one.action is Action.POST), None)
    if post is None or (post.state in {State.SKIPPED, State.FAILED, State.DEAD} and not post.is_unclear):
        return _needless("its item was not posted here", now)
    if any(one.action is Action.DELETE and one.state is State.SENT for one in own):
        return _needless("its post was taken away", now)
    if post.state is not State.SENT:
        due = now + HELD_AGAIN if post.state.is_final else max(post.due, now) + settle
        reason = f"waits for its post, which is {post.state.value}"
        return Step(State.PLANNED, reason, due, delivery.failures, code=Reason.WAITS_FOR_POST)
    if post.receipt is None or post.code is Reason.TOLD:
        return _needless("where its post stands was told by a person, so that it cannot be reached", now)
    return replace(post.receipt, at=max(one.receipt.at for one in own if one.receipt is not None))


def _needless(reason: str, now: datetime) -> Step:
    return Step(State.SKIPPED, reason, now, code=Reason.NOT_POSTED)
