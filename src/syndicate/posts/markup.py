"""Foreign text made harmless for networks that read marks out of plain text.

A network turns `@name`, `#tag` and `https://` in plain text into mentions, hashtags and links. In titles and summaries
written elsewhere these are accidents at best: a mention notifies a stranger, and Mastodon makes its preview card from
the first URL in the text. So they are broken, in a way that hardly shows. Pure.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from syndicate.later import Later, made

if TYPE_CHECKING:
    import regex
else:
    regex = Later("regex")

BREAK: Final = "\u200b"
"""Put behind a mark so that it is none. Source: Mastodon documentation, "Posting" (mentions). Read 2026-11."""

_MARKS: Final = "@＠#＃$＄:"
"""Without any of these nothing can be a mention, a tag or a link."""

_BLANKS: Final = made(lambda: regex.compile(r"[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+"))
# Controls, lone surrogates, non-characters, invisible marks and everything that turns the direction of writing.
# Joiners (U+200C, U+200D) stay: emoji and Persian need them.
_UNSEEN: Final = made(
    lambda: regex.compile(
        r"[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F"
        r"\uFEFF\uFFF9-\uFFFB]"
    )
)
_SCHEME: Final = made(lambda: regex.compile(r"[a-z][a-z0-9+.-]*://", regex.IGNORECASE))
# Mastodon links these two without slashes. Source: mastodon config/initializers/twitter_regex.rb. Read 2026-11.
_BARE_SCHEME: Final = made(lambda: regex.compile(r"\b(magnet|xmpp):(?=\S)", regex.IGNORECASE))
# A mark after a plain letter or digit (an e-mail address, "C#") is inert everywhere; after anything else some network
# takes it: X knows ASCII words only, Mastodon does not count "²". Numbers ("#1", "$5") are nobody's tag.
_START: Final = r"(?<![A-Za-z0-9_])"
_MENTION: Final = made(lambda: regex.compile(_START + r"[@＠](?=[\p{L}\p{N}_])"))
_HANDLE: Final = made(lambda: regex.compile(_START + r"@[\p{L}\p{N}_.-]+@(?=[\p{L}\p{N}])"))
_TAG: Final = made(lambda: regex.compile(_START + r"[#＃$＄](?=[\p{L}\p{M}\p{N}_\u200C\u200D·・]*\p{L})"))


def clean(text: str) -> str:
    """One line of plain text in NFC: no controls, no marks that turn the direction of writing, single spaces."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    text = _UNSEEN.sub("", _BLANKS.sub(" ", text))
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", text).strip())


def defuse(text: str) -> str:
    """Clean foreign text in which nothing mentions, tags or links.

    `@name` and `#tag` get an invisible break behind the mark (`@name@host` at both). A URL loses its scheme and stays
    readable: `https://example.org/a` becomes `example.org/a`.
    """
    text = clean(text)
    if not any(mark in text for mark in _MARKS):
        return text
    # Leaving one out may bring two halves of another together.
    while _SCHEME.search(text):
        text = clean(_SCHEME.sub("", text))
    text = _BARE_SCHEME.sub(rf"\1:{BREAK}", text)
    text = _HANDLE.sub(lambda found: found[0].replace("@", f"@{BREAK}"), text)
    text = _MENTION.sub(rf"\g<0>{BREAK}", text)
    return _TAG.sub(rf"\g<0>{BREAK}", text)
