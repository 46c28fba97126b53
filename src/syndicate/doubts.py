"""What was perhaps sent without our knowing, as the state was lost or put back: looked up before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct

from syndicate.draft import DraftRules
from syndicate.items.item import Item
from syndicate.items.links import TRACKING, link_key
from syndicate.outbox.delivery import Action, Delivery, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.reasons import Reason
from syndicate.ports.channel import Channel
from syndicate.ports.outbox import Outbox
from syndicate.posts.card import CardRules, card_of

CLOCKS_DIFFER = timedelta(minutes=5)
"""By so much a network's clock may be behind ours."""

LOOK = "the state was put back from a copy: looked up before it is sent"
HOLD = (
    "the state was put back from a copy, so it may have been sent, and this network cannot be asked: look there, "
    "then say sent or send"
)


class Word(Struct, frozen=True):
    """What becomes of a delivery in doubt instead of being sent.

    `is_last`: the doubt ends with it (see `Outbox.believe`), once it is written. `is_look`: it has to be looked up by
    what would be sent, which must be composed if it is not yet.
    """

    step: Step
    is_last: bool = False
    is_look: bool = False


class Doubts:
    """What one channel does about deliveries that are in doubt.

    Where a post can be looked up, that is done, by what it would say. A network that knows every key for ever is simply
    told again. Else a person decides.
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


def addresses_of(item: Item, cards: CardRules, tracking: Sequence[str] = TRACKING) -> tuple[str, ...]:
    """The keys of every link that a post of the item may carry, whatever the parameters that only track are."""
    links = [item.link, item.page]
    if any(links):
        links.append(card_of(item, cards).url)
    return tuple(dict.fromkeys(link_key(link, tracking) for link in links if link))
