"""What the XML formats say that feedgen has no way to say: links with relations, media, tombstones, dates. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from syndicate.feeds.entry import tag_of
from syndicate.feeds.formats import page_address
from syndicate.feeds.text import as_html, is_like_html, mail_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syndicate.feeds.entry import Entry, Illustration
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site

    Links = list[dict[str, str]]

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
SY = "http://purl.org/rss/1.0/modules/syndication/"
NAMESPACES: Mapping[str, Mapping[str, str]] = {
    "rss": {"dc": DC, "fh": HISTORY, "media": MEDIA, "sy": SY},
    "atom": {"fh": HISTORY, "media": MEDIA},
}
"""Those that a document of each kind declares."""
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

# RSS 1.0 syndication module: updatePeriod takes these words.
_PERIODS = (("hourly", 3600), ("daily", 86_400), ("weekly", 604_800), ("monthly", 2_592_000), ("yearly", 31_536_000))


def finish_feed(root: etree._Element, feed: Feed, site: Site, links: Links) -> None:
    """What an Atom feed says besides."""
    root.set(_LANGUAGE, feed.language)
    for name, address in (("icon", site.icon), ("logo", feed.image or site.logo)):
        if address:
            _add(root, name, address)
    if feed.current:
        etree.SubElement(root, f"{{{HISTORY}}}archive")
    _add_links(root, "link", links)
    for one in feed.tombstones:
        told = {"ref": tag_of(one.item_id, site), "when": one.at.isoformat()}
        etree.SubElement(root, f"{{{TOMBSTONES}}}deleted-entry", told, nsmap={"at": TOMBSTONES})


def finish_channel(channel: etree._Element, feed: Feed, site: Site, links: Links) -> None:
    """What an RSS channel says besides."""
    image = feed.image or site.logo or site.icon
    if image:
        # RSS 2.0: title and link are to be those of the channel.
        drawn = etree.SubElement(channel, "image")
        for name, text in (("url", image), ("title", feed.title), ("link", page_address(feed, site))):
            _add(drawn, name, text)
    if feed.current:
        etree.SubElement(channel, f"{{{HISTORY}}}archive")
    _add_links(channel, f"{{{ATOM}}}link", links)
    _add(channel, f"{{{DC}}}creator", site.publisher)
    period, seconds = next((found for found in _PERIODS if found[1] >= site.poll_s), _PERIODS[-1])
    _add(channel, f"{{{SY}}}updatePeriod", period)
    _add(channel, f"{{{SY}}}updateFrequency", str(max(1, seconds // max(1, site.poll_s))))


def finish_item(item: etree._Element, entry: Entry) -> None:
    """What an entry says in RSS besides."""
    _add(item, "pubDate", mail_date(entry.published))
    _add(item, f"{{{ATOM}}}updated", entry.updated.isoformat())
    for name in entry.authors:
        _add(item, f"{{{DC}}}creator", name)
    _add(item, f"{{{DC}}}language", entry.language)
    _add_links(item, f"{{{ATOM}}}link", _provenance(entry))
    _add_media(item, entry.image)


def finish_entry(element: etree._Element, entry: Entry) -> None:
    """What an entry says in Atom besides, and its links and texts as they should stand."""
    element.set(_LANGUAGE, entry.language)
    for name, text in (("title", entry.title), ("summary", entry.summary)):
        for told in element.findall(name) if is_like_html(text) else ():
            # As `text` it would be right as well, but readers that guess would take it for HTML.
            told.set("type", "html")
            told.text = as_html(text)
    for bare in element.findall("link"):
        element.remove(bare)
    links: Links = [{"rel": "alternate", "type": "text/html", "href": entry.link}, *_provenance(entry)]
    image = entry.image
    if image and image.is_enclosable:
        size = str(image.size_bytes)
        links.append({"rel": "enclosure", "type": image.media_type, "length": size, "href": image.url})
    _add_links(element, "link", links)
    _add_media(element, image)


def _provenance(entry: Entry) -> Links:
    """Where the entry comes from (RFC 4287, 4.2.7.2: `via` is the source of the information), and its other page."""
    links: Links = []
    if entry.source:
        links.append({"rel": "via", "type": "text/html", "title": entry.brand, "href": entry.source})
    if entry.page and entry.page != entry.link:
        links.append({"rel": "related", "type": "text/html", "href": entry.page})
    links += [{"rel": "related", "type": "text/html", "title": one.label, "href": one.url} for one in entry.related]
    return links


def _add_media(element: etree._Element, image: Illustration | None) -> None:
    """Media RSS 1.5.1, directly under the item: some readers look for one element, some for the other."""
    if image is None:
        return
    sides = {"width": str(image.width_px), "height": str(image.height_px)} if image.width_px and image.height_px else {}
    kind = {"type": image.media_type} if image.media_type else {}
    size = {"fileSize": str(image.size_bytes)} if image.size_bytes else {}
    etree.SubElement(element, f"{{{MEDIA}}}content", {"url": image.url, "medium": "image", **kind, **size, **sides})
    etree.SubElement(element, f"{{{MEDIA}}}thumbnail", {"url": image.url, **sides})


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text


def _add_links(parent: etree._Element, name: str, links: Links) -> None:
    for link in links:
        etree.SubElement(parent, name, link)
