from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.content.bidi import Run, is_rtl, seen

ALEF, BET = "א", "ב"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abc א", False), ("א abc", True), ("12 (א)", True), ("(12)", False), ("", False)],
)
def test_paragraph_begins_where_its_first_letter_does(text: str, expected: bool) -> None:
    assert is_rtl(text) is expected


def test_paragraph_without_letters_begins_as_told() -> None:
    assert is_rtl("12", otherwise=True)


@pytest.mark.parametrize(
    ("line", "base_rtl", "expected"),
    [
        ("plain text", False, [("plain text", False)]),
        ("say אב now", False, [("say ", False), ("אב", True), (" now", False)]),
        ("אב say", True, [("say", False), ("אב ", True)]),
        # Words from right to left, the foreign one in its own direction between them.
        ("אב AI גד", True, [(" גד", True), ("AI", False), ("אב ", True)]),
        # Numbers keep their digits in order on their way from right to left.
        ("אב 25.5 גד", True, [(" גד", True), ("25.5", False), ("אב ", True)]),
        ("אב 12 גד", False, [(" גד", True), ("12", False), ("אב ", True)]),
        # Brackets go with what is in them when that is foreign, and with the paragraph otherwise (N0).
        ("אב GPT (26)", True, [("GPT (26)", False), ("אב ", True)]),
        ("אב (גד)", True, [("אב (גד)", True)]),
        ("אב (GPT)", True, [(")", True), ("GPT", False), ("אב (", True)]),
        ("a (אב) b", False, [("a (", False), ("אב", True), (") b", False)]),
        ("(אב]", True, [("(אב]", True)]),
        ("", False, []),
    ],
)
def test_line_is_seen_in_its_order(line: str, base_rtl: bool, expected: list[tuple[str, bool]]) -> None:
    assert seen(line, base_rtl=base_rtl) == [Run(*one) for one in expected]


@given(st.text(alphabet="ab אב12.,%()[] \u0301\u0661", max_size=24), st.booleans())
def test_nothing_is_lost_on_the_way(line: str, base_rtl: bool) -> None:
    runs = seen(line, base_rtl=base_rtl)

    assert sorted("".join(run.text for run in runs)) == sorted(line)
    assert all(run.text in line for run in runs)
