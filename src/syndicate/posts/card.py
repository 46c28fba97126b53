"""The card: one function decides what is said of an item, so that text, embed and meta tags never disagree. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

from msgspec import Struct

from syndicate.items.item import Image, Item
from syndicate.items.posting import USUAL, Wording
from syndicate.items.topics import slug_of
from syndicate.posts.cardimage import CardLook, card_image_of
from syndicate.posts.markup import clean
from syndicate.posts.post import Card

TitleSource = Literal["open_graph", "twitter", "title"]
SummarySource = Literal["open_graph", "twitter", "summary", "description"]
LinkSource = Literal["source", "own"]
CardLink = Literal["source", "own", "share"]

_NAME_ROOM = 60


class CardRules(Struct, frozen=True):
    """Where a card's parts come from, in order of preference; the first that is not blank is taken.

    `link`: share the `source` article, or the site's `own` page (then the page's own tags make the preview). Where
    the item lacks one, the other is taken. `share`: its share page on the shelf. `site_name` names the curating site.
    `media_url` is the address of the shelf, where the store's images are public; blank if they are not. `look` is how
    card images are made; None where there are none.
    """

    title: tuple[TitleSource, ...] = ("open_graph", "twitter", "title")
    summary: tuple[SummarySource, ...] = ("open_graph", "twitter", "summary", "description")
    link: CardLink = "source"
    site_name: str = ""
    media_url: str = ""
    look: CardLook | None = None


def card_of(item: Item, rules: CardRules, wording: Wording = USUAL) -> Card:
    """What is said of the item under these rules; title, summary and image as its file words them for a channel.

    Raises:
        ValueError: the item has neither link nor page (no store lets such an item through).
    """
    url = _link(item, rules)
    if not url:
        raise ValueError(f"{item.id}: has neither a link nor a page")
    title = clean(wording.title or "") or _first(item, _TITLES, rules.title) or clean(item.title)
    image = image_of(item, wording)
    return Card(
        item_id=item.id,
        title=title,
        summary=clean(wording.summary or "") or _first(item, _SUMMARIES, rules.summary),
        url=url,
        site_name=clean(rules.site_name),
        published=item.published,
        language=item.language,
        image=_described(image, title),
        image_url=_address_of(image, rules.media_url),
        jpeg_url=_card_image(item, rules) if wording.image is None and wording.has_image is not False else None,
        brand=item.brand,
        authors=item.authors,
        topics=tuple(topic.label for topic in item.topics),
        section=item.section,
    )


def image_of(item: Item, wording: Wording) -> Image | None:
    """What is shown on a channel: the image that the file names for it, else the featured one, if any is."""
    image = wording.image or item.image
    if image is None or wording.has_image is False:
        return None
    return replace(image, alt=wording.alt) if wording.alt else image


def share_path(item_id: str) -> str:
    """The folder of an item's share page on the shelf: from the item's id alone, so that it never changes.

    The digest parts ids that read alike (`a:b` and `a-b`).
    """
    digest = hashlib.sha256(item_id.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"item/{slug_of(item_id)[:_NAME_ROOM].strip('-')}-{digest}"


def _link(item: Item, rules: CardRules) -> str | None:
    if rules.link == "share" and rules.media_url:
        return f"{rules.media_url.rstrip('/')}/{quote(share_path(item.id))}/"
    return (item.page or item.link) if rules.link == "own" else (item.link or item.page)


_TITLES: Mapping[str, Callable[[Item], str]] = MappingProxyType(
    {
        "open_graph": attrgetter("open_graph.title"),
        "twitter": attrgetter("twitter.title"),
        "title": attrgetter("title"),
    }
)
_SUMMARIES: Mapping[str, Callable[[Item], str]] = MappingProxyType(
    {
        "open_graph": attrgetter("open_graph.description"),
        "twitter": attrgetter("twitter.description"),
        "summary": attrgetter("summary"),
        "description": attrgetter("description"),
    }
)


def _first(item: Item, texts: Mapping[str, Callable[[Item], str]], order: tuple[str, ...]) -> str:
    """The first text that is not blank, in one clean line; empty if all are. An item's texts cost to unpack."""
    for source in order:
        if text := clean(texts[source](item)):
            return text
    return ""


def _described(image: Image | None, title: str) -> Image | None:
    """The image with an alt text: its own, else the title, never none."""
    return None if image is None else replace(image, alt=clean(image.alt) or title)


def _card_image(item: Item, rules: CardRules) -> str | None:
    """Where everybody can get the item's card image."""
    image = card_image_of(item, rules.look) if rules.look is not None and rules.media_url else None
    return None if image is None else f"{rules.media_url.rstrip('/')}/{image.jpeg}"


def _address_of(image: Image | None, media_url: str) -> str | None:
    """Where everybody can get the image: a remote one at its own address, one of the store on the shelf."""
    if image is None or image.is_remote:
        return image.ref if image else None
    return f"{media_url.rstrip('/')}/{image.shelf_path}" if media_url and image.shelf_path else None
