"""What is done about one claimed delivery: compose, freeze, send, look up, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct, field, structs
from msgspec.structs import replace

from syndicate.amend import parent_of
from syndicate.doubts import Doubts
from syndicate.draft import DraftRules, draft, issue_of, may_go_bare, pictureless, post_of
from syndicate.errors import NetworkError, Rejected, Transient, Unknown
from syndicate.findings import log_step, names_of, outcome_of
from syndicate.gate import Gate
from syndicate.items.item import Item
from syndicate.log import log
from syndicate.lookout import Lookout
from syndicate.outbox.delivery import Action, Delivery, Receipt, Remedy, State, remedy_for
from syndicate.outbox.edits import LEFT, returned
from syndicate.outbox.issues import PREFIX, IssueTimes, next_issue
from syndicate.outbox.outcome import (
    Absent,
    Done,
    NotDone,
    Outcome,
    Refused,
    RetryPolicy,
    Step,
    Uncertain,
    after,
    after_change,
)
from syndicate.outbox.reasons import Reason
from syndicate.ports.channel import Channel
from syndicate.ports.content import Images
from syndicate.ports.outbox import Outbox
from syndicate.posts.post import Picture
from syndicate.sharepages import SharePages

FROZEN_FOR = timedelta(hours=1)
"""A payload that was proven unsent is composed anew after this long: uploaded images do not live for ever."""


class AttemptRules(Struct, frozen=True):
    """How one channel's posts are made and tried; with `issues` all that is new goes out in digests, at these times.

    `longest_call`: adapters have limits of their own; this one is for those that forget a case, as a call that never
    ends would stop the lane for good. `pages` looks whether pages are there, for all channels of a process; so does the
    `lookout`, whether items still are as they were accepted.
    """

    drafts: DraftRules
    issues: IssueTimes | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    longest_call: timedelta = timedelta(minutes=5)
    pages: SharePages | None = None
    lookout: Lookout | None = None


class Attempted(Struct, frozen=True):
    """What became of a delivery; `outcome` is None where it says nothing about the network."""

    step: Step
    outcome: Outcome | None = None


class Attempts:
    """One channel's way from a claimed delivery to a settled one. `chance` gives 0 to 1 for jitter.

    `silent_until` tells whether the network asked to wait since the delivery was claimed, another lane perhaps.
    """

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        images: Images,
        rules: AttemptRules,
        *,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        silent_until: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self.channel = channel
        self._outbox = outbox
        self._images = images
        self._rules = rules
        self._clock = clock
        self._chance = chance
        self._silent_until = silent_until
        self._doubts = Doubts(channel, outbox, rules.drafts, clock)
        lookout = rules.lookout or Lookout(outbox, clock)
        self._gate = Gate(channel, outbox, rules.drafts, rules.pages, lookout, clock=clock)

    async def attend(self, delivery: Delivery) -> Attempted:
        """One attempt or reading of a claimed delivery, settled.

        Raises:
            LostClaim: it is no longer ours; nothing was written.
        """
        if (step := await self._gate.turn_back(delivery)) is not None:
            return await self._write(delivery, step)
        if delivery.action is Action.POST and (settled := await self._known_to_stand(delivery)) is not None:
            return settled
        if delivery.action is Action.REPLY and delivery.is_doubted:
            reason = "may have been said before the state was put back from a copy"
            step = Step(State.HELD, reason, self._clock(), is_unclear=delivery.is_unclear, code=Reason.DOUBTED)
            return await self._end_doubt(delivery, step, is_last=True)
        if delivery.state is not State.UNKNOWN:
            return await (self._post(delivery) if delivery.action is Action.POST else self._amend(delivery))
        match self._remedy_for(delivery):
            case Remedy.REPEAT | Remedy.ASK_AGAIN:
                return await self._send(delivery)
            case Remedy.READ_BACK:
                return await self._settle(delivery, await self._read_back(delivery))
            case Remedy.HOLD:
                return await self._settle(_spent(delivery), Uncertain(delivery.reason), is_local=True)

    def _remedy_for(self, delivery: Delivery) -> Remedy:
        """How to settle what is unclear, by the latest that it may be: clocks may have been set back."""
        latest = self._outbox.latest(self._clock(), delivery.first_sent_at)
        return remedy_for(delivery, self.channel.guarantee, latest)

    async def _known_to_stand(self, delivery: Delivery) -> Attempted | None:
        """What a post that was seen there, or a doubt about one, makes of the delivery; None: go on."""
        item = delivery.current
        if item is None or not (delivery.may_stand or delivery.is_doubted):
            return None
        try:
            word = await self._doubts.seen(delivery, item)
            if word is None and delivery.is_doubted:
                async with self.limit():
                    word = await self._doubts.ask(delivery, item)
        except NetworkError as error:
            return await self._settle(delivery, outcome_of(error, is_repeatable=True, now=self._clock()))
        except Exception as error:  # the edge of one look
            log.exception("read_back_failed", **names_of(delivery))
            failed = NotDone(f"could not be looked up: {type(error).__name__}")
            return await self._settle(delivery, failed, is_local=True)
        if word is None:
            return None
        if word.is_look and delivery.payload is None:
            return await self._compose_for_look(delivery, item, word.step)
        return await self._end_doubt(delivery, word.step, is_last=word.is_last)

    async def _compose_for_look(self, delivery: Delivery, item: Item, step: Step) -> Attempted:
        """Freeze what would be sent, as networks find a post by its contents; it is not sent."""
        try:
            async with self.limit():
                composed = await self._compose(delivery, item)
        except Rejected as error:
            return await self._settle(delivery, Refused(str(error), is_stale_media=error.is_stale_media))
        except NetworkError as error:
            return await self._settle(delivery, outcome_of(error, is_repeatable=True, now=self._clock()))
        except ValueError as error:
            refused = Refused(f"cannot be composed: {error}"[:300], code=Reason.CANNOT_COMPOSE)
            return await self._settle(delivery, refused, is_local=True)
        if isinstance(composed, Step):
            return await self._write(delivery, composed)
        doubt = await self._outbox.doubt(delivery.channel)
        since = composed.first_sent_at or (doubt.since if doubt is not None else delivery.due)
        composed = structs.replace(composed, first_sent_at=since)
        frozen = await self._outbox.freeze(composed, composed.payload or b"", composed.key or "", self._clock())
        return await self._end_doubt(frozen, step, is_last=True)

    async def _end_doubt(self, delivery: Delivery, step: Step, *, is_last: bool) -> Attempted:
        """Written first: a stop in between leaves the doubt, and not a delivery that nobody doubts."""
        written = await self._write(delivery, step)
        if is_last:
            await self._outbox.believe(delivery.channel, delivery.uid)
        return written

    async def _amend(self, delivery: Delivery) -> Attempted:
        """Edit, take away or answer a post that is out."""
        if delivery.revision == LEFT and delivery.current is not None:
            return await self._write(delivery, returned(delivery, self._clock()))
        settle = self.channel.guarantee.settle
        parent = await parent_of(delivery, self._outbox, self._clock(), settle)
        if isinstance(parent, Step):
            return await self._write(delivery, parent)
        match delivery.action:
            case Action.DELETE:
                return await self._set(delivery, partial(self._deleted, parent))
            case Action.EDIT:
                if delivery.current is None:
                    return await self._skip_left(delivery)
                return await self._set(delivery, partial(self._edited, delivery, delivery.current, parent))
            case _:
                return await self._post(delivery, reply_to=parent.remote_id)

    async def _deleted(self, receipt: Receipt) -> Receipt:
        await self.channel.delete(receipt)
        return replace(receipt, at=self._clock())

    async def _edited(self, delivery: Delivery, item: Item, receipt: Receipt) -> Receipt | Step:
        composed = await self._compose(delivery, item)
        if isinstance(composed, Step):
            return composed
        return await self.channel.edit(receipt, composed.payload or b"")

    async def _set(self, delivery: Delivery, call: Callable[[], Awaitable[Receipt | Step]]) -> Attempted:
        """A call that sets a state: an unclear one is repeated, once a late first one must be over."""
        outcome: Outcome
        try:
            async with self.limit():
                done = await call()
            if isinstance(done, Step):
                return await self._write(delivery, done)
            outcome = Done(done)
        except Transient as error:  # so adapters call what may be repeated at will, done or not
            outcome = Uncertain(str(error))
        except NetworkError as error:
            outcome = outcome_of(error, is_repeatable=False, now=self._clock())
        except ValueError as error:
            outcome = Refused(f"cannot be composed: {error}"[:300], code=Reason.CANNOT_COMPOSE)
        except Exception as error:  # the edge of one delivery
            log.exception("amend_failed", **names_of(delivery))
            outcome = Uncertain(f"unexpected {type(error).__name__}")
        retry, guarantee = self._rules.retry, self.channel.guarantee
        step = after_change(
            delivery, outcome, now=self._clock(), guarantee=guarantee, retry=retry, jitter=self._chance()
        )
        await self._write(delivery, step)
        return Attempted(step, outcome)

    async def _skip_left(self, delivery: Delivery) -> Attempted:
        step = Step(State.SKIPPED, "its item left the store", self._clock(), code=Reason.WITHDRAWN)
        return await self._write(delivery, step)

    async def _post(self, delivery: Delivery, *, reply_to: str | None = None) -> Attempted:
        if delivery.item_id.startswith(PREFIX):
            return await self._post_issue(delivery)
        if self._rules.issues is not None and delivery.action is Action.POST:
            due = next_issue(self._rules.issues, self._clock())
            return await self._write(
                delivery, Step(State.PLANNED, "waits for the next digest", due, code=Reason.IN_DIGEST)
            )
        item = delivery.item or delivery.current
        if item is None:
            return await self._skip_left(delivery)
        if delivery.action is Action.POST and (step := await self._gate.hold_up(delivery, item)) is not None:
            return await self._write(delivery, step)
        if delivery.frozen_at is not None and self._clock() - delivery.frozen_at < FROZEN_FOR:
            return await self._send(delivery)
        return await self._sent_when(delivery, self._compose(delivery, item, reply_to))

    async def _post_issue(self, delivery: Delivery) -> Attempted:
        """A digest: its parts were put into it before, those that left the store are not told."""
        if delivery.frozen_at is not None and self._clock() - delivery.frozen_at < FROZEN_FOR:
            return await self._send(delivery)
        parts = await self._outbox.parts(delivery.uid)
        if (step := await self._gate.hold_up_issue(delivery, parts)) is not None:
            return await self._write(delivery, step)
        items = self._gate.all_that_may(parts)
        if not items or self._rules.drafts.digest is None:
            reason = "all its items left the store" if not items else "the channel has no digests any more"
            code = Reason.CANCELLED if items else Reason.WITHDRAWN
            return await self._write(delivery, Step(State.SKIPPED, reason, self._clock(), code=code))
        return await self._sent_when(delivery, self._compose_issue(delivery, items))

    async def _compose_issue(self, delivery: Delivery, items: Sequence[Item]) -> Delivery:
        now = self._clock()
        post = issue_of(delivery.item_id, items, self.channel.wants, self._rules.drafts, now)
        key = delivery.key or self.channel.key_of(delivery.uid, delivery.generation, delivery.due)
        payload = await self.channel.stage(self.channel.freeze(post, None, key, now), key)
        return _composed(delivery, payload, key)

    async def _sent_when(self, delivery: Delivery, composing: Awaitable[Delivery | Step]) -> Attempted:
        try:
            async with self.limit():
                frozen = await composing
        except Rejected as error:  # a step before the post was refused for good
            return await self._settle(delivery, Refused(str(error), is_stale_media=error.is_stale_media))
        except NetworkError as error:
            return await self._settle(delivery, outcome_of(error, is_repeatable=True, now=self._clock()))
        except ValueError as error:  # not even the link fits: the same post never will; an edit tries again
            refused = Refused(f"cannot be composed: {error}"[:300], code=Reason.CANNOT_COMPOSE)
            return await self._settle(delivery, refused, is_local=True)
        except Exception as error:  # a post that cannot be made must not stop the lane
            log.exception("compose_failed", **names_of(delivery))
            failed = NotDone(f"could not be composed: {type(error).__name__}")
            return await self._settle(delivery, failed, is_local=True)
        if isinstance(frozen, Step):
            return await self._write(delivery, frozen)
        return await self._send(frozen)

    def limit(self) -> asyncio.Timeout:
        """How long one call may take, as a context."""
        return asyncio.timeout(self._rules.longest_call.total_seconds())

    async def _compose(self, delivery: Delivery, item: Item, reply_to: str | None = None) -> Delivery | Step:
        """The delivery with payload and key, or its end, where the network takes no post without a picture."""
        wants, rules = self.channel.wants, self._rules.drafts
        if delivery.action is Action.REPLY:  # words alone: the picture stands above it
            wants = replace(wants, image=None, needs_image=False)
            rules = rules.for_answer(has_left=delivery.item is not None)
        made = await draft(item, wants, rules, self._images)
        if delivery.code is Reason.PICTURE_REFUSED and made.is_pictured:
            made = made.bare(delivery.reason)
        if wants.needs_image and not made.is_pictured:
            return self._pictureless(made.missing)
        if made.missing is not None:
            log.warning("image_left_out", **names_of(delivery), reason=made.missing)
        media = made.address
        if made.picture is not None:
            media = await self._upload(delivery, made.picture)
        if wants.needs_image and media is None:
            return self._pictureless("the network did not take the image")
        keeps = delivery.action is Action.EDIT and media is None and made.card.image is not None
        post = post_of(made, wants, rules, has_picture=media is not None)
        if reply_to is not None or keeps:
            post = replace(post, reply_to=reply_to, keeps_picture=keeps)
        key = delivery.key or self.channel.key_of(delivery.uid, delivery.generation, item.published)
        payload = self.channel.freeze(post, media, key, self._clock())
        if delivery.action is not Action.EDIT:
            payload = await self.channel.stage(payload, key)
        return _composed(delivery, payload, key)

    def _pictureless(self, missing: str | None) -> Step:
        """An item without an image is none for this network; one whose image cannot be used is for a person to mend."""
        state = State.SKIPPED if missing is None else State.FAILED
        return Step(state, pictureless(self.channel.network, missing), self._clock(), code=Reason.NEEDS_IMAGE)

    async def _upload(self, delivery: Delivery, picture: Picture) -> str | None:
        try:
            return await self.channel.upload(picture)
        except (Rejected, Transient, Unknown) as error:  # a failing image costs the image, not the post
            is_worth_another_try = delivery.failures < self._rules.retry.most_failures // 2
            if is_worth_another_try and not isinstance(error, Rejected):
                raise
            log.warning("image_left_out", **names_of(delivery), reason=str(error))
            return None

    async def _send(self, composed: Delivery) -> Attempted:
        """Durable intent, then one try; `composed` carries payload and key."""
        assert composed.payload is not None and composed.key is not None
        if (until := self._silent_until()) is not None:
            return await self._settle(composed, NotDone("the network asked to wait", until), is_local=True)
        delivery = await self._outbox.freeze(composed, composed.payload, composed.key, self._clock())
        if delivery.is_unclear and not self._remedy_for(delivery).sends:
            # The machine slept since the remedy was chosen, and the network may have forgotten the key by now.
            return await self._settle(_spent(delivery), Uncertain("too late to repeat the key"), is_local=True)
        outcome: Outcome
        try:
            async with self.limit():
                outcome = Done(await self.channel.publish(composed.payload, composed.key))
        except NetworkError as error:
            outcome = outcome_of(error, is_repeatable=False, now=self._clock())
        except Exception as error:  # the edge of one delivery: what is not proven is unknown
            log.exception("publish_failed", **names_of(delivery))
            outcome = Uncertain(f"unexpected {type(error).__name__}")
        return await self._settle(delivery, outcome)

    async def _read_back(self, delivery: Delivery) -> Outcome:
        since = delivery.first_sent_at or delivery.due
        try:
            async with self.limit():
                receipt = await self.channel.find(delivery.payload or b"", delivery.key or "", since)
        except NetworkError as error:
            return outcome_of(error, is_repeatable=True, now=self._clock())
        except Exception as error:  # the edge of one reading
            log.exception("read_back_failed", **names_of(delivery))
            return NotDone(f"could not be looked up: {type(error).__name__}")
        return Absent() if receipt is None else Done(receipt)

    async def _settle(self, delivery: Delivery, outcome: Outcome, *, is_local: bool = False) -> Attempted:
        """Write what the outcome makes of the delivery; one that is local says nothing about the network."""
        rules = self._rules.retry
        guarantee = self.channel.guarantee
        if isinstance(outcome, Refused):
            item = delivery.item or await self._outbox.item(delivery.item_id)
            may_pass_bare = may_go_bare(item, self.channel.wants, self._rules.drafts)
            outcome = replace(outcome, may_pass_bare=may_pass_bare and delivery.action is not Action.REPLY)
        step = after(delivery, outcome, now=self._clock(), guarantee=guarantee, retry=rules, jitter=self._chance())
        await self._write(delivery, step)
        return Attempted(step, None if is_local else outcome)

    async def _write(self, delivery: Delivery, step: Step) -> Attempted:
        await self._outbox.settle(delivery, step, self._clock())
        log_step(delivery, step)
        return Attempted(step)


def _composed(delivery: Delivery, payload: bytes, key: str) -> Delivery:
    """The delivery with what is to be sent; frozen only if these very bytes are."""
    is_frozen = (payload, key) == (delivery.payload, delivery.key)
    return structs.replace(delivery, payload=payload, key=key, frozen_at=delivery.frozen_at if is_frozen else None)


def _spent(delivery: Delivery) -> Delivery:
    """The delivery with a key that is not repeated any more."""
    return structs.replace(delivery, is_key_spent=True)
