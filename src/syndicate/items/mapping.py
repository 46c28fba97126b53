"""From front matter and body to an item: every field by the rules, all faults of the file at once. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from syndicate.errors import Fault
from syndicate.items import fields
from syndicate.items.body import before_more, body_html, safe_body, text_of
from syndicate.items.dates import moment
from syndicate.items.featured import Featured, featured_of
from syndicate.items.fields import Found
from syndicate.items.item import Image, Item, Offering, Teaser, Topic
from syndicate.items.links import host_of, link_key, page_at, usable
from syndicate.items.plain import plain
from syndicate.items.rules import FIELDS, Rules
from syndicate.items.summary import description_of, summary_of
from syndicate.items.topics import slug_of, topics_of
from syndicate.items.tree import Tree

LIMIT_ID = 200

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z", re.ASCII)
_AUTHOR_LINK = re.compile(r"\[([^\[\]\n]+)\]\([^()\s]*\)")
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file says: an item, or the rule that hides it, or the faults that prevent one.

    `images` are the places below the store's root where the featured image may lie, in order; the item's image then
    has the first as `ref` and its bytes still have to be looked at. `faults` of an item are warnings only.
    """

    item: Item | None = None
    skipped: str | None = None
    faults: tuple[Fault, ...] = ()
    images: tuple[str, ...] = ()


def item_from(front: Tree, body: str, *, path: str, rules: Rules, now: datetime | None = None) -> Reading:
    """The item that a file holds.

    Args:
        front: the file's front matter.
        body: what follows it, as written.
        path: the file's POSIX path below the store's root.
        rules: where each field comes from.
        now: aware; without it nothing is too far ahead, and nothing has expired.
    """
    reader = _Reader(front, path, rules)
    skipped = _hidden_by(reader, now)
    if skipped is not None:
        return Reading(skipped=skipped, faults=front.faults)
    title = reader.text("title")
    published = _published(reader, now)
    page, link = _page(reader), _link(reader)
    if not title:
        reader.fail("E-NO-TITLE", "has no title", f"write `{reader.key('title')}: ...`")
    if page is None and link is None and not reader.failed("E-LINK", "E-PATH"):
        remedy = f"write `{reader.key('link')}: https://...`, or set `site.url` and `content.fields.page`"
        reader.fail("E-NO-LINK", "has no address to lead readers to", remedy)
    if published is None or reader.failed("E-"):
        return Reading(faults=(*front.faults, *reader.faults))
    featured = _featured(reader, title)
    item = _item(reader, body, title=title, published=published, page=page, link=link)
    item = replace(item, image=_image(featured))
    images = featured.paths if featured is not None else ()
    return Reading(item, faults=(*front.faults, *reader.faults), images=images)


def sources_of(front: Tree, *, path: str, rules: Rules) -> dict[str, Found]:
    """Which source gives each field that is not blank."""
    found = {name: fields.first(front, rules.fields.get(name, ()), path) for name in sorted(FIELDS)}
    return {name: value for name, value in found.items() if value is not None}


@dataclass(slots=True)
class _Reader:
    """One file being read: its fields as clean text, and the faults met on the way."""

    front: Tree
    path: str
    rules: Rules
    faults: list[Fault] = field(default_factory=list)

    def found(self, name: str) -> Found | None:
        return fields.first_text(self.front, self.rules.fields.get(name, ()), self.path)

    def raw(self, name: str) -> str:
        found = self.found(name)
        return str(found.value).strip() if found is not None else ""

    def text(self, name: str) -> str:
        """The first source whose text is not blank once it is clean."""
        return next(self.texts(name), "")

    def texts(self, name: str) -> Iterator[str]:
        """Every source's clean text, in order; blank ones are dropped."""
        for source in self.rules.fields.get(name, ()):
            found = fields.first_text(self.front, (source,), self.path)
            text = plain(str(found.value)) if found is not None else ""
            if text:
                yield text

    def members(self, name: str) -> list[str]:
        """The clean texts of the first source that is not blank; commas part a single text."""
        found = fields.first(self.front, self.rules.fields.get(name, ()), self.path)
        if found is None:
            return []
        parts = found.value.split(",") if isinstance(found.value, str) else fields.texts_of(found.value)
        return [text for part in parts if (text := plain(part))]

    def key(self, name: str) -> str:
        """How a file would name the field."""
        return next((source for source in self.rules.fields.get(name, ()) if ":" not in source), name)

    def fail(self, code: str, problem: str, remedy: str, found: Found | None = None) -> None:
        line, column = (found.line, found.column) if found is not None else (self.front.line, None)
        self.faults.append(Fault(self.path, code, problem, remedy, line=line, column=column))

    def failed(self, *codes: str) -> bool:
        return any(fault.code.startswith(codes) for fault in self.faults)


