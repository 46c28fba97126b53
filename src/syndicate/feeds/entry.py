"""An item as feeds tell it: everything cleaned, absolute and equal in all formats. Pure."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicate.feeds.site import Shape, Site, anchor_of, section_path, topic_path
from syndicate.feeds.text import clean, clip, language_tag, line, slug_of, web_address
from syndicate.items.snapshot import texts_of

if TYPE_CHECKING:
    from datetime import datetime

    from syndicate.items.item import Image, Item, Offering

_HAS_IMAGE = re.compile(r"<img\b", re.IGNORECASE)
_TITLE_ROOM = 100


class Category(Struct, frozen=True, gc=False):
    """What an entry is filed under: `term` for machines, `label` for people, `scheme` the vocabulary's URL.

    `path` is the feed's folder on the shelf where the category has a feed. `vocabulary` is told where the entry is
    filed under another category of the same label.
    """

    term: str
    label: str
    scheme: str | None = None
    path: str | None = None
    vocabulary: str = ""


class Illustration(Struct, frozen=True, gc=False):
    """An entry's image: `url` absolute; `path` its place on the shelf where it stands there.

    Type empty, size and sides zero where they are not known.
    """

    url: str
    alt: str
    path: str | None = None
    media_type: str = ""
    size_bytes: int = 0
    width_px: int = 0
    height_px: int = 0

    @property
    def is_enclosable(self) -> bool:
        """Whether type and length are known, which an enclosure must state."""
        return bool(self.media_type and self.size_bytes)


class Related(Struct, frozen=True, gc=False):
    """A product or service that goes with an entry: its name and its absolute URL."""

    label: str
    url: str


class Entry(Struct, frozen=True, gc=False):
    """One item in a feed, the same in every format.

    `id` is a `tag:` URI. `title` and `summary` are plain text and never empty. `content_html` is what a reader shows:
    image, body or summary, attribution. `link` is where the entry leads, `source` the article it speaks of, `page` the
    item's own page, all absolute; `brand` names the source's outlet. Dates are UTC in whole seconds, since RSS knows
    no smaller ones.
    """

    id: str
    title: str
    summary: str
    content_html: str
    link: str
    published: datetime
    updated: datetime
    language: str = "en"
    source: str | None = None
    page: str | None = None
    brand: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    image: Illustration | None = None
    section: str = ""
    related: tuple[Related, ...] = ()


def entry_id(item: Item, site: Site) -> str:
    """The id by which readers know an item: from its identity alone, never from address, title or date."""
    return tag_of(item.id, site)


def tag_of(item_id: str, site: Site) -> str:
    """The entry id of the item of that id."""
    return site.tag(f"item/{item_id}")


def told_at(item: Item) -> tuple[datetime, datetime]:
    """When the item was published and last changed, as feeds tell it: in whole seconds, no change before its time."""
    published = _second(item.published)
    return published, max(published, _second(item.updated))


def entry_of(item: Item, site: Site, shape: Shape | None = None) -> Entry:
    """The item as an entry of the site's feeds; without a shape, as it stands in the feed of everything."""
    shape = shape or site.shape_of("all")
    published, updated = told_at(item)
    source, page = web_address(item.link), web_address(item.page)
    brand = _brand(item, source)
    image = _illustration(item.image, site) if item.image else None
    texts = texts_of(item)
    title = line(texts.title) or _instead_of_title(texts.summary, brand, site)
    summary = line(texts.summary) or line(texts.description) or title
    links = (source, page) if shape.link == "source" else (page, source)
    return Entry(
        id=entry_id(item, site),
        title=title,
        summary=summary,
        content_html=_content(texts.body_html, shape, summary, image, _attribution(source, brand, site)),
        link=next(filter(None, links), site.url),
        published=published,
        updated=updated,
        language=language_tag(item.language, site.language),
        source=source,
        page=page,
        brand=brand,
        authors=tuple(filter(None, map(line, item.authors))),
        categories=_categories(item, site),
        image=image,
        section=line(item.section or ""),
        related=_related(texts.offerings),
    )


def title_of(item: Item, site: Site) -> str:
    """The title of its entries: plain text, never empty."""
    return line(item.title) or _instead_of_title(item.summary, _brand(item, web_address(item.link)), site)


