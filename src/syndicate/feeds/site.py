"""The site that feeds speak for, and the addresses made from it. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import force_setattr

from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.query import Query
from syndicate.feeds.text import line, short_digest, slug_of
from syndicate.feeds.tombstone import TombstoneRules
from syndicate.feeds.words import words_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syndicate.posts.cardimage import CardLook

Kind = Literal["all", "named", "section", "topic", "vocabulary", "language", "source", "author", "tag"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of feeds, in the order in which directories list them."""

# First path segments the shelf or the feed server needs for itself, now or soon; a topic of that name steps aside.
# fmt: off
RESERVED = frozenset((
    "all", "archive", "archives", "assets", "author", "authors", "console", "feed", "feeds", "healthz", "hub",
    "index", "item", "items", "language", "languages", "media", "metrics", "page", "pages", "readyz", "redirects",
    "robots", "search", "section", "sections", "share", "sitemap", "source", "sources", "static", "style", "tag",
    "tags", "topic", "topics", "vocabularies", "vocabulary", "websub",
))
# fmt: on
_STEPPED_ASIDE = "topic-"
_LONGEST_NAME = 80
_LONGEST_NAME_BYTES = 240  # a file name takes 255 bytes
_PLAIN_SLUG = re.compile(r"\w(?:[\w.+-]{0,78}\w)?\Z")


class Shape(Struct, frozen=True):
    """How feeds are made: at most `size` entries and about `most_bytes` of them (one always stands).

    `content`: the whole body, or the summary only. `link`: where an entry leads, to the article it speaks of or to
    the item's own page; where one is missing the other is taken. `formats` are names in `FORMATS`. `leads_with_image`
    puts the image first in a text that has none.
    """

    size: int = 50
    most_bytes: int = 2_000_000
    content: Literal["full", "summary"] = "full"
    link: Literal["source", "own"] = "source"
    formats: tuple[str, ...] = ("rss", "atom", "json", "html")
    leads_with_image: bool = True


class Named(Struct, frozen=True):
    """A feed of its own: the items its query takes. `image` is an absolute URL; `shape` None: as the others."""

    name: str
    query: Query = field(default_factory=Query)
    title: str = ""
    description: str = ""
    image: str | None = None
    shape: Shape | None = None


class Site(Struct, frozen=True):
    """What all feeds share.

    `url` is the site's home page, `feeds_url` the address below which the shelf is published (a slash is added where
    it lacks one); both absolute. `owner` is the publisher's name (the title where empty). `tag_authority` is a domain
    name and a date on which it was yours (`example.org,2026`): it goes into every id and must never change (RFC 4151).
    `interval_s` is how often the store is scanned, `poll_s` how often readers should come. `icon` (square), `logo`
    (twice as wide as high) are absolute URLs, `rights` is a line of plain text; None or empty: not told.
    `kinds` are the kinds of feeds there are; of vocabularies, sources, authors and tags only those that have at least
    `least` items get one. `hubs` are addresses of WebSub hubs. `size` to `leads_with_image` tell how feeds are made
    (see `Shape`), `shapes` how those of some kinds are made instead. `archives`: whether feeds tell their whole
    history in archive documents. `moved` are folders that feeds stood in before, each with the present one.
    `keeps_empty`: whether a topic keeps its feed when its last item leaves. `since` dates a feed that has no entry
    yet. `tombstones`: how feeds tell of items that left, None: they do not. `cards`: how card images look
    (`posts.cardimage.card_image_of` names an item's), None where there are none.
    `pages`: what pages there are besides the feeds' own, and how all of them look.
    """

    title: str
    url: str
    description: str
    feeds_url: str
    tag_authority: str
    owner: str = ""
    language: str = "en"
    interval_s: int = 900
    poll_s: int = 1800
    icon: str | None = None
    logo: str | None = None
    rights: str = ""
    kinds: tuple[Kind, ...] = ("all", "named", "section", "topic", "language")
    least: int = 2
    hubs: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()
    size: int = 50
    most_bytes: int = 2_000_000
    content: Literal["full", "summary"] = "full"
    link: Literal["source", "own"] = "source"
    formats: tuple[str, ...] = ("rss", "atom", "json", "html")
    leads_with_image: bool = True
    shapes: Mapping[Kind, Shape] = field(default_factory=dict)
    archives: bool = True
    keeps_empty: bool = True
    moved: tuple[tuple[str, str], ...] = ()
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    tombstones: TombstoneRules | None = None
    cards: CardLook | None = None
    pages: PageRules = field(default_factory=PageRules)

    def __post_init__(self) -> None:
        force_setattr(self, "feeds_url", self.feeds_url.rstrip("/") + "/")
        for name in ("title", "owner", "description", "rights"):
            force_setattr(self, name, line(getattr(self, name)))

    @property
    def publisher(self) -> str:
        """The name that stands as the author of the feeds."""
        return self.owner or self.title

    @property
    def words(self) -> Mapping[str, str]:
        """What feeds and pages say in their own name: the words of the site's language, or the operator's."""
        return words_for(self.language, self.pages.words)

    @property
    def ttl_min(self) -> int:
        """Minutes a reader may keep a feed, at least one."""
        return max(1, math.ceil(self.poll_s / 60))

    def shape_of(self, kind: Kind) -> Shape:
        """How feeds of that kind are made."""
        own = self.shapes.get(kind)
        if own is not None:
            return own
        return Shape(self.size, self.most_bytes, self.content, self.link, self.formats, self.leads_with_image)

    def address(self, path: str) -> str:
        """The absolute URL of a path on the shelf."""
        return self.feeds_url + _quoted(path)

    def tag(self, name: str) -> str:
        """A `tag:` URI that names a thing for ever, whatever its address (RFC 4151, section 2.1)."""
        return f"tag:{self.tag_authority}:" + quote(name, safe="/:@!$&'()*+,;=~", errors="surrogatepass")


