"""What one attempt proved, and what becomes of the delivery.

    new -> PLANNED | SKIPPED | HELD     PLANNED <--a backfill is paused, resumed--> PAUSED
    PLANNED --claim--> CLAIMED --intent committed--> SENDING --Done--> SENT
    SENDING --NotDone--> PLANNED | DEAD   --Refused--> FAILED   --Duplicated--> SENT | HELD   --Uncertain--> UNKNOWN
    UNKNOWN --same key again | same bytes again | read back | hold--> SENDING | SENT | PLANNED | HELD

Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct, structs
from msgspec.structs import replace

from syndicate.outbox.delivery import Action, Delivery, Guarantee, Receipt, Remedy, State, remedy_for
from syndicate.outbox.reasons import Reason

READS_TO_BE_SURE = 2
"""An own post that is absent from this many readings, a settle time apart, was not made."""


class Done(Struct, frozen=True):
    """The network has the post."""

    receipt: Receipt


class NotDone(Struct, frozen=True):
    """Proven not done; `until`: a time the network named, for all if `is_app_wide`. `is_paused`: a person must act.

    `spends_key`: whatever comes under the same key is given this answer again, so that it is not used any more.
    """

    reason: str
    until: datetime | None = None
    is_paused: bool = False
    is_app_wide: bool = False
    spends_key: bool = False


class Refused(Struct, frozen=True):
    """Proven not done, and the same post never will be.

    `is_stale_media`: compose again with a fresh upload. `may_pass_bare`: it has a picture and can do without.
    """

    reason: str
    is_stale_media: bool = False
    may_pass_bare: bool = False
    code: Reason = Reason.REFUSED


class Duplicated(Struct, frozen=True):
    """Refused, as the same post is there already; `receipt` is that post where the network names it."""

    reason: str
    receipt: Receipt | None = None


class Uncertain(Struct, frozen=True):
    """May have been done."""

    reason: str


class Absent(Struct, frozen=True):
    """One reading of our own posts did not show it."""


Outcome = Done | NotDone | Refused | Duplicated | Uncertain | Absent


class RetryPolicy(Struct, frozen=True):
    """How patient a channel is.

    Backoff is `first * 2**failures`, at most `longest`, times 0.5 to 1 by jitter. After `most_failures` in a row the
    delivery is dead (reported, never silent). A server's own time is never cut short, but capped at `longest_wait`.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)
    longest_wait: timedelta = timedelta(hours=24)
    most_failures: int = 12
    pause: timedelta = timedelta(minutes=15)


class Step(Struct, frozen=True):
    """What becomes of a delivery: the columns to write under its fence.

    `code` is the reason for programs. `is_unclear` is kept with the delivery. `thaws`: forget payload and media,
    compose again. `renews_key`: the next send is a new post under a new key.
    """

    state: State
    reason: str
    due: datetime
    failures: int = 0
    readings: int = 0
    receipt: Receipt | None = None
    is_unclear: bool = False
    is_key_spent: bool = False
    thaws: bool = False
    renews_key: bool = False
    code: Reason = Reason.OTHER


def after(
    delivery: Delivery, outcome: Outcome, *, now: datetime, guarantee: Guarantee, retry: RetryPolicy, jitter: float
) -> Step:
    """What one attempt or reading makes of a delivery.

    Args:
        delivery: as it was during the attempt (SENDING) or reading (UNKNOWN).
        outcome: what was proven.
        now: aware UTC.
        guarantee: of the delivery's network.
        retry: the channel's patience.
        jitter: 0 to 1, from the caller's random source.
    """
    match outcome:
        case Done(receipt):
            return _sent(delivery, receipt, now)
        case Uncertain(reason):
            return _unclear(delivery, reason, now=now, guarantee=guarantee, retry=retry)
        case Absent():
            return _absent(delivery, now=now, guarantee=guarantee)
        case NotDone():
            return _try_later(delivery, outcome, now=now, retry=retry, jitter=jitter)
        case Refused():
            return _refused(delivery, outcome, now=now, guarantee=guarantee, retry=retry)
        case Duplicated():
            return _duplicated(delivery, outcome, now=now, guarantee=guarantee)
        case _:
            assert_never(outcome)


