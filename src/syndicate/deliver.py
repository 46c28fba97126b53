"""Carries what the outbox owes to one channel: whose turn it is, claim, attempt, rest; one lane a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from syndicate.attempt import AttemptRules, Attempts
from syndicate.errors import CannotWrite, LostClaim, NetworkError
from syndicate.findings import names_of, outcome_of
from syndicate.log import log
from syndicate.lookout import Lookout
from syndicate.outbox.delivery import Action, Delivery, Origin, Planned, State, uid_of
from syndicate.outbox.issues import issue_id, last_issue, next_issue
from syndicate.outbox.outcome import Done, NotDone, Outcome, Step, Uncertain, orphaned
from syndicate.outbox.pace import (
    LONGEST_REST,
    MOST_STEPS,
    Outlook,
    Overflow,
    PaceRules,
    Past,
    Rest,
    Turn,
    Why,
    dropped,
    rest_after,
    turn,
)
from syndicate.outbox.reasons import Reason
from syndicate.ports.channel import Channel
from syndicate.ports.content import Images
from syndicate.ports.outbox import Outbox
from syndicate.rests import Rests, account_scope, app_scope, channel_scope

LONGEST_NAP_S = 5.0
"""A lane looks at least this often, as another process may have planned something (backfill, held resolve)."""

MOST_AHEAD = 64
"""So much of a queue is read at once; a channel whose pace sets no limits works through it before the next look."""

FRESH = timedelta(seconds=1)
"""How long a look at the queue is good for."""

MOST_TRIES = 3
"""Looks for something to claim in a row; what was taken away between look and claim is somebody else's."""


class LaneRules(Struct, frozen=True):
    """How one channel's posts are made, tried and paced."""

    attempts: AttemptRules
    pace: PaceRules = field(default_factory=PaceRules)


class Settled(Struct, frozen=True):
    """One delivery after one attempt or reading."""

    delivery: Delivery
    step: Step


Tell = Callable[[Settled], None]
"""Hears of every settled delivery, for progress bars and reports."""


