from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items.item import Topic
from syndicate.items.rules import TopicRules
from syndicate.items.topics import LIMIT_SLUG_BYTES, slug_of, topics_of

VOCABULARIES = TopicRules(has_vocabularies=True)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Medical Subject Headings (MeSH): Automation", "medical-subject-headings-mesh-automation"),
        ("Healthcare IT News: Artificial Intelligence", "healthcare-it-news-artificial-intelligence"),
        ("Café Ångström Łódź", "cafe-angstrom-lodz"),
        ("Women's Health", "womens-health"),
        ("C++", "cpp"),
        ("C#", "csharp"),
        (".NET", "dotnet"),
        ("C", "c"),
        ("日本語", "日本語"),
        ("हिन्दी", "हिन्दी"),
        ("Ёлка йод", "ёлка-йод"),
        ("../../etc/passwd", "etc-passwd"),
        ("A/B & C", "a-b-c"),
    ],
)
def test_slugs_are_as_the_site_spells_them(text: str, slug: str) -> None:
    assert slug_of(text) == slug


@given(st.text())
def test_a_slug_is_never_empty_fits_a_file_name_and_is_stable(text: str) -> None:
    slug = slug_of(text)

    assert slug
    assert len(slug.encode()) <= LIMIT_SLUG_BYTES
    assert not set(slug) & set("./\\ :?#%")
    assert slug_of(slug) == slug


def test_texts_without_letters_have_slugs_of_their_own() -> None:
    assert slug_of("++") != slug_of("🙂")
    assert slug_of("🙂").startswith("t-")


def test_long_slugs_stay_apart_after_the_cut() -> None:
    assert slug_of("é" * 300 + "a") != slug_of("é" * 300 + "b")


def test_vocabularies_with_one_label_are_two_topics() -> None:
    first, second = topics_of(["MeSH: AI", "News: AI"], rules=VOCABULARIES)

    assert (first.slug, first.label, first.vocabulary) == ("mesh-ai", "AI", "MeSH")
    assert (second.slug, second.label, second.vocabulary) == ("news-ai", "AI", "News")


def test_parallel_lists_give_label_and_page() -> None:
    found = topics_of(
        ["V: Deep Learning"], labels=["DL"], places=["topic/v-dl"], rules=VOCABULARIES, site_url="https://s.example/"
    )

    assert found == (Topic("v-dl", "DL", "V", "https://s.example/topic/v-dl"),)


def test_lists_of_other_lengths_are_not_used() -> None:
    found = topics_of(["V: One", "V: Two"], labels=["Only"], places=["topic/only"], rules=VOCABULARIES)

    assert [topic.label for topic in found] == ["One", "Two"]
    assert [topic.slug for topic in found] == ["v-one", "v-two"]


def test_blank_members_keep_the_others_in_place() -> None:
    found = topics_of(["A", None, " ", "B"], labels=["Ay", "x", "y", None])

    assert [topic.label for topic in found] == ["Ay", "B"]


def test_spellings_of_one_topic_are_merged() -> None:
    assert [topic.label for topic in topics_of(["AI", "ai", "A.I."])] == ["AI", "A.I."]


def test_a_place_that_is_no_slug_is_not_the_key() -> None:
    (topic,) = topics_of(["Data Science"], places=["topic/Data_Science.html"], site_url="https://s.example")

    assert topic.slug == "data-science"
    assert topic.url == "https://s.example/topic/Data_Science.html"


def test_topic_pages_are_derived_where_the_site_has_them() -> None:
    (topic,) = topics_of(["Data"], site_url="https://s.example", rules=TopicRules(prefix="topic/"))

    assert topic.url == "https://s.example/topic/data"
    assert topics_of(["Data"], site_url="https://s.example")[0].url is None
