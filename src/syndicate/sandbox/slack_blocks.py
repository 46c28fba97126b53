"""How Slack reads a message: its blocks, their limits, its links, what people see. Pure.

Source: docs.slack.dev "Block Kit" reference (rich text, section, header, image, context, divider, markdown) and
"Formatting message text". Read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

from syndicate.sandbox.slack_desk import failed

MOST_BLOCKS = 50
SECTION, HEADER, ALT, TITLE, IMAGE_URL, MARKDOWN, MOST_ELEMENTS = 3_000, 150, 2_000, 2_000, 3_000, 12_000, 10
_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|([^>]*))?>|(https?://[^\s<>|]+)")

_CALL = re.compile(r"<(@[UW][A-Z0-9]+|!(?:channel|here|everyone|subteam\^[A-Z0-9]+))(?:\|[^>]*)?>")


def blocks_of(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The checked blocks of a message, however they came.

    Raises:
        Refusal: invalid_blocks_format, invalid_blocks, or too many of them.
    """
    told = arguments.get("blocks")
    if told is None or told == "":
        return []
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError as cause:
            raise failed("invalid_blocks_format") from cause
    if not isinstance(told, list) or not all(isinstance(block, dict) for block in told):
        raise failed("invalid_blocks_format")
    faults = [f"{fault} [json-pointer:/blocks/{place}]" for place, block in enumerate(told) for fault in _faults(block)]
    if len(told) > MOST_BLOCKS:
        faults.append(f"no more than {MOST_BLOCKS} items allowed [json-pointer:/blocks]")
    if faults:
        raise failed("invalid_blocks", *faults)
    return told


def metadata_of(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """The message's metadata.

    Raises:
        Refusal: invalid_metadata_format.
    """
    told = arguments.get("metadata")
    if told is None or told == "":
        return None
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError as cause:
            raise failed("invalid_metadata_format") from cause
    is_whole = isinstance(told, dict) and isinstance(told.get("event_type"), str)
    if not is_whole or not isinstance(told.get("event_payload"), dict):
        raise failed("invalid_metadata_format")
    return {"event_type": told["event_type"], "event_payload": told["event_payload"]}


def words_of(text: str, blocks: list[dict[str, Any]]) -> str:
    """What people read: the blocks' words, or the text where there are none; labels for links."""
    shown = "\n".join(words for block in blocks for words in _words(block)) or text
    return unescape(_LINK.sub(lambda found: found[2] or found[1] or found[3], shown))


def link_in(text: str, blocks: list[dict[str, Any]]) -> str | None:
    """The first address of a message, in its blocks first."""
    for part in (*(words for block in blocks for words in _words(block)), text):
        if found := _LINK.search(part):
            return unescape(found[1] or found[3])
    return None


def file_ids_in(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Id and alt text of each uploaded file that an image block shows."""
    return [
        (str(block["slack_file"].get("id")), str(block["alt_text"]))
        for block in blocks
        if block["type"] == "image" and isinstance(block.get("slack_file"), dict)
    ]


def images_by_address(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Address and alt text of each picture that Slack fetches itself."""
    return [
        (block["image_url"], block["alt_text"]) for block in blocks if block["type"] == "image" and "image_url" in block
    ]


def called_in(text: str, blocks: list[dict[str, Any]]) -> tuple[str, ...]:
    """Whom a message would notify: users, groups, everybody in a channel, where mrkdwn names them."""
    parts = [text]
    for block in blocks:
        for part in (block.get("text"), *block.get("fields", ()), *block.get("elements", ())):
            if isinstance(part, dict) and part.get("type") == "mrkdwn":
                parts.append(str(part.get("text", "")))
    return tuple(name for part in parts for name in _CALL.findall(part))


def _words(block: dict[str, Any]) -> Iterator[str]:
    if block.get("type") == "rich_text":
        yield from _rich_words(block)
        return
    if isinstance(text := block.get("text"), dict):
        yield str(text.get("text", ""))
    elif isinstance(text, str):
        yield text
    for element in (*block.get("fields", ()), *block.get("elements", ())):
        if isinstance(element, dict) and isinstance(element.get("text"), str):
            yield element["text"]


def _faults(block: dict[str, Any]) -> Iterator[str]:
    match block.get("type"):
        case "divider":
            return
        case "section":
            if "text" in block:
                yield from _text_faults(block["text"], SECTION, ("mrkdwn", "plain_text"))
            elif not block.get("fields"):
                yield "missing required field: text"
        case "header":
            yield from _text_faults(block.get("text"), HEADER, ("plain_text",))
        case "context":
            yield from _context_faults(block.get("elements"))
        case "rich_text":
            yield from _rich_faults(block.get("elements"))
        case "image":
            yield from _image_faults(block)
        case "markdown":
            if not isinstance(block.get("text"), str) or not 1 <= len(block["text"]) <= MARKDOWN:
                yield f"must be 1 to {MARKDOWN} characters"
        case kind:
            yield f"unsupported type: {kind}"


def _context_faults(elements: object) -> Iterator[str]:
    if not isinstance(elements, list) or not 1 <= len(elements) <= MOST_ELEMENTS:
        yield f"elements must have 1 to {MOST_ELEMENTS} items"
        return
    for element in elements:
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image_faults(element)
        else:
            yield from _text_faults(element, SECTION, ("mrkdwn", "plain_text"))


def _text_faults(text: object, limit: int, kinds: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(text, dict) or not isinstance(text.get("text"), str):
        yield "missing required field: text"
        return
    if text.get("type") not in kinds:
        yield f"unsupported type: {text.get('type')}"
    if not text["text"]:
        yield "must be more than 0 characters"
    if len(text["text"]) > limit:
        yield f"must be less than {limit + 1} characters"


def _rich_words(block: dict[str, Any]) -> Iterator[str]:
    """The words of rich text, in the form that `_LINK` reads: nothing in a text element is markup."""
    for section in block["elements"]:
        parts = []
        for element in section["elements"]:
            text = str(element.get("text", "")).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            url = str(element.get("url", "")).replace("&", "&amp;")
            parts.append(text if element["type"] == "text" else f"<{url}|{text or url}>")
        yield "".join(parts)


def _rich_faults(sections: object) -> Iterator[str]:
    """What a publisher needs of rich text: sections of texts and links."""
    if not isinstance(sections, list) or not sections:
        yield "missing required field: elements"
        return
    for section in sections:
        elements = section.get("elements") if isinstance(section, dict) else None
        if not isinstance(elements, list) or section.get("type") != "rich_text_section":
            yield "unsupported type of rich text"
            continue
        for element in elements:
            match element:
                case {"type": "text", "text": str(text)} if text:
                    pass
                case {"type": "link", "url": str(url)} if re.match("https?://", url):
                    pass
                case _:
                    yield "invalid element of rich text"


def _image_faults(block: dict[str, Any]) -> Iterator[str]:
    alt, url = block.get("alt_text"), block.get("image_url")
    if not isinstance(alt, str):
        yield "missing required field: alt_text"
    elif len(alt) > ALT:
        yield f"must be less than {ALT + 1} characters"
    if (url is None) == (block.get("slack_file") is None):
        yield "must have exactly one of image_url and slack_file"
    elif url is not None and not re.fullmatch(r"https?://\S+", str(url)):
        yield "invalid url"
    elif url is not None and len(str(url)) > IMAGE_URL:
        yield f"must be less than {IMAGE_URL + 1} characters"
    if "title" in block:
        yield from _text_faults(block["title"], TITLE, ("plain_text",))
