"""Active hours on the wall clock: windows, weekdays, midnight, and days on which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.outbox.hours import EVERY_DAY, Window, is_open, next_day, next_month, opens_at, window_of

NEW_YORK, LORD_HOWE, KOLKATA = ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")
ZONES = (NEW_YORK, LORD_HOWE, KOLKATA, ZoneInfo("Africa/Casablanca"), ZoneInfo("Pacific/Apia"), UTC)
MINUTE = timedelta(minutes=1)


def windows(*texts: str) -> tuple[Window, ...]:
    return tuple(window_of(text) for text in texts)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("08:00-22:00", Window(8 * 3600, 22 * 3600)),
        (" 8:30 - 9:15 ", Window(30_600, 33_300)),
        ("22:00-06:00", Window(22 * 3600, 6 * 3600)),
        ("00:00-24:00", Window(0, 86_400)),
        ("Mon-Fri 08:00-12:00", Window(8 * 3600, 12 * 3600, frozenset(range(5)))),
        ("sat, sun 10:00-24:00", Window(36_000, 86_400, frozenset({5, 6}))),
        ("fri-mon 10:00-11:00", Window(36_000, 39_600, frozenset({4, 5, 6, 0}))),
        ("mon - wed, fri 10:00-11:00", Window(36_000, 39_600, frozenset({0, 1, 2, 4}))),
    ],
)
def test_hours_are_read_as_operators_write_them(text: str, window: Window) -> None:
    assert window_of(text) == window


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "write 08:00-22:00"),
        ("8-22", "write 08:00-22:00"),
        ("08:00", "write 08:00-22:00"),
        ("08:00-22:61", "is no time of day"),
        ("08:00-24:01", "is no time of day"),
        ("08:00-08:00", "never opens"),
        ("24:00-00:00", "never opens"),
        ("24:00-24:00", "never opens"),
        ("funday 08:00-09:00", "is no weekday"),
        ("mon-funday 08:00-09:00", "is no weekday"),
    ],
)
def test_nonsense_is_told_with_the_way_out(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as told:
        window_of(text)
    assert "; write " in str(told.value)


@pytest.mark.parametrize(
    ("hours", "zone", "at", "opens"),
    [
        # Within, before and after; the end is no part of it.
        (("08:00-22:00",), UTC, "2026-11-27T12:00", "2026-11-27T12:00"),
        (("08:00-22:00",), UTC, "2026-11-27T07:59:59", "2026-11-27T08:00"),
        (("08:00-22:00",), UTC, "2026-11-27T22:00", "2026-11-28T08:00"),
        (("12:00-13:00", "08:00-09:00"), UTC, "2026-11-27T09:00", "2026-11-27T12:00"),
        # Over midnight; the weekday is that of the beginning. 27 November 2026 is a Friday.
        (("22:00-06:00",), UTC, "2026-11-27T05:59", "2026-11-27T05:59"),
        (("22:00-06:00",), UTC, "2026-11-27T06:00", "2026-11-27T22:00"),
        (("fri 22:00-02:00",), UTC, "2026-11-28T01:00", "2026-11-28T01:00"),
        (("fri 22:00-02:00",), UTC, "2026-11-27T01:00", "2026-11-27T22:00"),
        (("24:00-02:00",), UTC, "2026-11-27T01:00", "2026-11-27T01:00"),
        (("24:00-02:00",), UTC, "2026-11-27T03:00", "2026-11-28T00:00"),
        # Weekdays, in the zone's own week.
        (("mon-thu 08:00-22:00",), UTC, "2026-11-27T12:00", "2026-11-30T08:00"),
        (("sat 08:00-22:00",), KOLKATA, "2026-11-27T12:00", "2026-11-28T02:30"),
        (("sat 00:00-24:00",), KOLKATA, "2026-11-27T18:30", "2026-11-27T18:30"),
        # New York, 8 March 2026: 02:00 EST is 03:00 EDT (07:00 UTC).
        (("02:30-05:00",), NEW_YORK, "2026-03-08T06:59", "2026-03-08T07:00"),
        (("02:10-02:50",), NEW_YORK, "2026-03-08T06:59", "2026-03-09T06:10"),
        (("sun 02:10-02:50",), NEW_YORK, "2026-03-01T08:00", "2026-03-15T06:10"),
        (("08:00-22:00",), NEW_YORK, "2026-03-08T05:00", "2026-03-08T12:00"),
        # New York, 1 November 2026: 02:00 EDT is 01:00 EST (06:00 UTC).
        (("01:30-01:40",), NEW_YORK, "2026-11-01T05:45", "2026-11-01T06:30"),
        (("01:30-01:40",), NEW_YORK, "2026-11-01T06:45", "2026-11-02T06:30"),
        (("00:45-01:10",), NEW_YORK, "2026-11-01T05:30", "2026-11-01T06:00"),
        (("08:00-22:00",), NEW_YORK, "2026-11-01T04:00", "2026-11-01T13:00"),
        # Lord Howe moves by half an hour: 4 October 2026, 02:00 is 02:30 (15:30 UTC on the 3rd) ...
        (("02:10-02:40",), LORD_HOWE, "2026-10-03T15:00", "2026-10-03T15:30"),
        (("02:05-02:20",), LORD_HOWE, "2026-10-03T15:00", "2026-10-04T15:05"),
        # ... and 5 April 2026, 02:00 is 01:30 (15:00 UTC on the 4th).
        (("01:40-01:50",), LORD_HOWE, "2026-04-04T14:55", "2026-04-04T15:10"),
        (("01:20-01:35",), LORD_HOWE, "2026-04-04T14:45", "2026-04-04T15:00"),
        (("08:00-22:00",), LORD_HOWE, "2026-04-04T15:00", "2026-04-04T21:30"),
    ],
)
def test_next_opening_is_that_of_the_wall_clock(hours: tuple[str, ...], zone: ZoneInfo, at: str, opens: str) -> None:
    assert opens_at(windows(*hours), zone, utc(at)) == utc(opens)


def test_without_hours_it_is_always_open() -> None:
    at = utc("2026-11-27T03:00")
    assert is_open((), NEW_YORK, at)
    assert opens_at((), NEW_YORK, at) == at


minutes = st.integers(0, 1439)
some_windows = st.lists(
    st.builds(
        lambda opens, length, days: Window(opens * 60, (opens + length) * 60 % 86_400 or 86_400, days or EVERY_DAY),
        minutes,
        st.integers(1, 1438),
        st.frozensets(st.integers(0, 6)),
    ),
    min_size=1,
    max_size=3,
)


@given(some_windows, st.sampled_from(ZONES), st.integers(0, 366 * 24 * 60))
def test_nothing_opens_earlier_than_told(hours: list[Window], zone: ZoneInfo, minute: int) -> None:
    at = utc("2026-01-01T00:00") + minute * MINUTE

    opens = opens_at(hours, zone, at)

    assert opens >= at
    assert is_open(hours, zone, opens)
    assert opens == at or not is_open(hours, zone, opens - MINUTE)
    between = [at + (opens - at) * part // 40 for part in range(40)]
    assert opens == at or not any(is_open(hours, zone, one) for one in between)


@pytest.mark.parametrize(
    ("zone", "at", "day", "month"),
    [
        (UTC, "2026-12-31T23:59", "2027-01-01T00:00", "2027-01-01T00:00"),
        (NEW_YORK, "2026-03-08T06:00", "2026-03-09T04:00", "2026-04-01T04:00"),
        (NEW_YORK, "2026-11-01T04:00", "2026-11-02T05:00", "2026-12-01T05:00"),
        (KOLKATA, "2026-01-31T18:29", "2026-01-31T18:30", "2026-01-31T18:30"),
        (LORD_HOWE, "2026-04-04T13:00", "2026-04-05T13:30", "2026-04-30T13:30"),
    ],
)
def test_days_and_months_begin_at_local_midnight(zone: ZoneInfo, at: str, day: str, month: str) -> None:
    assert next_day(utc(at), zone) == utc(day)
    assert next_month(utc(at), zone) == utc(month)
