from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from deliver_rig import NOW, PLAN, acceptance, item, pictured
from syndicate.backfill import ChannelBackfill, LeftOut, Selection, Target, is_called, marks_of, plan_backfill
from syndicate.feeds.query import Query, Terms
from syndicate.items.item import Item, Topic
from syndicate.outbox.delivery import Origin, Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.pace import PaceRules, Price
from syndicate.outbox.plan import ChannelPlan, Sight, oldest_first, plan
from syndicate.outbox.reasons import Reason
from syndicate.outbox.spacing import Tempo
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.channel import Quota
from syndicate.ports.outbox import Acceptance

GAP = timedelta(minutes=30)
TEMPO = Tempo(GAP)
ALL = Selection()
DAY = timedelta(days=1)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[SqlOutbox]:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as opened:
        yield opened


async def owed(
    outbox: SqlOutbox, *items: Item, selection: Selection = ALL, channel: ChannelPlan = PLAN, tempo: Tempo = TEMPO
) -> list[str]:
    """Ids of what a backfill of one channel plans, in order."""
    [made] = await plan_backfill(outbox, items, [Target(channel)], selection, tempo=tempo, now=NOW)
    return [one.item_id for one in made.planned]


async def test_plan_is_oldest_first_at_the_pace_behind_live(outbox: SqlOutbox) -> None:
    [made] = await plan_backfill(outbox, [item(2), item(1)], [Target(PLAN)], ALL, tempo=TEMPO, now=NOW)

    assert [(one.item_id, one.due) for one in made.planned] == [("store:1", NOW), ("store:2", NOW + GAP)]
    assert {(one.state, one.origin, one.reason) for one in made.planned} == {
        (State.PLANNED, Origin.BACKFILL, "backfill")
    }
    assert (made.channel, made.every, made.takes, made.begins, made.ends) == ("news", GAP, GAP, NOW, NOW + GAP)


async def test_planning_writes_nothing(outbox: SqlOutbox) -> None:
    await owed(outbox, item(1))

    assert await outbox.deliveries() == []


async def test_second_run_plans_nothing(outbox: SqlOutbox) -> None:
    [made] = await plan_backfill(outbox, [item(1), item(2)], [Target(PLAN)], ALL, tempo=TEMPO, now=NOW)
    assert await outbox.revive(made.planned, NOW) == 2

    [again] = await plan_backfill(outbox, [item(1), item(2)], [Target(PLAN)], ALL, tempo=TEMPO, now=NOW)

    assert (again.planned, again.begins, again.ends) == ((), None, None)
    assert again.left_out == {LeftOut.OWED: 2}


async def test_every_channel_has_its_own_plan(outbox: SqlOutbox) -> None:
    other = ChannelPlan("other", "elsewhere")
    await outbox.accept(acceptance(item(1), channel=other), NOW)

    made = await plan_backfill(outbox, [item(1), item(2)], [Target(PLAN), Target(other)], ALL, tempo=TEMPO, now=NOW)

    assert {one.channel: [planned.item_id for planned in one.planned] for one in made} == {
        "news": ["store:1", "store:2"],
        "other": ["store:2"],
    }


async def test_no_pace_keeps_the_order(outbox: SqlOutbox) -> None:
    [made] = await plan_backfill(outbox, [item(1), item(2)], [Target(PLAN)], ALL, tempo=Tempo(timedelta(0)), now=NOW)
    await outbox.revive(made.planned, NOW)

    dues = [one.due for one in made.planned]
    assert dues[0] < dues[1] < NOW + timedelta(seconds=1)


# What stands already


@pytest.mark.parametrize(
    ("state", "code", "why_not"),
    [
        (State.SKIPPED, Reason.BASELINE, None),
        (State.SKIPPED, Reason.TOO_OLD, None),
        (State.SKIPPED, Reason.FILTERED, None),
        (State.SKIPPED, Reason.CANCELLED, None),
        (State.SKIPPED, Reason.SAME_LINK, LeftOut.SAME_LINK),
        (State.SKIPPED, Reason.WITHDRAWN, LeftOut.WITHDRAWN),
        (State.SKIPPED, Reason.MARKED, LeftOut.MARKED),
        (State.PLANNED, Reason.NEW, LeftOut.OWED),
        (State.CLAIMED, Reason.NEW, LeftOut.OWED),
        (State.SENDING, Reason.INTENT, LeftOut.OWED),
        (State.UNKNOWN, Reason.UNCLEAR, LeftOut.OWED),
        (State.PAUSED, Reason.PAUSED, LeftOut.PAUSED),
        (State.SENT, Reason.ACCEPTED, LeftOut.POSTED),
        (State.HELD, Reason.FLOOD, LeftOut.WAITS),
        (State.FAILED, Reason.REFUSED, LeftOut.WAITS),
        (State.DEAD, Reason.DROPPED, LeftOut.DROPPED),
    ],
)
async def test_only_what_was_left_out_for_its_age_or_by_a_former_filter_is_owed(
    outbox: SqlOutbox, state: State, code: Reason, why_not: LeftOut | None
) -> None:
    await outbox.accept(acceptance(item(1), state=state, code=code), NOW)

    [made] = await plan_backfill(outbox, [item(1)], [Target(PLAN)], ALL, tempo=TEMPO, now=NOW)

    assert len(made.planned) == (why_not is None)
    assert made.left_out == ({} if why_not is None else {why_not: 1})


