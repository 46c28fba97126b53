"""What is not cleaned: it is as the cleaner would have written it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items.body import _CLEANING
from syndicate.items.spotless import spotless

BASE = "https://site.example/news/x"
LINKS = (
    *(
        "/a",
        "/a/b.html?x=1#y",
        "https://a.example",
        "http://a.b.example/c?d",
        "/",
        "/.",
        "/a/../b",
        "/a b",
        "//a.example",
    ),
    *(
        "https://1.2.3.4/",
        "https://1.2.3.999/",
        "https://a.0x1/",
        "https://xn--a.example/",
        "https://a.xn--zz/",
        "a",
        "#b",
    ),
    *("", "/a?b=c&d=e", "/a'b", "javascript:x", "https://a..example/", "https://a/", "/%zz", "https://a.example:80/"),
)
TEXTS = (
    *(
        "words",
        " ",
        "\n",
        "&amp;",
        "&lt;",
        "&gt;",
        "&quot;",
        "&nbsp;",
        "&amp;quot;",
        '"',
        "'",
        "é",
        "e\u0301",
        "\u2028",
    ),
    *(
        "&",
        "&copy;",
        "&lt",
        ">",
        "<",
        "\u00a0",
        "\r",
        "\x0c",
        "\x08",
        "\t",
        "&#8;",
        "<br>",
        "]]>",
        "\ufeff",
        "\U0001f600",
    ),
)
MARKS = ("em", "strong", "b", "i", "code", "u", "EM")
BLOCKS = ("p", "p", "p", "h1", "h3", "h6", "h7", "div", "P")

texts = st.lists(st.sampled_from(TEXTS[:13]) | st.sampled_from(TEXTS), max_size=3).map("".join)
marked = st.tuples(st.sampled_from(MARKS), texts).map(lambda one: f"<{one[0]}>{one[1]}</{one[0]}>")
links = st.tuples(st.sampled_from(LINKS[:7]) | st.sampled_from(LINKS), texts).map(
    lambda one: f'<a href="{one[0]}">{one[1]}</a>'
)
lines = st.lists(texts | marked | links, max_size=4).map("".join)
blocks = st.tuples(st.sampled_from(BLOCKS), lines).map(lambda one: f"<{one[0]}>{one[1]}</{one[0]}>")
bodies = st.lists(blocks | blocks | blocks | st.sampled_from(("\n", " ", "\n\n", "x")), max_size=5).map("".join)


def cleaned(text: str, base: str | None) -> str:
    """What the cleaner makes of it."""
    return _CLEANING.clean(text, base, [])


@given(bodies, st.sampled_from((BASE, None)))
def test_what_is_spotless_is_as_the_cleaner_writes_it(text: str, base: str | None) -> None:
    found = spotless(text, base)

    assert found is None or found == cleaned(text, base)


@given(bodies, st.integers(0, 400), st.sampled_from("<>&\"'/= pa\n"))
def test_so_is_what_has_another_character(text: str, at: int, sign: str) -> None:
    odd = text[:at] + sign + text[at + 1 :]

    found = spotless(odd, BASE)

    assert found is None or found == cleaned(odd, BASE)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<p>a</p>", "<p>a</p>"),
        ("<h2>a &amp; b</h2>\n<p>“c” <em>d</em></p>\n", "<h2>a &amp; b</h2>\n<p>“c” <em>d</em></p>\n"),
        ("<p>&quot;a&quot; &amp;quot;</p>", '<p>"a" &amp;quot;</p>'),
        ('<p><a href="/a">b</a> c</p>', '<p><a href="https://site.example/a">b</a> c</p>'),
        ('<p><a href="https://a.example/b">c</a></p>', '<p><a href="https://a.example/b">c</a></p>'),
    ],
)
def test_plain_paragraphs_are_spotless(text: str, safe: str) -> None:
    assert spotless(text, BASE) == safe == cleaned(text, BASE)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "<p>a", "<p>a</p><p>", "<p>a<p>b</p></p>", "<p>a & b</p>", "<p class='x'>a</p>", "<p>a<br></p>"),
        *("<p><em><b>a</b></em></p>", "<p><em>a</b></p>", "<h2>a</h3>", "<p>a\u00a0b</p>", '<p><a href="a">b</a></p>'),
        *('<p><a href="https://1.2.3.999/">b</a></p>', '<p><a href="https://xn--a.example/">b</a></p>'),
        '<p><a href="//a.example/">b</a></p>',
    ],
)
def test_what_is_less_plain_is_left_to_the_cleaner(text: str) -> None:
    assert spotless(text, BASE) is None


def test_a_link_that_leads_nowhere_is_left_to_the_cleaner() -> None:
    assert spotless('<p><a href="/a">b</a></p>', None) is None
