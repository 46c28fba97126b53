"""Values of hub pings: what a hub has to be told of, what came of it, and how patient we are with it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=1)
_MOST_DOUBLINGS = 20


class Ping(Struct, frozen=True):
    """A topic (the address of a feed document) that a hub has not been told of as it stands now.

    `digest` is that of the document's bytes, `failures` how often in a row this ping failed.
    """

    hub: str
    topic: str
    digest: str
    failures: int = 0


class Pinged(Struct, frozen=True):
    """What came of a ping: taken by the hub (no `error`), owed again from `due` on, or given up (`error` alone)."""

    ping: Ping
    error: str = ""
    due: datetime | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the hub took it."""
        return not self.error


class HubCounts(Struct, frozen=True):
    """How a hub stands: topics it has to be told of, when it last took a ping, its last error, its rest's end."""

    hub: str
    owed: int = 0
    accepted_at: datetime | None = None
    error: str | None = None
    failed_at: datetime | None = None
    rests_until: datetime | None = None


def patience(failures: int, jitter: float) -> timedelta:
    """How long to wait after that many failures before the present one; `jitter` from 0 to 1 cuts up to half of it."""
    backoff: timedelta = FIRST * 2 ** min(failures, _MOST_DOUBLINGS)
    return min(backoff, LONGEST) * (1 - jitter / 2)
