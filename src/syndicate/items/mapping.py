"""From front matter and body to an item: every field by the rules, all faults of the file at once. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct

from syndicate.errors import Fault
from syndicate.items import fields
from syndicate.items.addresses import identity_of, link_of, page_of, slug_in
from syndicate.items.body import SafeBody, format_of, safe_body, text_of
from syndicate.items.featured import Featured, featured_of, unnamed
from syndicate.items.fields import Found
from syndicate.items.item import Image, Item, Offering, Teaser, Topic
from syndicate.items.links import host_of, is_same_page, page_at
from syndicate.items.location import Location
from syndicate.items.overrides import AskedImage, posting_of
from syndicate.items.plain import plain
from syndicate.items.posting import Posting
from syndicate.items.reader import Reader
from syndicate.items.rules import Rules
from syndicate.items.shortcodes import Places
from syndicate.items.summary import Opening, description_of, summary_of
from syndicate.items.times import expires_of, published_of, updated_of
from syndicate.items.topics import topics_of
from syndicate.items.tree import Tree, Value
from syndicate.items.visibility import hidden_by

_AUTHOR_LINK = re.compile(r"\[([^\[\]\n]+)\]\([^()\s]*\)")

_LABELS, _PLACES = ("label", "name", "title"), ("permalink", "url", "href")  # of an offering


class Reading(Struct, frozen=True, gc=False):
    """What one file says: an item, or the rule that hides it, or the faults that prevent one.

    `images` are the places below the store's root where the featured image may lie, in order; the item's image then
    has the first as `ref` and its bytes still have to be looked at. `is_image_asked`: the file names it, and how is
    `image_named`, so that it is a fault if there is none. `post_images` are those that single channels show instead;
    the item's posting names each by its first place. `faults` of an item are warnings only.
    """

    item: Item | None = None
    skipped: str | None = None
    faults: tuple[Fault, ...] = ()
    images: tuple[str, ...] = ()
    is_image_asked: bool = True
    image_named: Found | None = None
    post_images: tuple[AskedImage, ...] = ()


class _Head(Struct, frozen=True, gc=False):
    """What of an item is known before its body is read; see `Item`."""

    title: str
    published: datetime
    page: str | None
    link: str | None
    language: str
    expires: datetime | None


def item_from(
    front: Tree, body: str, *, path: str, rules: Rules, now: datetime | None = None, modified: datetime | None = None
) -> Reading:
    """The item that a file holds.

    Args:
        front: the file's front matter.
        body: what follows it, as written.
        path: the file's POSIX path below the store's root.
        rules: where each field comes from.
        now: aware; without it nothing is too far ahead, and nothing has expired.
        modified: when the file was changed last, aware, for sites that ask for it (`file:modified`).
    """
    reader = Reader(front, location_of(path, rules, modified), rules)
    skipped = hidden_by(reader)
    language = reader.language
    if skipped is None and not _is_published_in(language, rules.languages):
        skipped = "language"
    if skipped is None and rules.hides_undated and reader.found("published") is None:
        skipped = "undated"
    expires = expires_of(reader)
    if skipped is None and now is not None and expires is not None and expires <= now:
        skipped = "expired"
    if skipped is not None:
        return Reading(skipped=skipped, faults=front.faults)
    title = reader.text("title")
    published = published_of(reader, now)
    page = page_of(reader, title=title, published=published, language=language)
    link = link_of(reader)
    if not title:
        reader.fail("E-NO-TITLE", "has no title", f"write `{reader.key('title')}: ...`")
    if page is None and link is None and not reader.failed("E-LINK", "E-PATH"):
        remedy = f"write `{reader.key('link')}: https://...`, or set `site.url` and `content.permalink`"
        reader.fail("E-NO-LINK", "has no address to lead readers to", remedy)
    if published is None or reader.failed("E-"):
        return Reading(faults=(*front.faults, *reader.faults))
    if page is not None and link is not None and is_same_page(page, link):
        link = None  # a canonical address that is the item's own leads nowhere else
    safe = _body(reader, body, page or rules.site_url or link)
    pictures = _Pictures(reader, title, safe.first_image)
    item = _item(reader, safe, _Head(title, published, page, link, language, expires), pictures)
    faults = (*front.faults, *reader.faults)
    return Reading(item, None, faults, pictures.paths, pictures.is_asked, pictures.named, pictures.of_posts)


def location_of(path: str, rules: Rules, modified: datetime | None = None) -> Location:
    """Where a file lies, read by the rules."""
    languages = (*rules.languages, *rules.language_folders)
    return Location(path, filename=rules.filename, leads=rules.leads, languages=languages, modified=modified)


def _item(reader: Reader, safe: SafeBody, head: _Head, pictures: _Pictures) -> Item:
    link = head.link
    opening = Opening(safe.html)
    return Item(
        id=identity_of(reader, link),
        path=reader.path,
        title=head.title,
        summary=summary_of(
            reader.texts("summary"),
            excerpt=text_of(safe.excerpt) if safe.excerpt else "",
            opening=opening,
            limit=reader.rules.body.limit_summary,
        ),
        published=head.published,
        updated=updated_of(reader, head.published),
        slug=slug_in(reader),
        description=description_of(reader.text("description"), opening),
        body_html=safe.html,
        link=link,
        page=head.page,
        brand=reader.text("brand") or (host_of(link) if link else None) or None,
        authors=_authors(reader),
        topics=_topics(reader),
        tags=tuple(dict.fromkeys(reader.members("tags"))),
        section=reader.text("section") or None,
        language=head.language,
        open_graph=Teaser(reader.text("og_title"), reader.text("og_description")),
        twitter=Teaser(reader.text("twitter_title"), reader.text("twitter_description")),
        offerings=_offerings(reader),
        expires=head.expires,
        group=reader.raw("group") or None,
        image=pictures.featured(),
        posting=pictures.posting(),
    )


class _Pictures:
    """The images that a file names, looked up while its item is made; what of it is not in the item see `Reading`.

    `first` is address and alt text of the body's first image; `of_posts` are the images of single channels.
    """

    def __init__(self, reader: Reader, title: str, first: tuple[str, str]) -> None:
        self._reader = reader
        self._title = title
        self._first = first
        self.paths: tuple[str, ...] = ()
        self.is_asked = False
        self.named: Found | None = None
        self.of_posts: tuple[AskedImage, ...] = ()

    def featured(self) -> Image | None:
        """The featured image, as far as the file tells it."""
        featured, self.named = _featured(self._reader, self._first, self._title)
        if featured is None:
            return None
        self.paths, self.is_asked = featured.paths, not featured.is_optional
        return Image(ref=featured.url or featured.paths[0], alt=featured.alt)

    def posting(self) -> Posting | None:
        """What the file says of the item's posts."""
        posting, self.of_posts = posting_of(self._reader, self._title)
        return posting


