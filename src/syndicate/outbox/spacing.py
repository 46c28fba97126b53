"""When the posts of a backfill fall due: at the pace that its operator asks for, inside the channel's own. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat

from msgspec.structs import replace

from syndicate.outbox.delivery import Origin
from syndicate.outbox.hours import is_open
from syndicate.outbox.pace import DAY, HOUR, PaceRules, Past, Waiting, turn

USUAL_GAP = timedelta(minutes=1)
"""Between two posts of a backfill whose operator says nothing."""

TICK = timedelta(microseconds=1)
"""The least gap: equal due times would lose the order."""

SLOT = timedelta(minutes=5)
MOST_SLOTS = 4000
"""Into parts of that length a time is cut, and at most into so many, to find out which of it lies in active hours."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """The pace that the operator of a backfill asks for; None where nothing was said.

    `over`: spread evenly over that long, as far as the channel's hours and limits let it. `begins`: not before.
    """

    gap: timedelta | None = None
    per_hour: int | None = None
    per_day: int | None = None
    over: timedelta | None = None
    begins: datetime | None = None


def due_times(count: int, tempo: Tempo, rules: PaceRules, *, past: Past, now: datetime) -> tuple[datetime, ...]:
    """When each of so many posts falls due, ascending; fewer where no budget will ever pay for more.

    Args:
        count: how many.
        tempo: what the operator asks for.
        rules: the channel's own pace, which holds besides.
        past: what the channel posted so far, and its rests.
        now: aware UTC.
    """
    begins = max(now, tempo.begins or now)
    bound = bounded(tempo, rules, begins)
    at, dues = begins, list[datetime]()
    for aim in _aims(count, tempo, rules, begins):
        step = turn(bound, past, [Waiting("", max(at, aim), Origin.BACKFILL)], at)
        if step is None:
            break
        at = step.at
        dues.append(at)
        past = Past((*past.sent, at)[-bound.memory :])
    return tuple(dues)


def bounded(tempo: Tempo, rules: PaceRules, now: datetime) -> PaceRules:
    """The channel's pace, and the operator's besides: of each limit the stricter one."""
    return replace(
        rules,
        gap=max(rules.gap, _gap(tempo, rules, now), TICK),
        per_hour=_least(rules.per_hour, tempo.per_hour),
        per_day=_least(rules.per_day, tempo.per_day),
        interleaves=False,
    )


def _gap(tempo: Tempo, rules: PaceRules, now: datetime) -> timedelta:
    """As asked for; else what spreads the caps evenly over active hours: a day's posts at once help nobody."""
    if tempo.gap is not None:
        return tempo.gap
    if tempo.over is not None:
        return TICK
    even = [HOUR / tempo.per_hour] if tempo.per_hour else []
    if tempo.per_day:
        week = list(_open_slots(rules, 7 * DAY, now))
        even.append(sum((length for _, length in week), timedelta(0)) / 7 / tempo.per_day)
    return max(even, default=USUAL_GAP)


def _aims(count: int, tempo: Tempo, rules: PaceRules, begins: datetime) -> Iterator[datetime]:
    """From when on each post may go, before any limit is looked at."""
    slots = list(_open_slots(rules, tempo.over, begins)) if tempo.over else []
    if not slots:
        yield from repeat(begins, count)
        return
    for place in range(count):
        index, rest = divmod(place * len(slots), count)
        start, length = slots[index]
        yield start + length * rest / count


def _open_slots(rules: PaceRules, span: timedelta, begins: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """The parts of a time, equally long, that begin in active hours; each with its length. One part without hours."""
    if not rules.hours:
        yield begins, span
        return
    length = max(SLOT, span / MOST_SLOTS)
    for place in range(max(1, span // length)):
        start = begins + place * length
        if is_open(rules.hours, rules.zone, start):
            yield start, length


def _least(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
