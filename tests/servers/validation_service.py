"""The rules of the W3C Feed Validation Service that bear on what we write, warnings as well as errors.

Restated from the service's documentation ("Feed Validator messages", validator.w3.org/feed/docs, read 2026-11); what
`documents` demands already is not said twice. An empty list is the aim.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

from lxml import etree

from servers.documents import ABSOLUTE, ATOM

HISTORY = "{http://purl.org/syndication/history/1.0}"
DC = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
MEDIA = "{http://search.yahoo.com/mrss/}"
SY = "{http://purl.org/rss/1.0/modules/syndication/}"

MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
HTML_END = re.compile(r"</\w+>")
LIKE_HTML = re.compile(r"&#?\w+;|<[/a-zA-Z!]")
LINK_RELATIONS = frozenset(
    ["alternate", "self", "hub", "via", "related", "enclosure", "current", "prev-archive", "next-archive"]
)
PERIODS = frozenset(["hourly", "daily", "weekly", "monthly", "yearly"])
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif")

# Which elements the service knows in these places, and those that may stand there more than once.
CHANNEL = frozenset(
    ["title", "link", "description", "language", "copyright", "lastBuildDate", "docs", "generator", "ttl", "image"]
) | {
    "item",
    f"{ATOM}link",
    f"{HISTORY}archive",
    f"{DC}creator",
    f"{SY}updatePeriod",
    f"{SY}updateFrequency",
}
ITEM = frozenset(["title", "link", "description", "guid", "pubDate", "category", "enclosure"]) | {
    *(f"{ATOM}{name}" for name in ("link", "updated")),
    *(f"{DC}{name}" for name in ("creator", "language")),
    *(f"{MEDIA}{name}" for name in ("content", "thumbnail")),
    f"{CONTENT}encoded",
}
REPEATED = frozenset({"item", "category", f"{ATOM}link", f"{DC}creator"})
OPML_HEAD = frozenset(["title", "dateCreated", "dateModified", "ownerName", "ownerEmail", "ownerId"])


def rss_faults(path: Path, address: str) -> list[str]:
    """Of an RSS feed that is served at the address."""
    source = path.read_bytes().decode("utf-8")
    channel = etree.fromstring(source.encode()).find("channel")
    items = channel.findall("item")
    faults = [*_outline(channel, CHANNEL), *(fault for item in items for fault in _outline(item, ITEM))]
    faults += [
        f"{element.tag} looks like HTML: {element.text}"
        for parent in (channel, *channel.findall("image"), *items)
        for element in parent
        if element.tag in {"title", "category", f"{DC}creator"} or (element.tag == "description" and parent is channel)
        if _is_misread(element, source)
    ]
    for image in channel.findall("image"):
        faults += [
            f"image/{name} is not the channel's"
            for name in ("title", "link")
            if image.findtext(name) != channel.findtext(name)
        ]
        if not image.findtext("url").partition("?")[0].endswith(IMAGE_SUFFIXES):
            faults.append(f"image/url does not name a picture: {image.findtext('url')}")
    if not LANGUAGE.fullmatch(channel.findtext("language", "")):
        faults.append(f"language is {channel.findtext('language')}")
    faults += [f"{name} is no positive number" for name in ("ttl", f"{SY}updateFrequency") if not _count(channel, name)]
    if channel.findtext(f"{SY}updatePeriod") not in PERIODS:
        faults.append(f"updatePeriod is {channel.findtext(f'{SY}updatePeriod')}")
    return faults + list(_link_faults(channel, items, address)) + _media_faults(items)


def atom_faults(path: Path, address: str) -> list[str]:
    """Of an Atom feed that is served at the address."""
    feed = etree.parse(path).getroot()
    entries = feed.findall(f"{ATOM}entry")
    faults = [
        f"{element.tag} looks like HTML and does not say it is: {element.text}"
        for parent in (feed, *entries)
        for name in ("title", "subtitle", "rights", "summary")
        for element in parent.findall(f"{ATOM}{name}")
        if element.get("type", "text") == "text"
        and (HTML_END.search(element.text) or unescape(element.text) != element.text)
    ]
    faults += [
        f"category scheme is no address: {category.get('scheme')}"
        for category in feed.iter(f"{ATOM}category")
        if not ABSOLUTE.match(category.get("scheme", "https://"))
    ]
    faults += [
        f"{name} is no address: {feed.findtext(ATOM + name)}"
        for name in ("icon", "logo")
        if not ABSOLUTE.match(feed.findtext(ATOM + name, "https://"))
    ]
    return faults + list(_link_faults(feed, entries, address)) + _media_faults(entries)


def opml_faults(path: Path) -> list[str]:
    """Of an outline, whose texts the service takes for HTML."""
    root = etree.parse(path).getroot()
    faults = [f"head/{element.tag} is not known" for element in root.find("head") if element.tag not in OPML_HEAD]
    texts = [(element.tag, element.text or "") for element in root.find("head")]
    for outline in root.iter("outline"):
        names = set(outline.attrib)
        if "type" not in names and names & {"description", "htmlUrl", "language", "title", "version", "xmlUrl"}:
            faults.append(f"an outline of these attributes needs a type: {sorted(names)}")
        if outline.get("type") == "rss" and not {"text", "title", "xmlUrl"} <= names:
            faults.append(f"a subscription lacks text, title or xmlUrl: {sorted(names)}")
        texts += [(name, outline.get(name, "")) for name in ("text", "title", "description")]
    return faults + [f"{name} holds HTML: {text}" for name, text in texts if "<" in text]


def _outline(element: Any, known: frozenset[str]) -> Iterator[str]:
    """Elements that are not known, or stand twice, or are empty though they hold text."""
    for name, times in Counter(child.tag for child in element).items():
        if name not in known:
            yield f"{name} is not known in {element.tag}"
        if times > 1 and name not in REPEATED:
            yield f"{name} stands {times} times in {element.tag}"


def _is_misread(element: Any, source: str) -> bool:
    """Whether a reader that takes the text for HTML shows another, and the source does not write it in numbers."""
    text = element.text or ""
    if HTML_END.search(text) and "&#x3C;" not in source:
        return True
    line = source.splitlines()[element.sourceline - 1]
    return LIKE_HTML.search(text) is not None and "&#x" not in line


def _link_faults(feed: Any, entries: list[Any], address: str) -> Iterator[str]:
    links = feed.findall(f"{ATOM}link")
    relations = [link.get("rel", "alternate") for link in links]
    if [link.get("href") for link in links if link.get("rel") == "self"] != [address]:
        yield f"the feed does not name its own address, {address}"
    if feed.find(f"{HISTORY}archive") is not None:
        if "current" not in relations:
            yield "an archive document names no current one"
        if not {"prev-archive", "next-archive"} & set(relations):
            yield "an archive document leads to no other"
    for parent in (feed, *entries):
        for link in parent.findall(f"{ATOM}link"):
            if link.get("rel", "alternate") not in LINK_RELATIONS:
                yield f"link relation {link.get('rel')} is not registered"
            if parent is not feed and link.get("rel") in {"current", "prev-archive", "next-archive"}:
                yield "an entry has a link of the feed's history"
            if not ABSOLUTE.match(link.get("href", "")):
                yield f"link to {link.get('href')} is not absolute"
            if not MEDIA_TYPE.fullmatch(link.get("type", "text/html")):
                yield f"link has the type {link.get('type')}"
            if link.get("title") == "" or link.text or len(link):
                yield "a link has an empty title, or is not empty itself"


def _media_faults(entries: list[Any]) -> list[str]:
    faults = []
    for element in (one for entry in entries for one in entry.iter(f"{MEDIA}content", f"{MEDIA}thumbnail")):
        if not ABSOLUTE.match(element.get("url", "")):
            faults.append(f"{element.tag} has no address")
        if element.getparent() not in entries:
            faults.append(f"{element.tag} does not stand under the item")
        if not MEDIA_TYPE.fullmatch(element.get("type", "image/png")):
            faults.append(f"{element.tag} has the type {element.get('type')}")
        sizes = [element.get(name, "1") for name in ("width", "height", "fileSize")]
        if not all(size.isdecimal() and int(size) > 0 for size in sizes):
            faults.append(f"{element.tag} has sizes {sizes}")
    return faults


def _count(channel: Any, name: str) -> int:
    text = channel.findtext(name, "0")
    return int(text) if text.isdecimal() else 0
