from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from posts.making import TEXTS, unhurried
from syndicate.posts.hashtags import hashtag_of, hashtags_of


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Artificial Intelligence", "ArtificialIntelligence"),
        ("medical coding", "MedicalCoding"),
        ("AI", "AI"),
        ("COVID-19", "COVID19"),
        ("mRNA vaccines", "mRNAVaccines"),
        ("Medical Subject Headings (MeSH)", "MedicalSubjectHeadings"),
        ("(MeSH)", "MeSH"),
        ("Health & Wellness", "HealthAndWellness"),
        ("Women's Health", "WomensHealth"),
        ("Centers for Medicare", "CentersForMedicare"),
        ("snake_case", "Snake_case"),
        ("künstliche Intelligenz", "KünstlicheIntelligenz"),
        ("u\u0308bung", "Übung"),
        ("人工知能", "人工知能"),
        ("हिन्दी भाषा", "हिन्दीभाषा"),
        ("می\u200cخواهم", "میخواهم"),
        ("C++", "CPlusPlus"),
        ("c#", "CSharp"),
        ("Node.js", "NodeJS"),
        ("5G", "5G"),
        ("CO₂ emissions", "CO2Emissions"),
        ("Ozempic® study", "OzempicStudy"),
        ("#MedTech", "MedTech"),
        ("2024", None),
        ("2024/25", None),
        ("___", None),
        ("!?", None),
        ("", None),
        ("x" * 64, "X" + "x" * 63),
        ("x" * 65, None),
    ],
)
def test_label_makes_a_hashtag(label: str, expected: str | None) -> None:
    assert hashtag_of(label) == expected


def test_spelling_by_hand_goes_before_all() -> None:
    spellings = {"Electronic Health Records": "#EHR", "news": "", "C++": "cpp"}

    assert hashtag_of("electronic  health records", spellings) == "EHR"
    assert hashtag_of("C++", spellings) == "cpp"
    assert hashtag_of("News", spellings) is None
    assert hashtag_of("Other", spellings) == "Other"


def test_duplicates_are_dropped_whatever_their_case() -> None:
    labels = ["Health IT", "Health it", "health-it", "AI", "ai", "2024", "AI"]

    assert hashtags_of(labels) == ("HealthIT", "AI")


@unhurried
@given(st.lists(TEXTS, max_size=6))
def test_every_hashtag_is_one_that_networks_take(labels: list[str]) -> None:
    tags = hashtags_of(labels)

    assert all(regex.fullmatch(r"[\p{L}\p{M}\p{Nd}_]+", tag) and regex.search(r"\p{L}", tag) for tag in tags)
    assert all(unicodedata.is_normalized("NFC", tag) for tag in tags)
    assert len({tag.casefold() for tag in tags}) == len(tags)
