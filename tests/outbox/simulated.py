"""The other side of a simulated schedule: a network that keeps the truth, and rows of a record in memory."""

from __future__ import annotations

import random
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

from msgspec import defstruct

from syndicate.outbox.delivery import Action, Delivery, Evidence, Guarantee, Receipt
from syndicate.outbox.outcome import Absent, Done, Duplicated, NotDone, Outcome, Refused, Uncertain

BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
SETTLE = timedelta(seconds=90)

KINDS = {
    "durable": Guarantee(timedelta.max, Evidence.BY_KEY, SETTLE),
    "windowed": Guarantee(timedelta(hours=1), Evidence.READS_OWN, SETTLE),
    "readable": Guarantee(None, Evidence.READS_OWN, SETTLE),
    "key_only": Guarantee(timedelta(hours=1), Evidence.NONE, SETTLE),
    "write_only": Guarantee(None, Evidence.NONE, SETTLE),
    "refusing": Guarantee(None, Evidence.DUPLICATE_REFUSAL, SETTLE),
}


def mark_of(row: Delivery) -> str:
    """What a post is known by, whatever its words: the item, or for a correction the delivery."""
    return row.item_id if row.action is Action.POST else row.uid


_NAMES, _DEFAULTS = Delivery.__struct_fields__, Delivery.__struct_defaults__
_NEEDED = len(_NAMES) - len(_DEFAULTS)
Row = defstruct("Row", [*_NAMES[:_NEEDED], *zip(_NAMES[_NEEDED:], repeat(Any), _DEFAULTS, strict=False)])
"""A `Delivery` that can be written to: a million schedules have no time for copies."""


def copy_of(row: Delivery) -> Delivery:
    """Another one that reads the same."""
    return copy(row)


@dataclass(slots=True)
class Made:
    """A post that stands on the network, and from when on its lists show it."""

    item: str
    key: str
    payload: bytes
    at: datetime
    seen_at: datetime


@dataclass(slots=True)
class Network:
    """What one network does; `made` is the truth, `coming` what it will still do of a request that timed out.

    Late commits and lagging lists are over within the settle time that the network declares. Of two readings a settle
    time apart at most one misses a post: `deceived` are the posts that had theirs. `altered` counts requests that came
    with a known key and other bytes.
    """

    guarantee: Guarantee
    chance: random.Random
    made: list[Made] = field(default_factory=list)
    coming: list[tuple[datetime, str, str, bytes]] = field(default_factory=list)
    deceived: set[str] = field(default_factory=set)
    quiet_until: datetime | None = None
    altered: int = 0

    def catch_up(self, now: datetime) -> None:
        """Do what was late."""
        if self.coming:
            due = sorted(one for one in self.coming if one[0] <= now)
            self.coming = [one for one in self.coming if one[0] > now]
            for at, item, key, payload in due:
                self.commit(item, key, payload, at)

    def commit(self, item: str, key: str, payload: bytes, at: datetime) -> None:
        """Make the post, unless its key is known."""
        if not self.knows(key, payload, at) and not self.refuses(payload, at):
            lag = self.chance.random() * SETTLE / 2
            self.made.append(Made(item, key, payload, at, at + lag))

    def knows(self, key: str, payload: bytes, at: datetime) -> bool:
        """Whether the key is remembered."""
        window = self.guarantee.key_window
        if window is None:
            return False
        for one in self.made:
            if one.key == key and (window == timedelta.max or at < one.at + window):
                self.altered += one.payload != payload
                return True
        return False

    def refuses(self, payload: bytes, now: datetime) -> bool:
        """Whether it has the same bytes, and remembers."""
        if self.guarantee.evidence is not Evidence.DUPLICATE_REFUSAL:
            return False
        return any(one.payload == payload and now < one.at + self.guarantee.refusal_window for one in self.made)

    def is_quiet(self, now: datetime) -> bool:
        """Whether it asked not to be spoken to."""
        return self.quiet_until is not None and now < self.quiet_until

    def publish(self, row: Delivery, now: datetime, fault: str | None) -> Outcome:
        """A request, and what the sender hears."""
        self.catch_up(now)
        item, key, payload = mark_of(row), row.key or "", row.payload or b""
        is_repeat = self.knows(key, payload, now)
        if self.refuses(payload, now):
            is_heard = fault in {None, "stale", "refused_repeat", "error_repeat"}
            return Duplicated("422", Receipt("1", None, now)) if is_heard else Uncertain("reset")
        match fault:
            case "error_repeat" if is_repeat:  # mastodon issue 40399
                return Uncertain("500")
            case "refused_repeat" if is_repeat:
                return Refused("duplicate")
            case "stale" if not is_repeat:
                return Refused("unknown media", is_stale_media=True)
            case "silence":
                self.quiet_until = now + timedelta(minutes=self.chance.choice((0, 1, 50, 50, 120)))
                return NotDone("429", until=self.quiet_until)
            case "unsent":
                return NotDone("refused connection")
            case "paused":
                return NotDone("401", is_paused=True)
            case "error_before" | "redirect":
                return Uncertain("302" if fault == "redirect" else "502")
            case "late":
                self.coming.append((now + self.chance.random() * SETTLE / 2, item, key, payload))
                return Uncertain("timed out")
        self.commit(item, key, payload, now)
        if fault in ("lost", "garbled"):
            return Uncertain("reset" if fault == "lost" else "200, but no id")
        return Done(Receipt("1", None, now))

    def find(self, row: Delivery, now: datetime) -> Outcome:
        """A reading of the own posts, which may lack a page."""
        self.catch_up(now)
        standing = [one for one in self.made if one.item == mark_of(row) and one.seen_at <= now]
        if not standing:
            return Absent()
        if row.uid not in self.deceived and self.chance.random() < 0.2:
            self.deceived.add(row.uid)
            return Absent()
        return Done(Receipt("1", None, now))
