"""Clean plain text from whatever a file holds, and its cutting at sentences and words. Pure."""

from __future__ import annotations

import html
import re
import string
import unicodedata

import regex

ELLIPSIS = "…"

_BLOCKS = (
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol optgroup option p pre section select source summary "
    "table tbody td template tfoot th thead title tr track ul video"
)
_INLINES = (
    "a abbr acronym audio b bdi bdo big button canvas cite code col colgroup data del dfn em embed font i iframe img "
    "input ins kbd label link map mark meta noscript object param picture q s samp script small span strike strong "
    "style sub sup svg textarea time tt u var wbr"
)
# Known names only: "Vec<T>" in a title is text, "<em>" is not.
_ATTRIBUTES = r"""(?:\s(?:[^<>"']|"[^"]*"|'[^']*')*)?"""
BLOCK_TAG = re.compile(rf"</?(?:{_BLOCKS.replace(' ', '|')}){_ATTRIBUTES}/?>", re.IGNORECASE)
INLINE_TAG = re.compile(rf"</?(?:{_INLINES.replace(' ', '|')}){_ATTRIBUTES}/?>", re.IGNORECASE)

_MARKED = re.compile(r"[\[`*]")
_MARKS = (
    re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*(?:\s+\"[^\"\n]*\")?\)"),
    re.compile(r"`([^`\n]+)`"),
    re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*"),
    re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])"),
)

# Vertical tab, form feed, NEL, line and paragraph separator: line breaks to Unicode, errors or surprises elsewhere.
_ODD_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# What XML 1.0 section 2.2 forbids, noncharacters, and what is not seen at all. ZWJ and ZWNJ stay (emoji, Persian).
# The overrides U+202D and U+202E turn text around even when closed, so they never stay.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b\u2060-\u2064\ufeff\u202d\u202e\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
_LOWERED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # str.lower makes some letters longer
_BIDI = re.compile("[\u202a-\u202c\u2066-\u2069]")
_ISOLATES, _POP_ISOLATE, _EMBEDDINGS, _POP_EMBEDDING = "\u2066\u2067\u2068", "\u2069", "\u202a\u202b", "\u202c"

_SENTENCE_END = re.compile(r"(?:[.!?…][\"'”’»)\]]*(?=\s|$))|[。！？]")
_TRAILING = " \t\n,;:–—-([{“‘«/&…."


def sound(text: str) -> str:
    """The text in NFC without characters that break feeds, deceive the eye or cannot be seen; lines are kept."""
    if text.isascii() and text.isprintable():  # most field texts by far
        return text
    text = _UNWANTED.sub("", _ODD_BREAKS.sub("\n", text))
    if _BIDI.search(text):
        text = _without_loose_bidi(text)
    return unicodedata.normalize("NFC", text)


def plain(text: str) -> str:
    """One clean line: tags and Markdown marks stripped, entities unescaped once, white space collapsed.

    Never longer than the NFC form of what came in.
    """
    if "<" in text:
        text = _without_tags(text)
    if _MARKED.search(text):
        for mark in _MARKS:
            text = mark.sub(r"\1", text)
    return " ".join(sound(html.unescape(text)).split())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of plain text, cut after a sentence or else after a word with one ellipsis."""
    if len(text) <= limit:
        return text
    return _ended(text[:limit], rest=text[limit:], limit=limit)


def is_cut(text: str, body: str) -> bool:
    """Whether plain text stops short: it ends in dots, or it is the beginning of the body and stops mid-sentence."""
    if text.endswith((ELLIPSIS, "...")):
        return True
    return len(text) < len(body) and body.startswith(text) and not _ends_sentence(text, body[len(text) :])


def mended(text: str, body: str) -> str:
    """Cut text made presentable: it ends after a sentence, or after a whole word and one ellipsis."""
    core = text.rstrip(" .…")
    rest = body[len(core) :] if body.startswith(core) else ""
    return _ended(core, rest=rest, limit=len(core) + 1)


def _ends_sentence(text: str, rest: str) -> bool:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return bool(ends) and ends[-1] == len(text) and (rest[:1].isspace() or not text[-1].isascii())


def _ended(text: str, *, rest: str, limit: int) -> str:
    """End `text`, which goes on with `rest`, within the limit."""
    boundaries = _boundaries(text + rest[:64])
    ends = [m.end() for m in _SENTENCE_END.finditer(text) if m.end() < len(text) or rest[:1].isspace()]
    ends = [end for end in ends if end in boundaries]
    if ends and ends[-1] * 2 >= len(text):  # a whole sentence, unless it would throw away most of the text
        return text[: ends[-1]]
    room = text[: limit - 1]
    after = text[limit - 1 :] + rest
    if after and not after[0].isspace():
        head, blank, _ = room.rpartition(" ")
        room = head if blank else _whole_graphemes(room, after)
    room = room.rstrip(_TRAILING)
    return room + ELLIPSIS if room else ""


def _whole_graphemes(text: str, rest: str) -> str:
    """`text` less the last grapheme if that goes on in `rest` (scripts without blanks, very long words)."""
    return text[: max((end for end in _boundaries(text + rest[:64]) if end <= len(text)), default=0)]


def _boundaries(text: str) -> set[int]:
    """Where a character, as readers see it, ends."""
    return {found.end() for found in regex.finditer(r"\X", text)}


def _without_tags(text: str) -> str:
    for opening, closing in (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")):
        text = _without_spans(text, opening, closing)
    return INLINE_TAG.sub("", BLOCK_TAG.sub(" ", text))


def _without_spans(text: str, opening: str, closing: str) -> str:
    """Drop closed spans with their content, in one pass (a lazy pattern would be quadratic on hostile text)."""
    lowered = text.translate(_LOWERED)
    kept, at = [], 0
    while (start := lowered.find(opening, at)) >= 0 and (end := lowered.find(closing, start)) >= 0:
        kept.append(text[at:start])
        at = end + len(closing)
    return " ".join([*kept, text[at:]])


def _without_loose_bidi(text: str) -> str:
    """Drop direction controls that are not closed, or close nothing."""
    loose: set[int] = set()
    open_at: list[int] = []
    for match in _BIDI.finditer(text):
        mark, at = match.group(), match.start()
        if mark in _ISOLATES or mark in _EMBEDDINGS:
            open_at.append(at)
        elif open_at and text[open_at[-1]] in (_ISOLATES if mark == _POP_ISOLATE else _EMBEDDINGS):
            open_at.pop()
        else:
            loose.add(at)
    loose.update(open_at)
    return "".join(char for at, char in enumerate(text) if at not in loose)