def _item(reader: _Reader, body: str, *, title: str, published: datetime, page: str | None, link: str | None) -> Item:
    """The item without its image."""
    rules = reader.rules
    safe = safe_body(body, page or rules.site_url or link)
    if safe.problem:
        reader.fail("W-BODY-AS-TEXT", f"the body {safe.problem}; only its text is used", "split it, or simplify it")
    body_text = text_of(safe.html)
    excerpt = text_of(body_html(before_more(body), None)) if "<!--" in body else ""
    return Item(
        id=_identity(reader, link),
        path=reader.path,
        title=title,
        summary=summary_of(
            reader.texts("summary"), excerpt=excerpt, body_html=safe.html, body=body_text, limit=rules.limit_summary
        ),
        published=published,
        updated=_updated(reader, published),
        slug=_slug(reader),
        description=description_of(reader.text("description"), body_text),
        body_html=safe.html,
        link=link,
        page=page,
        brand=reader.text("brand") or (host_of(link) if link else None) or None,
        authors=_authors(reader),
        topics=_topics(reader),
        tags=tuple(dict.fromkeys(reader.members("tags"))),
        section=reader.text("section") or None,
        language=_language(reader),
        open_graph=Teaser(reader.text("og_title"), reader.text("og_description")),
        twitter=Teaser(reader.text("twitter_title"), reader.text("twitter_description")),
        offerings=_offerings(reader),
    )


def _hidden_by(reader: _Reader, now: datetime | None) -> str | None:
    for hiding in reader.rules.hidings:
        found = fields.first_text(reader.front, hiding.sources, reader.path)
        if found is not None and str(found.value).strip().casefold() in hiding.texts:
            return hiding.name
    if reader.rules.hides_expired and now is not None:
        expires = _moment(reader, reader.raw("expires"))
        if expires is not None and expires <= now:
            return "expired"
    return None


def _moment(reader: _Reader, text: str) -> datetime | None:
    return moment(text, reader.rules.zone, formats=reader.rules.date_formats) if text else None


def _published(reader: _Reader, now: datetime | None) -> datetime | None:
    found = reader.found("published")
    if found is None:
        reader.fail("E-NO-DATE", "has no date", f"write `{reader.key('published')}: 2023-06-07`")
        return None
    text = str(found.value).strip()
    published = _moment(reader, text)
    if published is None:
        problem = f"`{found.source}` is no possible date: {text[:60]}"
        reader.fail("E-DATE", problem, "write it as 2023-06-07 or 2023-06-07T10:04:54Z", found)
        return None
    latest = now.year + reader.rules.latest_year_offset if now is not None else published.year
    if not 1970 <= published.year <= latest:
        problem = f"`{found.source}` is not between 1970 and {latest}: {text[:60]}"
        reader.fail("E-DATE", problem, "correct the year", found)
        return None
    return published


def _updated(reader: _Reader, published: datetime) -> datetime:
    found = reader.found("updated")
    if found is None:
        return published
    updated = _moment(reader, str(found.value).strip())
    if updated is None:
        problem = f"`{found.source}` is no possible date and was passed over: {str(found.value)[:60]}"
        reader.fail("W-DATE", problem, "write it as 2023-06-07T10:04:54Z", found)
        return published
    return max(updated, published)


def _link(reader: _Reader) -> str | None:
    """The outbound link; a path counts from the site."""
    found = reader.found("link")
    if found is None:
        return None
    text = str(found.value).strip()
    link = usable(text) or (page_at(reader.rules.site_url, text) if text.startswith("/") else None)
    if link is None:
        problem = f"`{found.source}` is no http or https address: {text[:80]}"
        reader.fail("E-LINK", problem, "write the whole address, beginning with https://", found)
    return link