def after_change(
    delivery: Delivery, outcome: Outcome, *, now: datetime, guarantee: Guarantee, retry: RetryPolicy, jitter: float
) -> Step:
    """What a call that sets a state makes of an edit or a deletion: as `after`, but an unclear one is simply repeated.

    Not before a late first one must be over: it would undo what a later change has made. A deletion that may have been
    done stays unclear until it is done: it cannot be taken back.
    """
    is_unclear = isinstance(outcome, Uncertain | Duplicated)
    proven = NotDone(outcome.reason) if isinstance(outcome, Uncertain | Duplicated) else outcome
    clear = structs.replace(delivery, is_unclear=False) if delivery.is_unclear else delivery
    step = after(clear, proven, now=now, guarantee=guarantee, retry=retry, jitter=jitter)
    if is_unclear:
        step = replace(step, due=max(step.due, now + guarantee.settle))
    if delivery.action is Action.DELETE and step.receipt is None and (is_unclear or delivery.is_unclear):
        step = replace(step, is_unclear=True)
    return step


def orphaned(delivery: Delivery, *, now: datetime, guarantee: Guarantee, retry: RetryPolicy) -> Step:
    """What becomes of a delivery whose owner died: claimed ones start again, sending ones are unknown."""
    if delivery.state is State.CLAIMED and delivery.action in {Action.EDIT, Action.DELETE}:  # these have no intent
        reason, is_unclear = "its publisher stopped, perhaps while sending", delivery.action is Action.DELETE
        due = now + guarantee.settle
        return Step(State.PLANNED, reason, due, delivery.failures, is_unclear=is_unclear, code=Reason.STOPPED)
    if delivery.state is State.CLAIMED:
        reason = "its publisher stopped before sending"
        return Step(State.PLANNED, reason, now, delivery.failures, code=Reason.STOPPED)
    if delivery.state is State.UNKNOWN:
        return Step(
            State.UNKNOWN,
            "its publisher stopped while looking",
            now,
            delivery.failures,
            delivery.readings,
            is_unclear=True,
            is_key_spent=delivery.is_key_spent,
            code=Reason.STOPPED,
        )
    return _unclear(delivery, "the publisher stopped while sending", now=now, guarantee=guarantee, retry=retry)


def _sent(delivery: Delivery, receipt: Receipt, now: datetime) -> Step:
    if delivery.state is State.UNKNOWN:
        return Step(State.SENT, "found by reading back", now, receipt=receipt, code=Reason.FOUND)
    how = "accepted" if delivery.attempts <= 1 else f"accepted at attempt {delivery.attempts}"
    return Step(State.SENT, how, now, receipt=receipt, code=Reason.ACCEPTED)


def backoff(failures: int, retry: RetryPolicy) -> timedelta:
    """How long to wait after so many failures in a row, before jitter."""
    doublings: int = 2 ** min(max(failures - 1, 0), 32)
    return min(retry.first * doublings, retry.longest)


def _try_later(delivery: Delivery, outcome: NotDone, *, now: datetime, retry: RetryPolicy, jitter: float) -> Step:
    """This attempt did nothing; an earlier one may have, and then the delivery stays UNKNOWN."""
    state = State.UNKNOWN if delivery.is_unclear else State.PLANNED
    failures, code = delivery.failures, Reason.NOT_DONE
    if outcome.is_paused:
        due, code = now + retry.first, Reason.NO_ACCESS  # the lane itself pauses, until a restart
    elif outcome.until is not None:  # the network said when: that is no failure of the post
        due, code = min(max(outcome.until, now + retry.first), now + retry.longest_wait), Reason.TOLD_TO_WAIT
    else:
        failures += 1
        due = now + backoff(failures, retry) * (0.5 + jitter / 2)
    if failures >= retry.most_failures:
        return _give_up(delivery, outcome.reason, failures, now)
    # A new key only where no attempt under the old one may have made the post; else reading alone settles it.
    return Step(
        state,
        outcome.reason,
        due,
        failures,
        delivery.readings,
        is_unclear=delivery.is_unclear,
        is_key_spent=delivery.is_key_spent or (delivery.is_unclear and outcome.spends_key),
        thaws=outcome.spends_key and not delivery.is_unclear,
        renews_key=outcome.spends_key and not delivery.is_unclear,
        code=code,
    )


