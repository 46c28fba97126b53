"""Every file of the shelf but the pictures, made only when it would read differently. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from syndicate.feeds.catalogue import Catalogue, CatalogueNote
from syndicate.feeds.document import Document
from syndicate.feeds.entry import entry_id
from syndicate.feeds.feed import LATEST, newest_of
from syndicate.feeds.formats import DIRECTORY, FORMATS, INDEX, STYLE
from syndicate.feeds.moved import REDIRECTS, moved_page, redirects_document, redirects_of
from syndicate.feeds.pages import Pages
from syndicate.feeds.seals import Sealed
from syndicate.feeds.subjects import ALL
from syndicate.feeds.typesetter import FeedOrder, Typesetter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from syndicate.feeds.archive import Volume
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.formats import Format
    from syndicate.feeds.site import Site
    from syndicate.feeds.tombstone import Tombstone
    from syndicate.feeds.xml import Entries
    from syndicate.items.item import Item, Topic


class PressNote(Struct, array_like=True, frozen=True):
    """All that a press knows beside the items: the paths and seals of documents, those of feeds by key.

    `shares` are by id of the item instead of the path.
    """

    catalogue: CatalogueNote
    kept: list[tuple[str, list[tuple[str, str]]]]
    shares: list[tuple[str, str]]
    others: list[tuple[str, str]]


class Press:
    """Makes the documents of a store, pass after pass, and remembers those of feeds that nothing touched.

    `left_out` tells by entry id what no feed can tell, with the reason, of all entries that were made so far.
    """

    def __init__(self, site: Site, *, entries: Entries | None = None) -> None:
        self.catalogue = Catalogue(site)
        self._site = site
        self._typesetter = Typesetter(site, entries=entries)
        self._items: Mapping[str, Item] = {}
        self._kept: dict[str, tuple[Document, ...]] = {}
        self._others: tuple[Document, ...] = ()
        self._again: dict[str, Document] = {}  # by path: those of which one was made anew last
        self._pages = Pages(site, self.catalogue, self._typesetter)

    @property
    def left_out(self) -> Mapping[str, str]:
        """Reasons by entry id."""
        return self._typesetter.left_out

    def leave_out(self, left_out: Mapping[str, str]) -> None:
        """Tell of these as well, as documents were made elsewhere."""
        self._typesetter.leave_out(left_out)

    def in_turn(self, documents: Iterable[Document]) -> list[Document]:
        """The documents in the order in which they are to be made next: an entry is kept until the last that shows it.

        Archive documents come first, those of one time together, as they tell the same items; of each feed the oldest
        first, and before the feed that names them.
        """
        turns = sorted(documents, key=_time_of)
        self._typesetter.expect(document.order for document in turns)
        return turns

    def documents(
        self,
        items: Mapping[str, Item],
        now: datetime,
        *,
        topics: Iterable[Topic] = (),
        tombstones: Iterable[Tombstone] = (),
        only: Collection[str] | None = None,
    ) -> Iterator[Document]:
        """Every document of the shelf as the items are now, in the order of the feeds, the directories last.

        Args:
            items: what is published, by id.
            now: what the greatest age in named feeds counts from.
            topics: further topics to make feeds for, though no item has them now.
            tombstones: items that left.
            only: ids of all items that may differ from those of the last call, if that is known.
        """
        former, self._items = self._items, dict(items)
        changed = _changed(former, self._items, only)
        self._again = {}
        self._forget(former, changed)
        touched = self.catalogue.update(self._items, now, topics=topics, tombstones=tombstones, only=changed)
        feeds = self.catalogue.feeds
        kept = {}
        for feed in feeds:
            is_same = feed.key in self._kept and feed.key not in touched
            kept[feed.key] = self._kept[feed.key] if is_same else tuple(self._of_feed(feed))
            yield from kept[feed.key]
        self._kept = kept
        yield from self._pages.shares(former, self._items, changed)
        if touched or changed or not self._others:
            self._others = tuple(self._all_others(feeds))
        yield from self._others

    def note(self, seals: Mapping[str, str]) -> PressNote:
        """What `resume` needs, with the seals of the documents, by path."""
        kept = [
            (key, [(document.path, seals[document.path]) for document in documents])
            for key, documents in self._kept.items()
        ]
        others = [(document.path, seals[document.path]) for document in self._others]
        return PressNote(self.catalogue.note(), kept, self._pages.note(seals), others)

    def resume(self, items: Mapping[str, Item], note: PressNote) -> None:
        """Know what was known when the note was made, of the same site and of these items, by id."""
        self.catalogue.resume(items, note.catalogue)
        self._items = dict(items)
        self._kept = {
            key: tuple([Document(path, Sealed(seal), partial(self._anew, path, key)) for path, seal in documents])
            for key, documents in note.kept
        }
        self._pages.resume(note.shares)
        self._others = tuple([Document(path, Sealed(seal), partial(self._anew, path)) for path, seal in note.others])

    def _anew(self, path: str, key: str | None = None) -> bytes:
        """A document of which no more than its seal is known, of the feed of that key, if it belongs to one."""
        if path not in self._again:  # those of one feed are asked for one after the other
            found = self._all_others(self.catalogue.feeds) if key is None else self._of_feed(self.catalogue.feed(key))
            self._again = {document.path: document for document in found}
        return self._again[path].make()

    def _forget(self, former: Mapping[str, Item], changed: Collection[str]) -> None:
        """What changed may be told by now."""
        if self.left_out:
            for item in filter(None, map(former.get, changed)):
                self._typesetter.forget(entry_id(item, self._site))

    def _of_feed(self, feed: Feed) -> Iterator[Document]:
        """Its archive documents, the oldest first, then the feed in its formats, so that it names none in vain."""
        shown = tuple(self.catalogue.shown(feed.key))
        volumes = self.catalogue.volumes(feed.key, shown) if self._site.archives else ()
        folders = [None, *(archive_path(feed, volume) for volume in volumes), None]
        current = replace(feed, older=folders[-2])
        for volume, older, folder, newer in zip(volumes, folders, folders[1:], folders[2:], strict=False):
            part = self._part(replace(feed, older=older, newer=newer), folder or "", volume)
            for name in feed.formats:
                yield self._document(part, volume.items, FORMATS[name])
        for name in feed.formats:
            yield self._document(current, shown, FORMATS[name])

    def _part(self, feed: Feed, path: str, volume: Volume) -> Feed:
        """The feed as an archive document tells of it: nothing in it changes with items of another time.

        When one of its items changed last is found out when it is made.
        """
        total = len(volume.items)
        since = self._site.since
        return replace(feed, path=path, current=feed.path, updated=since, total=total, neighbours=(), tombstones=())

    def _document(self, feed: Feed, items: tuple[Item, ...], form: Format) -> Document:
        order = FeedOrder(feed, items, form.name)
        return Document(f"{feed.path}/{form.file_name}", (feed, items), partial(self._typesetter.make, order), order)

    def _all_others(self, feeds: tuple[Feed, ...]) -> Iterator[Document]:
        """Whatever belongs to no feed and no item."""
        yield from self._pages.others(feeds)
        yield from self._moved(feeds)
        yield from self._directories(feeds)

    def _moved(self, feeds: Sequence[Feed]) -> Iterator[Document]:
        """At former addresses a page that leads on, and the same feeds, which name their own addresses."""
        by_path = {feed.path: feed for feed in feeds}
        redirects = redirects_of(dict(self._site.moved), by_path)
        for old, new in redirects.items():
            feed = by_path[new]
            for document in self._kept[feed.key][-len(feed.formats) :]:
                name = document.path.rpartition("/")[2]
                if name == INDEX:
                    yield Document(f"{old}/{name}", document.mark, partial(moved_page, feed, self._site))
                else:
                    yield replace(document, path=f"{old}/{name}")
        if redirects:
            yield Document(REDIRECTS, redirects, partial(redirects_document, redirects))

    def _directories(self, feeds: tuple[Feed, ...]) -> Iterator[Document]:
        from syndicate.feeds.opml import opml

        yield Document(DIRECTORY, feeds, partial(opml, feeds, self._site))
        if "html" in self._site.formats:
            from syndicate.feeds.directory import groups_of, sheet_path
            from syndicate.feeds.page import landing_page, sheet_page, stylesheet

            shown = tuple(self.catalogue.shown(ALL))

            def landing() -> bytes:
                return landing_page((self._typesetter.whole(feeds[0], shown), *feeds[1:]), self._site)

            yield Document(INDEX, (feeds, shown), landing)
            for group in groups_of(feeds, self._site.words):
                for number, sheet in enumerate(group.sheets):
                    yield Document(sheet_path(sheet), group, partial(sheet_page, group, number, self._site))
            yield Document(STYLE, None, partial(stylesheet, self._site))


def documents_of(
    items: Iterable[Item],
    site: Site,
    *,
    topics: Iterable[Topic] = (),
    now: datetime = LATEST,
    entries: Entries | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Every file of the shelf but the pictures, as path and bytes; the same items give the same bytes.

    An entry that XML cannot carry is left out of all formats; `entries.left_out` tells these.
    """
    press = Press(site, entries=entries)
    for document in press.documents(newest_of(items), now, topics=topics):
        yield document.path, document.make()


def _time_of(document: Document) -> datetime:
    """The second that an archive document tells of, as it is cut by seconds; of all others the end of time."""
    order = document.order
    if isinstance(order, FeedOrder) and order.feed.current:
        return order.items[len(order.items) // 2].published.replace(microsecond=0)
    return LATEST


def _changed(former: Mapping[str, Item], items: Mapping[str, Item], only: Collection[str] | None) -> tuple[str, ...]:
    """The ids of items that came, left or differ, `only` among these, if it is known."""
    asked = dict.fromkeys((*former, *items)) if only is None else only
    found = ((item_id, former.get(item_id), items.get(item_id)) for item_id in asked)
    return tuple([item_id for item_id, was, now in found if was is not now and was != now])


def archive_path(feed: Feed, volume: Volume) -> str:
    """The folder of an archive document on the shelf."""
    return f"{feed.path}/archive/{volume.name}"
