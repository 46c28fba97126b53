"""Carries what the outbox owes to one channel: claim, compose, freeze, send, settle; one lane a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from syndicate.attempt import AttemptRules, Attempts, names_of, outcome_of
from syndicate.errors import LostClaim, NetworkError
from syndicate.outbox.delivery import (
    Delivery,
    NotDone,
    Outcome,
    Step,
    Uncertain,
    orphaned,
)
from syndicate.ports.channel import Channel
from syndicate.ports.content import Images
from syndicate.ports.outbox import Outbox

log = structlog.get_logger()

CLOCK_STEP = timedelta(minutes=1)
"""By so much a clock may be set back without any wait being cut short."""

LONGEST_NAP_S = 5.0
"""A lane looks at least this often, as another process may have planned something (backfill, held resolve)."""


@dataclass(frozen=True, slots=True)
class LaneRules:
    """How one channel's posts are made, tried and paced."""

    attempts: AttemptRules
    gap: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Settled:
    """One delivery after one attempt or reading."""

    delivery: Delivery
    step: Step


Tell = Callable[[Settled], None]
"""Hears of every settled delivery, for progress bars and reports."""


class Lane:
    """One channel's deliveries, one at a time, until stopped or until nothing is due.

    `outage` is what the network's last answer said, if it was no success and no refusal of a post.
    `wake` is set when something was planned. `clock` gives aware UTC; `chance` gives 0 to 1 for jitter.
    """

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        images: Images,
        rules: LaneRules,
        *,
        owner: str,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        self.channel = channel
        self.outage: NotDone | Uncertain | None = None
        self.wake = asyncio.Event()
        self._outbox = outbox
        self._attempts = Attempts(channel, outbox, images, rules.attempts, clock=clock, chance=chance)
        self._gap = rules.gap
        self._retry = rules.attempts.retry
        self._owner = owner
        self._clock = clock
        self._is_open = False
        self._is_tidy = False
        self._stumbles = 0
        self._rests_until: datetime | None = None

    async def run(self, stop: asyncio.Event, tell: Tell) -> None:
        """Deliver until stopped; the delivery in work is finished first."""
        while not stop.is_set():
            self.wake.clear()
            settled, wait_s = None, LONGEST_NAP_S
            try:
                settled = await self.step()
                if settled is not None:
                    tell(settled)
                else:
                    wait_s = await self._wait_s()
            except Exception:  # the edge of one delivery: nothing in a channel may end the other lanes
                log.exception("lane_failed", channel=self.channel.name)
            if settled is None:
                await self._nap(min(wait_s, LONGEST_NAP_S), stop)

    async def drain(self, tell: Tell, *, patience: timedelta = timedelta(seconds=2)) -> None:
        """Deliver what is due now or within the patience, then return; the rest stays in the outbox."""
        until = self._clock() + patience
        while True:
            settled = await self.step()
            if settled is not None:
                tell(settled)
                continue
            wait_s = await self._wait_s()
            if self._clock() + timedelta(seconds=wait_s) > until:
                return
            await asyncio.sleep(max(wait_s, 0.01))

    async def step(self) -> Settled | None:
        """One attempt or reading, if one is due and the channel may be spoken to; None if there was nothing to do."""
        now = self._clock()
        if not self._is_tidy:
            await self._tidy(now)
        if await self._due_at(now) > now or not await self._opened():
            return None
        self._is_tidy = False
        delivery = await self._outbox.claim(self.channel.name, self._owner, self._clock())
        settled = None
        if delivery is not None:
            try:
                attempted = await self._attempts.attend(delivery)
                settled = Settled(delivery, attempted.step)
                if attempted.outcome is not None:
                    await self._rest_after(attempted.outcome, self._clock())
            except LostClaim:
                log.warning("claim_lost", **names_of(delivery))
        self._is_tidy = True  # not after another error: what was in work is then looked at anew
        return settled

    async def _tidy(self, now: datetime) -> None:
        """Take up what a dead publisher, or an error in this one (a full disk), left in work."""
        for orphan in await self._outbox.orphans(self.channel.name):
            step = orphaned(orphan, now=now, guarantee=self.channel.guarantee, retry=self._retry)
            await self._outbox.settle(orphan, step, now)
            log.warning("delivery_recovered", **names_of(orphan), state=step.state.value, reason=step.reason)
        self._is_tidy = True

    async def _rest_after(self, outcome: Outcome, now: datetime) -> None:
        """After a failure of the network, the whole lane waits: the next post would fail as well."""
        rules = self._retry
        self.outage = outcome if isinstance(outcome, NotDone | Uncertain) else None
        match outcome:
            case NotDone(until=until) if until is not None:
                until = min(max(until, now + rules.first), now + rules.longest_wait)
                await self._outbox.cool(self.channel.name, until)
            case NotDone(is_paused=True):
                # in memory only: whoever mends the access and restarts must not wait
                self._is_open = False
                self._rests_until = now + rules.pause
            case NotDone() | Uncertain():
                self._stumble(now)
            case _:
                self._stumbles = 0

    def _stumble(self, now: datetime) -> None:
        self._stumbles += 1
        doublings: int = 2 ** min(self._stumbles - 1, 16)
        self._rests_until = now + min(self._retry.first * doublings, self._retry.longest)

    async def _opened(self) -> bool:
        if self._is_open:
            return True
        outcome: Outcome
        try:
            async with self._attempts.limit():
                await self.channel.open()
        except NetworkError as error:
            log.warning("channel_unavailable", channel=self.channel.name, reason=str(error))
            outcome = outcome_of(error, is_repeatable=True)
        except Exception as error:  # the edge of one channel: without a rest it would be tried again at once
            log.exception("channel_failed", channel=self.channel.name)
            outcome = NotDone(f"could not be opened: {type(error).__name__}")
        else:
            self._is_open = True
            return True
        await self._rest_after(outcome, self._clock())
        return False

    async def _due_at(self, now: datetime) -> datetime:
        """When the channel may and has to do something; `now` or earlier: at once."""
        due = await self._outbox.next_due(self.channel.name)
        if due is None:
            return now + timedelta(seconds=LONGEST_NAP_S)
        gap, retry = self._gap, self._retry
        last = await self._outbox.last_sent(self.channel.name)
        cools = await self._outbox.cools_until(self.channel.name)
        waits = (
            (last and last + gap, gap),
            (cools, retry.longest_wait),
            (self._rests_until, max(retry.longest, retry.pause)),
        )
        # An end that lies further off than such a wait can last was written before the clock was set back.
        ends = [end for end, longest in waits if end is not None and end - now <= longest + CLOCK_STEP]
        return max((due, *ends))

    async def _wait_s(self) -> float:
        now = self._clock()
        return max(0.0, (await self._due_at(now) - now).total_seconds())

    async def _nap(self, seconds: float, stop: asyncio.Event) -> None:
        """Sleep until woken, stopped or the time has come."""
        waits = [asyncio.ensure_future(self.wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=max(seconds, 0.01), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
