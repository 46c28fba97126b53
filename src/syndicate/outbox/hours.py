"""Active hours: stretches of local time on some weekdays, and when the next one begins. Pure.

Clocks that change are read as they stand on the wall: an hour that comes twice is open twice, one that is left out
is not open on that day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from msgspec import Struct

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
_DAY_S = 86_400

_WRITTEN = re.compile(r"(?:(?P<days>[a-z,\- ]+?) +)?(?P<opens>\d{1,2}:\d\d) ?- ?(?P<closes>\d{1,2}:\d\d)")


class Window(Struct, frozen=True):
    """From `opens_s` until before `closes_s`, in seconds after midnight, on weekdays from 0 (Monday) to 6.

    A window that closes before it opens ends on the next day; the weekday is that of its beginning.
    """

    opens_s: int
    closes_s: int
    days: frozenset[int] = EVERY_DAY

    def holds(self, local: datetime) -> bool:
        """Whether a time on the wall clock lies inside."""
        wall_s = local.hour * 3600 + local.minute * 60 + local.second
        today, yesterday = local.weekday() in self.days, (local.weekday() - 1) % 7 in self.days
        if self.opens_s < self.closes_s:
            return today and self.opens_s <= wall_s < self.closes_s
        return (today and wall_s >= self.opens_s) or (yesterday and wall_s < self.closes_s)


def window_of(text: str) -> Window:
    """`08:00-22:00`, `22:00-06:00` (over midnight), `mon-fri 08:00-12:00`, `sat,sun 10:00-24:00`.

    Raises:
        ValueError: in words that tell the way out.
    """
    found = _WRITTEN.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is no stretch of hours; write 08:00-22:00 or mon-fri 08:00-22:00")
    opens_s, closes_s = _seconds(found["opens"]), _seconds(found["closes"])
    if opens_s % _DAY_S == closes_s % _DAY_S and closes_s - opens_s != _DAY_S:
        raise ValueError(f"{text!r} never opens; write 00:00-24:00 for the whole day")
    return Window(opens_s, closes_s, _days(found["days"]))


def is_open(windows: Sequence[Window], zone: tzinfo, at: datetime) -> bool:
    """Whether that moment lies in one of the windows; always, where there is none."""
    local = at.astimezone(zone)
    return not windows or any(window.holds(local) for window in windows)


def opens_at(windows: Sequence[Window], zone: tzinfo, at: datetime) -> datetime:
    """The first moment from `at` on (aware UTC) that lies in one of the windows."""
    if is_open(windows, zone, at):
        return at
    beginnings = (one for one in _beginnings(windows, zone, at) if one > at and is_open(windows, zone, one))
    return next(beginnings)


def next_day(at: datetime, zone: tzinfo) -> datetime:
    """When the local day after that of `at` begins, aware UTC."""
    return _utc(at.astimezone(zone).date() + timedelta(days=1), 0, zone)


def next_month(at: datetime, zone: tzinfo) -> datetime:
    """When the local month after that of `at` begins, aware UTC."""
    first = at.astimezone(zone).date().replace(day=1)
    return _utc((first + timedelta(days=32)).replace(day=1), 0, zone)


def _seconds(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise ValueError(f"{text!r} is no time of day; write 00:00 to 24:00")
    return hours * 3600 + minutes * 60


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return EVERY_DAY
    days: set[int] = set()
    for part in re.split(r"[, ]+", re.sub(r" *- *", "-", text.strip(" ,"))):
        first, _, last = part.partition("-")
        ends = (first, last or first)
        if not set(ends) <= set(DAYS):
            raise ValueError(f"{part!r} is no weekday; write mon, tue, wed, thu, fri, sat, sun or mon-fri")
        begin, end = (DAYS.index(day) for day in ends)
        days.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(days)


def _beginnings(windows: Sequence[Window], zone: tzinfo, at: datetime) -> Iterator[datetime]:
    """Every moment at which a window may begin: its own time, and whenever the clock is changed; day by day."""
    day = at.astimezone(zone).date() - timedelta(days=1)
    while True:
        opening = [window.opens_s for window in windows if day.weekday() in window.days]
        moments = {_utc(day, opens_s, zone, fold) for opens_s in opening for fold in (0, 1)}
        yield from sorted(moments | set(_changes(day, zone)))
        day += timedelta(days=1)


def _changes(day: date, zone: tzinfo) -> Iterator[datetime]:
    """When the clock is changed on that day."""
    begin, end = _utc(day, 0, zone), _utc(day, _DAY_S, zone)
    before = begin.astimezone(zone).utcoffset()
    if before == end.astimezone(zone).utcoffset():
        return
    while end - begin > timedelta(seconds=1):
        middle = begin + (end - begin) // timedelta(seconds=2) * timedelta(seconds=1)
        begin, end = (middle, end) if middle.astimezone(zone).utcoffset() == before else (begin, middle)
    yield end


def _utc(day: date, wall_s: int, zone: tzinfo, fold: int = 0) -> datetime:
    """The moment of a time on the wall clock; where it comes twice, the one that `fold` names."""
    local = datetime.combine(day, time()) + timedelta(seconds=wall_s)
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
