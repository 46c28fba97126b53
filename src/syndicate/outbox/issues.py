"""When a channel's digests go out. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from msgspec import Struct

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
IN_DIGEST: Final = "goes out in"
"""Begins the reason of a post that became part of a digest."""

PREFIX: Final = "digest:"
"""Begins the item id of a delivery that carries many items."""


class IssueTimes(Struct, frozen=True):
    """At which local times of which weekdays (0 is Monday) a digest goes out."""

    times: tuple[time, ...]
    days: frozenset[int]
    zone: tzinfo


def next_issue(times: IssueTimes, now: datetime) -> datetime:
    """The first issue after `now`, aware UTC.

    A local time that a change of clocks skips comes as much later; one that comes twice is the first.

    Raises:
        ValueError: there is none, as times or days are missing.
    """
    today = now.astimezone(times.zone).date()
    for ahead in range(9):
        day = today + timedelta(days=ahead)
        if day.weekday() in times.days:
            issues = sorted(datetime.combine(day, at, times.zone).astimezone(UTC) for at in times.times)
            coming = [issue for issue in issues if issue > now]
            if coming:
                return coming[0]
    raise ValueError("no issue within a week: times or days are missing")


def last_issue(times: IssueTimes, now: datetime) -> datetime:
    """The issue that goes out now: the newest one up to `now`, aware UTC; one that was missed is not made up for.

    Raises:
        ValueError: there is none, as times or days are missing.
    """
    issue = next_issue(times, now - timedelta(days=8))
    while (following := next_issue(times, issue)) <= now:
        issue = following
    return issue


def issue_id(channel: str, times: IssueTimes, issue: datetime) -> str:
    """Name of one issue: the channel and its local time, so that it goes out once even if the clock is set back."""
    return f"{PREFIX}{channel}:{issue.astimezone(times.zone):%Y-%m-%dT%H:%M}"
