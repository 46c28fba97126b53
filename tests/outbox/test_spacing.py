"""When the posts of a backfill fall due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.outbox.hours import is_open, window_of
from syndicate.outbox.pace import PaceRules, Past, Rest, Why
from syndicate.outbox.spacing import TICK, Tempo, due_times

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FREE = PaceRules()
DAYTIME = PaceRules(hours=(window_of("08:00-20:00"),), zone=ZoneInfo("Europe/Berlin"))


def offsets(count: int, tempo: Tempo, rules: PaceRules = FREE, past: Past | None = None) -> list[timedelta]:
    return [due - NOW for due in due_times(count, tempo, rules, past=past or Past(), now=NOW)]


@pytest.mark.parametrize(
    ("tempo", "rules", "expected"),
    [
        (Tempo(), FREE, [0 * HOUR, MINUTE, 2 * MINUTE]),
        (Tempo(gap=timedelta(0)), FREE, [0 * HOUR, TICK, 2 * TICK]),
        (Tempo(gap=HOUR), FREE, [0 * HOUR, HOUR, 2 * HOUR]),
        (Tempo(gap=MINUTE), PaceRules(gap=HOUR), [0 * HOUR, HOUR, 2 * HOUR]),
        (Tempo(per_hour=2), FREE, [0 * HOUR, HOUR / 2, HOUR]),
        (Tempo(per_day=2), FREE, [0 * HOUR, DAY / 2, DAY]),
        (Tempo(per_day=2), DAYTIME, [0 * HOUR, 6 * HOUR, 24 * HOUR]),
        (Tempo(per_day=24, per_hour=4), FREE, [0 * HOUR, HOUR, 2 * HOUR]),
        (Tempo(gap=MINUTE, per_day=2), FREE, [0 * HOUR, MINUTE, DAY]),
        (Tempo(gap=MINUTE, per_day=9), PaceRules(per_day=2), [0 * HOUR, MINUTE, DAY]),
        (Tempo(gap=MINUTE), PaceRules(per_hour=1), [0 * HOUR, HOUR, 2 * HOUR]),
        (Tempo(over=3 * HOUR), FREE, [0 * HOUR, HOUR, 2 * HOUR]),
        (Tempo(over=3 * HOUR), PaceRules(per_hour=1, gap=2 * HOUR), [0 * HOUR, 2 * HOUR, 4 * HOUR]),
        (Tempo(over=DAY, gap=DAY), FREE, [0 * HOUR, DAY, 2 * DAY]),
        (Tempo(gap=HOUR, begins=NOW + DAY), FREE, [DAY, DAY + HOUR, DAY + 2 * HOUR]),
        (Tempo(gap=HOUR, begins=NOW - DAY), FREE, [0 * HOUR, HOUR, 2 * HOUR]),
        (Tempo(over=2 * DAY), DAYTIME, [0 * HOUR, 20 * HOUR, 28 * HOUR]),
    ],
)
def test_stricter_pace_holds(tempo: Tempo, rules: PaceRules, expected: list[timedelta]) -> None:
    assert offsets(3, tempo, rules) == expected


def test_channel_is_left_alone_as_long_as_it_rests() -> None:
    assert offsets(2, Tempo(), past=Past(rests=(Rest(Why.LIMIT, NOW + HOUR, "", NOW),))) == [HOUR, HOUR + MINUTE]


def test_former_posts_count() -> None:
    assert offsets(2, Tempo(per_day=1), past=Past((NOW - HOUR,))) == [23 * HOUR, 47 * HOUR]


def test_posts_that_no_budget_pays_for_have_no_time() -> None:
    rules = PaceRules(price=Decimal(2), budget_per_day=Decimal(1))

    assert offsets(3, Tempo(), rules) == []


def test_hours_that_lie_between_two_looks_only_delay() -> None:
    rules = PaceRules(hours=(window_of("03:00-03:01"),))

    assert offsets(1, Tempo(over=HOUR), rules) == [15 * HOUR]
    assert offsets(1, Tempo(per_day=1), PaceRules(hours=(window_of("03:02-03:03"),))) == [15 * HOUR + 2 * MINUTE]


def test_long_time_is_cut_into_few_parts() -> None:
    assert offsets(2, Tempo(over=3650 * DAY)) == [0 * HOUR, 1825 * DAY]


TEMPOS = st.builds(
    Tempo,
    st.none() | st.timedeltas(timedelta(0), DAY),
    st.none() | st.integers(1, 9),
    st.none() | st.integers(1, 99),
    st.none() | st.timedeltas(HOUR, 9 * DAY),
)
RULES = st.builds(
    PaceRules,
    gap=st.timedeltas(timedelta(0), DAY),
    per_hour=st.none() | st.integers(1, 9),
    per_day=st.none() | st.integers(1, 99),
    hours=st.sampled_from([(), DAYTIME.hours, (window_of("sat,sun 22:00-02:00"),)]),
    zone=st.sampled_from([UTC, DAYTIME.zone, ZoneInfo("America/New_York")]),
)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 12), TEMPOS, RULES)
def test_times_keep_to_both_paces(count: int, tempo: Tempo, rules: PaceRules) -> None:
    dues = due_times(count, tempo, rules, past=Past(), now=NOW)

    assert len(dues) == count
    assert all(is_open(rules.hours, rules.zone, due) for due in dues)
    assert all(later - sooner >= max(rules.gap, tempo.gap or TICK) for sooner, later in pairwise(dues))
    for caps, length in (((rules.per_hour, tempo.per_hour), HOUR), ((rules.per_day, tempo.per_day), DAY)):
        for cap in [cap for cap in caps if cap is not None]:
            assert all(later - sooner >= length for sooner, later in zip(dues, dues[cap:], strict=False))