def _instead_of_title(summary: str, brand: str, site: Site) -> str:
    return clip(line(summary), _TITLE_ROOM) or brand or site.title


def _brand(item: Item, source: str | None) -> str:
    return line(item.brand or "") or _host(source)


def _related(offerings: tuple[Offering, ...]) -> tuple[Related, ...]:
    found = [Related(line(one.label) or url, url) for one in offerings if (url := web_address(one.url))]
    is_repeating = len({one.url for one in found}) < len(found)
    return tuple(dict.fromkeys(found) if is_repeating else found)


def _second(moment: datetime) -> datetime:
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _host(url: str | None) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].removeprefix("www.") if url else ""


def _illustration(image: Image, site: Site) -> Illustration | None:
    path = image.shelf_path
    url = site.address(path) if path else web_address(image.ref)
    if url is None:
        return None
    return Illustration(
        url=url,
        alt=line(image.alt),
        path=path,
        media_type=image.media_type,
        size_bytes=image.size_bytes,
        width_px=image.width_px,
        height_px=image.height_px,
    )


def _content(body_html: str, shape: Shape, summary: str, image: Illustration | None, attribution: str) -> str:
    body = clean(body_html).strip() if shape.content == "full" else ""
    parts = [body or f"<p>{escape(summary)}</p>"]
    if image and shape.leads_with_image and not _HAS_IMAGE.search(body):
        # Readers that ignore Media RSS still show what stands in the text.
        parts.insert(0, f"<p>{_img(image)}</p>")
    if attribution:
        parts.append(attribution)
    return "\n".join(parts)


def _attribution(source: str | None, brand: str, site: Site) -> str:
    if source is None:
        return ""
    return f'<p>{escape(site.words["source"])}: <a href="{escape(source)}" rel="noopener">{escape(brand)}</a></p>'


def _img(image: Illustration) -> str:
    sides = f' width="{image.width_px}" height="{image.height_px}"' if image.width_px and image.height_px else ""
    return f'<img src="{escape(image.url)}" alt="{escape(image.alt)}"{sides}>'


def _categories(item: Item, site: Site) -> tuple[Category, ...]:
    found = _topics(item, site)
    section = line(item.section or "")
    if section:
        found.append(_section(section, site.feeds_url))
    if item.tags:
        found += [(Category(tag, tag), tag.casefold()) for tag in map(line, item.tags) if tag]
    if len({folded for _, folded in found}) == len({category.term for category, _ in found}) == len(found):
        return tuple([category for category, _ in found])
    # A tag that repeats a topic or the section tells readers nothing; the same label in two vocabularies does.
    kept: dict[tuple[str, str | None], Category] = {}
    labels: set[str] = set()
    for category, folded in found:
        if category.scheme or folded not in labels:
            kept.setdefault((category.term, category.scheme), category)
        labels.add(folded)
    return tuple(kept.values())


def _topics(item: Item, site: Site) -> list[tuple[Category, str]]:
    """The topics as categories, each with what its label is compared by; of two alike with their vocabularies."""
    found = [_topic(one.slug, one.label, one.vocabulary, site.feeds_url) for one in item.topics if one.slug]
    labels = {topic.slug: _folded(topic.label) for topic in item.topics}
    if len(set(labels.values())) < len(labels):
        alike = Counter(labels.values())
        for place, topic in enumerate(topic for topic in item.topics if topic.slug):
            if alike[_folded(topic.label)] > 1:
                category, folded = found[place]
                found[place] = replace(category, vocabulary=line(topic.vocabulary or "")), folded
    return found


@lru_cache(4096)
def _folded(label: str) -> str:
    return line(label).casefold()


@lru_cache(4096)
def _topic(slug: str, label: str, vocabulary: str | None, feeds_url: str) -> tuple[Category, str]:
    path = topic_path(slug)
    term = line(slug) or path
    category = Category(term, line(label) or term, f"{feeds_url}#{anchor_of(vocabulary)}", path)
    return category, category.label.casefold()


@lru_cache(256)
def _section(section: str, feeds_url: str) -> tuple[Category, str]:
    return Category(slug_of(section), section, f"{feeds_url}#sections", section_path(section)), section.casefold()
