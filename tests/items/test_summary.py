from __future__ import annotations

import pytest

from syndicate.items.summary import description_of, summary_of

HTML = "<p>The first sentence is here. The second goes on and on.</p><p>More.</p>"
TEXT = "The first sentence is here. The second goes on and on. More."
CUT = "The first sentence is here. The second goes on"


@pytest.mark.parametrize(
    ("candidates", "excerpt", "summary"),
    [
        (["", "Whole teaser."], "", "Whole teaser."),
        ([CUT, "Whole teaser."], "", "Whole teaser."),
        ([CUT], "By the author.", "By the author."),
        ([CUT, "Other cut..."], "", "The first sentence is here."),
        ([], "", "The first sentence is here. The second goes on and on."),
    ],
)
def test_complete_texts_come_before_mended_ones(candidates: list[str], excerpt: str, summary: str) -> None:
    assert summary_of(candidates, excerpt=excerpt, body_html=HTML, body=TEXT, limit=300) == summary


def test_a_summary_from_the_body_keeps_its_limit() -> None:
    assert summary_of([], excerpt="", body_html=HTML, body=TEXT, limit=30) == "The first sentence is here."


@pytest.mark.parametrize(
    ("text", "whole"), [("", ""), ("Own words", "Own words"), (CUT, "The first sentence is here."), ("The fir", "The…")]
)
def test_a_cut_description_is_mended_and_a_whole_one_kept(text: str, whole: str) -> None:
    assert description_of(text, TEXT) == whole
