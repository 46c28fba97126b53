"""The delivery state machine: what is owed, what one attempt proved, and what to do next.

    new -> PLANNED | SKIPPED | HELD     PLANNED <--a backfill is paused, resumed--> PAUSED
    PLANNED --claim--> CLAIMED --intent committed--> SENDING --Done--> SENT
    SENDING --NotDone--> PLANNED     --Refused--> FAILED     --Uncertain--> UNKNOWN
    UNKNOWN --same key again | read back | hold--> SENDING | SENT | PLANNED | HELD

Pure.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

KEY_MARGIN = timedelta(minutes=5)
"""A key is trusted only until this long before its window ends: clocks differ and requests take time."""

WITHDRAWN = "withdrawn"
"""Reason of a delivery skipped because its item left the store; it is planned anew when the item returns."""

READS_TO_BE_SURE = 2
"""An own post that is absent from this many readings, a settle time apart, was not made."""


class State(StrEnum):
    """Where a delivery stands."""

    PLANNED = "planned"
    PAUSED = "paused"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    HELD = "held"
    SKIPPED = "skipped"
    FAILED = "failed"
    DEAD = "dead"

    @property
    def is_final(self) -> bool:
        """Whether nothing happens any more without the operator or an edit."""
        return self in {State.SENT, State.SKIPPED, State.DEAD, State.FAILED, State.HELD}


DROPPED = "dropped by the operator"
"""Reason of a delivery that the operator decided never to post: it waits for nobody."""

RESOLVABLE = (State.HELD, State.FAILED, State.DEAD)
"""States that wait for the operator's word."""


class Action(StrEnum):
    """What is owed to the channel."""

    POST = "post"
    EDIT = "edit"
    DELETE = "delete"
    REPLY = "reply"


class Origin(StrEnum):
    """Why a delivery exists: live ones go first."""

    LIVE = "live"
    BACKFILL = "backfill"


