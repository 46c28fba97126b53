"""One lane that lives through bad luck: the product's own decisions over a record in memory; each can be left out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from outbox.simulated import BEGUN, SETTLE, Network, Row, copy_of
from syndicate.outbox import outcome as machine
from syndicate.outbox.delivery import Action, Delivery, Evidence, Guarantee, Receipt, Remedy, State, uid_of
from syndicate.outbox.delivery import remedy_for as delivery_remedy
from syndicate.outbox.outcome import Absent, Done, NotDone, Outcome, RetryPolicy, Step, Uncertain
from syndicate.outbox.timekeeping import Timekeeper, begun

RETRY = RetryPolicy()
MOST_FAULTS = 8
"""Per delivery: below `RetryPolicy.most_failures`, so that patience is not what ends a delivery."""
MOST_STEPS = 400

SEND_FAULTS = (
    "lost", "late", "error_before", "silence", "silence", "unsent", "paused", "stale", "redirect", "garbled",
    "refused_repeat", "error_repeat",
)  # fmt: skip
CRASHES = ("claimed", "composing", "frozen", "half_published", "published")

RULES = {
    "intent": "R1: the intent is on disk before the first byte",
    "unknown": "R2: unknown is never failed",
    "settle": "R3: late commits and lagging lists are waited for",
    "window": "R4: a key is repeated inside its window only",
    "asking": "R4: the same bytes are sent again only while the network surely refuses them if it has them",
    "clock": "R4: a clock that is set back makes no key younger",
    "first_attempt": "R4: the key's age counts from its first attempt",
    "frozen": "R5: key and bytes stay over attempts",
    "lock": "R6: one publisher at a time",
    "orphans": "R7: what a dead publisher was sending is unknown",
    "errors": "R8: a 5xx, a reset, a garbled answer is unknown",
    "fence": "R9: results and intents are written under the claim's fence only",
    "redirects": "R10: no redirect is followed",
    "memory": "a later proof speaks of the later attempt only",
    "second_look": "the key's age is looked at again after the intent",
    "two_readings": "absent means absent from two readings",
    "uid": "planning the same thing twice is planning it once",
    "cooldown": "a network's wish for silence holds for the whole lane",
    "until": "a network's own time is never cut short",
    "hold": "what can be neither repeated nor looked up waits for a person",
    "parent": "a change waits for its post, and ends where there is none",
    "newest": "an edit says what the item says when it is sent",
    "change_settle": "an unclear change is repeated only once a late first one must be over",
    "orphaned_change": "so is one whose publisher died, as it may have been sent",
    "taken_away": "a post that was taken away is changed no more",
    "returned": "an item that is back keeps its post",
}


class Crash(Exception):
    """The publisher is gone; nothing after this reaches the record."""


class Endless(Exception):
    """The lane goes on for ever."""


@dataclass(frozen=True)
class Machine:
    """The decisions under test, the product's own unless a rule is switched off."""

    after: Callable[..., Step]
    orphaned: Callable[..., Step]
    remedy_for: Callable[..., Remedy]
    may_send_again: Callable[..., bool]
    after_change: Callable[..., Step]


def machine_without(rule: str | None) -> Machine:
    """The product's decisions, but for the one that keeps the rule."""
    after, orphaned, remedy_for = machine.after, machine.orphaned, delivery_remedy
    may_send_again, after_change = _sends_still, machine.after_change
    match rule:
        case "unknown":
            after = _careless
        case "settle":
            after = _hasty
        case "memory":
            after = _forgetful
        case "two_readings":
            after = _trusting
        case "hold":
            after, remedy_for = _resending, lambda *_: Remedy.REPEAT
        case "orphans":
            orphaned = _blind
        case "window":
            remedy_for, may_send_again = (lambda *_: Remedy.REPEAT), lambda *_: True
        case "asking":
            remedy_for, may_send_again = _asking, lambda *_: True
        case "second_look":
            may_send_again = lambda *_: True  # noqa: E731  # a decision like the others
        case "change_settle":
            after_change = _hasty_change
        case "orphaned_change":
            orphaned = _carefree
    return Machine(after, orphaned, remedy_for, may_send_again, after_change)


