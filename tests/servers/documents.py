"""What is wrong with a feed, outline or fragment of HTML beyond what a grammar says; an empty list is the aim."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree, html

ATOM = "{http://www.w3.org/2005/Atom}"
LINK_ATTRIBUTES = ("href", "src", "poster", "action", "data", "cite")
ABSOLUTE = re.compile(r"(https?://|mailto:|tel:|#)", re.IGNORECASE)

# RFC 822 with the four-digit years that RSS prefers, and the numeric zone of RFC 5322.
RSS_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d ([+-]\d{4}|GMT)"
)

# XML 1.0 (fifth edition), section 2.2 "Characters", turned round, and the C1 controls it discourages.
UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

# JSON Feed Version 1.1, sections "Top-level" and "Items": every name but those must begin with an underscore.
TOP_LEVEL = frozenset(
    re.findall(
        r"\w+",
        "version title home_page_url feed_url description user_comment next_url icon favicon author authors language "
        "expired hubs items",
    )
)
ITEM = frozenset(
    re.findall(
        r"\w+",
        "id url external_url title content_html content_text summary image banner_image date_published date_modified "
        "author authors tags language attachments",
    )
)


def atom_faults(path: Path) -> list[str]:
    """What RFC 4287 demands and its grammar cannot say (sections 4.1.1 and 4.1.2), and a self link as it recommends."""
    feed = etree.parse(path).getroot()
    entries = feed.findall(f"{ATOM}entry")
    faults = [
        f"more than one alternate {kind}"
        for element in [feed, *entries]
        for kind, times in Counter(_kind_of(link) for link in _links(element, "alternate")).items()
        if times > 1
    ]
    if feed.find(f"{ATOM}author") is None and any(entry.find(f"{ATOM}author") is None for entry in entries):
        faults.append("neither the feed nor every entry has an author")
    if len(_links(feed, "self")) != 1:
        faults.append("the feed does not name itself once")
    faults += [f"{entry.findtext(f'{ATOM}id')}: {fault}" for entry in entries for fault in _entry_faults(entry)]
    return faults + _repeated(entry.findtext(f"{ATOM}id") for entry in entries)


def _entry_faults(entry: Any) -> list[str]:
    content = entry.find(f"{ATOM}content")
    faults = []
    if content is None and not _links(entry, "alternate"):
        faults.append("neither content nor an alternate link")
    if (content is None or content.get("src")) and entry.find(f"{ATOM}summary") is None:
        faults.append("neither inline content nor a summary")
    if not (entry.findtext(f"{ATOM}title") or "").strip():
        faults.append("the title is empty")
    published, updated = (entry.findtext(f"{ATOM}{name}") for name in ("published", "updated"))
    if published and datetime.fromisoformat(published) > datetime.fromisoformat(updated):
        faults.append("published after it was updated")
    return faults


def _links(element: Any, relation: str) -> list[Any]:
    return [link for link in element.findall(f"{ATOM}link") if link.get("rel", "alternate") == relation]


def _kind_of(link: Any) -> str:
    return f"{link.get('type')} {link.get('hreflang')}"


def _repeated(ids: Iterable[str | None]) -> list[str]:
    return [f"{one}: the id stands {times} times" for one, times in Counter(ids).items() if times > 1]


def rss_faults(path: Path) -> list[str]:
    """What RSS 2.0 demands (RSS Advisory Board, "RSS 2.0 Specification", read 2026-11), and a self link."""
    channel = etree.parse(path).getroot().find("channel")
    faults = [f"{name} is missing" for name in ("title", "link", "description") if not channel.findtext(name)]
    if len(_links(channel, "self")) != 1:
        faults.append("the feed does not name itself once")
    items = channel.findall("item")
    faults += [f"{item.findtext('guid')}: {fault}" for item in items for fault in _rss_item_faults(item)]
    return faults + _repeated(item.findtext("guid") for item in items)


def _rss_item_faults(item: Any) -> list[str]:
    faults = [f"{name} is missing or empty" for name in ("title", "link", "guid") if not item.findtext(name)]
    guid = item.find("guid")
    if guid is not None and guid.get("isPermaLink", "true") == "true" and not _is_url(guid.text):
        faults.append("the guid says it is an address and is none")
    if not RSS_DATE.fullmatch(item.findtext("pubDate") or ""):
        faults.append(f"pubDate is {item.findtext('pubDate')}")
    enclosures = item.findall("enclosure")
    if len(enclosures) > 1:
        faults.append("more than one enclosure")
    faults += [
        f"enclosure {dict(enclosure.attrib)} lacks url, type or a true length"
        for enclosure in enclosures
        if not (_is_url(enclosure.get("url")) and enclosure.get("type") and int(enclosure.get("length", 0)) > 0)
    ]
    return faults


def json_feed_faults(path: Path) -> list[str]:
    """What JSON Feed 1.1 demands (jsonfeed.org, "JSON Feed Version 1.1", read 2026-11)."""
    text = path.read_bytes().decode("utf-8")
    feed = json.loads(text)
    faults = []
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        faults.append(f"version is {feed.get('version')}")
    faults += [f"{name} is missing" for name in ("title", "items") if name not in feed]
    faults += [f"{name} is no absolute URL" for name in ("home_page_url", "feed_url") if not _is_url(feed.get(name))]
    faults += _unknown(feed, TOP_LEVEL) + _author_faults(feed)
    faults += [f"hub {hub} lacks type or url" for hub in feed.get("hubs", []) if not {"type", "url"} <= hub.keys()]
    if feed.get("next_url") is not None and feed["next_url"] == feed.get("feed_url"):
        faults.append("next_url is feed_url")
    faults += [f"{item.get('id')}: {fault}" for item in feed.get("items", []) for fault in _json_item_faults(item)]
    return faults + _repeated(item.get("id") for item in feed.get("items", []))


def _json_item_faults(item: dict[str, Any]) -> list[str]:
    faults = _unknown(item, ITEM) + _author_faults(item)
    if not (isinstance(item.get("id"), str) and item["id"]):
        faults.append("id is no text")
    if not (item.get("content_html") or item.get("content_text")):
        faults.append("neither content_html nor content_text")
    for name in ("url", "external_url", "image", "banner_image"):
        if name in item and not _is_url(item[name]):
            faults.append(f"{name} is no absolute URL")
    for name in ("date_published", "date_modified"):
        if name in item and datetime.fromisoformat(item[name]).tzinfo is None:
            faults.append(f"{name} has no time zone")
    if not all(isinstance(tag, str) for tag in item.get("tags", [])):
        faults.append("a tag is no text")
    faults += [
        f"attachment {attachment} lacks url or mime_type"
        for attachment in item.get("attachments", [])
        if not {"url", "mime_type"} <= attachment.keys()
    ]
    return faults


def _is_url(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"https?://[^\s/]+(/\S*)?", value) is not None


def _unknown(value: dict[str, Any], known: frozenset[str]) -> list[str]:
    return [f"{name} is no member of JSON Feed" for name in value if name not in known and not name.startswith("_")]


def _author_faults(value: dict[str, Any]) -> list[str]:
    return [
        f"author {author} has neither name, url nor avatar"
        for author in value.get("authors", [])
        if not any(author.get(name) for name in ("name", "url", "avatar"))
    ]


def html_faults(fragment: str) -> list[str]:
    """What must not stand in the content of an entry: scripts, handlers, frames, relative or unsafe addresses."""
    faults = []
    for element in html.fragment_fromstring(fragment, create_parent="div").iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in {"script", "style", "iframe", "object", "embed", "form", "base", "meta", "link"}:
            faults.append(f"<{element.tag}> in content")
        faults += [f"{name} in content" for name in element.attrib if name.startswith("on")]
        faults += [
            f"{name}={element.get(name)!r} is not absolute"
            for name in LINK_ATTRIBUTES
            if element.get(name) is not None and not ABSOLUTE.match(element.get(name))
        ]
    return faults


def text_faults(path: Path) -> list[str]:
    """Characters that no text of a feed may hold, wherever they hide (JSON can escape what XML cannot hold)."""
    source = path.read_bytes().decode("utf-8")
    texts = _strings(json.loads(source)) if path.suffix == ".json" else [source]
    return [f"character U+{ord(found):04X}" for text in texts for found in UNWANTED.findall(text)]


def _strings(value: object) -> Iterable[str]:
    match value:
        case str():
            yield value
        case list():
            for part in value:
                yield from _strings(part)
        case dict():
            for part in value.values():
                yield from _strings(part)


def opml_addresses(path: Path) -> list[dict[str, str]]:
    """Every outline of an OPML 2.0 file that subscribes to a feed, as its attributes."""
    root = etree.parse(path).getroot()
    assert root.tag == "opml", root.tag
    assert root.get("version") == "2.0", root.get("version")
    assert root.findtext("head/title"), "the outline has no title"
    return [dict(outline.attrib) for outline in root.iter("outline") if outline.get("type") == "rss"]
