"""Which items stand under which subjects, kept from pass to pass, and from process to process. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct, field

from syndicate.feeds.subjects import Subject, subjects_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from syndicate.feeds.site import Site
    from syndicate.items.item import Item

_FRAME_BYTES = 1000
"""About what an entry weighs without its texts."""

V = TypeVar("V")


class Drawer(Struct):
    """What stands under one key: its `members` as (`published`, id), the oldest first.

    `spellings` count how items spell the subject (0: nothing but a name that it may have), `shared` in how many of them
    each topic comes, by its key.
    """

    members: list[tuple[datetime, str]] = field(default_factory=list)
    spellings: Counter[Subject] = field(default_factory=Counter)
    shared: Counter[str] = field(default_factory=Counter)


class Filed(Struct, array_like=True, frozen=True, gc=False):
    """The numbers of an item's subjects, and about what an entry of it weighs: with all its text, with its summary."""

    subjects: tuple[int, ...]
    full_bytes: int
    short_bytes: int


class DrawerNote(Struct, array_like=True, frozen=True):
    """A drawer in numbers: of ids, of subjects with their counts, of keys with theirs."""

    members: list[int]
    spellings: list[tuple[int, int]]
    shared: list[tuple[int, int]]


class FilingNote(Struct, array_like=True, frozen=True):
    """All that a filing knows beside the items themselves: subjects, keys and ids by number ("": an item that left).

    `filed` is for each id, `drawers` for each key.
    """

    subjects: list[Subject]
    keys: list[str]
    ids: list[str]
    filed: list[Filed]
    drawers: list[DrawerNote]


_GONE = Filed((), 0, 0)


