"""Card images on the shelf: which there must be, which are still missing, and drawing those one after the other.

Pages are written first and name their cards by what goes into them. The cards of items that are to be posted follow
before their posts are planned, since networks fetch them with the post; the others at once, newest items first.
Whatever a stop leaves undrawn is missing from the shelf, and so the next pass finds it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from syndicate.errors import ImageUnusable
from syndicate.log import log
from syndicate.posts.cardimage import card_image_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from syndicate.items.item import Item
    from syndicate.ports.content import Painter
    from syndicate.ports.shelf import Shelf
    from syndicate.posts.cardimage import CardImage, CardLook


MANY: Final = 10
"""So many missing cards are told before they are drawn."""

PROGRESS: Final = 250
"""So many cards after another are told as one event."""


class Gallery:
    """The cards of one shelf; `expect` says after each pass which there must be, `draw` makes those that are not."""

    def __init__(self, shelf: Shelf, painter: Painter, look: CardLook) -> None:
        self._shelf = shelf
        self._painter = painter
        self._look = look
        self._named: dict[str, tuple[Item, CardImage | None]] = {}
        self._missing: deque[CardImage] = deque()
        self._standing: frozenset[str] = frozenset()
        self._told: set[str] = set()
        self._hanging = asyncio.Lock()

    @property
    def missing(self) -> int:
        """How many cards are not drawn yet."""
        return len(self._missing)

    def expect(
        self, items: Mapping[str, Item], former: frozenset[str], *, only: Collection[str] | None = None
    ) -> frozenset[str]:
        """The paths of all cards of these items, whether they are drawn yet or not.

        Args:
            items: all that are visible, by id.
            former: what stands on the shelf now.
            only: ids of all items that may differ from those of the last call, if that is known.
        """
        # Names of items that did not change are kept: making them for 10,000 costs a second.
        named = {} if only is None else dict(self._named)
        for item_id in items if only is None else only:
            item = items.get(item_id)
            if item is None:
                named.pop(item_id, None)
            else:
                named[item_id] = item, self._card(item)
        self._named = named
        self._standing = frozenset(path for _, card in named.values() if card is not None for path in card.paths)
        self._miss(former)
        return self._standing

    def doubt(self) -> None:
        """All that there must be is drawn again, as what stands may be damaged though it does not show."""
        self._miss(frozenset())

    def _miss(self, former: frozenset[str]) -> None:
        named = self._named.values()
        undrawn = [one for one in named if one[1] is not None and not former.issuperset(one[1].paths)]
        undrawn.sort(key=lambda one: (one[0].published, one[0].id), reverse=True)
        self._missing = deque({card.jpeg: card for _, card in undrawn if card is not None}.values())

    async def draw(self, *, most: int | None = None) -> int:
        """Draw what is missing, at most so many cards; gives how many stand on the shelf now that did not before.

        Several may draw at the same time, and it may be stopped at any point.

        Raises:
            CannotWrite: the shelf takes no more; the rest is still missing.
        """
        begun, drawn, tried = time.monotonic(), 0, 0
        if most is None:
            _tell_many(self.missing)
        while self._missing and (most is None or tried < most):
            async with self._hanging:
                if not self._missing:  # whoever drew in the meantime drew all
                    break
                tried += 1
                drawn += await self._hang(self._missing.popleft())
            if tried % PROGRESS == 0:
                log.info("cards_drawn", cards=tried, missing=self.missing, took_ms=_since(begun))
        if tried % PROGRESS:
            log.info("cards_drawn", cards=tried, missing=self.missing, took_ms=_since(begun))
        return drawn

    async def draw_of(self, ids: Iterable[str]) -> int:
        """Draw what is missing of these items before all others; gives how many cards were drawn.

        When it ends, each of their cards stands on the shelf, unless it cannot be drawn.

        Raises:
            CannotWrite: the shelf takes no more.
        """
        named = (self._named.get(item_id) for item_id in ids)
        wanted = {one[1].jpeg for one in named if one is not None and one[1] is not None}
        begun, drawn = time.monotonic(), 0
        async with self._hanging:
            first = [card for card in self._missing if card.jpeg in wanted]
            _tell_many(len(first))
            for card in first:
                self._missing.remove(card)
                drawn += await self._hang(card)
        if first:
            log.info("cards_drawn", cards=len(first), missing=self.missing, took_ms=_since(begun))
        return drawn

    def _card(self, item: Item) -> CardImage | None:
        known = self._named.get(item.id)
        return known[1] if known is not None and known[0] is item else card_image_of(item, self._look)

    async def _hang(self, card: CardImage) -> bool:
        """Draw one card and put it on the shelf; whatever befalls it costs this card only."""
        try:
            painted = await self._painter.paint(card)
        except ImageUnusable as error:
            log.warning("card_not_drawn", card=card.jpeg, reason=str(error))
            return False
        except Exception:  # the edge of one card: an unforeseen image must not cost the others theirs
            log.exception("card_not_drawn", card=card.jpeg)
            return False
        if painted.unusable:
            log.warning("card_image_unusable", card=card.jpeg, reason=painted.unusable)
        for script in painted.missing:
            if script not in self._told:
                self._told.add(script)
                log.warning("card_script_missing", script=script)
        if card.jpeg not in self._standing:  # a pass in between found that nobody names it any more
            return False
        await asyncio.to_thread(self._put, card.paths, (painted.jpeg, painted.webp))
        return True

    def _put(self, paths: tuple[str, str], files: tuple[bytes, bytes]) -> None:
        for path, content in zip(paths, files, strict=True):
            self._shelf.put(path, content)


def _tell_many(cards: int) -> None:
    """Many take their time, in which nothing else is told."""
    if cards >= MANY:
        log.info("cards_missing", cards=cards)


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
