"""The feeds of a store, kept from pass to pass: what changed in between touches few of them. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.feeds.archive import volumes_of
from syndicate.feeds.entry import told_at
from syndicate.feeds.feed import Feed, Neighbour
from syndicate.feeds.filing import Filing, FilingNote
from syndicate.feeds.site import KINDS, Named, Site
from syndicate.feeds.subjects import ALL, Subject, everything, named_subject, topic_subject
from syndicate.feeds.tombstone import by_feed
from syndicate.feeds.words import filled

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from syndicate.feeds.archive import Volume
    from syndicate.feeds.site import Kind, Shape
    from syndicate.feeds.tombstone import Tombstone
    from syndicate.items.item import Item, Topic

_NEIGHBOURS = 12
# Keys of words; the others are about a topic.
_ABOUT: Mapping[Kind, str] = {"source": "source_about", "author": "author_about", "language": "language_about"}
_OPTIONAL = frozenset(("vocabulary", "source", "author", "tag"))
_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}


class FeedNote(Struct, array_like=True, frozen=True):
    """What takes time to find out about a feed; `neighbours` by path, label, count; `is_passing`: time changes it."""

    subject: Subject
    updated: datetime
    total: int
    neighbours: list[tuple[str, str, int]]
    is_passing: bool


class CatalogueNote(Struct, array_like=True, frozen=True):
    """All that a catalogue knows beside the items themselves; `chosen` are subjects, and whether they have items."""

    filing: FilingNote
    chosen: list[tuple[Subject, bool]]
    feeds: list[FeedNote]


class Catalogue:
    """Which feeds a store has and what stands in each; told the items of each pass, it knows which feeds they touch.

    Feeds are handed out without entries: whoever needs those makes them (see `typesetter`).
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._named = {named_subject(named.name, named.title).key: named for named in site.named}
        self._left = {old for old, _ in site.moved}
        self._filing = Filing(site)
        self._oldest: dict[str, datetime] = {}
        self._feeds: dict[str, Feed] = {}
        self._tombstones: Mapping[str, tuple[Tombstone, ...]] = {}
        self._chosen: dict[str, tuple[Subject, bool]] = {}  # by key: how it is spelt, and whether it has items
        self._subjects: dict[str, Subject] = {}
        self._unsure: set[str] = set()  # keys of subjects that may be another one, though no item was filed
        self._is_resumed = False  # and not told any topics since
        self._stale: set[str] = set()  # keys of feeds that may read differently, though no item of theirs changed
        for subject in self._standing():
            self._filing.at(subject.key).spellings[subject] += 0
            self._unsure.add(subject.key)

    def update(
        self,
        items: Mapping[str, Item],
        now: datetime,
        *,
        topics: Iterable[Topic] = (),
        tombstones: Iterable[Tombstone] = (),
        only: Collection[str] | None = None,
    ) -> frozenset[str]:
        """Take the items as they are now, by id; gives the keys of the feeds that read differently since.

        Args:
            only: ids of all items that may differ from those of the last call, if that is known.
            now: what `most_age` of named feeds counts from.
            topics: further topics to make feeds for, though no item has them now (an empty feed is a valid feed).
            tombstones: items that left.
        """
        touched: set[str] = set()
        fresh: dict[str, tuple[Subject, ...]] | None = None if self._filing.items else {}
        filed = self._filing.items.keys() if only is None else self._filing.items.keys() & only
        for item_id in filed - items.keys():
            touched |= self._filing.take_out(item_id)
        for item_id in items if only is None else only:
            item, former = items.get(item_id), self._filing.items.get(item_id)
            if item is not None and former is not item and former != item:
                if former is not None:
                    touched |= self._filing.take_out(item_id)
                subjects = self._filing.file(item)
                if fresh is None:
                    self._filing.put_in(item, subjects)
                else:
                    fresh[item_id] = subjects
                touched.update([subject.key for subject in subjects])
        if fresh:
            self._filing.put_all_in(fresh)
        if "topic" in self._site.kinds:
            self._call(map(topic_subject, (topic for topic in topics if topic.slug)), touched)
        touched |= self._grown_old(now) | self._buried(tombstones, items, now) | self._stale
        self._stale = set()
        return self._renew(touched)

    def _call(self, topics: Iterable[Subject], touched: Collection[str]) -> None:
        """Give topics the names that they may have as well, and those without items that name alone."""
        for subject in topics:
            if self._is_resumed and subject.key in self._chosen and subject.key not in touched:
                continue  # it is called as it was, and its drawer stays closed
            drawer = self._filing.at(subject.key)
            if not drawer.members and drawer.spellings.keys() != {subject}:
                drawer.spellings.clear()
            if subject not in drawer.spellings:
                drawer.spellings[subject] = 0
                self._unsure.add(subject.key)
        self._is_resumed = False

    def note(self) -> CatalogueNote:
        """What `resume` needs."""
        feeds = [
            FeedNote(
                self._subjects[feed.key],
                feed.updated,
                feed.total,
                [(one.path, one.label, one.shared) for one in feed.neighbours],
                bool(feed.tombstones) or feed.key in self._oldest,
            )
            for feed in self.feeds
        ]
        return CatalogueNote(self._filing.note(), list(self._chosen.values()), feeds)

    def resume(self, items: Mapping[str, Item], note: CatalogueNote) -> None:
        """Know what was known when the note was made, of the same site and of these items, by id."""
        self._filing.resume(items, note.filing)
        self._is_resumed = True
        self._chosen = {subject.key: (subject, has_items) for subject, has_items in note.chosen}
        self._subjects = {told.subject.key: told.subject for told in note.feeds}
        self._unsure = set()
        self._stale = {told.subject.key for told in note.feeds if told.is_passing}
        self._feeds = {
            told.subject.key: self._named_feed(
                told.subject, told.updated, told.total, tuple([Neighbour(*one) for one in told.neighbours])
            )
            for told in note.feeds
        }

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """Every feed, without entries: all, then by kind and name."""
        return tuple(self._feeds.values())

    def feed(self, key: str) -> Feed:
        """The feed of that key, without entries.

        Raises:
            KeyError: there is none.
        """
        return self._feeds[key]

    def members(self, key: str) -> Sequence[Item]:
        """All items of a feed, the newest first."""
        ids = self._filing.at(key).members[self._first(key) :]
        return [self._filing.items[item_id] for _, item_id in reversed(ids)]

    def places(self, key: str) -> Sequence[tuple[datetime, str]]:
        """When each of the items of a subject was published, and its id, the oldest first, whatever their age."""
        return self._filing.at(key).members

    def item(self, item_id: str) -> Item:
        """The item of that id.

        Raises:
            KeyError: there is none.
        """
        return self._filing.items[item_id]

    def shown(self, key: str) -> Sequence[Item]:
        """The items that the feed shows: the newest, as many as its shape allows."""
        shape = self._shape(key)
        ids = self._filing.at(key).members[max(self._first(key), len(self._filing.at(key).members) - shape.size) :]
        shown: list[Item] = []
        room = shape.most_bytes
        for _, item_id in reversed(ids):
            room -= self._weight_bytes(item_id, shape)
            if shown and room < 0:
                break
            shown.append(self._filing.items[item_id])
        return shown

    def volumes(self, key: str, shown: Iterable[Item]) -> tuple[Volume, ...]:
        """The archive documents that the feed needs beside what it shows; those of a feed by age hold nothing older."""
        members, ids = self._filing.at(key).members[self._first(key) :], {item.id for item in shown}
        if len(members) == len(ids):
            return ()
        shape = self._shape(key)

        def fits(stretch: Sequence[str]) -> bool:
            if len(stretch) > shape.size:
                return False
            return len(stretch) == 1 or sum(self._weight_bytes(one, shape) for one in stretch) <= shape.most_bytes

        return volumes_of(members, self._filing.items, fits, shown=ids)

    def _weight_bytes(self, item_id: str, shape: Shape) -> int:
        """About what an entry weighs."""
        return self._filing.weight_bytes(item_id, is_full=shape.content == "full")

    def _standing(self) -> Sequence[Subject]:
        """Subjects that have a feed, whatever the items."""
        named = [named_subject(named.name, named.title) for named in self._site.named]
        return [everything(self._site), *(named if "named" in self._site.kinds else ())]

    def _shape(self, key: str) -> Shape:
        named = self._named.get(key)
        if named is not None and named.shape is not None:
            return named.shape
        return self._site.shape_of(next(iter(self._filing.at(key).spellings)).kind)

    def _grown_old(self, now: datetime) -> set[str]:
        """Keys of named feeds whose oldest items left by age, and of those that some came back to."""
        changed = set()
        for key, named in self._named.items():
            if named.query.most_age is not None:
                former = self._first(key)
                self._oldest[key] = now - named.query.most_age
                if self._first(key) != former:
                    changed.add(key)
        return changed

    def _buried(self, tombstones: Iterable[Tombstone], items: Mapping[str, Item], now: datetime) -> set[str]:
        """Keys of the feeds that tell otherwise of items that left."""
        rules, former = self._site.tombstones, self._tombstones
        self._tombstones = by_feed(tombstones, rules, items, now) if rules else {}
        return {key for key in former.keys() | self._tombstones.keys() if former.get(key) != self._tombstones.get(key)}

    def _first(self, key: str) -> int:
        """The place of the oldest member that is young enough."""
        oldest = self._oldest.get(key)
        return bisect_left(self._filing.at(key).members, (oldest, "")) if oldest else 0

    def _renew(self, touched: set[str]) -> frozenset[str]:
        """Make the touched feeds anew, and those that name one whose name changed."""
        if self._has_other_subjects(touched):
            self._subjects = subjects = self._told_subjects()
            renamed = {key for key, subject in subjects.items() if key in self._feeds and self._is_renamed(subject)}
            if renamed:
                touched |= self._filing.sharing(renamed)
            touched |= renamed | (subjects.keys() ^ self._feeds.keys())
        touched &= self._subjects.keys() | self._feeds.keys()
        self._feeds = {
            key: self._feed(subject, self._subjects) if key in touched else self._feeds[key]
            for key, subject in self._subjects.items()
        }
        return frozenset(touched)

    def _is_renamed(self, subject: Subject) -> bool:
        former = self._feeds[subject.key]
        return (former.label, former.home, former.vocabulary) != (subject.label, subject.home, subject.vocabulary)

    def _has_other_subjects(self, touched: Collection[str]) -> bool:
        """Choose the spellings of touched subjects anew, as most items have them; whether that changed anything."""
        is_other = False
        for key in self._unsure.union(touched):
            spellings = self._filing.at(key).spellings
            chosen = None
            if spellings and self._has_feed(key, next(iter(spellings))):
                subject = max(spellings, key=lambda subject, among=spellings: _rank(among, subject))  # type: ignore[misc]
                chosen = subject, bool(self._filing.at(key).members)
            if chosen != self._chosen.get(key):
                is_other = True
            if chosen is None:
                self._chosen.pop(key, None)
            else:
                self._chosen[key] = chosen
        self._unsure = set()
        return is_other

    def _told_subjects(self) -> dict[str, Subject]:
        """The subjects that have a feed by key, named so that each is told from its fellows, in order."""
        chosen = self._chosen.values()
        languages = sum(subject.kind == "language" for subject, _ in chosen)
        kept = [one for one in chosen if one[0].kind != "language" or languages > 1]
        # A topic that has no items any more must not rename those that have.
        labels = Counter(_name(subject) for subject, has_items in kept if has_items)
        told = [_told_apart(subject, labels[_name(subject)] + (not has_items)) for subject, has_items in kept]
        told.sort(key=lambda subject: (_RANKS[subject.kind], subject.label.casefold(), subject.key))
        return {subject.key: subject for subject in told}

    def _has_feed(self, key: str, subject: Subject) -> bool:
        if subject.kind == "topic" and not self._filing.at(key).members:
            return self._site.keeps_empty and subject.path not in self._left
        if subject.kind in ("all", "named", "topic"):
            return True
        return len(self._filing.at(key).members) >= (self._site.least if subject.kind in _OPTIONAL else 1)

    def _feed(self, subject: Subject, subjects: Mapping[str, Subject]) -> Feed:
        key = subject.key
        buried = self._tombstones.get(key, ())
        changes = [*(told_at(item)[1] for item in self.shown(key)), *(one.at for one in buried)]
        updated = max(changes, default=self._site.since)
        total = len(self._filing.at(key).members) - self._first(key)
        return self._named_feed(subject, updated, total, self._neighbours(key, subjects))

    def _named_feed(self, subject: Subject, updated: datetime, total: int, neighbours: tuple[Neighbour, ...]) -> Feed:
        site, key = self._site, subject.key
        named = self._named.get(key)
        title, description = _words(subject, named, site)
        return Feed(
            key=key,
            kind=subject.kind,
            path=subject.path,
            label=subject.label,
            title=title,
            description=description,
            entries=(),
            updated=updated,
            vocabulary=subject.vocabulary,
            home=subject.home,
            total=total,
            neighbours=neighbours,
            shape=named.shape if named is not None and named.shape is not None else site.shape_of(subject.kind),
            language=subject.language or site.language,
            image=named.image if named else None,
            tombstones=self._tombstones.get(key, ()),
        )

    def _neighbours(self, key: str, subjects: Mapping[str, Subject]) -> tuple[Neighbour, ...]:
        shared = {other: count for other, count in self._filing.at(key).shared.items() if count > 0 and other != key}
        if len(shared) > _NEIGHBOURS:  # only those that may be among them need be told apart by name
            least = sorted(shared.values())[-_NEIGHBOURS]
            shared = {other: count for other, count in shared.items() if count >= least}
        nearest = sorted(shared, key=lambda other: (-shared[other], subjects[other].label.casefold(), other))
        return tuple(
            Neighbour(subjects[other].path, subjects[other].label, shared[other]) for other in nearest[:_NEIGHBOURS]
        )


def _rank(spellings: Counter[Subject], subject: Subject) -> tuple[int, str, str, str]:
    return spellings[subject], subject.label, subject.vocabulary or "", subject.home or ""


def _name(subject: Subject) -> tuple[str, str]:
    return subject.kind, subject.label.casefold()


def _told_apart(subject: Subject, fellows: int) -> Subject:
    """The subject with its vocabulary in the label, if another one of its kind has the same label."""
    if fellows > 1 and subject.vocabulary:
        label = f"{subject.label} ({subject.vocabulary})"
        return Subject(subject.key, subject.kind, subject.path, label, subject.vocabulary, subject.home)
    return subject


def _words(subject: Subject, named: Named | None, site: Site) -> tuple[str, str]:
    """The feed's title and description."""
    words = site.words
    if subject.key == ALL:
        return site.title, site.description or filled(words["everything_about"], site=site.title)
    about = filled(words[_ABOUT.get(subject.kind, "topic_about")], site=site.title, label=subject.label)
    return f"{subject.label} · {site.title}", (named.description if named else "") or about
