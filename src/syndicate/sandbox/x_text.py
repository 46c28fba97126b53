"""How X reads a post: its weighted length, its links and whom it calls. Pure.

Source: twitter-text `config/v3.json` (weights, links of 23) and its patterns of mentions and cashtags. Read 2026-11.
"""

from __future__ import annotations

import unicodedata
from html import escape

import regex

LIMIT, LINK_LENGTH = 280, 23
_LIGHT = ((0, 4_351), (8_192, 8_205), (8_208, 8_223), (8_242, 8_247))
# Hosts without `http://` are links as well; of their endings a few are enough here.
_LINK = regex.compile(
    r"https?://[^\s<>\"]*[^\s<>\".,:;!?')\]]"
    r"|(?<![@\w.$#/-])(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io|dev|app|eu|uk|de|info)\b(?:/[^\s<>\"]*[^\s<>\".,:;!?')\]])?",
    regex.IGNORECASE,
)
_CALL = regex.compile(r"(?<![a-z0-9_!#$%&*@＠/])[@＠]([a-z0-9_]{1,20})", regex.IGNORECASE)
_CASHTAG = regex.compile(r"(?<!\S)\$[a-z]{1,6}(?:[._][a-z]{1,2})?(?=$|\s|\p{P})", regex.IGNORECASE)
_EMOJI = regex.compile(r"\p{ExtPict}|\p{RI}|\u20E3")


def weight_of(text: str) -> int:
    """The length as X counts it."""
    text = unicodedata.normalize("NFC", text)
    found = _LINK.findall(text)
    rest = _LINK.sub("", text)
    return LINK_LENGTH * len(found) + sum(_weight(cluster) for cluster in regex.findall(r"\X", rest))


def links_in(text: str) -> list[str]:
    """The addresses that become links, in order."""
    return list(_LINK.findall(text))


def called_in(text: str) -> tuple[str, ...]:
    """The accounts that a post would notify, without their sign."""
    return tuple(_CALL.findall(_LINK.sub(" ", text)))


def cashtags_in(text: str) -> int:
    """How many shares of companies a post names."""
    return len(_CASHTAG.findall(_LINK.sub(" ", text)))


def shown(text: str) -> tuple[str, list[dict[str, object]]]:
    """The text as timelines show it, with short links and escaped signs, and what the links stand for."""
    urls: list[dict[str, object]] = []
    parts: list[str] = []
    done = 0
    for number, found in enumerate(_LINK.finditer(text)):
        parts.append(escape(text[done : found.start()], quote=False))
        short = f"https://t.co/{number:010}"
        start = len("".join(parts))
        target = found[0] if "://" in found[0] else f"http://{found[0]}"
        urls.append({"start": start, "end": start + len(short), "url": short, "expanded_url": target})
        parts.append(short)
        done = found.end()
    return "".join((*parts, escape(text[done:], quote=False))), urls


def _weight(cluster: str) -> int:
    if _EMOJI.search(cluster):
        return 2
    return sum(1 if any(low <= ord(sign) <= high for low, high in _LIGHT) else 2 for sign in cluster)
