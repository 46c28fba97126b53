"""JSON Feed 1.1 (jsonfeed.org, version 1.1 of 2020-08-07). Pure."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from syndicate.feeds.formats import FORMATS, history_of, page_address
from syndicate.feeds.mould import MOST_MOULDS, Mould, comes_again, in_json, parts_of, sample_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syndicate.feeds.entry import Entry
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.mould import Outline, Parts
    from syndicate.feeds.site import Site
    from syndicate.feeds.xml import Entries

_quoted = json.encoder.encode_basestring
_VERSION = "https://jsonfeed.org/version/1.1"


def json_feed(feed: Feed, site: Site, entries: Entries | None = None) -> bytes:
    """The feed as JSON, keys in the order of the specification; `entries` keeps what was made before."""
    form = FORMATS["json"]
    head = {
        "version": _VERSION,
        "title": feed.title,
        "home_page_url": page_address(feed, site),
        "feed_url": site.address(f"{feed.path}/{form.file_name}"),
        "description": feed.description,
        "next_url": site.address(f"{feed.older}/{form.file_name}") if feed.older else None,
        "icon": feed.image or site.logo or site.icon,
        "favicon": site.icon,
        "authors": [{"name": site.publisher}],
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": hub} for hub in site.hubs],
        "_syndicate": {
            "date_modified": feed.updated.isoformat(),
            "rights": site.rights or None,
            **{link["rel"].replace("-", "_") + "_url": link["href"] for link in history_of(feed, site, form)},
        },
    }
    told = feed.entries
    made = [_cast(parts_of(entry)) for entry in told] if entries is None else entries.others(told, "json", _cast)
    frame = _text(_told(head), "\n").removesuffix("\n}").encode("utf-8", "replace")
    parts = [part for one in made for part in (b",", one)]  # one join copies an entry once
    return b"".join((frame, b',\n "items": [', *parts[1:], b"\n ]\n}\n" if made else b"]\n}\n"))


def _cast(parts: Parts) -> bytes:
    """The entry as it stands in the list of items."""
    if parts.outline is not None and comes_again(parts.outline, "json"):
        return _mould(parts.outline).cast(in_json(parts.texts, parts.entry.content_html))
    return _entry(parts.entry)


@lru_cache(MOST_MOULDS)
def _mould(outline: Outline) -> Mould:
    sample, texts = sample_of(outline)
    return Mould(_entry(sample), texts)


def _entry(entry: Entry) -> bytes:
    return ("\n  " + _text(_item(entry), "\n  ")).encode("utf-8", "replace")


def _text(value: object, margin: str) -> str:
    """As `json.dumps` writes it with an indent of one, which is done in Python and several times as slow."""
    if isinstance(value, str):
        return _quoted(value)
    inner = f"{margin} "
    if isinstance(value, dict):
        members = [f"{inner}{_quoted(name)}: {_text(one, inner)}" for name, one in value.items()]
        return f"{{{','.join(members)}{margin}}}" if members else "{}"
    assert isinstance(value, list), "numbers and the like are not told"
    return f"[{','.join([f'{inner}{_text(one, inner)}' for one in value])}{margin}]" if value else "[]"


def _item(entry: Entry) -> dict[str, object]:
    return _told(
        {
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
            "_syndicate": {
                "source_title": entry.brand if entry.source else None,
                "section": entry.section,
                "categories": [
                    _told({"term": one.term, "label": one.label, "scheme": one.scheme}) for one in entry.categories
                ],
                "related": [{"title": one.label, "url": one.url} for one in entry.related],
            },
        }
    )


def _told(members: Mapping[str, object]) -> dict[str, object]:
    """The members that say something, at every depth."""
    said = {name: _told(one) if isinstance(one, dict) else one for name, one in members.items()}
    return {name: one for name, one in said.items() if one}
