"""Text, addresses and names that no feed format can choke on. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import UTC
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from syndicate.later import compiled

if TYPE_CHECKING:
    from datetime import datetime

# XML 1.0 (Fifth Edition), 2.2 "Characters", production Char; U+007F-009F are allowed there but discouraged, and no
# reader shows them.
_NOT_XML = compiled("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CARRIED_BYTES = bytes((0x09, 0x0A, *range(0x20, 0x7F), *range(0x80, 0x100)))
_NOT_CARRIED = re.compile(rb"\xc2[\x80-\x9f]|\xef\xbf[\xbe\xbf]")
"""U+0080-009F, U+FFFE and U+FFFF in UTF-8, where each begins a sequence by itself."""
SEAM = b"\x7f"
"""Parts texts that are joined: a character of one byte that no text on its way to readers holds."""
_LINE_ENDS = compiled("\r\n?")
_BLANKS = compiled(r"\s+")
_NOT_WORD = re.compile(r"[\W_]+")
_LONE_PERCENT = compiled(r"%(?![0-9A-Fa-f]{2})")
_URL = compiled(r"(https?://)([^/?#]+)([^?#]*)(\?[^#]*)?(#.*)?\Z", re.IGNORECASE | re.DOTALL)
_PLAIN_URL = re.compile(r"https?://[a-z0-9.-]+(?:/[A-Za-z0-9/._~-]*)?\Z")
"""Most addresses: nothing in them is to be encoded."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SAFE = "%:@!$&'()*+,;=~"
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")

# BCP 47 primary languages that are written from right to left by default (Unicode CLDR, script metadata).
_RIGHT_TO_LEFT = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "nqo", "pnb", "ps", "sd", "syr", "ug", "ur", "yi")
)


def is_carried(text: str, *, seams: int = 0) -> bool:
    """Whether XML carries every character of the text as it stands; CR it does not, parsers turn it into LF.

    In UTF-8 this is found out in a third of the time that looking at each character takes.

    Args:
        text: several texts may be joined.
        seams: how many `SEAM` are between them.
    """
    try:
        told = text.encode()
    except UnicodeEncodeError:  # surrogates
        return False
    if told.translate(None, _CARRIED_BYTES) != SEAM * seams:
        return False
    return text.isascii() or not (b"\xc2" in told or b"\xef" in told) or not _NOT_CARRIED.search(told)


def clean(text: str) -> str:
    """The text without characters that XML forbids, with LF line ends (a parser would turn CR into LF anyway)."""
    if is_carried(text):
        return text
    return _NOT_XML.sub("", _LINE_ENDS.sub("\n", text))


def line(text: str) -> str:
    """The cleaned text on one line, blanks collapsed."""
    if text.isprintable() and "  " not in text:  # its only blanks are single spaces
        return text.strip()
    return _BLANKS.sub(" ", clean(text)).strip()


def clip(text: str, room: int) -> str:
    """The text cut at a word so that it holds at most `room` characters, with an ellipsis if cut."""
    if len(text) <= room:
        return text
    head, blank, _ = text[:room].rpartition(" ")
    return (head if blank else text[: room - 1]).rstrip(" ,;:.–-") + "…"


def is_like_html(text: str) -> bool:
    """Whether a reader that takes plain text for HTML would show something else."""
    return "<" in text or unescape(text) != text


def as_html(text: str) -> str:
    """The text for places that readers take for HTML: escaped only where they would misread it."""
    if is_like_html(text):
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def web_address(url: str | None) -> str | None:
    """The URL with everything percent-encoded that RFC 3986 forbids; None unless it is http or https, with a host."""
    if url and _PLAIN_URL.match(url):
        return url
    parts = _URL.match(_BLANKS.sub("%20", _LONE_PERCENT.sub("%25", clean(url or "").strip())))
    if parts is None:
        return None
    start, host, path, query, fragment = parts.groups(default="")
    marked = (mark + quote(text[1:], safe=_SAFE + "/?") for mark, text in (("?", query), ("#", fragment)) if text)
    address = f"{start}{quote(host, safe=_SAFE + '[]')}{quote(path, safe=_SAFE + '/')}{''.join(marked)}"
    try:
        urlsplit(address)
    except ValueError:
        return None
    return address


def mail_date(moment: datetime) -> str:
    """As `email.utils.format_datetime` writes it, which takes five times as long where it is in UTC."""
    if moment.tzinfo is not UTC:
        from email.utils import format_datetime

        return format_datetime(moment)
    date = f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month]} {moment.year:04}"
    return f"{date} {moment.hour:02}:{moment.minute:02}:{moment.second:02} +0000"


def language_tag(language: str, fallback: str) -> str:
    """The language as a BCP 47 tag, or the fallback if it is none."""
    tag = language.strip().replace("_", "-")
    return tag if _LANGUAGE.match(tag) else fallback


def direction(language: str) -> str:
    """`rtl` or `ltr`, as HTML's `dir` wants it."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


@lru_cache(4096)
def slug_of(label: str) -> str:
    """A name for paths made from a label: lower-case words of any script, joined by hyphens; never empty."""
    words = _NOT_WORD.sub("-", unicodedata.normalize("NFKC", clean(label)).lower()).strip("-")
    return words or f"x{short_digest(label)}"


def short_digest(text: str) -> str:
    """Eight hex digits that tell texts apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
