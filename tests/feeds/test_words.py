from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from syndicate.feeds.words import WORDS, day, filled, spoken, words_for

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("language", WORDS)
def test_every_language_has_every_word_with_the_same_places(language: str) -> None:
    def places(words: dict[str, str]) -> dict[str, set[str]]:
        return {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in words.items()}

    assert places(dict(WORDS[language])) == places(dict(WORDS["en"]))
    assert all(text.strip() for text in WORDS[language].values())


def test_other_words_stand_over_the_languages_own() -> None:
    words = words_for("de-AT", [("latest", "Frisch")])

    assert (words["latest"], words["topics"]) == ("Frisch", "Themen")
    assert words_for("nl") == WORDS["en"]


def test_page_speaks_its_language_or_english() -> None:
    assert [spoken(language) for language in ("ar", "FR-ca", "nl")] == ["ar", "FR-ca", "en"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "1 March 2026"),
        ("de", "1. März 2026"),
        ("fr", "1 mars 2026"),
        ("es-MX", "1 de marzo de 2026"),
        ("ar", "1 مارس 2026"),
        ("nl", "2026-03-01"),
    ],
)
def test_dates_are_written_as_in_the_language(language: str, text: str) -> None:
    assert day(AT, language) == text


def test_unknown_places_stay() -> None:
    assert filled("{shown} of {total} {x", shown=1, total="{shown}") == "1 of {shown} {x"
