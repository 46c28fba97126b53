"""Batches of backfills: named, paused, resumed, cancelled, and what a delivery in work comes back to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from deliver_rig import NAME, NOW, PLAN, acceptance, item
from syndicate.errors import UsageError
from syndicate.outbox.delivery import Delivery, Origin, Planned, Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import ChannelPlan, planned
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.batches import BatchState
from syndicate.ports.outbox import Acceptance

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
RUNNING, PAUSED, CANCELLED = BatchState.RUNNING, BatchState.PAUSED, BatchState.CANCELLED


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[SqlOutbox]:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as opened:
        await opened.accept(acceptance(*map(item, range(1, 4)), state=State.SKIPPED, reason="baseline"), NOW)
        yield opened


def wanted(*numbers: int, channel: ChannelPlan = PLAN) -> list[Planned]:
    """Posts of these items, an hour apart from now on."""
    return [
        planned(item(number), channel, State.PLANNED, "backfill", NOW + place * HOUR, Origin.BACKFILL)
        for place, number in enumerate(numbers)
    ]


async def claimed(outbox: SqlOutbox) -> Delivery:
    delivery = await outbox.claim(NAME, "me", LATER)
    assert delivery is not None
    return delivery


async def states(outbox: SqlOutbox) -> dict[str, State]:
    return {one.item_id: one.state for one in await outbox.deliveries()}


async def test_batch_is_written_with_its_deliveries(outbox: SqlOutbox) -> None:
    name = await outbox.begin_batch(wanted(1, 2), "--limit 2", NOW)

    [counts] = await outbox.batches()
    [share] = counts.shares
    assert (name, counts.batch.name, counts.batch.words) == ("2026-11-01", "2026-11-01", "--limit 2")
    assert (counts.stage, counts.number(), counts.owed, counts.ends) == ("running", 2, 2, NOW + HOUR)
    assert (share.channel, share.states, share.next_due) == (NAME, {State.PLANNED: 2}, NOW)
    assert {one.batch for one in await outbox.deliveries(states=[State.PLANNED])} == {name}


async def test_names_are_those_of_the_day_unless_given(outbox: SqlOutbox) -> None:
    names = [await outbox.begin_batch([], "", NOW, name) for name in (None, None, "2026-11-01-3", None)]

    assert names == ["2026-11-01", "2026-11-01-2", "2026-11-01-3", "2026-11-01-4"]
    with pytest.raises(UsageError, match="there is a backfill of that name"):
        await outbox.begin_batch([], "", NOW, "2026-11-01")


async def test_every_channel_has_its_share(outbox: SqlOutbox) -> None:
    other = ChannelPlan("other", "elsewhere")
    await outbox.begin_batch([*wanted(1), *wanted(1, 2, channel=other)], "", NOW)

    [counts] = await outbox.batches()

    assert {share.channel: dict(share.states) for share in counts.shares} == {
        NAME: {State.PLANNED: 1},
        "other": {State.PLANNED: 2},
    }


async def test_paused_batch_is_not_claimed_until_it_is_resumed(outbox: SqlOutbox) -> None:
    name = await outbox.begin_batch(wanted(1, 2), "", NOW)

    paused = await outbox.turn_batch(name, PAUSED, NOW)
    assert (paused.stage, paused.owed, await outbox.next_due(NAME)) == ("paused", 2, None)
    assert await outbox.claim(NAME, "me", LATER) is None
    resumed = await outbox.turn_batch(name, RUNNING, NOW)

    assert (resumed.stage, await outbox.next_due(NAME)) == ("running", NOW)
    [history] = [await outbox.history(one.uid) for one in await outbox.deliveries(item_id="store:1")]
    assert [(event.state, event.reason) for event in history[-2:]] == [
        (State.PAUSED, f"backfill {name} paused"),
        (State.PLANNED, f"backfill {name} resumed"),
    ]


async def test_resumed_late_it_keeps_its_pace(outbox: SqlOutbox) -> None:
    name = await outbox.begin_batch(wanted(1, 2, 3), "", NOW)
    await outbox.turn_batch(name, PAUSED, NOW)
    week_later = NOW + timedelta(days=7)

    await outbox.turn_batch(name, RUNNING, week_later)
    first = await outbox.claim(NAME, "me", week_later)

    assert first is not None
    assert await outbox.next_due(NAME) == week_later + HOUR


async def test_late_post_of_one_batch_leaves_the_pace_of_another(outbox: SqlOutbox) -> None:
    await outbox.begin_batch(wanted(1, 2), "", NOW)
    await outbox.begin_batch([replace(one, due=one.due + 3 * HOUR) for one in wanted(3)], "", NOW)

    await outbox.claim(NAME, "me", NOW + HOUR / 2)

    dues = {one.item_id: one.due for one in await outbox.deliveries()}
    assert (dues["store:2"], dues["store:3"]) == (NOW + HOUR * 1.5, NOW + 3 * HOUR)


@pytest.mark.parametrize(
    ("told", "becomes", "word"),
    [(RUNNING, State.PLANNED, ""), (PAUSED, State.PAUSED, "paused"), (CANCELLED, State.SKIPPED, "cancelled")],
)
async def test_post_in_work_comes_back_to_what_its_batch_was_told(
    outbox: SqlOutbox, told: BatchState, becomes: State, word: str
) -> None:
    name = await outbox.begin_batch(wanted(1), "", NOW)
    delivery = await claimed(outbox)
    if told is not RUNNING:
        counts = await outbox.turn_batch(name, told, NOW)
        assert counts.owed == 1

    await outbox.settle(delivery, Step(State.PLANNED, "try later", LATER), NOW)

    [one] = await outbox.deliveries(item_id="store:1")
    assert (one.state, word in one.reason, "try later" in one.reason) == (becomes, True, True)


async def test_post_in_work_that_was_made_counts_as_made(outbox: SqlOutbox) -> None:
    name = await outbox.begin_batch(wanted(1, 2), "", NOW)
    delivery = await outbox.freeze(await claimed(outbox), b"payload", "key", NOW)

    await outbox.turn_batch(name, CANCELLED, NOW)
    await outbox.settle(delivery, Step(State.SENT, "accepted", NOW, receipt=Receipt("id", None, NOW)), NOW)

    [counts] = await outbox.batches()
    assert (counts.stage, counts.owed, counts.number(State.SENT), counts.number(State.SKIPPED)) == (
        "cancelled", 0, 1, 1,
    )  # fmt: skip


@pytest.mark.parametrize("is_paused", [False, True])
async def test_cancelled_batch_gives_up_the_rest_and_another_may_take_it(outbox: SqlOutbox, is_paused: bool) -> None:
    name = await outbox.begin_batch(wanted(1, 2), "", NOW)
    if is_paused:
        await outbox.turn_batch(name, PAUSED, NOW)

    counts = await outbox.turn_batch(name, CANCELLED, NOW)
    again = await outbox.begin_batch(wanted(1), "", NOW)

    assert (counts.stage, counts.number(State.SKIPPED)) == ("cancelled", 2)
    found = {one.batch.name: (one.stage, one.number()) for one in await outbox.batches()}
    assert found == {name: ("cancelled", 1), again: ("running", 1)}


async def test_batch_whose_posts_are_settled_is_done(outbox: SqlOutbox) -> None:
    name = await outbox.begin_batch(wanted(1), "", NOW)
    delivery = await outbox.freeze(await claimed(outbox), b"payload", "key", NOW)
    await outbox.settle(delivery, Step(State.FAILED, "422", NOW), NOW)

    [counts] = await outbox.batches(name)

    assert (counts.stage, counts.owed, counts.ends) == ("done", 0, None)
    for told in BatchState:
        with pytest.raises(UsageError, match="is done"):
            await outbox.turn_batch(name, told, NOW)


async def test_what_cannot_be_told(outbox: SqlOutbox) -> None:
    name = await outbox.begin_batch(wanted(1), "", NOW)
    await outbox.turn_batch(name, CANCELLED, NOW)

    assert (await outbox.turn_batch(name, CANCELLED, NOW)).stage == "cancelled"
    for told in (RUNNING, PAUSED):
        with pytest.raises(UsageError, match="was cancelled; call `syndicate backfill` again"):
            await outbox.turn_batch(name, told, NOW)
    with pytest.raises(UsageError, match="no backfill of that name"):
        await outbox.turn_batch("none", PAUSED, NOW)


async def test_withdrawn_item_leaves_a_paused_batch(outbox: SqlOutbox) -> None:
    name = await outbox.begin_batch(wanted(1, 2), "", NOW)
    await outbox.turn_batch(name, PAUSED, NOW)

    await outbox.accept(Acceptance(withdrawn=("store:1",)), NOW)
    await outbox.turn_batch(name, RUNNING, NOW)

    assert await states(outbox) == {"store:1": State.SKIPPED, "store:2": State.PLANNED, "store:3": State.SKIPPED}
