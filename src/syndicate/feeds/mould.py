"""Moulds: how entries with the same parts are written alike, found by writing one of them with marks for its texts.

feedgen and lxml take a third of a millisecond for an entry, nearly all of it for elements that are the same in every
entry with as many authors, categories and links. So they write a sample of each kind, and the others are cast from it.
Whatever is out of the ordinary (texts that have to be escaped twice, are empty, or that XML forbids) has no outline,
and is written one by one. Pure.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from syndicate.feeds.entry import Category, Entry, Illustration, Related
from syndicate.feeds.text import SEAM, is_carried, is_like_html, mail_date

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    Cast = Callable[["Parts"], bytes]

MOST_MOULDS = 512
"""Moulds of a format that are kept: some kB each. A store has as many as its items have different numbers of parts."""
_MOST_CHARACTERS = 250_000
"""A longer entry is written by itself: a parser has to be asked whether it takes it."""

_SEAM = SEAM.decode()
"""Parts texts that are escaped together, which no format escapes."""


class Outline(NamedTuple):
    """Which parts an entry has; of categories whether each has a label and a scheme, of its image which facts."""

    authors: int
    categories: tuple[tuple[bool, bool], ...]
    related: int
    has_source: bool
    has_brand: bool
    has_page: bool
    has_section: bool
    image: tuple[bool, bool, bool] | None


class Mould:
    """What a maker wrote of one entry, with places for the texts of others of the same outline."""

    def __init__(self, made: bytes, texts: Sequence[bytes], *, is_quoting: bool = False) -> None:
        """Take a sample and the texts in it, each of which stands in quotation marks or is all of an element.

        Args:
            made: what the maker wrote.
            texts: those that others take the places of.
            is_quoting: whether texts stand otherwise in quotation marks; they follow behind the others then.
        """
        numbers = {text: number for number, text in enumerate(texts)}
        found = re.split(rb"""(?<=[">])(%b)(?=["<])""" % b"|".join(map(re.escape, numbers)), made)
        self._pieces = found
        self._taken = itemgetter(
            *(
                numbers[text] + (len(texts) if is_quoting and before.endswith(b'"') else 0)
                for before, text in zip(found[::2], found[1::2], strict=False)
            )
        )

    def cast(self, written: Sequence[bytes]) -> bytes:
        """What the maker would write of an entry whose texts are written so."""
        pieces = self._pieces.copy()
        pieces[1::2] = self._taken(written)
        return b"".join(pieces)


def comes_again(outline: Hashable, form: str) -> bool:
    """Whether this outline was asked about lately; a mould is made then only, as it takes longer than an entry."""
    turns = _turns(outline, form)
    turns[0] += 1
    return turns[0] > 1


@lru_cache(3 * MOST_MOULDS)
def _turns(outline: Hashable, form: str) -> list[int]:
    """How often."""
    return [0]


class Parts(NamedTuple):
    """What an entry says, and its outline, which entries out of the ordinary have not.

    `texts` are its short texts in UTF-8, with seams between them. The long one stands apart: to look for seams in it
    takes longer than all else that is done with it.
    """

    entry: Entry
    texts: bytes
    outline: Outline | None


def in_xml(short: bytes, long: str | None = None) -> list[bytes]:
    """How texts with seams between them stand in elements, the long one last; then the short ones in quotes."""
    escaped = _escaped(short)
    elements = escaped.split(SEAM)
    if long is not None:
        elements.append(_escaped(long.encode()))
    return elements + _quoted(escaped).split(SEAM)


def in_json(short: bytes, long: str) -> list[bytes]:
    """How texts with seams between them stand in JSON, without quotation marks, the long one last."""
    return [*_backslashed(short).split(SEAM), _backslashed(long.encode())]


def parts_of(entry: Entry) -> Parts:
    """The parts of an entry. Entries of one outline have as many texts, in the same order."""
    texts = _texts_of(entry)
    joined = _SEAM.join(texts)
    if not (all(texts) and _is_ordinary(entry, joined) and is_carried(joined, seams=len(texts) - 1)):
        return Parts(entry, b"", None)
    return Parts(entry, joined.encode(), _outline_of(entry))


def _is_ordinary(entry: Entry, joined: str) -> bool:
    """Whether the texts need no more than to be escaped once."""
    if not entry.content_html or is_like_html(entry.title) or is_like_html(entry.summary):
        return False
    if len(joined) + len(entry.content_html) > _MOST_CHARACTERS or not is_carried(entry.content_html):
        return False
    return entry.published.tzinfo is entry.updated.tzinfo is UTC


def _outline_of(entry: Entry) -> Outline:
    image = entry.image
    return Outline(
        authors=len(entry.authors),
        categories=tuple([(bool(one.label), bool(one.scheme)) for one in entry.categories]),
        related=len(entry.related),
        has_source=bool(entry.source),
        has_brand=_has_brand(entry),
        has_page=_has_page(entry),
        has_section=bool(entry.section),
        image=None if image is None else (bool(image.media_type), bool(image.size_bytes), _has_sides(image)),
    )


def _texts_of(entry: Entry) -> list[str]:
    texts = [
        entry.id,
        entry.title,
        entry.summary,
        entry.link,
        entry.language,
        entry.published.isoformat(),
        mail_date(entry.published),
        entry.updated.isoformat(),
        *entry.authors,
    ]
    for category in entry.categories:
        if category.label:
            texts.append(category.label)
        if category.scheme:
            texts.append(category.scheme)
        texts.append(category.term)
    for related in entry.related:
        texts += (related.label, related.url)
    if entry.source:
        texts.append(entry.source)
    if _has_brand(entry):
        texts.append(entry.brand)
    if entry.page and _has_page(entry):
        texts.append(entry.page)
    if entry.section:
        texts.append(entry.section)
    return texts if entry.image is None else texts + _texts_of_image(entry.image)


def _texts_of_image(image: Illustration) -> list[str]:
    texts = [image.url]
    if image.media_type:
        texts.append(image.media_type)
    if image.size_bytes:
        texts.append(str(image.size_bytes))
    if _has_sides(image):
        texts += (str(image.width_px), str(image.height_px))
    return texts


def sample_of(outline: Outline) -> tuple[Entry, list[bytes]]:
    """An entry of that outline, all of whose texts differ and are like nothing a maker writes by itself; and those."""
    sample = _sample_of(outline)
    return sample, [*parts_of(sample).texts.split(SEAM), sample.content_html.encode()]


def _sample_of(outline: Outline) -> Entry:
    names = iter(range(1_000_001, 9_000_000))

    def name() -> str:
        return f"q{next(names)}"

    image = None
    if outline.image is not None:
        has_type, has_size, has_sides = outline.image
        sides = (next(names), next(names)) if has_sides else (0, 0)
        size_bytes = next(names) if has_size else 0
        image = Illustration(name(), "", None, name() if has_type else "", size_bytes, *sides)
    return Entry(
        id=name(),
        title=name(),
        summary=name(),
        content_html=name(),
        link=name(),
        published=datetime(1601, 1, 1, tzinfo=UTC),
        updated=datetime(1602, 2, 2, tzinfo=UTC),
        language=name(),
        source=name() if outline.has_source else None,
        page=name() if outline.has_page else None,
        brand=name() if outline.has_brand else "",
        authors=tuple(name() for _ in range(outline.authors)),
        categories=tuple(
            Category(name(), name() if has_label else "", name() if has_scheme else None)
            for has_label, has_scheme in outline.categories
        ),
        image=image,
        section=name() if outline.has_section else "",
        related=tuple(Related(name(), name()) for _ in range(outline.related)),
    )


def is_escaped(entry: Entry) -> bool:
    """Whether something in the elements of plain text is escaped, which takes long to look for in all of the entry."""
    told = "".join((entry.title, entry.summary, *entry.authors, *[one.label or one.term for one in entry.categories]))
    return "&" in told or "<" in told or ">" in told


def _has_brand(entry: Entry) -> bool:
    """Whether the brand is told: that of a source."""
    return bool(entry.source and entry.brand)


def _has_page(entry: Entry) -> bool:
    """Whether the page is told beside the link."""
    return bool(entry.page) and entry.page != entry.link


def _has_sides(image: Illustration) -> bool:
    return bool(image.width_px and image.height_px)


def _escaped(text: bytes) -> bytes:
    return text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


def _quoted(text: bytes) -> bytes:
    """What is escaped already, for places in quotation marks."""
    return text.replace(b'"', b"&quot;").replace(b"\t", b"&#9;").replace(b"\n", b"&#10;")


def _backslashed(text: bytes) -> bytes:
    """As JSON has it, for what XML carries: of control characters no others occur in it."""
    text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return text.replace(b"\n", b"\\n").replace(b"\t", b"\\t")