def _give_up(delivery: Delivery, reason: str, failures: int, now: datetime) -> Step:
    if delivery.is_unclear:
        return _hold(f"unknown outcome: {reason}", now, failures)
    return Step(State.DEAD, f"gave up after {failures} failures: {reason}", now, failures, code=Reason.GAVE_UP)


def _hold(reason: str, now: datetime, failures: int = 0) -> Step:
    """Nothing but a person can settle it."""
    return Step(State.HELD, reason, now, failures, is_unclear=True, code=Reason.UNKNOWN_OUTCOME)


def _refused(delivery: Delivery, outcome: Refused, *, now: datetime, guarantee: Guarantee, retry: RetryPolicy) -> Step:
    if delivery.is_unclear:  # the refusal may be due to the first attempt's success
        if guarantee.is_readable:
            return _look(delivery, outcome.reason, now + guarantee.settle)
        return _hold(f"unknown outcome, then refused: {outcome.reason}", now)
    failures = delivery.failures + 1
    if failures < retry.most_failures:
        was_renewed, was_bare = delivery.code is Reason.STALE_MEDIA, delivery.code is Reason.PICTURE_REFUSED
        if outcome.is_stale_media and not (was_renewed and outcome.may_pass_bare):
            due = now if failures == 1 else now + backoff(failures, retry)
            return Step(State.PLANNED, outcome.reason, due, failures, thaws=True, code=Reason.STALE_MEDIA)
        if outcome.may_pass_bare and not was_bare:  # few networks tell what they dislike: the picture is tried first
            return Step(State.PLANNED, outcome.reason, now, failures, thaws=True, code=Reason.PICTURE_REFUSED)
    return Step(State.FAILED, outcome.reason, now, failures, code=outcome.code)


def _duplicated(delivery: Delivery, outcome: Duplicated, *, now: datetime, guarantee: Guarantee) -> Step:
    """The network has the same post. After an unclear attempt, the one that it names is ours.

    Where it names none, an unclear delivery is looked up. Else a person must look: what the network calls the same post
    may be that of another item with the same words, and to send again until it is taken would be blind.
    """
    if outcome.receipt is not None and delivery.is_unclear:
        reason = "there already: the network refused it as a duplicate"
        return Step(State.SENT, reason, now, receipt=outcome.receipt, code=Reason.THERE_ALREADY)
    if delivery.is_unclear and guarantee.is_readable:
        return _look(delivery, outcome.reason, now + guarantee.settle)
    return Step(
        State.HELD,
        f"refused as a duplicate: {outcome.reason}",
        now,
        delivery.failures,
        is_unclear=delivery.is_unclear,
        code=Reason.DUPLICATE,
    )


def _look(delivery: Delivery, reason: str, due: datetime, readings: int = 0, *, code: Reason = Reason.UNCLEAR) -> Step:
    """UNKNOWN, to be settled by reading only: a repeat between two readings would make the second one worthless."""
    failures = delivery.failures
    return Step(State.UNKNOWN, reason, due, failures, readings, is_unclear=True, is_key_spent=True, code=code)


def _unclear(delivery: Delivery, reason: str, *, now: datetime, guarantee: Guarantee, retry: RetryPolicy) -> Step:
    failures = delivery.failures + 1
    if remedy_for(delivery, guarantee, now) is Remedy.HOLD or failures >= retry.most_failures:
        return _hold(f"unknown outcome: {reason}", now, failures)
    due = now + max(guarantee.settle, backoff(failures, retry))
    if delivery.is_unclear and guarantee.is_readable and guarantee.key_window != timedelta.max:
        # The repeat was no clearer: some Mastodon servers answer 500 to a key they know (mastodon issue 40399).
        return _look(structs.replace(delivery, failures=failures), reason, due)
    spent = delivery.is_key_spent
    return Step(State.UNKNOWN, reason, due, failures, is_unclear=True, is_key_spent=spent, code=Reason.UNCLEAR)


def _absent(delivery: Delivery, *, now: datetime, guarantee: Guarantee) -> Step:
    readings = delivery.readings + 1
    if readings < READS_TO_BE_SURE:
        return _look(delivery, "not found yet", now + guarantee.settle, readings, code=Reason.NOT_FOUND_YET)
    reason = "not found among the own posts: sends again"
    failures = delivery.failures
    return Step(State.PLANNED, reason, now, failures, thaws=True, renews_key=True, code=Reason.NOT_FOUND)
