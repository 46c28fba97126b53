"""The items of a store by id, followed from scan to scan: what did not change is not looked at again. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from syndicate.errors import Fault
from syndicate.items.item import Item
from syndicate.items.topics import label_of, relabelled, spellings_in
from syndicate.ports.content import Indexed, Scan
from syndicate.ports.outbox import KnownItem


class StandingNote(Struct, array_like=True, frozen=True):
    """What a standing knows of its items beyond what is known of their files; items by their paths.

    `scheduled` are the paths of items whose time has not come, `relabelled` of those that spell a topic otherwise than
    most; `spellings` tells by slug how often each spelling comes, `labels` which one stands; `ends` by path.
    """

    scheduled: list[str]
    relabelled: list[str]
    spellings: dict[str, list[tuple[bool, str, int]]]
    labels: dict[str, str]
    topics: dict[str, int]
    ends: dict[str, datetime]


class Standing:
    """The items there are: `visible` are those whose time has come, `scheduled` the others, both by id.

    All is found anew wherever one change may touch others: two files with one id, a topic whose label is another one
    now. After a scan that follows another one than the last, too.
    """

    def __init__(self) -> None:
        self.visible: dict[str, Item] = {}
        self.scheduled: dict[str, Item] = {}
        self._files: Mapping[str, Indexed] = {}
        self._places: dict[str, str] = {}  # by id: the path of the file that is used
        self._labels: dict[str, str] = {}  # by slug of topics that are spelt in several ways
        self._spellings: dict[str, Counter[tuple[bool, str]]] = {}
        self._topics: Counter[str] = Counter()  # of the visible, by slug
        self._faults: dict[str, tuple[Fault, ...]] = {}  # of the files that have some
        self._skipped: dict[str, str] = {}
        self._ends: dict[str, datetime] = {}  # of the visible that have one, by id
        self._has_doubles = False

    @property
    def topics(self) -> int:
        """How many topics the visible items have."""
        return len(self._topics)

    @property
    def faults(self) -> Iterator[Fault]:
        """Those of all files, in order of their paths."""
        return (fault for path in sorted(self._faults) for fault in self._faults[path])

    @property
    def skipped(self) -> Counter[str]:
        """How many files each rule hides, in order of the rules' names."""
        return Counter(dict(sorted(Counter(self._skipped.values()).items())))

    def next_end(self, now: datetime) -> datetime | None:
        """When the first of the visible items leaves that is not over by now; None: none ever does."""
        return min((end for end in self._ends.values() if end > now), default=None)

    def note(self) -> StandingNote | None:
        """What `resume` needs; None where all has to be found anew."""
        if self._has_doubles:
            return None
        places, items = self._places, self.visible | self.scheduled
        return StandingNote(
            scheduled=[places[item_id] for item_id in self.scheduled],
            relabelled=[path for item_id, path in places.items() if items[item_id] is not self._at(path)],
            spellings={
                slug: [(*key, count) for key, count in counts.items()] for slug, counts in self._spellings.items()
            },
            labels=self._labels,
            topics=dict(self._topics),
            ends={places[item_id]: end for item_id, end in self._ends.items()},
        )

    def resume(self, files: Mapping[str, Indexed], items: Mapping[str, Item], note: StandingNote) -> None:
        """Stand as the one stood that gave the note.

        Args:
            files: what is known of files, as it was known then.
            items: the items in them by path, in order of paths.
        """
        self._files = files
        self._faults, self._skipped = {}, {}
        self._note(files, files)
        self._places = {item.id: path for path, item in items.items()}
        self._has_doubles = False
        self._labels = note.labels
        self._spellings = {
            slug: Counter({(is_bare, label): count for is_bare, label, count in told})
            for slug, told in note.spellings.items()
        }
        self._topics = Counter(note.topics)
        self._ends = {items[path].id: end for path, end in note.ends.items()}
        self.visible = {item.id: item for item in items.values()}
        self.visible |= {items[path].id: relabelled(items[path], self._labels) for path in note.relabelled}
        self.scheduled = {items[path].id: self.visible.pop(items[path].id) for path in note.scheduled}

    def follow(
        self, scan: Scan, former: Mapping[str, Indexed], known: Mapping[str, KnownItem], now: datetime
    ) -> Collection[str] | None:
        """Take a scan in; gives the ids whose item may be another one than before, None: of all.

        Args:
            scan: what was found.
            former: the files that it was compared with.
            known: what was accepted: an item that reads as it did then stays, though the clock was set back.
            now: aware.
        """
        changed = (*scan.read, *scan.gone)
        if former is self._files and not self._has_doubles:
            touched = self._touched(scan.files, changed)
            if touched is not None:
                self._files = scan.files
                self._note(scan.files, changed)
                due = {item_id: item for item_id, item in self.scheduled.items() if item.published <= now}
                return self._place(due | touched, known, now)
        self._all(scan, known, now)
        return None

    def _all(self, scan: Scan, known: Mapping[str, KnownItem], now: datetime) -> None:
        self._files = scan.files
        self._faults, self._skipped = {}, {}
        self._note(scan.files, scan.files)
        self._places = {}
        for path in sorted(scan.files):
            item = scan.files[path].item
            if item is not None:
                self._places.setdefault(item.id, path)
        found = [item for item in map(self._at, self._places.values()) if item is not None]
        self._has_doubles = sum(one.item is not None for one in scan.files.values()) > len(found)
        self._spellings = spellings_in(found)
        self._labels = {slug: label_of(counts) for slug, counts in self._spellings.items() if len(counts) > 1}
        self.visible, self.scheduled, self._topics, self._ends = {}, {}, Counter(), {}
        self._place({item.id: relabelled(item, self._labels) if self._labels else item for item in found}, known, now)

    def _at(self, path: str) -> Item | None:
        return self._files[path].item

    def _note(self, files: Mapping[str, Indexed], paths: Iterable[str]) -> None:
        """Keep in mind which of the files have faults or are hidden."""
        for path in paths:
            self._faults.pop(path, None)
            self._skipped.pop(path, None)
            one = files.get(path)
            if one is not None and one.faults:
                self._faults[path] = one.faults
            if one is not None and one.skipped:
                self._skipped[path] = one.skipped

    def _touched(self, files: Mapping[str, Indexed], changed: Iterable[str]) -> dict[str, Item | None] | None:
        """What stands now at changed paths, by id, None for items that left; None: all has to be found anew."""
        touched: dict[str, Item | None] = {}
        slugs: dict[str, str] = {}
        paths = frozenset(changed)
        before = [(path, one.item) for path in paths if (one := self._files.get(path)) is not None and one.item]
        after = [(path, one.item) for path in sorted(paths) if (one := files.get(path)) is not None and one.item]
        if any(self._places.get(item.id, path) not in paths for path, item in after):
            return None  # another file has that id
        if len({item.id for _, item in after}) < len(after):
            return None
        for _, item in before:
            self._count(item, -1, slugs)
            touched[item.id] = None
            del self._places[item.id]
        for path, item in after:
            self._count(item, 1, slugs)
            touched[item.id] = item
            self._places[item.id] = path
        if not self._has_labels(slugs):
            return None
        return {key: None if item is None else relabelled(item, self._labels) for key, item in touched.items()}

    def _count(self, item: Item, number: int, slugs: dict[str, str]) -> None:
        """Count how the item spells its topics; notes by slug how each was labelled before."""
        for topic in item.topics:
            counts = self._spellings.setdefault(topic.slug, Counter())
            if counts:
                slugs.setdefault(topic.slug, label_of(counts))
            key = (not topic.is_labelled, topic.label)
            counts[key] += number
            if not counts[key]:
                del counts[key]

    def _has_labels(self, slugs: Mapping[str, str]) -> bool:
        """Whether the topics are labelled as they were, those that are still there."""
        for slug, label in slugs.items():
            counts = self._spellings[slug]
            if not counts:
                del self._spellings[slug]
                self._labels.pop(slug, None)
            elif label_of(counts) != label:
                return False
            elif len(counts) > 1:
                self._labels[slug] = label
            else:
                self._labels.pop(slug, None)
        return True

    def _place(
        self, items: Mapping[str, Item | None], known: Mapping[str, KnownItem], now: datetime
    ) -> Collection[str]:
        """Put each among the visible or the scheduled; gives their ids."""
        if items:
            self.visible = dict(self.visible)  # the former one is still compared with
        for key, item in items.items():
            self.scheduled.pop(key, None)
            self._ends.pop(key, None)
            was = self.visible.pop(key, None)
            if was is not None:
                self._topics.subtract(topic.slug for topic in was.topics)
            if item is None:
                continue
            if item.published <= now or _is_told(item, known):
                self.visible[key] = item
                if item.expires is not None:
                    self._ends[key] = item.expires
                self._topics.update(topic.slug for topic in item.topics)
            else:
                self.scheduled[key] = item
        self._topics = +self._topics
        return items.keys()


def _is_told(item: Item, known: Mapping[str, KnownItem]) -> bool:
    """Whether the item was accepted just as it reads now."""
    former = known.get(item.id)
    return former is not None and not former.is_withdrawn and former.revision == item.revision
