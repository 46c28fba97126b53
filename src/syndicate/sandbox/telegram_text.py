"""How Telegram reads HTML markup: what stays as text, and what it marks. Pure.

Source: core.telegram.org/bots/api, "HTML style" and "MessageEntity": offsets and lengths in UTF-16 code units; errors
as tdlib/telegram-bot-api words them. Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TAGS: Mapping[str, str] = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TOKEN = re.compile(r"<(?P<end>/?)(?P<tag>[^\s<>/]*)(?P<rest>[^<>]*)>|&(?P<named>#x?[0-9a-fA-F]+|[a-z]+);|<")
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""", re.IGNORECASE)
_CALL = re.compile(r"(?<![\w@/])@[A-Za-z]\w{3,31}")
_URL = re.compile(r"https?://[^\s<>]+")


class BadText(ValueError):
    """Markup that Telegram refuses, in its words."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text without its markup; `entities` as the API gives them."""

    text: str
    entities: tuple[Mapping[str, Any], ...] = ()

    @property
    def first_link(self) -> str | None:
        """The first address in it, written or behind words."""
        marked = [(int(one["offset"]), str(one["url"])) for one in self.entities if "url" in one]
        written = [(utf16_length(self.text[: found.start()]), found[0]) for found in _URL.finditer(self.text)]
        return min([*marked, *written], default=(0, None))[1]

    @property
    def called(self) -> tuple[str, ...]:
        """Whom it names: user names as they stand in the text, and links to people."""
        people = [str(one["url"]) for one in self.entities if str(one.get("url", "")).startswith("tg://user")]
        return (*_CALL.findall(_URL.sub(" ", self.text)), *people)


def utf16_length(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parsed(text: str, mode: str) -> Parsed:
    """The text as people read it.

    Raises:
        BadText: markup that does not fit, or a mode other than HTML, which is all the sandbox reads.
    """
    if not mode:
        return Parsed(text)
    if mode.lower() != "html":
        raise BadText(f"unsupported parse_mode: the sandbox reads HTML alone, not {mode}")
    out: list[str] = []
    opened: list[tuple[str, int, str | None]] = []
    entities: list[dict[str, Any]] = []
    done = 0
    for found in _TOKEN.finditer(text):
        out.append(text[done : found.start()])
        done = found.end()
        if found["named"]:
            out.append(_character(found["named"], found[0]))
        elif found["tag"] is None or (not found["tag"] and not found["end"]):
            raise BadText(f'can\'t parse entities: Unsupported start tag "" at byte offset {_offset(text, found)}')
        elif found["end"]:
            _close(found, text, "".join(out), opened, entities)
        else:
            opened.append(_opened(found, text, "".join(out)))
    if opened:
        raise BadText(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    out.append(text[done:])
    return Parsed("".join(out), tuple(sorted(entities, key=lambda one: (one["offset"], -one["length"]))))


def _opened(found: re.Match[str], text: str, before: str) -> tuple[str, int, str | None]:
    tag = found["tag"].lower()
    if tag not in TAGS:
        raise BadText(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {_offset(text, found)}')
    href = _HREF.search(found["rest"])
    value = next((part for part in href.groups() if part), None) if href else None
    return tag, utf16_length(before), value and re.sub(r"&(\w+);", lambda one: NAMED.get(one[1], one[0]), value)


def _close(
    found: re.Match[str],
    text: str,
    before: str,
    opened: list[tuple[str, int, str | None]],
    entities: list[dict[str, Any]],
) -> None:
    tag = found["tag"].lower()
    if not opened:
        raise BadText(f"can't parse entities: Unexpected end tag at byte offset {_offset(text, found)}")
    name, start, href = opened.pop()
    if tag != name:
        words = f'Unmatched end tag at byte offset {_offset(text, found)}, expected "</{name}>", found "</{tag}>"'
        raise BadText(f"can't parse entities: {words}")
    length = utf16_length(before) - start
    if length and not (name == "a" and not href):
        entity = {"type": TAGS[name], "offset": start, "length": length}
        entities.append(entity | ({"url": href} if name == "a" else {}))


def _character(named: str, whole: str) -> str:
    if named.startswith("#"):
        number = int(named[2:], 16) if named[1] in "xX" else int(named[1:])
        return chr(number) if 0 < number < 0x110000 else whole
    return NAMED.get(named, whole)


def _offset(text: str, found: re.Match[str]) -> int:
    return len(text[: found.start()].encode("utf-8", "surrogatepass"))
