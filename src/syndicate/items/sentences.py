"""Where sentences end, and the cutting of plain text there or at words; cut texts known and made presentable. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from string import ascii_letters

from syndicate.later import compiled

ELLIPSIS = "…"

_END = compiled(r"[.!?…؟۔।።][\"'”’»)\]]*+(?=\s|\Z)|[。！？｡][」』）〉》】”’\"')\]]*+")
_TRAILING = " \t\n,;:–—-([{“‘«/&…."
_OPENING = " \t\n\"'“‘«„¿¡([-–—*"

# A dot after one of these never ends a sentence; after one of the others it does where a capital follows.
_NEVER = compiled(
    r"dr|mr|mrs|ms|mx|prof|st|rev|hon|gen|col|lt|sgt|capt|gov|sen|rep|pres|vs|cf|eg|e\.g|ie|i\.e|viz|no|nos|nr|vol"
    r"|figs?|eq|sec|ch|pp|eds?|approx|ca|est|resp|vgl|bzw|bspw|ggf|evtl|inkl|zzgl|sog|abs|str|hr|fr|dipl|ing|mme|mlle"
    r"|m|sra?|dra|ud|av|art|al|jan|feb|mar|apr|jun|jul|aug|sept?|o[ck]t|nov|de[cz]|mt|ft|dept"
)
_SELDOM = compiled(r"etc|usw|inc|ltd|co|corp|llc|jr|[ap]\.m")
_BEFORE = compiled(r"[^\s(\[\"'“„«]*+\Z")
_INITIAL = compiled(r"(?:[^\W\d_]\.)*[^\W\d_]\Z")
_ORDINAL = compiled(r"\d{1,2}\Z")

_DOTS = compiled(r"\s*(?:[\[(]\s*(?:…|\.{3,})\s*[\])]|…|\.{3,})\Z")
_LURES = (
    *("Read more", "Read More", "READ MORE", "Continue reading", "Continue Reading", "Learn more", "Weiterlesen"),
    *("Mehr lesen", "Lire la suite", "Lire plus", "Leer más", "Lees meer", "Leia mais", "Leggi tutto"),
)
_AFTER_LURE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000.…»›→>])"
)
_LURE = compiled(rf"(?:(?<=[.!?…\])»])|\A|(?<=[.!?…\])»]\s))[\[(]?(?:{'|'.join(_LURES)})[\s.…»›→>\])]*\Z")

_PLAIN_LETTERS = frozenset(ascii_letters)
_COMPARED = 8  # letters and digits: most texts are no body's beginning, and have said so by then


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of plain text, cut after a sentence or else after a word with one ellipsis."""
    if len(text) <= limit:
        return text
    return _ended(text[:limit], rest=text[limit:], limit=limit)


def is_cut(text: str, body: str) -> bool:
    """Whether plain text stops short: it ends in dots or a lure, or begins the body and stops mid-sentence.

    Only letters and digits are compared: marks, entities, quotes and white space may be written in another way.
    """
    if has_marks_of_a_cut(text):
        return True
    rest = _rest(text, body)
    return any(map(str.isalnum, rest)) and not _ends_sentence(text, rest)


def has_marks_of_a_cut(text: str) -> bool:
    """Whether plain text ends in dots or a lure."""
    return _has_dots(text) or _has_lure(text)


def _has_dots(text: str) -> bool:
    return text.endswith(("…", "...", "]", ")")) and _DOTS.search(text) is not None


def _has_lure(text: str) -> bool:
    return text.rstrip(_AFTER_LURE).endswith(_LURES) and _LURE.search(text) is not None


def mended(text: str, body: str) -> str:
    """Cut text made presentable: it ends after a sentence, or after a whole word and one ellipsis."""
    core = _LURE.sub("", text).rstrip()
    if core != text and not _has_dots(core) and _ends_sentence(core, ""):
        return core
    core = _DOTS.sub("", core).rstrip(" .…")
    return _ended(core, rest=_rest(core, body), limit=len(core) + 1)


