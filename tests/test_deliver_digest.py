"""Digests: what a channel owes goes out in one message at fixed times, and each item in one of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from deliver_rig import NAME, NOW, WRITE_ONLY, Rig, acceptance, item, rig
from syndicate.draft import DigestRules
from syndicate.errors import Transient, Unknown
from syndicate.outbox.delivery import State
from syndicate.outbox.issues import IssueTimes
from syndicate.ports.outbox import Acceptance

MORNING = NOW.replace(hour=(NOW.hour + 2) % 24, minute=0, second=0, microsecond=0)
TIMES = IssueTimes((time(MORNING.hour),), frozenset(range(7)), UTC)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; nothing is printed."""
    with capture_logs() as lines:
        yield lines


def with_digests(one: Rig) -> None:
    drafts = replace(one.rules.attempts.drafts, digest=DigestRules("https://site.example/", "en"))
    one.restart(replace(one.rules, attempts=replace(one.rules.attempts, drafts=drafts, issues=TIMES)))


async def at(one: Rig, moment: datetime) -> list[State | None]:
    """What the lane does at a time, until it has nothing to do."""
    one.clock.now = moment
    states = []
    while (state := await one.step()) is not None:
        states.append(state)
    return states


async def states(one: Rig) -> dict[str, State]:
    return {delivery.item_id: delivery.state for delivery in await one.outbox.deliveries()}


def next_morning(days: int = 0) -> datetime:
    first = MORNING if MORNING > NOW else MORNING + timedelta(days=1)
    return first + timedelta(days=days, seconds=1)


async def test_what_is_new_waits_and_goes_out_together(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), item(3)) as one:
        with_digests(one)

        waiting = await at(one, NOW + timedelta(minutes=1))
        sent = await at(one, next_morning())

        [(payload, _)] = one.channel.made
        assert waiting == [State.PLANNED] * 3
        assert sent == [State.SENT]
        assert [f"Title {number}" in payload.decode() for number in (1, 2, 3)] == [True] * 3
        assert set((await states(one)).values()) == {State.SENT}
        assert len(await states(one)) == 4


async def test_the_next_digest_holds_what_came_since(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as one:
        with_digests(one)
        await at(one, NOW + timedelta(minutes=1))
        await at(one, next_morning())

        await one.owe(item(2))
        await at(one, next_morning() + timedelta(hours=1))
        await at(one, next_morning(1))

        first, second = (payload.decode() for payload, _ in one.channel.made)
        assert ("Title 1" in first, "Title 2" in first, "Title 1" in second, "Title 2" in second) == (
            True,
            False,
            False,
            True,
        )


async def test_without_news_there_is_no_digest(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        with_digests(one)

        assert await at(one, next_morning()) == []
        assert await states(one) == {}


async def test_digests_that_were_missed_are_one(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2)) as one:
        with_digests(one)
        await at(one, NOW + timedelta(minutes=1))

        await at(one, next_morning(5))

        assert len(one.channel.made) == 1


async def test_a_digest_that_was_not_sent_is_tried_again(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2)) as one:
        with_digests(one)
        one.channel.script["publish"] = [Transient("down")]
        await at(one, NOW + timedelta(minutes=1))

        failed = await at(one, next_morning())
        again = await at(one, next_morning() + timedelta(hours=2))

        assert (failed, again) == ([State.PLANNED], [State.SENT])
        assert len(one.channel.made) == 1


async def test_an_unclear_digest_is_held_and_none_of_its_items_goes_out_again(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), guarantee=WRITE_ONLY) as one:
        with_digests(one)
        one.channel.after_made = [Unknown("lost")]
        await at(one, NOW + timedelta(minutes=1))

        held = await at(one, next_morning())
        later = await at(one, next_morning(1))

        assert (held, later) == ([State.HELD], [])
        assert sorted((await states(one)).values()) == [State.HELD, State.SKIPPED, State.SKIPPED]
        assert await one.outbox.revive([], one.clock()) == 0


async def test_an_item_that_left_is_not_told(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2)) as one:
        with_digests(one)
        one.channel.script["publish"] = [Transient("down")]
        await at(one, NOW + timedelta(minutes=1))
        await at(one, next_morning())

        await one.outbox.accept(Acceptance(withdrawn=(item(1).id,)), one.clock())
        await at(one, next_morning() + timedelta(hours=2))

        [(payload, _)] = one.channel.made
        assert ("Title 1" in payload.decode(), "Title 2" in payload.decode()) == (False, True)
        told = await states(one)
        assert (told[item(1).id], told[item(2).id]) == (State.SKIPPED, State.SENT)


async def test_a_clock_that_was_set_back_makes_no_second_digest(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as one:
        with_digests(one)
        await at(one, NOW + timedelta(minutes=1))
        await at(one, next_morning())
        await one.owe(item(2))

        one.restart()
        await at(one, next_morning() + timedelta(minutes=1))
        await at(one, next_morning(1))

        assert len(one.channel.made) == 2
        assert (await one.outbox.next_due(NAME)) is None


async def held(one: Rig) -> str:
    """A digest of two items, held as its outcome is unclear; its uid."""
    with_digests(one)
    one.channel.after_made = [Unknown("lost")]
    await at(one, NOW + timedelta(minutes=1))
    await at(one, next_morning())
    [found] = await one.outbox.deliveries(states=[State.HELD])
    return found.uid


async def test_a_digest_that_is_there_by_the_operators_word_carries_its_items(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), guarantee=WRITE_ONLY) as one:
        uid = await held(one)

        await one.outbox.resolve(uid, State.SENT, "told", one.clock())

        assert set((await states(one)).values()) == {State.SENT}


async def test_a_digest_that_is_dropped_leaves_its_items_to_a_backfill(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), guarantee=WRITE_ONLY) as one:
        uid = await held(one)

        await one.outbox.resolve(uid, State.DEAD, "dropped", one.clock())

        parts = await one.outbox.deliveries(states=[State.SKIPPED])
        assert {part.reason.partition(" ")[2] for part in parts} == {"was dropped"}
        assert await one.outbox.revive([acceptance(item(1)).planned[0]], one.clock()) == 1


async def test_what_may_have_been_sent_before_a_restore_goes_into_no_digest(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), guarantee=WRITE_ONLY) as one:
        with_digests(one)
        await at(one, NOW + timedelta(minutes=1))
        with sqlite3.connect(tmp_path / "outbox.sqlite3") as database:
            database.execute("UPDATE deliveries SET is_doubted = 1 WHERE item_id = ?", [item(1).id])
        database.close()

        await at(one, next_morning())

        assert all("Title 1" not in payload.decode() for payload, _ in one.channel.made)
        assert (await states(one))[item(2).id] is State.SENT
