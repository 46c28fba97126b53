"""Clean plain text from whatever a file holds. Pure."""

from __future__ import annotations

import html
import re
import string
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from syndicate.later import Later, compiled, made

if TYPE_CHECKING:
    import regex
else:
    regex = Later("regex")

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
BLOCK_TAG = compiled(rf"</?(?:{_BLOCKS.replace(' ', '|')}){_ATTRIBUTES}/?>", re.IGNORECASE)
INLINE_TAG = compiled(rf"</?(?:{_INLINES.replace(' ', '|')}){_ATTRIBUTES}/?>", re.IGNORECASE)

# Most tags say nothing more.
BLOCKS = frozenset(_BLOCKS.split())
_GAPS = {
    form.format(name): gap
    for names, gap in ((_BLOCKS, " "), (_INLINES, ""))
    for name in names.split()
    for form in ("{}", "/{}")
}
_INNER = compiled(rf"(?P<name>/?[A-Za-z][A-Za-z0-9]*){_ATTRIBUTES}/?")

_MARKED = ("[", "`", "*", "_", "~", "\\", "<http")
_ADDRESS = r"""(?:<[^<>\n]*+>|[^()\s]*+(?>(?:\([^()\s]*+\)[^()\s]*+)*))(?>(?:\s++(?:"[^"\n]*+"|'[^'\n]*+'))?)"""
# Marks inside a word of ASCII are none: `snake_case`, `2*3*4`, `C*`. A dunder of one word is a name, not bold text.
_MARKS = (
    (compiled(rf"!?\[([^\[\]\n]*)\]\({_ADDRESS}\s*\)"), r"\1"),
    (compiled(r"(?<!\w)!?\[(?=[^\[\]\n]*[^\W\d])([^\[\]\n]+)\]\[[^\[\]\n]*\]"), r"\1"),
    (compiled(r"(?<=[\w.,;:!?)\"'”’])\[\^\w{1,40}\]"), ""),
    (compiled(r"<(https?://[^\s<>]+)>"), r"\1"),
    (compiled(r"`([^`\n]+)`"), r"\1"),
    (compiled(r"(?<![A-Za-z0-9_*])\*\*(?=\S)([^*\n]+)(?<=\S)\*\*(?![A-Za-z0-9_*])"), r"\1"),
    (compiled(r"(?<![\w*\\])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])"), r"\1"),
    (compiled(r"(?<!\w)__(?=\S)([^_\n]*[^\w\n][^_\n]*)(?<=\S)__(?!\w)"), r"\1"),
    (compiled(r"(?<![\w\\])_(?=[^\s_])([^_\n]+)(?<=\S)_(?!\w)"), r"\1"),
    (compiled(r"~~(?=\S)([^~\n]+)(?<=\S)~~"), r"\1"),
    (compiled(r"(?<!\\)\\([*_`~\[\]])"), r"\1"),
)

