"""Recognising our posts among those a server shows."""

from __future__ import annotations

import pytest

from syndicate.channels.marks import Mark, links_in, without_links

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


def test_a_post_is_known_whatever_the_parameters_that_only_track() -> None:
    ours = Mark.of("Herons https://a.example/x?utm_source=x&a=1&utm_medium=social#there")

    assert ours.is_on('<a href="https://a.example/x?a=1#there">x</a>')
    assert ours.is_on('<a href="https://a.example/x?a=1&amp;fbclid=9#there">x</a>')
    assert not ours.is_on('<a href="https://a.example/x?a=2&amp;utm_source=x#there">x</a>')


def test_a_post_is_known_by_the_link_of_its_card() -> None:
    assert Mark.of(TEXT).is_on("<p>Herons</p>", [None, LINK])


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
    assert not Mark.of(TEXT).is_on(content, ["https://other.example/"])


def test_all_links_count_for_one_may_be_in_every_post() -> None:
    mark = Mark.of(f"Herons\n\n{LINK} (by https://site.example)")

    assert mark.is_on("", [LINK, "https://site.example/"])
    assert not mark.is_on("", ["https://other.example/", "https://site.example"])


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("({{}})", "https://site.example/1"),
        ("({{}}).", "https://site.example/1_(b)"),
        ("[{{}}]", "https://site.example/1[0]"),
        ("Read {{}}!", "https://site.example/1"),
        ("\u201c{{}}\u201d", "HTTPS://site.example/1"),
        ("{{}}, {{}}…", "https://site.example/1"),
    ],
)
def test_signs_around_a_link_are_none_of_it(text: str, link: str) -> None:
    said = text.replace("{{}}", link)

    assert Mark.of(said).is_on("", [link])
    assert links_in(said) == links_in(link)
    assert without_links(said) == " ".join(text.replace("{{}}", "").split())


def test_a_link_of_signs_alone_is_no_link_of_ours() -> None:
    assert not Mark.of(TEXT).is_on('<a href="...">x</a>', ["))"])


def test_without_a_link_the_words_decide() -> None:
    mark = Mark.of("Herons are back\n\nNow &  here")

    assert mark.is_on("<p>Herons are back</p><p>Now &amp; here</p>")
    assert mark.is_on("<p>Herons are back<br/><br/>Now &amp;<br>here</p>")
    assert not mark.is_on("<p>Herons are back</p>")
