"""Recognising our posts among those a server shows."""

from __future__ import annotations

import pytest

from syndicate.channels.marks import Mark

LINK = "https://news.example.org/café/1?a=1&b=2"
TEXT = f"Herons are back\n\n#WaterBirds\n\n{LINK}"


@pytest.mark.parametrize(
    "content",
    [
        '<p>Other words <a href="https://news.example.org/café/1?a=1&amp;b=2" rel="nofollow">link</a></p>',
        '<p><a href="https://news.example.org/caf%C3%A9/1?a=1&amp;b=2">link</a></p>',
        '<p><a href="https://NEWS.example.org/café/1?a=1&amp;b=2/">link</a></p>',
        '<p>No link, only words: <span class="invisible">https://</span>news.example.org/café/1?a=1&amp;b=2</p>',
    ],
)
def test_a_post_is_known_by_its_link(content: str) -> None:
    assert Mark.of(TEXT).is_on(content)


def test_a_post_is_known_by_the_link_of_its_card() -> None:
    assert Mark.of(TEXT).is_on("<p>Herons</p>", LINK)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<p>Herons are back #WaterBirds</p>",
        '<p><a href="https://news.example.org/café/1?a=1&amp;b=3">x</a></p>',
        '<p><a href="https://news.example.org/café/1?a=1&amp;b=2/more">x</a></p>',
        '<p><a href="http://[broken">x</a> <a>x</a> <a href>x</a></p>',
    ],
)
def test_other_posts_are_not_ours(content: str) -> None:
    assert not Mark.of(TEXT).is_on(content, "https://other.example/")


def test_the_last_link_counts_for_a_title_may_hold_one() -> None:
    mark = Mark.of(f"See https://other.example/ now\n\n{LINK}")

    assert mark.is_on("", LINK)
    assert not mark.is_on("", "https://other.example/")


def test_without_a_link_the_words_decide() -> None:
    mark = Mark.of("Herons are back\n\nNow &  here")

    assert mark.is_on("<p>Herons are back</p><p>Now &amp; here</p>")
    assert mark.is_on("<p>Herons are back<br/><br/>Now &amp;<br>here</p>")
    assert not mark.is_on("<p>Herons are back</p>")
