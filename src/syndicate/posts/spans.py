"""Links and hashtags found in a finished text. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import regex

from syndicate.posts.measure import URL
from syndicate.posts.post import Span, SpanKind

# Foreign marks are broken before (see `markup`), so whatever looks like a tag here was meant as one.
_HASHTAG = r"(?<![\p{L}\p{M}\p{N}_/&])[#＃](?P<tag>[\p{L}\p{M}\p{Nd}_]*\p{L}[\p{L}\p{M}\p{Nd}_]*)"

# One for all texts: to make a pattern of each post's link costs more than the rest of composing it, tenfold.
_FOUND: Final = regex.compile(rf"(?i:{URL.pattern})|{_HASHTAG}")


def spans_of(text: str, link: str) -> tuple[Span, ...]:
    """The links and hashtags of a text in order, in UTF-8 bytes; `link` is known even if it looks like no URL."""
    return tuple(_spans(text, link))


def _spans(text: str, link: str) -> Iterator[Span]:
    position = 0
    found = _FOUND.search(text)
    while position < len(text):
        if found is not None and found.start() < position:
            found = _FOUND.search(text, position)
        place = text.find(link, position)
        # A URL that only begins like the link is another one: the longer of both is meant.
        is_longer = found is not None and found.start() == place and not found["tag"] and len(found[0]) > len(link)
        if place >= 0 and (found is None or place <= found.start()) and not is_longer:
            start, word, tag = place, link, None
        elif found is not None:
            start, word, tag = found.start(), found[0], found["tag"]
        else:
            return
        start_bytes = len(text[:start].encode())
        kind = SpanKind.HASHTAG if tag else SpanKind.LINK
        yield Span(kind, start_bytes, start_bytes + len(word.encode()), tag or word)
        position = start + len(word)
