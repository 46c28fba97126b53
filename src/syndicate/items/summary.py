"""The summary and the description: complete texts out of what the file offers, cut ones mended. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from syndicate.items.body import text_of
from syndicate.items.sentences import is_cut, mended, shorten

MEND_LEAST = 20
"""A cut text of which less than this is left says less than the body's own beginning."""

_PARAGRAPH = re.compile(r"<p(?:\s[^<>]*)?>([^<]*+(?:<(?!/p>)[^<]*+)*+)</p>")
_ASIDE = re.compile(r"<(figure|table|pre|h[1-6])(?:\s[^<>]*)?>.*?</\1>", re.DOTALL)
_IMAGE = re.compile(r"<img\b[^<>]*>|<br>")
_ALT = re.compile(r'<img\b[^<>]*\balt="([^"]+)"')
_LONE = re.compile(r"(?:<(?:strong|b|em)>)?<a\b[^<>]*>[^<>]*</a>(?:</(?:strong|b|em)>)?\Z")
_EMPHASISED = re.compile(r"<(em|i|small)>(?:(?!</\1>).)*</\1>\Z", re.DOTALL)
# What stands above an article and is no part of it.
_BYLINE = re.compile(
    r"(?:by|von|par|por|photo(?: by| credit)?|foto|image|source|credits?|author|updated|posted|published|last updated"
    r"|date|tl;dr|contents|table of contents|toc|inhalt)\b[\s:]*[^.!?]{0,60}\Z",
    re.IGNORECASE,
)
_LEAST_WORDS, _LEAST_LETTERS = 3, 12
_ADDRESS = re.compile(r"\s*https?://\S+")


class Opening(NamedTuple):
    """How a body begins: its first paragraph, and what stands at its beginning (see `opening_of`)."""

    paragraph: str
    beginnings: tuple[str, ...]


def opening_of(body_html: str, body: str) -> Opening:
    """How a body begins: headings and images before its first paragraph are no part of the beginning.

    Args:
        body_html: the safe HTML body.
        body: its plain text.
    """
    paragraph = paragraph_of(body_html)
    at = body.find(paragraph) if paragraph else -1
    return Opening(paragraph, (body, body[at:]) if at > 0 else (body,))


def summary_of(candidates: Iterable[str], *, excerpt: str, opening: Opening, limit: int) -> str:
    """The first complete candidate, else the excerpt, else a cut candidate mended, else the body's first paragraph.

    Args:
        candidates: clean plain texts in order of preference; blank ones are passed over.
        excerpt: what the author set apart before `<!--more-->`, plain.
        opening: how the body begins.
        limit: characters of a summary taken from the body.
    """
    paragraph, beginnings = opening
    cut = ""
    for candidate in candidates:
        if candidate and not any(is_cut(candidate, beginning) for beginning in beginnings):
            return candidate
        cut = cut or candidate
    if excerpt:
        return shorten(_worded(excerpt), limit)
    mend, own = _mended(cut, beginnings), shorten(_worded(paragraph), limit)
    return own if len(mend) < MEND_LEAST <= len(own) else mend or own


def _worded(text: str) -> str:
    """The text without bare addresses, such as those that stand for a video: a post has its own link."""
    return _ADDRESS.sub("", text).strip() or text


def description_of(text: str, opening: Opening) -> str:
    """The file's own description, mended if it is cut."""
    return _mended(text, opening.beginnings)


def _mended(text: str, beginnings: tuple[str, ...]) -> str:
    for beginning in beginnings:
        if text and is_cut(text, beginning):
            return mended(text, beginning)
    return text


def paragraph_of(markup: str) -> str:
    """The first paragraph of safe HTML that is part of the text, as plain text.

    Without one: any that says something; all of the text; what its first image shows.
    """
    first = ""
    for inner, is_below_image in _paragraphs(markup):
        text = text_of(inner)
        if not any(map(str.isalnum, text)):
            continue
        if _is_prose(inner, text, is_below_image):
            return text
        first = first or text
    alt = _ALT.search(markup)
    return first or text_of(markup) or (html.unescape(alt[1]) if alt else "")


def _paragraphs(markup: str) -> Iterator[tuple[str, bool]]:
    """Each paragraph's HTML without images, and whether there is an image in it or right above it."""
    is_below_image, markup = False, _ASIDE.sub("", markup) if "<figure" in markup or "<table" in markup else markup
    for match in _PARAGRAPH.finditer(markup):
        inner, images = _IMAGE.subn("", match[1])
        yield inner.strip(), bool(images) or is_below_image
        is_below_image = bool(images) and not text_of(inner)


def _is_prose(inner: str, text: str, is_below_image: bool) -> bool:
    if _LONE.match(inner) or _BYLINE.match(text) or (is_below_image and _EMPHASISED.match(inner)):
        return False
    letters = len(list(islice(filter(str.isalnum, text), _LEAST_LETTERS)))
    return letters == _LEAST_LETTERS and (len(text.split(maxsplit=_LEAST_WORDS)) >= _LEAST_WORDS or not text.isascii())
