"""When the next post may go, which one it is, and why not sooner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from syndicate.outbox.delivery import Origin
from syndicate.outbox.hours import is_open, window_of
from syndicate.outbox.pace import (
    CLOCK_STEP,
    DAY,
    HOUR,
    LONGEST_REST,
    MOST_STEPS,
    PASSED_OVER_BY,
    TRIPS_AFTER,
    Circuit,
    Forecast,
    Overflow,
    PaceRules,
    Past,
    Rest,
    Turn,
    Waiting,
    Why,
    dropped,
    drops_at,
    forecast,
    rest_after,
    turn,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
FREE = PaceRules()
NOTHING_YET = Past()
DAYTIME = (window_of("08:00-22:00"),)
BERLIN = ZoneInfo("Europe/Berlin")


def owed(uid: str = "a", due: datetime = NOW, **more: object) -> Waiting:
    return Waiting(uid, due, **more)  # type: ignore[arg-type]  # the tests name fields of Waiting


def backfill(uid: str, due: datetime = NOW) -> Waiting:
    return owed(uid, due, origin=Origin.BACKFILL)


def about(uid: str, *topics: str, due: datetime = NOW) -> Waiting:
    return owed(uid, due, topics=frozenset(topics))


def ago(*spans: timedelta) -> Past:
    return Past(tuple(sorted(NOW - span for span in spans)))


def resting(why: Why, until: datetime) -> Past:
    return Past(rests=(Rest(why, until, "words", NOW),))


def order(
    rules: PaceRules, queue: Sequence[Waiting], past: Past = NOTHING_YET, now: datetime = NOW
) -> list[tuple[str, datetime]]:
    """What goes when, until nothing is left."""
    rest, found = list(queue), []
    while (step := turn(rules, past, rest, now)) is not None:
        now = step.at
        gone = next(one for one in rest if one.uid == step.uid)
        past = past.and_(now, gone.topics) if gone.is_post else past
        rest.remove(gone)
        found.append((step.uid, step.at))
    return found


# When


def test_nothing_owed_has_no_turn() -> None:
    assert turn(FREE, Past(), (), NOW) is None


@pytest.mark.parametrize(
    ("rules", "past", "at", "why"),
    [
        (FREE, Past(), NOW, Why.NOTHING),
        (FREE, ago(SECOND), NOW, Why.NOTHING),
        (PaceRules(gap=HOUR), Past(), NOW, Why.NOTHING),
        (PaceRules(gap=HOUR), ago(HOUR), NOW, Why.NOTHING),
        (PaceRules(gap=HOUR), ago(2 * MINUTE, DAY), NOW + 58 * MINUTE, Why.GAP),
        (PaceRules(per_hour=2), ago(59 * MINUTE), NOW, Why.NOTHING),
        (PaceRules(per_hour=2), ago(59 * MINUTE, MINUTE), NOW + MINUTE, Why.PER_HOUR),
        (PaceRules(per_hour=2), ago(60 * MINUTE, MINUTE), NOW, Why.NOTHING),
        (PaceRules(per_hour=2), ago(50 * MINUTE, 40 * MINUTE, MINUTE), NOW + 20 * MINUTE, Why.PER_HOUR),
        (PaceRules(per_day=1), ago(HOUR), NOW + 23 * HOUR, Why.PER_DAY),
        (PaceRules(per_day=1, per_hour=1), ago(MINUTE), NOW + DAY - MINUTE, Why.PER_DAY),
        (PaceRules(hours=(window_of("13:30-14:00"),)), Past(), NOW + 90 * MINUTE, Why.HOURS),
        (PaceRules(hours=(window_of("12:00-12:01"),)), Past(), NOW, Why.NOTHING),
        # The gap ends when the window is over: the next window is what is waited for.
        (PaceRules(gap=12 * HOUR, hours=DAYTIME), ago(HOUR), datetime(2026, 11, 28, 8, tzinfo=UTC), Why.HOURS),
        (PaceRules(hours=DAYTIME, zone=ZoneInfo("Asia/Tokyo")), Past(), NOW, Why.NOTHING),
        (PaceRules(hours=DAYTIME, zone=ZoneInfo("America/Los_Angeles")), Past(), NOW + 4 * HOUR, Why.HOURS),
    ],
)
def test_each_limit_keeps_the_next_post_back(rules: PaceRules, past: Past, at: datetime, why: Why) -> None:
    assert turn(rules, past, [owed()], NOW) == Turn("a", at, why)


def test_what_is_not_due_waits_for_its_time() -> None:
    assert turn(FREE, Past(), [owed("a", NOW + HOUR), owed("b", NOW + MINUTE)], NOW) == Turn("b", NOW + MINUTE, Why.DUE)


def test_jitter_lengthens_the_gap_by_a_lot_that_is_drawn_once() -> None:
    rules = PaceRules(gap=HOUR, jitter=HOUR, seed="news")
    found = [turn(rules, ago(MINUTE), [owed()], NOW + later) for later in (timedelta(0), SECOND, 3 * HOUR)]

    first, again, late = (one.at for one in found if one is not None)
    assert first == again
    assert NOW - MINUTE + HOUR < first < NOW - MINUTE + 2 * HOUR
    assert late == NOW + 3 * HOUR


def test_lots_spread_over_the_whole_jitter_and_differ_by_channel() -> None:
    def wait(seed: str, minute: int) -> float:
        sent = NOW + minute * MINUTE
        step = turn(PaceRules(jitter=HOUR, seed=seed), Past((sent,)), [owed()], sent)
        assert step is not None
        return (step.at - sent) / HOUR

    lots = [wait("news", minute) for minute in range(200)]

    assert min(lots) < 0.05
    assert max(lots) > 0.95
    assert 0.4 < sum(lots) / len(lots) < 0.6
    assert [wait("other", minute) for minute in range(200)] != lots


@pytest.mark.parametrize("why", Why)
def test_every_reason_has_words(why: Why) -> None:
    assert why.in_words


# Money


def money(day: str | None = None, month: str | None = None) -> PaceRules:
    budgets = [None if one is None else Decimal(one) for one in (day, month)]
    return PaceRules(price=Decimal("0.20"), budget_per_day=budgets[0], budget_per_month=budgets[1], zone=BERLIN)


@pytest.mark.parametrize(
    ("rules", "past", "at", "why"),
    [
        (money(day="0.40"), ago(HOUR), NOW, Why.NOTHING),
        (money(day="0.59"), ago(HOUR, 2 * HOUR), datetime(2026, 11, 27, 23, tzinfo=UTC), Why.BUDGET_PER_DAY),
        (money(day="0.40"), ago(HOUR, 14 * HOUR), NOW, Why.NOTHING),  # the other one was yesterday, in Berlin
        (money(month="0.20"), ago(20 * DAY), datetime(2026, 11, 30, 23, tzinfo=UTC), Why.BUDGET_PER_MONTH),
        (money(month="0.20"), ago(28 * DAY), NOW, Why.NOTHING),
        (money(day="0.20", month="0.40"), ago(HOUR), datetime(2026, 11, 27, 23, tzinfo=UTC), Why.BUDGET_PER_DAY),
        (replace(money(day="0.01"), price=None), ago(HOUR), NOW, Why.NOTHING),
    ],
)
def test_budgets_are_counted_by_calendar_day_and_month(rules: PaceRules, past: Past, at: datetime, why: Why) -> None:
    assert turn(rules, past, [owed()], NOW) == Turn("a", at, why)


@pytest.mark.parametrize("rules", [money(day="0.19"), money(day="1", month="0.19")])
def test_budget_below_the_price_lets_nothing_go_but_what_costs_nothing(rules: PaceRules) -> None:
    assert turn(rules, Past(), [owed()], NOW) is None
    assert forecast(rules, Past(), [owed()], NOW, "a") is None
    assert turn(rules, Past(), [owed(), owed("look", is_post=False)], NOW) == Turn("look", NOW, Why.NOTHING)


@pytest.mark.parametrize(
    ("rules", "memory", "is_free"),
    [
        (FREE, 1, True),
        (PaceRules(hours=DAYTIME), 1, True),
        (PaceRules(gap=HOUR), 1, False),
        (PaceRules(jitter=HOUR), 1, False),
        (PaceRules(per_hour=5, per_day=50), 50, False),
        (money(day="1", month="20.05"), 100, False),
    ],
)
def test_rules_tell_how_much_of_the_past_they_need(rules: PaceRules, memory: int, is_free: bool) -> None:
    assert (rules.memory, rules.is_free) == (memory, is_free)


# Which


def test_live_goes_before_backfill_and_the_oldest_first() -> None:
    queue = [backfill("old", NOW - DAY), owed("b", NOW - MINUTE), owed("c"), owed("a", NOW - HOUR)]

    assert [uid for uid, _ in order(FREE, queue)] == ["a", "b", "c", "old"]


def test_live_that_is_not_due_does_not_keep_backfill_back() -> None:
    assert [uid for uid, _ in order(FREE, [owed("new", NOW + HOUR), backfill("old")])] == ["old", "new"]


def test_no_two_posts_of_a_topic_follow_each_other_while_others_wait() -> None:
    birds = [about(f"bird{number}", "birds", due=NOW + number * SECOND) for number in range(4)]
    frogs = [about(f"frog{number}", "frogs", due=NOW + (10 + number) * SECOND) for number in range(2)]

    mixed = order(FREE, [*birds, *frogs], now=NOW + MINUTE)
    plain = order(replace(FREE, interleaves=False), [*birds, *frogs], now=NOW + MINUTE)

    assert [uid for uid, _ in mixed] == ["bird0", "frog0", "bird1", "frog1", "bird2", "bird3"]
    assert [uid for uid, _ in plain] == ["bird0", "bird1", "bird2", "bird3", "frog0", "frog1"]


def test_of_posts_that_all_share_topics_the_one_that_shares_fewest_goes() -> None:
    past = Past((NOW,), frozenset({"a", "b", "c"}))

    assert turn(
        FREE, past, [about("two", "a", "b"), about("one", "c", "x"), about("three", "a", "b", "c")], NOW
    ) == Turn("one", NOW, Why.NOTHING)


def test_a_post_is_not_passed_over_for_ever() -> None:
    past = Past((NOW,), frozenset({"birds"}))
    old = about("bird", "birds", due=NOW - PASSED_OVER_BY - SECOND)

    assert turn(FREE, past, [old, about("frog", "frogs")], NOW) == Turn("bird", NOW, Why.NOTHING)


def test_interleaving_never_prefers_backfill_to_live() -> None:
    past = Past((NOW,), frozenset({"birds"}))
    queue = [about("bird", "birds"), replace(about("frog", "frogs"), origin=Origin.BACKFILL)]

    assert turn(FREE, past, queue, NOW) == Turn("bird", NOW, Why.NOTHING)


def test_what_is_no_post_keeps_to_no_pace() -> None:
    rules = PaceRules(gap=HOUR, per_day=1, hours=(window_of("01:00-02:00"),))

    assert turn(rules, ago(SECOND), [owed("post"), owed("look", is_post=False)], NOW) == Turn("look", NOW, Why.NOTHING)
    assert turn(FREE, Past(), [owed("post", NOW + HOUR), owed("look", NOW + MINUTE, is_post=False)], NOW) == Turn(
        "look", NOW + MINUTE, Why.DUE
    )


# Rests


@pytest.mark.parametrize("why", [Why.LIMIT, Why.BREAKER, Why.ACCESS])
@pytest.mark.parametrize("is_post", [True, False])
def test_a_rest_keeps_everything_back(why: Why, is_post: bool) -> None:
    past = resting(why, NOW + HOUR)

    assert turn(FREE, past, [owed(is_post=is_post)], NOW) == Turn("a", NOW + HOUR, why)
    assert turn(FREE, past, [owed(is_post=is_post)], NOW + HOUR) == Turn("a", NOW + HOUR, Why.NOTHING)


def test_a_rest_that_ends_outside_of_active_hours_waits_for_them() -> None:
    rules = PaceRules(hours=DAYTIME)

    assert turn(rules, resting(Why.LIMIT, NOW + 11 * HOUR), [owed()], NOW) == Turn("a", NOW + 20 * HOUR, Why.HOURS)


def test_rests_grow_with_failures_up_to_the_longest() -> None:
    spans = [rest_after(failures, NOW, first=5 * SECOND, longest=HOUR) - NOW for failures in (0, 1, 2, 3, 10, 99)]

    assert spans == [5 * SECOND, 5 * SECOND, 10 * SECOND, 20 * SECOND, 2560 * SECOND, HOUR]


def test_circuit_opens_after_failures_in_a_row_and_lets_one_try_after_the_rest() -> None:
    def after(failures: int) -> Rest:
        return Rest(Why.BREAKER, NOW + HOUR, "502", NOW, failures)

    assert after(TRIPS_AFTER - 1).circuit(NOW) is Circuit.CLOSED
    assert after(TRIPS_AFTER).circuit(NOW) is Circuit.OPEN
    assert after(TRIPS_AFTER).circuit(NOW + HOUR) is Circuit.HALF_OPEN


# A clock that is set back


@pytest.mark.parametrize(
    "rules", [PaceRules(gap=HOUR), PaceRules(per_hour=1), PaceRules(per_day=1), money(day="0.20"), money(month="0.20")]
)
def test_what_was_written_long_ahead_of_the_clock_stops_nothing(rules: PaceRules) -> None:
    assert turn(rules, ago(-365 * DAY), [owed()], NOW) == Turn("a", NOW, Why.NOTHING)
    assert turn(rules, resting(Why.LIMIT, NOW + 365 * DAY), [owed()], NOW) == Turn("a", NOW, Why.NOTHING)
    assert turn(rules, Past(), [owed(due=NOW + 365 * DAY)], NOW) == Turn("a", NOW, Why.NOTHING)


def test_a_small_step_of_the_clock_cuts_no_wait_short() -> None:
    assert turn(PaceRules(gap=SECOND), ago(-CLOCK_STEP), [owed()], NOW) == Turn("a", NOW + CLOCK_STEP + SECOND, Why.GAP)
    longest = NOW + LONGEST_REST + CLOCK_STEP
    assert turn(FREE, resting(Why.LIMIT, longest), [owed()], NOW) == Turn("a", longest, Why.LIMIT)
    assert turn(FREE, Past(), [owed(due=longest)], NOW) == Turn("a", longest, Why.DUE)


def test_backfill_may_be_due_as_late_as_its_plan_says() -> None:
    assert turn(FREE, Past(), [backfill("a", NOW + 365 * DAY)], NOW) == Turn("a", NOW + 365 * DAY, Why.DUE)


# Forecasts


def test_forecast_tells_time_reason_and_what_is_before() -> None:
    rules = PaceRules(per_day=2, hours=DAYTIME, zone=BERLIN)
    queue = [owed(str(number), NOW + number * SECOND) for number in range(4)]

    found = [forecast(rules, Past(), queue, NOW, one.uid) for one in queue]

    assert found == [
        Forecast(NOW, Why.NOTHING, 0),
        Forecast(NOW + SECOND, Why.DUE, 1),
        Forecast(NOW + DAY, Why.PER_DAY, 2),
        Forecast(NOW + DAY + SECOND, Why.PER_DAY, 3),
    ]


def test_forecast_of_a_post_behind_others_names_what_all_wait_for() -> None:
    queue = [owed(str(number), NOW - number * SECOND) for number in range(3)]
    rules = PaceRules(hours=(window_of("20:00-21:00"),))

    assert forecast(rules, Past(), queue, NOW, "0") == Forecast(NOW + 8 * HOUR, Why.HOURS, 2)


def test_forecast_counts_posts_alone_before_it() -> None:
    assert forecast(FREE, Past(), [owed(), owed("look", is_post=False)], NOW, "a") == Forecast(NOW, Why.NOTHING, 0)


def test_forecast_keeps_the_distance_of_a_late_backfill() -> None:
    queue = [backfill(str(day), NOW - 10 * DAY + day * DAY) for day in range(3)]

    new, later = owed("new"), owed("later", NOW + 9 * DAY)
    found = [forecast(FREE, Past(), [*queue, new, later], NOW, one.uid) for one in queue]

    assert [one.at for one in found if one is not None] == [NOW, NOW + DAY, NOW + 2 * DAY]


def test_forecast_of_what_is_not_owed_or_too_far_is_none() -> None:
    assert forecast(FREE, Past(), [owed()], NOW, "nobody") is None
    queue = [owed(f"{number:04}") for number in range(MOST_STEPS + 1)]
    assert forecast(FREE, Past(), queue, NOW, queue[-2].uid) == Forecast(NOW, Why.NOTHING, MOST_STEPS - 1)
    assert forecast(FREE, Past(), queue, NOW, queue[-1].uid) is None


# Too much, too late


def test_posts_that_waited_too_long_are_dropped() -> None:
    rules = PaceRules(expires_after=HOUR)
    queue = [
        owed("fresh", owed_since=NOW - HOUR),
        owed("stale", owed_since=NOW - HOUR - SECOND),
        owed("of before", NOW - DAY),
        owed("look", owed_since=NOW - DAY, is_post=False),
        replace(backfill("old"), owed_since=NOW - DAY),
    ]

    gone = dropped(rules, Past(), queue, NOW)

    assert [one.uid for one in gone] == ["of before", "stale"]
    assert all("longer than 1:00:00" in one.reason for one in gone)
    assert [drops_at(rules, one) for one in queue] == [NOW, NOW - SECOND, NOW - 23 * HOUR, None, None]
    assert dropped(FREE, Past(), queue, NOW) == ()


@pytest.mark.parametrize(
    ("overflow", "expires_after", "gone"),
    [
        (Overflow.DELAY, None, []),
        (Overflow.SKIP, None, ["3", "4"]),
        (Overflow.EXPIRE, None, ["0", "1"]),
        (Overflow.SKIP, 9 * HOUR, ["1", "2", "3", "4"]),
        (Overflow.EXPIRE, 9 * HOUR, ["0", "1", "2", "3"]),
        (Overflow.SKIP, 100 * HOUR, []),
    ],
)
def test_more_than_fits_is_dealt_with_as_the_operator_wishes(
    overflow: Overflow, expires_after: timedelta | None, gone: list[str]
) -> None:
    rules = PaceRules(gap=9 * HOUR, overflow=overflow, expires_after=expires_after)
    queue = [owed(str(number), owed_since=NOW - (9 - number) * SECOND) for number in range(5)]

    found = dropped(rules, Past(), [*queue, backfill("old")], NOW)

    assert [one.uid for one in found] == gone
    assert all("5 wait" in one.reason for one in found)


def test_budget_that_pays_for_nothing_skips_all() -> None:
    rules = replace(money(day="0.10"), overflow=Overflow.SKIP)

    assert [one.uid for one in dropped(rules, Past(), [owed()], NOW)] == ["a"]


# Laws


zones = st.sampled_from([UTC, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")])
some_hours = st.sampled_from([(), ("08:00-22:00",), ("22:00-02:00",), ("mon-fri 09:00-10:00", "sat 12:00-13:00")])


@given(
    gap_m=st.integers(0, 90),
    jitter_m=st.integers(0, 30),
    per_hour=st.none() | st.integers(1, 4),
    per_day=st.none() | st.integers(1, 9),
    hours=some_hours,
    zone=zones,
    begins=st.integers(0, 8760),
    dues=st.lists(st.integers(0, 300), min_size=1, max_size=12),
)
def test_no_limit_is_ever_broken_and_nothing_is_lost(
    gap_m: int, jitter_m: int, per_hour: int | None, per_day: int | None, hours: tuple[str, ...], zone: ZoneInfo,
    begins: int, dues: list[int],
) -> None:  # fmt: skip
    rules = PaceRules(
        gap_m * MINUTE, jitter_m * MINUTE, per_hour, per_day, tuple(window_of(one) for one in hours), zone
    )
    begin = NOW + begins * HOUR
    queue = [owed(str(number), begin + due * MINUTE) for number, due in enumerate(dues)]

    went = order(rules, queue, now=begin)
    times = [at for _, at in went]

    assert sorted(uid for uid, _ in went) == sorted(one.uid for one in queue)
    assert times == sorted(times)
    assert all(later - earlier >= rules.gap for earlier, later in pairwise(times))
    assert all(is_open(rules.hours, zone, at) for at in times)
    for cap, length in ((per_hour, HOUR), (per_day, DAY)):
        assert cap is None or all(sum(at <= one < at + length for one in times) <= cap for at in times)
    due = {one.uid: one.due for one in queue}
    assert all(at >= due[uid] for uid, at in went)