@pytest.mark.parametrize(
    ("one", "why_not"),
    [
        (item(1, published=NOW + timedelta(microseconds=1)), LeftOut.SCHEDULED),
        (item(1, expires=NOW), LeftOut.EXPIRED),
        (item(1, expires=NOW + timedelta(microseconds=1)), None),
        (item(1, section="Old"), "filtered: its section is not among `sections`"),
    ],
)
async def test_item_itself_may_be_why_it_is_left_out(outbox: SqlOutbox, one: Item, why_not: str | None) -> None:
    channel = structs.replace(PLAN, sections=("News",))
    one = one if one.section else replace(one, section="News")

    [made] = await plan_backfill(outbox, [one], [Target(channel)], ALL, tempo=TEMPO, now=NOW)

    assert made.left_out == ({} if why_not is None else {why_not: 1})


async def test_what_is_not_asked_for_is_not_counted_as_left_out(outbox: SqlOutbox) -> None:
    [made] = await plan_backfill(outbox, days(0, 1, 2), [Target(PLAN)], Selection(limit=1), tempo=TEMPO, now=NOW)
    [other] = await plan_backfill(
        outbox, days(0, 1), [Target(PLAN)], Selection(names=("store:1",)), tempo=TEMPO, now=NOW
    )

    assert made.left_out == {LeftOut.BEYOND: 2}
    assert other.left_out == {}


# Pace, price and warnings


async def made_for(outbox: SqlOutbox, target: Target, *items: Item, tempo: Tempo = TEMPO) -> ChannelBackfill:
    [made] = await plan_backfill(outbox, items, [target], ALL, tempo=tempo, now=NOW)
    return made


async def test_pace_of_the_channel_holds_besides(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(9)), NOW)
    delivery = await outbox.claim(PLAN.name, "me", NOW)
    assert delivery is not None
    sent = await outbox.freeze(delivery, b"payload", "key", NOW)
    await outbox.settle(sent, Step(State.SENT, "accepted", NOW, receipt=Receipt("id", None, NOW - 2 * GAP)), NOW)

    made = await made_for(outbox, Target(PLAN, PaceRules(gap=3 * GAP)), item(1), item(2))

    assert [one.due for one in made.planned] == [NOW + GAP, NOW + 4 * GAP]


async def test_item_that_would_be_expired_before_its_turn_makes_room(outbox: SqlOutbox) -> None:
    items = [item(1), item(2, expires=NOW + GAP), item(3)]

    made = await made_for(outbox, Target(PLAN), *items)

    assert [(one.item_id, one.due) for one in made.planned] == [("store:1", NOW), ("store:3", NOW + GAP)]
    assert made.left_out == {LeftOut.EXPIRED: 1}


async def test_item_without_the_image_that_a_network_needs_is_left_out(outbox: SqlOutbox) -> None:
    made = await made_for(outbox, Target(PLAN, needs_image=True), pictured(1), item(2))

    assert [one.item_id for one in made.planned] == ["store:1"]
    assert made.left_out == {LeftOut.NO_IMAGE: 1}


async def test_price_is_that_of_all_posts(outbox: SqlOutbox) -> None:
    price = Price(Decimal("0.20"), "USD")
    never = PaceRules(price=price.amount, budget_per_month=Decimal("0.10"))

    made = await made_for(outbox, Target(PLAN, price=price), item(1), item(2))
    unpaid = await made_for(outbox, Target(PLAN, never, price), item(1))

    assert made.cost == Price(Decimal("0.40"), "USD")
    assert (unpaid.cost, unpaid.left_out) == (Price(Decimal(0), "USD"), {LeftOut.UNPAID: 1})


async def test_more_than_the_network_takes_is_warned_of(outbox: SqlOutbox) -> None:
    quotas = (Quota(2, 2 * GAP), Quota(1, 2 * GAP, "with pictures"))

    made = await made_for(outbox, Target(PLAN, quotas=quotas), *map(item, range(1, 5)))

    [warning] = made.warnings
    assert warning.startswith("2 posts in 1h, the network takes 1 with pictures: ")


async def test_more_time_than_was_asked_for_is_warned_of(outbox: SqlOutbox) -> None:
    made = await made_for(outbox, Target(PLAN, PaceRules(gap=DAY)), item(1), item(2), tempo=Tempo(over=GAP))

    assert made.warnings == ("the channel's own pace lets it end on 2026-11-02, not within 30m",)


# Marks


