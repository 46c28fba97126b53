from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import given

from posts.making import TEXTS, unhurried
from syndicate.posts.markup import BREAK, clean, defuse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thanks @someone!", f"Thanks @{BREAK}someone!"),
        ("Ask @user@host.example", f"Ask @{BREAK}user@{BREAK}host.example"),
        ("＠full", f"＠{BREAK}full"),
        ("write to info@example.org", "write to info@example.org"),
        ("²@someone é@someone", f"²@{BREAK}someone é@{BREAK}someone"),
        ("@ home", "@ home"),
        ("#MedEd today", f"#{BREAK}MedEd today"),
        ("#2026goals", f"#{BREAK}2026goals"),
        ("#1 in C#", "#1 in C#"),
        ("$AAPL at $5", f"${BREAK}AAPL at $5"),
        ("see https://example.org/a?b=c", "see example.org/a?b=c"),
        ("HTTP://EXAMPLE.ORG", "EXAMPLE.ORG"),
        ("http:/a:///example.org", "example.org"),
        ("hhttps://ttps://example.org", "example.org"),
        ("gemini://example.org", "example.org"),
        ("https://@someone", f"@{BREAK}someone"),
        ("xmpp:someone@example.org", f"xmpp:{BREAK}someone@example.org"),
        ("magnet:?xt=1", f"magnet:{BREAK}?xt=1"),
        ("note: this", "note: this"),
        (f"@{BREAK}someone", f"@{BREAK}someone"),
    ],
)
def test_marks_in_foreign_text_are_broken(text: str, expected: str) -> None:
    assert defuse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  two\r\n lines\tand\u2028more ", "two lines and more"),
        ("bell\x07 escape\x1b[1m nul\x00", "bell escape[1m nul"),
        ("turned \u202etxet\u202c \u2067x\u2069\u200f", "turned txet x"),
        ("hid\u200bden \ufeff\u2060joined", "hidden joined"),
        ("half \ud83d a pair\ufffe", "half a pair"),
        ("cafe\u0301", "café"),
        ("non\u00a0breaking", "non\u00a0breaking"),
        ("می\u200cخواهم 👨‍👩‍👧‍👦", "می\u200cخواهم 👨‍👩‍👧‍👦"),
    ],
)
def test_clean_text_is_one_line_without_unseen_signs(text: str, expected: str) -> None:
    assert clean(text) == expected


@unhurried
@given(TEXTS)
def test_clean_text_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in cleaned)


@unhurried
@given(TEXTS)
def test_nothing_in_defused_text_mentions_tags_or_links(text: str) -> None:
    defused = defuse(text)

    assert not regex.search(r"(?<![A-Za-z0-9_])[@＠]\w", defused)
    assert not regex.search(r"(?<![A-Za-z0-9_])[#＃]\w*\p{L}", defused)
    assert not regex.search(r"[a-z]://", defused, regex.IGNORECASE)
    assert defuse(defused) == defused
