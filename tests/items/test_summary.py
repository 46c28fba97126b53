from __future__ import annotations

import pytest

from syndicate.items.summary import description_of, opening_of, paragraph_of, summary_of

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
    assert summary_of(candidates, excerpt=excerpt, opening=opening_of(HTML, TEXT), limit=300) == summary


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("Hello world. https://video.example/watch?v=x", "Hello world."),
        ("See https://one.example/ and https://two.example/ for more.", "See and for more."),
        ("https://one.example/", "https://one.example/"),
    ],
)
def test_a_summary_from_the_body_has_no_bare_addresses(text: str, summary: str) -> None:
    assert summary_of([], excerpt="", opening=opening_of(f"<p>{text}</p>", text), limit=300) == summary
    assert summary_of([], excerpt=text, opening=opening_of("", text), limit=300) == summary


def test_a_summary_from_the_body_keeps_its_limit() -> None:
    assert summary_of([], excerpt="", opening=opening_of(HTML, TEXT), limit=30) == "The first sentence is here."


@pytest.mark.parametrize(
    ("text", "whole"), [("", ""), ("Own words", "Own words"), (CUT, "The first sentence is here."), ("The fir", "The…")]
)
def test_a_cut_description_is_mended_and_a_whole_one_kept(text: str, whole: str) -> None:
    assert description_of(text, opening_of(HTML, TEXT)) == whole


def test_a_scrap_gives_way_to_the_body() -> None:
    assert summary_of(["The fir..."], excerpt="", opening=opening_of(HTML, TEXT), limit=300) == HTML[3:57]
    assert summary_of(["The fir..."], excerpt="", opening=opening_of("<p>Tiny</p>", "Tiny"), limit=300) == "The fir…"


def test_a_description_below_a_heading_is_known_as_the_beginning() -> None:
    markup = "<h1>Title of it</h1><p>The first sentence is here. The second goes on and on.</p>"
    body = "Title of it The first sentence is here. The second goes on and on."

    assert description_of(CUT, opening_of(markup, body)) == "The first sentence is here."
    assert summary_of([CUT], excerpt="", opening=opening_of(markup, body), limit=300) == "The first sentence is here."


PROSE = "<p>This is what the text says.</p>"


@pytest.mark.parametrize(
    ("above", "why"),
    [
        ('<p><img src="x"></p>', "an image"),
        ('<p><img src="x"></p><p><em>A harbour in the morning light.</em></p>', "a caption below an image"),
        ('<p><img src="x"><br><em>A harbour in the morning light.</em></p>', "a caption beside an image"),
        ('<figure><img src="x"><figcaption><p>A harbour in the morning.</p></figcaption></figure>', "a figure"),
        ("<h1>A heading with some words</h1>", "a heading"),
        ('<ul><li><p><a href="#a">A part of the text</a></p></li></ul>', "contents"),
        ('<p><a href="https://v.example/">https://v.example/</a></p>', "a video"),
        ("<p>Jane Roe</p>", "a name"),
        ("<p><strong>By Jane Roe and others</strong></p>", "a byline"),
        ("<p>Photo: Jane Roe of the News</p>", "a credit"),
        ("<p>***</p>", "a rule"),
        ("<table><tr><td><p>A cell of a table</p></td></tr></table>", "a table"),
    ],
)
def test_what_stands_above_the_text_is_no_summary(above: str, why: str) -> None:
    assert paragraph_of(above + PROSE) == "This is what the text says.", why


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<p><img src="x"></p><p>…</p><p>Real words here</p>', "Real words here"),
        ("<h1>Only</h1><div>blocks</div>", "Only blocks"),
        ("<p>Jane Roe</p>", "Jane Roe"),
        ("<p>これは日本語の文章の例です。</p>", "これは日本語の文章の例です。"),
        ('<p><img src="x" alt="Boats &amp; nets"></p>', "Boats & nets"),
        ("<p><em>Emphasised from end to end.</em></p>", "Emphasised from end to end."),
        ("", ""),
    ],
)
def test_a_body_that_says_anything_has_a_summary(markup: str, text: str) -> None:
    assert paragraph_of(markup) == text
