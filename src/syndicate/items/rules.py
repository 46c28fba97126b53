"""Rules by which front matter becomes an item, as data. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, tzinfo
from types import MappingProxyType

from syndicate.items.links import TRACKING

# Raise it when the same file would give another item than before, so that stores read every file again.
READER_VERSION = 2

FIELDS = frozenset(
    {
        *("id", "source", "title", "summary", "description", "published", "updated", "expires", "slug", "link", "page"),
        *("brand", "authors", "topics", "topic_labels", "topic_places", "tags", "section", "language", "image"),
        *("og_title", "og_description", "twitter_title", "twitter_description", "offerings"),
    }
)


@dataclass(frozen=True, slots=True)
class Hiding:
    """A reason not to publish: its name in reports, the sources looked at, and the case-folded texts that hide."""

    name: str
    sources: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """How files are read: a preset with the site's own settings.

    `fields` gives for each of `FIELDS` the sources in order; the first that is not blank wins (see `fields.first`).
    `site_url` is the absolute base of the site's own pages, empty if it has none. `zone` is where dates without offset
    are meant, `date_formats` are more forms than `dates.moment` knows. `language` is what items are in unless they say.
    `has_vocabularies`: topics are written `Vocabulary: Term`. `topic_prefix` is where topic pages lie on the site.
    `link_tracking` are parameters that do not make a link another one. `include` and `exclude` are globs over a file's
    name and over its path in the store. `image_folders` are searched for images after the file's own folder and the
    store's root. `limit_summary` counts characters of a summary made from the body. `hidings` and `hides_expired` say
    what is left out. `latest_year_offset`: a date further ahead than so many years is a mistake.
    """

    preset: str
    fields: Mapping[str, tuple[str, ...]]
    site_url: str = ""
    zone: tzinfo = UTC
    date_formats: tuple[str, ...] = ()
    language: str = "en"
    has_vocabularies: bool = False
    topic_prefix: str | None = None
    link_tracking: tuple[str, ...] = TRACKING
    include: tuple[str, ...] = ("*.md", "*.markdown")
    exclude: tuple[str, ...] = ("readme.md", "readme.*.md", "_index.md", "_index.*.md", "license.md", "changelog.md")
    image_folders: tuple[str, ...] = ()
    limit_summary: int = 300
    hidings: tuple[Hiding, ...] = field(default=())
    hides_expired: bool = True
    latest_year_offset: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))

    @property
    def digest(self) -> str:
        """Changes whenever the same file may give another item; 16 hex digits."""
        parts = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in {"fields", "hidings"}}
        parts["fields"] = dict(sorted(self.fields.items()))
        parts["hidings"] = [asdict(hiding) for hiding in self.hidings]
        text = json.dumps([READER_VERSION, parts], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
