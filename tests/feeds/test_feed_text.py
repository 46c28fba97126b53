from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from syndicate.feeds.text import clean, clip, direction, is_carried, language_tag, line, mail_date, slug_of, web_address

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_cleaned_text_passes_through_xml_unchanged(text: str) -> None:
    element = etree.Element("t")
    element.text = clean(text)

    back = etree.fromstring(etree.tostring(element, encoding="UTF-8")).text

    assert (back or "") == clean(text)


@given(any_text)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("before", ["", "é\xa0\uffe0 "])
@pytest.mark.parametrize(("first", "last"), [(0x20, 0x7E), (0xA0, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF)])
def test_what_xml_carries_ends_where_its_characters_do(before: str, first: int, last: int) -> None:
    for code in (first, first + 1, last - 1, last):
        assert is_carried(before + chr(code))
    for code in {first - 1, last + 1} - {0x110000}:
        assert not is_carried(before + chr(code))


@pytest.mark.parametrize("control", range(0x20))
def test_of_controls_xml_carries_tabs_and_line_feeds(control: int) -> None:
    assert is_carried(chr(control)) == (chr(control) in "\t\n")


@given(any_text)
def test_what_is_carried_needs_no_cleaning(text: str) -> None:
    assert is_carried(text) <= (clean(text) == text)
    assert is_carried(clean(text))


def test_what_readers_see_is_kept() -> None:
    assert clean("a\tb\n👩‍⚕️ שלום é") == "a\tb\n👩‍⚕️ שלום é"


def test_line_joins_lines_and_drops_controls() -> None:
    assert line(" a\r\n b\x08\x00c\u0085 ") == "a bc"


@given(any_text, st.integers(2, 50))
def test_clipped_text_fits(text: str, room: int) -> None:
    assert len(clip(text, room)) <= room


@pytest.mark.parametrize(
    ("text", "room", "clipped"),
    [
        ("short", 10, "short"),
        ("one two, three", 10, "one two…"),
        ("onelongword", 5, "onel…"),
    ],
)
def test_clip_ends_at_a_word(text: str, room: int, clipped: str) -> None:
    assert clip(text, room) == clipped


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/a?b=1&c=%20#d", "https://example.org/a?b=1&c=%20#d"),
        ("  HTTP://example.org/ü b  ", "HTTP://example.org/%C3%BC%20b"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ('https://example.org/"<x>', "https://example.org/%22%3Cx%3E"),
        ("https://example.org/\ud800\x00a", "https://example.org/a"),
        ("https://example.org/a[1]?b[]=#c#d[", "https://example.org/a%5B1%5D?b%5B%5D=#c%23d%5B"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://[::1/x", None),
        ("https:///x", None),
        ("javascript:alert(1)", None),
        ("/relative", None),
        ("", None),
        (None, None),
    ],
)
def test_web_address_is_absolute_and_encoded(url: str | None, address: str | None) -> None:
    assert web_address(url) == address


@given(
    st.from_regex(r"[a-z0-9-]+(\.[a-z]{2,5}){1,3}", fullmatch=True),
    st.from_regex(r"/[A-Za-z0-9/._~-]*", fullmatch=True),
)
def test_plain_addresses_stay_as_they_are(host: str, path: str) -> None:
    # The general way, which a query forces, agrees.
    assert web_address(f"https://{host}{path}") == f"https://{host}{path}"
    assert web_address(f"https://{host}{path}?q") == f"https://{host}{path}?q"


@given(any_text)
def test_a_line_has_single_blanks_only(text: str) -> None:
    assert line(text) == " ".join(re.split(r"\s+", clean(text))).strip()


@given(any_text)
def test_web_address_is_an_address_or_none(text: str) -> None:
    address = web_address(f"https://example.org/{text}")

    assert address is not None
    assert re.fullmatch(r"https://example\.org/([\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*(#[^#]*)?", address, re.ASCII)
    assert web_address(address) == address
    assert web_address(f"http://{text}") is None or web_address(f"http://{text}").isascii()


@pytest.mark.parametrize(
    ("language", "tag"), [("en_US", "en-US"), (" pt-BR ", "pt-BR"), ("not a language", "en"), ("", "en")]
)
def test_language_tag_falls_back_when_it_is_none(language: str, tag: str) -> None:
    assert language_tag(language, "en") == tag


@pytest.mark.parametrize(
    ("language", "way"), [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), ("Fa", "rtl"), ("", "ltr")]
)
def test_direction_follows_the_language(language: str, way: str) -> None:
    assert direction(language) == way


@pytest.mark.parametrize(
    ("label", "slug"),
    [("Privacy & Security", "privacy-security"), ("  Über_uns!", "über-uns"), ("健康", "健康")],
)
def test_slug_keeps_words_of_any_script(label: str, slug: str) -> None:
    assert slug_of(label) == slug


def test_slug_of_signs_alone_is_still_a_name() -> None:
    assert slug_of("!!!") != slug_of("???")
    assert slug_of("!!!").isalnum()


@given(st.datetimes(timezones=st.sampled_from((UTC, timezone(timedelta(hours=5, minutes=30))))))
def test_dates_of_mail_are_as_the_library_writes_them(moment: datetime) -> None:
    assert mail_date(moment) == format_datetime(moment)
