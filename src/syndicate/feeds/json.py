"""JSON Feed 1.1 (jsonfeed.org, version 1.1 of 2020-08-07). Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from syndicate.feeds.formats import FORMATS, page_address

if TYPE_CHECKING:
    from syndicate.feeds.entry import Entry
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site

_VERSION = "https://jsonfeed.org/version/1.1"


def json_feed(feed: Feed, site: Site) -> bytes:
    """The feed as JSON, keys in the order of the specification."""
    document = {
        "version": _VERSION,
        "title": feed.title,
        "home_page_url": page_address(feed, site),
        "feed_url": site.address(f"{feed.path}/{FORMATS['json'].file_name}"),
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": site.publisher}],
        **({"hubs": [{"type": "WebSub", "url": hub} for hub in site.hubs]} if site.hubs else {}),
        "items": [_item(entry) for entry in feed.entries],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "replace") + b"\n"


def _item(entry: Entry) -> dict[str, object]:
    told = {
        "id": entry.id,
        "url": entry.link,
        "external_url": entry.source,
        "title": entry.title,
        "content_html": entry.content_html,
        "summary": entry.summary,
        "image": entry.image.url if entry.image else None,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [{"name": name} for name in entry.authors],
        "tags": [category.label for category in entry.categories],
        "language": entry.language,
    }
    return {key: value for key, value in told.items() if value}
