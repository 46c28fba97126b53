"""How long a text is in a network's own unit. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

import regex

from syndicate.posts.post import Measure, Room

WEIGHTED_URL_LENGTH: Final = 23
"""Source: twitter-text config/v3.json, `transformedURLLength`. Read 2026-11."""

# Weight 1 inside these ranges, 2 elsewhere. Source: twitter-text config/v3.json, `ranges`. Read 2026-11.
_LIGHT: Final = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))

# Names that no public registry has (RFC 6761, RFC 9476, ICANN "internal"): Mastodon and X do not take a URL on them
# for a link and count it as written. A single label or an IP address has no public ending either and never matches.
_PRIVATE_ENDING: Final = r"(?:test|example|invalid|localhost|local|internal|intranet|lan|home|corp|private|onion|alt)"
_HOST: Final = (
    r"(?:[a-z0-9]++(?>(?:[_-]++[a-z0-9]++)*)\.)+"
    rf"(?!{_PRIVATE_ENDING}(?![a-z0-9_-]))(?:xn--[a-z0-9-]*[a-z0-9]|[a-z]{{2,}})(?![a-z0-9_-])"
)
_PARENS: Final = r"\([a-z0-9!*';:=+,.$/%#\[\]_~@|&-]+\)"
# Narrower than Mastodon's own pattern (ASCII only), so a URL is never counted shorter than there: what follows the
# match counts as text. Source: mastodon config/initializers/twitter_regex.rb, twitter-text validUrlPath. Read 2026-11.
_REST: Final = (
    r"(?::[0-9]+)?"
    rf"(?:/(?:(?:[a-z0-9!*';:=+,.$/%#\[\]_~@|&-]|{_PARENS})*(?:[a-z0-9=_#/+-]|{_PARENS}))?)?"
    r"(?:\?[a-z0-9!?*'();:&=+$/%#\[\]_.,~|@-]*[a-z0-9_&=#/-])?"
)
URL: Final = regex.compile(rf"(?<![\w@$#/])https?://{_HOST}{_REST}", regex.IGNORECASE)
"""An http(s) URL as networks recognise it in plain text."""

# What may be a link to a network with other tables than ours (a private name, an international one).
_DOUBTFUL_URL: Final = regex.compile(r"https?://(?:(?!https?://)\S)*", regex.IGNORECASE)
# X links bare domains too, so that they cost as much as a URL.
_BARE_URL: Final = regex.compile(rf"(?<![a-z0-9@$#]){_HOST}{_REST}", regex.IGNORECASE)

_AFTER_TWO_LABELS: Final = regex.compile(r"^[^./]+\.[^./?]+(?:[/?].*)?", regex.DOTALL)

# Sequences that X's library knows as one emoji: those of Emoji 11. It counts the parts of later ones, as it does with
# U+26A7. Source: twitter-text 3.1.0 (twemoji-parser 11.0.2), compared sign by sign. Read 2026-11.
_JOINED: Final = (
    r"[\U0001F468\U0001F469]\p{EMod}?(?:\u200D(?:\u2764\uFE0F?|[\u2695\u2696\u2708]\uFE0F?"
    r"|[\U0001F466-\U0001F469\U0001F48B\U0001F33E\U0001F373\U0001F393\U0001F3A4\U0001F3A8\U0001F3EB\U0001F3ED"
    r"\U0001F4BB\U0001F4BC\U0001F527\U0001F52C\U0001F680\U0001F692\U0001F9B0-\U0001F9B3]\p{EMod}?))+"
    r"|\U0001F3F3\uFE0F\u200D\U0001F308"
)
_EMOJI: Final = regex.compile(
    r"\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3"
    r"|\U0001F3F4[\U000E0061-\U000E007A]+\U000E007F"
    rf"|{_JOINED}|(?!\u26A7)\p{{ExtPict}}\p{{EMod}}?\uFE0F?"
)

# Unicode 15.1 joins Indic conjuncts into one cluster (rule GB9c), servers with older tables count their parts.
_CONJUNCT: Final = regex.compile(
    r"\p{InCB=Consonant}\p{InCB=Extend}*+\p{InCB=Linker}[\p{InCB=Extend}\p{InCB=Linker}]*+(?=\p{InCB=Consonant})"
)
# Whatever may be a part of an emoji: too much rather than too little, as only Threads knows where one begins.
_EMOJI_PARTS: Final = regex.compile(r"[\p{ExtPict}\p{RI}\p{EMod}\uFE0F\u200D\u20E3\U000E0020-\U000E007F]+")
_CLUSTER: Final = regex.compile(r"\X")
# Without these each code point is a character of its own: what joins another one is none of Other, Control and LF
# (Unicode Standard Annex 29, table 2 and rules GB3 to GB13).
_JOINING: Final = regex.compile(r"[^\p{GCB=Other}\p{GCB=Control}\p{GCB=LF}]")
# Without these no cluster is an emoji of X, nor counted by the parts that a joiner holds together.
_EMOJI_SIGN: Final = regex.compile(r"[\p{ExtPict}\p{RI}\u20E3\u200D]")
# Between two signs of ASCII a character ends, or each counts for itself.
_PARTS: Final = regex.compile(r"[\x00-\x7F]+(?=[\x00-\x7F])|\X")
_HEAVY: Final = regex.compile("[^" + "".join(f"{chr(low)}-{chr(high)}" for low, high in _LIGHT) + "]")
# Every domain has such a place, and few other words have one.
_DOTTED: Final = regex.compile(r"[a-z0-9]\.[a-z0-9]", regex.IGNORECASE)
_WORD_BEFORE: Final = regex.compile(r"(?r)[a-z0-9_.-]+", regex.IGNORECASE)


def count(text: str, room: Room) -> int:
    """The length of the text in the room's own unit, never less than what the network counts.

    URLs count `room.url_length` where set; in `WEIGHTED` they always count 23, bare domains included.
    """
    if room.measure is Measure.WEIGHTED:
        return _weighted(text, room.url_length or WEIGHTED_URL_LENGTH)
    if room.url_length is not None:
        text = _levelled(text, room.url_length)
    if room.measure is Measure.GRAPHEMES:
        return graphemes(text)
    if room.measure is Measure.UTF16:
        return len(text.encode("utf-16-le")) // 2
    if room.measure is Measure.EMOJI_BYTES:
        return len(text) + sum(len(part.encode()) - len(part) for part in _EMOJI_PARTS.findall(text))
    return len(text) if room.measure is Measure.CODE_POINTS else len(text.encode())


def fits(text: str, room: Room) -> bool:
    """Whether the text is within the room, in its own unit and in bytes."""
    if room.limit_bytes is not None and len(text.encode()) > room.limit_bytes:
        return False
    return count(text, room) <= room.limit


def graphemes(text: str) -> int:
    """How many characters a reader sees (extended grapheme clusters; each consonant of a conjunct counts).

    Source: Unicode Standard Annex 29, section 3.1.1. Read 2026-11.
    """
    if text.isascii():
        return len(text) - text.count("\r\n")
    if are_apart(text):
        return len(text)
    return len(_CLUSTER.findall(text)) + len(_CONJUNCT.findall(text))


def are_apart(text: str) -> bool:
    """Whether each code point of the text is surely a character of its own, as in most languages and without emoji."""
    return _JOINING.search(text) is None


def _levelled(text: str, url_length: int) -> str:
    """The text with a stand-in of the flat length for every URL; what is in doubt counts the greater of both."""
    if "://" not in text:
        return text
    parts: list[str] = []
    start = 0
    while found := _DOUBTFUL_URL.search(text, start):
        certain = URL.match(text, found.start())
        url = found[0] if certain is None and graphemes(found[0]) > url_length else "x" * url_length
        parts += [text[start : found.start()], url]
        start = (certain or found).end()
    return "".join((*parts, text[start:]))


def _weighted(text: str, url_length: int) -> int:
    """The weighted length of X: NFC, emoji 2, URLs flat, other code points by range."""
    text = _levelled(unicodedata.normalize("NFC", text), url_length)
    total, start = 0, 0
    while found := _bare_url_in(text, start):
        # "Node.js" looks like a domain and is none: the greater of both is never too small. In "report.final.pdf" the
        # URL may end after any name from the second on, and what follows counts as text.
        rest = _AFTER_TWO_LABELS.sub("", found[0])
        total += _weight(text[start : found.start()]) + max(url_length + _weight(rest), _weight(found[0]))
        start = found.end()
    return total + _weight(text[start:])


def _bare_url_in(text: str, start: int) -> regex.Match[str] | None:
    """The next bare domain from there on: it begins in the word with the first dot, at the earliest."""
    dotted = _DOTTED.search(text, start)
    if dotted is None:
        return None
    word = _WORD_BEFORE.match(text, start, dotted.end())
    return _BARE_URL.search(text, word.start() if word else start)


def _weight(text: str) -> int:
    if text.isascii():
        return len(text)
    if _EMOJI_SIGN.search(text) is None:
        return _by_sign(text)
    return sum(len(part) if part.isascii() else _weight_of(part) for part in _PARTS.findall(text))


def _weight_of(cluster: str) -> int:
    if _EMOJI.fullmatch(cluster):
        return 2
    if "\u200d" in cluster:
        return sum(_weight(part) for part in cluster.split("\u200d")) + cluster.count("\u200d")
    return _by_sign(cluster)


def _by_sign(text: str) -> int:
    return len(text) + len(_HEAVY.findall(text))
