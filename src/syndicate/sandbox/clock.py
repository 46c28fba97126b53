"""The sandbox's clock: moved forward, a test need not wait for an hour to pass; stopped, no slow machine moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Two times: `wall` is stamped on what is sent, `now` ages keys, tokens and blobs and can run ahead of it."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._stands_at: datetime | None = None

    def wall(self) -> datetime:
        """The real time, as written into answers."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        """The time by which things expire."""
        return (self._stands_at or self.wall()) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Let `by` pass at once."""
        self._ahead += by

    def stop(self) -> None:
        """Let no time pass by itself: only `advance` moves `now`."""
        self._stands_at = self._stands_at or self.wall()

    def reset(self) -> None:
        """Back to the real time."""
        self._ahead = timedelta()
        self._stands_at = None


def stamp(at: datetime) -> str:
    """An instant as both networks write it: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
