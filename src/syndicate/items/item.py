"""What is published: the item and its parts, as frozen values. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, structs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from syndicate.items.posting import Posting


SUFFIXES: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
}
"""How files of images are named, by media type; no SVG: it can carry scripts, and the shelf is served as it is."""


class Topic(Struct, frozen=True, gc=False, cache_hash=True):
    """What readers subscribe to.

    `slug` is the full slug, vocabulary included, and the key (`healthcare-it-news-artificial-intelligence`).
    `label` is for people (`Artificial Intelligence`). `url` is the topic's page on the site, absolute, where known.
    `is_labelled`: the label was given apart from the name, so that it stands over other spellings.
    """

    slug: str
    label: str
    vocabulary: str | None = None
    url: str | None = None
    is_labelled: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A featured image whose bytes were looked at.

    `ref` is a path relative to the store's root, or an absolute http(s) URL. `media_type` is what the bytes are,
    whatever the name says. A remote image that was not fetched yet has no `digest` (hex SHA-256) and zero sizes.
    """

    ref: str
    alt: str
    media_type: str = ""
    size_bytes: int = 0
    width_px: int = 0
    height_px: int = 0
    digest: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether the bytes lie outside the store."""
        return self.ref.startswith(("http://", "https://"))

    @property
    def shelf_path(self) -> str | None:
        """Where a local image stands on the shelf (`media/0123456789abcdef.jpg`).

        None for an image that is remote, was never looked at, or is of a type no reader shows.
        """
        suffix = SUFFIXES.get(self.media_type)
        if self.is_remote or not self.digest or suffix is None:
            return None
        return f"media/{self.digest[:16]}.{suffix}"


class Teaser(Struct, frozen=True, gc=False, array_like=True):
    """Title and description that a page's meta tags give (Open Graph or Twitter); empty where absent."""

    title: str = ""
    description: str = ""


UNTEASED = Teaser()


