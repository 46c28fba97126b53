"""What is owed to channels, in which states, what networks promise, and how an unclear outcome is settled. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from syndicate.items.item import Item
from syndicate.outbox.reasons import Reason

KEY_MARGIN = timedelta(minutes=5)
"""A key is trusted only until this long before its window ends: clocks differ and requests take time."""


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
        return self in _FINAL


_FINAL = (State.SENT, State.SKIPPED, State.DEAD, State.FAILED, State.HELD)

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


class Guarantee(Struct, frozen=True):
    """What a network declares, without default, about posting twice.

    `key_window`: how long the network remembers our key; `timedelta.max` for ever; None: it has no keys.
    `settle`: how long to wait before a repeat or a reading, so that late commits and lagging lists are seen.
    `refusal_window`: how long the network surely refuses the same post again, where that is its evidence.
    """

    key_window: timedelta | None
    evidence: Evidence
    settle: timedelta = timedelta(seconds=90)
    refusal_window: timedelta = timedelta(hours=1)

    @property
    def is_readable(self) -> bool:
        """Whether an unclear post can be looked up."""
        return self.evidence in {Evidence.READS_OWN, Evidence.BY_KEY}

    @property
    def in_words(self) -> str:
        """The promise as an operator may rely on it."""
        if self.key_window == timedelta.max:
            if self.is_readable:
                return "never twice: the network knows each post by our key"
            return "never twice, if the receiver heeds our key: it is the same with every attempt"
        if self.is_readable:
            return "never twice: unclear outcomes are looked up before anything is sent again"
        if self.evidence is Evidence.DUPLICATE_REFUSAL:
            refused = "never twice, as the network refuses the same post again"
            return f"{refused}; an outcome that stays unclear for {self.refusal_window} waits for you"
        if self.key_window is not None:
            return f"never twice within {self.key_window}; after that an unclear outcome waits for you"
        return "at most once: an unclear outcome waits for you"


class Receipt(Struct, frozen=True):
    """The network's id of the post, its URL if it has one, and when; `rests_until`: takes nothing more before."""

    remote_id: str
    url: str | None
    at: datetime
    rests_until: datetime | None = None


class Delivery(Struct, frozen=True):
    """One thing owed.

    `code` is the reason for programs, `reason` the words for people.
    `failures` counts proven failures in a row, `readings` the readings that found nothing.
    `generation` counts keys: a new one is made only after a post was proven absent. `payload` and `key` are frozen at
    `frozen_at`, before the first byte. `first_sent_at` is the first intent under this key.
    `is_unclear`: some attempt under this key may have been carried out; a later proof speaks of a later attempt only.
    `is_key_spent`: the key is not repeated any more, only reading settles it.
    `owner` and `fence` belong to the claim: results are written only under the same fence. `batch`: its backfill.
    `is_doubted`: the state was lost or put back from a copy, so it may have been sent without our knowing.
    `item` is the item as it was when it left; None: as the store has it. A claim brings `current` along, the item as
    the store has it, and whether it `may_stand` there, as posts of ours were seen on the channel. Where the store has
    it and what is kept of it cannot be read, `is_damaged` stands for `current`.
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
    code: Reason = Reason.OTHER
    item: Item | None = None
    current: Item | None = None
    may_stand: bool = False
    is_damaged: bool = False


def uid_of(channel: str, account: str, item_id: str, action: Action, revision: str = "") -> str:
    """Name of one thing owed; equal input, equal name: planning it twice is planning it once.

    The revision counts for edits and replies only, so an edited, moved or re-dated item never posts again.
    """
    parts = [channel, account, item_id, action.value, revision if action in {Action.EDIT, Action.REPLY} else ""]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


class Planned(Struct, frozen=True):
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
    code: Reason = Reason.OTHER
    item: Item | None = None


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


def may_ask_again(delivery: Delivery, guarantee: Guarantee, now: datetime) -> bool:
    """Whether the network surely refuses the same bytes if it has them, so that its answer tells."""
    if guarantee.evidence is not Evidence.DUPLICATE_REFUSAL or delivery.is_key_spent:
        return False
    if delivery.payload is None or delivery.first_sent_at is None:
        return False
    return -KEY_MARGIN <= now - delivery.first_sent_at < guarantee.refusal_window - KEY_MARGIN


class Remedy(StrEnum):
    """How an unknown outcome is settled."""

    REPEAT = "same key again"
    ASK_AGAIN = "same bytes again, which the network refuses if it has them"
    READ_BACK = "read back"
    HOLD = "hold"

    @property
    def sends(self) -> bool:
        """Whether the same bytes are sent once more."""
        return self in {Remedy.REPEAT, Remedy.ASK_AGAIN}


def remedy_for(delivery: Delivery, guarantee: Guarantee, now: datetime) -> Remedy:
    """How to settle an UNKNOWN delivery: by key inside its window, else by evidence, else by a person."""
    if may_repeat_key(delivery, guarantee, now):
        return Remedy.REPEAT
    if guarantee.is_readable:
        return Remedy.READ_BACK
    if may_ask_again(delivery, guarantee, now):
        return Remedy.ASK_AGAIN
    return Remedy.HOLD
