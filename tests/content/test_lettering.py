from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import features

from content.lettered import BOLDS, TITLES
from syndicate.content.glyphs import Glyphs
from syndicate.content.lettering import ELLIPSIS, JOINERS, SLACK, Lettering
from syndicate.content.typefaces import BOLD

SIZES = (88, 66, 50, 38)
LATIN_WORDS = st.lists(st.text(alphabet="abcdeWi-é", min_size=1, max_size=30), min_size=1, max_size=60).map(" ".join)


@pytest.fixture(scope="module")
def letters() -> Lettering:
    return Lettering(BOLDS)


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES.keys())
def test_nothing_is_drawn_that_the_font_lacks(letters: Lettering, title: str) -> None:
    glyphs = Glyphs(BOLD)

    drawable = letters.drawable(title)

    assert all(char in glyphs for char in drawable if not char.isspace() and char not in JOINERS)


@pytest.mark.parametrize(
    ("title", "drawable"),
    [
        ("Care for all 👨‍👩‍👧‍👦 at home", "Care for all at home"),
        ("🇩🇪 flag, 1️⃣ and ❤️", "flag, 1 and"),
        ("n ≥ 3 → ∞ © ™", "n >= 3 -> © ™"),
        ("e\u0301\u0323tude", "ẹ\u0301tude"),
        ("With 李明 and 王芳 or Xu", "With … and … or Xu"),
        ("Talks with 李明 王芳 about much more", "Talks with … about much more"),
        ("李明 talks", "… talks"),
        ("人工智能 talks", ""),
        ("人工智能", ""),
        ("👍🏽", ""),
        ("", ""),
    ],
)
def test_what_is_missing_goes_or_becomes_an_ellipsis(letters: Lettering, title: str, drawable: str) -> None:
    assert letters.drawable(title) == drawable


def test_missing_scripts_are_collected() -> None:
    letters = Lettering(BOLDS)

    letters.drawable("Plain text 👍")
    assert letters.missing == set()
    letters.drawable("日本 ひらがな 한국 ע")

    assert letters.missing == {"CJK", "HEBREW"}


def set_in(letters: Lettering, text: str, width_px: int = 1072, height_px: int = 340) -> tuple[list[str], int, bool]:
    block = letters.block(letters.drawable(text), width_px=width_px, height_px=height_px, sizes=SIZES, spacing=1.24)
    return list(block.lines), block.size_px, block.is_cut


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES.keys())
def test_lines_keep_the_room(letters: Lettering, title: str) -> None:
    lines, size, _ = set_in(letters, title)

    assert len(lines) * size * 1.24 <= 340
    assert all(letters.width_px(line, size) <= 1072 for line in lines)


@settings(deadline=None, max_examples=60)
@given(LATIN_WORDS, st.integers(120, 1100))
def test_no_word_is_lost_unless_it_is_told(text: str, width_px: int) -> None:
    letters = Lettering(BOLDS)

    lines, size, is_cut = set_in(letters, text, width_px)

    whole = unicodedata.normalize("NFC", text).replace(" ", "")
    if is_cut:
        assert lines[-1].endswith(ELLIPSIS)
        assert whole.startswith("".join(lines)[:-1].replace(" ", "")[:10])
    else:
        assert "".join(lines).replace(" ", "") == whole
    assert all(letters.width_px(line, size) <= width_px * SLACK for line in lines)


def test_short_text_is_large_and_long_text_small(letters: Lettering) -> None:
    assert set_in(letters, "AI in nursing")[1] == 88
    assert set_in(letters, TITLES["long"])[1] == 38
    assert set_in(letters, TITLES["very long"])[2]


def test_last_line_is_no_lonely_word(letters: Lettering) -> None:
    lines, size, _ = set_in(letters, "FDA clears the first autonomous AI system for chest X-rays today")

    widths = [letters.width_px(line, size) for line in lines]
    assert len(lines) > 1
    assert widths[-1] > max(widths) / 2


def test_word_that_fits_nowhere_is_broken_and_others_are_not(letters: Lettering) -> None:
    lines, size, _ = set_in(letters, "An " + TITLES["one word"])

    assert size > 38
    assert "".join(lines).replace(" ", "") == "An" + TITLES["one word"]


def test_lines_break_after_hyphens_and_slashes_without_new_ones(letters: Lettering) -> None:
    lines, _, _ = set_in(letters, "Non-Small-Cell/Large-Cell", width_px=420)

    assert len(lines) > 1
    assert all(line[-1] in "-/" for line in lines[:-1])
    assert "".join(lines) == "Non-Small-Cell/Large-Cell"


def test_japanese_breaks_between_characters_but_not_before_a_full_stop() -> None:
    from syndicate.content.lettering import _tokens  # what a line never breaks cannot be seen without a font

    assert [part.text for part in _tokens("「人工」。AIが 한국어")] == ["「人", "工」。", "AI", "が", "한국어"]


def test_one_line_is_cut_at_a_word(letters: Lettering) -> None:
    text = "A name that is much too long for so little room"

    assert letters.line(text, width_px=2000, size=30) == text
    cut = letters.line(text, width_px=300, size=30)
    assert cut.endswith(ELLIPSIS)
    assert text.startswith(cut[:-1] + " ")
    assert letters.line(text, width_px=1, size=30) == ""


def test_without_shaping_only_plain_scripts_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda name: False)
    letters = Lettering(BOLDS)

    assert letters.drawable("Ångström и κόσμος") == "Ångström и κόσμος"
    assert letters.drawable("क्षमता") == ""
    assert letters.width("Plain") > 0
