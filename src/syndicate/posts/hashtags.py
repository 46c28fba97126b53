"""Hashtags from topic labels. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import regex

SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "c++": "CPlusPlus",
        "c#": "CSharp",
        "f#": "FSharp",
        ".net": "DotNet",
        "node.js": "NodeJS",
        "r&d": "RandD",
    }
)
"""Labels that lose their meaning when the marks go, lower case; the operator's own spellings go before them."""

LIMIT_GRAPHEMES: Final = 64
"""Source: atproto lexicons app/bsky/richtext/facet.json, tag `maxGraphemes`. Read 2026-11."""

_BRACKETED: Final = regex.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_JOINED: Final = regex.compile(r"(?<=\p{L})['’‘`´](?=\p{L})|[\u200C\u200D]")
_AND: Final = regex.compile(r"(?<=\s)[&+](?=\s)")
_TRADE_MARKS: Final = regex.compile(r"[™℠®©]")
# Decimal digits only: Mastodon ends a tag before other numbers.
_WORD: Final = regex.compile(r"[\p{L}\p{Nd}_][\p{L}\p{M}\p{Nd}_]*")
_LETTER: Final = regex.compile(r"\p{L}")


def hashtags_of(labels: Iterable[str], spellings: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The labels as hashtags without `#`, in order; what makes no tag and what is there already is left out."""
    tags: dict[str, str] = {}
    for label in labels:
        tag = hashtag_of(label, spellings)
        if tag is not None:
            tags.setdefault(tag.casefold(), tag)
    return tuple(tags.values())


def hashtag_of(label: str, spellings: Mapping[str, str] | None = None) -> str | None:
    """One label as a hashtag without `#` in CamelCase, which screen readers can read; None if it makes none.

    Only letters, digits and underscores, at least one letter. `spellings` gives labels (compared without case)
    their tag by hand; an empty one means that the label makes no tag. What stands in brackets is left out.

    Source: Mastodon documentation, "Posting" (hashtags). Read 2026-11.
    """
    by_hand = _by_hand(label, spellings or {})
    return _made(label) if by_hand is None else _joined([by_hand])


@lru_cache(4096)
def _made(label: str) -> str | None:
    """A label's tag; items share their topics."""
    return _joined(_words(_BRACKETED.sub(" ", label)) or _words(label))


def _joined(words: Iterable[str]) -> str | None:
    tag = unicodedata.normalize("NFC", "".join("".join(_WORD.findall(word)) for word in words))
    if not _LETTER.search(tag) or len(regex.findall(r"\X", tag)) > LIMIT_GRAPHEMES:
        return None
    return tag


def _by_hand(label: str, spellings: Mapping[str, str]) -> str | None:
    key = " ".join(label.split()).casefold()
    for known, tag in spellings.items():
        if known.casefold() == key:
            return tag
    return SPELLINGS.get(key)


def _words(label: str) -> list[str]:
    """The words of a label, each with its first letter as a capital unless it has capitals of its own (mRNA)."""
    # Compatibility forms: "CO₂" is a tag as "CO2".
    text = unicodedata.normalize("NFKC", _TRADE_MARKS.sub("", label))
    text = _AND.sub("and", _JOINED.sub("", text))
    return [
        word if any(sign.isupper() for sign in word) else word[0].title() + word[1:] for word in _WORD.findall(text)
    ]