class Offering(Struct, frozen=True, gc=False, array_like=True):
    """A related product or service: a label and its absolute page URL."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """One published thing.

    `id` never changes and is namespaced by its source (`open-project-curations:18551`).
    `path` is the file's POSIX path below the store's root and may change.
    `title`, `summary` and `description` are clean plain text in NFC; `summary` is complete (never a cut fragment).
    `body_html` is sanitised, its links absolute. `link` is the outbound article, `page` the item's own page: at least
    one is set, both absolute http(s). `brand` names the outlet (`medicalfuturist.com`).
    `published` and `updated` are aware UTC; `updated` is never before `published`. From `expires` on, aware UTC, the
    item is no longer to be shown. `group` is shared by the translations of one text, each of which is an item.
    `posting` is what the file says of the item's posts, None: nothing.
    """

    id: str
    path: str
    title: str
    summary: str
    published: datetime
    updated: datetime
    slug: str = ""
    description: str = ""
    body_html: str = ""
    link: str | None = None
    page: str | None = None
    brand: str | None = None
    authors: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    tags: tuple[str, ...] = ()
    section: str | None = None
    language: str = "en"
    image: Image | None = None
    open_graph: Teaser = UNTEASED
    twitter: Teaser = UNTEASED
    offerings: tuple[Offering, ...] = ()
    expires: datetime | None = None
    group: str | None = None
    posting: Posting | None = None
    known_revision: str = field(default="", init=False, repr=False, compare=False)
    known_sizes: tuple[int, int] | None = field(default=None, init=False, repr=False, compare=False)
    packed: bytes = field(default=b"", init=False, repr=False, compare=False)
    is_as_packed: bool = field(default=False, init=False, repr=False, compare=False)

    if not TYPE_CHECKING:  # pragma: no branch

        def __getattr__(self, name: str) -> Any:
            """What an item says that was read back (see `snapshot`): unpacked when it is asked for."""
            if name in TEXTS:
                from syndicate.items.snapshot import text_of

                return text_of(self, name)
            if name not in _FACTS:
                raise AttributeError(name, name=name, obj=self)
            from syndicate.items.snapshot import tell_facts

            tell_facts(self)
            return object.__getattribute__(self, name)

    @property
    def sizes(self) -> tuple[int, int]:
        """Bytes of the summary and of the body."""
        if self.known_sizes is None:
            sizes = len(self.summary.encode("utf-8", "replace")), len(self.body_html.encode("utf-8", "replace"))
            object.__setattr__(self, "known_sizes", sizes)
        assert self.known_sizes is not None
        return self.known_sizes

    @property
    def revision(self) -> str:
        """Digest of what readers of feeds see: place, end and posts of the item do not count. 16 hex digits."""
        if not self.known_revision:
            object.__setattr__(self, "known_revision", self._digest())
        return self.known_revision

    def with_topics(self, topics: tuple[Topic, ...]) -> Item:
        """The item with other topics; what is packed stays packed."""
        if not self.packed:
            return replace(self, topics=topics)
        other = object.__new__(Item)
        for name in _names(Item):
            if name not in TEXTS:
                object.__setattr__(other, name, getattr(self, name))
        told = {"topics": topics, "known_revision": "", "known_sizes": self.known_sizes}
        for name, value in (told | {"packed": self.packed, "is_as_packed": False}).items():
            object.__setattr__(other, name, value)
        return other

    def _digest(self) -> str:
        return hashlib.sha256(_seen(self).encode()).hexdigest()[:16]


TEXTS = ("title", "summary", "description", "body_html", "open_graph", "twitter", "offerings")
"""The fields of an item that take most of its room, and that nothing needs which only keeps order among items."""

_FACTS = frozenset(one.name for one in fields(Item)) - {*TEXTS, "packed", "is_as_packed"}


def parts_of(item: Item) -> dict[str, Any]:
    """All that an item says, by name, as far as JSON has no other form for it: see `spelt`."""
    parts: dict[str, Any] = spelt(item)
    parts["topics"] = [structs.asdict(topic) for topic in item.topics]
    parts["offerings"] = [{"label": one.label, "url": one.url} for one in item.offerings]
    for name in ("open_graph", "twitter"):
        parts[name] = {"title": parts[name].title, "description": parts[name].description}
    for name in ("published", "updated"):
        parts[name] = parts[name].isoformat()
    return parts


def spelt(part: Any) -> Any:
    """An item or a part of one as `json.dumps` asks for it by `default`: its fields by name, or a moment as text.

    `dataclasses.asdict` gives the same, but copies all that is inside, which costs three times as much.
    """
    if isinstance(part, Struct):
        return structs.asdict(part)
    if is_dataclass(part):
        return {name: getattr(part, name) for name in _names(part.__class__)}
    return part.isoformat()


def _seen(item: Item) -> str:
    """What readers see of an item, as `json.dumps` writes its parts with sorted keys, which takes twice as long."""
    image, published, updated = item.image, item.published.isoformat(), item.updated.isoformat()
    return (
        f'{{"authors": [{", ".join(map(_text, item.authors))}], "body_html": {_long_text(item.body_html)}, '
        f'"brand": {_named(item.brand)}, "description": {_text(item.description)}, "id": {_text(item.id)}, '
        f'"image": {_shown(image) if image is not None else "null"}, "language": {_text(item.language)}, '
        f'"link": {_named(item.link)}, "offerings": [{", ".join(map(_offered, item.offerings))}], '
        f'"open_graph": {_teased(item.open_graph)}, "page": {_named(item.page)}, "published": "{published}", '
        f'"section": {_named(item.section)}, "slug": {_text(item.slug)}, "summary": {_text(item.summary)}, '
        f'"tags": [{", ".join(map(_text, item.tags))}], "title": {_text(item.title)}, '
        f'"topics": [{", ".join(map(_filed, item.topics))}], "twitter": {_teased(item.twitter)}, '
        f'"updated": "{updated}"}}'
    )


_text = json.encoder.encode_basestring_ascii


_quoted = msgspec.json.Encoder().encode


def _long_text(text: str) -> str:
    """The same in a fifth of the time, of text that msgspec writes in the same way."""
    return _quoted(text).decode() if text.isascii() and "\x7f" not in text else _text(text)


def _named(text: str | None) -> str:
    return "null" if text is None else _text(text)


def _offered(one: Offering) -> str:
    return f'{{"label": {_text(one.label)}, "url": {_text(one.url)}}}'


def _teased(one: Teaser) -> str:
    return f'{{"description": {_text(one.description)}, "title": {_text(one.title)}}}'


@lru_cache(8192)  # many items have the same
def _filed(one: Topic) -> str:
    label, vocabulary = _text(one.label), _named(one.vocabulary)
    return f'{{"label": {label}, "slug": {_text(one.slug)}, "url": {_named(one.url)}, "vocabulary": {vocabulary}}}'


def _shown(one: Image) -> str:
    return (
        f'{{"alt": {_text(one.alt)}, "digest": {_text(one.digest)}, "height_px": {one.height_px}, '
        f'"media_type": {_text(one.media_type)}, "ref": {_text(one.ref)}, "size_bytes": {one.size_bytes}, '
        f'"width_px": {one.width_px}}}'
    )


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.init)
