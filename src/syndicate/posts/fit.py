"""Shortening that never cuts a link or a character in two. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final

import regex

from syndicate.posts.measure import URL, are_apart, count, fits
from syndicate.posts.post import Room

ELLIPSIS: Final = "…"

_CLUSTER: Final = regex.compile(r"\X")
# Not after a single letter ("U.S.", "e.g.") nor a common short form: the sentence goes on there.
_SENTENCE: Final = regex.compile(
    r"(?:(?<!\b(?:\p{L}|Dr|Mr|Mrs|Ms|St|vs|No|al|approx|cf|Inc|Ltd|Jan|Feb|Aug|Sept?|Oct|Nov|Dec))\.|[!?])"
    r"[\p{Pe}\p{Pf}\"']*(?=\s)|[。！？][\p{Pe}\p{Pf}]*"
)
# What must not stand before an ellipsis: spaces, opening brackets, dashes, marks that promise more.
_DANGLING: Final = regex.compile(r"(?:\s|[\p{Ps}\p{Pi}\p{Pd}.,;:!?…&/|·@#\u200B])+")


def fit(text: str, room: Room, *, tail: str = "") -> str:
    """Shorten text so that it fits with `tail` after it, and give both together.

    Args:
        text: plain text, NFC, may hold line breaks.
        room: limit in the network's own unit (see `Room.measure`), and in bytes where it has one.
        tail: kept whole, usually two line breaks and the link.

    Returns:
        Text and tail, within the room; if cut, the text ends in one ellipsis (see `shorten`).

    Raises:
        ValueError: `tail` alone does not fit.
    """
    if not fits(tail, room):
        raise ValueError(
            f"{tail.strip()!r} alone does not fit: {count(tail, room)} of {room.limit} {room.measure}, "
            f"{len(tail.encode())} of {room.limit_bytes or 'any number of'} bytes"
        )
    return shorten(text, lambda candidate: fits(candidate + tail, room)) + tail


def shorten(text: str, is_fitting: Callable[[str], bool]) -> str:
    """The longest good beginning of the text that fits.

    It ends after a sentence (then a space and the ellipsis follow), else after a word, else after a character
    as readers see it; the coarser end is taken as long as it keeps half of what would fit. A URL is kept or left out
    as a whole. Text that fits is given back as it is; if not even one character fits with an ellipsis, the
    result is empty.
    """
    if is_fitting(text):
        return text
    places = _places(text)
    longest = bisect_left(places, True, key=lambda place: not is_fitting(_cut(text, places, place)))
    if longest == 0:
        return ""
    furthest = places[longest - 1]
    near = [place for place in places[:longest] if place * 2 >= furthest]
    sentence_ends = {found.end() for found in _SENTENCE.finditer(text)}
    candidates = [f"{text[:place]} {ELLIPSIS}" for place in reversed(near) if place in sentence_ends]
    words = [place for place in near if text[place].isspace()]
    candidates += [_cut(text, places, place) for place in words[-1:]]
    return next((candidate for candidate in candidates if is_fitting(candidate)), _cut(text, places, furthest))


def _places(text: str) -> list[int]:
    """Where the text may be cut: between characters, not within a URL, neither at its start nor at its end."""
    ends = range(1, len(text)) if are_apart(text) else [found.end() for found in _CLUSTER.finditer(text)][:-1]
    inside = {place for found in URL.finditer(text) for place in range(found.start() + 1, found.end())}
    return [end for end in ends if end not in inside] if inside else list(ends)


def _cut(text: str, places: Sequence[int], place: int) -> str:
    """The text up to a place, without what must not stand before the ellipsis; empty if nothing is left."""
    index = bisect_left(places, place)
    while index >= 0:
        start = places[index - 1] if index else 0
        if not _DANGLING.fullmatch(text, start, places[index]):
            return text[: places[index]] + ELLIPSIS
        index -= 1
    return ""
