"""RSS 2.0 and Atom 1.0, the only place that speaks with feedgen.

feedgen loses Atom link relations, media elements, authors without e-mail and all but one channel link; what it loses
is written by extensions through its public API instead. It writes RSS dates through the process-wide `setlocale`, so
entries get theirs from here, and a lock keeps two threads from rendering at once. Pure.
"""

from __future__ import annotations

import re
import threading
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree
from msgspec import structs

from syndicate.feeds.additions import NAMESPACES, finish_channel, finish_entry, finish_feed, finish_item
from syndicate.feeds.formats import FORMATS, alternates_of, history_of, page_address
from syndicate.feeds.frame import frame_outline, frame_sample, frame_texts
from syndicate.feeds.mould import MOST_MOULDS, Mould, Parts, comes_again, in_xml, is_escaped, parts_of, sample_of
from syndicate.feeds.text import SEAM, as_html

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from syndicate.feeds.entry import Entry
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.frame import FrameOutline
    from syndicate.feeds.mould import Cast, Outline
    from syndicate.feeds.site import Site

    Links = list[dict[str, str]]

Kind = Literal["rss", "atom"]
_ENTRY: Mapping[Kind, bytes] = {"rss": b"item", "atom": b"entry"}
_TAIL: Mapping[Kind, bytes] = {"rss": b"  </channel>", "atom": b"</feed>"}
_INDENT: Mapping[Kind, bytes] = {"rss": b"    ", "atom": b"  "}

# Elements of RSS that hold plain text. Readers disagree whether to take it for HTML; least harm comes from hexadecimal
# references (RSS Advisory Board, "RSS Best Practices Profile", section "Character Data", read 2026-11).
_PLAIN = re.compile(rb"<(?:title|description|copyright|category|dc:creator)(?: [^>]*)?>[^<]*&[^<]*")
_REFERENCES = ((b"&amp;", b"&#x26;"), (b"&lt;", b"&#x3C;"), (b"&gt;", b"&#x3E;"))

_SURELY_READ_BYTES = 1_000_000
"""What lxml wrote, it reads again, as long as no text in it is longer than libxml2 takes (10 MB)."""

_rendering = threading.Lock()


class Entries:
    """Entries as they stand in documents, each made once per format and kept for later feeds and later passes.

    One that XML cannot carry, or a parser would refuse, is left out of all formats, so that it never costs a feed.
    `left_out` tells their ids, with the reason; whoever changes an item takes it out there.
    At most `room` entries are kept.
    """

    def __init__(self, room: int = 4096) -> None:
        self.left_out: dict[str, str] = {}
        self._room = room
        # By the object, which is kept with it: comparing and hashing all that an entry says costs more than it saves.
        self._kept: dict[int, _Kept] = {}
        self._frames: dict[tuple[int, Kind, FrameOutline], tuple[Site, Mould]] = {}

    def drop(self, entry: Entry) -> None:
        """Nobody is going to ask for this one."""
        self._kept.pop(id(entry), None)

    def sound(self, feed: Feed) -> Feed:
        """The feed without the entries that XML cannot carry."""
        kept = self._of(feed.entries)
        if not any(one.fault for one in kept):
            return feed
        sound = [entry for entry, one in zip(feed.entries, kept, strict=True) if self._is_sound(entry, one)]
        return structs.replace(feed, entries=tuple(sound))

    def xml(self, entries: Sequence[Entry], kind: Kind) -> list[bytes]:
        """The entries' elements; those that are left out have none."""
        pairs = zip(entries, self._of(entries), strict=True)
        return [kept.made.get(kind) or kept.make_xml(kind) for entry, kept in pairs if self._is_sound(entry, kept)]

    def others(self, entries: Sequence[Entry], name: str, cast: Cast) -> list[bytes]:
        """The entries in another format, which `cast` gives; they need not be such that XML can carry."""
        return [kept.made.get(name) or kept.make(name, cast) for kept in self._of(entries)]

    def frame(self, feed: Feed, site: Site, kind: Kind) -> bytes:
        """The feed's document without entries; feedgen's, or cast from what it wrote of another feed of the site."""
        outline, texts = frame_outline(feed), frame_texts(feed, site)
        if outline is None or texts is None or not comes_again(outline, kind):
            return _frame(feed, site, kind)
        key = id(site), kind, outline
        if key not in self._frames:
            sample = frame_sample(feed)
            marks = frame_texts(sample, site)
            assert marks is not None, "nothing in a sample is out of the ordinary"
            mould = Mould(_frame(sample, site, kind), marks.split(SEAM), is_quoting=True)
            self._frames[key] = site, mould  # the site is kept, so that no other one has its id
        return _finished(self._frames[key][1].cast(in_xml(texts)), kind)

    def _is_sound(self, entry: Entry, kept: _Kept) -> bool:
        if kept.fault:
            self.left_out[entry.id] = kept.fault
        return not kept.fault

    def _of(self, entries: Sequence[Entry]) -> list[_Kept]:
        found = self._kept
        return [found.get(id(entry)) or self._new(entry) for entry in entries]

    def _new(self, entry: Entry) -> _Kept:
        while len(self._kept) >= self._room:
            del self._kept[next(iter(self._kept))]
        kept = self._kept[id(entry)] = _Kept(entry)
        return kept


