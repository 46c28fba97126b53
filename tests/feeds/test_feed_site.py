from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feeds.store import SITE
from syndicate.feeds.site import RESERVED, anchor_of, name_path, section_path, topic_path


def test_feeds_url_gets_its_slash() -> None:
    assert replace(SITE, feeds_url="https://example.org/feeds").feeds_url == "https://example.org/feeds/"


def test_site_words_are_cleaned() -> None:
    assert replace(SITE, title="A\x00\n B").title == "A B"


def test_publisher_is_the_owner_or_else_the_title() -> None:
    assert (SITE.publisher, replace(SITE, owner="").publisher) == ("Example Ltd", "Example News")


@pytest.mark.parametrize(("poll_s", "minutes"), [(1, 1), (60, 1), (61, 2), (900, 15)])
def test_ttl_is_whole_minutes(poll_s: int, minutes: int) -> None:
    assert replace(SITE, poll_s=poll_s).ttl_min == minutes


def test_address_encodes_other_scripts() -> None:
    assert SITE.address("健康/rss.xml") == "https://example.org/feeds/%E5%81%A5%E5%BA%B7/rss.xml"


@pytest.mark.parametrize("name", ["item/a:1", "item/ä b", "item/\ud800", "item/<>"])
def test_tag_is_plain_ascii(name: str) -> None:
    tag = SITE.tag(name)

    assert tag.startswith("tag:example.org,2026:item/")
    assert tag.isascii()
    assert not set(tag) & set(' <>"{}|\\^`')


@pytest.mark.parametrize("slug", sorted(RESERVED))
def test_reserved_topic_steps_aside(slug: str) -> None:
    assert topic_path(slug) == f"topic-{slug}"


def test_topic_named_like_one_that_stepped_aside_steps_further() -> None:
    assert topic_path("topic-all") == "topic-topic-all"
    assert topic_path("index.html") == "topic-index.html"


@pytest.mark.parametrize("slug", ["mesh-automation", "健康", "node.js", "topic-models", "a"])
def test_plain_slug_is_its_own_folder(slug: str) -> None:
    assert topic_path(slug) == slug


@pytest.mark.parametrize(
    "slug", ["../../etc", "a/b", ".hidden", "a..b", "AI", "x" * 300, "\x00", "\ud800", " ", "a\\b", "c++"]
)
def test_unsafe_slug_gets_a_safe_folder_of_its_own(slug: str) -> None:
    path = topic_path(slug)

    assert len(path) < 80
    assert not set(path) & set("/\\. \x00")
    assert path.encode()
    assert path != topic_path(slug + "x")


@given(st.lists(st.text(st.characters(exclude_categories=()), min_size=1), unique=True, max_size=20))
def test_two_topics_never_share_a_folder(slugs: list[str]) -> None:
    assert len({topic_path(slug) for slug in slugs}) == len(slugs)


def test_sections_and_vocabularies_have_places() -> None:
    assert section_path("Press & Media") == "section/press-media"
    assert anchor_of("Healthcare IT News") == "topics-healthcare-it-news"
    assert anchor_of(None) == "topics"


@pytest.mark.parametrize(
    "text", ["\U00020000" * 80, "\U00020000" * 300, "a" * 300, "健" * 200, "a" + "\U00020000" * 70]
)
def test_every_folder_fits_into_a_file_system(text: str) -> None:
    paths = [topic_path(text), section_path(text), name_path("tag", text), name_path("author", text)]

    assert max(len(part.encode()) for path in paths for part in path.split("/")) <= 255
    assert name_path("tag", text) != name_path("tag", text + "b")
    assert topic_path(text) != topic_path(text + "b")
