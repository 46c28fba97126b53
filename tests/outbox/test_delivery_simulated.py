"""Thousands of seeded schedules of one lane against a fake network with faults and crashes, without clock or disk.

What is counted is the network's own truth: how often each delivery stands there.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndicate.outbox.delivery import (
    Absent,
    Action,
    Delivery,
    Done,
    Evidence,
    Guarantee,
    NotDone,
    Outcome,
    Receipt,
    Refused,
    Remedy,
    RetryPolicy,
    State,
    Step,
    Uncertain,
    after,
    may_repeat_key,
    orphaned,
    remedy_for,
)

SETTLE = timedelta(seconds=90)
DURABLE = Guarantee(timedelta.max, Evidence.BY_KEY, SETTLE)
WINDOWED = Guarantee(timedelta(hours=1), Evidence.READS_OWN, SETTLE)
READABLE = Guarantee(None, Evidence.READS_OWN, SETTLE)
WRITE_ONLY = Guarantee(None, Evidence.NONE, SETTLE)
KEY_ONLY = Guarantee(timedelta(hours=1), Evidence.NONE, SETTLE)

BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
RETRY = RetryPolicy()
MOST_FAULTS = 8
"""Per delivery: below `RetryPolicy.most_failures`, so that patience is not what ends a delivery."""

SEND_FAULTS = ("lost", "late", "error_before", "silence", "unsent", "paused", "stale", "refused_repeat", "error_repeat")
CRASHES = ("claimed", "frozen", "published", "half_published", "composing")


class Crash(Exception):
    """The publisher is gone; nothing after this reaches the record."""


@dataclass(frozen=True)
class Machine:
    """The decisions under test; mutants replace one."""

    after: Callable[..., Step] = after
    orphaned: Callable[..., Step] = orphaned
    remedy_for: Callable[..., Remedy] = remedy_for
    may_repeat_key: Callable[..., bool] = may_repeat_key


@dataclass(frozen=True)
class Made:
    uid: str
    key: str
    at: datetime
    seen_at: datetime


@dataclass
class Network:
    """What one network does; `made` is the truth, `coming` what it will still do of a request that timed out.

    Late commits and lagging lists are over within the settle time that the network declares.
    """

    guarantee: Guarantee
    chance: random.Random
    made: list[Made] = field(default_factory=list)
    coming: list[tuple[datetime, str, str]] = field(default_factory=list)

    def catch_up(self, now: datetime) -> None:
        due = sorted(one for one in self.coming if one[0] <= now)
        self.coming = [one for one in self.coming if one[0] > now]
        for at, uid, key in due:
            self.commit(uid, key, at)

    def commit(self, uid: str, key: str, at: datetime) -> None:
        if not self.knows(key, at):
            lag = self.chance.random() * SETTLE / 2
            self.made.append(Made(uid, key, at, at + lag))

    def knows(self, key: str, at: datetime) -> bool:
        window = self.guarantee.key_window
        if window is None:
            return False
        return any(one.key == key and (window == timedelta.max or at < one.at + window) for one in self.made)

    def publish(self, uid: str, key: str, now: datetime, fault: str | None) -> Outcome:
        self.catch_up(now)
        is_repeat = self.knows(key, now)
        if fault == "error_repeat" and is_repeat:
            return Uncertain("500")
        if fault == "refused_repeat" and is_repeat:
            return Refused("duplicate")
        if fault == "stale" and not is_repeat:
            return Refused("unknown media", is_stale_media=True)
        if fault == "silence":
            return NotDone("429", until=now + timedelta(minutes=self.chance.choice([0, 1, 50, 120])))
        if fault == "unsent":
            return NotDone("refused connection")
        if fault == "paused":
            return NotDone("401", is_paused=True)
        if fault == "error_before":
            return Uncertain("502")
        if fault == "late":
            self.coming.append((now + self.chance.random() * SETTLE / 2, uid, key))
            return Uncertain("timed out")
        self.commit(uid, key, now)
        return Uncertain("reset") if fault == "lost" else Done(Receipt("1", None, now))

    def find(self, uid: str, now: datetime, *, is_failing: bool) -> Outcome:
        self.catch_up(now)
        if is_failing:
            return NotDone("503")
        is_there = any(one.uid == uid and one.seen_at <= now for one in self.made)
        return Done(Receipt("1", None, now)) if is_there else Absent()


@dataclass
class World:
    """One lane with its record, its network and its bad luck."""

    network: Network
    chance: random.Random
    machine: Machine
    record: dict[str, Delivery]
    now: datetime = BEGUN
    faults: Counter[str] = field(default_factory=Counter)
    was_unclear: set[str] = field(default_factory=set)

    def run(self) -> None:
        for _ in range(2000):
            open_ones = [one for one in self.record.values() if not one.state.is_final]
            if not open_ones:
                return
            delivery = min(open_ones, key=lambda one: (one.due, one.uid))
            self.now = max(self.now, delivery.due) + timedelta(seconds=self.chance.random())
            try:
                self.attend(delivery)
            except Crash:
                self.restart()
        raise AssertionError("the lane goes on for ever")

    def attend(self, delivery: Delivery) -> None:
        uid = delivery.uid
        state = State.CLAIMED if delivery.state is State.PLANNED else delivery.state
        delivery = self.record[uid] = replace(delivery, state=state, owner="lane", fence=delivery.fence + 1)
        self.crash_maybe(uid, "claimed")
        if delivery.state is State.UNKNOWN:
            match self.machine.remedy_for(delivery, self.network.guarantee, self.now):
                case Remedy.HOLD:
                    self.settle(delivery, Uncertain(delivery.reason))
                    return
                case Remedy.READ_BACK:
                    self.settle(delivery, self.network.find(uid, self.now, is_failing=self.is_hit(uid, 0.2)))
                    return
        elif delivery.payload is None:
            self.crash_maybe(uid, "composing")
            delivery = replace(delivery, payload=b"post", key=delivery.key or f"{uid}-{delivery.generation}")
        self.send(delivery)

    def send(self, composed: Delivery) -> None:
        uid = composed.uid
        delivery = self.record[uid] = replace(
            composed,
            state=State.SENDING,
            attempts=composed.attempts + 1,
            frozen_at=composed.frozen_at or self.now,
            first_sent_at=composed.first_sent_at or self.now,
        )
        self.crash_maybe(uid, "frozen")
        if self.is_hit(uid, 0.05):  # the machine sleeps between intent and first byte
            self.now += timedelta(minutes=self.chance.choice([1, 90]))
        if delivery.is_unclear and not self.machine.may_repeat_key(delivery, self.network.guarantee, self.now):
            self.settle(delivery, Uncertain("too late"))
            return
        assert delivery.key is not None
        fault = self.chance.choice(SEND_FAULTS) if self.is_hit(uid, 0.4) else None
        if self.is_crashing(uid, "half_published"):
            self.network.publish(uid, delivery.key, self.now, self.chance.choice(["late", "lost", "error_before"]))
            raise Crash
        outcome = self.network.publish(uid, delivery.key, self.now, fault)
        if isinstance(outcome, Uncertain):
            self.was_unclear.add(uid)
        self.now += timedelta(seconds=self.chance.random() * 20)
        self.crash_maybe(uid, "published")
        self.settle(delivery, outcome)

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        arguments = {"now": self.now, "guarantee": self.network.guarantee, "retry": RETRY}
        step = self.machine.after(delivery, outcome, jitter=self.chance.random(), **arguments)
        self.record[delivery.uid] = written(delivery, step)

    def restart(self) -> None:
        self.now += self.chance.choice([timedelta(0), timedelta(seconds=30), timedelta(minutes=10), timedelta(hours=2)])
        arguments = {"now": self.now, "guarantee": self.network.guarantee, "retry": RETRY}
        for uid, delivery in self.record.items():
            if delivery.owner is None:
                continue
            if delivery.state is State.SENDING:
                self.was_unclear.add(uid)
            self.record[uid] = written(delivery, self.machine.orphaned(delivery, **arguments))

    def is_hit(self, uid: str, share: float) -> bool:
        if self.faults[uid] >= MOST_FAULTS or self.chance.random() >= share:
            return False
        self.faults[uid] += 1
        return True

    def is_crashing(self, uid: str, point: str) -> bool:
        return self.is_hit(uid, 0.05) and self.chance.choice(CRASHES) == point

    def crash_maybe(self, uid: str, point: str) -> None:
        if self.is_crashing(uid, point):
            raise Crash


def written(delivery: Delivery, step: Step) -> Delivery:
    """The delivery as the outbox writes it: `outbox.lane.settle` in values."""
    changes: dict[str, Any] = {
        "state": step.state, "reason": step.reason, "due": step.due, "failures": step.failures,
        "readings": step.readings, "is_unclear": step.is_unclear, "is_key_spent": step.is_key_spent, "owner": None,
    }  # fmt: skip
    if step.receipt is not None:
        changes |= {"receipt": step.receipt, "payload": None}
    if step.thaws:
        changes |= {"payload": None, "frozen_at": None}
    if step.renews_key:
        changes |= {"key": None, "first_sent_at": None, "generation": delivery.generation + 1}
    return replace(delivery, **changes)


def world_of(seed: int, guarantee: Guarantee, machine: Machine) -> World:
    chance = random.Random(seed)
    record = {}
    for number in range(chance.randint(1, 4)):
        uid = f"post-{number}"
        record[uid] = Delivery(
            uid, "news", "host", f"item-{number}", Action.POST, "r", State.PLANNED, "new", BEGUN + number * SETTLE
        )
    return World(Network(guarantee, chance), chance, machine, record)


@dataclass(frozen=True)
class Result:
    """What a schedule came to, counted in the network's truth."""

    states: Counter[State]
    twice: int
    lost: int
    held_unclear: int
    not_held_unclear: int