class _Kept:
    """An entry as it was made, by format; `fault` tells why XML cannot carry it, where it is so."""

    __slots__ = ("_parts", "fault", "made")

    def __init__(self, entry: Entry) -> None:
        self.fault = ""
        self._parts = parts_of(entry)
        self.made: dict[str, bytes] = {}
        if self._parts.outline is None:
            try:
                self.made = {"rss": _element(entry, "rss"), "atom": _element(entry, "atom")}
            except (ValueError, etree.LxmlError) as cause:
                self.fault = str(cause)

    def make_xml(self, kind: Kind) -> bytes:
        self.made |= _elements(self._parts, kind)
        return self.made[kind]

    def make(self, name: str, cast: Cast) -> bytes:
        made = self.made[name] = cast(self._parts)
        return made


def rss(feed: Feed, site: Site, entries: Entries | None = None) -> bytes:
    """The feed as RSS 2.0."""
    return _document(feed, site, "rss", entries or Entries())


def atom(feed: Feed, site: Site, entries: Entries | None = None) -> bytes:
    """The feed as Atom 1.0 (RFC 4287)."""
    return _document(feed, site, "atom", entries or Entries())


def _document(feed: Feed, site: Site, kind: Kind, entries: Entries) -> bytes:
    frame = entries.frame(feed, site, kind)
    made = entries.xml(feed.entries, kind)
    # Joining is some hundred times cheaper than serialising every entry again for each feed it stands in.
    head, tail, rest = frame.rpartition(_TAIL[kind])
    parts = [part for element in made for part in (_INDENT[kind], element, b"\n")]
    return b"".join((head, *parts, tail, rest))


def _bytes(generator: FeedGenerator, kind: Kind) -> bytes:
    made: bytes = generator.rss_str(pretty=True) if kind == "rss" else generator.atom_str(pretty=True)
    return _finished(made, kind)


def _with_references(found: re.Match[bytes]) -> bytes:
    text = found[0]
    for name, number in _REFERENCES:
        text = text.replace(name, number)
    return text


class _Additions:
    """A feedgen extension, for feeds and entries: `write` adds to the element what feedgen has no way to say."""

    def __init__(self) -> None:
        self.namespaces: Mapping[str, str] = {}
        self.write: Callable[[etree._Element], None] = lambda _: None

    def extend_ns(self) -> Mapping[str, str]:
        """Prefixes for the document's root."""
        return self.namespaces

    def extend_rss(self, element: etree._Element) -> None:
        """Called by feedgen with `rss` or `item`."""
        self.write(element)

    def extend_atom(self, element: etree._Element) -> None:
        """Called by feedgen with `feed` or `entry`."""
        self.write(element)


def _generator(kind: Kind) -> FeedGenerator:
    generator = FeedGenerator()
    generator.register_extension("additions", _Additions, _Additions)
    generator.additions.namespaces = NAMESPACES[kind]
    return generator


def _frame(feed: Feed, site: Site, kind: Kind) -> bytes:
    """The feed's document without entries."""
    with _rendering:
        return _bytes(_told_feed(feed, site, kind), kind)


