from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from msgspec import structs

from syndicate.items.item import Image, Item, Topic
from syndicate.posts.cardimage import CardLook, card_image_of, card_words_of

LOOK = CardLook(brand="The Site")
ITEM = Item(
    id="test:1",
    path="a.md",
    title="A title",
    summary="",
    published=datetime(2026, 11, 1, 23, tzinfo=UTC),
    updated=datetime(2026, 11, 2, tzinfo=UTC),
    link="https://source.example/a",
    authors=("A. Writer", "B. Writer"),
    topics=(Topic("x", " "), Topic("ai", "AI"), Topic("b", "Other")),
    section="News",
    image=Image("a.jpeg", alt="A robot", media_type="image/jpeg", digest="ab"),
)
BARE = replace(ITEM, image=None)


def name(item: Item, look: CardLook = LOOK) -> str:
    card = card_image_of(item, look)
    assert card is not None
    return card.jpeg


def test_card_image_is_two_files_of_one_size_with_the_images_alt_text() -> None:
    card = card_image_of(ITEM, LOOK)

    assert card is not None
    assert card.jpeg.startswith("media/card-")
    assert card.paths == (card.jpeg, card.jpeg.removesuffix("jpg") + "webp")
    assert (card.width_px, card.height_px, card.alt, card.image) == (1200, 630, "A robot", ITEM.image)


@pytest.mark.parametrize(
    ("item", "alt"),
    [
        (replace(ITEM, image=Image("a.jpeg", alt=" ")), "A title"),
        (BARE, "A title"),
        (replace(BARE, title=" "), "AI"),
        (replace(BARE, title="", topics=(), section=None), "The Site"),
    ],
)
def test_alt_text_is_what_a_generated_card_says(item: Item, alt: str) -> None:
    card = card_image_of(item, LOOK)

    assert card is not None
    assert card.alt == alt


def test_item_without_image_has_no_card_where_none_are_generated() -> None:
    look = structs.replace(LOOK, is_generating=False)

    assert card_image_of(BARE, look) is None
    assert name(ITEM, look)


def test_words_are_the_first_topic_author_and_the_day() -> None:
    words = card_words_of(ITEM, structs.replace(LOOK, shows=("topic", "title", "brand", "author", "date")))

    assert (words.title, words.topic, words.brand) == ("A title", "AI", "The Site")
    assert (words.author, words.date) == ("A. Writer", "2026-11-01")


def test_words_that_are_not_shown_are_blank_but_the_topic_which_colours() -> None:
    words = card_words_of(ITEM, structs.replace(LOOK, shows=()))

    assert (words.title, words.topic, words.brand, words.author, words.date) == ("", "AI", "", "", "")


def test_section_stands_in_for_a_topic() -> None:
    assert card_words_of(replace(ITEM, topics=()), LOOK).topic == "News"
    assert card_words_of(replace(ITEM, topics=(), section=None), LOOK).topic == ""


@pytest.mark.parametrize(
    ("item", "look"),
    [
        (replace(ITEM, image=Image("a.jpeg", "A robot", digest="cd")), LOOK),
        (replace(ITEM, image=Image("https://x.example/a.jpeg", "A robot")), LOOK),
        (BARE, LOOK),
        (replace(ITEM, title="B title"), LOOK),
        (replace(ITEM, published=datetime(2026, 10, 1, tzinfo=UTC)), LOOK),
        (ITEM, structs.replace(LOOK, brand="Other")),
        (ITEM, structs.replace(LOOK, color="#123456")),
        (ITEM, structs.replace(LOOK, limit_bytes=1000)),
        (ITEM, structs.replace(LOOK, files=(("logo", "ab"),))),
        (ITEM, structs.replace(LOOK, shows=("title", "brand", "date"))),
    ],
)
def test_every_input_is_in_the_name(item: Item, look: CardLook) -> None:
    assert name(item, look) != name(ITEM)


def test_what_does_not_show_is_not_in_the_name() -> None:
    unseen = replace(ITEM, id="test:2", path="b.md", summary="More", image=replace(ITEM.image, alt="Other"))  # type: ignore[type-var]  # it has one

    assert name(unseen) == name(ITEM)


def test_font_is_in_the_name_of_cards_that_need_it_only() -> None:
    one, other = (structs.replace(LOOK, fonts=(("ARABIC", digest),)) for digest in ("1", "2"))
    arabic = replace(BARE, title="عنوان")

    assert name(BARE, one) == name(BARE, other)
    assert name(arabic, one) != name(arabic, other)
