"""The formats of feeds, and where each feed stands in them.

Renderers are imported when they are called: feedgen, lxml and Jinja cost a quarter of a second. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site
    from syndicate.feeds.xml import Entries

INDEX = "index.html"
DIRECTORY = "index.opml"
STYLE = "style.css"
SCRIPT = "filter.js"


class Formatted(Protocol):
    """What comes in certain formats: a feed, or the site for its feed of everything."""

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats' names."""


class Render(Protocol):
    """Makes a feed's file; `entries` are those made before, where the format can use them."""

    def __call__(self, feed: Feed, site: Site, entries: Entries | None = None) -> bytes:
        """The file's bytes: the same for the same feed and site."""


class Format(Struct, frozen=True):
    """A way to write a feed: its name in settings, its file in the feed's folder, its type, its name for people."""

    name: str
    file_name: str
    media_type: str
    title: str
    render: Render


def _rss(feed: Feed, site: Site, entries: Entries | None = None) -> bytes:
    from syndicate.feeds.xml import rss

    return rss(feed, site, entries)


def _atom(feed: Feed, site: Site, entries: Entries | None = None) -> bytes:
    from syndicate.feeds.xml import atom

    return atom(feed, site, entries)


def _json(feed: Feed, site: Site, entries: Entries | None = None) -> bytes:
    from syndicate.feeds.json import json_feed

    return json_feed(feed, site, entries)


def _page(feed: Feed, site: Site, entries: Entries | None = None) -> bytes:
    from syndicate.feeds.page import page

    return page(feed, site)


FORMATS: Mapping[str, Format] = {
    form.name: form
    for form in (
        Format("rss", "rss.xml", "application/rss+xml", "RSS", _rss),
        Format("atom", "atom.xml", "application/atom+xml", "Atom", _atom),
        Format("json", "feed.json", "application/feed+json", "JSON Feed", _json),
        Format("html", INDEX, "text/html", "Web page", _page),
    )
}


def page_address(feed: Feed, site: Site) -> str:
    """Where people read the feed: its page on the shelf, or where there are no pages the topic's or site's own."""
    if "html" in feed.formats:
        return site.address(f"{feed.current or feed.path}/")
    return feed.home or site.url


def alternates_of(feed: Feed, site: Site, name: str) -> list[dict[str, str]]:
    """Links to the feed's other formats for machines, as `rel`, `type`, `title` and `href`."""
    return [
        {"rel": "alternate", "type": form.media_type, "title": form.title, "href": site.address(path)}
        for form in subscribable(feed)
        if form.name != name
        for path in (f"{feed.path}/{form.file_name}",)
    ]


def history_of(feed: Feed, site: Site, form: Format) -> list[dict[str, str]]:
    """Links to the documents that tell the feed's history in the same format (RFC 5005, section 4)."""
    beside = {"current": feed.current, "prev-archive": feed.older, "next-archive": feed.newer}
    return [
        {"rel": rel, "type": form.media_type, "href": site.address(f"{path}/{form.file_name}")}
        for rel, path in beside.items()
        if path is not None
    ]


def subscribable(subject: Formatted) -> Sequence[Format]:
    """The formats of a feed or the site that feed readers take, in the order of the table."""
    return [form for form in FORMATS.values() if form.name in subject.formats and form.name != "html"]
