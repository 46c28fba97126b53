"""What stands in the way of a delivery: another account, its item's own file, or a page that is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from syndicate.draft import DraftRules
from syndicate.findings import names_of
from syndicate.items.item import Item
from syndicate.log import log
from syndicate.lookout import Lookout
from syndicate.outbox.delivery import Delivery, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import opted_out_of
from syndicate.outbox.reasons import Reason
from syndicate.ports.channel import Channel
from syndicate.ports.outbox import Event, Outbox
from syndicate.posts.card import card_of, image_of
from syndicate.posts.post import Wants
from syndicate.sharepages import SharePages


class Gate:
    """Looks before each attempt of one channel whether it may be made now. Without `pages` none is looked at."""

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        rules: DraftRules,
        pages: SharePages | None,
        lookout: Lookout,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._channel = channel
        self._outbox = outbox
        self._rules = rules
        self._pages = pages
        self._lookout = lookout
        self._clock = clock

    async def turn_back(self, delivery: Delivery) -> Step | None:
        """What becomes of a delivery that may not even be attempted now; None: it may."""
        if delivery.account == self._channel.account:
            return await self._lookout.hold_up(delivery)
        # Planned for the account that the channel led to before: nothing is sent or looked up at another one.
        change = f"target changed: planned for {delivery.account}, the channel leads to {self._channel.account}"
        remedy = "drop it, and `syndicate backfill` plans it for the new account"
        return Step(
            State.HELD,
            f"{change}; {remedy}",
            self._clock(),
            delivery.failures,
            is_unclear=delivery.is_unclear,
            code=Reason.OTHER_ACCOUNT,
        )

    async def hold_up(self, delivery: Delivery, item: Item) -> Step | None:
        """What becomes of the delivery instead of being posted now; None: it may be posted."""
        opted_out = opted_out_of(item, self._channel.name, self._channel.network)
        if opted_out is not None:  # since it was planned
            return Step(State.SKIPPED, opted_out, self._clock(), code=Reason.OPTED_OUT)
        if delivery.code is Reason.SEND_AGAIN:  # a person decided
            return None
        url = None if self._pages is None else page_of(item, self._channel.wants, self._rules)
        return None if url is None else await self._waited(delivery, item, url)

    async def hold_up_issue(self, delivery: Delivery, parts: Sequence[Item | None]) -> Step | None:
        """What becomes of a digest of these parts instead of being posted now; None: it may be posted."""
        return await self._lookout.hold_up_for(delivery, parts)

    def all_that_may(self, parts: Sequence[Item | None]) -> list[Item]:
        """Those of a digest's items that do not opt out."""
        name, network = self._channel.name, self._channel.network
        return [item for item in parts if item is not None and opted_out_of(item, name, network) is None]

    async def _waited(self, delivery: Delivery, item: Item, url: str) -> Step | None:
        """A step as long as the page is not there, but for no longer than the rules say."""
        assert self._pages is not None
        look = await self._pages.look(url, item.revision)
        if look is None or look.trouble is None:
            return None
        now, rules = self._clock(), self._pages.rules
        since = _waits_since(await self._outbox.history(delivery.uid)) or now
        reason = f"page not there yet: {look.trouble}"
        if now - since < rules.patience:
            due = min(look.again, since + rules.patience)
            return Step(State.PLANNED, reason, due, delivery.failures, code=Reason.PAGE_MISSING)
        if rules.policy == "hold":
            return Step(State.HELD, reason, now, delivery.failures, code=Reason.PAGE_MISSING)
        log.warning("page_missing", **names_of(delivery), url=url, reason=look.trouble)
        return None


def page_of(item: Item, wants: Wants, rules: DraftRules) -> str | None:
    """The page that the network makes its card of; None where it is told all, or shows a picture instead."""
    has_picture = wants.image is not None and image_of(item, rules.wording_of(item)) is not None
    return card_of(item, rules.cards).url if wants.reads_page and not has_picture else None


def _waits_since(history: Sequence[Event]) -> datetime | None:
    """When the wait began that the delivery is in."""
    since = None
    for event in reversed(history):
        if event.code is not Reason.PAGE_MISSING:
            break
        since = event.at
    return since