def result_of(world: World) -> Result:
    world.network.catch_up(world.now + timedelta(days=1))
    made = Counter(one.uid for one in world.network.made)
    ends = world.record.values()
    return Result(
        states=Counter(one.state for one in ends),
        twice=sum(count > 1 for count in made.values()),
        # Said to be there or given up silently, and not there.
        lost=sum(not made[one.uid] and one.state is not State.HELD for one in ends),
        held_unclear=sum(one.state is State.HELD for one in ends if one.uid in world.was_unclear),
        not_held_unclear=sum(one.state is not State.HELD for one in ends if one.uid in world.was_unclear),
    )


def total(
    guarantee: Guarantee, schedules: int, machine: Machine = Machine(), *, seed: int = 0
) -> tuple[Counter[str], Counter[State]]:
    """The sum over that many schedules."""
    sums: Counter[str] = Counter()
    states: Counter[State] = Counter()
    for number in range(schedules):
        world = world_of(seed + number, guarantee, machine)
        world.run()
        result = result_of(world)
        states.update(result.states)
        sums.update(
            twice=result.twice,
            lost=result.lost,
            held=result.held_unclear,
            not_held=result.not_held_unclear,
            unclear=len(world.was_unclear),
        )
    return sums, states


@pytest.mark.parametrize(
    "guarantee", [DURABLE, WINDOWED, READABLE], ids=["durable key", "key window and readable", "readable"]
)
def test_nothing_is_lost_and_nothing_stands_twice(guarantee: Guarantee) -> None:
    sums, states = total(guarantee, 1200)

    assert sums["unclear"] > 500, "the faults hit"
    assert (sums["twice"], sums["lost"]) == (0, 0)
    assert set(states) == {State.SENT}


