"""Rules by which front matter becomes an item, as data. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import force_setattr

from syndicate.items.links import TRACKING
from syndicate.items.location import FILENAME
from syndicate.items.sources import Source, source_of

# Raise it when the same file would give another item than before, so that stores read every file again.
READER_VERSION = 11

DATES = frozenset({"published", "starts", "updated", "expires"})
TEXTS = frozenset(
    {
        *("id", "source", "title", "summary", "description", "slug", "link", "page", "brand", "section", "language"),
        *("group", "og_title", "og_description", "twitter_title", "twitter_description", "body_format", "more"),
    }
)
VALUES = frozenset(
    {*("authors", "topics", "topic_labels", "topic_places", "tags", "categories", "image", "offerings", "syndicate")}
)
FIELDS = DATES | TEXTS | VALUES

TRUE = ("true", "yes", "on", "y", "1")
FALSE = ("false", "no", "off", "n", "0")


_MAX_REACHES = 1000  # files that a program wrote have few sets of keys, those that people wrote a few hundred

POST_PAGE = "/{year}/{month}/{day}/{slug}.html"
"""Jekyll's default, permalink style `date` without categories."""


class Hiding(Struct, frozen=True):
    """A reason not to publish: its name in reports, the sources looked at, and the case-folded texts that hide."""

    name: str
    sources: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def read(self) -> tuple[Source, ...]:
        """The sources, read."""
        return tuple(map(source_of, self.sources))


class Condition(Struct, frozen=True):
    """What must hold of a file, else it is no item: a name for reports, and the source looked at.

    One of the `texts` stands there (folded; empty: any will do), and one of them fits `pattern` if there is one.
    `is_negated`: it must not be so.
    """

    name: str
    source: Source
    texts: tuple[str, ...] = ()
    pattern: str | None = None
    is_negated: bool = False


class TopicRules(Struct, frozen=True):
    """How topics are written, and what becomes of them.

    `split` parts a text; a blank one at white space, an empty one nowhere. `is_union`: the topics of all sources, not
    only of the first that has any. `has_vocabularies`: they are written `Vocabulary: Term`. `prefix` is where topic
    pages lie on the site (`topic/`), None if there are none. `aliases` are other names by slug, `labels` by slug what
    a topic is called, `ignored` slugs of what is no topic.
    """

    split: str = ","
    is_union: bool = False
    has_vocabularies: bool = False
    prefix: str | None = None
    aliases: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    ignored: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        force_setattr(self, "aliases", MappingProxyType(dict(self.aliases)))
        force_setattr(self, "labels", MappingProxyType(dict(self.labels)))

    def __hash__(self) -> int:
        """What topics are remembered by; its mappings have none."""
        return hash((self.split, self.prefix, self.ignored, len(self.aliases), len(self.labels)))


class Format(StrEnum):
    """How a body is written; `AUTO`: by the file's name, and HTML through and through is known by its looks."""

    AUTO = "auto"
    MARKDOWN = "markdown"
    HTML = "html"


class BodyRules(Struct, frozen=True):
    """How bodies are read.

    `format` holds unless a file says more. `more` are marks that end the excerpt, besides `<!-- more -->`.
    `limit_summary` counts characters of a summary made from the body. `post_page` see `Places`.
    """

    format: Format = Format.AUTO
    more: tuple[str, ...] = ()
    limit_summary: int = 300
    post_page: str = POST_PAGE


class ImageSearch(Struct, frozen=True):
    """Where images are looked for, besides the item's own folder and the store's root.

    `folders` are below the store's root, or beside it where they begin with `../` or are absolute: each of those is
    allowed by being named. `bundle` are globs of names that mean an image beside an `index` file that names none.
    `template` is an address with slots (`https://img.example/{uid}.{format}`), filled from the file's own mapping and
    from `table`: what is known of each image by its uid. `takes_first`: the body's first image, if there is no other.
    """

    folders: tuple[str, ...] = ()
    bundle: tuple[str, ...] = ()
    template: str = ""
    table: Mapping[str, Mapping[str, str]] = {}
    takes_first: bool = False

    def __post_init__(self) -> None:
        force_setattr(self, "table", MappingProxyType(dict(self.table)))

    @property
    def beside(self) -> tuple[str, ...]:
        """The folders that do not lie below the store's root."""
        return tuple(folder for folder in self.folders if folder.startswith(("../", "/")))


