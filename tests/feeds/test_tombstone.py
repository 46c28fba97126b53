from __future__ import annotations

from datetime import timedelta

from lxml import etree
from msgspec.structs import replace

from feeds.store import CODING, SITE, day, make_item
from syndicate.feeds.catalogue import Catalogue
from syndicate.feeds.feed import keys_of, newest_of
from syndicate.feeds.press import Press
from syndicate.feeds.tombstone import Tombstone, TombstoneRules, by_feed

RULES = TombstoneRules(most=2, most_age=timedelta(days=30))
TELLING = replace(SITE, tombstones=RULES, size=2)
GONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


def stone(number: int, *feeds: str) -> Tombstone:
    return Tombstone(f"curations:{number}", day(number), feeds or ("all",))


def told(document: bytes) -> list[tuple[str, str]]:
    return [(one.get("ref"), one.get("when")) for one in etree.fromstring(document).iter(GONE)]


def test_each_feed_tells_of_the_last_items_that_left_it() -> None:
    stones = [stone(1, "all", "tag:a"), stone(2), stone(3, "all", "tag:b"), stone(4, "tag:b")]

    assert by_feed(stones, RULES, (), day(5)) == {
        "all": (stones[2], stones[1]),
        "tag:a": (stones[0],),
        "tag:b": (stones[3], stones[2]),
    }


def test_nothing_is_told_of_what_is_back_or_long_gone() -> None:
    stones = [stone(1), stone(2)]

    assert by_feed(stones, RULES, ["curations:2"], day(31)) == {"all": (stones[0],)}
    assert by_feed(stones, RULES, (), day(32)) == {"all": (stones[1],)}
    assert by_feed(stones, RULES, (), day(33)) == {}


def test_atom_feeds_tell_of_an_item_that_left_where_it_stood() -> None:
    items = newest_of([make_item(number, topics=(CODING,) if number % 2 else ()) for number in range(1, 8)])
    lost = items.pop("curations:7")
    tombstone = Tombstone(lost.id, day(9), keys_of(lost, TELLING))

    made = {one.path: one.make() for one in Press(TELLING).documents(items, day(10), tombstones=[tombstone])}

    due = [("tag:example.org,2026:item/curations:7", day(9).isoformat())]
    assert told(made["all/atom.xml"]) == told(made["symplur-medical-coding/atom.xml"]) == due
    assert etree.fromstring(made["all/atom.xml"]).findtext("{http://www.w3.org/2005/Atom}updated") == day(9).isoformat()
    archived = [content for path, content in made.items() if "/archive/" in path and path.endswith("atom.xml")]
    assert archived
    assert all(told(content) == [] for content in archived)
    assert all(b"curations:7" not in content for path, content in made.items() if not path.endswith("atom.xml"))


def test_nothing_is_told_of_items_that_left_unless_wanted() -> None:
    items = newest_of([make_item(1)])

    silent = {one.path: one.make() for one in Press(SITE).documents(items, day(10), tombstones=[stone(2)])}

    assert silent == {one.path: one.make() for one in Press(SITE).documents(items, day(10))}


def test_feeds_are_touched_when_an_item_left_and_when_it_is_forgotten() -> None:
    catalogue = Catalogue(TELLING)
    items = newest_of([make_item(1, section="News")])
    catalogue.update(items, day(2))

    assert catalogue.update(items, day(3), tombstones=[stone(2, "all", "section:news")]) == {"all", "section:news"}
    assert catalogue.update(items, day(3), tombstones=[stone(2, "all", "section:news")]) == frozenset()
    assert catalogue.update(items, day(40), tombstones=[stone(2, "all", "section:news")]) == {"all", "section:news"}