class Filing:
    """The items by id, and by key of a subject what stands there.

    A drawer that another process noted is opened when it is asked for: most never are.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._subjects = _Numbers[Subject]()
        self._keys = _Numbers[str]()
        self._ids = _Numbers[str]()
        self._noted: Mapping[str, DrawerNote] = {}
        self._drawers: dict[str, Drawer] = {}
        self._filed: dict[str, Filed] = {}
        self.items: dict[str, Item] = {}

    def at(self, key: str) -> Drawer:
        """What stands under that key."""
        drawer = self._drawers.get(key)
        if drawer is None:
            noted = self._noted.get(key)
            drawer = self._drawers[key] = Drawer() if noted is None else self._opened(noted)
        return drawer

    def weight_bytes(self, item_id: str, *, is_full: bool) -> int:
        """About what an entry weighs, with all its text or with its summary alone."""
        filed = self._filed[item_id]
        return filed.full_bytes if is_full else filed.short_bytes

    def sharing(self, topics: Collection[str]) -> set[str]:
        """The keys of all subjects that share items with one of these topics."""
        return {key for key in self._all() if any(self.at(key).shared[topic] > 0 for topic in topics)}

    def file(self, item: Item) -> tuple[Subject, ...]:
        """The subjects that an item stands under from now on, each key once; `put_in` or `put_all_in` must follow."""
        subjects = {subject.key: subject for subject in reversed(tuple(subjects_of(item, self._site)))}
        filed = tuple(subjects.values())
        summary_bytes, body_bytes = item.sizes
        short = 2 * summary_bytes + _FRAME_BYTES
        self.items[item.id] = item
        self._filed[item.id] = Filed(tuple(map(self._subjects.of, filed)), short + body_bytes, short)
        return filed

    def put_in(self, item: Item, filed: Iterable[Subject]) -> None:
        """Put an item where it belongs among the members of its feeds."""
        place, topics = (item.published, item.id), _topics_in(filed)
        for subject in filed:
            drawer = self.at(subject.key)
            insort(drawer.members, place)
            drawer.spellings[subject] += 1
            for topic in topics:
                drawer.shared[topic] += 1

    def put_all_in(self, filed: Mapping[str, Sequence[Subject]]) -> None:
        """Like `put_in` of every item, in a third of the time: all are put in order once, and counted at the end."""
        spellings: dict[str, list[Subject]] = defaultdict(list)
        shared: dict[str, list[str]] = defaultdict(list)
        for place in sorted([(self.items[item_id].published, item_id) for item_id in filed]):
            subjects = filed[place[1]]
            topics = _topics_in(subjects)
            for subject in subjects:
                key = subject.key
                self.at(key).members.append(place)
                spellings[key].append(subject)
                shared[key] += topics
        for key, found in spellings.items():
            self.at(key).spellings.update(found)
            self.at(key).shared.update(shared[key])

    def take_out(self, item_id: str) -> set[str]:
        """Forget an item; gives the keys of its subjects."""
        subjects = [self._subjects.things[number] for number in self._filed[item_id].subjects]
        topics = _topics_in(subjects)
        for subject in subjects:  # before the item goes, as a drawer that is opened looks it up
            drawer = self.at(subject.key)
            del drawer.members[bisect_left(drawer.members, (self.items[item_id].published, item_id))]
            drawer.spellings[subject] -= 1
            drawer.shared.subtract(topics)
        del self.items[item_id], self._filed[item_id]
        self._ids.drop(item_id, "")
        return {subject.key for subject in subjects}

    def note(self) -> FilingNote:
        """What `resume` needs."""
        keys = self._all()
        if self._ids.things.count("") > len(self.items):  # more holes than items: all get new numbers
            for key in keys:
                self.at(key)
            self._ids = _Numbers()
        for item_id in self.items:
            self._ids.of(item_id)
        for key in keys:
            self._keys.of(key)
        drawers = [self._noted_at(key) for key in self._keys.things]
        ids = self._ids.things
        filed = [self._filed.get(item_id, _GONE) for item_id in ids]
        return FilingNote(self._subjects.things, self._keys.things, ids, filed, drawers)

    def resume(self, items: Mapping[str, Item], note: FilingNote) -> None:
        """Know what was known when the note was made, of these items, by id."""
        self._subjects, self._keys, self._ids = _Numbers(note.subjects), _Numbers(note.keys), _Numbers(note.ids)
        self._noted = dict(zip(note.keys, note.drawers, strict=True))
        self._drawers = {}
        self._filed = dict(zip(note.ids, note.filed, strict=True))
        self._filed.pop("", None)
        self.items = dict(items)

    def _all(self) -> list[str]:
        """Every key there is."""
        return list(dict.fromkeys((*self._noted, *self._drawers)))

    def _opened(self, noted: DrawerNote) -> Drawer:
        ids, subjects, keys = self._ids.things, self._subjects.things, self._keys.things
        return Drawer(
            [(self.items[item_id].published, item_id) for item_id in map(ids.__getitem__, noted.members)],
            Counter({subjects[number]: count for number, count in noted.spellings}),
            Counter({keys[number]: count for number, count in noted.shared}),
        )

    def _noted_at(self, key: str) -> DrawerNote:
        drawer = self._drawers.get(key)
        if drawer is None:
            return self._noted[key]
        return DrawerNote(
            [self._ids.of(item_id) for _, item_id in drawer.members],
            [(self._subjects.of(subject), count) for subject, count in drawer.spellings.items()],
            [(self._keys.of(topic), count) for topic, count in drawer.shared.items()],
        )


class _Numbers(Generic[V]):
    """Numbers things in the order in which they come."""

    def __init__(self, things: Iterable[V] = ()) -> None:
        self.things = list(things)
        self._numbers = {thing: number for number, thing in enumerate(self.things)}

    def of(self, thing: V) -> int:
        """The number of a thing, which it keeps."""
        number = self._numbers.setdefault(thing, len(self.things))
        if number == len(self.things):
            self.things.append(thing)
        return number

    def drop(self, thing: V, hole: V) -> None:
        """Forget a thing if it has a number; that stays with the hole."""
        number = self._numbers.pop(thing, None)
        if number is not None:
            self.things[number] = hole


def _topics_in(filed: Iterable[Subject]) -> list[str]:
    """The keys of the topics among these."""
    return [one.key for one in filed if one.kind == "topic"]
