from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from msgspec import structs

from syndicate.items.item import Image, Item, Teaser, Topic
from syndicate.items.posting import Wording
from syndicate.posts.card import CardRules, card_of, share_path
from syndicate.posts.cardimage import CardLook

ITEM = Item(
    id="test:1",
    path="a.md",
    title="Own title",
    summary="Own summary.",
    description="Own description.",
    published=datetime(2026, 11, 1, tzinfo=UTC),
    updated=datetime(2026, 11, 2, tzinfo=UTC),
    link="https://source.example/a",
    page="https://site.example/a",
    brand="source.example",
    authors=("A. Writer",),
    topics=(Topic("mesh-automation", "Automation"), Topic("ai", "AI")),
    section="News",
    language="de",
    image=Image("a.jpeg", alt="A robot", media_type="image/jpeg", digest="ab"),
    open_graph=Teaser("OG title", "OG description."),
    twitter=Teaser("Twitter title", "Twitter description."),
)


def test_card_says_everything_of_the_item() -> None:
    card = card_of(ITEM, CardRules(site_name="The Site"))

    assert (card.item_id, card.language, card.published) == ("test:1", "de", ITEM.published)
    assert (card.title, card.summary) == ("OG title", "OG description.")
    assert card.url == "https://source.example/a"
    assert card.image == ITEM.image
    assert (card.site_name, card.brand, card.section) == ("The Site", "source.example", "News")
    assert card.authors == ("A. Writer",)
    assert card.topics == ("Automation", "AI")


@pytest.mark.parametrize(
    ("order", "title"),
    [
        (("title", "open_graph"), "Own title"),
        (("twitter", "title"), "Twitter title"),
        (("open_graph",), "OG title"),
        ((), "Own title"),
    ],
)
def test_title_follows_the_configured_order(order: tuple[str, ...], title: str) -> None:
    assert card_of(ITEM, CardRules(title=order)).title == title  # type: ignore[arg-type]  # a table of literals


@pytest.mark.parametrize(
    ("order", "summary"),
    [
        (("summary",), "Own summary."),
        (("description",), "Own description."),
        (("twitter", "summary"), "Twitter description."),
        ((), ""),
    ],
)
def test_summary_follows_the_configured_order(order: tuple[str, ...], summary: str) -> None:
    assert card_of(ITEM, CardRules(summary=order)).summary == summary  # type: ignore[arg-type]  # as above


def test_blank_sources_are_passed_over() -> None:
    item = replace(ITEM, open_graph=Teaser(" ", "\u200b"), twitter=Teaser())

    card = card_of(item, CardRules())

    assert (card.title, card.summary) == ("Own title", "Own summary.")


def test_text_of_teasers_is_cleaned() -> None:
    item = replace(ITEM, open_graph=Teaser("Two\nlines\x07", "turned \u202etxet"))

    card = card_of(item, CardRules())

    assert (card.title, card.summary) == ("Two lines", "turned txet")


@pytest.mark.parametrize(
    ("link", "page", "rule", "url"),
    [
        ("https://s.example/", "https://o.example/", "source", "https://s.example/"),
        ("https://s.example/", "https://o.example/", "own", "https://o.example/"),
        ("https://s.example/", None, "own", "https://s.example/"),
        (None, "https://o.example/", "source", "https://o.example/"),
    ],
)
def test_url_falls_back_to_the_other_kind(link: str | None, page: str | None, rule: str, url: str) -> None:
    item = replace(ITEM, link=link, page=page)

    assert card_of(item, CardRules(link=rule)).url == url  # type: ignore[arg-type]  # a table of literals


def test_item_without_any_url_makes_no_card() -> None:
    with pytest.raises(ValueError, match="test:1: has neither a link nor a page"):
        card_of(replace(ITEM, link=None, page=None), CardRules())


def test_alt_text_falls_back_to_the_title() -> None:
    card = card_of(replace(ITEM, image=Image("a.jpeg", alt=" ")), CardRules())

    assert card.image == Image("a.jpeg", alt="OG title")


def test_item_without_image_makes_a_card_without() -> None:
    assert card_of(replace(ITEM, image=None), CardRules()).image is None


LOCAL = Image("a.jpeg", "A robot", "image/jpeg", 1, 1, 1, "0123456789abcdef" * 4)


@pytest.mark.parametrize(
    ("image", "shelf", "url"),
    [
        (LOCAL, "https://feeds.example/news", "https://feeds.example/news/media/0123456789abcdef.jpg"),
        (LOCAL, "https://feeds.example/news/", "https://feeds.example/news/media/0123456789abcdef.jpg"),
        (LOCAL, "", None),
        (replace(LOCAL, digest=""), "https://feeds.example/", None),
        (Image("https://cdn.example/a.png", ""), "https://feeds.example/", "https://cdn.example/a.png"),
        (Image("https://cdn.example/a.png", ""), "", "https://cdn.example/a.png"),
        (None, "https://feeds.example/", None),
    ],
)
def test_the_address_of_the_image_is_one_that_everybody_can_reach(
    image: Image | None, shelf: str, url: str | None
) -> None:
    assert card_of(replace(ITEM, image=image), CardRules(media_url=shelf)).image_url == url


def test_share_page_is_linked_where_the_shelf_is_public() -> None:
    at = CardRules(link="share", media_url="https://feeds.example/")

    assert card_of(ITEM, at).url == f"https://feeds.example/{share_path(ITEM.id)}/"
    assert card_of(ITEM, CardRules(link="share")).url == card_of(ITEM, CardRules(link="source")).url


@pytest.mark.parametrize("item_id", ["a:b", "健康:1", "x" * 300, "\ud83d", "..", "C++"])
def test_share_path_is_one_safe_name(item_id: str) -> None:
    folder, _, name = share_path(item_id).partition("/")

    assert folder == "item"
    assert "/" not in name
    assert not name.startswith((".", "-"))
    assert len(name.encode()) < 250


def test_a_file_may_word_the_card_of_one_channel() -> None:
    rules = CardRules(media_url="https://feeds.example/", look=CardLook())
    bee = Image("bee.png", "A bee", "image/png", 1, 1, 1, "b" * 64)

    made = card_of(ITEM, rules, Wording(title=" Own\ntitle", summary="Own summary", image=bee, alt="Bees"))

    assert (made.title, made.summary) == ("Own title", "Own summary")
    assert made.image == replace(bee, alt="Bees")
    assert made.image_url == f"https://feeds.example/media/{'b' * 16}.png"
    assert made.jpeg_url is None


def test_a_file_may_show_no_image_on_one_channel() -> None:
    made = card_of(ITEM, CardRules(media_url="https://feeds.example/", look=CardLook()), Wording(has_image=False))

    assert (made.image, made.image_url, made.jpeg_url) == (None, None, None)


def test_the_card_image_has_its_address() -> None:
    rules = CardRules(media_url="https://feeds.example/m/", look=CardLook())

    address = card_of(ITEM, rules).jpeg_url

    assert address is not None
    assert address.startswith("https://feeds.example/m/media/card-")
    assert address.endswith(".jpg")
    assert card_of(ITEM, structs.replace(rules, media_url="")).jpeg_url is None
    assert card_of(ITEM, structs.replace(rules, look=None)).jpeg_url is None
    plain = structs.replace(rules, look=CardLook(is_generating=False))
    assert card_of(replace(ITEM, image=None), plain).jpeg_url is None