def _told_feed(feed: Feed, site: Site, kind: Kind) -> FeedGenerator:
    generator = _generator(kind)
    generator.id(site.tag(f"feed/{feed.key}"))
    generator.title(feed.title)
    generator.description(feed.description)
    generator.language(feed.language)
    generator.updated(feed.updated)
    generator.generator("syndicate")
    generator.author(name=site.publisher)
    form = FORMATS[kind]
    generator.link(href=site.address(f"{feed.path}/{form.file_name}"), rel="self", type=form.media_type)
    others = [*alternates_of(feed, site, kind), *history_of(feed, site, form)]
    if not feed.current:
        others += [{"rel": "hub", "href": hub} for hub in site.hubs]
    if site.rights:
        generator.rights(site.rights)
    if kind == "rss":
        generator.ttl(site.ttl_min)
        generator.additions.write = lambda root: finish_channel(root[0], feed, site, others)
    else:
        generator.additions.write = lambda root: finish_feed(root, feed, site, others)
    # feedgen takes the last link for the channel's own, whatever its relation.
    generator.link(href=page_address(feed, site), rel="alternate", type="text/html")
    return generator


def _element(entry: Entry, kind: Kind) -> bytes:
    """The entry's element as bytes, fit to stand in any frame of its kind.

    Raises:
        ValueError, etree.LxmlError: XML cannot carry it.
    """
    told = _told(entry, kind)
    element = told.rss_entry() if kind == "rss" else told.atom_entry()
    with _rendering:
        made = _framed(element, kind)
    if len(made) > _SURELY_READ_BYTES:
        strict = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        etree.fromstring(made, strict)  # as strict as readers are
    # Without CDATA these marks cannot occur inside text or attributes.
    name = _ENTRY[kind]
    end = b"</" + name + b">"
    return _finished(made[made.index(b"<" + name) : made.rindex(end) + len(end)], kind)


def _elements(parts: Parts, kind: Kind) -> dict[str, bytes]:
    """What `_element` gives; both kinds where they are cast, as their texts are written alike."""
    if parts.outline is None or not comes_again(parts.outline, kind):
        return {kind: _element(parts.entry, kind)}
    texts = in_xml(parts.texts, parts.entry.content_html)
    made: dict[str, bytes] = {one: _mould(parts.outline, one).cast(texts) for one in _ENTRY}
    if is_escaped(parts.entry):
        made["rss"] = _finished(made["rss"], "rss")
    return made


@lru_cache(MOST_MOULDS)
def _mould(outline: Outline, kind: Kind) -> Mould:
    sample, texts = sample_of(outline)
    return Mould(_element(sample, kind), texts, is_quoting=True)


def _finished(made: bytes, kind: Kind) -> bytes:
    return _PLAIN.sub(_with_references, made) if kind == "rss" else made


def _framed(element: etree._Element, kind: Kind) -> bytes:
    """The element alone in a document."""
    root = _root(kind)
    holder = root[0] if kind == "rss" else root
    holder.append(element)
    try:
        made: bytes = etree.tostring(root, pretty_print=True, encoding="UTF-8")
    finally:
        holder.remove(element)
    return made


@cache
def _root(kind: Kind) -> etree._Element:
    """The frame of a document with all its namespaces, and nothing in it."""
    generator = _generator(kind)
    generator.id("-")
    generator.title("-")
    generator.description("-")
    generator.link(href="https://frame.invalid/")
    root = etree.fromstring(_bytes(generator, kind))
    holder = root[0] if kind == "rss" else root
    for child in list(holder):
        holder.remove(child)
    root.text = holder.text = holder.tail = None
    return root


def _told(entry: Entry, kind: Kind) -> FeedEntry:
    told = FeedEntry()
    told.register_extension("additions", _Additions)
    told.id(entry.id)
    told.title(entry.title)
    told.updated(entry.updated)
    told.content(entry.content_html, type="html")
    told.category([_category(term=c.term, label=c.label, scheme=c.scheme) for c in entry.categories])
    told.link(href=entry.link, rel="alternate")
    if kind == "rss":
        told.description(as_html(entry.summary), isSummary=True)
        if entry.image and entry.image.is_enclosable:
            told.enclosure(entry.image.url, entry.image.size_bytes, entry.image.media_type)
        told.additions.write = lambda item: finish_item(item, entry)
    else:
        told.summary(entry.summary)
        told.published(entry.published)
        told.author([{"name": name} for name in entry.authors])
        told.additions.write = lambda element: finish_entry(element, entry)
    return told


def _category(**parts: str | None) -> dict[str, str]:
    return {name: value for name, value in parts.items() if value}
