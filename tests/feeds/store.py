"""Items and readers that the tests of feeds share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

from lxml import etree

from syndicate.feeds.feed import Site
from syndicate.items.item import Image, Item, Topic

SITE = Site(
    title="Example News",
    url="https://example.org/",
    description="Hand-picked news, by topic",
    feeds_url="https://example.org/feeds/",
    tag_authority="example.org,2026",
    owner="Example Ltd",
)
MESH = "Medical Subject Headings (MeSH)"
AUTOMATION = Topic("mesh-automation", "Automation", MESH, "https://example.org/topic/mesh-automation")
CODING = Topic("symplur-medical-coding", "Medical Coding", "Symplur")
PHOTO = Image("media/a.jpg", "A nurse at a desk", "image/jpeg", 48_213, 1920, 1080, "0123456789abcdef" * 4)


def day(number: int) -> datetime:
    return datetime(2026, 2, 28, 9, 30, tzinfo=UTC) + timedelta(days=number)


def make_item(number: int = 1, **changes: Any) -> Item:
    parts: dict[str, Any] = {
        "id": f"curations:{number}",
        "path": f"news/{number}.md",
        "title": f"Item number {number}",
        "summary": f"What number {number} is about.",
        "published": day(number),
        "updated": day(number),
        "link": f"https://source.example/{number}/",
        "brand": "source.example",
    }
    return Item(**(parts | changes))


def small_store() -> list[Item]:
    """Three items with everything a feed can show, and with nothing beyond the least."""
    return [
        make_item(
            3,
            title="Coding by machine & by hand",
            summary="Algorithms code charts; people check them.",
            body_html='<p>Algorithms <em>code</em> charts.</p>\n<p><a href="https://example.org/x?a=1&amp;b=2">More</a></p>',
            updated=day(4).replace(microsecond=254_256),
            page="https://example.org/news/coding/",
            authors=("Athira K", "Bo Ling"),
            topics=(AUTOMATION, CODING),
            tags=("News", "charts"),
            section="News",
            image=PHOTO,
        ),
        make_item(2, title="مستقبل الرعاية الصحية", language="ar", topics=(CODING,), section="Opinion"),
        make_item(1, link=None, page="https://example.org/news/1/", brand=None, section="News"),
    ]


@dataclass(frozen=True)
class Told:
    """What one format tells of one entry."""

    id: str
    title: str
    link: str
    summary: str
    content: str
    published: datetime
    updated: datetime
    authors: tuple[str, ...]
    labels: tuple[str, ...]
    source: str | None
    image: str | None


_NS = {
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
    "content": "http://purl.org/rss/1.0/modules/content/",
}


def told_by_rss(document: bytes) -> list[Told]:
    root = etree.fromstring(document)
    return [
        Told(
            id=item.findtext("guid"),
            title=item.findtext("title"),
            link=item.findtext("link"),
            summary=item.findtext("description"),
            content=item.findtext("content:encoded", namespaces=_NS),
            published=parsedate_to_datetime(item.findtext("pubDate")),
            updated=datetime.fromisoformat(item.findtext("a:updated", namespaces=_NS)),
            authors=tuple(item.xpath("dc:creator/text()", namespaces=_NS)),
            labels=tuple(item.xpath("category/text()")),
            source=next(iter(item.xpath("a:link[@rel='via']/@href", namespaces=_NS)), None),
            image=next(iter(item.xpath("media:content/@url", namespaces=_NS)), None),
        )
        for item in root.iterfind("channel/item")
    ]


def _plain(element: Any) -> str:
    """The plain text of an Atom text construct."""
    return unescape(element.text) if element.get("type") == "html" else str(element.text)


def told_by_atom(document: bytes) -> list[Told]:
    root = etree.fromstring(document)
    return [
        Told(
            id=entry.findtext("a:id", namespaces=_NS),
            title=_plain(entry.find("a:title", namespaces=_NS)),
            link=entry.xpath("string(a:link[@rel='alternate']/@href)", namespaces=_NS),
            summary=_plain(entry.find("a:summary", namespaces=_NS)),
            content=entry.findtext("a:content", namespaces=_NS),
            published=datetime.fromisoformat(entry.findtext("a:published", namespaces=_NS)),
            updated=datetime.fromisoformat(entry.findtext("a:updated", namespaces=_NS)),
            authors=tuple(entry.xpath("a:author/a:name/text()", namespaces=_NS)),
            labels=tuple(entry.xpath("a:category/@label", namespaces=_NS)),
            source=next(iter(entry.xpath("a:link[@rel='via']/@href", namespaces=_NS)), None),
            image=next(iter(entry.xpath("media:content/@url", namespaces=_NS)), None),
        )
        for entry in root.iterfind("a:entry", namespaces=_NS)
    ]


def told_by_json(document: bytes) -> list[Told]:
    return [
        Told(
            id=item["id"],
            title=item["title"],
            link=item["url"],
            summary=item["summary"],
            content=item["content_html"],
            published=datetime.fromisoformat(item["date_published"]),
            updated=datetime.fromisoformat(item["date_modified"]),
            authors=tuple(author["name"] for author in item.get("authors", ())),
            labels=tuple(item.get("tags", ())),
            source=item.get("external_url"),
            image=item.get("image"),
        )
        for item in json.loads(document)["items"]
    ]


READERS = {"rss": told_by_rss, "atom": told_by_atom, "json": told_by_json}
