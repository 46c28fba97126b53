"""Carries what the outbox owes to one channel: claim, compose, freeze, send, settle; one lane a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from syndicate.draft import DraftRules, draft, post_of
from syndicate.errors import LostClaim, NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.items.item import Item
from syndicate.outbox.delivery import (
    WITHDRAWN,
    Absent,
    Delivery,
    Done,
    NotDone,
    Outcome,
    Refused,
    Remedy,
    RetryPolicy,
    State,
    Step,
    Uncertain,
    after,
    may_repeat_key,
    orphaned,
    remedy_for,
)
from syndicate.ports import Channel, Images, Outbox
from syndicate.posts.post import Picture

log = structlog.get_logger()

FROZEN_FOR = timedelta(hours=1)
"""A payload that was proven unsent is composed anew after this long: uploaded images do not live for ever."""

CLOCK_STEP = timedelta(minutes=1)
"""By so much a clock may be set back without any wait being cut short."""

LONGEST_NAP_S = 5.0
"""A lane looks at least this often, as another process may have planned something (backfill, held resolve)."""


@dataclass(frozen=True, slots=True)
class LaneRules:
    """How one channel's posts are made and paced.

    `longest_call`: adapters have limits of their own; this one is for those that forget a case, as a call that never
    ends would stop the lane for good.
    """

    drafts: DraftRules
    gap: timedelta = timedelta(0)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    longest_call: timedelta = timedelta(minutes=5)


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
        self._images = images
        self._rules = rules
        self._owner = owner
        self._clock = clock
        self._chance = chance
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
                settled = Settled(delivery, await self._attend(delivery))
            except LostClaim:
                log.warning("claim_lost", **_names(delivery))
        self._is_tidy = True  # not after another error: what was in work is then looked at anew
        return settled

    async def _tidy(self, now: datetime) -> None:
        """Take up what a dead publisher, or an error in this one (a full disk), left in work."""
        for orphan in await self._outbox.orphans(self.channel.name):
            step = orphaned(orphan, now=now, guarantee=self.channel.guarantee, retry=self._rules.retry)
            await self._outbox.settle(orphan, step, now)
            log.warning("delivery_recovered", **_names(orphan), state=step.state.value, reason=step.reason)
        self._is_tidy = True

    async def _attend(self, delivery: Delivery) -> Step:
        if delivery.account != self.channel.account:
            return await self._hold(delivery)
        if delivery.state is not State.UNKNOWN:
            return await self._post(delivery)
        match remedy_for(delivery, self.channel.guarantee, self._clock()):
            case Remedy.REPEAT:
                return await self._send(delivery)
            case Remedy.READ_BACK:
                return await self._settle(delivery, await self._read_back(delivery))
            case Remedy.HOLD:
                return await self._settle(delivery, Uncertain(delivery.reason), is_local=True)

    async def _hold(self, delivery: Delivery) -> Step:
        """Planned for the account that the channel led to before: nothing is sent or looked up at another one."""
        now = self._clock()
        change = f"target changed: planned for {delivery.account}, the channel leads to {self.channel.account}"
        remedy = "drop it, and `syndicate backfill` plans it for the new account"
        step = Step(State.HELD, f"{change}; {remedy}", now, delivery.failures, is_unclear=delivery.is_unclear)
        await self._outbox.settle(delivery, step, now)
        _log_step(delivery, step)
        return step

    async def _post(self, delivery: Delivery) -> Step:
        item = await self._outbox.item(delivery.item_id)
        if item is None:
            return await self._write(delivery, Step(State.SKIPPED, WITHDRAWN, self._clock()))
        if delivery.frozen_at is not None and self._clock() - delivery.frozen_at < FROZEN_FOR:
            return await self._send(delivery)
        try:
            async with self._limit():
                frozen = await self._compose(delivery, item)
        except NetworkError as error:
            return await self._settle(delivery, _outcome(error, is_repeatable=True))
        except ValueError as error:  # not even the link fits: the same post never will; an edit tries again
            return await self._settle(delivery, Refused(f"cannot be composed: {error}"[:300]), is_local=True)
        except Exception as error:  # a post that cannot be made must not stop the lane
            log.exception("compose_failed", **_names(delivery))
            failed = NotDone(f"could not be composed: {type(error).__name__}")
            return await self._settle(delivery, failed, is_local=True)
        return await self._send(frozen)

    def _limit(self) -> asyncio.Timeout:
        return asyncio.timeout(self._rules.longest_call.total_seconds())

    async def _compose(self, delivery: Delivery, item: Item) -> Delivery:
        wants, rules = self.channel.wants, self._rules.drafts
        made = await draft(item, wants, rules, self._images)
        if made.missing is not None:
            log.warning("image_left_out", **_names(delivery), reason=made.missing)
        media = await self._upload(delivery, made.picture) if made.picture is not None else None
        post = post_of(made, wants, rules, has_picture=media is not None)
        key = delivery.key or self.channel.key_of(delivery.uid, delivery.generation, item.published)
        return replace(delivery, payload=self.channel.freeze(post, media, key, self._clock()), key=key)

    async def _upload(self, delivery: Delivery, picture: Picture) -> str | None:
        try:
            return await self.channel.upload(picture)
        except (Rejected, Transient, Unknown) as error:  # a failing image costs the image, not the post
            is_worth_another_try = delivery.failures < self._rules.retry.most_failures // 2
            if is_worth_another_try and not isinstance(error, Rejected):
                raise
            log.warning("image_left_out", **_names(delivery), reason=str(error))
            return None

    async def _send(self, composed: Delivery) -> Step:
        """Durable intent, then one try; `composed` carries payload and key."""
        assert composed.payload is not None and composed.key is not None
        delivery = await self._outbox.freeze(composed, composed.payload, composed.key, self._clock())
        if delivery.is_unclear and not may_repeat_key(delivery, self.channel.guarantee, self._clock()):
            # The machine slept since the remedy was chosen, and the network may have forgotten the key by now.
            return await self._settle(delivery, Uncertain("too late to repeat the key"), is_local=True)
        outcome: Outcome
        try:
            async with self._limit():
                outcome = Done(await self.channel.publish(composed.payload, composed.key))
        except NetworkError as error:
            outcome = _outcome(error, is_repeatable=False)
        except Exception as error:  # the edge of one delivery: what is not proven is unknown
            log.exception("publish_failed", **_names(delivery))
            outcome = Uncertain(f"unexpected {type(error).__name__}")
        return await self._settle(delivery, outcome)

    async def _read_back(self, delivery: Delivery) -> Outcome:
        since = delivery.first_sent_at or delivery.due
        try:
            async with self._limit():
                receipt = await self.channel.find(delivery.payload or b"", delivery.key or "", since)
        except NetworkError as error:
            return _outcome(error, is_repeatable=True)
        except Exception as error:  # the edge of one reading
            log.exception("read_back_failed", **_names(delivery))
            return NotDone(f"could not be looked up: {type(error).__name__}")
        return Absent() if receipt is None else Done(receipt)

    async def _settle(self, delivery: Delivery, outcome: Outcome, *, is_local: bool = False) -> Step:
        """Write what the outcome makes of the delivery; one that is local says nothing about the network."""
        now = self._clock()
        rules = self._rules.retry
        guarantee = self.channel.guarantee
        step = after(delivery, outcome, now=now, guarantee=guarantee, retry=rules, jitter=self._chance())
        await self._write(delivery, step)
        if not is_local:
            await self._rest_after(outcome, now)
        return step

    async def _write(self, delivery: Delivery, step: Step) -> Step:
        await self._outbox.settle(delivery, step, self._clock())
        _log_step(delivery, step)
        return step

    async def _rest_after(self, outcome: Outcome, now: datetime) -> None:
        """After a failure of the network, the whole lane waits: the next post would fail as well."""
        rules = self._rules.retry
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
        self._rests_until = now + min(self._rules.retry.first * doublings, self._rules.retry.longest)

    async def _opened(self) -> bool:
        if self._is_open:
            return True
        outcome: Outcome
        try:
            async with self._limit():
                await self.channel.open()
        except NetworkError as error:
            log.warning("channel_unavailable", channel=self.channel.name, reason=str(error))
            outcome = _outcome(error, is_repeatable=True)
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
        gap, retry = self._rules.gap, self._rules.retry
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


def _outcome(error: NetworkError, *, is_repeatable: bool) -> Outcome:
    """What an error proves. Of a repeatable step (upload, reading, session) even an unknown end proves no post."""
    match error:
        case RateLimited():
            return NotDone(str(error), until=error.until)
        case Unauthorized():
            return NotDone(str(error), is_paused=True)
        case Unknown() if not is_repeatable:
            return Uncertain(str(error))
        case Rejected() if not is_repeatable:
            return Refused(str(error), is_stale_media=error.is_stale_media)
        case _:
            return NotDone(str(error))


def _names(delivery: Delivery) -> dict[str, str]:
    return {"channel": delivery.channel, "item": delivery.item_id, "uid": delivery.uid}


def _log_step(delivery: Delivery, step: Step) -> None:
    names = _names(delivery)
    match step.state:
        case State.SENT:
            url = step.receipt.url if step.receipt else None
            log.info("delivered", **names, attempt=delivery.attempts, url=url, how=step.reason)
        case State.SKIPPED:
            log.info("delivery_skipped", **names, reason=step.reason)
        case State.HELD | State.FAILED | State.DEAD:
            log.error("delivery_stopped", **names, state=step.state.value, reason=step.reason)
        case _:
            log.warning("delivery_postponed", **names, state=step.state.value, reason=step.reason, due=str(step.due))
