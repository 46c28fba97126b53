from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items.body import before_more, body_html, is_html, paragraph_of, text_of

BASE = "https://site.example/news/x"


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("**Bold** and `code`", "<p><strong>Bold</strong> and <code>code</code></p>"),
        ("~~old~~", "<p><s>old</s></p>"),
        ("|a|\n|-|\n|b|", "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>"),
        ("<p>One</p>\n\n    <p>Two</p>", "<p>One</p>\n\n    <p>Two</p>"),
        ("<p>Hi<script>alert(1)</script></p>", "<p>Hi</p>"),
        ('<p onclick="x()">Hi</p><iframe src="https://e.example/"></iframe>', "<p>Hi</p>"),
        ('<a href="javascript:alert(1)">x</a>', "<a>x</a>"),
        ("[x](/y)", '<p><a href="https://site.example/y">x</a></p>'),
        ("[x](y#z)", '<p><a href="https://site.example/news/y#z">x</a></p>'),
        ("![a](b.png)", '<p><img src="https://site.example/news/b.png" alt="a"></p>'),
        ("<!-- note --><p>Hi</p>", "<p>Hi</p>"),
        ("", ""),
        ("{{< figure src=x >}}Hello {% include y %}", "<p>Hello</p>"),
        ("`{{ kept }}` {{ gone }}.", "<p><code>{{ kept }}</code> .</p>"),
        ("import A from './a'\n\nText", "<p>Text</p>"),
        ("We import goods from abroad", "<p>We import goods from abroad</p>"),
        ("<p>a&#8;b\x0b\u200bc</p>", "<p>ab\nc</p>"),
    ],
)
def test_bodies_become_safe_html(written: str, safe: str) -> None:
    assert "".join(body_html(written, BASE).split("\n")) == "".join(safe.split("\n"))


def test_links_that_cannot_be_absolute_are_dropped() -> None:
    assert body_html("[x](/y) ![i](z.png)", None) == '<p><a>x</a> <img alt="i"></p>'


def test_code_blocks_keep_what_looks_like_templates() -> None:
    assert "{{ x }}" in body_html("```\n{{ x }}\n```\n{{ y }}", BASE)
    assert "{{ y }}" not in body_html("```\n{{ x }}\n```\n{{ y }}", BASE)


@given(st.text(max_size=200), st.sampled_from(["<script>", "<img src=x onerror=alert(1)>", "<svg/onload=x>", "{{"]))
def test_no_script_survives(text: str, hostile: str) -> None:
    safe = body_html(text + hostile + text, BASE).lower()

    assert "<script" not in safe
    assert "<svg" not in safe
    assert " onerror=" not in safe.replace("&lt;", "<") or "<img" not in safe


@pytest.mark.parametrize(
    ("text", "html"),
    [("<p>x</p>", True), (" <div class='a'>x</div>\n", True), ("<p>x</p> tail", False), ("# x", False)],
)
def test_html_through_and_through_is_known(text: str, html: bool) -> None:
    assert is_html(text) is html


def test_text_of_html_keeps_words_apart_and_entities_once() -> None:
    assert text_of("<p>One&amp;two</p><p>H<sub>2</sub>O<br>&lt;b&gt;</p>") == "One&two H2O <b>"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<p><img src="x"></p><p>…</p><p>Real</p>', "Real"),
        ("<h1>Only</h1><div>blocks</div>", "Only blocks"),
        ("", ""),
    ],
)
def test_the_first_paragraph_says_something(markup: str, text: str) -> None:
    assert paragraph_of(markup) == text


def test_the_excerpt_stands_before_the_mark() -> None:
    assert before_more("Intro.\n<!-- More -->\nRest") == "Intro.\n"
    assert before_more("No mark") == ""
