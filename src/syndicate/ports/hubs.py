"""Who is told that a feed changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from syndicate.outbox.ping import HubCounts, Ping, Pinged


class HubLine(Protocol):
    """The way to WebSub hubs."""

    async def ping(self, hub: str, topic: str) -> None:
        """Tell a hub that a topic changed; repeatable at will.

        Raises:
            NetworkError: Rejected and Unauthorized are final, whatever else is tried again.
        """


class Announcements(Protocol):
    """The durable record of what hubs were told and are owed. Each method is one transaction, run off the loop."""

    async def owe(self, hubs: Sequence[str], standing: Mapping[str, str], now: datetime) -> None:
        """These are the hubs, and these the topics with the digests of what stands there now; others are forgotten."""

    async def due_pings(self, hub: str, now: datetime, most: int) -> list[Ping]:
        """What the hub may be told now, the longest due first; nothing while it rests."""

    async def next_ping(self, hub: str) -> datetime | None:
        """When the hub has to be told something next."""

    async def settle_pings(
        self, hub: str, outcomes: Sequence[Pinged], rests_until: datetime | None, now: datetime
    ) -> None:
        """Write what came of pings, and until when the hub is left alone."""

    async def hub_counts(self) -> list[HubCounts]:
        """How every hub stands."""