def _sends_still(delivery: Delivery, guarantee: Guarantee, now: Any) -> bool:
    return delivery_remedy(delivery, guarantee, now).sends


def _asking(delivery: Delivery, guarantee: Guarantee, now: Any) -> Remedy:
    """The same bytes are sent again at any age."""
    is_refusing = guarantee.evidence is Evidence.DUPLICATE_REFUSAL
    return Remedy.ASK_AGAIN if is_refusing else delivery_remedy(delivery, guarantee, now)


def _hasty_change(delivery: Delivery, outcome: Outcome, *, now: Any, **how: Any) -> Step:
    step = machine.after_change(delivery, outcome, now=now, **how)
    return replace(step, due=now) if step.state is State.PLANNED else step


def _carefree(delivery: Delivery, *, now: Any, **how: Any) -> Step:
    step = machine.orphaned(delivery, now=now, **how)
    return replace(step, due=now) if step.state is State.PLANNED else step


def _careless(delivery: Delivery, outcome: Outcome, **how: Any) -> Step:
    return machine.after(delivery, NotDone(outcome.reason) if isinstance(outcome, Uncertain) else outcome, **how)


def _hasty(delivery: Delivery, outcome: Outcome, *, now: Any, **how: Any) -> Step:
    step = machine.after(delivery, outcome, now=now, **how)
    return replace(step, due=now) if step.state is State.UNKNOWN else step


def _forgetful(delivery: Delivery, outcome: Outcome, **how: Any) -> Step:
    return machine.after(structs.replace(delivery, is_unclear=False), outcome, **how)


def _trusting(delivery: Delivery, outcome: Outcome, **how: Any) -> Step:
    if isinstance(outcome, Absent):
        delivery = structs.replace(delivery, readings=machine.READS_TO_BE_SURE - 1)
    return machine.after(delivery, outcome, **how)


def _resending(delivery: Delivery, outcome: Outcome, *, now: Any, **how: Any) -> Step:
    step = machine.after(delivery, outcome, now=now, **how)
    return replace(step, state=State.UNKNOWN, due=now + SETTLE) if step.state is State.HELD else step


def _blind(delivery: Delivery, *, now: Any, **how: Any) -> Step:
    return Step(State.PLANNED, "its publisher stopped", now, delivery.failures)