def _body(reader: Reader, body: str, base: str | None) -> SafeBody:
    rules, mark = reader.rules, reader.raw("more")
    safe = safe_body(
        body,
        base,
        path=reader.path,
        written=format_of(reader.raw("body_format")) or rules.body.format,
        more=(*rules.body.more, mark) if mark else rules.body.more,
        places=Places(rules.site_url, rules.body.post_page),
    )
    if safe.problem:
        reader.fail("W-BODY-AS-TEXT", f"the body {safe.problem}; only its text is used", "split it, or simplify it")
    return safe


def _authors(reader: Reader) -> tuple[str, ...]:
    found = reader.found("authors")
    authors: list[str] = []
    for text in fields.texts_of(found.value) if found is not None else ():
        authors += (_AUTHOR_LINK.findall(text) if "](" in text else ()) or [text]
    return tuple(dict.fromkeys(name for author in authors if (name := plain(author))))


def _topics(reader: Reader) -> tuple[Topic, ...]:
    rules = reader.rules.topics
    lists = [_names(found.value, rules.split) for found in reader.usable("topics")]
    names = tuple(name for one in lists for name in one) if rules.is_union else next(iter(lists), ())
    return topics_of(
        names,
        labels=_parallel(reader, "topic_labels"),
        places=_parallel(reader, "topic_places"),
        rules=rules,
        site_url=reader.rules.site_url,
    )


def _names(value: Value, split: str) -> tuple[str | None, ...]:
    if isinstance(value, str) and split:
        return tuple(fields.parts_of(value, split))
    return fields.aligned_texts(value)


def _parallel(reader: Reader, name: str) -> tuple[str | None, ...]:
    found = reader.found(name)
    return fields.aligned_texts(found.value) if found is not None else ()


def _is_published_in(language: str, languages: tuple[str, ...]) -> bool:
    """`en` means `en-GB`, too."""
    folded = language.casefold()
    wanted = [one.casefold() for one in languages]
    return not wanted or any(folded == one or folded.startswith(f"{one}-") for one in wanted)


def _featured(reader: Reader, first: tuple[str, str], title: str) -> tuple[Featured | None, Found | None]:
    """The image, and what in the file names it."""
    found, search = reader.found("image"), reader.rules.images
    featured = None
    if found is not None:
        featured = featured_of(found.value, path=reader.path, search=search, title=title)
    if found is None or featured is None:
        return unnamed(first, path=reader.path, search=search, title=title), None
    if featured.refusal is None:
        return featured, found
    code, problem = featured.refusal
    reader.fail(code, problem, "the item goes out without an image; correct or replace it", found)
    return None, None


def _offerings(reader: Reader) -> tuple[Offering, ...]:
    """Related products with a page; their topics are theirs, not the item's."""
    found = reader.found("offerings")
    members = found.value if found is not None and isinstance(found.value, list) else []
    offerings = []
    for member in members:
        place = fields.text_in(member, _PLACES) if isinstance(member, dict) else None
        url = page_at(reader.rules.site_url, place) if place else None
        label = plain(fields.text_in(member, _LABELS) or "") if url else ""
        if url and label:
            offerings.append(Offering(label, url))
    return tuple(offerings)
