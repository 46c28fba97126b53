"""Cards and texts for the tests of the posts room."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st

from syndicate.posts.post import Card

FAMILY = "👨‍👩‍👧‍👦"
LINK = "https://example.org/articles/what-a-day"

unhurried = settings(deadline=None)
"""A busy machine is no failure of the code."""


def card(
    title: str = "A title", summary: str = "", url: str = LINK, topics: tuple[str, ...] = (), **more: str | None
) -> Card:
    return Card(
        item_id="test:1",
        title=title,
        summary=summary,
        url=url,
        site_name="Site",
        published=datetime(2026, 11, 1, tzinfo=UTC),
        language="en",
        topics=topics,
        brand=more.get("brand"),
        section=more.get("section"),
    )


PIECES = st.sampled_from(
    [
        "word ", "Another sentence. ", "x", " ", "\n", "é", "e\u0301", FAMILY, "🇩🇪", "1️⃣", "한", "\u1100\u1161",
        "日本語", "க்ஷ", "क्ष", "\u0600", "\u200d", "@someone", "@a@b.example", "#tag", "$AAPL", "https://other.example/a?b=c#d",
        "http://", "example.com", "medium.com/@x", "…", "...", "\u202e", "\x08", "\x1b[1m", "\ud800", "(", "U.S. ",
        "。", "https:", "://", "<b>", "&amp;", "{{ title }}", "\u2028", "\ufe0f", "☝🏽",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=40).map("".join)
NFC_TEXTS = TEXTS.map(lambda text: unicodedata.normalize("NFC", text.encode(errors="ignore").decode()))