@lru_cache(8192)
def _quoted(path: str) -> str:
    return quote(path, safe="/+:@!$&'()*,;=~")


@lru_cache(4096)
def topic_path(slug: str) -> str:
    """The folder of a topic's feed: the slug, or an unmistakable other name where the slug is taken or unsafe."""
    if not _PLAIN_SLUG.match(slug) or not _is_short(slug) or ".." in slug or slug != slug.lower():
        # Two slugs that differ in case alone would share a folder on some disks.
        return _shortened(slug_of(slug), slug)
    bare = slug
    while bare.startswith(_STEPPED_ASIDE):
        bare = bare.removeprefix(_STEPPED_ASIDE)
    # `topic-all` must step aside as well, or it would meet the `all` that did.
    return _STEPPED_ASIDE + slug if bare.partition(".")[0] in RESERVED else slug


def section_path(section: str) -> str:
    """The folder of a section's feed."""
    slug = slug_of(section)[:_LONGEST_NAME]
    return f"section/{slug if _is_short(slug) else _shortened(slug_of(section), section)}"


def name_path(kind: Kind, name: str) -> str:
    """The folder of the feed of a tag, an author, a source or a vocabulary."""
    # `C++` and `C#` are two names.
    slug = slug_of(name.replace("+", " plus ").removeprefix("#").replace("#", " sharp "))
    return f"{kind}/{slug if _is_short(slug) else _shortened(slug, slug)}"


def language_path(tag: str) -> str:
    """The folder of a language's feed."""
    return f"language/{tag.lower()}"


def named_path(name: str) -> str:
    """The folder of a named feed."""
    return f"feed/{name}"


def anchor_of(vocabulary: str | None) -> str:
    """The place of a vocabulary on the landing page; with the address it is the vocabulary's scheme."""
    return f"topics-{slug_of(vocabulary)}" if vocabulary else "topics"


def _is_short(slug: str) -> bool:
    """Whether a folder can have that name: letters of some scripts take four bytes."""
    return len(slug) <= _LONGEST_NAME and len(slug.encode()) <= _LONGEST_NAME_BYTES


def _shortened(slug: str, text: str) -> str:
    return f"{slug[:60].encode()[: _LONGEST_NAME_BYTES - 9].decode(errors='ignore')}-{short_digest(text)}"