def test_write_only_network_holds_every_unclear_outcome_and_posts_nothing_twice() -> None:
    sums, states = total(WRITE_ONLY, 1200)

    assert sums["unclear"] > 500, "the faults hit"
    assert (sums["twice"], sums["lost"], sums["not_held"]) == (0, 0, 0)
    assert set(states) == {State.SENT, State.HELD}
    assert states[State.HELD] == sums["held"]


def test_key_without_readings_is_repeated_in_its_window_and_held_after() -> None:
    sums, states = total(KEY_ONLY, 600)

    assert (sums["twice"], sums["lost"]) == (0, 0)
    assert set(states) == {State.SENT, State.HELD}
    assert states[State.SENT] > states[State.HELD]


def test_a_schedule_is_told_by_its_seed() -> None:
    first, second = (world_of(7, WINDOWED, Machine()) for _ in range(2))

    first.run()
    second.run()

    assert first.record == second.record
    assert first.network.made == second.network.made


def careless_after(delivery: Delivery, outcome: Outcome, **how: Any) -> Step:
    """Unknown is taken for failed (rule R2 broken)."""
    return after(delivery, NotDone(outcome.reason) if isinstance(outcome, Uncertain) else outcome, **how)


def hasty_after(delivery: Delivery, outcome: Outcome, *, now: datetime, guarantee: Guarantee, **how: Any) -> Step:
    """Does not wait for late commits and lagging lists (rule R3 broken)."""
    step = after(delivery, outcome, now=now, guarantee=guarantee, **how)
    return replace(step, due=now) if step.state is State.UNKNOWN else step


