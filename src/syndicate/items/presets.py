"""Presets: rules for well-known kinds of stores, as data, and the settings laid over them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from types import MappingProxyType

from syndicate.errors import ConfigError, Fault
from syndicate.items.fields import is_source
from syndicate.items.links import TRACKING, usable
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


def rules_of(  # noqa: PLR0913 - the settings' content section, one argument a setting
    preset: str,
    *,
    site_url: str = "",
    zone: tzinfo = UTC,
    language: str = "en",
    fields: Mapping[str, Sequence[str]] = MappingProxyType({}),
    summary: Sequence[str] = (),
    date_formats: Sequence[str] = (),
    link_tracking: Sequence[str] = TRACKING,
    exclude: Sequence[str] = (),
    image_folders: Sequence[str] = (),
    visibility: Mapping[str, bool] = MappingProxyType({}),
    latest_year_offset: int = 10,
    origin: str = "settings",
) -> Rules:
    """The rules of a preset with the site's own settings over them.

    Args:
        preset: a name of `PRESETS`.
        site_url, zone, language, date_formats, link_tracking, image_folders, latest_year_offset: see `Rules`.
        fields: sources for single fields, in place of the preset's; `summary` is short for that field's.
        exclude: globs of files that are no items, besides the usual ones.
        visibility: hidings to switch off (false), by name: those of `HIDINGS`, and `expired`.
        origin: the settings file, for messages.

    Raises:
        ConfigError: an unknown preset, field, source or hiding, or a site address that is none; all of them at once.
    """
    base = _preset(preset, origin)
    overrides = {name: tuple(sources) for name, sources in fields.items()}
    if summary:
        overrides["summary"] = tuple(summary)
    faults = (*_field_faults(origin, overrides), *_hiding_faults(origin, visibility), *_site_faults(origin, site_url))
    if faults:
        raise ConfigError(faults)
    return replace(
        base,
        fields={**base.fields, **overrides},
        site_url=site_url,
        zone=zone,
        language=language,
        date_formats=tuple(date_formats),
        link_tracking=tuple(link_tracking),
        exclude=(*base.exclude, *exclude),
        image_folders=tuple(image_folders),
        hidings=tuple(hiding for hiding in base.hidings if visibility.get(hiding.name, True)),
        hides_expired=visibility.get(EXPIRED, base.hides_expired),
        latest_year_offset=latest_year_offset,
    )


def _preset(name: str, origin: str) -> Rules:
    if name not in PRESETS:
        remedy = f"use one of: {', '.join(sorted(PRESETS))}"
        raise ConfigError((_fault(origin, "content.preset", f"{name!r} is not known", remedy),))
    return PRESETS[name]


def _site_faults(origin: str, site_url: str) -> Iterable[Fault]:
    if site_url and usable(site_url) is None:
        yield _fault(origin, "site.url", f"{site_url!r} is no address", "write it as https://www.example.org/")


def _field_faults(origin: str, overrides: Mapping[str, tuple[str, ...]]) -> Iterable[Fault]:
    for name, sources in overrides.items():
        key = f"content.fields.{name}"
        if name not in FIELDS:
            yield _fault(origin, key, "is no field", f"use one of: {', '.join(sorted(FIELDS))}")
        for source in sources:
            if not is_source(source):
                remedy = (
                    'write a key, a dotted path, a quoted "dotted.key", filename:slug, const:text or template:{key}'
                )
                yield _fault(origin, key, f"{source!r} is no source", remedy)


def _hiding_faults(origin: str, visibility: Mapping[str, bool]) -> Iterable[Fault]:
    names = {*(hiding.name for hiding in HIDINGS), EXPIRED}
    for name in visibility:
        if name not in names:
            remedy = f"use one of: {', '.join(sorted(names))}"
            yield _fault(origin, f"content.visibility.{name}", "is no rule", remedy)


def _fault(origin: str, key: str, problem: str, remedy: str) -> Fault:
    return Fault(origin, "E-SETTING", problem, remedy, key=key)
