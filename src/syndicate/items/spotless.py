"""HTML of paragraphs so plain that to clean it would change nothing but its links, as most bodies are.

`body` asks here first: to parse such HTML and to write it again takes three times as long. What is not surely as the
parser would write it is left to the parser. Pure.
"""

from __future__ import annotations

import re

from syndicate.items.links import absolute, origin_of
from syndicate.later import compiled

_MARKED = r'<(?:a href="[^"<>&\s]*+">[^<]*+</a|(?P<mark>em|strong|b|i|code)>[^<]*+</(?P=mark))>'
_PARAGRAPH = rf"<(?P<block>p|h[1-6])>[^<]*+(?>(?:{_MARKED}[^<]*+)*)</(?P=block)>"
_SPOTLESS = re.compile(rf"(?>(?:[ \n]*+{_PARAGRAPH})+)[ \n]*+")
_REWRITTEN = ("\xa0", "\r", "\0")  # what the parser writes in another way than it stands
_ENTITY = compiled("&(?!(?:amp|lt|gt|quot|nbsp);)")  # any that it does not leave as it is
_LINK = compiled(r'<a href="([^"]*)"')
# Addresses that the parser does not refuse: no host like a number, none of Punycode.
_REST = r"[A-Za-z0-9/._~%=+!$,@:()*-]"
_PLAIN = compiled(
    rf"(?:https?://(?!\S*xn--)(?:[a-z0-9](?:[a-z0-9-]{{0,60}}[a-z0-9])?\.)+[a-z]{{2,}}(?=[/?#]|\Z)|/(?!/)){_REST}*"
    rf"(?:\?{_REST}+)?(?:#{_REST}+)?"
)
_ELSEWHERE = re.compile(r'<a href="(?!/(?!/)[A-Za-z0-9/_~%=+!$,@:()*-]*+")')  # any but a plain path on the site itself


def spotless(text: str, base: str | None) -> str | None:
    """The HTML as it is, its links absolute; None if cleaning might change anything else.

    Args:
        text: HTML.
        base: the address that relative links count from, if there is one.
    """
    if _SPOTLESS.fullmatch(text) is None or text.count(">") != text.count("<"):
        return None
    if any(map(text.__contains__, _REWRITTEN)) or ("&" in text and _ENTITY.search(text) is not None):
        return None
    plain = _linked(text, base)
    return plain.replace("&quot;", '"') if plain is not None and "&" in plain else plain


def _linked(text: str, base: str | None) -> str | None:
    """The HTML with absolute links; None if the parser might refuse one."""
    if "<a " not in text:
        return text
    origin = origin_of(base or "")
    if origin and _ELSEWHERE.search(text) is None:  # each takes 4 µs one by one
        return text.replace('<a href="/', f'<a href="{origin}/')
    before, *linked = _LINK.split(text)
    parts = [before]
    for address, behind in zip(linked[::2], linked[1::2], strict=True):
        url = absolute(base, address) if _PLAIN.fullmatch(address) else None
        if url is None:
            return None
        parts += ('<a href="', url, '"', behind)
    return "".join(parts)
