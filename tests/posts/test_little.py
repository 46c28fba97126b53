"""LinkedIn's little text: nothing but our hashtags is more than its characters."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from syndicate.posts.little import little_text
from syndicate.posts.spans import spans_of

RESERVED = set("\\|{}@[]()<>#*_~")


@pytest.mark.parametrize(
    ("text", "little"),
    [
        ("Herons are back", "Herons are back"),
        ("Herons (grey) *back*", r"Herons \(grey\) \*back\*"),
        ("@[Acme](urn:li:organization:1)", r"\@\[Acme\]\(urn:li:organization:1\)"),
        ("https://x.example/a_b(c)~d", r"https://x.example/a\_b\(c\)\~d"),
        ("C:\\temp|{x}<y>", r"C:\\temp\|\{x\}\<y\>"),
        ("é #Water_Birds, #日本 ok", r"é {hashtag|\#|Water\_Birds}, {hashtag|\#|日本} ok"),
        ("#\u200bno tag", "\\#\u200bno tag"),
    ],
)
def test_reserved_characters_are_escaped_and_hashtags_marked(text: str, little: str) -> None:
    assert little_text(text, spans_of(text, "https://x.example/a_b(c)~d")) == little


@given(st.text(st.sampled_from("ab \\|{}@[]()<>#*_~é👩")))
def test_unescaped_it_is_the_same_text(text: str) -> None:
    little = little_text(text)

    assert regex.sub(r"\\(.)", r"\1", little) == text
    assert not RESERVED & set(regex.sub(r"\\.", "", little))
