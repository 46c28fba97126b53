from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import pytest
from lxml import etree, html
from msgspec import structs

from feeds.store import AUTOMATION, CODING, READERS, SITE, day, make_item, small_store
from syndicate.feeds import press as press_room
from syndicate.feeds.feed import newest_of
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.moved import redirects_of
from syndicate.feeds.press import Press, documents_of
from syndicate.feeds.typesetter import FeedOrder, Typesetter
from syndicate.items.item import Item

HUGE = "x" * 10_000_001
ROOMY = structs.replace(SITE, most_bytes=100_000_000)
ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"


def marks_of(press: Press, items: Iterable[Item]) -> dict[str, object]:
    return {one.path: one.mark for one in press.documents(newest_of(items), day(99))}


def bytes_of(press: Press, items: Iterable[Item]) -> dict[str, bytes]:
    return {one.path: one.make() for one in press.documents(newest_of(items), day(99))}


def test_entry_that_no_format_can_tell_is_left_out_of_all_until_it_is_mended() -> None:
    press = Press(ROOMY)
    good, bad = make_item(1), make_item(2, body_html=HUGE, title="Too much")

    documents = bytes_of(press, [good, bad])

    for name, reader in READERS.items():
        assert [told.title for told in reader(documents[f"all/{FORMATS[name].file_name}"])] == [good.title]
    assert b"Too much" not in documents["all/index.html"]
    assert [one.rpartition(":")[2] for one in press.left_out] == ["2"]
    assert bytes_of(press, [good, bad]) == documents
    assert len(press.left_out) == 1
    bytes_of(press, [good, replace(bad, body_html="")])
    assert press.left_out == {}


def test_a_new_item_changes_the_marks_of_its_feeds_and_of_the_directories_alone() -> None:
    press = Press(SITE)
    before = marks_of(press, [make_item(1, topics=(AUTOMATION,)), make_item(2, topics=(CODING,))])

    after = marks_of(press, [make_item(1, topics=(AUTOMATION,)), *(make_item(n, topics=(CODING,)) for n in (2, 3))])

    changed = {path.partition("/")[0] for path, mark in after.items() if before[path] != mark}
    assert changed == {"all", "symplur-medical-coding", "index.opml", "index.html"}
    assert before.keys() == after.keys()


def test_same_mark_means_same_bytes() -> None:
    press, anew = Press(SITE), Press(SITE)
    items = [make_item(n, topics=(AUTOMATION, CODING)[: n % 3]) for n in range(1, 130)]
    first = {one.path: (one.mark, one.make()) for one in press.documents(newest_of(items[:-1]), day(99))}
    second = {one.path: (one.mark, one.make()) for one in press.documents(newest_of(items), day(99))}

    assert {path: content for path, (_, content) in second.items()} == bytes_of(anew, items)
    same = {path for path in first.keys() & second.keys() if first[path][0] == second[path][0]}
    assert len(same) > 3
    assert all(first[path][1] == second[path][1] for path in same)


def chain(documents: dict[str, bytes], path: str) -> list[str]:
    """The paths of a feed and of its archive documents, by their links."""
    paths = [path]
    while True:
        root = etree.fromstring(documents[paths[-1]])
        older = root.xpath("//*[local-name()='link'][@rel='prev-archive']/@href")
        if not older:
            return paths
        paths.append(older[0].removeprefix(SITE.feeds_url))


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_the_chain_of_archive_documents_holds_the_whole_history(name: str) -> None:
    site = structs.replace(SITE, size=5)
    documents = dict(documents_of([make_item(n) for n in range(1, 60)], site))
    file = FORMATS[name].file_name

    paths = chain(documents, f"all/{file}")

    told = {one.id for path in paths for one in READERS[name](documents[path])}
    assert len(told) == 59
    assert set(paths) == {path for path in documents if path.startswith("all/") and path.endswith(f"/{file}")}
    newer = [etree.fromstring(documents[path]).xpath("//*[@rel='next-archive']/@href") for path in paths]
    assert newer == [[], [], *([SITE.address(path)] for path in paths[1:-1])]
    for path in paths[1:]:
        root = etree.fromstring(documents[path])
        assert len(list(root.iter(f"{HISTORY}archive"))) == 1
        assert root.xpath("//*[@rel='current']/@href") == [SITE.address(f"all/{file}")]
        assert root.xpath("//*[@rel='self']/@href") == [SITE.address(path)]
        assert len(READERS[name](documents[path])) <= 5
    assert not list(etree.fromstring(documents[paths[0]]).iter(f"{HISTORY}archive"))


def test_json_feed_leads_to_its_older_documents() -> None:
    documents = dict(documents_of([make_item(n) for n in range(1, 60)], structs.replace(SITE, size=5)))
    told, path = set(), "all/feed.json"
    while path:
        feed = json.loads(documents[path])
        told |= {item["id"] for item in feed["items"]}
        path = feed.get("next_url", "").removeprefix(SITE.feeds_url)

    assert len(told) == 59


def test_archives_can_be_switched_off_and_are_not_made_where_a_feed_shows_all() -> None:
    items = [make_item(n) for n in range(1, 9)]

    assert not [
        path for path, _ in documents_of(items, structs.replace(SITE, size=3, archives=False)) if "archive" in path
    ]
    assert not [path for path, _ in documents_of(items, SITE) if "archive" in path]


