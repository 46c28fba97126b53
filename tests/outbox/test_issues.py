"""Times of digests: local, by weekday, over changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.outbox.issues import IssueTimes, issue_id, next_issue

EVERY_DAY = frozenset(range(7))
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def at(*times: str, days: frozenset[int] = EVERY_DAY, zone: ZoneInfo = NEW_YORK) -> IssueTimes:
    return IssueTimes(tuple(time.fromisoformat(one) for one in times), days, zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("times", "now", "issue"),
    [
        (at("07:00"), "2026-11-27T11:59", "2026-11-27T12:00"),
        (at("07:00"), "2026-11-27T12:00", "2026-11-28T12:00"),
        (at("07:00", "18:30"), "2026-11-27T12:00", "2026-11-27T23:30"),
        (at("07:00", days=frozenset({0})), "2026-11-27T12:00", "2026-11-30T12:00"),
        (at("07:00", days=frozenset({4})), "2026-11-27T12:00", "2026-12-04T12:00"),
        # The hour that spring skips comes later, the one that autumn has twice is the first.
        (at("02:30"), "2026-03-08T05:00", "2026-03-08T07:30"),
        (at("01:30"), "2026-11-01T04:00", "2026-11-01T05:30"),
        (at("01:30"), "2026-11-01T05:30", "2026-11-02T06:30"),
        (at("02:15", zone=LORD_HOWE), "2026-10-03T15:00", "2026-10-03T15:45"),
    ],
)
def test_the_next_issue(times: IssueTimes, now: str, issue: str) -> None:
    assert next_issue(times, utc(now)) == utc(issue)


def test_without_times_there_is_none() -> None:
    with pytest.raises(ValueError, match="times or days"):
        next_issue(at(), utc("2026-11-27T12:00"))


@given(st.integers(0, 366 * 24 * 60))
def test_issues_come_once_a_day_and_always_later(minute: int) -> None:
    times = at("01:30")
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    first = next_issue(times, now)

    assert timedelta(0) < first - now <= timedelta(hours=25)
    assert issue_id("news", times, first) != issue_id("news", times, next_issue(times, first))
    assert issue_id("news", times, first).startswith("digest:news:202")
