from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from msgspec import structs

from feeds.store import AUTOMATION, CODING, SITE, day, make_item
from syndicate.feeds.feed import Site, newest_of
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.press import Press, documents_of
from syndicate.feeds.seals import Seals
from syndicate.items.item import Item
from syndicate.posts.card import share_path

SHARED = structs.replace(
    SITE,
    moved=(("former", "mesh-automation"),),
    pages=PageRules(share="page", has_filter=True, has_sitemap=True, has_robots=True),
)
ITEMS = tuple(make_item(number, topics=(AUTOMATION, CODING)[: number % 3]) for number in range(1, 9))


def seals_of(items: Iterable[Item], site: Site = SITE) -> dict[str, str]:
    seals = Seals(site)
    return {one.path: seals.of(one.path, one.mark) for one in Press(site).documents(newest_of(items), day(99))}


def broken_by(former: dict[str, str], now: dict[str, str]) -> set[str]:
    """The folders of the files whose seals differ."""
    return {path.rpartition("/")[0] for path in former.keys() | now.keys() if former.get(path) != now.get(path)}


def test_every_file_has_a_seal_of_its_own() -> None:
    seals = seals_of(ITEMS, SHARED)

    assert {path.rpartition("/")[2] for path in seals} == {
        *("rss.xml", "atom.xml", "feed.json", "index.html", "index.opml", "style.css", "filter.js", "sitemap.xml"),
        *("robots.txt", "redirects.json"),
    }
    assert len(set(seals.values())) == len(seals) == 4 * 4 + len(ITEMS) + 7


def test_the_same_items_give_the_same_seals() -> None:
    assert seals_of(ITEMS) == seals_of(reversed(ITEMS))


def test_an_edited_item_breaks_the_seals_of_its_feeds_alone() -> None:
    former, seals = seals_of(ITEMS), seals_of([*ITEMS[:-1], replace(ITEMS[-1], title="Edited")])

    assert broken_by(former, seals) == {"", "all", "mesh-automation", "symplur-medical-coding"}
    former, seals = seals_of(ITEMS), seals_of([replace(ITEMS[0], title="Edited"), *ITEMS[1:]])
    assert broken_by(former, seals) == {"", "all", "mesh-automation"}


def test_an_edited_item_breaks_the_seals_of_its_share_page_and_of_its_siblings() -> None:
    former, seals = seals_of(ITEMS, SHARED), seals_of([replace(ITEMS[0], title="Edited"), *ITEMS[1:]], SHARED)

    shares = {folder for folder in broken_by(former, seals) if folder.startswith("item/")}
    assert shares == {share_path(ITEMS[number].id) for number in (0, 1)}  # the next one in their topic


def test_another_look_of_pages_breaks_the_seals_of_pages_alone() -> None:
    former = seals_of(ITEMS, SHARED)
    other = structs.replace(SHARED, pages=structs.replace(SHARED.pages, templates=(("feed.html", "-"),)))
    seals = seals_of(ITEMS, other)

    kept = {path.rpartition("/")[2] for path in former if former[path] == seals[path]}
    assert kept == {"rss.xml", "atom.xml", "feed.json"}


@pytest.mark.parametrize("word", sorted(SITE.words))
def test_other_words_break_the_seals_of_what_says_them(word: str) -> None:
    other = structs.replace(SHARED, pages=structs.replace(SHARED.pages, words=((word, "Otherwise"),)))
    former, seals = seals_of(ITEMS, SHARED), seals_of(ITEMS, other)
    made, anew = dict(documents_of(ITEMS, SHARED)), dict(documents_of(ITEMS, other))

    assert {path for path in made if made[path] != anew[path]} <= {
        path for path in former if former[path] != seals.get(path)
    }


def test_own_templates_may_ask_an_item_for_more_than_feeds_tell() -> None:
    own = structs.replace(SHARED, pages=structs.replace(SHARED.pages, templates=(("share.html", "-"),)))
    expiring = (*ITEMS[:-1], replace(ITEMS[-1], expires=day(300)))

    assert seals_of(ITEMS, SHARED) == seals_of(expiring, SHARED)
    assert share_path(ITEMS[-1].id) in broken_by(seals_of(ITEMS, own), seals_of(expiring, own))


def test_half_a_character_has_a_seal_as_well() -> None:
    seals = Seals(SITE)

    assert seals.of("a", ("\ud800",)) != seals.of("a", ("\udc00",))


def test_another_site_breaks_all_seals() -> None:
    former, seals = seals_of(ITEMS), seals_of(ITEMS, structs.replace(SITE, rights="All of them"))

    assert former.keys() == seals.keys()
    assert not set(former.values()) & set(seals.values())


def test_a_seal_follows_the_item_from_pass_to_pass() -> None:
    press, seals = Press(SITE), Seals(SITE)
    edited = (replace(ITEMS[0], title="Edited"), *ITEMS[1:])

    for items in (ITEMS, edited):
        told = {one.path: seals.of(one.path, one.mark) for one in press.documents(newest_of(items), day(99))}

    assert told == seals_of(edited)