def _page(reader: _Reader) -> str | None:
    """The item's own page; None where the site has no address."""
    found = reader.found("page")
    if found is None:
        return None
    text = str(found.value).strip()
    if not reader.rules.site_url and not _ABSOLUTE.match(text):
        return None
    page = page_at(reader.rules.site_url, text)
    if page is None:
        problem = f"`{found.source}` is no safe path on the site: {text[:80]}"
        reader.fail("E-PATH", problem, "write a path such as /news/title, without `..`", found)
    return page


def _identity(reader: _Reader, link: str | None) -> str:
    """The name that never changes: the file's id with its source, else the link, else the path."""
    given = plain(reader.raw("id"))
    if given:
        identity = f"{plain(reader.raw('source')) or 'item'}:{given}"
        return identity if len(identity) <= LIMIT_ID else f"{identity[: LIMIT_ID - 33]}:{_digest(identity)}"
    # A link that was completed by a setting does not count: changing the setting must not make a new item.
    if link is not None and _ABSOLUTE.match(reader.raw("link")):
        return f"link:{_digest(link_key(link, ()))}"
    return f"path:{reader.path}"


def _slug(reader: _Reader) -> str:
    slug = plain(reader.raw("slug"))
    return slug if re.fullmatch(r"\w[\w.~-]*", slug) and len(slug) <= LIMIT_ID else slug_of(slug) if slug else ""


def _authors(reader: _Reader) -> tuple[str, ...]:
    found = fields.first(reader.front, reader.rules.fields.get("authors", ()), reader.path)
    authors: list[str] = []
    for text in fields.texts_of(found.value) if found is not None else ():
        authors += _AUTHOR_LINK.findall(text) or [text]
    return tuple(dict.fromkeys(name for author in authors if (name := plain(author))))


def _topics(reader: _Reader) -> tuple[Topic, ...]:
    rules = reader.rules
    found = fields.first(reader.front, rules.fields.get("topics", ()), reader.path)
    if found is None:
        return ()
    names: tuple[str | None, ...] = fields.aligned_texts(found.value)
    if isinstance(found.value, str) and not rules.has_vocabularies:
        names = tuple(found.value.split(","))
    return topics_of(
        names,
        labels=_parallel(reader, "topic_labels"),
        places=_parallel(reader, "topic_places"),
        has_vocabularies=rules.has_vocabularies,
        site_url=rules.site_url,
        place_prefix=rules.topic_prefix,
    )


def _parallel(reader: _Reader, name: str) -> tuple[str | None, ...]:
    found = fields.first(reader.front, reader.rules.fields.get(name, ()), reader.path)
    return fields.aligned_texts(found.value) if found is not None else ()


def _language(reader: _Reader) -> str:
    language = reader.raw("language").replace("_", "-")
    return language if _LANGUAGE.match(language) else reader.rules.language


def _featured(reader: _Reader, title: str) -> Featured | None:
    found = fields.first(reader.front, reader.rules.fields.get("image", ()), reader.path)
    if found is None:
        return None
    featured = featured_of(found.value, path=reader.path, folders=reader.rules.image_folders, title=title)
    if featured is None or featured.refusal is None:
        return featured
    code, problem = featured.refusal
    reader.fail(code, problem, "the item goes out without an image; correct or replace it", found)
    return None


def _image(featured: Featured | None) -> Image | None:
    if featured is None:
        return None
    return Image(ref=featured.url or featured.paths[0], alt=featured.alt)


def _offerings(reader: _Reader) -> tuple[Offering, ...]:
    """Related products with a page; their topics are theirs, not the item's."""
    found = fields.first(reader.front, reader.rules.fields.get("offerings", ()), reader.path)
    members = found.value if found is not None and isinstance(found.value, list) else []
    offerings = []
    for member in members:
        label = plain(next(iter(fields.texts_of(member, ("label", "name", "title"))), ""))
        place = next(iter(fields.texts_of(member, ("permalink", "url", "href"))), "")
        url = page_at(reader.rules.site_url, place) if place and isinstance(member, dict) else None
        if label and url:
            offerings.append(Offering(label, url))
    return tuple(offerings)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
