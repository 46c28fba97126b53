from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from feeds.store import SITE, day, make_item, small_store
from syndicate.feeds import typesetter
from syndicate.feeds.entry import Entry, entry_of
from syndicate.feeds.feed import feeds_of, newest_of
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.press import Press
from syndicate.feeds.site import Shape, Site
from syndicate.feeds.typesetter import FeedOrder, Typesetter
from syndicate.items.item import Item

SHARING = structs.replace(SITE, size=2, moved=(("old", "all"),), pages=PageRules(share="page"))


@pytest.mark.parametrize("room", [1, 4096])
def test_an_order_gives_what_its_document_gives(room: int) -> None:
    documents = tuple(Press(SHARING).documents(newest_of(small_store()), day(99)))
    setter = Typesetter(SHARING, room=room)

    made = {one.path: setter.make(one.order) for one in documents if one.order is not None}

    assert made == {one.path: one.make() for one in documents if one.order is not None}
    assert len([path for path in made if path.startswith("item/")]) == 3
    assert {"all/rss.xml", "all/index.html", "old/rss.xml"} <= made.keys()
    assert {"index.html", "index.opml", "old/index.html", "redirects.json"}.isdisjoint(made)


def chapters(*numbers: str) -> list[FeedOrder]:
    """Orders of feeds that show the items of these numbers, each in two formats."""
    items = {one: make_item(int(one)) for one in "".join(numbers)}
    feed = next(iter(feeds_of(items.values(), SITE)))
    feeds = [(structs.replace(feed, entries=()), tuple(items[one] for one in shown)) for shown in numbers]
    return [FeedOrder(feed, shown, form) for feed, shown in feeds for form in ("rss", "json")]


def made_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the items of which entries are made, as they are."""
    found: list[str] = []

    def counting(item: Item, site: Site, shape: Shape) -> Entry:
        found.append(item.id.rpartition(":")[2])
        return entry_of(item, site, shape)

    monkeypatch.setattr(typesetter, "entry_of", counting)
    return found


def test_entries_are_kept_as_long_as_they_are_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    made, orders, setter = made_of(monkeypatch), chapters("12", "23", "34", "14"), Typesetter(SITE, room=3)

    setter.expect(orders)
    expected = [setter.make(order) for order in orders]

    assert made == ["1", "2", "3", "4"]
    assert expected == [Typesetter(SITE).make(order) for order in orders]


def test_what_nothing_expects_goes_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    made, orders, setter = made_of(monkeypatch), chapters("12", "23", "34", "14"), Typesetter(SITE, room=3)

    for order in orders:
        setter.make(order)

    assert made == ["1", "2", "3", "4", "1"]


def test_expectations_of_a_work_that_ended_early_are_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    made, orders, setter = made_of(monkeypatch), chapters("12", "12", "34", "34"), Typesetter(SITE, room=2)
    setter.expect(orders)
    setter.make(orders[0])

    setter.expect(orders[4:])
    for order in orders[4:]:
        setter.make(order)

    assert made == ["1", "2", "3", "4"]


def test_more_expected_entries_than_there_is_room_for_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made, orders, setter = made_of(monkeypatch), chapters("123", "123"), Typesetter(SITE, room=2)

    setter.expect(orders)
    first, _, again, _ = [setter.make(order) for order in orders]

    assert first == again
    assert len(made) == 6


@given(st.lists(st.text("1234", min_size=1, max_size=4), min_size=1, max_size=6), st.data())
def test_bytes_are_the_same_whatever_was_expected(shown: list[str], data: st.DataObject) -> None:
    orders, room = chapters(*shown), data.draw(st.integers(1, 5))
    plain = {number: Typesetter(SITE).make(order) for number, order in enumerate(orders)}
    setter = Typesetter(SITE, room=room)

    for _ in range(2):
        setter.expect(data.draw(st.lists(st.sampled_from([None, *orders]))))
        for number in data.draw(st.lists(st.sampled_from(range(len(orders))))):
            assert setter.make(orders[number]) == plain[number]


def test_changed_item_gets_another_entry() -> None:
    (order, *_), (other, *_) = chapters("1"), chapters("1")
    changed = structs.replace(other, items=(make_item(1, title="Changed"),))
    setter = Typesetter(SITE)

    assert b"Changed" not in setter.make(order)
    assert b"Changed" in setter.make(changed)
    assert b"Changed" not in setter.make(order)


def test_what_others_left_out_is_told_until_it_is_forgotten() -> None:
    setter = Typesetter(SITE)
    setter.forget("x")
    setter.leave_out({})
    assert setter.left_out == {}

    setter.leave_out({"x": "too long", "y": "no text"})
    setter.forget("x")

    assert setter.left_out == {"y": "no text"}


def test_press_tells_what_was_left_out_elsewhere_until_its_item_changes() -> None:
    press, item = Press(SITE), make_item(2)
    tuple(press.documents(newest_of([item]), day(99)))

    press.leave_out({SITE.tag("item/curations:2"): "too long"})
    assert len(press.left_out) == 1
    tuple(press.documents({}, day(99)))

    assert press.left_out == {}


def test_nothing_is_remembered_of_what_was_not_expected_or_is_done() -> None:
    orders, setter = chapters("12", "23", "34"), Typesetter(SITE, room=3)

    setter.expect(orders[:4])
    for order in orders:
        setter.make(order)
    setter._finish()

    assert not setter._due
