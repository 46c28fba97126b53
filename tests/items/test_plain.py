from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.items.plain import is_cut, mended, plain, shorten, sound

ODD = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\ufeff\u200b\u200d\u202a\u202c\u202e\u2066\u2069\x08\x85\u2028\x0c<>&;*`[]()\"'#é\u0301…."),
    )
)


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("  Foo \n\n bar\tbaz ", "Foo bar baz"),
        ("Cats &amp; dogs&#58; U&#46;S&#46;", "Cats & dogs: U.S."),
        ("Tom &amp;amp; Jerry", "Tom &amp; Jerry"),
        ("The <em>best</em> of<br>all H<sub>2</sub>O", "The best of all H2O"),
        ('<a href="/x?a>b">Read</a> this', "Read this"),
        ("Vec<T> and a < b > c", "Vec<T> and a < b > c"),
        ("x &lt;b&gt; y", "x <b> y"),
        ("a<!-- hidden -->b<script>alert(1)</script>c", "a b c"),
        ("<style>p{}</STYLE>kept <!-- never closed", "kept <!-- never closed"),
        ("\u0130<script>x</SCRIPT>\u0130<Script>y</script>", "\u0130 \u0130"),
        ("Use `git` for **all** *work* now", "Use git for all work now"),
        ("See [the docs](https://x.example/a) here", "See the docs here"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("line\u2028sep\x0cfeed\x85nel\rcr", "line sep feed nel cr"),
        ("be\u200bll\x08 \ufeffhi\x9f\ud800\ufffe\U0001fffe", "bell hi"),
        ("👩\u200d⚕️ می\u200cخواهم", "👩\u200d⚕️ می\u200cخواهم"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_field_text_becomes_one_clean_line(written: str, clean: str) -> None:
    assert plain(written) == clean


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("\u2067שלום\u2069 ok", "\u2067שלום\u2069 ok"),
        ("\u2067open", "open"),
        ("close\u2069", "close"),
        ("\u202aa\u2069b\u202c", "\u202aab\u202c"),
        ("a\u202egnp.exe", "agnp.exe"),
    ],
)
def test_direction_controls_stay_only_in_pairs(written: str, clean: str) -> None:
    assert sound(written) == clean


@given(ODD)
def test_clean_text_is_nfc_printable_and_never_longer(text: str) -> None:
    clean = plain(text)

    assert clean == unicodedata.normalize("NFC", clean)
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in clean)
    assert len(clean) <= len(unicodedata.normalize("NFC", text))


@given(ODD)
def test_sound_text_is_stable(text: str) -> None:
    assert sound(sound(text)) == sound(text)


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
