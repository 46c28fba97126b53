"""Which card images a shelf must hold, and what drawing them costs when it goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from syndicate.errors import CannotWrite, ImageUnusable
from syndicate.gallery import MANY, PROGRESS, Gallery
from syndicate.items.item import Item
from syndicate.ports.content import Painted
from syndicate.posts.cardimage import CardImage, CardLook, card_image_of
from syndicate.shelf.folder import FolderShelf

LOOK = CardLook(brand="Marsh Notes")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def item(number: int) -> Item:
    at = NOW + timedelta(hours=number)
    return Item(f"test:{number}", f"{number}.md", f"Title {number}", "", at, at, link="https://herons.example/")


def by_id(items: Iterable[Item]) -> dict[str, Item]:
    return {one.id: one for one in items}


def paths(*items: Item) -> frozenset[str]:
    cards = (card_image_of(one, LOOK) for one in items)
    return frozenset(path for card in cards if card for path in card.paths)


class Easel:
    """Draws words instead of pictures; may be told what befalls each title."""

    def __init__(self, **befalls: Exception | Painted | Callable[[], object]) -> None:
        self.befalls = befalls
        self.drawn: list[str] = []

    async def paint(self, card: CardImage) -> Painted:
        title = card.words.title
        self.drawn.append(title)
        found = self.befalls.get(title.replace(" ", "_"))
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Painted):
            return found
        if found is not None:
            found()
        return Painted(title.encode(), title.lower().encode())


def gallery(folder: Path, easel: Easel) -> tuple[Gallery, FolderShelf]:
    shelf = FolderShelf(folder / "feeds")
    return Gallery(shelf, easel, LOOK), shelf


async def test_missing_cards_are_drawn_newest_first_and_once(tmp_path: Path) -> None:
    easel = Easel()
    made, shelf = gallery(tmp_path, easel)

    expected = made.expect(by_id([item(1), item(3), item(2)]), shelf.paths())
    first, rest, none = await made.draw(most=1), await made.draw(), await made.draw()

    assert (first, rest, none, made.missing) == (1, 2, 0, 0)
    assert easel.drawn == ["Title 3", "Title 2", "Title 1"]
    assert shelf.paths() == expected == paths(item(1), item(2), item(3))
    card = card_image_of(item(1), LOOK)
    assert card is not None
    assert (tmp_path / "feeds" / card.jpeg).read_bytes() == b"Title 1"
    assert (tmp_path / "feeds" / card.webp).read_bytes() == b"title 1"


async def test_only_what_is_not_there_is_drawn_in_the_next_pass(tmp_path: Path) -> None:
    easel = Easel()
    made, shelf = gallery(tmp_path, easel)
    made.expect(by_id([item(1), item(2)]), shelf.paths())
    await made.draw()
    shelf.drop(sorted(paths(item(1)))[0])

    made.expect(by_id([item(1), item(2), replace(item(3), title="Other")]), shelf.paths())
    await made.draw()

    assert easel.drawn == ["Title 2", "Title 1", "Other", "Title 1"]


async def test_cards_that_are_doubted_are_drawn_again_and_put_where_they_differ(tmp_path: Path) -> None:
    easel = Easel()
    made, shelf = gallery(tmp_path, easel)
    made.expect(by_id([item(1), item(2)]), shelf.paths())
    await made.draw()
    places = [tmp_path / "feeds" / path for path in sorted(paths(item(1), item(2)))]
    before = [place.read_bytes() for place in places]
    inode = places[1].stat().st_ino
    places[0].write_bytes(b"x" * len(before[0]))

    made.doubt()
    await made.draw()

    assert [place.read_bytes() for place in places] == before
    assert places[1].stat().st_ino == inode
    assert easel.drawn == ["Title 2", "Title 1"] * 2


async def test_stop_between_two_cards_is_mended_by_another_process(tmp_path: Path) -> None:
    before, shelf = gallery(tmp_path, Easel())
    before.expect(by_id([item(1), item(2)]), shelf.paths())
    await before.draw(most=1)
    easel = Easel()
    after, shelf = gallery(tmp_path, easel)

    after.expect(by_id([item(1), item(2)]), shelf.paths())
    await after.draw()

    assert easel.drawn == ["Title 1"]
    assert shelf.paths() == paths(item(1), item(2))


async def test_items_without_cards_have_none_where_none_are_generated(tmp_path: Path) -> None:
    easel = Easel()
    shelf = FolderShelf(tmp_path)
    made = Gallery(shelf, easel, structs.replace(LOOK, is_generating=False))

    assert made.expect(by_id([item(1)]), shelf.paths()) == frozenset()
    assert await made.draw() == 0


async def test_items_with_one_card_share_its_drawing(tmp_path: Path) -> None:
    easel = Easel()
    made, shelf = gallery(tmp_path, easel)

    made.expect(by_id([item(1), replace(item(1), id="test:2")]), shelf.paths())
    await made.draw()

    assert easel.drawn == ["Title 1"]


@pytest.mark.parametrize("error", [ImageUnusable("a generated card", "makes the decoder fail"), RuntimeError("odd")])
async def test_card_that_cannot_be_drawn_costs_the_others_nothing(tmp_path: Path, error: Exception) -> None:
    made, shelf = gallery(tmp_path, Easel(Title_2=error))
    made.expect(by_id([item(1), item(2)]), shelf.paths())

    with capture_logs() as told:
        drawn = await made.draw()

    assert drawn == 1
    assert shelf.paths() == paths(item(1))
    assert [one["event"] for one in told] == ["card_not_drawn", "cards_drawn"]


async def test_unusable_image_is_told_and_a_missing_script_once(tmp_path: Path) -> None:
    odd = Painted(b"j", b"w", unusable="a.jpeg is damaged", missing=("CJK",))
    made, shelf = gallery(tmp_path, Easel(Title_1=odd, Title_2=odd))
    made.expect(by_id([item(1), item(2)]), shelf.paths())

    with capture_logs() as told:
        await made.draw()

    assert [one["reason"] for one in told if one["event"] == "card_image_unusable"] == ["a.jpeg is damaged"] * 2
    assert [one["script"] for one in told if one["event"] == "card_script_missing"] == ["CJK"]


async def test_card_that_nobody_names_any_more_is_not_put_on_the_shelf(tmp_path: Path) -> None:
    easel = Easel(Title_1=lambda: made.expect(by_id([item(2)]), shelf.paths()))
    made, shelf = gallery(tmp_path, easel)
    made.expect(by_id([item(1)]), shelf.paths())

    await made.draw()

    assert easel.drawn == ["Title 1", "Title 2"]
    assert shelf.paths() == paths(item(2))


async def test_shelf_that_takes_no_more_is_told_to_the_caller(tmp_path: Path) -> None:
    made, shelf = gallery(tmp_path, Easel())
    made.expect(by_id([item(1)]), shelf.paths())
    (tmp_path / "feeds" / "media").write_bytes(b"a file where the folder belongs")

    with pytest.raises(CannotWrite):
        await made.draw()


async def test_long_work_tells_how_far_it_is(tmp_path: Path) -> None:
    made, shelf = gallery(tmp_path, Easel())
    made.expect(by_id(item(number) for number in range(PROGRESS + 1)), shelf.paths())

    with capture_logs() as told:
        await made.draw()

    assert [(one["event"], one["cards"]) for one in told] == [
        ("cards_missing", PROGRESS + 1),
        ("cards_drawn", PROGRESS),
        ("cards_drawn", PROGRESS + 1),
    ]
    assert [one["missing"] for one in told[1:]] == [1, 0]


async def test_many_cards_of_chosen_items_are_told_before_they_are_drawn(tmp_path: Path) -> None:
    made, shelf = gallery(tmp_path, Easel())
    items = [item(number) for number in range(MANY + 1)]
    made.expect(by_id(items), shelf.paths())

    with capture_logs() as told:
        await made.draw_of([one.id for one in items[:MANY]])
        await made.draw()

    assert [(one["event"], one["cards"]) for one in told] == [
        ("cards_missing", MANY),
        ("cards_drawn", MANY),
        ("cards_drawn", 1),
    ]


async def test_cards_of_chosen_items_come_first_though_others_are_being_drawn(tmp_path: Path) -> None:
    easel = Easel()
    made, shelf = gallery(tmp_path, easel)
    made.expect(by_id([item(number) for number in range(4)]), shelf.paths())
    others = asyncio.create_task(made.draw())

    await made.draw_of(["test:3", "test:0", "test:99"])

    assert paths(item(3), item(0)) <= shelf.paths()
    await others
    assert sorted(easel.drawn) == ["Title 0", "Title 1", "Title 2", "Title 3"]


async def test_two_who_draw_share_the_work(tmp_path: Path) -> None:
    easel = Easel()
    made, shelf = gallery(tmp_path, easel)
    made.expect(by_id([item(1)]), shelf.paths())

    assert sorted(await asyncio.gather(made.draw(), made.draw())) == [0, 1]
    assert easel.drawn == ["Title 1"]
