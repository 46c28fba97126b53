from __future__ import annotations

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.items.plain import plain
from syndicate.items.sentences import is_cut, mended, shorten


@example("aaa。\u0301a", 5)
@example("aaaaaaa。\u200da", 9)
@given(st.text(st.sampled_from("ab .,é👩\u200d⚕️日。\u0301"), max_size=80), st.integers(1, 60))
def test_shortened_text_fits_and_cuts_no_grapheme(text: str, limit: int) -> None:
    text = plain(text)

    short = shorten(text, limit)

    assert len(short) <= limit
    if short != text and short:
        kept = short.removesuffix("…")
        assert text.startswith(kept)
        assert regex.findall(r"\X", text)[: len(regex.findall(r"\X", kept))] == regex.findall(r"\X", kept)


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("Short.", 20, "Short."),
        ("One two three four", 12, "One two…"),
        ("One two three. Four five six", 20, "One two three."),
        ("A. Much longer second sentence goes here", 20, "A. Much longer…"),
        ("First, second", 8, "First…"),
        ("日本語の文章です。次の文です", 12, "日本語の文章です。"),
        ("Unbreakablelongword", 6, "Unbre…"),
        ("👩‍⚕️👩‍⚕️👩‍⚕️", 6, "👩‍⚕️…"),
        ("---- ----", 3, ""),
        ("Exactly here now", 8, "Exactly…"),
    ],
)
def test_shortening_ends_at_a_sentence_or_word(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


BODY = "The first sentence is here. The second one speaks of related things at length. End."


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (BODY, False),
        ("The first sentence is here.", False),
        ("The first sentence is here", True),
        ("The first sent", True),
        ("Something else entirely", False),
        ("Something else entirely…", True),
        ("Something else...", True),
    ],
)
def test_a_cut_text_is_known_by_dots_or_by_the_body(text: str, cut: bool) -> None:
    assert is_cut(text, BODY) is cut


def test_a_sentence_end_in_a_script_without_blanks_is_not_a_cut() -> None:
    assert not is_cut("これは文です。", "これは文です。次の文。")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "The first sentence is here. The second one speaks of rela",
            "The first sentence is here. The second one speaks of…",
        ),
        ("The first sentence is here. The second one speaks", "The first sentence is here."),
        ("The first sent", "The first…"),
        ("Something else, not the body...", "Something else, not the body…"),
    ],
)
def test_a_cut_text_ends_after_a_whole_word_or_sentence(text: str, whole: str) -> None:
    assert mended(text, BODY) == whole


@pytest.mark.parametrize(
    "start",
    [
        "We asked Dr. Roe",
        "It is cheap, e.g. Tea",
        "He lives in the U.S. Army base",
        "Das gilt z. B. Heute",
        "Das gilt z.B. Heute",
        "It rose by 3.5 Percent",
        "Written by J. Smith",
        "See No. 5 and fig. 2 below",
        "Am 3. Mai war es warm",
        "He asked: Why? and went",
        "Acme Inc. is here",
        "See Roe et al. Some say so",
    ],
)
def test_no_sentence_ends_at_an_abbreviation_a_number_or_an_initial(start: str) -> None:
    assert shorten(f"{start} and all of that goes on and on", len(start) + 3) == f"{start}…"


@pytest.mark.parametrize(
    "sentence",
    [
        "It costs a lot, tea etc.",
        'She said: "Go home."',
        "(It was late.)",
        "It was built in 2019.",
        "He came at 5 p.m.",
        "これは日本語の文章です。」",
        "यह एक वाक्य है।",
        "هل هذا صحيح؟",
        "So it was!",
    ],
)
def test_sentences_end_with_their_quotes_and_brackets(sentence: str) -> None:
    assert shorten(f"{sentence} The next one goes on and on", len(sentence) + 4) == sentence


@pytest.mark.parametrize(
    ("text", "is_short"),
    [
        ("First. […]", True),
        ("First [...]", True),
        ("First. Read more", True),
        ("First… Continue reading →", True),
        ("Erstens. Weiterlesen »", True),
        ("How I learned to Read more", False),
        ("Read more", True),
        ("The \u201cfirst\u201d sentence *is* here", True),
        ("The first sentence is here .", False),
        ("The first sentence is here. The second one speaks of related things at length. End", False),
        ("!?", False),
    ],
)
def test_texts_cut_by_hand_or_written_in_another_way_are_known(text: str, is_short: bool) -> None:
    assert is_cut(text, BODY.replace("first", '"first"')) is is_short


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("One thing. Another is still to come […]", "One thing. Another is still to come…"),
        ("One thing was said. Read more", "One thing was said."),
        ("One thing was said, and… Continue reading →", "One thing was said, and…"),
        ("Read more", ""),
    ],
)
def test_lures_go(text: str, whole: str) -> None:
    assert mended(text, "") == whole


@given(st.text(st.sampled_from("abC .!?。…[]()\"'1é"), max_size=60), st.text(st.sampled_from("abC .。"), max_size=60))
def test_mended_text_is_its_own_beginning_and_no_longer_cut_mid_word(text: str, more: str) -> None:
    whole = mended(text, text + more)

    assert len(whole) <= len(text) + 1
    assert text.startswith(whole.removesuffix("…"))


WORDS = st.lists(st.text(alphabet="aBcßİéД1ﬁ", min_size=1, max_size=6), min_size=1, max_size=6)


@given(WORDS, st.sampled_from([" ", "-", ", ", " “"]), st.sampled_from(["", "“", "... ", "¶ "]))
def test_a_beginning_is_known_by_its_letters_and_digits_alone(words: list[str], mark: str, before: str) -> None:
    body = before + mark.join(words) + " and goes on"

    assert is_cut(" ".join(words), body)
    assert not is_cut("Zz" + " ".join(words), body)


@pytest.mark.parametrize("body", ["", "...", "On", " " * 1_000 + "One"])
def test_a_body_that_ends_before_the_text_goes_not_on(body: str) -> None:
    assert not is_cut("One", body)


@pytest.mark.parametrize("end", ["", " ", ".", " …", "\u3000»", " ...", "›→>])", "\x1c\x85\u2009", " . . ."])
def test_a_lure_is_known_whatever_follows_it(end: str) -> None:
    assert is_cut(f"It rained. Read more{end}", "")
    assert not is_cut(f"It rained. Read more{end} of it", "It rained")


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("STRASSE", "Straße und mehr"),
        ("Straße", "STRASSE UND MEHR"),
        ("Auf der Straße", "AUF DER STRASSE UND MEHR"),
        ("\N{LATIN SMALL LIGATURE FFI}x", "ffix goes on"),
        ("A", "a b"),
    ],
)
def test_texts_begin_alike_however_they_are_folded(text: str, body: str) -> None:
    assert is_cut(text, body)


def test_a_text_that_goes_another_way_than_the_body_is_not_cut() -> None:
    assert not is_cut("The heron waits by the pond", "The heron waits at the lake for hours")
