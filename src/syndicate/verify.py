"""Whether the feeds on a shelf tell what the store holds: read back by other code than made them.

Each feed is followed from its own document through its archive documents, as a reader would.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from lxml import etree

from syndicate.errors import Fault
from syndicate.feeds.catalogue import Catalogue
from syndicate.feeds.entry import entry_id, entry_of, tag_of
from syndicate.feeds.feed import Feed
from syndicate.feeds.formats import DIRECTORY, Format, subscribable
from syndicate.feeds.site import Site
from syndicate.feeds.xml import Entries

Read = Callable[[str], bytes | None]
"""Gives the bytes at a path of the shelf, None if nothing stands there."""

_ATOM = "{http://www.w3.org/2005/Atom}"
_TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
_ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"


@dataclass(frozen=True, slots=True)
class Told:
    """What a document tells when it is read: ids and dates in its order, and where it says it stands.

    `tombstones` are ids of entries that left, each with the time.
    """

    ids: tuple[str, ...]
    published: tuple[datetime, ...]
    address: str
    older: str = ""
    newer: str = ""
    current: str = ""
    is_archive: bool = False
    tombstones: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at, and every fault that was found."""

    feeds: int
    documents: int
    entries: int
    faults: tuple[Fault, ...]

    @property
    def is_readable(self) -> bool:
        """Whether every document that was there could be read."""
        return all(fault.code != "E-FEED-UNREADABLE" for fault in self.faults)


