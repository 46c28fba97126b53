from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.items.body import body_html, text_of
from syndicate.items.sentences import is_cut
from syndicate.items.summary import Opening, description_of, paragraph_of, summary_of

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
    assert summary_of(candidates, excerpt=excerpt, opening=Opening(HTML), limit=300) == summary


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("Hello world. https://video.example/watch?v=x", "Hello world."),
        ("See https://one.example/ and https://two.example/ for more.", "See and for more."),
        ("https://one.example/", "https://one.example/"),
    ],
)
def test_a_summary_from_the_body_has_no_bare_addresses(text: str, summary: str) -> None:
    assert summary_of([], excerpt="", opening=Opening(f"<p>{text}</p>"), limit=300) == summary
    assert summary_of([], excerpt=text, opening=Opening(""), limit=300) == summary


def test_a_summary_from_the_body_keeps_its_limit() -> None:
    assert summary_of([], excerpt="", opening=Opening(HTML), limit=30) == "The first sentence is here."


@pytest.mark.parametrize(
    ("text", "whole"), [("", ""), ("Own words", "Own words"), (CUT, "The first sentence is here."), ("The fir", "The…")]
)
def test_a_cut_description_is_mended_and_a_whole_one_kept(text: str, whole: str) -> None:
    assert description_of(text, Opening(HTML)) == whole


def test_a_scrap_gives_way_to_the_body() -> None:
    assert summary_of(["The fir..."], excerpt="", opening=Opening(HTML), limit=300) == HTML[3:57]
    assert summary_of(["The fir..."], excerpt="", opening=Opening("<p>Tiny</p>"), limit=300) == "The fir…"


def test_a_description_below_a_heading_is_known_as_the_beginning() -> None:
    markup = "<h1>Title of it</h1><p>The first sentence is here. The second goes on and on.</p>"

    assert description_of(CUT, Opening(markup)) == "The first sentence is here."
    assert summary_of([CUT], excerpt="", opening=Opening(markup), limit=300) == "The first sentence is here."


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


PIECES = (
    "The heron waits by the pond. ",
    "the HERON",
    " ",
    "\n",
    "“",
    "1. ",
    "é",
    "e\u0301",
    "x" * 70,
    "&amp;",
    "&#8;",
    "…",
)
TAGS = ("<p>", "</p>", "</p>\n<p>", "<em>", "</em>", "<br>", "<figure>", "</figure>", "<h2>", "</h2>", '<a href="/b">')
LONG = "The heron waits by the pond, and nobody else is awake at this hour of the day"


@given(
    st.lists(st.sampled_from(PIECES) | st.sampled_from(TAGS), max_size=12).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=4).map("".join),
)
@example(f"<p>{LONG}. It stays.</p>", LONG)
@example(f"<p>{LONG}. It stays.</p>", "Another text")
@example(f"<p>{LONG}. It stays.</p>", "Another text...")
@example(f"<p><em>{LONG}</em></p><p>{LONG}. It stays.</p>", LONG)
@example(f"<h2>Above</h2><p>{LONG}. It stays.</p>", "Above the heron")
@example(f"<p>By Jane Roe and others, {'x' * 60}</p><p>{LONG}. It stays.</p>", LONG)
def test_a_text_is_cut_if_it_is_by_the_beginning_of_the_whole_body(markup: str, written: str) -> None:
    safe, text = body_html(markup, None), text_of(f"<p>{body_html(written, None)}</p>")
    paragraph, body = paragraph_of(safe), text_of(safe)
    at = body.find(paragraph) if paragraph else -1

    beginnings = (body, body[at:]) if at > 0 else (body,)

    assert Opening(safe).beginnings == beginnings
    assert Opening(safe).cut(text) == next((one for one in beginnings if is_cut(text, one)), None)


@given(st.lists(st.sampled_from(PIECES) | st.sampled_from(TAGS), max_size=12).map("".join))
@example("<p>Jane Roe</p><figure><p>A harbour in the morning.</p></figure><p>What the text says.</p>")
def test_a_paragraph_that_begins_a_body_is_read_as_any_other(markup: str) -> None:
    safe = body_html(markup, None)

    assert paragraph_of(safe) == paragraph_of(f"<br>{safe}")
