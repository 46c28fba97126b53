"""A hundred real-life titles fit every network, by counts that share no code with the product's."""

from __future__ import annotations

import unicodedata

import pytest
import regex

from channels.fitted import LINK, Fitted, fitted, wants_of
from posts.counting import emoji_bytes, graphemes, utf16
from posts.titles import TITLES
from syndicate.channels.networks import network_names
from syndicate.posts.post import Measure

MENTION = regex.compile(r"(?<![\p{L}\p{N}_/])[@＠][\p{L}\p{N}_]")
CONTROL = regex.compile(r"[\p{Cc}\p{Cs}--\n]", regex.VERSION1)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
COUNTS = {
    Measure.GRAPHEMES: graphemes,
    Measure.UTF16: utf16,
    Measure.CODE_POINTS: len,
    Measure.BYTES: lambda text: len(text.encode()),
    Measure.EMOJI_BYTES: emoji_bytes,
}


@pytest.fixture(scope="module", params=network_names())
def posts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Fitted]:
    secret = tmp_path_factory.mktemp("secrets") / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return list(fitted(request.param, wants_of(request.param, secret)))


def length(text: str, one: Fitted) -> int:
    """In the network's unit; the link counts what the network says."""
    room = one.wants.room
    if room.url_length is not None:
        text = text.replace(LINK, "x" * room.url_length)
    return COUNTS[room.measure](text)


def test_there_are_a_hundred() -> None:
    assert len(TITLES) == len(set(TITLES)) == 100


def test_every_post_fits(posts: list[Fitted]) -> None:
    room = posts[0].wants.room
    if room.measure is Measure.WEIGHTED:
        pytest.skip("counted by the network's own library in tests/servers/test_titles.py")
    too_long = {one.title: length(one.post.text, one) for one in posts if length(one.post.text, one) > room.limit}
    too_many_bytes = [one.title for one in posts if len(one.post.text.encode()) > (room.limit_bytes or 10**9)]

    assert too_long == {}
    assert too_many_bytes == []


def test_the_link_is_whole(posts: list[Fitted]) -> None:
    cut = [one.title for one in posts if one.wants.link_in_text and one.post.text.split().count(LINK) != 1]

    assert cut == []


def test_nobody_is_called_and_nothing_is_hidden(posts: list[Fitted]) -> None:
    called = {one.title: found for one in posts if (found := MENTION.findall(one.post.text))}
    hidden = {one.title: found for one in posts if (found := CONTROL.findall(one.post.text))}

    assert (called, hidden) == ({}, {})
    assert all(unicodedata.is_normalized("NFC", one.post.text) for one in posts)


def test_something_of_the_title_is_said(posts: list[Fitted]) -> None:
    if not posts[0].wants.title_in_text:
        pytest.skip("the title stands on the card")
    silent = [
        one.title for one in posts if any(map(str.isalpha, one.title)) and not one.post.text.replace(LINK, "").strip()
    ]

    assert silent == []


def test_hashtags_stand_as_a_whole(posts: list[Fitted]) -> None:
    for one in posts:
        content = one.post.text.encode()
        for span in one.post.spans:
            assert content[span.start_bytes : span.end_bytes].decode() in {f"#{span.target}", LINK, span.target}
