"""How the pages of a site are made, as a frozen value. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from msgspec import Struct, field

from syndicate.posts.card import CardRules

if TYPE_CHECKING:
    from collections.abc import Mapping

Reader = Literal["feedly", "inoreader", "newsblur", "theoldreader"]

READERS: Mapping[Reader, tuple[str, str]] = {
    "feedly": ("Feedly", "https://feedly.com/i/subscription/feed%2F"),
    "inoreader": ("Inoreader", "https://www.inoreader.com/?add_feed="),
    "newsblur": ("NewsBlur", "https://www.newsblur.com/?url="),
    "theoldreader": ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
}
"""Feed readers on the web: their name, and the address that subscribes with the feed's own address behind it."""


class PageRules(Struct, frozen=True):
    """What pages there are and what they say.

    `share`: whether each item has a page of its own, and whether that leads on to the article at once. `canonical`:
    which address such a page names as the one that counts, the article's or its own. `index`: whose share pages search
    engines may list: all, those of the site's `own` items, or none. `readers` are names in `READERS`. `twitter_site`
    and `twitter_creator` are accounts (`@name`) or empty. `style` is the operator's stylesheet, behind the built-in
    one or in its place. `templates` are the operator's templates, as name and text; `templates_folder` is told in
    errors. `words` stand in place of the interface's own. `has_filter`:
    the front page has a script that finds topics. `cards` decide title and summary of links.
    """

    share: Literal["page", "redirect", "off"] = "off"
    canonical: Literal["source", "own"] = "source"
    index: Literal["all", "own", "none"] = "all"
    readers: tuple[Reader, ...] = ()
    twitter_site: str = ""
    twitter_creator: str = ""
    style: str = ""
    is_style_whole: bool = False
    templates: tuple[tuple[str, str], ...] = ()
    templates_folder: str = ""
    words: tuple[tuple[str, str], ...] = ()
    has_filter: bool = False
    has_sitemap: bool = False
    has_news: bool = False
    has_robots: bool = False
    cards: CardRules = field(default_factory=CardRules)

    def subscriptions(self, feed_url: str) -> tuple[tuple[str, str], ...]:
        """Name and address of each reader that can subscribe to the feed at that absolute URL."""
        found = (READERS[reader] for reader in self.readers)
        return tuple((name, start + quote(feed_url, safe="")) for name, start in found)
