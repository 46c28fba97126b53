"""What crawlers are told: `sitemap.xml` with pictures and news, and `robots.txt`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from syndicate.feeds.feed import Feed
    from syndicate.feeds.meta import Shared
    from syndicate.feeds.site import Site

SITEMAP: Final = "sitemap.xml"
ROBOTS: Final = "robots.txt"

# sitemaps.org, "Protocol", section "Sitemap file format" (read 2026-11): no more in one file. A piece of room is left
# for what stands around the addresses.
MOST_URLS: Final = 50_000
MOST_BYTES: Final = 50 * 1024 * 1024 - 4096
# Google, "News sitemaps" (read 2026-11): articles of the last two days only, at most 1,000.
_NEWS_AGE: Final = timedelta(hours=48)
_MOST_NEWS: Final = 1000

_MAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_IMAGE = "http://www.google.com/schemas/sitemap-image/1.1"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
# The stubs of lxml know no default namespace.
_DEFAULT = cast("dict[str, str]", {None: _MAP})
_SPACES = f' xmlns="{_MAP}" xmlns:image="{_IMAGE}" xmlns:news="{_NEWS}"'.encode()
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Place:
    """One address of the map: when it changed last, its picture, and as news its title, language and date."""

    url: str
    changed: datetime
    image: str | None = None
    title: str = ""
    language: str = "en"
    published: datetime | None = None


def places_of(feeds: Sequence[Feed], shares: Iterable[Shared], site: Site) -> Iterator[Place]:
    """The front page, the feeds' pages, and the share pages that are the ones that count."""
    yield Place(site.feeds_url, max((feed.updated for feed in feeds), default=site.since))
    for feed in feeds:
        if "html" in feed.formats:
            yield Place(site.address(f"{feed.path}/"), feed.updated)
    listed = [one for one in shares if one.is_indexed and one.canonical == one.address]
    own = [one.entry.published for one in listed if one.is_own]
    since = max(own) - _NEWS_AGE if own and site.pages.has_news else None
    news = 0
    for one in listed:
        entry = one.entry
        is_news = since is not None and one.is_own and entry.published >= since and news < _MOST_NEWS
        news += is_news
        image = one.picture.url if one.picture else None
        published = entry.published if is_news else None
        yield Place(one.address, entry.updated, image, one.title, entry.language, published)


def sitemaps(places: Iterable[Place], site: Site) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each file: one map, or where it grows too large several with an index."""
    parts = list(_parts(places, site))
    if len(parts) == 1:
        yield SITEMAP, _urlset(parts[0][1])
        return
    index = etree.Element(f"{{{_MAP}}}sitemapindex", nsmap=_DEFAULT)
    for number, (changed, urls) in enumerate(parts, start=1):
        name = f"sitemap-{number}.xml"
        yield name, _urlset(urls)
        one = etree.SubElement(index, f"{{{_MAP}}}sitemap")
        _put(one, _MAP, "loc", site.address(name))
        _put(one, _MAP, "lastmod", changed.isoformat())
    yield SITEMAP, _HEAD + etree.tostring(index, encoding="utf-8") + b"\n"


def robots(site: Site) -> bytes:
    """Everything may be read; where the map is."""
    lines = ["User-agent: *", "Allow: /"]
    if site.pages.has_sitemap:
        lines += ["", f"Sitemap: {site.address(SITEMAP)}"]
    return "\n".join(lines).encode() + b"\n"


def _parts(places: Iterable[Place], site: Site) -> Iterator[tuple[datetime, list[bytes]]]:
    """The addresses in as many parts as they need, each with the time of its last change."""
    urls: list[bytes] = []
    changed, size_bytes = site.since, 0
    for place in places:
        url = _url(place, site)
        if urls and (len(urls) == MOST_URLS or size_bytes + len(url) > MOST_BYTES):
            yield changed, urls
            urls, changed, size_bytes = [], site.since, 0
        urls.append(url)
        size_bytes += len(url) + 1
        changed = max(changed, place.changed)
    yield changed, urls


def _urlset(urls: Sequence[bytes]) -> bytes:
    return _HEAD + b"<urlset" + _SPACES + b">\n" + b"\n".join(urls) + b"\n</urlset>\n"


def _url(place: Place, site: Site) -> bytes:
    url = etree.Element(f"{{{_MAP}}}url", nsmap=_DEFAULT | {"image": _IMAGE, "news": _NEWS})
    _put(url, _MAP, "loc", place.url)
    _put(url, _MAP, "lastmod", place.changed.isoformat())
    if place.image:
        _put(etree.SubElement(url, f"{{{_IMAGE}}}image"), _IMAGE, "loc", place.image)
    if place.published:
        news = etree.SubElement(url, f"{{{_NEWS}}}news")
        publication = etree.SubElement(news, f"{{{_NEWS}}}publication")
        _put(publication, _NEWS, "name", site.title)
        _put(publication, _NEWS, "language", _news_language(place.language))
        _put(news, _NEWS, "publication_date", place.published.isoformat())
        _put(news, _NEWS, "title", place.title)
    # The map around it declares them already.
    return etree.tostring(url, encoding="utf-8").replace(_SPACES, b"", 1)


def _news_language(tag: str) -> str:
    """ISO 639 code; Google takes Chinese with its script's territory."""
    return tag.lower() if tag.lower() in {"zh-cn", "zh-tw"} else tag.partition("-")[0].lower()


def _put(parent: etree._Element, space: str, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{space}}}{name}").text = text
