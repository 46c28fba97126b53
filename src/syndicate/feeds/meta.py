"""What share pages tell machines: Open Graph, Twitter cards, and JSON-LD in the words of schema.org. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syndicate.feeds.entry import Entry, Illustration
    from syndicate.feeds.site import Site

# Google truncates longer headlines ("Article structured data", recommended properties, read 2026-11).
_HEADLINE_ROOM = 110
# Open Graph wants a territory; where the tag has none, the one Facebook lists for the language.
# fmt: off
_TERRITORIES: Final = {
    "ar": "AR", "cs": "CZ", "da": "DK", "de": "DE", "el": "GR", "en": "US", "es": "ES", "fa": "IR", "fi": "FI",
    "fr": "FR", "he": "IL", "hi": "IN", "hu": "HU", "id": "ID", "it": "IT", "ja": "JP", "ko": "KR", "nb": "NO",
    "nl": "NL", "pl": "PL", "pt": "PT", "ro": "RO", "ru": "RU", "sv": "SE", "th": "TH", "tr": "TR", "uk": "UA",
    "vi": "VN", "zh": "CN",
}
# fmt: on


class Shared(Struct, frozen=True):
    """What a share page is about.

    `address` is the page's own, absolute; `title` and `summary` are those of the item's card; `picture` is the card
    image or else the featured one. `is_own`: the item is the site's own, and no one else's article. `canonical` is
    the address that counts; `is_indexed` whether search engines may list the page.
    """

    entry: Entry
    address: str
    title: str
    summary: str
    picture: Illustration | None
    is_own: bool
    canonical: str
    is_indexed: bool


def open_graph(shared: Shared, site: Site) -> Iterator[tuple[str, str]]:
    """Property and content of each tag (The Open Graph protocol, ogp.me, read 2026-11)."""
    entry = shared.entry
    yield "og:type", "article"
    yield "og:title", shared.title
    yield "og:description", shared.summary
    yield "og:url", shared.address
    yield "og:site_name", site.title
    locale = locale_of(entry.language)
    if locale:
        yield "og:locale", locale
    if shared.picture:
        yield from _og_image(shared.picture, shared.title)
    yield "article:published_time", entry.published.isoformat()
    yield "article:modified_time", entry.updated.isoformat()
    for author in entry.authors:
        yield "article:author", author
    if entry.section:
        yield "article:section", entry.section
    for category in entry.categories:
        if category.label != entry.section:
            yield "article:tag", category.label


def _og_image(picture: Illustration, title: str) -> Iterator[tuple[str, str]]:
    """Parts follow the image they belong to."""
    yield "og:image", picture.url
    if picture.url.startswith("https:"):
        yield "og:image:secure_url", picture.url
    if picture.media_type:
        yield "og:image:type", picture.media_type
    if picture.width_px and picture.height_px:
        yield "og:image:width", str(picture.width_px)
        yield "og:image:height", str(picture.height_px)
    yield "og:image:alt", picture.alt or title


def twitter_card(shared: Shared, site: Site) -> Iterator[tuple[str, str]]:
    """Name and content of each tag (X documentation, "Cards markup", read 2026-11)."""
    picture = shared.picture
    yield "twitter:card", "summary_large_image" if picture else "summary"
    yield "twitter:title", shared.title
    yield "twitter:description", shared.summary
    if picture:
        yield "twitter:image", picture.url
        yield "twitter:image:alt", picture.alt or shared.title
    if site.pages.twitter_site:
        yield "twitter:site", site.pages.twitter_site
    if site.pages.twitter_creator:
        yield "twitter:creator", site.pages.twitter_creator


def locale_of(language: str) -> str:
    """`en_US` for a language tag; empty where the territory is not known."""
    primary, *rest = language.split("-")
    territory = next((part for part in rest if len(part) == 2 and part.isalpha()), None)
    territory = territory or _TERRITORIES.get(primary.lower())
    return f"{primary.lower()}_{territory.upper()}" if territory else ""


def linked_data(shared: Shared, site: Site) -> str:
    """JSON-LD for a data block in HTML: no text in it can end the block or begin a comment."""
    told = _article(shared, site) if shared.is_own else _bookmark(shared, site)
    text = json.dumps({"@context": "https://schema.org", **_said(told)}, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _article(shared: Shared, site: Site) -> dict[str, object]:
    """An article of the site's own."""
    entry = shared.entry
    people = [{"@type": "Person", "name": name} for name in entry.authors]
    return {
        "@type": "NewsArticle",
        "@id": f"{shared.address}#article",
        "headline": shared.title[:_HEADLINE_ROOM],
        "description": shared.summary,
        "url": entry.page or shared.address,
        "mainEntityOfPage": shared.canonical,
        "image": [shared.picture.url] if shared.picture else None,
        "datePublished": entry.published.isoformat(),
        "dateModified": entry.updated.isoformat(),
        "author": people or [{"@type": "Organization", "name": site.publisher, "url": site.url}],
        "publisher": _publisher(site),
        "inLanguage": entry.language,
        "articleSection": entry.section,
        "keywords": [category.label for category in entry.categories],
        "about": _topics(entry, site),
    }


def _bookmark(shared: Shared, site: Site) -> dict[str, object]:
    """A page that keeps an article of someone else: what is said of that one is the article's, not the page's."""
    entry = shared.entry
    article = {
        "@type": "Article",
        "headline": entry.title[:_HEADLINE_ROOM],
        "url": entry.source,
        "author": [{"@type": "Person", "name": name} for name in entry.authors],
        "publisher": {"@type": "Organization", "name": entry.brand} if entry.brand else None,
        "inLanguage": entry.language,
    }
    return {
        "@type": "WebPage",
        "@id": shared.address,
        "url": shared.address,
        "name": shared.title,
        "description": shared.summary,
        "primaryImageOfPage": _picture(shared.picture),
        "datePublished": entry.published.isoformat(),
        "dateModified": entry.updated.isoformat(),
        "publisher": _publisher(site),
        "isPartOf": {"@type": "WebSite", "name": site.title, "url": site.feeds_url},
        "inLanguage": entry.language,
        "isBasedOn": entry.source,
        "citation": entry.source,
        "keywords": [category.label for category in entry.categories],
        "about": _topics(entry, site),
        "mainEntity": {
            "@type": "BookmarkAction",
            "agent": {"@type": "Organization", "name": site.publisher, "url": site.url},
            "startTime": entry.published.isoformat(),
            "object": _said(article),
        },
    }


def _picture(picture: Illustration | None) -> dict[str, object] | None:
    if picture is None:
        return None
    return _said(
        {
            "@type": "ImageObject",
            "url": picture.url,
            "width": picture.width_px,
            "height": picture.height_px,
            "caption": picture.alt,
        }
    )


def _publisher(site: Site) -> dict[str, object]:
    logo = site.logo or site.icon
    kept = {"@type": "ImageObject", "url": logo} if logo else None
    return _said({"@type": "Organization", "name": site.publisher, "url": site.url, "logo": kept})


def _topics(entry: Entry, site: Site) -> list[dict[str, object]]:
    return [
        {"@type": "Thing", "name": category.label, "url": site.address(f"{category.path}/")}
        for category in entry.categories
        if category.path
    ]


def _said(told: Mapping[str, object]) -> dict[str, object]:
    """The members that say something."""
    return {name: value for name, value in told.items() if value}
