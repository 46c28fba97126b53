"""The directory of all feeds as OPML 2.0, which feed readers import in one go.

Its texts may hold HTML (OPML 2.0 specification, "Text attribute", read 2026-11), so what looks like HTML is escaped.
Pure.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from lxml import etree

from syndicate.feeds.formats import page_address, subscribable
from syndicate.feeds.text import as_html, mail_date
from syndicate.feeds.words import GROUPS, filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site


def opml(feeds: Sequence[Feed], site: Site) -> bytes:
    """All feeds: everything first, then a folder for each kind, the topics by vocabulary."""
    updated = max((feed.updated for feed in feeds), default=site.since)
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>\n<opml version=\"2.0\">\n  <head>",
        f"    {_element('title', as_html(filled(site.words['feeds_of'], site=site.title)))}",
        f"    {_element('dateModified', mail_date(updated))}",
        f"    {_element('ownerName', as_html(site.publisher))}",
        "  </head>\n  <body>",
        *(f"    {line}" for line in _lines((feed for feed in feeds if feed.kind == "all"), site)),
    ]
    for kind, key in GROUPS.items():
        fellows: dict[str, list[Feed]] = {}
        for feed in feeds:
            if feed.kind == kind:
                fellows.setdefault(feed.vocabulary or "", []).append(feed)
        for vocabulary in sorted(fellows, key=lambda name: (not name, name.casefold(), name)):
            told = [f"      {line}" for line in _lines(fellows[vocabulary], site)]
            group = _outline(text=as_html(vocabulary or site.words[key]))
            lines += [f"    {group[:-2]}>", *told, "    </outline>"] if told else [f"    {group}"]
    return "\n".join([*lines, "  </body>\n</opml>\n"]).encode()


def _lines(feeds: Iterable[Feed], site: Site) -> Iterator[str]:
    """One line for each feed; `type` is rss for whatever a reader can subscribe to (OPML 2.0, "Subscription lists")."""
    for feed in feeds:
        for form in subscribable(feed)[:1]:
            where = site.address(f"{feed.path}/{form.file_name}"), page_address(feed, site)
            yield _line(feed.label, feed.title, *where, feed.description, feed.language)


@lru_cache(16_384)  # of a thousand feeds, one or two are told otherwise than before
def _line(label: str, title: str, feed_url: str, page_url: str, description: str, language: str) -> str:
    return _outline(
        type="rss",
        text=as_html(label),
        title=as_html(title),
        xmlUrl=feed_url,
        htmlUrl=page_url,
        description=as_html(description),
        language=language,
    )


def _element(name: str, text: str) -> str:
    element = etree.Element(name)
    element.text = text
    return _text_of(element)


def _outline(**attributes: str) -> str:
    return _text_of(etree.Element("outline", attributes))


def _text_of(element: etree._Element) -> str:
    text: str = etree.tostring(element, encoding="unicode")
    return text
