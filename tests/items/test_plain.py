from __future__ import annotations

import unicodedata
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.items.plain import BLOCK_TAG, INLINE_TAG, one_line, plain, sound, untagged

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
        ("The _New Yorker_ on __bold words__ and ~~old~~ news", "The New Yorker on bold words and old news"),
        ("What __init__ does in snake_case_name.py", "What __init__ does in snake_case_name.py"),
        ("2*3*4, 2**3**4, C* and D*, a_b_c", "2*3*4, 2**3**4, C* and D*, a_b_c"),
        ("这是**粗体**文字", "这是粗体文字"),
        ("So it is[^1] and was.[^note] But [^abc] is a class", "So it is and was. But [^abc] is a class"),
        ("![A boat](b.png) and [one](<a b> 'T') [two](w_(x)) [three][3]", "A boat and one two three"),
        ("a[i][j] and [1][2]", "a[i][j] and [1][2]"),
        ("See <https://x.example/a>", "See https://x.example/a"),
        (r"snake\_case and \*stars\*", "snake_case and *stars*"),
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


def test_marks_stacked_on_letters_cost_little_and_are_cut() -> None:
    text = "a" + "\u0301\u0323" * 50_000

    started = process_time()
    clean = sound(text)

    assert len(clean) <= 32
    assert process_time() - started < 1


@given(st.text(st.sampled_from("a\u0344\u0301\u0323\u0958\u0bc6\u0bbe\u1100\u1161e"), max_size=100))
def test_stacked_marks_are_sound_at_once(text: str) -> None:
    clean = sound(text)

    assert sound(clean) == clean == unicodedata.normalize("NFC", clean)


@given(ODD)
def test_clean_text_without_marks_stays_as_it_is(text: str) -> None:
    clean = plain(text)

    if not set(clean) & set("<&[`*_~\\"):
        assert plain(clean) == clean


@given(st.one_of(ODD, st.text(st.sampled_from("ab\n\t \xa0\u3000\u2009é\u0301")), st.text(st.sampled_from("ab  \n\t"))))
def test_one_line_is_sound_text_with_single_blanks(text: str) -> None:
    assert one_line(text) == " ".join(sound(text).split())


@given(st.text(st.characters(max_codepoint=127)))
def test_text_without_marks_is_plain_as_it_stands(text: str) -> None:
    text = "".join(char for char in text if char not in "<&[`*_~\\")

    assert plain(text) == " ".join(sound(text).split())


MARKUP = st.lists(
    st.sampled_from(
        [
            *[
                "<",
                ">",
                "/",
                '"',
                "'",
                " ",
                "a",
                "p",
                "b",
                "br",
                "=",
                "\n",
                "T",
                "<p>",
                "</p>",
                "<B>",
                "<br/>",
                "</a >",
                "é",
            ],
            *['<a href="x">', "<a title='>'>", '<img alt="<p>">', "<T>", "<p", "<em class=x>", "&lt;", "<\u017fpan>"],
        ]
    ),
    max_size=12,
).map("".join)


@given(MARKUP)
@example("<a <p> b>")
@example('<p title="<b>">x</p>')
def test_tags_go_one_by_one_as_they_go_from_the_whole_text(text: str) -> None:
    assert untagged(text) == INLINE_TAG.sub("", BLOCK_TAG.sub(" ", text))
