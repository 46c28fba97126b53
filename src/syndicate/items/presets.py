"""Presets: rules for well-known kinds of stores, as data, and the settings laid over them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from types import MappingProxyType
from typing import TypedDict, Unpack

from syndicate.errors import ConfigError, Fault
from syndicate.items.fields import is_source
from syndicate.items.links import usable
from syndicate.items.rules import FIELDS, Hiding, Rules

TRUE = ("true", "yes", "on", "y", "1")
FALSE = ("false", "no", "off", "n", "0")

HIDINGS = (
    Hiding("draft", ("draft", "isDraft"), TRUE),
    Hiding("published", ("published",), FALSE),
    Hiding("displayinlist", ("displayInList",), FALSE),
    Hiding("hidden", ("hidden",), TRUE),
    Hiding("visible", ("visible",), FALSE),
    Hiding("status", ("status",), ("draft", "private", "archived", "unpublished", "hidden", "deleted")),
)
EXPIRED = "expired"

_TEASERS = {
    "og_title": ("openGraphMetaData.ogtitle", "htmlMetaData.ogtitle", '"og:title"', "og.title"),
    "og_description": (
        *("openGraphMetaData.ogdescription", "htmlMetaData.ogdescription"),
        *('"og:description"', "og.description"),
    ),
    "twitter_title": ("twitterMetaData.twittertitle", '"twitter:title"', "twitter.title"),
    "twitter_description": (
        "twitterMetaData.twitterdescription",
        '"twitter:description"',
        "twitter.description",
    ),
}

_MEDIGY = Rules(
    preset="medigy",
    has_vocabularies=True,
    topic_prefix="topic/",
    hidings=HIDINGS,
    fields={
        "id": ("id", "featuredImage.workPackage"),
        "source": ("source", "const:item"),
        "title": ("title", "openGraphMetaData.ogtitle", "metaTitle"),
        "summary": (
            *("openGraphMetaData.ogdescription", "twitterMetaData.twitterdescription"),
            *("htmlMetaData.ogdescription", "htmlMetaData.description", "summary", "metaDesc", "description"),
        ),
        "description": ("description", "metaDesc"),
        "published": ("date", "publishDate", "filename:date"),
        "updated": ("lastMod",),
        "expires": ("expiryDate", "expires"),
        "slug": ("slug", "slugid", "filename:slug"),
        "link": (
            *("link.href", "href", "openProjectCustomFields.cleanUrl", "customFields.cleanUrl"),
            *("link.original", "original", "openProjectCustomFields.sourceUrl", "customFields.sourceUrl"),
            *("sourceUrl", "linkOriginal", "link"),
        ),
        "page": ("aliases", "template:{basePath}{slug}"),
        "brand": ("link.brand", "linkBrand"),
        "authors": ("author", "authors"),
        "topics": ("categories", "openProjectCustomFields.medigyTopics", "customFields.medigyTopics", "category"),
        "topic_labels": ("categoryLabel",),
        "topic_places": ("categoryUrl",),
        "tags": ("tags",),
        "section": ("identifier", "mastHead", "searchCategory", "tags"),
        "language": ("lang", "language", "locale"),
        "image": ("featuredImage",),
        "offerings": ("relatedOfferings",),
        **_TEASERS,
    },
)

_GENERIC = Rules(
    preset="generic",
    hidings=HIDINGS,
    fields={
        "id": ("id", "guid", "uuid"),
        "source": ("const:item",),
        "title": ("title", "name", "headline"),
        "summary": ("description", "summary", "excerpt", "deck", "subtitle"),
        "description": ("description", "summary", "excerpt"),
        "published": (
            *("date", "pubDate", "publishDate", "published_at", "publishedAt", "date_posted", "datePublished"),
            *("created", "created_at", "filename:date"),
        ),
        "updated": ("lastmod", "updated", "modified", "updated_at", "updatedAt", "last_modified_at", "dateModified"),
        "expires": ("expiryDate", "expires", "unpublish"),
        "slug": ("slug", "filename:slug"),
        "link": (
            *("link.href", "link.url", "link", "external_url", "externalUrl", "source_url", "canonical_url"),
            *("canonicalUrl", "crosspost_url"),
        ),
        "page": ("permalink", "url"),
        "brand": ("link.brand", "brand", "publisher"),
        "authors": ("authors", "author"),
        "topics": ("categories", "category", "topics", "tags", "tag", "taxonomies.categories", "taxonomies.tags"),
        "topic_labels": (),
        "topic_places": (),
        "tags": ("tags", "tag", "keywords", "taxonomies.tags"),
        "section": ("section", "type"),
        "language": ("lang", "language", "locale", "filename:language"),
        "image": (
            *("featuredImage", "featured_image", "image", "primary_image", "cover", "coverImage", "hero", "heroImage"),
            *("thumbnail", "excerpt_image", "images"),
        ),
        "offerings": (),
        **_TEASERS,
    },
)

PRESETS: Mapping[str, Rules] = MappingProxyType({rules.preset: rules for rules in (_MEDIGY, _GENERIC)})


class Wishes(TypedDict, total=False):
    """What a site says over its preset: each key as in `Rules`, but for these.

    `fields` are sources for single fields, in place of the preset's. `include` stands in place of the preset's, too,
    `exclude` is added to the usual ones. `visibility` switches hidings off (false) by name: those of `HIDINGS`, and
    `expired`.
    """

    site_url: str
    zone: tzinfo
    language: str
    fields: Mapping[str, Sequence[str]]
    include: Sequence[str] | None
    exclude: Sequence[str]
    visibility: Mapping[str, bool]
    date_formats: Sequence[str]
    latest_year_offset: int
    link_tracking: Sequence[str]
    image_folders: Sequence[str]


def rules_of(preset: str, *, origin: str = "settings", below: str = "content", **wishes: Unpack[Wishes]) -> Rules:
    """The rules of a preset with the site's own settings over them.

    Args:
        preset: a name of `PRESETS`.
        origin: the settings file, for messages.
        below: the dotted key that these settings stand below, for messages.
        wishes: see `Wishes`.

    Raises:
        ConfigError: an unknown preset, field, source or hiding, or a site address that is none; all of them at once.
    """
    place = _Place(origin, below)
    base = _preset(preset, place)
    overrides = {name: tuple(sources) for name, sources in wishes.get("fields", {}).items()}
    visibility, include = wishes.get("visibility", {}), wishes.get("include")
    site_url = wishes.get("site_url", base.site_url)
    faults = (*_field_faults(place, overrides), *_hiding_faults(place, visibility), *_site_faults(place, site_url))
    if faults:
        raise ConfigError(faults)
    return replace(
        base,
        fields={**base.fields, **overrides},
        site_url=site_url,
        zone=wishes.get("zone", base.zone),
        language=wishes.get("language", base.language),
        include=base.include if include is None else tuple(include),
        exclude=(*base.exclude, *wishes.get("exclude", ())),
        hidings=tuple(hiding for hiding in base.hidings if visibility.get(hiding.name, True)),
        hides_expired=visibility.get(EXPIRED, base.hides_expired),
        date_formats=tuple(wishes.get("date_formats", base.date_formats)),
        latest_year_offset=wishes.get("latest_year_offset", base.latest_year_offset),
        link_tracking=tuple(wishes.get("link_tracking", base.link_tracking)),
        image_folders=tuple(wishes.get("image_folders", base.image_folders)),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the settings stand: their file, and the key that they are below."""

    origin: str
    below: str

    def fault(self, key: str, problem: str, remedy: str) -> Fault:
        return Fault(self.origin, "E-SETTING", problem, remedy, key=f"{self.below}.{key}")