def test_older_documents_stand_before_the_feed_that_names_them() -> None:
    site = structs.replace(SITE, size=5, moved=(("old/all", "all"),))

    paths = [path for path, _ in documents_of([make_item(n) for n in range(1, 60)], site)]

    older = [place for place, path in enumerate(paths) if path.startswith("all/archive/")]
    assert older
    assert max(older) < min(paths.index(f"all/{FORMATS[name].file_name}") for name in SITE.formats)
    assert {path for path in paths if path.startswith("old/")} == {
        f"old/all/{FORMATS[name].file_name}" for name in SITE.formats
    }


def test_archive_documents_are_made_in_the_order_of_their_items_and_before_all_that_name_them() -> None:
    site = structs.replace(SITE, size=2)
    items = [
        make_item(n, published=day(n), topics=((AUTOMATION,), (CODING,), (AUTOMATION, CODING))[n % 3])
        for n in range(1, 25)
    ]
    press = Press(site)
    plain = list(press.documents(newest_of(items), day(99)))

    turns = press.in_turn(plain)

    assert sorted(one.path for one in turns) == sorted(one.path for one in plain)
    archives = [one for one in turns if "/archive/" in one.path]
    rest = [one for one in plain if "/archive/" not in one.path]
    assert turns == archives + rest
    times = [
        one.order.items[len(one.order.items) // 2].published for one in archives if isinstance(one.order, FeedOrder)
    ]
    assert times == sorted(times)
    assert len(times) == len(archives) > 12
    for feed in ("all", AUTOMATION.slug, CODING.slug):  # the oldest first, all formats of one together
        of_feed = [one for one in plain if one.path.startswith(f"{feed}/archive/")]
        assert [one for one in archives if one.path.startswith(f"{feed}/archive/")] == of_feed
        assert of_feed


def test_archive_documents_of_one_second_are_made_in_the_order_of_their_feed() -> None:
    site = structs.replace(SITE, size=2)
    at = day(3)
    items = [
        make_item(n, published=at.replace(microsecond=n * 7919 % 1000), topics=(AUTOMATION,)) for n in range(1, 25)
    ]
    press = Press(site)
    plain = list(press.documents(newest_of(items), day(99)))

    turns = press.in_turn(plain)

    for feed in ("all", AUTOMATION.slug):
        of_feed = [one.path for one in plain if one.path.startswith(f"{feed}/archive/")]
        assert [one.path for one in turns if one.path.startswith(f"{feed}/archive/")] == of_feed
        assert len(of_feed) > 8


def test_documents_read_the_same_in_whatever_turn_they_are_made() -> None:
    site = structs.replace(SITE, size=2)
    items = [make_item(n, published=day(n), topics=(AUTOMATION, CODING)) for n in range(1, 12)]

    press = Press(site)
    made = {one.path: one.make() for one in press.in_turn(press.documents(newest_of(items), day(99)))}

    assert made == bytes_of(Press(site), items)


def test_former_addresses_keep_their_readers() -> None:
    site = structs.replace(
        SITE, moved=(("old/coding", "symplur-medical-coding"), ("gone", "nowhere"), ("all", "section/news"))
    )

    documents = dict(documents_of(small_store(), site))

    for name in ("rss.xml", "atom.xml", "feed.json"):
        assert documents[f"old/coding/{name}"] == documents[f"symplur-medical-coding/{name}"]
    page = html.document_fromstring(documents["old/coding/index.html"])
    address = "https://example.org/feeds/symplur-medical-coding/"
    assert page.xpath("//link[@rel='canonical']/@href") == [address]
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == [f"0; url={address}"]
    assert page.xpath("//a/@href") == [address]
    assert json.loads(documents["redirects.json"]) == {"old/coding": "symplur-medical-coding"}
    assert not [path for path in documents if path.startswith("gone")]


def test_a_topic_that_moved_leaves_no_empty_feed_behind() -> None:
    site = structs.replace(SITE, moved=(("mesh-automation", "symplur-medical-coding"),))

    documents = dict(documents_of([make_item(topics=(CODING,))], site, topics=[AUTOMATION]))

    assert documents["mesh-automation/rss.xml"] == documents["symplur-medical-coding/rss.xml"]
    assert b"Automation" not in documents["index.opml"]
    assert redirects_of(dict(site.moved), {}) == {}


def test_empty_topics_lose_their_feeds_where_they_are_not_to_keep_them() -> None:
    kept = dict(documents_of([make_item()], SITE, topics=[CODING]))
    dropped = dict(documents_of([make_item()], structs.replace(SITE, keeps_empty=False), topics=[CODING]))

    assert b"<item>" not in kept["symplur-medical-coding/rss.xml"]
    assert "symplur-medical-coding/rss.xml" not in dropped


def test_without_room_for_entries_the_documents_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    roomy = dict(documents_of(small_store(), SITE))
    monkeypatch.setattr(press_room, "Typesetter", partial(Typesetter, room=1))

    assert dict(documents_of(small_store(), SITE)) == roomy
