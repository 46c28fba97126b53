"""Cards of items that are posted: each stands on the shelf before anyone can claim the post."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from newsroom import NEWS, SITE, Newsroom
from syndicate.errors import CannotWrite
from syndicate.gallery import Gallery
from syndicate.ingest import Ingest
from syndicate.outbox.delivery import State
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.content import Painted
from syndicate.ports.outbox import Acceptance
from syndicate.posts.cardimage import CardImage, CardLook, card_image_of
from syndicate.shelf.folder import FolderShelf

LOOK = CardLook(brand="Marsh Notes")
ITEMS = range(1, 6)


class Easel:
    """Draws a card's title."""

    async def paint(self, card: CardImage) -> Painted:
        return Painted(card.words.title.encode(), card.words.title.encode())


class WatchedOutbox(SqlOutbox):
    """Remembers what stood on the shelf when deliveries were first there to be claimed."""

    def __init__(self, path: Path, feeds: Path) -> None:
        super().__init__(path)
        self.feeds = feeds
        self.stood: frozenset[str] = frozenset()

    async def accept(self, acceptance: Acceptance, now: datetime) -> int:
        self.stood = FolderShelf(self.feeds).paths()
        return await super().accept(acceptance, now)


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    """A store with one item that was seen before; its card is not drawn."""
    room = Newsroom(tmp_path)
    room.write("99.md")
    async with room:
        await room.outbox.__aexit__(None, None, None)
        room.outbox = outbox = WatchedOutbox(tmp_path / "state" / "outbox.sqlite3", room.feeds)
        await outbox.__aenter__()
        shelf = FolderShelf(room.feeds)
        gallery = Gallery(shelf, Easel(), LOOK)
        room.ingest = Ingest(
            room.store, outbox, shelf, SITE, (NEWS,), rules="rules-1", clock=lambda: room.now, gallery=gallery
        )
        await room.look()
        yield room


async def test_card_stands_before_its_post_can_be_claimed(room: Newsroom) -> None:
    for number in ITEMS:
        room.write(f"{number}.md")
    await room.look()
    items = room.store.scan({}).items

    claimed = []
    while (delivery := await room.outbox.claim("news", "a test", room.now + timedelta(days=7))) is not None:
        claimed.append(items[delivery.item_id])

    assert len(claimed) == len(ITEMS)
    cards = [card_image_of(item, LOOK) for item in claimed]
    assert {path for card in cards if card for path in card.paths} == {
        path for path in room.outbox.stood if path.startswith("media/")
    }


async def test_shelf_that_takes_no_card_plans_nothing_and_the_next_pass_does(room: Newsroom) -> None:
    room.write("1.md")
    (room.feeds / "media").write_bytes(b"a file where the folder belongs")

    with pytest.raises(CannotWrite):
        await room.look()
    before = (await room.states()).get("item:1")
    (room.feeds / "media").unlink()
    await room.look()

    assert before is None
    assert list((await room.states()).values()).count(State.PLANNED) == 1
    assert any(path.startswith("media/card-") for path in room.outbox.stood)
