"""Rate limits counted in fixed windows, as both networks count them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Quota:
    """So many points in windows of so many seconds."""

    name: str
    points: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands with its tightest quota after a request."""

    quota: Quota
    remaining: int
    resets_at: datetime
    is_over: bool


class Limits:
    """What each account has used of each quota in the present window."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str, int], int] = {}

    def take(self, who: str, quotas: Sequence[Quota], now: datetime, *, points: int = 1) -> Standing:
        """Count a request against all its quotas and give the tightest; nothing is counted if one is used up."""
        standings = [self._standing(who, quota, now, points) for quota in quotas]
        tightest = min(standings, key=lambda standing: (not standing.is_over, standing.remaining))
        if not tightest.is_over:
            for quota in quotas:
                window = _window(quota, now)
                self._used[who, quota.name, window] = self._used.get((who, quota.name, window), 0) + points
        return tightest

    def untouched(self, quota: Quota, now: datetime) -> Standing:
        """The standing shown when limits are off: one request used, so that nobody waits."""
        return Standing(quota, quota.points - 1, _end(quota, now), is_over=False)

    def reset(self) -> None:
        """Forget everything used."""
        self._used.clear()

    def _standing(self, who: str, quota: Quota, now: datetime, points: int) -> Standing:
        left = quota.points - self._used.get((who, quota.name, _window(quota, now)), 0) - points
        return Standing(quota, max(left, 0), _end(quota, now), is_over=left < 0)


def _window(quota: Quota, now: datetime) -> int:
    return int(now.timestamp()) // quota.window_s


def _end(quota: Quota, now: datetime) -> datetime:
    start = datetime.fromtimestamp(_window(quota, now) * quota.window_s, UTC)
    return start + timedelta(seconds=quota.window_s)