async def test_marks_cover_what_is_undecided_and_what_is_held_untried(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1), state=State.HELD, reason="flood guard"), NOW)
    await outbox.accept(acceptance(item(2), state=State.SENT, reason="accepted"), NOW)
    await outbox.accept(acceptance(item(3), state=State.SKIPPED, reason="too old"), NOW)
    selection = Selection(even_held=True)

    [made] = await plan_backfill(outbox, map(item, range(1, 5)), [Target(PLAN)], selection, tempo=TEMPO, now=NOW)
    marked = marks_of(made, NOW)
    await outbox.begin_batch(marked.planned, "--mark-only", NOW)

    assert [one.item_id for one in marked.planned] == ["store:1", "store:3", "store:4"]
    found = {one.item_id: (one.state, one.code, one.origin) for one in await outbox.deliveries()}
    assert found == {
        "store:1": (State.SKIPPED, Reason.MARKED, Origin.LIVE),
        "store:2": (State.SENT, Reason.NEW, Origin.LIVE),
        "store:3": (State.SKIPPED, Reason.MARKED, Origin.LIVE),
        "store:4": (State.SKIPPED, Reason.MARKED, Origin.LIVE),
    }


async def test_marked_item_and_its_twins_stay_unposted_until_marks_are_passed_over(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1), state=State.SKIPPED, code=Reason.MARKED), NOW)
    twin = item(2, link=item(1).link)

    assert await owed(outbox, item(1), twin) == []
    assert await owed(outbox, item(1), twin, selection=Selection(even_marked=True)) == ["store:1"]


async def test_held_item_is_not_marked_if_it_was_tried(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    delivery = await outbox.claim(PLAN.name, "me", NOW)
    assert delivery is not None
    delivery = await outbox.freeze(delivery, b"payload", "key", NOW)
    await outbox.settle(delivery, Step(State.HELD, "unknown outcome", NOW, is_unclear=True), NOW)

    assert await owed(outbox, item(1), selection=Selection(even_held=True)) == []


async def test_reasons_are_those_that_an_ingest_gives(outbox: SqlOutbox) -> None:
    old = item(1, published=NOW - 99 * DAY)
    twin = item(3, link=item(2).link)
    sight = Sight((old, item(2), twin), (old, item(2), twin), {twin.id: "store:2"})
    decided = plan(sight, [PLAN], {PLAN.name}, NOW)
    await outbox.accept(structs.replace(acceptance(old, item(2), twin), planned=decided), NOW)

    assert await owed(outbox, old, item(2), twin) == ["store:1"]


async def test_withdrawn_item_is_not_posted_by_a_backfill(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    await outbox.accept(Acceptance(withdrawn=("store:1",)), NOW)

    assert await owed(outbox, item(1)) == []


async def test_baseline_is_posted_by_a_backfill(outbox: SqlOutbox) -> None:
    decided = plan(Sight((), (item(1), item(2))), [PLAN], set(), NOW)
    await outbox.accept(structs.replace(acceptance(item(1), item(2)), planned=decided), NOW)
    [made] = await plan_backfill(outbox, [item(1), item(2)], [Target(PLAN)], ALL, tempo=TEMPO, now=NOW)

    assert await outbox.revive(made.planned, NOW) == 2

    assert {(one.state, one.origin) for one in await outbox.deliveries()} == {(State.PLANNED, Origin.BACKFILL)}


async def test_filters_of_the_channel_hold_for_a_backfill_too(outbox: SqlOutbox) -> None:
    channel = structs.replace(PLAN, not_topics=("health-ai",))

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
    assert [one.id for one in selected(days(0, 1, 2), selection)] == ids


def test_days_are_those_of_the_zone() -> None:
    late = item(1, published=datetime(2026, 10, 31, 23, 30, tzinfo=UTC))

    assert Selection(since=date(2026, 11, 1), zone=ZoneInfo("Europe/Berlin")).takes(late)
    assert not Selection(since=date(2026, 11, 1)).takes(late)


@pytest.mark.parametrize(
    ("limit", "ids"), [(1, ["store:2"]), (2, ["store:2", "store:1"]), (9, ["store:2", "store:1", "store:0"])]
)
async def test_limit_may_take_the_oldest(outbox: SqlOutbox, limit: int, ids: list[str]) -> None:
    assert await owed(outbox, *days(0, 1, 2), selection=Selection(limit=limit, takes_oldest=True)) == ids


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("store:1", True),
        ("1", True),
        ("news/1.md", True),
        ("1.md", True),
        ("title-1", True),
        ("Title 1", False),
        ("tore:1", False),
        ("ews/1.md", False),
    ],
)
def test_item_is_called_by_id_path_or_slug(name: str, is_so: bool) -> None:
    assert is_called(item(1), name) == Selection(names=("none", name)).takes(item(1)) == is_so


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

    assert [one.id for one in selected(items, Selection(query=Query(topics=Terms(some=topics))))] == ids


def selected(items: list[Item], selection: Selection) -> list[Item]:
    return [one for one in oldest_first(items) if selection.takes(one)]


@given(st.lists(st.integers(0, 60), max_size=8, unique=True), st.integers(0, 60), st.integers(0, 60))
def test_selection_is_what_lies_between_the_days(ages: list[int], since: int, until: int) -> None:
    items = days(*ages)
    selection = Selection(since=(NOW - since * DAY).date(), until=(NOW - until * DAY).date())

    assert {one.id for one in selected(items, selection)} == {
        one.id for one, age in zip(items, ages, strict=True) if until <= age <= since
    }
