"""The summary and the description: complete texts out of what the file offers, cut ones mended. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from syndicate.items.body import paragraph_of
from syndicate.items.plain import is_cut, mended, shorten


def summary_of(candidates: Iterable[str], *, excerpt: str, body_html: str, body: str, limit: int) -> str:
    """The first complete candidate, else the excerpt, else a cut candidate mended, else the body's first paragraph.

    Args:
        candidates: clean plain texts in order of preference; blank ones are passed over.
        excerpt: what the author set apart before `<!--more-->`, plain.
        body_html: the safe HTML body.
        body: its plain text.
        limit: characters of a summary taken from the body.
    """
    cut = ""
    for candidate in candidates:
        if candidate and not is_cut(candidate, body):
            return candidate
        cut = cut or candidate
    if excerpt:
        return shorten(excerpt, limit)
    if cut:
        return mended(cut, body)
    return shorten(paragraph_of(body_html), limit)


def description_of(text: str, body: str) -> str:
    """The file's own description, mended if it is cut."""
    return mended(text, body) if text and is_cut(text, body) else text
