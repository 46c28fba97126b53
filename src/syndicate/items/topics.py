"""Topics: their slugs and labels from the lists that a file gives. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from syndicate.items.item import Topic
from syndicate.items.links import page_at
from syndicate.items.plain import plain

LIMIT_SLUG_BYTES = 160  # a file name takes 255 bytes, and feeds add to the slug

_VOCABULARY = re.compile(r"(?P<vocabulary>[^:]+): (?P<label>.+)\Z")
_NAMES = (
    (re.compile(r"(?<!\w)c\+\+(?!\w)"), "cpp"),
    (re.compile(r"(?<!\w)([cfj])#(?!\w)"), r"\1sharp"),
    (re.compile(r"(?<![\w.])\.net(?!\w)"), "dotnet"),
)
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"})
_LATIN_ACCENT = re.compile("(?<=[a-z])[\u0300-\u036f]+")
_APOSTROPHE = re.compile("(?<=\\w)['’](?=\\w)")


def slug_of(text: str) -> str:
    """The text as it stands in addresses and file names: lower case, words joined by `-`, never empty.

    Latin letters lose their accents, other scripts stay. Text without a letter or digit gets a digest.
    """
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_LETTERS)
    folded = _APOSTROPHE.sub("", _LATIN_ACCENT.sub("", folded))
    for pattern, name in _NAMES:
        folded = pattern.sub(name, folded)
    folded = unicodedata.normalize("NFC", folded)
    slug = "-".join("".join(char if _is_word(char) else " " for char in folded).split())
    if not any(unicodedata.category(char)[0] in "LN" for char in slug):
        return f"t-{_digest(text)}"
    if len(slug.encode()) > LIMIT_SLUG_BYTES:
        head = slug.encode()[: LIMIT_SLUG_BYTES - 9].decode(errors="ignore").rstrip("-")
        return f"{head}-{_digest(text)}"
    return slug


def topics_of(
    names: Sequence[str | None],
    *,
    labels: Sequence[str | None] = (),
    places: Sequence[str | None] = (),
    has_vocabularies: bool = False,
    site_url: str = "",
    place_prefix: str | None = None,
) -> tuple[Topic, ...]:
    """The topics, one for each slug, in the order given.

    Args:
        names: full names as written; blank ones are dropped.
        labels: for people, parallel to `names`; used if the lengths agree, else derived from the names.
        places: pages on the site, parallel to `names`; used if the lengths agree.
        has_vocabularies: whether `Vocabulary: Term` is two things.
        site_url: the absolute address that places are below.
        place_prefix: where topic pages lie on the site, if every topic has one (`topic/`).
    """
    labels = labels if len(labels) == len(names) else [None] * len(names)
    places = places if len(places) == len(names) else [None] * len(names)
    found: dict[str, Topic] = {}
    for written, label, place in zip(names, labels, places, strict=True):
        name = plain(written or "")
        if not name:
            continue
        parts = _VOCABULARY.match(name) if has_vocabularies else None
        slug = _slug_at(place) or slug_of(name)
        where = place or (f"{place_prefix}{slug}" if place_prefix is not None else None)
        topic = Topic(
            slug=slug,
            label=plain(label or "") or (parts["label"] if parts else name),
            vocabulary=parts["vocabulary"] if parts else None,
            url=page_at(site_url, where) if where else None,
        )
        found.setdefault(slug, topic)
    return tuple(found.values())


def _slug_at(place: str | None) -> str | None:
    """The slug that the site itself uses in a topic's address, if it is one."""
    last = (place or "").rstrip("/").rpartition("/")[2]
    return last if last and slug_of(last) == last else None


def _is_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
