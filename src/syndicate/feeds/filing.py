"""Which items stand under which subjects, kept from pass to pass, and from process to process. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.feeds.subjects import Subject, subjects_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from syndicate.feeds.site import Site
    from syndicate.items.item import Item

_FRAME_BYTES = 1000
"""About what an entry weighs without its texts."""


class FilingNote(Struct, array_like=True, frozen=True):
    """All that a filing knows beside the items themselves; subjects and items by their places in lists.

    `filed` is for each item, in an order that whoever keeps the note knows, under which subjects it stands (none: it
    is not filed) and what an entry of it weighs, full and short. `members` and `shared` (pairs of a key and a count)
    are by key, in the order of `keys`; `spellings` are pairs of a subject and a count.
    """

    subjects: list[Subject]
    keys: list[str]
    filed: list[tuple[tuple[int, ...], int, int]]
    members: list[list[int]]
    spellings: list[list[tuple[int, int]]]
    shared: list[list[tuple[int, int]]]


class Filing:
    """The items by id; by key of a subject its members as (`published`, id), the oldest first.

    `spellings` count by key how items spell the subject, `shared` in how many of its items each topic comes. `weights`
    are about what an entry weighs, by id: with all its text, and with its summary alone.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._filed: dict[str, tuple[Subject, ...]] = {}
        self.items: dict[str, Item] = {}
        self.members: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        self.spellings: dict[str, Counter[Subject]] = defaultdict(Counter)
        self.shared: dict[str, Counter[str]] = defaultdict(Counter)
        self.weights: dict[str, tuple[int, int]] = {}

    def file(self, item: Item) -> tuple[Subject, ...]:
        """The subjects that an item stands under from now on, each key once; `put_in` or `put_all_in` must follow."""
        subjects = {subject.key: subject for subject in reversed(tuple(subjects_of(item, self._site)))}
        filed = tuple(subjects.values())
        self.items[item.id], self._filed[item.id] = item, filed
        summary_bytes, body_bytes = item.sizes
        short = 2 * summary_bytes + _FRAME_BYTES
        self.weights[item.id] = short + body_bytes, short
        return filed

    def put_in(self, item: Item, filed: Sequence[Subject]) -> None:
        """Put an item where it belongs among the members of its feeds."""
        place, topics = (item.published, item.id), _topics_in(filed)
        for subject in filed:
            insort(self.members[subject.key], place)
            self.spellings[subject.key][subject] += 1
            shared = self.shared[subject.key]
            for topic in topics:
                shared[topic] += 1

    def put_all_in(self) -> None:
        """Like `put_in` of every item, in a third of the time: all are put in order once, and counted at the end."""
        spellings: dict[str, list[Subject]] = defaultdict(list)
        shared: dict[str, list[str]] = defaultdict(list)
        for place in sorted([(item.published, item.id) for item in self.items.values()]):
            filed = self._filed[place[1]]
            topics = _topics_in(filed)
            for subject in filed:
                key = subject.key
                self.members[key].append(place)
                spellings[key].append(subject)
                shared[key] += topics
        for key, found in spellings.items():
            self.spellings[key].update(found)
            self.shared[key].update(shared[key])

    def take_out(self, item_id: str) -> set[str]:
        """Forget an item; gives the keys of its subjects."""
        item, filed = self.items.pop(item_id), self._filed.pop(item_id)
        del self.weights[item_id]
        for subject in filed:
            members = self.members[subject.key]
            del members[bisect_left(members, (item.published, item.id))]
            self.spellings[subject.key][subject] -= 1
            self.shared[subject.key].subtract(one.key for one in filed if one.kind == "topic")
        return {subject.key for subject in filed}

    def note(self, order: Sequence[str]) -> FilingNote:
        """What `resume` needs.

        Args:
            order: the ids of all items that may be filed, in the order in which they will be given to that.
        """
        subjects = {
            one: number for number, one in enumerate(dict.fromkeys(s for told in self.spellings.values() for s in told))
        }
        keys = list(self.spellings)
        numbers = {key: number for number, key in enumerate(keys)}
        places = {item_id: number for number, item_id in enumerate(order)}
        filed = [
            (tuple([subjects[one] for one in self._filed[item_id]]), *self.weights[item_id])
            if item_id in self.items
            else ((), 0, 0)
            for item_id in order
        ]
        return FilingNote(
            list(subjects),
            keys,
            filed,
            [[places[item_id] for _, item_id in self.members.get(key, ())] for key in keys],
            [[(subjects[one], count) for one, count in told.items()] for told in self.spellings.values()],
            [[(numbers[one], count) for one, count in self.shared.get(key, {}).items()] for key in keys],
        )

    def resume(self, items: Mapping[str, Item], order: Sequence[Item], note: FilingNote) -> None:
        """Know what was known when the note was made.

        Args:
            items: those that are published, by id.
            order: all in that order.
        """
        subjects, keys = note.subjects, note.keys
        self.items = dict(items)
        self._filed, self.weights = {}, {}
        for item, (filed, full, short) in zip(order, note.filed, strict=True):
            if filed:
                self._filed[item.id] = itemgetter(*filed)(subjects) if len(filed) > 1 else (subjects[filed[0]],)
                self.weights[item.id] = full, short
        places = [(item.published, item.id) for item in order]
        for key, members, spellings, shared in zip(keys, note.members, note.spellings, note.shared, strict=True):
            self.members[key] = [places[number] for number in members]
            self.spellings[key] = Counter({subjects[number]: count for number, count in spellings})
            self.shared[key] = Counter({keys[number]: count for number, count in shared})


def _topics_in(filed: Iterable[Subject]) -> list[str]:
    """The keys of the topics among these."""
    return [one.key for one in filed if one.kind == "topic"]
