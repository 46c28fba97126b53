"""The habits of well-known kinds of stores: where they keep each field, what hides an item, where pages lie.

Sources, read 2026-11: Hugo documentation, "Front matter", "Configure front matter" and "Permalinks"; Jekyll
documentation, "Front Matter", "Posts" and "Permalinks"; Astro documentation, "Content collections"; Eleventy
documentation, "Content Dates", "Permalinks" and "Collections"; Zola documentation, "Page". Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from msgspec import structs

from syndicate.items.rules import FALSE, TRUE, Hiding, ImageSearch, Rules, TopicRules
from syndicate.items.sources import source_of

STATUSES = ("draft", "private", "archived", "unpublished", "hidden", "deleted", "pending", "trash")

HIDINGS = (
    Hiding("draft", ("draft", "isDraft", "params.draft", "extra.draft"), TRUE),
    Hiding("published", ("published", "publish"), FALSE),
    Hiding("displayinlist", ("displayInList",), FALSE),
    Hiding("hidden", ("hidden", "unlisted", "private", "params.hidden"), TRUE),
    Hiding("visible", ("visible",), FALSE),
    Hiding("status", ("status",), STATUSES),
)

# What lies in a store of pages and is none. Folders and files that begin with a dot are never looked at.
EXCLUDE = (
    *("readme.*", "readme", "license.*", "contributing.*", "changelog.*", "code_of_conduct.*", "security.*"),
    *("_index.*", "archetypes", "node_modules", "vendor", "_drafts", "_templates", "_includes", "_layouts", "_site"),
    *("examplesite", "404.*", "pull_request_template.*"),
)
_MARKDOWN = ("*.md", "*.markdown", "*.mkd", "*.mdown")
_MDX = (*_MARKDOWN, "*.mdx")
_DATED = "[0-9][0-9][0-9][0-9]-[0-9]*-[0-9]*-*"

_BODY = {"body_format": ("markup",), "more": ("excerpt_separator",)}

# Not `syndication` (addresses of copies) nor `social` (profiles, share buttons): those mean other things elsewhere.
_POSTS = {"syndicate": ("syndicate", "params.syndicate", "extra.syndicate")}

_TEASERS = {
    "og_title": ("openGraphMetaData.ogtitle", "htmlMetaData.ogtitle", '"og:title"', "og.title", "ogTitle"),
    "og_description": (
        *("openGraphMetaData.ogdescription", "htmlMetaData.ogdescription"),
        *('"og:description"', "og.description", "ogDescription"),
    ),
    "twitter_title": ("twitterMetaData.twittertitle", '"twitter:title"', "twitter.title"),
    "twitter_description": (*("twitterMetaData.twitterdescription", '"twitter:description"', "twitter.description"),),
}

_PUBLIC = ("static", "public", "assets", "images", "img", "../static", "../public", "../assets", "../images", "../img")

_MEDIGY = Rules(
    preset="medigy",
    topics=TopicRules(split="", has_vocabularies=True, prefix="topic/"),
    include=_MARKDOWN,
    exclude=EXCLUDE,
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
        "published": ("date", "filename:date"),
        "starts": ("publishDate",),
        "updated": ("lastMod",),
        "expires": ("expiryDate", "expires"),
        "slug": ("slug", "slugid", "path:name"),
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
        "categories": (),
        "section": ("identifier", "mastHead", "searchCategory", "tags"),
        "language": ("lang", "language", "locale", "path:language"),
        "group": ("translationKey", "path:group"),
        "image": ("featuredImage",),
        "offerings": ("relatedOfferings",),
        **_TEASERS,
        **_BODY,
        **_POSTS,
    },
)

_CURATED = replace(
    _MEDIGY,
    preset="curated",
    topics=TopicRules(has_vocabularies=True),
    permalinks={"": "/:sections/:slug/"},
    fields={
        **_MEDIGY.fields,
        "title": ("title", "metaTitle", "ogTitle"),
        "summary": ("ogDescription", "metaDesc", "summary", "description"),
        "slug": ("slug", "slugid", "path:name"),
        "link": (
            *("link.href", "link.herf", "link", "href", "link.original", "linkOriginal", "original", "sourceUrl"),
        ),
        "page": ("ogUrl", "aliases", "permalink", "template:{basePath}{slug}"),
        "topics": ("categories", "category"),
        "section": ("identifier", "mastHead", "type", "path:section"),
        "image": ("featuredImage", "ogImage"),
        "updated": ("lastMod", "lastmod", "updated"),
    },
)

# Some sites tell the day only in the address that a file names.
_ADDRESS_DATES = tuple(
    structs.replace(source_of(key), pattern=r"(?:^|/)((?:19|20)\d\d/\d{1,2}/\d{1,2})(?=/|$)")
    for key in ("path", "permalink", "url", "slug")
)

_GENERIC = Rules(
    preset="generic",
    images=ImageSearch(folders=_PUBLIC, takes_first=True),
    include=_MDX,
    exclude=EXCLUDE,
    leads=("src/content", "src/pages", "src/data", "content", "pages", "source"),
    permalinks={"": "/:sections/:slug/"},
    hidings=(
        *HIDINGS,
        Hiding("headless", ("headless",), TRUE),
        Hiding("permalink", ("permalink",), FALSE),
    ),
    fields={
        "id": ("id", "guid", "uuid"),
        "source": ("const:item",),
        "title": ("title", "name", "headline"),
        "summary": ("description", "summary", "excerpt", "deck", "subtitle", "extra.description", "params.description"),
        "description": ("description", "summary", "excerpt"),
        "published": (
            *("date", "pubDate", "publishDate", "published_at", "publishedAt", "published", "date_posted"),
            *("datePublished", "published_date", "publishedDate", "created", "created_at", "createdAt"),
            *_ADDRESS_DATES,
            *("filename:date", "path:date"),
        ),
        "starts": ("publishDate",),
        "updated": (
            *("lastmod", "updated", "modified", "updated_at", "updatedAt", "updatedDate", "last_modified_at"),
            *("lastModified", "dateModified"),
        ),
        "expires": ("expiryDate", "expires", "unpublishDate", "unpublish", "expiry_date"),
        "slug": ("slug", "path:name"),
        "link": (
            *("link.href", "link.url", "link", "external_url", "externalUrl", "source_url", "canonical_url"),
            *("canonicalUrl", "crosspost_url"),
        ),
        "page": ("permalink", "url", "path"),
        "brand": ("link.brand", "brand", "publisher"),
        "authors": ("authors", "author", "extra.authors", "extra.author", "taxonomies.authors"),
        "topics": (
            *("categories", "category", "topics", "topic", "tags", "tag", "taxonomies.categories", "taxonomies.topics"),
            *("taxonomies.tags", "extra.categories", "extra.tags"),
        ),
        "topic_labels": (),
        "topic_places": (),
        "tags": ("tags", "tag", "keywords", "taxonomies.tags", "extra.tags"),
        "categories": ("categories", "category"),
        "section": ("section", "type", "path:section"),
        "language": ("lang", "language", "locale", "path:language"),
        "group": ("translationKey", "translation_key", "path:group"),
        "image": (
            *("featuredImage", "featured_image", "image", "primary_image", "cover", "coverImage", "cover_image"),
            *("hero", "heroImage", "thumbnail", "excerpt_image", "images", "ogImage", "extra.image", "extra.cover"),
        ),
        "offerings": (),
        **_TEASERS,
        **_BODY,
        **_POSTS,
    },
)

_HUGO = replace(
    _GENERIC,
    preset="hugo",
    images=ImageSearch(
        folders=("../static", "../assets", "static", "assets", "../static/images", "../assets/images"),
        bundle=("*feature*", "*cover*", "*thumbnail*"),
        takes_first=True,
    ),
    include=(*_MARKDOWN, "*.html", "*.htm"),
    leads=("content",),
    permalinks={"": "/:sections/:slugorcontentbasename/"},
    has_lower_paths=True,
    hidings=(
        *HIDINGS,
        Hiding("headless", ("headless",), TRUE),
        Hiding("build", ("build.list", "_build.list", "build.render", "_build.render"), ("never", *FALSE)),
    ),
    fields={
        **_GENERIC.fields,
        "title": ("title", "linkTitle", "params.title", "name"),
        "summary": ("description", "summary", "excerpt", "subtitle", "params.description", "params.summary"),
        "description": ("description", "summary", "params.description"),
        # Hugo shows a page from `publishDate` on, and its feeds tell that date; `date` stands in for it.
        "published": ("publishDate", "pubDate", "published", "date", "params.date", "filename:date", "path:date"),
        "starts": (),
        "updated": ("lastmod", "modified", "updated", "params.lastmod"),
        "expires": ("expiryDate", "unpublishDate"),
        "slug": ("slug", "path:name"),
        "link": (
            *("link.href", "link.url", "link", "externalUrl", "external_url", "externalLink", "external_link"),
            *("linkUrl", "source_url", "canonicalURL", "canonical_url", "params.link", "params.externalUrl"),
        ),
        "page": ("url", "permalink"),
        "authors": ("authors", "author", "params.authors", "params.author", "taxonomies.authors"),
        "topics": (
            *("categories", "category", "topics", "tags", "tag", "taxonomies.categories", "taxonomies.topics"),
            *("taxonomies.tags", "params.categories", "params.tags"),
        ),
        "tags": ("tags", "tag", "taxonomies.tags", "params.tags", "keywords"),
        "section": ("section", "path:section", "type"),
        "language": ("path:language", "lang", "language", "locale"),
        "image": (
            *("featuredImage", "featured_image", "image", "cover.image", "cover", "images", "resources.src"),
            *("thumbnail", "hero", "heroImage", "banner", "params.image", "params.cover.image", "params.images"),
            *("params.featuredImage", "params.featured_image"),
        ),
    },
)

# One category may have blanks where several must not.
_WHOLE_CATEGORY = source_of({"key": "category", "split": ","})

_JEKYLL = replace(
    _GENERIC,
    preset="jekyll",
    images=ImageSearch(
        folders=("assets", "images", "img", "assets/images", "../assets", "../images", "../img", "../assets/images"),
        takes_first=True,
    ),
    # Jekyll takes for a post what is dated by its name.
    include=tuple(f"{_DATED}.{end}" for end in ("md", "markdown", "mkd", "mdown", "mkdn", "html", "htm")),
    leads=("src", "source", "docs"),
    topics=TopicRules(split=" "),
    permalinks={"": "date"},
    permalink_words={"title": "slug"},
    hidings=HIDINGS,
    fields={
        **_GENERIC.fields,
        "title": ("title", "path:title"),  # as Jekyll makes one of the name
        "summary": ("description", "excerpt", "summary", "subtitle", "deck"),
        "description": ("description", "excerpt", "summary"),
        "published": ("date", "filename:date"),
        "updated": ("last_modified_at", "last-modified-at", "lastmod", "updated", "modified"),
        "link": ("link.href", "link.url", "link", "external_url", "external-url", "redirect_to", "canonical_url"),
        "page": ("permalink",),
        "topics": ("categories", _WHOLE_CATEGORY, "tags", "tag", "topics"),
        "tags": ("tags", "tag", "keywords"),
        "categories": ("categories", _WHOLE_CATEGORY),
        "section": ("section", "path:section"),
        "image": (
            *("image.path", "image", "header.teaser", "header.image", "header.overlay_image", "featured_image"),
            *("featuredImage", "cover", "thumbnail", "feature-img", "img", "excerpt_image", "images", "primary_image"),
        ),
    },
)

_ASTRO = replace(
    _GENERIC,
    preset="astro",
    images=ImageSearch(
        folders=(
            *("../assets", "../../assets", "../public", "../../public", "../../../public", "public", "src/assets"),
            *("../images", "../../images"),
        ),
        takes_first=True,
    ),
    include=(*_MDX, "*.mdoc"),
    leads=("src/content", "src/data", "src/pages", "content"),
    permalinks={"": "/:sections/:slugorcontentbasename/"},
    has_lower_paths=True,
    hidings=HIDINGS,
    fields={
        **_GENERIC.fields,
        "published": (
            *("pubDate", "pubDatetime", "publishDate", "publishedDate", "publishedAt", "published", "date"),
            *("datePublished", "createdAt", "filename:date", "path:date"),
        ),
        "starts": (),
        "updated": ("updatedDate", "modDatetime", "updatedAt", "updateDate", "lastmod", "updated", "modified"),
        "page": ("permalink", "url"),
        "link": (
            *("link.href", "link.url", "link", "externalUrl", "external_url", "sourceUrl", "source_url"),
            *("canonicalURL", "canonical_url", "canonical"),
        ),
        "image": (
            *("heroImage", "image", "cover", "coverImage", "ogImage", "thumbnail", "featuredImage", "hero", "banner"),
            *("img", "images"),
        ),
    },
)

_ELEVENTY = replace(
    _GENERIC,
    preset="eleventy",
    include=_MARKDOWN,
    leads=("src", "content"),
    # Tags that name the collection a file is in, and what the starter projects use besides.
    topics=TopicRules(
        ignored=frozenset({"post", "posts", "all", "nav", "blog", "article", "articles", "note", "notes"})
    ),
    permalinks={"": "/:bundle/"},
    hidings=(
        *HIDINGS,
        Hiding("permalink", ("permalink",), FALSE),
        Hiding("eleventyexcludefromcollections", ("eleventyExcludeFromCollections",), TRUE),
    ),
    fields={
        **_GENERIC.fields,
        "published": ("date", "published", "publishDate", "pubDate", "filename:date", "path:date"),
        "page": ("permalink",),
    },
)

PRESETS: Mapping[str, Rules] = MappingProxyType(
    {rules.preset: rules for rules in (_MEDIGY, _CURATED, _HUGO, _JEKYLL, _ASTRO, _ELEVENTY, _GENERIC)}
)
