"""What was perhaps sent without our knowing, as the state was lost or put back: looked up before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from syndicate.draft import DraftRules
from syndicate.items.item import Item
from syndicate.items.links import TRACKING, link_key
from syndicate.outbox.delivery import Action, Delivery, State
from syndicate.outbox.outcome import READS_TO_BE_SURE, Step
from syndicate.outbox.reasons import Reason
from syndicate.ports.channel import Channel
from syndicate.ports.outbox import Doubt, Outbox, Sighting
from syndicate.posts.card import CardRules, card_of

CLOCKS_DIFFER = timedelta(minutes=5)
"""By so much a network's clock may be behind ours."""

LOOK = "the state was put back from a copy: looked up before it is sent"
HOLD = (
    "the state was put back from a copy, so it may have been sent, and this network cannot be asked: look there, "
    "then say sent or send"
)


@dataclass(frozen=True, slots=True)
class Word:
    """What becomes of a delivery in doubt instead of being sent.

    `is_last`: the doubt ends with it (see `Outbox.believe`), once it is written. `is_look`: it has to be looked up by
    what would be sent, which must be composed if it is not yet.
    """

    step: Step
    is_last: bool = False
    is_look: bool = False


class Doubts:
    """What one channel does about deliveries that are in doubt.

    Where own posts can be listed, they are read twice, and whatever is found there is settled. Where a post can be
    looked up alone, that is done. A network that knows every key for ever is simply told again. Else a person decides.
    """

    def __init__(self, channel: Channel, outbox: Outbox, rules: DraftRules, clock: Callable[[], datetime]) -> None:
        self._channel = channel
        self._outbox = outbox
        self._cards = rules.cards
        self._tracking = rules.tracking
        self._clock = clock

    async def seen(self, delivery: Delivery, item: Item) -> Word | None:
        """SENT, if a post of the item was seen there, by adoption or after a restore."""
        if delivery.action is not Action.POST:
            return None
        keys = addresses_of(item, self._cards, self._tracking)
        receipt = await self._outbox.sighted(delivery.channel, delivery.account, keys)
        if receipt is None:
            return None
        return Word(
            Step(State.SENT, "adopted: it stands there already", self._clock(), receipt=receipt, code=Reason.ADOPTED),
            is_last=True,
        )

    async def ask(self, delivery: Delivery, item: Item) -> Word | None:
        """What becomes of a delivery in doubt; None: nothing, it may be sent.

        Raises:
            NetworkError: the channel's posts could not be read.
        """
        doubt = await self._outbox.doubt(delivery.channel)
        if doubt is None or self._is_harmless(delivery) or item.published > doubt.until:
            await self._outbox.believe(delivery.channel, delivery.uid)
            return None
        if self._channel.is_listable and delivery.action is Action.POST:
            return await self._list(delivery, item, doubt)
        if self._channel.guarantee.is_readable:
            step = Step(
                State.UNKNOWN,
                LOOK,
                self._clock(),
                delivery.failures,
                is_unclear=True,
                is_key_spent=True,
                code=Reason.DOUBTED,
            )
            return Word(step, is_last=True, is_look=True)
        return Word(
            Step(State.HELD, HOLD, self._clock(), delivery.failures, is_unclear=True, code=Reason.DOUBTED), is_last=True
        )

    def _is_harmless(self, delivery: Delivery) -> bool:
        """Whether sending it twice makes no second post."""
        guarantee = self._channel.guarantee
        is_keyed = guarantee.key_window == timedelta.max and not guarantee.is_readable
        match delivery.action:
            case Action.EDIT | Action.DELETE:
                return True
            case Action.POST | Action.REPLY:
                return self._channel.is_rehearsal or is_keyed
            case _:
                assert_never(delivery.action)

    async def _list(self, delivery: Delivery, item: Item, doubt: Doubt) -> Word | None:
        """Read the channel's posts when it is time; the second reading settles the whole channel."""
        now, settle = self._clock(), self._channel.guarantee.settle
        due = max(doubt.due, doubt.until + settle)  # what was on its way at that time shows by then
        if now < due:
            await self._outbox.look_again(delivery.channel, due, doubt.readings)
            return self._later(delivery, due)
        seen = await sightings(self._channel, doubt.since - CLOCKS_DIFFER, self._tracking)
        await self._outbox.see(delivery.channel, delivery.account, seen, (), now)
        readings = doubt.readings + 1
        if readings < READS_TO_BE_SURE:
            await self._outbox.look_again(delivery.channel, now + settle, readings)
        else:
            await self._outbox.believe(delivery.channel)
        found = await self.seen(delivery, item)
        if found is not None or readings >= READS_TO_BE_SURE:
            return found
        return self._later(delivery, now + settle)

    @staticmethod
    def _later(delivery: Delivery, due: datetime) -> Word:
        """As it was, at that time."""
        state = State.UNKNOWN if delivery.is_unclear else State.PLANNED
        kept = (delivery.failures, delivery.readings)
        is_unclear, is_key_spent = delivery.is_unclear, delivery.is_key_spent
        return Word(
            Step(state, LOOK, due, *kept, is_unclear=is_unclear, is_key_spent=is_key_spent, code=Reason.DOUBTED)
        )


def addresses_of(item: Item, cards: CardRules, tracking: Sequence[str] = TRACKING) -> tuple[str, ...]:
    """The keys of every link that a post of the item may carry, whatever the parameters that only track are."""
    links = [item.link, item.page]
    if any(links):
        links.append(card_of(item, cards).url)
    return tuple(dict.fromkeys(link_key(link, tracking) for link in links if link))


async def sightings(channel: Channel, since: datetime, tracking: Sequence[str] = TRACKING) -> list[Sighting]:
    """Our posts on a channel since then, one for each link and post; for one link the oldest post comes first.

    Raises:
        NetworkError: they could not be read.
    """
    posts = [post async for post in channel.recent(since)]
    return [Sighting(link_key(link, tracking), post.receipt) for post in reversed(posts) for link in post.links]
