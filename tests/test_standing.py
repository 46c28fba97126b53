"""Items followed from scan to scan are the items that a look at all files gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from msgspec import structs

from syndicate.errors import Fault
from syndicate.items.item import Item, Topic
from syndicate.ports.content import Indexed, Scan, Stamp
from syndicate.ports.outbox import KnownItem
from syndicate.standing import Standing

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PATHS = [f"{name}.md" for name in "abcdefgh"]
STAMP = Stamp(1, 1, 1)


class Store:
    """Files that change by chance."""

    def __init__(self, seed: int, *, most_ids: int) -> None:
        self.chance = Random(seed)
        self.files: dict[str, Indexed] = {}
        self._most_ids = most_ids

    def change(self) -> Scan:
        """The next scan: some files are written, some go."""
        before = dict(self.files)
        for path in self.chance.sample(PATHS, self.chance.randrange(1, 4)):
            if path in before and self.chance.random() < 0.4:
                del before[path]
            else:
                before[path] = self._file(path)
        read = tuple(path for path, one in before.items() if self.files.get(path) is not one)
        gone = tuple(path for path in self.files if path not in before)
        self.files = before
        return Scan(before, read, gone)

    def _file(self, path: str) -> Indexed:
        kind = self.chance.random()
        if kind < 0.1:
            return Indexed(path, STAMP, skipped="draft")
        if kind < 0.2:
            return Indexed(path, STAMP, faults=(Fault(path, "E-NO-TITLE", "has no title", "write one"),))
        number = self.chance.randrange(self._most_ids)
        published = NOW + timedelta(hours=self.chance.randrange(-9, 4))
        topics = tuple(self._topic(slug) for slug in self.chance.sample("xyz", self.chance.randrange(3)))
        item = Item(
            f"s:{number}", path, f"T{kind}", "S", published, published, page="https://a.example/", topics=topics
        )
        return Indexed(path, STAMP, item)

    def _topic(self, slug: str) -> Topic:
        label = self.chance.choice((slug, slug, slug, slug.upper()))
        return Topic(slug, label, is_labelled=self.chance.random() < 0.1)


def anew(scan: Scan, known: dict[str, KnownItem], now: datetime) -> Standing:
    standing = Standing()
    standing.follow(scan, {}, known, now)
    return standing


def told(standing: Standing) -> tuple[object, ...]:
    return (
        standing.visible,
        standing.scheduled,
        standing.topics,
        list(standing.faults),
        {key: number for key, number in standing.skipped.items() if number},
        {key: [topic.label for topic in item.topics] for key, item in standing.visible.items()},
    )


@pytest.mark.parametrize("seed", range(40))
def test_items_followed_are_items_found_anew(seed: int) -> None:
    store = Store(seed, most_ids=8 if seed % 2 else 40)
    followed, now = Standing(), NOW
    former, known = store.files, dict[str, KnownItem]()
    steps = 0
    for _ in range(40):
        scan = store.change() if store.chance.random() < 0.9 else Scan(former)
        before = followed.visible
        touched = followed.follow(scan, former, known, now)

        whole = anew(scan, known, now)
        assert told(followed) == told(whole)
        assert {topic.slug for item in whole.visible.values() for topic in item.topics} == set(followed._topics)
        if touched is not None:
            steps += 1
            same = followed.visible.keys() - set(touched)
            assert all(followed.visible[key] is before[key] for key in same)
            assert before.keys() - followed.visible.keys() <= set(touched)
        former = scan.files
        now += timedelta(minutes=store.chance.randrange(40))

    assert seed % 2 or steps > 3


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    item = Item("s:1", "a.md", "T", "S", NOW, NOW, page="https://a.example/")
    scan = Scan({"a.md": Indexed("a.md", STAMP, item)}, ("a.md",))
    known = {"s:1": KnownItem("s:1", item.revision, "a.md", "", is_withdrawn=False, first_seen=NOW)}
    withdrawn = {"s:1": structs.replace(known["s:1"], is_withdrawn=True)}
    earlier = NOW - timedelta(hours=1)

    assert anew(scan, known, earlier).visible == {"s:1": item}
    assert anew(scan, {}, earlier).scheduled == {"s:1": item}
    assert anew(scan, withdrawn, earlier).scheduled == {"s:1": item}


def test_after_a_scan_that_was_not_followed_all_is_found_anew() -> None:
    store = Store(1, most_ids=40)
    standing = Standing()
    first = store.change()
    standing.follow(first, {}, {}, NOW)
    store.change()
    third = store.change()

    assert standing.follow(third, {}, {}, NOW) is None
    assert told(standing) == told(anew(third, {}, NOW))
