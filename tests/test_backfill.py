from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliver_rig import NOW, PLAN, acceptance, item
from syndicate.backfill import ChannelBackfill, Selection, plan_backfill, selected
from syndicate.items.item import Item, Topic
from syndicate.outbox.delivery import WITHDRAWN, Origin, State
from syndicate.outbox.plan import ChannelPlan, Sight, plan
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.outbox import Acceptance

PACE = timedelta(minutes=30)
ALL = Selection()
DAY = timedelta(days=1)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[SqlOutbox]:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as opened:
        yield opened


async def owed(
    outbox: SqlOutbox, *items: Item, selection: Selection = ALL, channel: ChannelPlan = PLAN, pace: timedelta = PACE
) -> list[str]:
    """Ids of what a backfill of one channel plans, in order."""
    [made] = await plan_backfill(outbox, items, [channel], selection, pace=pace, now=NOW)
    return [one.item_id for one in made.planned]


async def test_plan_is_oldest_first_at_the_pace_behind_live(outbox: SqlOutbox) -> None:
    [made] = await plan_backfill(outbox, [item(2), item(1)], [PLAN], ALL, pace=PACE, now=NOW)

    assert [(one.item_id, one.due) for one in made.planned] == [("store:1", NOW), ("store:2", NOW + PACE)]
    assert {(one.state, one.origin, one.reason) for one in made.planned} == {
        (State.PLANNED, Origin.BACKFILL, "backfill")
    }
    assert (made.channel, made.pace, made.begins, made.ends) == ("news", PACE, NOW, NOW + PACE)


async def test_planning_writes_nothing(outbox: SqlOutbox) -> None:
    await owed(outbox, item(1))

    assert await outbox.deliveries() == []


async def test_second_run_plans_nothing(outbox: SqlOutbox) -> None:
    [made] = await plan_backfill(outbox, [item(1), item(2)], [PLAN], ALL, pace=PACE, now=NOW)
    assert await outbox.revive(made.planned, NOW) == 2

    [again] = await plan_backfill(outbox, [item(1), item(2)], [PLAN], ALL, pace=PACE, now=NOW)

    assert again == ChannelBackfill("news", (), PACE)
    assert (again.begins, again.ends) == (None, None)


async def test_every_channel_has_its_own_plan(outbox: SqlOutbox) -> None:
    other = ChannelPlan("other", "elsewhere")
    await outbox.accept(acceptance(item(1), channel=other), NOW)

    made = await plan_backfill(outbox, [item(1), item(2)], [PLAN, other], ALL, pace=PACE, now=NOW)

    assert {one.channel: [planned.item_id for planned in one.planned] for one in made} == {
        "news": ["store:1", "store:2"],
        "other": ["store:2"],
    }


async def test_no_pace_keeps_the_order(outbox: SqlOutbox) -> None:
    [made] = await plan_backfill(outbox, [item(1), item(2)], [PLAN], ALL, pace=timedelta(0), now=NOW)
    await outbox.revive(made.planned, NOW)

    dues = [one.due for one in made.planned]
    assert dues[0] < dues[1] < NOW + timedelta(seconds=1)


# What stands already


@pytest.mark.parametrize(
    ("state", "reason", "is_owed"),
    [
        (State.SKIPPED, "baseline: it was there before the channel; `syndicate backfill` posts it", True),
        (State.SKIPPED, "too old: published 2026-10-02, limit 30 days", True),
        (State.SKIPPED, "filtered: its section is not among `sections`", True),
        (State.SKIPPED, "same link as store:9", False),
        (State.SKIPPED, WITHDRAWN, False),
        (State.PLANNED, "new", False),
        (State.SENT, "accepted", False),
        (State.HELD, "flood guard: 11 new items at once, limit 10", False),
        (State.FAILED, "422", False),
        (State.DEAD, "dropped by the operator", False),
        (State.UNKNOWN, "reset", False),
    ],
)
async def test_only_what_was_left_out_for_its_age_or_by_a_former_filter_is_owed(
    outbox: SqlOutbox, state: State, reason: str, is_owed: bool
) -> None:
    await outbox.accept(acceptance(item(1), state=state, reason=reason), NOW)

    assert await owed(outbox, item(1)) == (["store:1"] if is_owed else [])


async def test_reasons_are_those_that_an_ingest_gives(outbox: SqlOutbox) -> None:
    old = item(1, published=NOW - 99 * DAY)
    twin = item(3, link=item(2).link)
    sight = Sight((old, item(2), twin), (old, item(2), twin), {twin.id: "store:2"})
    decided = plan(sight, [PLAN], {PLAN.name}, NOW)
    await outbox.accept(replace(acceptance(old, item(2), twin), planned=decided), NOW)

    assert await owed(outbox, old, item(2), twin) == ["store:1"]


