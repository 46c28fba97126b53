"""The summary and the description: complete texts out of what the file offers, cut ones mended. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from syndicate.items.body import text_of
from syndicate.items.sentences import begin_alike, has_marks_of_a_cut, is_cut, mended, shorten
from syndicate.later import compiled

MEND_LEAST = 20
"""A cut text of which less than this is left says less than the body's own beginning."""

_PARAGRAPH = compiled(r"<p(?:\s[^<>]*)?>([^<]*+(?>(?:<(?!/p>)[^<]*+)*))</p>")
_PLAIN_PARAGRAPH = re.compile(r"<p>([^<]*+(?>(?:</?(?:a|b|code|em|i|strong)(?: [^<>]*+)?>[^<]*+)*))</p>")
_START = re.compile("<p>([A-Za-z0-9][^<>&]{63})")
_ASIDE = compiled(r"<(figure|table|pre|h[1-6])(?:\s[^<>]*)?>.*?</\1>", re.DOTALL)
_IMAGE = compiled(r"<img\b[^<>]*>|<br>")
_ALT = compiled(r'<img\b[^<>]*\balt="([^"]+)"')
_LONE = re.compile(r"(?:<(?:strong|b|em)>)?<a\b[^<>]*>[^<>]*</a>(?:</(?:strong|b|em)>)?\Z")
_EMPHASISED = compiled(r"<(em|i|small)>(?:(?!</\1>).)*</\1>\Z", re.DOTALL)
# What stands above an article and is no part of it.
_BYLINE = re.compile(
    r"(?:by|von|par|por|photo(?: by| credit)?|foto|image|source|credits?|author|updated|posted|published|last updated"
    r"|date|tl;dr|contents|table of contents|toc|inhalt)\b[\s:]*[^.!?]{0,60}\Z",
    re.IGNORECASE,
)
_LEAST_WORDS, _LEAST_LETTERS = 3, 12
_ADDRESS = compiled(r"\s*https?://\S+")


class Opening:
    """How a body begins: `paragraph` is its first. It is given as safe HTML."""

    def __init__(self, body_html: str) -> None:
        self._html = body_html
        self.paragraph = paragraph_of(body_html)
        start = _START.match(body_html)
        self._start = start[1] if start is not None and self.paragraph.startswith(start[1]) else ""

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """Its text, and that without the headings and images before its first paragraph."""
        body = text_of(self._html)
        at = body.find(self.paragraph) if self.paragraph else -1
        return (body, body[at:]) if at > 0 else (body,)

    def cut(self, text: str) -> str | None:
        """The beginning by which a text is cut (see `is_cut`), if it is."""
        if self._start and not begin_alike(text, self._start) and not has_marks_of_a_cut(text):
            return None  # as most: all beginnings are like that, so the text of the whole body is not needed
        return next((beginning for beginning in self.beginnings if is_cut(text, beginning)), None)


def summary_of(candidates: Iterable[str], *, excerpt: str, opening: Opening, limit: int) -> str:
    """The first complete candidate, else the excerpt, else a cut candidate mended, else the body's first paragraph.

    Args:
        candidates: clean plain texts in order of preference; blank ones are passed over.
        excerpt: what the author set apart before `<!--more-->`, plain.
        opening: how the body begins.
        limit: characters of a summary taken from the body.
    """
    cut = ""
    for candidate in candidates:
        if candidate and opening.cut(candidate) is None:
            return candidate
        cut = cut or candidate
    if excerpt:
        return shorten(_worded(excerpt), limit)
    mend, own = description_of(cut, opening), shorten(_worded(opening.paragraph), limit)
    return own if len(mend) < MEND_LEAST <= len(own) else mend or own


def _worded(text: str) -> str:
    """The text without bare addresses, such as those that stand for a video: a post has its own link."""
    return _ADDRESS.sub("", text).strip() or text


def description_of(text: str, opening: Opening) -> str:
    """The file's own description, mended if it is cut."""
    beginning = opening.cut(text) if text else None
    return text if beginning is None else mended(text, beginning)


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
    start = _PLAIN_PARAGRAPH.match(markup)
    if start is not None:  # as most begin: perhaps nothing else has to be looked at
        yield start[1].strip(), False
    is_below_image, markup = False, _ASIDE.sub("", markup) if "<figure" in markup or "<table" in markup else markup
    for match in _PARAGRAPH.finditer(markup):
        inner, images = match[1], 0
        if "<img" in inner or "<br>" in inner:
            inner, images = _IMAGE.subn("", inner)
        yield inner.strip(), bool(images) or is_below_image
        is_below_image = bool(images) and not text_of(inner)


def _is_prose(inner: str, text: str, is_below_image: bool) -> bool:
    if _LONE.match(inner) or _BYLINE.match(text) or (is_below_image and _EMPHASISED.match(inner)):
        return False
    letters = len(list(islice(filter(str.isalnum, text), _LEAST_LETTERS)))
    return letters == _LEAST_LETTERS and (len(text.split(maxsplit=_LEAST_WORDS)) >= _LEAST_WORDS or not text.isascii())
