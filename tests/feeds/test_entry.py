from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from feeds.store import AUTOMATION, CODING, PHOTO, SITE, day, make_item
from syndicate.feeds.entry import Category, Entry, Related, entry_id, entry_of
from syndicate.items.item import Image, Offering, Topic

PAGE = "https://example.org/news/1/"


def test_id_comes_from_the_identity_alone() -> None:
    edited = make_item(1, title="Other", link="https://elsewhere.example/", published=day(9), path="moved.md", slug="x")

    assert entry_id(edited, SITE) == entry_id(make_item(1), SITE) == "tag:example.org,2026:item/curations:1"


@pytest.mark.parametrize(
    ("link", "page", "setting", "leads_to"),
    [
        ("https://source.example/1/", PAGE, "source", "https://source.example/1/"),
        ("https://source.example/1/", PAGE, "own", PAGE),
        ("https://source.example/1/", None, "own", "https://source.example/1/"),
        (None, PAGE, "source", PAGE),
        ("javascript:alert(1)", None, "source", SITE.url),
    ],
)
def test_link_follows_the_setting(link: str | None, page: str | None, setting: str, leads_to: str) -> None:
    entry = entry_of(make_item(link=link, page=page), structs.replace(SITE, link=setting))

    assert entry.link == leads_to


def test_attribution_is_visible_and_escaped() -> None:
    entry = entry_of(make_item(link="https://source.example/?a=1&b=2", brand="A & <B>"), SITE)

    assert entry.content_html.endswith(
        '<p>Source: <a href="https://source.example/?a=1&amp;b=2" rel="noopener">A &amp; &lt;B&gt;</a></p>'
    )


def test_source_without_brand_is_named_by_its_host() -> None:
    entry = entry_of(make_item(link="https://user@www.source.example:8080/x", brand=" "), SITE)

    assert entry.brand == "source.example:8080"


def test_own_writing_has_no_attribution() -> None:
    entry = entry_of(make_item(link=None, page=PAGE, brand=None), SITE)

    assert (entry.source, entry.brand) == (None, "")
    assert "Source:" not in entry.content_html


def test_image_comes_first_where_the_body_has_none() -> None:
    entry = entry_of(make_item(body_html="<p>Text</p>", image=replace(PHOTO, alt='"so" <called>')), SITE)

    assert entry.content_html.startswith(
        '<p><img src="https://example.org/feeds/media/0123456789abcdef.jpg"'
        ' alt="&quot;so&quot; &lt;called&gt;" width="1920" height="1080"></p>\n<p>Text</p>'
    )


def test_body_with_an_image_is_left_alone() -> None:
    body = '<p><IMG src="https://example.org/b.png"></p>'

    assert entry_of(make_item(body_html=body, image=PHOTO), SITE).content_html.startswith(body)


def test_summary_stands_in_for_the_body_when_asked() -> None:
    item = make_item(body_html="<p>Long text</p>", summary="Short & good")

    entry = entry_of(item, structs.replace(SITE, content="summary"))

    assert entry.content_html.startswith("<p>Short &amp; good</p>")
    assert "Long text" not in entry.content_html


def test_remote_image_keeps_its_address_and_is_no_enclosure() -> None:
    entry = entry_of(make_item(image=Image("https://cdn.example/a b.png", "Alt")), SITE)

    assert entry.image is not None
    assert (entry.image.url, entry.image.path) == ("https://cdn.example/a%20b.png", None)
    assert not entry.image.is_enclosable
    assert '<img src="https://cdn.example/a%20b.png" alt="Alt"></p>' in entry.content_html


def test_local_image_of_no_known_type_is_left_out() -> None:
    assert entry_of(make_item(image=Image("a.svg", "Alt", "image/svg+xml", 9, 9, 9, "a" * 64)), SITE).image is None


@pytest.mark.parametrize(
    ("title", "summary", "brand", "shown"),
    [
        (" A\x00 title\n", "S", "b", "A title"),
        ("\x00", "The summary.", "b", "The summary."),
        ("", "", "b", "b"),
        ("", "", None, "source.example"),
    ],
)
def test_title_is_never_empty(title: str, summary: str, brand: str | None, shown: str) -> None:
    entry = entry_of(make_item(title=title, summary=summary, brand=brand), SITE)

    assert entry.title == shown
    assert entry.summary


def test_title_of_an_item_with_nothing_is_the_sites() -> None:
    assert entry_of(make_item(title="", summary="", link=None, brand=None), SITE).title == SITE.title


def test_description_serves_where_the_summary_is_empty() -> None:
    assert entry_of(make_item(summary="", description="D"), SITE).summary == "D"


def test_dates_are_utc_whole_seconds_and_in_order() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    item = make_item(
        published=datetime(2026, 3, 1, 1, 0, 0, 999_999, tzinfo=east), updated=datetime(2026, 1, 1, tzinfo=UTC)
    )

    entry = entry_of(item, SITE)

    assert entry.published == entry.updated == datetime(2026, 2, 28, 19, 30, tzinfo=UTC)
    assert entry.published.utcoffset() == timedelta(0)


def test_categories_are_topics_section_and_tags_without_echo() -> None:
    entry = entry_of(
        make_item(
            topics=(AUTOMATION, Topic("automation", "Automation"), AUTOMATION, Topic("", "Nameless")),
            section="News",
            tags=("news", "Fresh", "fresh", " "),
        ),
        SITE,
    )

    assert entry.categories == (
        Category(
            "mesh-automation",
            "Automation",
            "https://example.org/feeds/#topics-medical-subject-headings-mesh",
            "mesh-automation",
            "Medical Subject Headings (MeSH)",
        ),
        Category("automation", "Automation", "https://example.org/feeds/#topics", "automation"),
        Category("news", "News", "https://example.org/feeds/#sections", "section/news"),
        Category("Fresh", "Fresh"),
    )


@given(st.lists(st.sampled_from(["AI", "ai", "Care", "News", "news", "Coding"]), max_size=6))
def test_tag_is_told_once_and_not_beside_its_section(tags: list[str]) -> None:
    entry = entry_of(make_item(topics=(), section="News", tags=tuple(tags)), SITE)

    first = {tag.casefold(): tag for tag in reversed(["News", *tags])}
    assert sorted(one.label for one in entry.categories) == sorted(first.values())
    assert entry.categories[0].path == "section/news"


def test_offering_is_related_once_by_its_name_or_else_its_address() -> None:
    named, bare = Offering("Desk", "https://a.example/desk"), Offering(" ", "https://a.example/b")
    offerings = (named, bare, named, Offering("Lost", "javascript:"), Offering("Bench", named.url))

    entry = entry_of(make_item(offerings=offerings), SITE)

    assert entry.related == (Related("Desk", named.url), Related(bare.url, bare.url), Related("Bench", named.url))


def test_vocabulary_is_told_only_of_topics_with_one_label() -> None:
    others = Topic("a-2", "automation", "Symplur"), CODING, CODING

    told = entry_of(make_item(topics=(AUTOMATION, *others)), SITE).categories

    assert [one.vocabulary for one in told] == ["Medical Subject Headings (MeSH)", "Symplur", ""]


def test_blank_authors_are_left_out() -> None:
    assert entry_of(make_item(authors=("A\x00da", " ", "")), SITE).authors == ("Ada",)


def test_same_item_gives_the_same_entry() -> None:
    entry = entry_of(make_item(image=PHOTO), SITE)

    assert isinstance(entry, Entry)
    assert entry == entry_of(make_item(image=PHOTO), SITE)
    assert hash(entry) == hash(entry_of(make_item(image=PHOTO), SITE))
