"""LinkedIn's little text: plain text in which reserved characters are escaped and hashtags are marked.

Source: LinkedIn "little Text Format", elements, templates and reserved characters. Read 2026-11. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import regex

from syndicate.posts.post import Span, SpanKind

_RESERVED: Final = regex.compile(r"[\\|{}@\[\]()<>#*_~]")


def little_text(text: str, spans: Sequence[Span] = ()) -> str:
    """The text in which nothing but the hashtags of `spans` is more than its characters.

    Unescaped, an opening parenthesis ends the post where it stands, and `@[Name](urn)` would mention somebody.
    """
    content = text.encode()
    parts: list[str] = []
    start = 0
    for span in spans:
        if span.kind is SpanKind.HASHTAG:
            parts.append(_escaped(content[start : span.start_bytes].decode()))
            parts.append(f"{{hashtag|\\#|{_escaped(span.target)}}}")
            start = span.end_bytes
    parts.append(_escaped(content[start:].decode()))
    return "".join(parts)


def _escaped(text: str) -> str:
    return _RESERVED.sub(r"\\\g<0>", text)
