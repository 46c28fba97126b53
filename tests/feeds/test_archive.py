from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from feeds.store import SITE, make_item
from syndicate.feeds.archive import Volume, volumes_of
from syndicate.feeds.feed import LATEST, newest_of
from syndicate.feeds.press import Press
from syndicate.feeds.text import short_digest
from syndicate.items.item import Item

BEGIN = datetime(2021, 1, 1, tzinfo=UTC)


def at(number: int, moment: datetime) -> Item:
    return make_item(number, published=moment, updated=moment)


def bound(items: Sequence[Item], shown: Iterable[Item] = (), most: int = 50) -> tuple[Volume, ...]:
    members = sorted((item.published, item.id) for item in items)
    by_id = {item.id: item for item in items}
    return volumes_of(members, by_id, lambda ids: len(ids) <= most, shown={item.id for item in shown})


def cut(items: Sequence[Item], shown: Iterable[Item] = (), most: int = 50) -> dict[str, Volume]:
    return {volume.name: volume for volume in bound(items, shown, most)}


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9), max_size=120), st.integers(1, 9), st.integers(0, 20))
def test_volumes_and_what_is_shown_hold_every_item(seconds: list[int], most: int, size: int) -> None:
    items = [at(number, BEGIN + timedelta(seconds=second)) for number, second in enumerate(seconds)]
    items.sort(key=lambda item: (item.published, item.id), reverse=True)
    shown = items[:size]

    volumes = bound(items, shown, most)

    told = [item for volume in reversed(volumes) for item in volume.items]
    assert {item.id for item in [*shown, *told]} == {item.id for item in items}
    assert len({item.id for item in told}) == len(told)
    assert len({volume.name for volume in volumes}) == len(volumes)
    assert all(len(volume.items) <= most for volume in volumes)
    assert [item.published for item in told] == sorted((item.published for item in told), reverse=True)


def test_an_item_in_the_middle_of_ten_thousand_changes_its_own_document_alone() -> None:
    chance = random.Random(4)
    items = [at(number, BEGIN + timedelta(seconds=chance.randrange(150_000_000))) for number in range(10_000)]
    items.sort(key=lambda item: item.published, reverse=True)
    before = cut(items, items[:50])
    changes = []
    for number in range(40):
        late = at(20_000 + number, BEGIN + timedelta(seconds=chance.randrange(140_000_000)))
        after = cut([*items, late], items[:50])
        changes.append(len({name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}))

    # One document, or three when it is halved: the former and its halves.
    assert set(changes) <= {1, 2, 3}
    assert changes.count(1) > 32
    assert 200 < len(before) < 400


def test_documents_of_closed_stretches_stay_as_new_items_come() -> None:
    known: dict[str, Volume] = {}
    items: list[Item] = []
    for number in range(400):
        items.insert(0, at(number, BEGIN + timedelta(hours=7 * number)))

        volumes = cut(items, items[:10], most=10)

        assert {name: volumes.get(name) for name in known} == known
        known = volumes
    assert len(known) > 30


def test_items_of_one_second_are_parted_all_the_same() -> None:
    items = [at(number, BEGIN) for number in range(300)]

    volumes = cut(items, items[:10], most=10)

    assert sum(len(volume.items) for volume in volumes.values()) == 300
    assert max(len(volume.items) for volume in volumes.values()) <= 10


def test_items_at_the_very_end_of_the_calendar_are_bound_as_well() -> None:
    items = [at(1, BEGIN), at(2, LATEST.replace(microsecond=0)), *(at(number, LATEST) for number in range(3, 9))]

    volumes = bound(items, most=2)

    assert sorted(item.id for volume in volumes for item in volume.items) == sorted(item.id for item in items)


def test_heavy_items_stand_in_more_documents() -> None:
    items = [make_item(number, body_html="<p>" + "x" * 5000) for number in range(1, 41)]
    press = Press(structs.replace(SITE, size=20, most_bytes=16_000))

    parts = [one.mark[1] for one in press.documents(newest_of(items), LATEST) if "archive" in one.path]

    assert {len(items) for items in parts} == {1, 2}
    heavier = Press(structs.replace(SITE, size=20, most_bytes=1))
    alone = [one.mark[1] for one in heavier.documents(newest_of(items), LATEST) if "archive" in one.path]
    assert {len(items) for items in alone} == {1}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 999_999)), max_size=60), st.integers(1, 4))
def test_bounds_are_those_of_places_in_seconds_and_then_by_digest(moments: list[tuple[int, int]], most: int) -> None:
    items = [
        at(number, BEGIN + timedelta(seconds=second, microseconds=micros))
        for number, (second, micros) in enumerate(moments)
    ]

    found = {volume.name: {item.id for item in volume.items} for volume in bound(items, most=most)}

    assert found == halved([(place(item), item.id) for item in items], most)


def place(item: Item) -> int:
    seconds = (item.published - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return seconds << 32 | int(short_digest(item.id), 16)


def halved(places: Sequence[tuple[int, str]], most: int, start: int = 0, bits: int = 71) -> dict[str, set[str]]:
    """As the archive's docstring tells it: time is halved until each part holds no more than it may."""
    inside = {one for number, one in places if start <= number < start + (1 << bits)}
    if not inside:
        return {}
    if len(inside) <= most:
        begins = datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=start >> 32)
        return {f"{begins.date().isoformat()}-{(1 << 71 | start) >> bits:x}": inside}
    return halved(places, most, start, bits - 1) | halved(places, most, start + (1 << bits - 1), bits - 1)


@pytest.mark.parametrize("year", [1, 1969, 2026, 9999])
def test_every_date_there_is_has_a_place_and_a_name(year: int) -> None:
    items = [at(number, datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)) for number in range(3)]

    assert all(name[:4] <= f"{year:04}" for name in cut(items, most=1))
