"""The site that feeds speak for, and the addresses made from it. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from syndicate.feeds.text import line, short_digest, slug_of

if TYPE_CHECKING:
    from syndicate.posts.cardimage import CardLook

# First path segments the shelf or the feed server needs for itself, now or soon; a topic of that name steps aside.
# fmt: off
RESERVED = frozenset((
    "all", "archive", "archives", "assets", "author", "authors", "console", "feed", "feeds", "healthz", "hub",
    "index", "item", "items", "language", "languages", "media", "metrics", "page", "pages", "readyz", "robots",
    "search", "section", "sections", "share", "sitemap", "source", "sources", "static", "style", "tag", "tags",
    "topic", "topics", "websub",
))
# fmt: on
_STEPPED_ASIDE = "topic-"
_PLAIN_SLUG = re.compile(r"\w(?:[\w.+-]{0,78}\w)?\Z")


@dataclass(frozen=True, slots=True)
class Site:
    """What all feeds share.

    `url` is the site's home page, `feeds_url` the address below which the shelf is published (a slash is added where
    it lacks one); both absolute. `owner` is the publisher's name (the title where empty). `tag_authority` is a domain
    name and a date on which it was yours (`example.org,2026`): it goes into every id and must never change (RFC 4151).
    `interval_s` is how often the store is scanned, told to readers as the time to live. `size` caps the entries of
    each feed. `content`: the whole body, or the summary only. `link`: where an entry leads, to the article it speaks
    of or to the item's own page; where one is missing the other is taken. `formats` are names in `FORMATS`.
    `since` dates a feed that has no entry yet. `cards`: how card images look (`posts.cardimage.card_image_of` names
    an item's), None where there are none.
    """

    title: str
    url: str
    description: str
    feeds_url: str
    tag_authority: str
    owner: str = ""
    language: str = "en"
    interval_s: int = 900
    size: int = 50
    content: Literal["full", "summary"] = "full"
    link: Literal["source", "own"] = "source"
    formats: tuple[str, ...] = ("rss", "atom", "json", "html")
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    cards: CardLook | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "feeds_url", self.feeds_url.rstrip("/") + "/")
        for name in ("title", "owner", "description"):
            object.__setattr__(self, name, line(getattr(self, name)))

    @property
    def publisher(self) -> str:
        """The name that stands as the author of the feeds."""
        return self.owner or self.title

    @property
    def ttl_min(self) -> int:
        """Minutes a reader may keep a feed, at least one."""
        return max(1, math.ceil(self.interval_s / 60))

    def address(self, path: str) -> str:
        """The absolute URL of a path on the shelf."""
        return self.feeds_url + quote(path, safe="/+:@!$&'()*,;=~")

    def tag(self, name: str) -> str:
        """A `tag:` URI that names a thing for ever, whatever its address (RFC 4151, section 2.1)."""
        return f"tag:{self.tag_authority}:" + quote(name, safe="/:@!$&'()*+,;=~", errors="surrogatepass")


def topic_path(slug: str) -> str:
    """The folder of a topic's feed: the slug, or an unmistakable other name where the slug is taken or unsafe."""
    if not _PLAIN_SLUG.match(slug) or ".." in slug or slug != slug.lower():
        # Two slugs that differ in case alone would share a folder on some disks.
        return f"{slug_of(slug)[:60]}-{short_digest(slug)}"
    bare = slug
    while bare.startswith(_STEPPED_ASIDE):
        bare = bare.removeprefix(_STEPPED_ASIDE)
    # `topic-all` must step aside as well, or it would meet the `all` that did.
    return _STEPPED_ASIDE + slug if bare.partition(".")[0] in RESERVED else slug


def section_path(section: str) -> str:
    """The folder of a section's feed."""
    return f"section/{slug_of(section)[:80]}"


def anchor_of(vocabulary: str | None) -> str:
    """The place of a vocabulary on the landing page; with the address it is the vocabulary's scheme."""
    return f"topics-{slug_of(vocabulary)}" if vocabulary else "topics"