class Evidence(StrEnum):
    """How a network lets us find out whether a post was made."""

    READS_OWN = "reads own posts"
    BY_KEY = "reads by key"
    DUPLICATE_REFUSAL = "refuses duplicates"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What a network declares, without default, about posting twice.

    `key_window`: how long the network remembers our key; `timedelta.max` for ever; None: it has no keys.
    `settle`: how long to wait before a repeat or a reading, so that late commits and lagging lists are seen.
    """

    key_window: timedelta | None
    evidence: Evidence
    settle: timedelta = timedelta(seconds=90)

    @property
    def is_readable(self) -> bool:
        """Whether an unclear post can be looked up."""
        return self.evidence in {Evidence.READS_OWN, Evidence.BY_KEY}

    @property
    def in_words(self) -> str:
        """The promise as an operator may rely on it."""
        if self.key_window == timedelta.max and not self.is_readable:
            return "never twice, if the receiver heeds our key: it is the same with every attempt"
        if self.key_window == timedelta.max:
            return "never twice: the network knows each post by our key"
        if self.is_readable:
            return "never twice: unclear outcomes are looked up before anything is sent again"
        if self.key_window is not None:
            return f"never twice within {self.key_window}; after that an unclear outcome waits for you"
        return "at most once: an unclear outcome waits for you"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The network's id of the post, its URL if it has one, and when; `rests_until`: takes nothing more before."""

    remote_id: str
    url: str | None
    at: datetime
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing owed.

    `failures` counts proven failures in a row, `readings` the readings that found nothing.
    `generation` counts keys: a new one is made only after a post was proven absent. `payload` and `key` are frozen at
    `frozen_at`, before the first byte. `first_sent_at` is the first intent under this key.
    `is_unclear`: some attempt under this key may have been carried out; a later proof speaks of a later attempt only.
    `is_key_spent`: the key is not repeated any more, only reading settles it.
    `owner` and `fence` belong to the claim: results are written only under the same fence. `batch`: its backfill.
    `is_doubted`: the state was lost or put back from a copy, so it may have been sent without our knowing.
    """

    uid: str
    channel: str
    account: str
    item_id: str
    action: Action
    revision: str
    state: State
    reason: str
    due: datetime
    origin: Origin = Origin.LIVE
    attempts: int = 0
    failures: int = 0
    readings: int = 0
    generation: int = 0
    is_unclear: bool = False
    is_key_spent: bool = False
    key: str | None = None
    payload: bytes | None = None
    frozen_at: datetime | None = None
    first_sent_at: datetime | None = None
    receipt: Receipt | None = None
    owner: str | None = None
    fence: int = 0
    batch: str | None = None
    is_doubted: bool = False


def uid_of(channel: str, account: str, item_id: str, action: Action, revision: str = "") -> str:
    """Name of one thing owed; equal input, equal name: planning it twice is planning it once.

    The revision counts for edits and replies only, so an edited, moved or re-dated item never posts again.
    """
    parts = [channel, account, item_id, action.value, revision if action in {Action.EDIT, Action.REPLY} else ""]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Planned:
    """A decision about one item (`topics` are slugs) and one channel: PLANNED, SKIPPED or HELD, with the reason."""

    uid: str
    channel: str
    account: str
    item_id: str
    action: Action
    revision: str
    state: State
    reason: str
    due: datetime
    origin: Origin = Origin.LIVE
    topics: tuple[str, ...] = ()
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The network has the post."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class NotDone:
    """Proven not done; `until`: a time the network named, for all if `is_app_wide`. `is_paused`: a person must act."""

    reason: str
    until: datetime | None = None
    is_paused: bool = False
    is_app_wide: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Proven not done, and the same post never will be. `is_stale_media`: compose again with a fresh upload."""

    reason: str
    is_stale_media: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """May have been done."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """One reading of our own posts did not show it."""


Outcome = Done | NotDone | Refused | Uncertain | Absent


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a channel is.

    Backoff is `first * 2**failures`, at most `longest`, times 0.5 to 1 by jitter. After `most_failures` in a row the
    delivery is dead (reported, never silent). A server's own time is never cut short, but capped at `longest_wait`.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)
    longest_wait: timedelta = timedelta(hours=24)
    most_failures: int = 12
    pause: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a delivery: the columns to write under its fence.

    `is_unclear` is kept with the delivery. `thaws`: forget payload and media, compose again.
    `renews_key`: the next send is a new post under a new key.
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
            return Step(State.SENT, _how_sent(delivery), now, receipt=receipt)
        case Uncertain(reason):
            return _unclear(delivery, reason, now=now, guarantee=guarantee, retry=retry)
        case Absent():
            return _absent(delivery, now=now, guarantee=guarantee)
        case NotDone():
            return _try_later(delivery, outcome, now=now, retry=retry, jitter=jitter)
        case Refused(reason):
            return _refused(delivery, outcome, now=now, guarantee=guarantee, retry=retry)
        case _:
            assert_never(outcome)


def may_repeat_key(delivery: Delivery, guarantee: Guarantee, now: datetime) -> bool:
    """Whether the network still knows our key, so that the same request again cannot make a second post."""
    if delivery.is_key_spent or delivery.payload is None:
        return False
    if guarantee.key_window is None or delivery.first_sent_at is None:
        return False
    if guarantee.key_window == timedelta.max:
        return True
    age = now - delivery.first_sent_at  # below zero after the clock was set back: then the true age is not known
    return -KEY_MARGIN <= age < guarantee.key_window - KEY_MARGIN


class Remedy(StrEnum):
    """How an unknown outcome is settled."""

    REPEAT = "same key again"
    READ_BACK = "read back"
    HOLD = "hold"


def remedy_for(delivery: Delivery, guarantee: Guarantee, now: datetime) -> Remedy:
    """How to settle an UNKNOWN delivery: by key inside its window, else by reading, else by a person."""
    if may_repeat_key(delivery, guarantee, now):
        return Remedy.REPEAT
    if guarantee.is_readable:
        return Remedy.READ_BACK
    return Remedy.HOLD


def orphaned(delivery: Delivery, *, now: datetime, guarantee: Guarantee, retry: RetryPolicy) -> Step:
    """What becomes of a delivery whose owner died: claimed ones start again, sending ones are unknown."""
    if delivery.state is State.CLAIMED:
        return Step(State.PLANNED, "its publisher stopped before sending", now, delivery.failures)
    if delivery.state is State.UNKNOWN:
        reason = "its publisher stopped while looking"
        kept = (delivery.failures, delivery.readings)
        return Step(State.UNKNOWN, reason, now, *kept, is_unclear=True, is_key_spent=delivery.is_key_spent)
    return _unclear(delivery, "the publisher stopped while sending", now=now, guarantee=guarantee, retry=retry)


def _how_sent(delivery: Delivery) -> str:
    if delivery.state is State.UNKNOWN:
        return "found by reading back"
    return "accepted" if delivery.attempts <= 1 else f"accepted at attempt {delivery.attempts}"


def _backoff(failures: int, retry: RetryPolicy) -> timedelta:
    doublings: int = 2 ** min(max(failures - 1, 0), 32)
    return min(retry.first * doublings, retry.longest)


def _try_later(delivery: Delivery, outcome: NotDone, *, now: datetime, retry: RetryPolicy, jitter: float) -> Step:
    """This attempt did nothing; an earlier one may have, and then the delivery stays UNKNOWN."""
    state = State.UNKNOWN if delivery.is_unclear else State.PLANNED
    failures = delivery.failures
    if outcome.is_paused:
        due = now + retry.first  # the lane itself pauses, until a restart
    elif outcome.until is not None:  # the network said when: that is no failure of the post
        due = min(max(outcome.until, now + retry.first), now + retry.longest_wait)
    else:
        failures += 1
        due = now + _backoff(failures, retry) * (0.5 + jitter / 2)
    if failures >= retry.most_failures:
        return _give_up(delivery, outcome.reason, failures, now)
    step = Step(state, outcome.reason, due, failures, delivery.readings, is_unclear=delivery.is_unclear)
    return replace(step, is_key_spent=delivery.is_key_spent)


def _give_up(delivery: Delivery, reason: str, failures: int, now: datetime) -> Step:
    if delivery.is_unclear:
        return Step(State.HELD, f"unknown outcome: {reason}", now, failures, is_unclear=True)
    return Step(State.DEAD, f"gave up after {failures} failures: {reason}", now, failures)


def _refused(delivery: Delivery, outcome: Refused, *, now: datetime, guarantee: Guarantee, retry: RetryPolicy) -> Step:
    if delivery.is_unclear:  # the refusal may be due to the first attempt's success
        if guarantee.is_readable:
            return _look(delivery, outcome.reason, now + guarantee.settle)
        return Step(State.HELD, f"unknown outcome, then refused: {outcome.reason}", now, is_unclear=True)
    failures = delivery.failures + 1
    if outcome.is_stale_media and failures < retry.most_failures:
        due = now if failures == 1 else now + _backoff(failures, retry)
        return Step(State.PLANNED, outcome.reason, due, failures, thaws=True)
    return Step(State.FAILED, outcome.reason, now, failures)


def _look(delivery: Delivery, reason: str, due: datetime, readings: int = 0) -> Step:
    """UNKNOWN, to be settled by reading only: a repeat between two readings would make the second one worthless."""
    return Step(State.UNKNOWN, reason, due, delivery.failures, readings, is_unclear=True, is_key_spent=True)


def _unclear(delivery: Delivery, reason: str, *, now: datetime, guarantee: Guarantee, retry: RetryPolicy) -> Step:
    failures = delivery.failures + 1
    if remedy_for(delivery, guarantee, now) is Remedy.HOLD or failures >= retry.most_failures:
        return Step(State.HELD, f"unknown outcome: {reason}", now, failures, is_unclear=True)
    due = now + max(guarantee.settle, _backoff(failures, retry))
    if delivery.is_unclear and guarantee.is_readable and guarantee.key_window != timedelta.max:
        # The repeat was no clearer: some Mastodon servers answer 500 to a key they know (mastodon issue 40399).
        return _look(replace(delivery, failures=failures), reason, due)
    return Step(State.UNKNOWN, reason, due, failures, is_unclear=True, is_key_spent=delivery.is_key_spent)


def _absent(delivery: Delivery, *, now: datetime, guarantee: Guarantee) -> Step:
    readings = delivery.readings + 1
    if readings < READS_TO_BE_SURE:
        return _look(delivery, "not found yet", now + guarantee.settle, readings)
    reason = "not found among the own posts: sends again"
    return Step(State.PLANNED, reason, now, delivery.failures, thaws=True, renews_key=True)
