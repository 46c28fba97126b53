from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posts.counting import clusters
from posts.counting import graphemes as graphemes_by_rule
from posts.counting import utf16 as utf16_by_rule
from posts.making import FAMILY, NFC_TEXTS, unhurried
from syndicate.posts.measure import _BARE_URL, _EMOJI, _bare_url_in, _weight, are_apart, count, fits, graphemes
from syndicate.posts.post import Measure, Room

BLUESKY_SAMPLE = "✨ example mentioning @atproto.com to share the URL 👨‍❤️‍👨 https://en.wikipedia.org/wiki/CBOR."
MASTODON = Room(500, url_length=23)
X = Room(280, Measure.WEIGHTED)


@pytest.mark.parametrize(
    ("text", "measure", "expected"),
    [
        (BLUESKY_SAMPLE, Measure.GRAPHEMES, 88),
        (BLUESKY_SAMPLE, Measure.CODE_POINTS, 93),
        (BLUESKY_SAMPLE, Measure.UTF16, 95),
        (BLUESKY_SAMPLE, Measure.BYTES, 109),
        (FAMILY, Measure.GRAPHEMES, 1),
        (FAMILY, Measure.CODE_POINTS, 7),
        (FAMILY, Measure.UTF16, 11),
        (FAMILY, Measure.BYTES, 25),
        ("Hello, world! 👋", Measure.WEIGHTED, 16),
        ("café", Measure.WEIGHTED, 4),
        ("cafe\u0301", Measure.WEIGHTED, 4),
        ("日本語", Measure.WEIGHTED, 6),
        (FAMILY, Measure.WEIGHTED, 2),
        ("—", Measure.WEIGHTED, 1),
        ("…", Measure.WEIGHTED, 2),
        ("🇩🇪1️⃣☝🏽🏴󠁧󠁢󠁥󠁮󠁧󠁿", Measure.WEIGHTED, 8),
        ("", Measure.GRAPHEMES, 0),
    ],
)
def test_text_counts_as_the_network_counts(text: str, measure: Measure, expected: int) -> None:
    assert count(text, Room(1, measure)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/", 23),
        ("https://example.org/a-very-long-path/that-goes-on-and-on?and=on#and-on", 23),
        ("HTTPS://EXAMPLE.ORG/A/B/C/D/E/F/G/H/I/J/K", 23),
        ("see https://example.org/a, please", 4 + 23 + 8),
        ("(https://en.wikipedia.org/wiki/Python_(programming_language))", 1 + 23 + 1),
        ("https://web.archive.org/web/2026/https://example.org/a-long-path.", 24),
        ("https://a.example.org https://b.example.org", 47),
        ("https://example.org/日本", 25),
    ],
)
def test_url_counts_its_flat_length(text: str, expected: int) -> None:
    assert count(text, MASTODON) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/a/b/c/d/e/f/g/h",
        "http://127.0.0.1:8080/a/b/c/d/e/f",
        "https://wiki.internal/a/long/path/to/a/page",
        "https://bücher.de/ein/langer/pfad/zum/buch",
    ],
)
def test_url_that_networks_may_not_take_for_one_counts_in_full(url: str) -> None:
    assert count(url, MASTODON) == len(url)


@pytest.mark.parametrize("url", ["http://localhost", "https://日本.jp", "xhttps://a.org"])
def test_short_doubtful_url_never_counts_less_than_the_flat_length(url: str) -> None:
    assert count(url, MASTODON) >= 23


def test_bare_domain_counts_as_a_url_on_x_only() -> None:
    assert count("medium.com", X) == 23
    assert count("medium.com", MASTODON) == 10
    assert count("see https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa and medium.com", X) == 4 + 23 + 5 + 23


def test_bytes_are_a_second_limit() -> None:
    room = Room(10, limit_bytes=30)

    assert fits("abc", room)
    assert not fits(FAMILY * 2, room)
    assert not fits("a" * 11, room)


def test_conjunct_counts_its_consonants_because_old_tables_do() -> None:
    assert graphemes("क्ष") == 2
    assert graphemes("क्\u200dष") == 2


@unhurried
@given(NFC_TEXTS)
def test_graphemes_are_those_of_the_standard_without_conjuncts(text: str) -> None:
    assert graphemes(text) == graphemes_by_rule(text)


@unhurried
@given(NFC_TEXTS)
def test_utf16_units_are_those_of_the_encoding(text: str) -> None:
    assert count(text, Room(1, Measure.UTF16)) == utf16_by_rule(text)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("👩🏽‍⚕️", 2),
        ("👩‍❤️‍💋‍👨", 2),
        ("🏳️‍🌈", 2),
        ("🧑‍⚕️", 5),  # later than Emoji 11: its parts count
        ("🧑🏻‍🤝‍🧑🏿", 8),
        ("❤️‍🔥", 5),
        ("⚧️", 4),
        ("setup.py", 23),
        ("report.final.pdf", 27),
    ],
)
def test_x_counts_what_its_library_does_not_know_by_parts(text: str, weight: int) -> None:
    assert count(text, Room(280, Measure.WEIGHTED)) == weight


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abc é 日本", 8), ("👍", 4), ("👍🏽", 8), (FAMILY, 25), ("🇩🇪", 8), ("1\ufe0f\u20e3", 7), ("©", 2), ("", 0)],
)
def test_emoji_count_their_bytes_on_threads(text: str, expected: int) -> None:
    # Threads API reference, "Publishing", `text`: "emojis are counted as the number of UTF-8 bytes". Read 2026-11.
    assert count(text, Room(500, Measure.EMOJI_BYTES)) == expected


@unhurried
@given(NFC_TEXTS)
def test_signs_that_are_apart_are_characters(text: str) -> None:
    assert not are_apart(text) or len(clusters(text)) == len(text)


def weight_sign_by_sign(text: str) -> int:
    """As X's library goes: character by character, and each of them emoji, joined parts, or sign by sign."""
    total = 0
    for cluster in clusters(text):
        if _EMOJI.fullmatch(cluster):
            total += 2
        elif "\u200d" in cluster:
            total += sum(weight_sign_by_sign(part) for part in cluster.split("\u200d")) + cluster.count("\u200d")
        else:
            total += sum(1 if sign <= "\u10ff" or sign in LIGHT else 2 for sign in cluster)
    return total


LIGHT = {
    chr(number)
    for low, high in ((0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
    for number in range(low, high + 1)
}


@unhurried
@given(NFC_TEXTS)
def test_whole_stretches_weigh_what_their_signs_do(text: str) -> None:
    assert _weight(text) == weight_sign_by_sign(text)


DOMAINS = st.lists(
    st.sampled_from(["a", "b2", "-", "_", ".", "com", "test", "xn--", " ", "/x", "@", "…", "ſ"]), max_size=20
)


@unhurried
@given(DOMAINS.map("".join), st.integers(0, 5))
def test_search_from_the_first_dot_misses_no_bare_domain(text: str, start: int) -> None:
    found, slowly = _bare_url_in(text, start), _BARE_URL.search(text, start)

    assert (found and found.span()) == (slowly and slowly.span())
