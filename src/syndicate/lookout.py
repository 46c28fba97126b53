"""Whether what is kept of an item may be posted: not if it is damaged, or may differ from its file by now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from syndicate.items.item import Item
from syndicate.outbox.delivery import Delivery, Origin, State
from syndicate.outbox.edits import LEFT
from syndicate.outbox.outcome import Step
from syndicate.outbox.reasons import Reason
from syndicate.ports.content import Store
from syndicate.ports.outbox import Outbox

DAMAGED = "what is kept of its item is damaged: the next pass reads the file again"
CHANGED = "its file may be another one by now, or gone: waits for the first pass"


class Lookout:
    """Lanes begin before the first pass has looked at the store: until then each item's own file is looked at.

    `passes` counts those that went well. `rules` is the digest of what files are read by. Without a `store` what is
    kept is taken for true.
    """

    def __init__(
        self, outbox: Outbox, clock: Callable[[], datetime], *, store: Store | None = None, rules: str = ""
    ) -> None:
        self.passes = 0
        self._outbox = outbox
        self._clock = clock
        self._store = store
        self._rules = rules

    def passed(self) -> None:
        """A pass went well: what is kept is what stands in the store."""
        self.passes += 1

    async def hold_up(self, delivery: Delivery) -> Step | None:
        """What becomes of a delivery that has to wait for a pass; None: it need not."""
        if delivery.state is State.UNKNOWN:  # what may be out there is settled as it was sent
            return None
        if delivery.is_damaged:
            return self._left(delivery, DAMAGED)
        if delivery.revision == LEFT:  # what is said or done of items that left: it may be back
            return None if self._is_over else self._left(delivery, CHANGED)
        return None if delivery.current is None else await self.hold_up_for(delivery, (delivery.current,))

    async def hold_up_for(self, delivery: Delivery, items: Iterable[Item | None]) -> Step | None:
        """The same for one that tells of these items; None among them stands for one that is damaged."""
        for item in items:
            if item is None:
                return self._left(delivery, DAMAGED)
            if not await self._stands(item):
                return self._left(delivery, CHANGED)
        return None

    @property
    def _is_over(self) -> bool:
        return self._store is None or self.passes > 0

    async def _stands(self, item: Item) -> bool:
        """Whether the item is surely as it was accepted, and visible."""
        if self._store is None or self.passes > 0:
            return True
        if item.expires is not None and item.expires <= self._clock():
            return False
        stamp = await self._outbox.stamp(item.path, self._rules)
        return stamp is not None and await asyncio.to_thread(self._store.stands, item.path, stamp)

    def _left(self, delivery: Delivery, reason: str) -> Step:
        """It stays as it was, and where: but the claim of a late backfill made the others wait for it."""
        due = delivery.due if delivery.origin is Origin.LIVE else max(delivery.due, self._clock())
        return Step(
            State.PLANNED,
            reason,
            due,
            delivery.failures,
            delivery.readings,
            is_unclear=delivery.is_unclear,
            is_key_spent=delivery.is_key_spent,
            code=Reason.UNREAD,
        )