class Reach(NamedTuple):
    """What of the rules a file can meet, as far as the keys at its top tell: most it cannot.

    `sources` are those of each field that may give something, in order; `hidings` the reasons, each with its own.
    """

    sources: Mapping[str, tuple[Source, ...]]
    hidings: tuple[tuple[Hiding, tuple[Source, ...]], ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """How files are read: a preset with the site's own settings.

    `fields` gives for each of `FIELDS` the sources in order; the first that is not blank wins (see `fields.first`).
    `sources` are the same, read once; `steps` the first steps of all keys that are looked at.
    `site_url` is the absolute base of the site's own pages, empty if it has none. `zone` is where dates without offset
    are meant, `date_formats` are more forms than `dates.moment` knows, `zone_offsets` more zone names (folded).
    `filename` and `leads`: see `Location`. `language` is what items are in unless they say, `languages` are those that
    are published (all if empty), `language_folders` further names that mean one.
    `permalinks` are templates of the site's pages by section, the one for all others under ""; `permalink_words` gives
    other meanings to words in them. `has_language_prefix`: pages in other languages lie below `/de/`.
    `has_lower_paths`: pages made by template have no capitals in their address.
    `link_tracking` are parameters that do not make a link another one. `include` and `exclude`: see `globs`.
    `fallback_encoding` is what a file that is not UTF-8 is read as. `images` is where images are looked for, `body` how
    bodies are read.
    `hidings`, `conditions`, `hides_expired` and `hides_undated` say what is left out.
    `latest_year_offset`: a date further ahead than so many years is a mistake.
    """

    preset: str
    fields: Mapping[str, tuple[str | Source, ...]]
    site_url: str = ""
    zone: tzinfo = UTC
    date_formats: tuple[str, ...] = ()
    zone_offsets: Mapping[str, timedelta] = field(default_factory=dict)
    filename: str = FILENAME
    leads: tuple[str, ...] = ()
    language: str = "en"
    languages: tuple[str, ...] = ()
    language_folders: tuple[str, ...] = ()
    topics: TopicRules = field(default=TopicRules())
    permalinks: Mapping[str, str] = field(default_factory=dict)
    permalink_words: Mapping[str, str] = field(default_factory=dict)
    has_language_prefix: bool = True
    has_lower_paths: bool = False
    link_tracking: tuple[str, ...] = TRACKING
    include: tuple[str, ...] = ("*.md", "*.markdown")
    exclude: tuple[str, ...] = ()
    fallback_encoding: str | None = None
    images: ImageSearch = field(default=ImageSearch())
    body: BodyRules = field(default=BodyRules())
    hidings: tuple[Hiding, ...] = ()
    conditions: tuple[Condition, ...] = ()
    hides_expired: bool = True
    hides_undated: bool = False
    latest_year_offset: int = 10
    sources: Mapping[str, tuple[Source, ...]] = field(init=False, repr=False, compare=False)
    steps: frozenset[str] = field(init=False, repr=False, compare=False)
    _reaches: dict[frozenset[str], Reach] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        read = {name: tuple(map(source_of, words)) for name, words in self.fields.items()}
        every = [
            source for sources in (*read.values(), *(hiding.read for hiding in self.hidings)) for source in sources
        ]
        object.__setattr__(self, "sources", MappingProxyType(read))
        object.__setattr__(self, "steps", frozenset(one.steps[0] for one in every if one.steps))
        object.__setattr__(self, "_reaches", {})
        for name in ("fields", "zone_offsets", "permalinks", "permalink_words"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def reach(self, keys: Iterable[str]) -> Reach:
        """What of the rules a file with these folded keys can meet; worked out once for files that have the same."""
        there = self.steps.intersection(keys)
        found = self._reaches.get(there)
        if found is None:
            hidings = ((hiding, _among(hiding.read, there)) for hiding in self.hidings)
            sources = {name: _among(sources, there) for name, sources in self.sources.items()}
            found = Reach(
                {name: here for name, here in sources.items() if here},
                tuple((hiding, here) for hiding, here in hidings if here),
            )
            if len(self._reaches) < _MAX_REACHES:
                self._reaches[there] = found
        return found

    @property
    def digest(self) -> str:
        """Changes whenever the same file may give another item; 16 hex digits."""
        parts = [READER_VERSION, *((one.name, getattr(self, one.name)) for one in fields(self) if one.init)]
        text = json.dumps(parts, sort_keys=True, default=_plainly)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _among(sources: Iterable[Source], keys: frozenset[str]) -> tuple[Source, ...]:
    """The sources that may give something where only these keys are."""
    return tuple(one for one in sources if not one.steps or one.steps[0] in keys)


def _plainly(value: object) -> object:
    """What JSON cannot hold, in a way that is the same in every process."""
    if isinstance(value, Mapping):
        return sorted(value.items())
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Struct):
        return [type(value).__name__, *(getattr(value, name) for name in value.__struct_fields__)]
    return str(value)
