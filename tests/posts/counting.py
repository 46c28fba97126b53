"""An independent count of text: the rules of the standards written out once more, sign by sign.

It shares no code with the product: `\\X` is not used, the rules GB3 to GB13 of Unicode Standard Annex 29 are.
"""

from __future__ import annotations

from itertools import pairwise

import regex

_CLASSES = {
    name: regex.compile(rf"\p{{GCB={name}}}")
    for name in ("CR", "LF", "Control", "Extend", "ZWJ", "RI", "Prepend", "SpacingMark", "L", "V", "T", "LV", "LVT")
}
_PICTOGRAPH = regex.compile(r"\p{ExtPict}")
_HANGUL = {"L": ("L", "V", "LV", "LVT"), "LV": ("V", "T"), "V": ("V", "T"), "LVT": ("T",), "T": ("T",)}


def class_of(sign: str) -> str:
    return next((name for name, pattern in _CLASSES.items() if pattern.fullmatch(sign)), "Other")


def boundaries(text: str) -> set[int]:
    """Where one character, as readers see it, ends and the next begins; without the rule for Indic conjuncts."""
    found = {0, len(text)}
    flags = 0
    follows_pictograph = False
    for place in range(1, len(text)):
        left, right = class_of(text[place - 1]), class_of(text[place])
        flags = flags + 1 if left == "RI" else 0
        if _PICTOGRAPH.fullmatch(text[place - 1]):
            follows_pictograph = True
        elif left not in ("Extend", "ZWJ"):
            follows_pictograph = False
        is_joined_emoji = left == "ZWJ" and follows_pictograph and _PICTOGRAPH.fullmatch(text[place]) is not None
        if not _is_one(left, right, flags) and not is_joined_emoji:
            found.add(place)
    return found


def _is_one(left: str, right: str, flags: int) -> bool:
    if left == "CR" and right == "LF":
        return True
    if left in ("CR", "LF", "Control") or right in ("CR", "LF", "Control"):
        return False
    return (
        right in _HANGUL.get(left, ())
        or right in ("Extend", "ZWJ", "SpacingMark")
        or left == "Prepend"
        or (left == right == "RI" and flags % 2 == 1)
    )


def clusters(text: str) -> list[str]:
    return [text[start:end] for start, end in pairwise(sorted(boundaries(text)))]


def graphemes(text: str) -> int:
    return len(boundaries(text)) - 1 if text else 0


def utf16(text: str) -> int:
    return sum(2 if ord(sign) > 0xFFFF else 1 for sign in text)


def weighted(text: str, link: str) -> int:
    """Weight of a text without emoji: 23 for the link, 1 or 2 for each other sign."""
    rest = text.replace(link, "")
    light = sum(1 for sign in rest if ord(sign) <= 0x10FF or 0x2000 <= ord(sign) <= 0x200D or sign in "–—‘’“”")
    return 23 * text.count(link) + light + 2 * (len(rest) - light)


def emoji_bytes(text: str) -> int:
    """Code points, but what readers see as an emoji in the bytes of UTF-8."""
    return sum(
        len(cluster.encode()) if any(ord(sign) >= 0x1F000 or sign == "\ufe0f" for sign in cluster) else len(cluster)
        for cluster in clusters(text)
    )
