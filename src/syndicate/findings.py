"""What an error proves about an attempt, and how what became of a delivery is told in the log."""

from __future__ import annotations

from datetime import datetime

from syndicate.errors import Duplicate, NetworkError, RateLimited, Rejected, Unauthorized, Unknown
from syndicate.log import log
from syndicate.outbox.delivery import Delivery, Receipt, State
from syndicate.outbox.outcome import Duplicated, NotDone, Outcome, Refused, Step, Uncertain


def outcome_of(error: NetworkError, *, is_repeatable: bool, now: datetime) -> Outcome:
    """What an error proves. Of a repeatable step (upload, reading, session) even an unknown end proves no post."""
    match error:
        case RateLimited():
            until, is_app_wide = error.until, error.is_app_wide
            return NotDone(str(error), until=until, is_app_wide=is_app_wide, spends_key=error.spends_key)
        case Unauthorized():
            return NotDone(str(error), is_paused=True, spends_key=error.spends_key)
        case Unknown() if not is_repeatable:
            return Uncertain(str(error))
        case Duplicate() if not is_repeatable:
            named = error.remote_id
            return Duplicated(str(error), None if named is None else Receipt(named, error.url, now))
        case Rejected() if not is_repeatable:
            return Refused(str(error), is_stale_media=error.is_stale_media)
        case _:
            return NotDone(str(error), spends_key=error.spends_key)


def names_of(delivery: Delivery) -> dict[str, str]:
    """What logs call a delivery."""
    return {"channel": delivery.channel, "item": delivery.item_id, "uid": delivery.uid}


def log_step(delivery: Delivery, step: Step) -> None:
    """Tell what became of a delivery."""
    names = names_of(delivery) | {"action": delivery.action.value}
    match step.state:
        case State.SENT:
            url = step.receipt.url if step.receipt else None
            log.info("delivered", **names, attempt=delivery.attempts, url=url, how=step.reason)
        case State.SKIPPED:
            log.info("delivery_skipped", **names, reason=step.reason)
        case State.HELD | State.FAILED | State.DEAD:
            log.error("delivery_stopped", **names, state=step.state.value, reason=step.reason)
        case _:
            log.warning("delivery_postponed", **names, state=step.state.value, reason=step.reason, due=str(step.due))
