from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posts.counting import boundaries
from posts.counting import graphemes as graphemes_by_rule
from posts.counting import utf16 as utf16_by_rule
from posts.making import FAMILY, LINK, NFC_TEXTS, unhurried
from syndicate.posts.fit import ELLIPSIS, fit, shorten
from syndicate.posts.post import Measure, Room

TAIL = f"\n\n{LINK}"
ROOMS = st.builds(
    Room,
    limit=st.integers(50, 400),
    measure=st.sampled_from([Measure.GRAPHEMES, Measure.UTF16, Measure.CODE_POINTS, Measure.BYTES]),
    limit_bytes=st.none() | st.integers(80, 500),
)


def counted(text: str, measure: Measure) -> int:
    counters = {
        Measure.GRAPHEMES: graphemes_by_rule,
        Measure.UTF16: utf16_by_rule,
        Measure.CODE_POINTS: len,
        Measure.BYTES: lambda text: len(text.encode()),
    }
    return counters[measure](text)


def test_text_that_fits_is_left_alone() -> None:
    assert fit("Short.", Room(100), tail=TAIL) == f"Short.{TAIL}"


def test_cut_comes_after_a_sentence_when_it_keeps_half() -> None:
    text = "This is the first sentence. This is the second one. This is the third."

    assert fit(text, Room(60)) == "This is the first sentence. This is the second one. …"


def test_cut_comes_after_a_word_when_the_sentence_is_too_short() -> None:
    assert fit("Why? Because one thing led to another thing.", Room(30)) == "Why? Because one thing led to…"


def test_sentence_gives_way_when_its_ellipsis_finds_no_room() -> None:
    assert fit("A first one ends. Then more words follow.", Room(18)) == "A first one ends…"


def test_short_forms_end_no_sentence() -> None:
    assert fit("In the U.S. Dr. Smith treats patients with care.", Room(26)) == "In the U.S. Dr. Smith…"


def test_cut_comes_after_a_character_where_there_are_no_words() -> None:
    assert fit("日本語日本語日本語", Room(5)) == "日本語日…"
    assert fit(FAMILY * 9, Room(5)) == FAMILY * 4 + ELLIPSIS


def test_japanese_sentence_ends_at_its_own_mark() -> None:
    assert fit("これは最初の文です。これは二番目の文です。", Room(14)) == "これは最初の文です。 …"


def test_nothing_dangles_before_the_ellipsis() -> None:
    assert fit("One, two (three) - four five", Room(12)) == "One, two…"
    assert fit("One, two … four five six", Room(14)) == "One, two…"


def test_url_is_kept_or_left_out_as_a_whole() -> None:
    text = "Read https://example.org/a/b/c/d/e/f now and then again"

    assert fit(text, Room(30)) == "Read…"
    assert fit(text, Room(40)) == "Read https://example.org/a/b/c/d/e/f…"


def test_tail_stands_alone_when_no_character_fits() -> None:
    assert fit("👨‍👩‍👧‍👦 family", Room(1 + len(TAIL)), tail=TAIL) == TAIL
    assert fit("...... and so on", Room(5)) == ""


def test_tail_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="alone does not fit: 41 of 20 graphemes"):
        fit("Text", Room(20), tail=TAIL)
    with pytest.raises(ValueError, match="41 of 30 bytes"):
        fit("Text", Room(100, limit_bytes=30), tail=TAIL)


def test_end_that_does_not_fit_gives_way_to_one_that_does() -> None:
    shortened = shorten("one two three four five", lambda text: len(text) <= 16 and text != "one two three…")

    assert shortened == "one two three f…"


@unhurried
@given(NFC_TEXTS, ROOMS)
def test_tail_is_whole_and_no_limit_is_passed(text: str, room: Room) -> None:
    fitted = fit(text, room, tail=TAIL) if room.limit_bytes is None or room.limit_bytes >= 41 else TAIL

    assert fitted.endswith(TAIL)
    assert counted(fitted, room.measure) <= room.limit
    assert room.limit_bytes is None or len(fitted.encode()) <= room.limit_bytes


@unhurried
@given(NFC_TEXTS, ROOMS)
def test_cut_is_a_beginning_that_ends_between_characters(text: str, room: Room) -> None:
    fitted = fit(text, room)

    if fitted == text:
        return
    assert fitted == "" or fitted.endswith(ELLIPSIS)
    kept = fitted.removesuffix(ELLIPSIS).removesuffix(" ")
    assert text.startswith(kept)
    assert len(kept) in boundaries(text)
    assert not kept.endswith(("…", "..."))


@unhurried
@given(NFC_TEXTS, ROOMS)
def test_fitting_twice_changes_nothing(text: str, room: Room) -> None:
    once = fit(text, room)

    assert fit(once, room) == once


@unhurried
@given(st.text(alphabet="abc de. ", max_size=200))
def test_wider_room_never_keeps_less_than_half(text: str) -> None:
    narrow, wide = fit(text, Room(40)), fit(text, Room(80))

    assert len(wide) * 2 >= len(narrow)
