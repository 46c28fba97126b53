"""Digests: the cards by topic, as many as fit, under a subject in any language."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from posts.making import card
from syndicate.posts.digest import Issue, by_topic, digest_of
from syndicate.posts.post import Card, Measure, Room
from syndicate.posts.template import SUBJECT_FIELDS, check_template

AT = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
WIDE = Room(10_000, Measure.CODE_POINTS)


def issue(*cards: Card, **more: str) -> Issue:
    return Issue("digest:news:1", cards, AT, "https://example.org/", "en", **more)


def of(number: int, *topics: str, summary: str = "") -> Card:
    return card(f"Title {number}", summary, f"https://example.org/{number}", topics)


def test_cards_stand_under_their_first_topic() -> None:
    post = digest_of(issue(of(1, "Birds"), of(2), of(3, "Ponds"), of(4, "Birds", "Ponds", summary="Said.")), WIDE)

    assert post.text == (
        "## Birds\n\nTitle 1\nhttps://example.org/1\n\nTitle 4\nSaid.\nhttps://example.org/4\n\n"
        "## Ponds\n\nTitle 3\nhttps://example.org/3\n\nTitle 2\nhttps://example.org/2"
    )
    assert [part.title for part in post.parts] == ["Title 1", "Title 4", "Title 3", "Title 2"]
    assert [topic for topic, _ in by_topic(post.parts)] == ["Birds", "Ponds", ""]


def test_the_subject_names_the_first_and_how_many_more() -> None:
    one, two = digest_of(issue(of(1)), WIDE), digest_of(issue(of(1), of(2), of(3)), WIDE)

    assert (one.card.title, two.card.title) == ("Site: Title 1", "Site: Title 1 (+2)")
    assert two.card.url == "https://example.org/"


def test_the_subject_may_be_ones_own() -> None:
    post = digest_of(issue(of(1), of(2), subject="{{ count }} new on {{ date }}"), WIDE)

    assert post.card.title == "2 new on 2026-11-27"


def test_a_long_subject_is_cut_at_a_word() -> None:
    post = digest_of(issue(replace(of(1), title="word " * 100)), WIDE)

    assert len(post.card.title) <= 150
    assert post.card.title.endswith("word…")


@pytest.mark.parametrize("source", ["{{ nothing }}", "{% if %}", "{{ title.__class__ }}"])
def test_a_subject_that_cannot_be_made_is_told(source: str) -> None:
    with pytest.raises(ValueError, match="fields are site_name, title"):
        check_template(source, SUBJECT_FIELDS)


def test_what_does_not_fit_is_counted() -> None:
    post = digest_of(issue(*(of(number) for number in range(1, 10))), Room(120, Measure.CODE_POINTS))

    assert len(post.parts) == 3
    assert post.text.endswith("+6: https://example.org/")
    assert len(post.text) <= 120


def test_not_even_one_fits() -> None:
    with pytest.raises(ValueError, match="even alone"):
        digest_of(issue(of(1)), Room(10, Measure.CODE_POINTS))


def test_an_empty_issue_is_none() -> None:
    with pytest.raises(ValueError, match="without items"):
        digest_of(issue(), WIDE)