def _preset(name: str, place: _Place) -> Rules:
    if name not in PRESETS:
        remedy = f"use one of: {', '.join(sorted(PRESETS))}"
        raise ConfigError((place.fault("preset", f"{name!r} is not known", remedy),))
    return PRESETS[name]


def _site_faults(place: _Place, site_url: str) -> Iterable[Fault]:
    if site_url and usable(site_url) is None:
        remedy = "write it as https://www.example.org/"
        yield Fault(place.origin, "E-SETTING", f"{site_url!r} is no address", remedy, key="site.url")


def _field_faults(place: _Place, overrides: Mapping[str, tuple[str, ...]]) -> Iterable[Fault]:
    for name, sources in overrides.items():
        key = f"fields.{name}"
        if name not in FIELDS:
            yield place.fault(key, "is no field", f"use one of: {', '.join(sorted(FIELDS))}")
        for source in sources:
            if not is_source(source):
                remedy = (
                    'write a key, a dotted path, a quoted "dotted.key", filename:slug, const:text or template:{key}'
                )
                yield place.fault(key, f"{source!r} is no source", remedy)


def _hiding_faults(place: _Place, visibility: Mapping[str, bool]) -> Iterable[Fault]:
    names = {*(hiding.name for hiding in HIDINGS), EXPIRED}
    for name in visibility:
        if name not in names:
            yield place.fault(f"visibility.{name}", "is no rule", f"use one of: {', '.join(sorted(names))}")
