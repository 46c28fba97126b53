"""The directory of all feeds as OPML 2.0, which feed readers import in one go.

Its texts may hold HTML (OPML 2.0 specification, "Text attribute", read 2026-11), so what looks like HTML is escaped.
Pure.
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING

from lxml import etree

from syndicate.feeds.formats import page_address, subscribable
from syndicate.feeds.text import as_html
from syndicate.feeds.words import GROUPS, filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site


def opml(feeds: Sequence[Feed], site: Site) -> bytes:
    """All feeds: everything first, then a folder for each kind, the topics by vocabulary."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = as_html(filled(site.words["feeds_of"], site=site.title))
    updated = max((feed.updated for feed in feeds), default=site.since)
    etree.SubElement(head, "dateModified").text = format_datetime(updated)
    etree.SubElement(head, "ownerName").text = as_html(site.publisher)
    body = etree.SubElement(root, "body")
    _add(body, (feed for feed in feeds if feed.kind == "all"), site)
    for kind, key in GROUPS.items():
        fellows = [feed for feed in feeds if feed.kind == kind]
        for vocabulary in sorted(
            {feed.vocabulary or "" for feed in fellows}, key=lambda name: (not name, name.casefold())
        ):
            name = vocabulary or site.words[key]
            group = etree.SubElement(body, "outline", text=as_html(name))
            _add(group, (feed for feed in fellows if (feed.vocabulary or "") == vocabulary), site)
    made: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return made


def _add(parent: etree._Element, feeds: Iterable[Feed], site: Site) -> None:
    """One line for each feed; `type` is rss for whatever a reader can subscribe to (OPML 2.0, "Subscription lists")."""
    for feed in feeds:
        for form in subscribable(feed)[:1]:
            etree.SubElement(
                parent,
                "outline",
                type="rss",
                text=as_html(feed.label),
                title=as_html(feed.title),
                xmlUrl=site.address(f"{feed.path}/{form.file_name}"),
                htmlUrl=page_address(feed, site),
                description=as_html(feed.description),
                language=feed.language,
            )
