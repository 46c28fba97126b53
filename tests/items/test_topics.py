from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items import topics
from syndicate.items.item import Item, Topic
from syndicate.items.rules import TopicRules
from syndicate.items.topics import LIMIT_SLUG_BYTES, agreed, slug_of, topics_of

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


@given(st.text(st.sampled_from("aZ9 (),:/&!?_;-.+#'\u00e9\n"), max_size=20) | st.text("a-", min_size=90, max_size=200))
def test_ordinary_names_get_their_slugs_quicker_and_not_otherwise(text: str) -> None:
    assert topics._slug(text) == topics._slug_of_any(text)


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

    assert found == (Topic("v-dl", "DL", "V", "https://s.example/topic/v-dl", is_labelled=True),)


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


@pytest.mark.parametrize(
    ("names", "rules", "topics"),
    [
        (["ML"], TopicRules(aliases={"ml": "Machine Learning"}), [("machine-learning", "Machine Learning")]),
        (
            ["ML", "Machine learning"],
            TopicRules(aliases={"ml": "Machine Learning"}),
            [("machine-learning", "Machine Learning")],
        ),
        (["V: ML"], TopicRules(has_vocabularies=True, aliases={"v-ml": "V: Learning"}), [("v-learning", "Learning")]),
        (["ai"], TopicRules(aliases={"ai": "AI"}), [("ai", "ai")]),
        (["ai"], TopicRules(labels={"ai": "AI"}), [("ai", "AI")]),
        (["V: ai"], TopicRules(has_vocabularies=True, labels={"ai": "AI"}), [("v-ai", "AI")]),
        (["Posts", "x"], TopicRules(ignored=frozenset({"posts"})), [("x", "x")]),
        (["V: Misc"], TopicRules(has_vocabularies=True, ignored=frozenset({"misc"})), []),
    ],
)
def test_sites_rename_and_ignore_topics(names: list[str], rules: TopicRules, topics: list[tuple[str, str]]) -> None:
    assert [(topic.slug, topic.label) for topic in topics_of(names, rules=rules)] == topics


def test_an_alias_by_label_is_found_and_labels_beside_the_former_name_are_not_kept() -> None:
    (topic,) = topics_of(["V: Old"], labels=["Former"], rules=TopicRules(aliases={"former": "New"}))

    assert (topic.slug, topic.label) == ("new", "New")


def store_of(*topics: Topic) -> dict[str, Item]:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    return {str(n): Item(str(n), f"{n}.md", "T", "", day, day, topics=(topic,)) for n, topic in enumerate(topics)}


def labels_in(items: Mapping[str, Item]) -> list[str]:
    return [item.topics[0].label for item in items.values()]


def test_a_store_agrees_on_the_spelling_that_most_items_use() -> None:
    items = store_of(Topic("ai", "ai"), Topic("ai", "AI"), Topic("ai", "AI"), Topic("x", "x"))

    agreed_items = agreed(items)

    assert labels_in(agreed_items) == ["AI", "AI", "AI", "x"]
    assert agreed_items["1"] is items["1"]


def test_spellings_that_are_used_as_often_agree_in_any_order() -> None:
    assert labels_in(agreed(store_of(Topic("ai", "ai"), Topic("ai", "AI")))) == ["AI", "AI"]
    assert labels_in(agreed(store_of(Topic("ai", "AI"), Topic("ai", "ai")))) == ["AI", "AI"]


def test_a_label_that_files_give_stands_over_spellings() -> None:
    labelled = Topic("v-ai", "Artificial Intelligence", is_labelled=True)

    assert set(labels_in(agreed(store_of(Topic("v-ai", "AI"), Topic("v-ai", "AI"), labelled)))) == {labelled.label}


def test_a_store_that_spells_every_topic_alike_stays_as_it_is() -> None:
    items = store_of(Topic("ai", "AI"), Topic("ai", "AI"), Topic("bees", "Bees"))

    assert agreed(items) == items


def test_what_is_known_of_a_name_holds_for_the_same_rules_alone() -> None:
    names = ["AI", "x" * 400, "Health"]
    ruled = [
        TopicRules(),
        TopicRules(ignored=frozenset({"ai"})),
        TopicRules(aliases={"ai": "Artificial Intelligence"}),
        TopicRules(aliases={"ai": "Machines"}),
        TopicRules(labels={"ai": "A. I."}),
        TopicRules(prefix="topic/"),
    ]

    told = [topics_of(names, rules=rules, site_url="https://x.example") for rules in ruled * 2]

    assert told[: len(ruled)] == told[len(ruled) :]
    assert [topics[0].slug for topics in told[: len(ruled)]] == [
        *("ai", told[1][0].slug, "artificial-intelligence", "machines", "ai", "ai")
    ]
    assert told[1][0].label == "x" * 400
    assert told[4][0].label == "A. I."
    assert told[5][0].url == "https://x.example/topic/ai"