class Lane:
    """One channel's deliveries, until stopped or until nothing is due; as many at once as the network allows.

    `outage` is what the network's last answer said, if it was no success and no refusal of a post.
    `wake` is set when something was planned. `clock` gives aware UTC; `chance` gives 0 to 1 for jitter. Lanes of one
    process share their `rests`.
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
        rests: Rests | None = None,
    ) -> None:
        self.channel = channel
        self.outage: NotDone | Uncertain | None = None
        self.wake = asyncio.Event()
        self._outbox = outbox
        self._rests = rests or Rests(outbox, clock)
        self._lookout = rules.attempts.lookout or Lookout(outbox, clock)
        self._left: dict[str, int] = {}  # uids that wait for a pass, and how many there were before
        self._attempts = Attempts(
            channel,
            outbox,
            images,
            rules.attempts,
            clock=clock,
            chance=chance,
            silent_until=lambda: self._rests.silent_until(channel),
        )
        self._pace = rules.pace
        self._is_free = rules.pace.is_free
        self._retry = rules.attempts.retry
        self._owner = owner
        self._clock = clock
        self._scope = channel_scope(channel.name)
        self._is_open = False
        self._is_tidy = False
        self._issues = rules.attempts.issues
        self._next_issue: datetime | None = None
        self._in_work: set[str] = set()
        self._taking = asyncio.Lock()
        self._outlook: Outlook | None = None
        self._looked_at: datetime | None = None

    async def run(self, stop: asyncio.Event, tell: Tell) -> None:
        """Deliver until stopped; the deliveries in work are finished first."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.channel.in_flight):
                group.create_task(self._run(stop, tell))

    async def _run(self, stop: asyncio.Event, tell: Tell) -> None:
        while not stop.is_set():
            self.wake.clear()
            settled, wait_s = None, LONGEST_NAP_S
            try:
                settled = await self.step()
                if settled is not None:
                    tell(settled)
                else:
                    wait_s = self._wait_s()
            except CannotWrite as error:  # a full or read-only disk, a held database: the words say it all
                log.error("lane_failed", channel=self.channel.name, reason=str(error))
            except Exception:  # the edge of one delivery: nothing in a channel may end the other lanes
                log.exception("lane_failed", channel=self.channel.name)
            if settled is None:
                await self._nap(min(wait_s, LONGEST_NAP_S), stop)

    async def drain(self, stop: asyncio.Event, tell: Tell, *, patience: timedelta = timedelta(seconds=2)) -> None:
        """Deliver what is due now or within the patience, unless stopped; the rest stays in the outbox.

        Raises:
            CannotWrite: what came of a delivery cannot be kept; the next call takes it up.
        """
        until = self._clock() + patience
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.channel.in_flight):
                    group.create_task(self._drain(stop, tell, until))
        except ExceptionGroup as errors:
            first = errors.exceptions[0]
            raise first from first.__cause__

    async def _drain(self, stop: asyncio.Event, tell: Tell, until: datetime) -> None:
        while not stop.is_set():
            self.wake.clear()
            settled = await self.step()
            if settled is not None:
                tell(settled)
                continue
            wait_s = self._wait_s()
            if self._clock() + timedelta(seconds=wait_s) > until:
                return
            await self._nap(wait_s, stop)

    async def step(self) -> Settled | None:
        """One attempt or reading, if one is due and the channel may be spoken to; None if there was nothing to do."""
        delivery = await self._take()
        return None if delivery is None else await self._attend(delivery)

    async def _attend(self, delivery: Delivery) -> Settled | None:
        settled, is_clean, passes = None, False, self._lookout.passes
        try:
            attempted = await self._attempts.attend(delivery)
            if attempted.step.code is Reason.UNREAD:
                self._left[delivery.uid] = passes
            settled = Settled(delivery, attempted.step)
            if attempted.outcome is not None:
                await self._learn(attempted.outcome)
            is_clean = True
        except LostClaim:
            log.warning("claim_lost", **names_of(delivery))
            is_clean = True
        finally:  # after another error (a full disk), what was in work is looked at anew
            self._in_work.discard(delivery.uid)
            self._is_tidy = self._is_tidy and is_clean
        return settled

    async def next_turn(self) -> Turn | None:
        """What the channel does next, and when."""
        await self._rests.load()
        return await self._turn(self._clock())

    async def _take(self) -> Delivery | None:
        """Claim what is to be done now, if anything is."""
        for _ in range(MOST_TRIES):
            async with self._taking:
                uid = await self._choose()
            if uid is None:
                return None
            delivery = await self._claim(uid)  # beside the claims of others, so that they share a commit
            if delivery is not None:
                return delivery
        return None

    async def _choose(self) -> str | None:
        """What is to be done now, if anything is: it has left the queue, and counts as in work."""
        await self._rests.load()
        if not self._is_tidy:
            await self._tidy(self._clock())
        if self._in_work and not self._may_send_beside():
            return None
        await self._gather()
        now = self._clock()
        chosen = await self._turn(now)
        if chosen is None or chosen.at > now:
            self._note_outage(chosen)
            return None
        if not await self._opened():
            return None
        self._cross_out(chosen.uid)
        self._in_work.add(chosen.uid)
        return chosen.uid

    async def _claim(self, uid: str) -> Delivery | None:
        """Take it; what somebody else took meanwhile is in work here no more."""
        delivery = None
        try:
            delivery = await self._outbox.claim(self.channel.name, self._owner, self._clock(), uid)
        except BaseException:  # it may have been taken all the same
            self._is_tidy = False
            raise
        finally:
            if delivery is None:
                self._in_work.discard(uid)
                self._outlook = None
        return delivery

    async def _gather(self) -> None:
        """Where it is time for a digest, put what is owed into one."""
        now = self._clock()
        if self._issues is None or (self._next_issue is not None and now < self._next_issue):
            return
        at = last_issue(self._issues, now)
        name, account = self.channel.name, self.channel.account
        issue = issue_id(name, self._issues, at)
        uid = uid_of(name, account, issue, Action.POST)
        planned = Planned(uid, name, account, issue, Action.POST, "", State.PLANNED, "digest", at)
        if await self._outbox.gather(planned, at + FRESH, now):
            self._outlook = None
        self._next_issue = next_issue(self._issues, now)

    def _may_send_beside(self) -> bool:
        """A pace is kept one post at a time, and a network that failed is asked by one post alone."""
        failing = self._rests.find(self.channel.name, Why.BREAKER)
        return self._is_free and failing is None

    async def _turn(self, now: datetime) -> Turn | None:
        if self._outlook is not None and self._looked_at is not None and abs(now - self._looked_at) < FRESH:
            chosen = self._turn_in(self._outlook, now)
            if chosen is not None and chosen.at <= now:
                return chosen
        seen = await self._look(now)
        self._left = {uid: passes for uid, passes in self._left.items() if passes == self._lookout.passes}
        # What is about to be claimed may still stand in the queue.
        kept = tuple(one for one in seen.queue if one.uid not in self._in_work and one.uid not in self._left)
        self._outlook = replace(seen, queue=kept)
        self._looked_at = now
        return self._turn_in(self._outlook, now)

    def _turn_in(self, outlook: Outlook, now: datetime) -> Turn | None:
        return turn(self._pace, self._rested(outlook.past), outlook.queue, now)

    def _rested(self, past: Past) -> Past:
        rests = self._rests.of(self.channel)
        return past if rests == past.rests else replace(past, rests=rests)

    async def _look(self, now: datetime) -> Outlook:
        """The queue as it stands, after what is not sent any more has left it."""
        name, pace = self.channel.name, self._pace
        refused = self._rests.find(name, Why.ACCESS)
        if refused is not None and refused.until > now and await self._outbox.token_kept_since(refused.noted_at):
            await self._rests.end(self._scope, Why.ACCESS)
        most = MOST_AHEAD if pace.overflow is Overflow.DELAY else MOST_STEPS
        outlook = await self._outbox.outlook(name, pace.memory, most)
        gone = dropped(pace, self._rested(outlook.past), outlook.queue, now)
        if not gone:
            return outlook
        for one in gone:
            log.warning("delivery_dropped", channel=name, uid=one.uid, reason=one.reason)
        await self._outbox.drop(gone, now)
        return await self._outbox.outlook(name, pace.memory, most)

    def _cross_out(self, uid: str) -> None:
        """What was claimed has left the queue; a pace that counts posts looks anew."""
        outlook = self._outlook
        if outlook is None or not self._is_free:
            self._outlook = None
            return
        place = next(place for place, one in enumerate(outlook.queue) if one.uid == uid)
        gone = outlook.queue[place]
        past = outlook.past.and_(self._clock(), gone.topics) if gone.is_post else outlook.past
        rest = outlook.queue[:place] + outlook.queue[place + 1 :]
        # A late backfill post pushes those behind it back.
        self._outlook = Outlook(past, rest) if gone.origin is Origin.LIVE else None

    async def _tidy(self, now: datetime) -> None:
        """Take up what a dead publisher, or an error in this one (a full disk), left in work."""
        busy = frozenset(self._in_work)  # by now: what is done with meanwhile needs nothing, what fails another look
        self._is_tidy, is_done = True, False
        try:
            for orphan in await self._outbox.orphans(self.channel.name):
                if orphan.uid in busy:
                    continue
                step = orphaned(orphan, now=now, guarantee=self.channel.guarantee, retry=self._retry)
                await self._outbox.settle(orphan, step, now)
                log.warning("delivery_recovered", **names_of(orphan), state=step.state.value, reason=step.reason)
            is_done = True
        finally:
            self._is_tidy = self._is_tidy and is_done

    async def _learn(self, outcome: Outcome) -> None:
        """After a failure of the network, the whole lane waits: the next post would fail as well."""
        now, rules, channel = self._clock(), self._retry, self.channel
        self.outage = outcome if isinstance(outcome, NotDone | Uncertain) else None
        if not isinstance(outcome, Done):
            self._outlook = None
        match outcome:
            case NotDone(reason, until) if until is not None:
                scope = app_scope(channel) if outcome.is_app_wide else account_scope(channel)
                until = min(max(until, now + rules.first), now + rules.longest_wait)
                await self._rests.keep(scope, Rest(Why.LIMIT, until, reason, noted_at=now))
            case NotDone(reason, is_paused=True):
                self._is_open = False
                await self._rests.keep(self._scope, Rest(Why.ACCESS, now + rules.pause, reason, noted_at=now))
            case NotDone(reason) | Uncertain(reason):
                before = self._rests.find(channel.name, Why.BREAKER)
                failures = 1 + (before.failures if before else 0)
                until = rest_after(failures, now, first=rules.first, longest=rules.longest)
                await self._rests.keep(self._scope, Rest(Why.BREAKER, until, reason, noted_at=now, failures=failures))
            case _:
                await self._rests.end(self._scope, Why.BREAKER, Why.ACCESS)
        if isinstance(outcome, Done) and outcome.receipt.rests_until is not None:
            until = min(outcome.receipt.rests_until, now + LONGEST_REST)
            used_up = Rest(Why.LIMIT, until, "the limit is used up", noted_at=now)
            await self._rests.keep(account_scope(channel), used_up)

    def _note_outage(self, chosen: Turn | None) -> None:
        """A channel that rests since before this process began is out of use as well."""
        if chosen is None or self.outage is not None or chosen.why not in (Why.BREAKER, Why.ACCESS):
            return
        rest = self._rests.find(self.channel.name, chosen.why)
        if rest is not None:
            self.outage = NotDone(rest.words, is_paused=chosen.why is Why.ACCESS)

    async def _opened(self) -> bool:
        if self._is_open:
            return True
        outcome: Outcome
        try:
            async with self._attempts.limit():
                await self.channel.open()
        except NetworkError as error:
            log.warning("channel_unavailable", channel=self.channel.name, reason=str(error))
            outcome = outcome_of(error, is_repeatable=True, now=self._clock())
        except Exception as error:  # the edge of one channel: without a rest it would be tried again at once
            log.exception("channel_failed", channel=self.channel.name)
            outcome = NotDone(f"could not be opened: {type(error).__name__}")
        else:
            self._is_open = True
            return True
        await self._learn(outcome)
        return False

    def _wait_s(self) -> float:
        """How long there is nothing to do, as far as the last look tells."""
        now = self._clock()
        if self._outlook is None or (self._in_work and not self._may_send_beside()):
            return LONGEST_NAP_S
        chosen = self._turn_in(self._outlook, now)
        return LONGEST_NAP_S if chosen is None else max(0.0, (chosen.at - now).total_seconds())

    async def _nap(self, seconds: float, stop: asyncio.Event) -> None:
        """Sleep until woken, stopped or the time has come."""
        waits = [asyncio.ensure_future(self.wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=max(seconds, 0.01), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