# Vertical tab, form feed, NEL, line and paragraph separator: line breaks to Unicode, errors or surprises elsewhere.
_ODD_BREAKS = compiled(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# What XML 1.0 section 2.2 forbids, noncharacters, and what is not seen at all. ZWJ and ZWNJ stay (emoji, Persian).
# The overrides U+202D and U+202E turn text around even when closed, so they never stay.
_UNWANTED = compiled(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\u202d\u202e\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
# ASCII that is sound as it stands, and of that what means nothing but itself in a field of one line.
_TAME = bytes([9, 10, *range(32, 127)])
_LITERAL = _TAME.translate(None, b"\t\n<&[`*_~\\")
_LOWERED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # str.lower makes some letters longer
_BLANKS = compiled("  +")
_BIDI = compiled("[\u202a-\u202c\u2066-\u2069]")
_ISOLATES, _POP_ISOLATE, _EMBEDDINGS, _POP_EMBEDDING = "\u2066\u2067\u2068", "\u2069", "\u202a\u202b", "\u202c"

# Composing takes the square of a run of marks. Unicode Standard Annex #15, "Stream-Safe Text Format", allows 30.
_MOST_MARKS = 30
_STACKED = made(lambda: regex.compile(rf"(\p{{M}}{{{_MOST_MARKS}}})\p{{M}}+"))


def sound(text: str) -> str:
    """The text in NFC without characters that break feeds, deceive the eye or cannot be seen; lines are kept."""
    if text.isascii() and not text.encode().translate(None, _TAME):  # as most
        return text
    # To Python, nothing that is unwanted, an odd break or a direction control is printable; nor are these.
    if not text.replace("\n", "").replace("\t", "").replace("\xa0", "").isprintable():
        text = _UNWANTED.sub("", _ODD_BREAKS.sub("\n", text))
        if _BIDI.search(text):
            text = _without_loose_bidi(text)
    if text.isascii() or (_has_few_marks(text) and unicodedata.is_normalized("NFC", text)):
        return text
    # Twice: some marks are composed of two.
    return _STACKED.sub(r"\1", unicodedata.normalize("NFC", _STACKED.sub(r"\1", text)))


def _has_few_marks(text: str) -> bool:
    """Whether there are surely too few of them to be stacked: letters that are not ASCII count as marks, too."""
    return len(text) - len(text.encode("ascii", "ignore")) <= _MOST_MARKS


def plain(text: str) -> str:
    """One clean line: tags and Markdown marks stripped, entities unescaped once, white space collapsed.

    Never longer than the NFC form of what came in.
    """
    if text.isascii() and not text.encode().translate(None, _LITERAL):  # as most
        return (_BLANKS.sub(" ", text) if "  " in text else text).strip(" ")
    return _kept_plain(text) if len(text) <= _LONGEST_KEPT else _plain(text)


def one_line(text: str) -> str:
    """Sound text with its white space collapsed."""
    return collapsed(sound(text))


def collapsed(text: str) -> str:
    """Sound text as one line."""
    spaced = text.replace("\n", " ").replace("\t", " ")
    if not (spaced.isascii() or spaced.isprintable()):  # there may be blanks of other kinds
        return " ".join(text.split())
    return (_BLANKS.sub(" ", spaced) if "  " in spaced else spaced).strip(" ")


def _plain(text: str) -> str:
    if "<" in text:
        text = _without_tags(text)
    if any(map(text.__contains__, _MARKED)):
        for mark, kept in _MARKS:
            text = mark.sub(kept, text)
    return one_line(html.unescape(text) if "&" in text else text)


# A title is asked for several times in a row, and topics, authors and products come back in file after file.
_LONGEST_KEPT = 300
_kept_plain = lru_cache(maxsize=4096)(_plain)


def _without_tags(text: str) -> str:
    for opening, closing in (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")):
        text = _without_spans(text, opening, closing)
    return untagged(text)


def untagged(text: str) -> str:
    """The text without known tags: a blank stands for one that parts blocks, nothing for the others."""
    first, *parts = text.split("<")
    kept = [first]
    for part in parts:
        inner, closing, behind = part.partition(">")
        gap = _gap(inner) if closing else None
        if gap is None:  # a bracket that is none of a tag's may change what its neighbours are
            return INLINE_TAG.sub("", BLOCK_TAG.sub(" ", text))
        kept += (gap, behind)
    return "".join(kept)


def _gap(inner: str) -> str | None:
    """What stands for a tag, given without its brackets; None if it is not a known one through and through."""
    gap = _GAPS.get(inner)
    if gap is not None:
        return gap
    match = _INNER.fullmatch(inner)
    if match is not None:
        return _GAPS.get(match["name"].lower())
    tag = f"<{inner}>"
    return " " if BLOCK_TAG.fullmatch(tag) else "" if INLINE_TAG.fullmatch(tag) else None


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