def verify(
    catalogue: Catalogue,
    site: Site,
    read: Read,
    *,
    standing: Collection[str] = (),
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Read every feed of the store from the shelf and compare.

    Args:
        catalogue: the store's feeds as they ought to be.
        read: gives the bytes at a path of the shelf.
        standing: paths of the feeds' documents that stand there, where they can be listed.
        tell: hears how many feeds were looked at, and how many there are.
    """
    check = _Check(catalogue, site, read)
    for number, feed in enumerate(catalogue.feeds, start=1):
        for form in subscribable(feed):
            check.feed(feed, form)
        tell(number, len(catalogue.feeds))
    check.directory()
    check.strangers(standing)
    return Verdict(len(catalogue.feeds), check.documents, check.entries, tuple(check.faults))


class _Check:
    """Collects the faults of a shelf."""

    def __init__(self, catalogue: Catalogue, site: Site, read: Read) -> None:
        self.faults: list[Fault] = []
        self.documents = 0
        self.entries = 0
        self._catalogue = catalogue
        self._site = site
        self._read = read
        self._sound = Entries()
        self._seen: set[str] = set()

    def feed(self, feed: Feed, form: Format) -> None:
        """Follow one feed in one format through its history."""
        path = f"{feed.path}/{form.file_name}"
        chain: dict[str, Told] = {}
        while path and path not in chain:
            told = self._document(path, form)
            if told is None:
                return
            self._links(path, told, f"{feed.path}/{form.file_name}", chain)
            chain[path] = told
            path = self._path_at(told.older, path)
        if path:
            self._fault(path, "E-FEED-CHAIN", "its archive documents lead in a circle")
        self._contents(feed, form, list(chain.values()))

    def strangers(self, standing: Collection[str]) -> None:
        """Nothing stands there that no feed leads to."""
        moved = tuple(f"{old}/" for old, _ in self._site.moved)
        for path in sorted(standing):
            if path not in self._seen and not path.startswith(moved):
                self._fault(path, "E-FEED-STALE", "stands there, though no feed leads to it")

    def directory(self) -> None:
        """Every address in the OPML file is that of a document."""
        content = self._read(DIRECTORY)
        if content is None:
            self._fault(DIRECTORY, "E-FEED-MISSING", "is not there")
            return
        try:
            outlines = [one.get("xmlUrl", "") for one in _xml(content).iter("outline") if one.get("type") == "rss"]
        except _UNREADABLE as cause:
            self._fault(DIRECTORY, "E-FEED-UNREADABLE", f"cannot be read: {cause}")
            return
        self.documents += 1
        expected = {
            self._site.address(f"{feed.path}/{form.file_name}")
            for feed in self._catalogue.feeds
            for form in subscribable(feed)[:1]
        }
        for address in sorted(expected ^ set(outlines)):
            word = "does not name" if address in expected else "names what the store has no feed for:"
            self._fault(DIRECTORY, "E-FEED-STALE", f"{word} {address}")

    def _document(self, path: str, form: Format) -> Told | None:
        self._seen.add(path)
        content = self._read(path)
        if content is None:
            self._fault(path, "E-FEED-MISSING", "is not there")
            return None
        try:
            told = _READERS[form.name](content)
        except _UNREADABLE as cause:
            self._fault(path, "E-FEED-UNREADABLE", f"cannot be read: {cause}")
            return None
        self.documents += 1
        self.entries += len(told.ids)
        return told

    def _links(self, path: str, told: Told, current: str, chain: Mapping[str, Told]) -> None:
        """Whether the document names itself, its feed, and the document that led to it."""
        newer = list(chain)[-1] if len(chain) > 1 else ""
        wanted = {
            "itself": (told.address, self._site.address(path)),
            "its feed": (told.current, self._site.address(current) if chain else ""),
            "the next archive document": (told.newer, self._site.address(newer) if newer else ""),
        }
        for whom, (found, due) in wanted.items():
            if found != due:
                self._fault(path, "E-FEED-CHAIN", f"names {found or 'nothing'} as {whom}, not {due or 'nothing'}")
        if told.is_archive != bool(chain):
            self._fault(path, "E-FEED-CHAIN", "is no archive document" if chain else "says it is an archive document")

    def _contents(self, feed: Feed, form: Format, chain: Sequence[Told]) -> None:
        """Whether the documents hold every item once, in order, and nothing else."""
        path = f"{feed.path}/{form.file_name}"
        shown = self._catalogue.shown(feed.key)
        members = self._catalogue.members(feed.key) if self._site.archives else shown
        due = {entry_id(item, self._site): item for item in members}
        first, archived = chain[0].ids, [one for told in chain[1:] for one in told.ids]
        found = Counter(first) + Counter({one: count for one, count in Counter(archived).items() if one not in first})
        self._tombstones(feed, form, chain)
        for stranger in sorted(found.keys() - due.keys()):
            self._fault(path, "E-FEED-STALE", f"holds {stranger}, which the store does not have for it")
        for lost in sorted(due.keys() - found.keys()):
            if self._sound.xml([entry_of(due[lost], self._site, feed.shape)], "atom"):
                self._fault(path, "E-FEED-STALE", f"lacks {lost} ({due[lost].path})")
        for twice in sorted(one for one, count in (Counter(first) | Counter(archived)).items() if count > 1):
            self._fault(path, "E-FEED-STALE", f"holds {twice} more than once")
        newest = [entry_id(item, self._site) for item in shown]
        if [one for one in newest if one in found] != list(first):
            self._fault(path, "E-FEED-STALE", "does not show the newest items of the store in their order")
        dates = chain[0].published, tuple(date for told in chain[1:] for date in told.published)
        if any(list(one) != sorted(one, reverse=True) for one in dates):
            self._fault(path, "E-FEED-STALE", "has entries that are not in order, the newest first")

    def _tombstones(self, feed: Feed, form: Format, chain: Sequence[Told]) -> None:
        """Whether the feed, and no archive document, tells which items left."""
        due = [(tag_of(one.item_id, self._site), one.at) for one in feed.tombstones if form.name == "atom"]
        if list(chain[0].tombstones) != due or any(told.tombstones for told in chain[1:]):
            path = f"{feed.path}/{form.file_name}"
            self._fault(path, "E-FEED-STALE", "does not tell of the items that left as the state does")

    def _path_at(self, address: str, path: str) -> str:
        """The path of a document by its address."""
        if address and not address.startswith(self._site.feeds_url):
            self._fault(path, "E-FEED-CHAIN", f"leads away, to {address}")
            return ""
        return unquote(address.removeprefix(self._site.feeds_url))

    def _fault(self, path: str, code: str, problem: str) -> None:
        self.faults.append(Fault(path, code, problem, "run `syndicate feeds build`"))


_UNREADABLE = (etree.LxmlError, ValueError, KeyError, TypeError, AttributeError)


def _xml(content: bytes) -> etree._Element:
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _told_by_rss(content: bytes) -> Told:
    channel = _found(_xml(content).find("channel"))
    items = channel.findall("item")
    return Told(
        ids=tuple(_text(item, "guid") for item in items),
        published=tuple(parsedate_to_datetime(_text(item, "pubDate")) for item in items),
        **_links_in(channel),
    )


def _told_by_atom(content: bytes) -> Told:
    feed = _xml(content)
    if feed.tag != f"{_ATOM}feed":
        raise ValueError("is no Atom feed")
    entries = feed.findall(f"{_ATOM}entry")
    return Told(
        ids=tuple(_text(entry, f"{_ATOM}id") for entry in entries),
        published=tuple(datetime.fromisoformat(_text(entry, f"{_ATOM}published")) for entry in entries),
        tombstones=tuple(
            (one.get("ref", ""), datetime.fromisoformat(one.get("when", ""))) for one in feed.findall(_TOMBSTONE)
        ),
        **_links_in(feed),
    )


def _told_by_json(content: bytes) -> Told:
    feed = json.loads(content)
    own = feed.get("_syndicate", {})
    return Told(
        ids=tuple(item["id"] for item in feed["items"]),
        published=tuple(datetime.fromisoformat(item["date_published"]) for item in feed["items"]),
        address=feed["feed_url"],
        older=feed.get("next_url", ""),
        newer=own.get("next_archive_url", ""),
        current=own.get("current_url", ""),
        is_archive="current_url" in own,
    )


_READERS: Mapping[str, Callable[[bytes], Told]] = {"rss": _told_by_rss, "atom": _told_by_atom, "json": _told_by_json}


def _links_in(element: etree._Element) -> dict[str, Any]:
    links = {link.get("rel"): link.get("href", "") for link in element.findall(f"{_ATOM}link")}
    return {
        "address": links.get("self", ""),
        "older": links.get("prev-archive", ""),
        "newer": links.get("next-archive", ""),
        "current": links.get("current", ""),
        "is_archive": element.find(_ARCHIVE) is not None,
    }


def _text(element: etree._Element, name: str) -> str:
    text = _found(element.find(name)).text
    return text or ""


def _found(element: etree._Element | None) -> etree._Element:
    if element is None:
        raise ValueError("an element is missing")
    return element