@dataclass(slots=True)
class World:
    """One lane with its record, its network and its bad luck. `true` is real time, `wall` what the clock shows."""

    network: Network
    chance: random.Random
    machine: Machine
    without: str | None
    record: dict[str, Delivery]
    trace: list[str] | None = None
    true: Any = BEGUN
    offset: timedelta = timedelta(0)
    cools: Any = None
    faults: Counter[str] = field(default_factory=Counter)
    was_unclear: set[str] = field(default_factory=set)
    early: int = 0
    has_jumped: bool = False
    is_alone: bool = True
    compositions: int = 0
    boot: int = 0
    time: Timekeeper | None = None

    def __post_init__(self) -> None:
        self.start_clock()

    @property
    def ticks(self) -> float:
        """What the machine counts since it was switched on."""
        return float((self.true - BEGUN).total_seconds())

    def start_clock(self) -> None:
        """A publisher takes up what is kept of time."""
        sent = [row.first_sent_at for row in self.record.values() if row.first_sent_at is not None]
        self.time = begun(self.time, str(self.boot), self.ticks, self.wall, max(sent, default=None))

    def latest(self, mine: Delivery) -> Any:
        """The latest that it may be by now."""
        assert self.time is not None
        return self.wall if self.without == "clock" else self.time.latest(self.ticks, self.wall, mine.first_sent_at)

    @property
    def wall(self) -> Any:
        """What the clock of the machine shows."""
        return self.true + self.offset

    def say(self, words: str, *names: object) -> None:
        """A line of the trace."""
        if self.trace is not None:
            self.trace.append(f"{(self.true - BEGUN).total_seconds():9.1f} s  {words.format(*names)}")

    def run(self, most: int = MOST_STEPS) -> bool:
        """Go on until nothing is open; tells whether that is so."""
        for _ in range(most):
            open_ones = self.open_ones()
            if self.stirs(is_idle=not open_ones):
                continue
            if not open_ones:
                return True
            row = min(open_ones, key=_turn)
            due = row.due
            if self.cools is not None and self.cools > due and self.without != "cooldown":
                due = self.cools
            self.true = max(self.true, due - self.offset) + timedelta(seconds=self.chance.random())
            try:
                self.attend(row)
            except Crash:
                self.say("the publisher crashes")
                self.restart()
        return False

    def open_ones(self) -> list[Delivery]:
        """What is not settled."""
        return [one for one in self.record.values() if not one.state.is_final]

    def owes(self, row: Delivery) -> bool:
        """Whether it has to be made in the end, or a person told."""
        return True

    def harm_of_changes(self) -> dict[str, int]:
        """What edits and withdrawals did wrong, where there are any."""
        return {}

    def stirs(self, *, is_idle: bool) -> bool:
        """Whether something happened in the store, where things do."""
        return False

    def attend(self, row: Delivery) -> None:
        """One attempt or reading, as `attempt.Attempts` goes about it."""
        uid = row.uid
        if row.state is State.PLANNED:
            row.state = State.CLAIMED
        row.owner, row.fence = "lane", row.fence + 1
        self.crash_maybe(uid, "claimed")
        mine = self.overtaken(row) if self.is_hit(uid, 0.01) else row
        if mine.state is State.UNKNOWN:
            remedy = self.machine.remedy_for(mine, self.network.guarantee, self.latest(mine))
            self.say("{}: unknown, so {}", uid, remedy.value)
            if remedy is Remedy.HOLD:
                mine.is_key_spent = True
                self.settle(mine, Uncertain(mine.reason))
                return
            if remedy is Remedy.READ_BACK:
                self.settle(mine, self.found(mine))
                return
        elif mine.payload is None:
            self.crash_maybe(uid, "composing")
            self.compositions += 1
            mine.payload = self.composed(mine)
            mine.key = mine.key or f"{uid}-{mine.generation}"
        self.send(mine)

    def composed(self, mine: Delivery) -> bytes:
        """New bytes."""
        return b"%d" % self.compositions

    def overtaken(self, row: Delivery) -> Delivery:
        """Sleep before the intent, while the lock is lost and another publisher works; gives the row as it was."""
        if not self.is_alone:
            return row
        mine = copy_of(row)
        self.say("{}: sleeps before its intent; another publisher takes over", row.uid)
        self.second_publisher()
        return mine

    def second_publisher(self) -> None:
        """Another publisher starts beside this one, and works for a while."""
        self.is_alone = False
        self.restart()
        self.run(self.chance.choice((1, 3, 9)))
        self.is_alone = True

    def is_stale(self, mine: Delivery) -> bool:
        """Whether the claim was lost: then nothing may be written."""
        row = self.record[mine.uid]
        return self.without != "fence" and (row.fence != mine.fence or row.owner is None)

    def send(self, mine: Delivery) -> None:
        """Durable intent, then one try."""
        uid, network = mine.uid, self.network
        if self.is_stale(mine):
            self.say("{}: its claim is lost, nothing is sent", uid)
            return
        self.intend(mine)
        self.crash_maybe(uid, "frozen")
        if self.is_hit(uid, 0.05):
            self.sleep(mine)
        if mine.is_unclear and not self.machine.may_send_again(mine, network.guarantee, self.latest(mine)):
            self.say("{}: too late to repeat the key", uid)
            mine.is_key_spent = True
            self.settle(mine, Uncertain("too late to repeat the key"))
            return
        if network.is_quiet(self.true) and not self.has_jumped:
            self.early += 1
            self.say("{}: comes while the network wants silence", uid)
        fault = self.fault(uid)
        if self.is_crashing(uid, "half_published"):
            fault = self.chance.choice(("late", "lost", "error_before"))
            network.publish(mine, self.true, fault)
            self.say("{}: sent with key {}, {}, and nobody hears the answer", uid, mine.key, fault)
            raise Crash
        outcome = self.heard(network.publish(mine, self.true, fault), fault)
        outcome = self.cooled(outcome)
        self.say("{}: sent with key {}: {} ({})", uid, mine.key, type(outcome).__name__, fault or "no fault")
        if isinstance(outcome, Uncertain):
            self.was_unclear.add(uid)
        self.true += timedelta(seconds=self.chance.random() * 20)
        self.crash_maybe(uid, "published")
        self.settle(mine, outcome)

    def cooled(self, outcome: Outcome) -> Outcome:
        """The outcome; a wish for silence is kept by the lane."""
        if not isinstance(outcome, NotDone) or outcome.until is None:
            return outcome
        self.cools = None if self.without == "until" else outcome.until + self.offset
        return replace(outcome, until=self.cools)

    def fault(self, uid: str) -> str | None:
        """What goes wrong with this request; a network that wanted silence often wants it again."""
        if self.network.quiet_until is not None and self.is_hit(uid, 0.5):
            return "silence"
        return self.chance.choice(SEND_FAULTS) if self.is_hit(uid, 0.35) else None

    def intend(self, mine: Delivery) -> None:
        """Write the intent, as `outbox.lane.freeze` does."""
        row = self.record[mine.uid]
        assert self.time is not None
        self.time = self.time.seen(self.ticks, self.wall)
        if self.without == "frozen":
            mine.key = f"{mine.uid}-{mine.attempts}"
        mine.attempts += 1
        mine.state = State.SENDING if self.without != "intent" else mine.state
        mine.frozen_at = mine.frozen_at or self.wall
        mine.first_sent_at = self.wall if self.without == "first_attempt" else mine.first_sent_at or self.wall
        if row is not mine:
            self.record[mine.uid] = mine

    def sleep(self, mine: Delivery) -> None:
        """The machine sleeps between intent and first byte; without a lock, another publisher starts meanwhile."""
        self.true += timedelta(minutes=self.chance.choice((1, 90)))
        self.say("{}: slept between intent and first byte", mine.uid)
        if not self.has_jumped and self.chance.random() < 0.5:
            self.jump(self.chance.choice(JUMPS))
        if self.without == "lock" and self.is_alone:
            self.record[mine.uid] = copy_of(mine)
            self.second_publisher()

    def heard(self, outcome: Outcome, fault: str | None) -> Outcome:
        """What the adapter makes of the answer."""
        if self.without == "redirects" and fault == "redirect":
            return Done(Receipt("login", None, self.wall))
        if self.without == "errors" and isinstance(outcome, Uncertain):
            return NotDone(outcome.reason)
        return outcome

    def found(self, mine: Delivery) -> Outcome:
        """Look for the post among the own ones."""
        if self.is_hit(mine.uid, 0.2):
            self.say("{}: the reading fails", mine.uid)
            return NotDone("503")
        outcome = self.network.find(mine, self.true)
        self.say("{}: the reading shows {}", mine.uid, "it" if isinstance(outcome, Done) else "nothing")
        return outcome

    def settle(self, mine: Delivery, outcome: Outcome) -> None:
        """Write what became of it, under the fence."""
        if self.is_stale(mine):
            self.say("{}: its claim is lost, the result is not written", mine.uid)
            return
        how = {"now": self.wall, "guarantee": self.network.guarantee, "retry": RETRY}
        step = self.machine.after(mine, outcome, jitter=self.chance.random(), **how)
        self.write(mine, step)

    def write(self, mine: Delivery, step: Step) -> None:
        """The row as the outbox writes it: `outbox.lane.settle` in values."""
        mine.state, mine.reason, mine.due = step.state, step.reason, step.due
        mine.failures, mine.readings = step.failures, step.readings
        mine.is_unclear, mine.is_key_spent, mine.owner = step.is_unclear, step.is_key_spent, None
        if step.receipt is not None:
            mine.receipt, mine.payload = step.receipt, None
        if step.thaws:
            mine.payload = mine.frozen_at = None
        if step.renews_key:
            mine.key, mine.first_sent_at, mine.generation = None, None, mine.generation + 1
        self.record[mine.uid] = mine
        self.say("{}: is {} ({})", mine.uid, step.state.value, step.reason)

    def restart(self) -> None:
        """A publisher starts, perhaps much later, perhaps with another clock, and takes up what is in work."""
        chance = self.chance
        self.true += chance.choice(PAUSES)
        if not self.has_jumped and chance.random() < 0.2:
            self.jump(chance.choice(JUMPS))
        if chance.random() < 0.05:
            self.boot += 1
        self.start_clock()
        how = {"now": self.wall, "guarantee": self.network.guarantee, "retry": RETRY}
        for row in list(self.record.values()):
            if row.owner is None:
                continue
            if row.state is State.SENDING:
                self.was_unclear.add(row.uid)
            self.write(copy_of(row), self.machine.orphaned(row, **how))
        if chance.random() < 0.2:
            self.plan_again()

    def jump(self, by: timedelta) -> None:
        """Somebody sets the clock. Once a schedule: it deceives one wait, and so one of two readings."""
        self.has_jumped = True
        self.offset += by
        self.network.deceived |= set(self.record)
        self.say("the clock is set by {}", by)

    def plan_again(self) -> None:
        """The whole store is looked at once more, its items moved and edited: nothing new is owed."""
        for row in list(self.record.values()):
            uid = uid_named(row.item_id, 1 if self.without == "uid" else 0)
            if uid not in self.record:
                self.record[uid] = row_of(uid, row.item_id, self.wall)
                self.say("{}: planned once more", uid)

    def is_hit(self, uid: str, share: float) -> bool:
        """Whether bad luck strikes, which it does so often only."""
        if self.chance.random() >= share or self.faults[uid] >= MOST_FAULTS:
            return False
        self.faults[uid] += 1
        return True

    def is_crashing(self, uid: str, point: str) -> bool:
        """Whether the publisher dies here."""
        return self.is_hit(uid, 0.02) and point in CRASHES

    def crash_maybe(self, uid: str, point: str) -> None:
        """Die here, perhaps."""
        if self.is_crashing(uid, point):
            raise Crash


PAUSES = (timedelta(0), timedelta(seconds=30), timedelta(minutes=10), timedelta(hours=2))
JUMPS = (
    *(timedelta(minutes=-3), timedelta(hours=-1), timedelta(hours=-2), timedelta(days=-1)),
    *(timedelta(minutes=10), timedelta(hours=3), timedelta(days=365)),
)


def _turn(row: Delivery) -> tuple[Any, str]:
    return row.due, row.uid


def uid_named(item_id: str, number: int) -> str:
    """The name of the post of an item, edited since: readable in traces, and as equal as `uid_of` says."""
    before, after = (uid_of("news", "host", item_id, Action.POST, revision) for revision in ("r", "another"))
    return f"post of {item_id}" if before == after and not number else f"post {number + 1} of {item_id}"


def row_of(uid: str, item_id: str, due: Any) -> Delivery:
    """A delivery that was just planned."""
    return Row(uid, "news", "host", item_id, Action.POST, "r", State.PLANNED, "new", due)