def _rest(text: str, body: str) -> str:
    """How the body goes on after the text that it begins with; empty if it does not, or not in letters and digits."""
    if not begin_alike(text, body):  # as most: else all of it would be folded
        return ""
    last = next(place for place in reversed(range(len(text))) if text[place].isalnum())
    if body.startswith(text[: last + 1]):
        return _after(text[last + 1 :], body, last + 1)
    wanted = "".join(filter(str.isalnum, text)).casefold()
    at = found = 0
    while found < len(wanted) and at < min(len(body), _reach(text)):
        if body[at].isalnum():
            folded = body[at].casefold()
            if not wanted.startswith(folded, found):
                return ""
            found += len(folded)
        at += 1
    if found < len(wanted):
        return ""
    return _after(text[last + 1 :], body, at)


def _after(tail: str, body: str, at: int) -> str:
    """How the body goes on at a place: stops and quotes at the end of a text, its tail, belong to that."""
    while at < len(body) and not body[at].isalnum() and not body[at].isspace() and tail:
        at, tail = at + 1, tail[1:]
    return body[at:]


def begin_alike(text: str, body: str) -> bool:
    """Whether the first letters and digits of both are there and the same."""
    if text[:1] in _PLAIN_LETTERS and body[:1] in _PLAIN_LETTERS and text[:1].lower() != body[:1].lower():
        return False  # as most
    mine = _first_letters(text)
    theirs = _first_letters(islice(body, _reach(text)))
    return bool(mine and theirs) and (mine.startswith(theirs) or theirs.startswith(mine))


def _first_letters(text: Iterable[str]) -> str:
    return "".join(islice(filter(str.isalnum, text), _COMPARED)).casefold()


def _reach(text: str) -> int:
    """How many characters of a body may stand for the text that it begins with."""
    return 4 * len(text) + 64


def _ends(text: str, rest: str) -> list[int]:
    """Where sentences end in text that goes on with `rest`."""
    whole = text + rest[:64]
    return [match.end() for match in _END.finditer(whole) if match.end() <= len(text) and _is_end(whole, match)]


def _is_end(text: str, match: re.Match[str]) -> bool:
    follows = text[match.end() : match.end() + 64].lstrip(_OPENING)[:1]
    if match[0][0] in "。！？｡":
        return True
    if follows.islower():
        return False
    if match[0][0] != ".":
        return True
    before = _BEFORE.search(text[max(0, match.start() - 24) : match.start()])
    word = before[0].casefold() if before is not None else ""
    if _NEVER.fullmatch(word) or (match[0] == "." and _ORDINAL.fullmatch(word)):
        return not follows
    if _SELDOM.fullmatch(word):
        return not follows or follows.isupper()
    return not follows or not _INITIAL.match(word)


def _ends_sentence(text: str, rest: str) -> bool:
    return len(text) in _ends(text, rest)


def _ended(text: str, *, rest: str, limit: int) -> str:
    """End `text`, which goes on with `rest`, within the limit."""
    boundaries = _boundaries(text + rest[:64])
    ends = [end for end in _ends(text, rest) if end in boundaries and (end < len(text) or _may_stop(text, rest))]
    if ends and ends[-1] * 2 >= len(text):  # a whole sentence, unless it would throw away most of the text
        return text[: ends[-1]]
    room = text[: limit - 1]
    after = text[limit - 1 :] + rest
    if after and not after[0].isspace():
        head, blank, _ = room.rpartition(" ")
        room = head if blank else _whole_graphemes(room, after)
    room = room.rstrip(_TRAILING)
    return room + ELLIPSIS if room else ""


def _may_stop(text: str, rest: str) -> bool:
    return rest[:1].isspace() or text[-1:] in "。！？｡」』）"


def _whole_graphemes(text: str, rest: str) -> str:
    """`text` less the last grapheme if that goes on in `rest` (scripts without blanks, very long words)."""
    return text[: max((end for end in _boundaries(text + rest[:64]) if end <= len(text)), default=0)]


def _boundaries(text: str) -> set[int]:
    """Where a character, as readers see it, ends."""
    import regex

    return {found.end() for found in regex.finditer(r"\X", text)}