async def test_withdrawn_item_is_not_posted_by_a_backfill(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    await outbox.accept(Acceptance(withdrawn=("store:1",)), NOW)

    assert await owed(outbox, item(1)) == []


async def test_baseline_is_posted_by_a_backfill(outbox: SqlOutbox) -> None:
    decided = plan(Sight((), (item(1), item(2))), [PLAN], set(), NOW)
    await outbox.accept(replace(acceptance(item(1), item(2)), planned=decided), NOW)
    [made] = await plan_backfill(outbox, [item(1), item(2)], [PLAN], ALL, pace=PACE, now=NOW)

    assert await outbox.revive(made.planned, NOW) == 2

    assert {(one.state, one.origin) for one in await outbox.deliveries()} == {(State.PLANNED, Origin.BACKFILL)}


async def test_filters_of_the_channel_hold_for_a_backfill_too(outbox: SqlOutbox) -> None:
    channel = replace(PLAN, not_topics=("health-ai",))

    assert await owed(outbox, item(1), item(2, topics=()), channel=channel) == ["store:2"]


async def test_items_of_one_article_are_posted_once(outbox: SqlOutbox) -> None:
    twin = item(2, link="https://www.example.org/1/?utm_source=feed")

    assert await owed(outbox, twin, item(1), item(3)) == ["store:1", "store:3"]


async def test_article_that_was_posted_is_not_posted_again_by_its_twin(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1), state=State.SENT, reason="accepted"), NOW)
    twin = item(2, link=item(1).link)

    assert await owed(outbox, item(1), twin, item(3)) == ["store:3"]


async def test_items_without_a_link_are_no_twins(outbox: SqlOutbox) -> None:
    pages = [item(number, link=None, page=f"https://site.example/{number}") for number in (1, 2)]

    assert await owed(outbox, *pages) == ["store:1", "store:2"]


# Selection


@pytest.mark.parametrize(
    ("limit", "ids"), [(0, []), (1, ["store:3"]), (2, ["store:2", "store:3"]), (9, ["store:1", "store:2", "store:3"])]
)
async def test_limit_takes_the_newest_and_posts_them_oldest_first(
    outbox: SqlOutbox, limit: int, ids: list[str]
) -> None:
    assert await owed(outbox, item(1), item(2), item(3), selection=Selection(limit=limit)) == ids


async def test_limit_counts_what_fits_so_that_the_same_backfill_again_plans_nothing(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(3), state=State.SENT, reason="accepted"), NOW)

    assert await owed(outbox, item(1), item(2), item(3), selection=Selection(limit=1)) == []
    assert await owed(outbox, item(1), item(2), item(3), selection=Selection(limit=2)) == ["store:2"]


def days(*ages: int) -> list[Item]:
    return [item(number, published=NOW - age * DAY) for number, age in enumerate(ages)]


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), ["store:2", "store:1", "store:0"]),
        (Selection(since=date(2026, 10, 31)), ["store:1", "store:0"]),
        (Selection(until=date(2026, 10, 31)), ["store:2", "store:1"]),
        (Selection(since=date(2026, 10, 31), until=date(2026, 10, 31)), ["store:1"]),
        (Selection(since=date(2026, 11, 2)), []),
    ],
)
def test_days_are_inclusive(selection: Selection, ids: list[str]) -> None:
    assert [one.id for one in selected(days(0, 1, 2), selection, NOW)] == ids


def test_scheduled_items_are_never_backfilled() -> None:
    assert selected([item(1, published=NOW + timedelta(microseconds=1))], ALL, NOW) == []


@pytest.mark.parametrize(
    ("topics", "ids"),
    [
        (("health-ai",), ["store:1"]),
        (("OTHER",), ["store:2"]),
        (("health ai", "other"), ["store:1", "store:2"]),
        (("none",), []),
    ],
)
def test_topics_are_slugs_or_labels_any_of_them(topics: tuple[str, ...], ids: list[str]) -> None:
    items = [item(1), item(2, topics=(Topic("other-slug", "Other"),))]

    assert [one.id for one in selected(items, Selection(topics=topics), NOW)] == ids


@given(st.lists(st.integers(-3, 60), max_size=8, unique=True), st.integers(0, 60), st.integers(0, 60))
def test_selection_is_a_part_in_order(ages: list[int], since: int, until: int) -> None:
    items = days(*ages)
    selection = Selection(since=(NOW - since * DAY).date(), until=(NOW - until * DAY).date())

    chosen = selected(items, selection, NOW)

    assert [one.published for one in chosen] == sorted(one.published for one in chosen)
    assert {one.id for one in chosen} == {
        one.id for one, age in zip(items, ages, strict=True) if age >= 0 and until <= age <= since
    }
