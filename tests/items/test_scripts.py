from __future__ import annotations

import pytest

from syndicate.items.scripts import scripts_in


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("", set()),
        ("12 %", set()),
        ("Plain words, 12 of them", {"LATIN"}),
        ("12, 3 – (…) 👍🏽", set()),
        ("Ångström e\u0301", {"LATIN"}),
        ("Привет, κόσμε", {"CYRILLIC", "GREEK"}),
        ("日本語 ひらがな カタカナ 한국어", {"CJK"}),
        ("سلام می\u200cخواهم", {"ARABIC"}),
        ("שלום हिन्दी ไทย", {"HEBREW", "DEVANAGARI", "THAI"}),
        ("\u0378\ue000", set()),
    ],
)
def test_scripts_are_those_of_the_letters(text: str, scripts: set[str]) -> None:
    assert scripts_in(text) == scripts
