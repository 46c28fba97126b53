"""Hubs: each is told of every feed document whose bytes it does not know yet, after they stand on the shelf.

What is owed follows from the shelf itself: the digest of each document that stands, against the one the hub was last
told of. So no stop at any point loses a ping, a document that reads as before is never pinged, and many changes before
a hub answers are one ping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from syndicate.errors import NetworkError, RateLimited, Rejected, StateLost, Unauthorized
from syndicate.feeds.site import Site
from syndicate.log import log
from syndicate.outbox.ping import Ping, Pinged, patience
from syndicate.ports.hubs import Announcements, HubLine
from syndicate.ports.shelf import Shelf

AT_ONCE = 4
"""Pings that one hub is sent at the same time."""

AGAIN_S = 5.0
"""How soon to try again after something unforeseen."""


class Hubs:
    """Tells the site's hubs what changed. A hub that is slow or gone delays nobody but itself.

    `line` leads to them; None where the site names none.
    """

    def __init__(
        self,
        outbox: Announcements,
        shelf: Shelf,
        line: HubLine | None,
        site: Site,
        *,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._shelf = shelf
        self._line = line
        self._site = site
        self._clock = clock
        self._chance = chance
        self._feeds: frozenset[str] | None = None
        self._owed: Mapping[str, str] | None = None
        self._looks = asyncio.Event()
        self._wakes = {hub: asyncio.Event() for hub in dict.fromkeys(site.hubs)}
        self._failures = dict.fromkeys(self._wakes, 0)
        self._silences: dict[str, datetime] = {}

    def look(self, feeds: Iterable[str] | None) -> None:
        """A pass is over: these are the paths of the feed documents for readers, None if it wrote none at all."""
        if feeds is not None:
            self._feeds = frozenset(feeds)
            self._looks.set()

    async def run(self) -> None:
        """Tell hubs what they are owed, until cancelled.

        Raises:
            StateLost: nothing can be kept any more.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_owing())
                for hub in self._wakes:
                    group.create_task(self._tell_on(hub))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def drain(self, within_s: float) -> None:
        """Tell hubs what is due now, for so long at most; the rest stays owed."""
        await self._owe()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(self._tell_due(hub) for hub in self._wakes))

    async def _keep_owing(self) -> None:
        while True:
            await self._looks.wait()
            self._looks.clear()
            try:
                await self._owe()
            except StateLost:
                raise
            except Exception:  # the edge of one look: all is looked at anew
                log.exception("hubs_failed")
                self._looks.set()
                await asyncio.sleep(AGAIN_S)

    async def _owe(self) -> None:
        """Set down what stands on the shelf, where that is not what stood there before."""
        feeds = self._feeds if self._wakes else frozenset()
        if feeds is None:
            return
        standing = await asyncio.to_thread(self._standing, feeds)
        if standing == self._owed:
            return
        await self._outbox.owe(tuple(self._wakes), standing, self._clock())
        self._owed = standing
        for wake in self._wakes.values():
            wake.set()

    def _standing(self, feeds: Iterable[str]) -> dict[str, str]:
        found = ((self._site.address(path), self._shelf.digest(path)) for path in sorted(feeds))
        return {topic: digest for topic, digest in found if digest is not None}

    async def _tell_on(self, hub: str) -> None:
        wake = self._wakes[hub]
        while True:
            wake.clear()
            try:
                await self._tell_due(hub)
                due = await self._outbox.next_ping(hub)
                wait_s = None if due is None else max((due - self._clock()).total_seconds(), 0.01)
            except StateLost:
                raise
            except Exception:  # the edge of one round: what was not settled is owed still
                log.exception("hub_failed", hub=hub)
                wait_s = AGAIN_S
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), wait_s)

    async def _tell_due(self, hub: str) -> None:
        """Rounds of a few pings at once, until nothing is due or the hub wants rest."""
        while pings := await self._outbox.due_pings(hub, self._clock(), AT_ONCE):
            outcomes = await asyncio.gather(*(self._tell(ping) for ping in pings))
            await self._outbox.settle_pings(hub, outcomes, self._rest(hub, outcomes), self._clock())

    async def _tell(self, ping: Ping) -> Pinged:
        assert self._line is not None, "the site names a hub"
        try:
            await self._line.ping(ping.hub, ping.topic)
        except (Rejected, Unauthorized) as error:
            log.warning("ping_refused", hub=ping.hub, topic=ping.topic, reason=str(error))
            return Pinged(ping, str(error))
        except NetworkError as error:
            due = self._clock() + patience(ping.failures, self._chance())
            if isinstance(error, RateLimited):
                due = self._silences[ping.hub] = error.until
            log.warning("ping_postponed", hub=ping.hub, topic=ping.topic, reason=str(error), due=due.isoformat())
            return Pinged(ping, str(error), due)
        log.info("hub_pinged", hub=ping.hub, topic=ping.topic)
        return Pinged(ping)

    def _rest(self, hub: str, outcomes: Sequence[Pinged]) -> datetime | None:
        """Until when to leave the hub alone: as long as it asked for, or if nothing came through, longer each time."""
        silence = self._silences.pop(hub, None)
        if any(one.due is None for one in outcomes):
            self._failures[hub] = 0
            return silence
        pause = patience(self._failures[hub], self._chance())
        self._failures[hub] += 1
        return silence or self._clock() + pause
