"""Links and hashtags found in a finished text. Pure."""

from __future__ import annotations

from typing import Final

import regex

from syndicate.posts.measure import URL
from syndicate.posts.post import Span, SpanKind

# Foreign marks are broken before (see `markup`), so whatever looks like a tag here was meant as one.
_HASHTAG: Final = r"(?<![\p{L}\p{M}\p{N}_/&])[#＃](?P<tag>[\p{L}\p{M}\p{Nd}_]*\p{L}[\p{L}\p{M}\p{Nd}_]*)"


def spans_of(text: str, link: str) -> tuple[Span, ...]:
    """The links and hashtags of a text in order, in UTF-8 bytes; `link` is known even if it looks like no URL."""
    pattern = rf"{regex.escape(link)}|(?i:{URL.pattern})|{_HASHTAG}"
    return tuple(_span(text, found) for found in regex.finditer(pattern, text))


def _span(text: str, found: regex.Match[str]) -> Span:
    start_bytes = len(text[: found.start()].encode())
    return Span(
        kind=SpanKind.HASHTAG if found["tag"] else SpanKind.LINK,
        start_bytes=start_bytes,
        end_bytes=start_bytes + len(found[0].encode()),
        target=found["tag"] or found[0],
    )
