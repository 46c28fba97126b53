"""Where an item leads to, its own page, and the name that it keeps. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from syndicate.items.fields import Found
from syndicate.items.links import link_key, page_at, usable
from syndicate.items.permalinks import STYLES, Page, is_template, permalink
from syndicate.items.plain import plain
from syndicate.items.reader import Reader
from syndicate.items.topics import slug_of

LIMIT_ID = 200

_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)


def link_of(reader: Reader) -> str | None:
    """The outbound link; a path counts from the site."""
    found = reader.found("link")
    if found is None:
        return None
    text = str(found.value)
    link = usable(text) or (page_at(reader.rules.site_url, text) if text.startswith("/") else None)
    if link is None:
        problem = f"`{found.source}` is no http or https address: {text[:80]}"
        reader.fail("E-LINK", problem, "write the whole address, beginning with https://", found)
    return link


def page_of(reader: Reader, *, title: str, published: datetime | None, language: str) -> str | None:
    """The item's own page: as the file says, else by the site's template; None where the site has no address."""
    given = _given(reader)
    words = str(given.value) if given is not None else _template(reader)
    if not words or not (reader.rules.site_url or _ABSOLUTE.match(words)):
        return None
    place = words
    if published is not None and not _ABSOLUTE.match(words) and (words in STYLES or is_template(words)):
        place = permalink(words, _page(reader, title, published, language), reader.rules.permalink_words)
        if _has_prefix(reader, language) and ":language" not in words:
            place = f"/{language.lower()}{place}"
        place = place.lower() if reader.rules.has_lower_paths else place
    page = page_at(reader.rules.site_url, place)
    if page is None:
        source = given.source if given is not None else "content.permalink"
        problem = f"`{source}` is no safe path on the site: {place[:80]}"
        reader.fail("E-PATH", problem, "write a path such as /news/title, without `..`", given)
    return page


def _has_prefix(reader: Reader, language: str) -> bool:
    """Whether a page lies below its language: one whose file says so by its place, in another than the site's own."""
    is_placed = reader.location.part("language") is not None
    return reader.rules.has_language_prefix and is_placed and language != reader.rules.language


def identity_of(reader: Reader, link: str | None) -> str:
    """The name that never changes: the file's id with its source, else the link, else the path.

    Translations in files of their own may share an id, so the language that a file's place tells belongs to it.
    """
    given = plain(reader.raw("id"))
    if given:
        language = reader.location.part("language")
        is_other = language is not None and language.casefold() != reader.rules.language.casefold()
        identity = f"{plain(reader.raw('source')) or 'item'}:{given}{f'@{language}' if is_other else ''}"
        return identity if len(identity) <= LIMIT_ID else f"{identity[: LIMIT_ID - 33]}:{_digest(identity)}"
    # A link that was completed by a setting does not count: changing the setting must not make a new item.
    if link is not None and _ABSOLUTE.match(reader.raw("link")):
        return f"link:{_digest(link_key(link, ()))}"
    return f"path:{reader.path}"


def slug_in(reader: Reader) -> str:
    """The file's own slug, or one made of it."""
    slug = plain(reader.raw("slug")).strip("/").rpartition("/")[2]
    return slug if re.fullmatch(r"\w[\w.~-]*", slug) and len(slug) <= LIMIT_ID else slug_of(slug) if slug else ""


def _given(reader: Reader) -> Found | None:
    """The page that the file names; a slug with steps is one, too."""
    found = reader.found("page")
    if found is None:
        slug = reader.found("slug")
        return slug if slug is not None and str(slug.value).strip().startswith("/") else None
    return found


def _template(reader: Reader) -> str:
    permalinks = reader.rules.permalinks
    return permalinks.get(reader.location.part("section") or "") or permalinks.get("", "")


def _page(reader: Reader, title: str, published: datetime, language: str) -> Page:
    before = (reader.location.part("categories") or "").split("/")
    categories = dict.fromkeys(category for category in (*before, *reader.members("categories")) if category)
    return Page(
        title=title,
        slug=slug_in(reader),
        name=_name(reader),
        folders=reader.location.folders,
        categories=tuple(categories),
        language=language,
        at=published.astimezone(reader.rules.zone),
    )


def _name(reader: Reader) -> str:
    """The file's own slug, else its name, whose date goes into the address unless the item has its date from there."""
    slug, published = reader.found("slug"), reader.found("published")
    if slug is not None and slug.is_written:
        return slug_in(reader)
    is_dated_by_name = published is not None and not published.is_written
    return reader.location.name if is_dated_by_name else reader.location.basename


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
