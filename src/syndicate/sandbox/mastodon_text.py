"""How Mastodon reads a status: its length, its links, tags and mentions, its HTML. Pure.

Source: Mastodon documentation "user/posting" and StatusLengthValidator: links count 23, a mention counts without its
host, everything else in grapheme clusters. Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from urllib.parse import quote

import regex

RESERVED_PER_URL = 23

_TOKEN = regex.compile(
    r"""(?P<link>https?://[\w\[][^\s<>"]*)
      | (?<![\w/@])@(?P<user>\w+(?:[\w.-]*\w)?)(?:@(?P<host>[\w.-]+[\w]+(?::\d+)?))?
      | (?<![\w/=)&])\#(?P<tag>[\p{L}\p{M}\p{Nd}_]*[\p{L}\p{M}_][\p{L}\p{M}\p{Nd}_]*)""",
    regex.VERBOSE | regex.IGNORECASE,
)


class Kind(StrEnum):
    """What a piece of a status is."""

    TEXT = "text"
    LINK = "link"
    TAG = "tag"
    MENTION = "mention"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a status. `target` is the URL, the tag without `#`, or `user` or `user@host`."""

    kind: Kind
    text: str
    target: str = ""


def pieces_of(text: str) -> Iterator[Piece]:
    """The status cut into plain runs, links, tags and mentions; the texts joined give the status again."""
    done = 0
    for found in _TOKEN.finditer(text):
        piece = _piece(found)
        if found.start() > done:
            yield Piece(Kind.TEXT, text[done : found.start()])
        yield piece
        done = found.start() + len(piece.text)
    if done < len(text):
        yield Piece(Kind.TEXT, text[done:])


def _piece(found: regex.Match[str]) -> Piece:
    if found["link"]:
        url = _without_trailing_marks(found["link"])
        return Piece(Kind.LINK, url, url)
    if found["tag"]:
        return Piece(Kind.TAG, found[0], found["tag"])
    return Piece(Kind.MENTION, found[0], found[0][1:])


def _without_trailing_marks(url: str) -> str:
    """A URL without the sentence's own punctuation; a closing bracket stays if the URL opened it."""
    while url:
        if url[-1] in ".,:;!?'*_~…" or (url[-1] == ")" and url.count("(") < url.count(")")):
            url = url[:-1]
        else:
            break
    return url


def length_of(text: str, spoiler_text: str = "") -> int:
    """The length Mastodon holds against its limit."""
    counted = "".join(_counted(piece) for piece in pieces_of(text))
    return len(regex.findall(r"\X", spoiler_text + counted))


def _counted(piece: Piece) -> str:
    if piece.kind is Kind.LINK:
        return "x" * RESERVED_PER_URL
    if piece.kind is Kind.MENTION:
        return "@" + piece.target.partition("@")[0]
    return piece.text


def first_link(text: str) -> str | None:
    """The address the server would make a card of."""
    return next((piece.target for piece in pieces_of(text) if piece.kind is Kind.LINK), None)


def tags_of(text: str) -> list[str]:
    """The hashtags in lower case, each once, in order."""
    return list(dict.fromkeys(piece.target.lower() for piece in pieces_of(text) if piece.kind is Kind.TAG))


def mentions_of(text: str) -> list[str]:
    """Whom the status names, as `user` or `user@host`, each once, in order."""
    return list(dict.fromkeys(piece.target for piece in pieces_of(text) if piece.kind is Kind.MENTION))


def html_of(text: str, base_url: str) -> str:
    """The `content` of a status: paragraphs, line breaks, shortened links, tags."""
    if not text:
        return ""
    marked = "".join(_marked(piece, base_url) for piece in pieces_of(text.replace("\r\n", "\n").strip()))
    paragraphs = regex.split(r"\n{2,}", marked)
    return "".join(f"<p>{paragraph.replace(chr(10), '<br>')}</p>" for paragraph in paragraphs)


def _marked(piece: Piece, base_url: str) -> str:
    text = escape(piece.text, quote=True).replace("&#x27;", "&#39;")
    if piece.kind is Kind.LINK:
        return _link(piece.target)
    if piece.kind is Kind.TAG:
        href = f"{base_url}/tags/{quote(piece.target.lower())}"
        return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{escape(piece.target)}</span></a>'
    return text


def _link(url: str) -> str:
    # Mastodon hides the scheme and everything after 30 characters, but keeps it for copying.
    hidden = regex.match(r"https?://(?:www\.)?", url, regex.IGNORECASE)
    prefix = hidden[0] if hidden else ""
    shown, rest = url[len(prefix) :][:30], url[len(prefix) :][30:]
    css = "ellipsis" if rest else ""
    return (
        f'<a href="{escape(url)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{escape(prefix)}</span><span class="{css}">{escape(shown)}</span>'
        f'<span class="invisible">{escape(rest)}</span></a>'
    )
