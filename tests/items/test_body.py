from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items import body
from syndicate.items.body import body_html, format_of, is_html, safe_body, text_of
from syndicate.items.rules import Format

BASE = "https://site.example/news/x"


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("**Bold** and `code`", "<p><strong>Bold</strong> and <code>code</code></p>"),
        ("~~old~~", "<p><del>old</del></p>"),
        ("Term\n: what it means", "<dl><dt>Term</dt><dd>what it means</dd></dl>"),
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
        ("{{< widget src=x >}}Hello {% include y %}", "<p>Hello</p>"),
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


def test_a_bracket_in_an_attribute_is_no_text() -> None:
    assert text_of('<p>One<img alt="a > b"></p><p>two</p>') == "One two"


def test_the_excerpt_stands_before_the_mark() -> None:
    assert safe_body("Intro.\n<!-- More -->\nRest", BASE).excerpt == "<p>Intro.</p>"
    assert safe_body("<p>Intro.</p><!--more--><p>Rest</p>", BASE).excerpt == "<p>Intro.</p>"
    assert safe_body("No mark", BASE).excerpt == ""


@pytest.mark.parametrize(
    ("name", "written"), [("HTML", Format.HTML), ("goldmark", Format.MARKDOWN), ("org", None), ("", None)]
)
def test_a_file_may_name_its_format(name: str, written: Format | None) -> None:
    assert format_of(name) is written


@pytest.mark.parametrize(
    ("path", "written", "html"),
    [
        ("a.html", Format.AUTO, "*x*"),
        ("a.md", Format.AUTO, "<p><em>x</em></p>"),
        ("a.md", Format.HTML, "*x*"),
        ("a.html", Format.MARKDOWN, "<p><em>x</em></p>"),
    ],
)
def test_the_format_comes_from_the_settings_or_the_name(path: str, written: Format, html: str) -> None:
    assert safe_body("*x*", BASE, path=path, written=written).html == html


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("> " * 200_000, "characters"),
        ("*a*\n\n" * 60_000, "tags"),
        ("<p>" + "x" * body.LIMIT_HTML + "</p>", "characters"),
        ("<p>" + "<b>" * body.LIMIT_TAGS + "</p>", "tags"),
    ],
)
def test_what_is_too_much_to_render_becomes_text(written: str, problem: str) -> None:
    safe = safe_body(written, BASE)

    assert problem in safe.problem
    assert not re.search(r"<(?!/?p>)", safe.html)


@pytest.mark.parametrize("written", ["> " * 600 + "deep & <b>bold</b>\n\nlast", "- " * 600 + "deep & bold\n\nlast"])
def test_text_that_is_nested_too_deep_is_not_lost(written: str) -> None:
    safe = safe_body(written, BASE)

    assert not safe.problem
    assert {"deep", "&", "bold", "last"} <= set(text_of(safe.html).split())


def test_a_long_page_of_markdown_is_rendered() -> None:
    page = "## A heading\n\nSome *words* with a [link](/x) & more of them, as changelogs have.\n\n" * 11_000

    safe = safe_body(page[:850_000], BASE)

    assert not safe.problem
    assert safe.html.startswith("<h2>A heading</h2>\n<p>Some <em>words</em>")


def test_text_of_a_body_leaves_out_the_marks_of_its_footnotes() -> None:
    assert text_of(body_html("So it is[^1].\n\n[^1]: As we know.", BASE)) == "So it is. As we know."


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        (
            "<Box>\n\n    Text *x*\n\n        # More\n\n</Box>\nLast",
            "<p>Text <em>x</em></p>\n<h1>More</h1>\n<p>Last</p>",
        ),
        ("- a\n\n      b", "<ul>\n<li>\n<p>a</p>\n<p>b</p>\n</li>\n</ul>"),
        ("> \ta", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("```\n    kept\n```", "<pre><code>    kept\n</code></pre>"),
    ],
)
def test_markdown_with_components_has_no_code_by_indentation(written: str, rendered: str) -> None:
    assert body_html_of_mdx(written) == rendered


def body_html_of_mdx(written: str) -> str:
    return safe_body(written, BASE, path="a.mdx").html


@pytest.mark.parametrize("written", ["> " * 19 + "deep", "- " * 9 + "deep", "1. a\n" * 500, "[a](b) " * 2_000])
def test_what_people_write_is_rendered(written: str) -> None:
    safe = safe_body(written, BASE)

    assert not safe.problem
    assert "deep" in safe.html or "<a" in safe.html or "<li>" in safe.html


@given(st.integers(0, 30), st.sampled_from(["> ", "- ", "1. ", "* > "]))
def test_no_nesting_loses_text(levels: int, mark: str) -> None:
    assert "deep" in text_of(body_html(mark * levels + "deep", BASE))


def test_tags_nested_without_end_reach_the_parser_in_order() -> None:
    safe = safe_body("<div>" * 60_000 + "deep</div>", BASE)  # would take the parser many seconds

    assert not safe.problem
    assert "deep" in safe.html
    assert safe.html.count("<div>") <= 256


def test_html_of_many_tags_stays_as_it_was() -> None:
    written = "<p>Some <b>bold</b> &amp; <i>other</i> text</p>" * 200

    assert body_html(written, BASE) == written


def test_marks_stacked_on_one_letter_are_cut() -> None:
    assert len(body_html("<p>a" + "\u0301\u0323" * 500 + "</p>", BASE)) < 50
    assert len(body_html("<p>a" + "&#769;&#803;" * 500 + "</p>", BASE)) < 50


def test_links_beyond_any_page_are_dropped() -> None:
    safe = body_html("<p>" + '<a href="/x">y</a>' * (body.LIMIT_LINKS + 5) + "</p>", BASE)

    assert safe.count("href=") == body.LIMIT_LINKS
    assert safe.count("<a") == body.LIMIT_LINKS + 5


def test_a_long_beginning_is_no_excerpt() -> None:
    assert safe_body("x" * (body.LIMIT_EXCERPT + 1) + "<!--more-->", BASE).excerpt == ""


def test_bodies_that_are_cleaned_at_the_same_time_keep_their_own_addresses() -> None:
    bodies = [(f"![{name}](/{name}.png) [l]({name})" * 20, f"https://{name}.example/") for name in "abcdef"]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda one: safe_body(*one), bodies))

    for name, one in zip("abcdef", found, strict=True):
        assert one.first_image == (f"/{name}.png", name)
        assert set(re.findall(r"//(\w)\.example/", one.html)) == {name}
        assert one.html.count(f'href="https://{name}.example/{name}"') == 20
