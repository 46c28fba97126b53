from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from msgspec import structs

from feeds.store import AUTOMATION, CODING, SITE, day, make_item
from syndicate.feeds.feed import Site, newest_of
from syndicate.feeds.press import Press
from syndicate.feeds.seals import Seals
from syndicate.items.item import Item

ITEMS = tuple(make_item(number, topics=(AUTOMATION, CODING)[: number % 3]) for number in range(1, 9))


def seals_of(items: Iterable[Item], site: Site = SITE) -> dict[str, str]:
    seals = Seals(site)
    found = {one.path: seals.of(one.path, one.mark) for one in Press(site).documents(newest_of(items), day(99))}
    return {path: seal for path, seal in found.items() if seal is not None}


def test_every_feed_has_a_seal_of_its_own_and_pages_and_directories_have_none() -> None:
    seals = seals_of(ITEMS)

    assert {path.rpartition("/")[2] for path in seals} == {"rss.xml", "atom.xml", "feed.json"}
    assert len(set(seals.values())) == len(seals) == 9


def test_the_same_items_give_the_same_seals() -> None:
    assert seals_of(ITEMS) == seals_of(reversed(ITEMS))


def test_an_edited_item_breaks_the_seals_of_its_feeds_alone() -> None:
    former, seals = seals_of(ITEMS), seals_of([*ITEMS[:-1], replace(ITEMS[-1], title="Edited")])

    broken = {path.rpartition("/")[0] for path in former if former[path] != seals[path]}
    assert broken == {"all", "mesh-automation", "symplur-medical-coding"}
    former, seals = seals_of(ITEMS), seals_of([replace(ITEMS[0], title="Edited"), *ITEMS[1:]])
    assert {path.rpartition("/")[0] for path in former if former[path] != seals[path]} == {"all", "mesh-automation"}


def test_another_site_breaks_all_seals() -> None:
    former, seals = seals_of(ITEMS), seals_of(ITEMS, structs.replace(SITE, rights="All of them"))

    assert former.keys() == seals.keys()
    assert not set(former.values()) & set(seals.values())


def test_a_seal_follows_the_item_from_pass_to_pass() -> None:
    press, seals = Press(SITE), Seals(SITE)
    edited = (replace(ITEMS[0], title="Edited"), *ITEMS[1:])

    for items in (ITEMS, edited):
        told = {one.path: seals.of(one.path, one.mark) for one in press.documents(newest_of(items), day(99))}

    assert {path: seal for path, seal in told.items() if seal is not None} == seals_of(edited)
