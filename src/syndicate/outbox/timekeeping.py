"""How late it may be by now: keys that networks forget grow no younger when a clock is set back. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

NOBODY_KNOWS = datetime.max.replace(tzinfo=UTC)

SLACK = timedelta(seconds=1)
"""By so much the clock may run ahead before that is kept: clocks are corrected little by little, all the time."""

INSTANT = timedelta(microseconds=1)


class Timekeeper(Struct, frozen=True):
    """What is known of time in one run of the machine, from power on to power off.

    `boot` names that run, and at its count of `ticks` (seconds, those asleep included) it was at most `at`. What was
    sent before `since` may have been sent in an earlier run: how long ago that was, nobody knows.
    """

    boot: str
    ticks: float
    at: datetime
    since: datetime

    def latest(self, ticks: float, now: datetime, sent: datetime | None) -> datetime:
        """The latest that it may be, as far as something sent at that time is concerned; `now` is what the clock says.

        What was sent and this agree: its age by the clock is at least the true one, wherever the clock was set to.
        """
        if sent is None:
            return now
        if sent < self.since:
            return NOBODY_KNOWS
        return max(now, self._by(ticks))

    def seen(self, ticks: float, now: datetime) -> Timekeeper:
        """The same after a look at the clock; another one only if it was set forward, which must be kept then."""
        return replace(self, ticks=ticks, at=now) if now > self._by(ticks) + SLACK else self

    def _by(self, ticks: float) -> datetime:
        return self.at + timedelta(seconds=ticks - self.ticks)


def begun(kept: Timekeeper | None, boot: str, ticks: float, now: datetime, last_sent: datetime | None) -> Timekeeper:
    """The timekeeper of a process that starts: the kept one, if it is of the same run of the machine."""
    if kept is not None and kept.boot == boot:
        return kept.seen(ticks, now)
    since = now if last_sent is None else max(now, last_sent + INSTANT)
    return Timekeeper(boot, ticks, since, since)
