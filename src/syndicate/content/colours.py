"""Colours of cards: one for each topic, and what can be read on it."""

from __future__ import annotations

import colorsys
import hashlib
from typing import Final

Colour = tuple[int, int, int]

WHITE: Final = (255, 255, 255)
BLACK: Final = (5, 6, 6)

READABLE: Final = 4.5
"""Least contrast of text. Source: WCAG 2.2, success criterion 1.4.3 (AA)."""

_DEEP: Final = 7.5
_HUES: Final = 24
_GREEN: Final = (0.16, 0.5)
"""Hues between yellow and cyan look far more coloured than others, and are toned down."""


def colour_of(topic: str) -> Colour:
    """The topic's own deep colour, on which white reads well; the same for ever."""
    hue = int.from_bytes(hashlib.sha256(topic.casefold().encode()).digest()[:4], "big") % _HUES / _HUES
    saturation = 0.5 if _GREEN[0] < hue < _GREEN[1] else 0.62
    for lightness in range(40, 5, -1):
        found = _rgb(hue, lightness / 100, saturation)
        if contrast(found, WHITE) >= _DEEP:
            return found
    return BLACK


def colour_in(text: str) -> Colour:
    """The colour written as `#rrggbb`."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def ink_on(colour: Colour) -> Colour:
    """White or black, whichever reads better; one of them always reads well."""
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, colour))


def contrast(one: Colour, other: Colour) -> float:
    """Contrast from 1 to 21. Source: WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(one: Colour, other: Colour, part: float) -> Colour:
    """The first colour with a part (0 to 1) of the other."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def tint_on(colour: Colour) -> Colour:
    """A tint for texts of less weight: the ink, as near to the ground as still reads well."""
    ink = ink_on(colour)
    parts = (part / 100 for part in range(35, 0, -5))
    return next((tint for part in parts if contrast(tint := mixed(ink, colour, part), colour) >= READABLE), ink)


def veil_over(colour: Colour) -> float:
    """How opaque (0 to 1) a veil of the colour must be so that its ink reads well over any picture."""
    ink = ink_on(colour)
    worst = (0, 0, 0) if ink == BLACK else WHITE
    parts = (part / 100 for part in range(60, 100, 2))
    return next((part for part in parts if contrast(ink, mixed(worst, colour, part)) >= READABLE), 1.0)


def _rgb(hue: float, lightness: float, saturation: float) -> Colour:
    red, green, blue = (round(part * 255) for part in colorsys.hls_to_rgb(hue, lightness, saturation))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