def forgetful_after(delivery: Delivery, outcome: Outcome, **how: Any) -> Step:
    """A later proof speaks for the earlier attempts too."""
    return after(replace(delivery, is_unclear=False), outcome, **how)


def fickle_after(delivery: Delivery, outcome: Outcome, **how: Any) -> Step:
    """Every unclear outcome gets a new key (rule R5 broken)."""
    step = after(delivery, outcome, **how)
    return replace(step, renews_key=True, thaws=True, state=State.PLANNED) if step.state is State.UNKNOWN else step


def blind_orphaned(delivery: Delivery, *, now: datetime, **how: Any) -> Step:
    """What a dead publisher was sending is sent again (rule R7 broken)."""
    return Step(State.PLANNED, "again", now, delivery.failures, renews_key=True, thaws=True)


def trusting_remedy(delivery: Delivery, guarantee: Guarantee, now: datetime) -> Remedy:
    """A key is good for ever (rule R4 broken)."""
    return Remedy.REPEAT


def always(delivery: Delivery, guarantee: Guarantee, now: datetime) -> bool:
    """No second look at the key's age before the first byte."""
    return True


@pytest.mark.parametrize(
    ("mutant", "guarantee"),
    [
        (Machine(after=careless_after), READABLE),
        (Machine(after=careless_after), WRITE_ONLY),
        (Machine(after=hasty_after), READABLE),
        (Machine(after=forgetful_after), WINDOWED),
        (Machine(after=fickle_after), DURABLE),
        (Machine(orphaned=blind_orphaned), DURABLE),
        (Machine(orphaned=blind_orphaned), WRITE_ONLY),
        (Machine(remedy_for=trusting_remedy, may_repeat_key=always), WINDOWED),
        (Machine(may_repeat_key=always), WINDOWED),
    ],
    ids=[
        "unknown is failed, readable",
        "unknown is failed, write-only",
        "no settle time",
        "later proof counts for all",
        "new key each time",
        "crash is failed, durable key",
        "crash is failed, write-only",
        "key for ever",
        "sleeps between intent and first byte",
    ],
)
def test_a_broken_machine_is_caught(mutant: Machine, guarantee: Guarantee) -> None:
    sums, _ = total(guarantee, 400, mutant)

    assert sums["twice"] + sums["lost"] > 0
