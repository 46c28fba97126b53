"""A page for each item, to be shared: what it is, where it comes from, and the way on to it. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct, structs

from syndicate.feeds.entry import Illustration, entry_of, title_of
from syndicate.feeds.formats import INDEX
from syndicate.feeds.meta import Shared, linked_data, open_graph, twitter_card
from syndicate.feeds.subjects import ALL, topic_key
from syndicate.feeds.text import clean, language_tag, line
from syndicate.posts.card import card_of, share_path
from syndicate.posts.cardimage import card_image_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from syndicate.feeds.catalogue import Catalogue
    from syndicate.feeds.entry import Entry
    from syndicate.feeds.site import Site
    from syndicate.items.item import Item

LIMIT_BODY_BYTES = 70_000
"""A longer text is left to the item's own page, so that share pages stay below 100 kB."""

_HEADING = re.compile(r"<(/?)h([1-6])(?=[\s>])")
_ALTLESS = re.compile(r"<img(?![^>]*\salt=)")


class Sibling(Struct, frozen=True):
    """An item beside this one in its topic: the folder of its page, its title, its language."""

    path: str
    title: str
    language: str


class Share(Struct, frozen=True):
    """The share page of an item: its folder, and the items before and after it in its first topic, else among all."""

    path: str
    item: Item
    newer: Sibling | None = None
    older: Sibling | None = None


class Shares:
    """The share pages of a catalogue's items, by their ids; kept from pass to pass, so that few are looked at anew."""

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        self._site = site
        self._catalogue = catalogue
        self._siblings: dict[str, tuple[Item, Sibling]] = {}

    def touched(self, former: Mapping[str, Item], items: Mapping[str, Item], changed: Collection[str]) -> set[str]:
        """The ids of items whose pages read differently, or are gone, since these items changed or left.

        Args:
            former: the items as they were, by id.
            items: the items as they are, which the catalogue was told.
            changed: ids of all that differ between the two.
        """
        if len(changed) >= len(items):
            return {*changed, *items}
        found = set(changed)
        for item_id in changed:
            for item in filter(None, (former.get(item_id), items.get(item_id))):
                for key in (ALL, *self._rows_of(item)):
                    row = self._catalogue.places(key)
                    place = bisect_left(row, (item.published, item_id))
                    found.update([beside for _, beside in row[max(place - 1, 0) : place + 2]])
        return found

    def of(self, item: Item) -> Share:
        """The page of an item."""
        row = self._catalogue.places(next(iter(self._rows_of(item)), ALL))
        place = bisect_left(row, (item.published, item.id))
        newer = self._sibling(row[place + 1][1]) if place + 1 < len(row) else None
        older = self._sibling(row[place - 1][1]) if place else None
        return Share(share_path(item.id), item, newer, older)

    def _sibling(self, item_id: str) -> Sibling:
        item = self._catalogue.item(item_id)
        known = self._siblings.get(item_id)
        if known is None or known[0] is not item:
            language = language_tag(item.language, self._site.language)
            known = self._siblings[item_id] = item, Sibling(share_path(item_id), title_of(item, self._site), language)
        return known[1]

    def _rows_of(self, item: Item) -> Iterator[str]:
        """The keys of the feeds of its topics, in the first of which it has its siblings; without one, among all."""
        if "topic" in self._site.kinds:
            yield from (topic_key(topic.slug) for topic in item.topics if topic.slug)


def shared_of(item: Item, site: Site) -> Shared:
    """What the item's share page is about."""
    shape = structs.replace(site.shape_of("all"), leads_with_image=False, content="summary")
    entry = entry_of(item, site, shape)
    card = card_of(item, site.pages.cards)
    address = site.address(f"{share_path(item.id)}/")
    is_own = _is_own(entry, site)
    original = (entry.page if is_own else entry.source) or address
    is_indexed = site.pages.index == "all" or (site.pages.index == "own" and is_own)
    return Shared(
        entry=entry,
        address=address,
        title=line(card.title) or entry.title,
        summary=line(card.summary) or entry.summary,
        picture=_picture(item, entry, site),
        is_own=is_own,
        canonical=original if site.pages.canonical == "source" else address,
        is_indexed=is_indexed,
    )


def share_page(share: Share, site: Site, render: Callable[..., bytes]) -> bytes:
    """The page; `render` fills its template."""
    shared = shared_of(share.item, site)
    entry = shared.entry
    onward = entry.source or entry.page
    return render(
        "share.html",
        site,
        root="../" * (share.path.count("/") + 1),
        shared=shared,
        entry=entry,
        share=share,
        onward=onward,
        body=body_of(share.item) if shared.is_own and _is_shown(share.item) else "",
        home=next((category for category in entry.categories if category.path), None),
        properties=tuple(open_graph(shared, site)),
        names=tuple(twitter_card(shared, site)),
        linked_data=linked_data(shared, site),
        redirects=site.pages.share == "redirect" and onward is not None,
    )


def page_path(share: Share) -> str:
    """The page's file on the shelf."""
    return f"{share.path}/{INDEX}"


def _is_shown(item: Item) -> bool:
    """Whether the text stands on the share page, or readers are led to it."""
    return len(item.body_html.encode()) <= LIMIT_BODY_BYTES


def body_of(item: Item) -> str:
    """The item's own text below a heading of the first level: headings in order, every picture with an alt text."""
    level, former = 1, 1
    lowest = min((int(found[2]) for found in _HEADING.finditer(item.body_html)), default=2)

    def placed(found: re.Match[str]) -> str:
        nonlocal level, former
        if not found[1]:
            level = min(int(found[2]) - lowest + 2, former + 1, 6)
            former = level
        return f"<{found[1]}h{level}"

    return _ALTLESS.sub('<img alt=""', _HEADING.sub(placed, clean(item.body_html))).strip()


def _is_own(entry: Entry, site: Site) -> bool:
    """Whether the article is the site's own: it speaks of none elsewhere."""
    return entry.source is None or urlsplit(entry.source).netloc == urlsplit(site.url).netloc


def _picture(item: Item, entry: Entry, site: Site) -> Illustration | None:
    """The card image, else the featured one."""
    card = card_image_of(item, site.cards) if site.cards else None
    if card is None:
        return entry.image
    return Illustration(
        url=site.address(card.jpeg),
        alt=line(card.alt),
        path=card.jpeg,
        media_type="image/jpeg",
        width_px=card.width_px,
        height_px=card.height_px,
    )
