"""What pacing reads and writes, run over a real SQLite file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from deliver_rig import ACCOUNT, NAME, NOW, PLAN, item
from syndicate.items.item import Topic
from syndicate.outbox.delivery import Action, Origin, Planned, Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.pace import Dropped, Past, Rest, Waiting, Why
from syndicate.outbox.plan import planned
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.outbox import Acceptance

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[SqlOutbox]:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as opened:
        yield opened


def owed(number: int, due: datetime = NOW, origin: Origin = Origin.LIVE, **more: object) -> Planned:
    one = planned(item(number, **more), PLAN, State.PLANNED, "new", due, origin)
    return replace(one, uid=f"uid{number}")


async def owe(outbox: SqlOutbox, *many: Planned) -> None:
    await outbox.accept(Acceptance(planned=many, channels={NAME: ACCOUNT}), NOW)


async def made(outbox: SqlOutbox, uid: str, step: Step, at: datetime) -> None:
    """One attempt at that time with that end."""
    delivery = await outbox.claim(NAME, "me", at, uid)
    assert delivery is not None
    frozen = await outbox.freeze(delivery, b"post", "key", at)
    await outbox.settle(frozen, step, at)


def sent(at: datetime) -> Step:
    return Step(State.SENT, "accepted", at, receipt=Receipt("42", None, at))


def unclear(state: State) -> Step:
    return Step(state, "cut off", NOW, is_unclear=True)


async def test_queue_tells_all_that_pacing_asks(outbox: SqlOutbox) -> None:
    topics = (Topic("birds", "Birds"), Topic("frogs", "Frogs"))
    await owe(outbox, owed(1, topics=topics), owed(2, NOW - MINUTE, Origin.BACKFILL, topics=()), owed(3, topics=()))
    await made(outbox, "uid3", unclear(State.UNKNOWN), NOW)

    found = await outbox.outlook(NAME, 1, 10)

    assert {one.uid: one for one in found.queue} == {
        "uid1": Waiting("uid1", NOW, Origin.LIVE, NOW, frozenset({"birds", "frogs"})),
        "uid2": Waiting("uid2", NOW - MINUTE, Origin.BACKFILL, NOW),
        "uid3": Waiting("uid3", NOW, Origin.LIVE, NOW, is_post=False),
    }
    assert (await outbox.outlook("other", 1, 10)).queue == ()


@pytest.mark.parametrize(
    ("action", "is_post"),
    [(Action.POST, True), (Action.REPLY, True), (Action.EDIT, False), (Action.DELETE, False)],
)
async def test_followers_see_posts_and_replies_as_new(outbox: SqlOutbox, action: Action, is_post: bool) -> None:
    await owe(outbox, replace(owed(1), action=action))

    assert [one.is_post for one in (await outbox.outlook(NAME, 1, 10)).queue] == [is_post]


async def test_of_a_long_queue_the_first_of_each_kind_are_read(outbox: SqlOutbox) -> None:
    live = [owed(number, NOW + number * MINUTE) for number in (4, 2, 3)]
    await owe(outbox, *live, *(owed(number, NOW + number * MINUTE, Origin.BACKFILL) for number in (7, 6, 5)))

    assert [one.uid for one in (await outbox.outlook(NAME, 1, 2)).queue] == ["uid2", "uid3", "uid5", "uid6"]


async def test_what_is_in_work_or_settled_waits_no_more(outbox: SqlOutbox) -> None:
    await owe(outbox, owed(1), owed(2), owed(3))
    await outbox.claim(NAME, "me", NOW, "uid1")
    await made(outbox, "uid2", sent(NOW), NOW)

    assert [one.uid for one in (await outbox.outlook(NAME, 1, 10)).queue] == ["uid3"]


async def test_past_tells_the_last_posts_and_the_topics_of_the_newest(outbox: SqlOutbox) -> None:
    await owe(outbox, *(owed(number, topics=(Topic(f"t{number}", "T"),)) for number in range(4)))
    for number in (2, 0, 3):
        await made(outbox, f"uid{number}", sent(NOW - number * MINUTE), NOW)

    assert (await outbox.outlook(NAME, 2, 10)).past == Past((NOW - 2 * MINUTE, NOW), frozenset({"t0"}))
    assert (await outbox.outlook("other", 2, 10)).past == Past()


@pytest.mark.parametrize(
    ("step", "counts"),
    [
        (unclear(State.UNKNOWN), True),
        (unclear(State.HELD), True),
        (Step(State.PLANNED, "refused connection", NOW), False),
        (Step(State.FAILED, "422", NOW), False),
        (Step(State.HELD, "target changed", NOW), False),
    ],
)
async def test_a_post_that_may_stand_counts_from_its_first_attempt(outbox: SqlOutbox, step: Step, counts: bool) -> None:
    await owe(outbox, owed(1))
    await made(outbox, "uid1", step, NOW - MINUTE)

    assert (await outbox.outlook(NAME, 5, 10)).past.sent == ((NOW - MINUTE,) if counts else ())


async def test_a_post_that_is_being_sent_counts(outbox: SqlOutbox) -> None:
    await owe(outbox, owed(1))
    claimed = await outbox.claim(NAME, "me", NOW, "uid1")
    assert claimed is not None
    await outbox.freeze(claimed, b"post", "key", NOW)

    assert (await outbox.outlook(NAME, 5, 10)).past.sent == (NOW,)


async def test_edits_and_deletions_are_no_posts_of_the_past(outbox: SqlOutbox) -> None:
    await owe(outbox, replace(owed(1), action=Action.EDIT), replace(owed(2), action=Action.DELETE))
    for number in (1, 2):
        await made(outbox, f"uid{number}", sent(NOW), NOW)

    assert (await outbox.outlook(NAME, 5, 10)).past.sent == ()


async def test_claim_takes_the_one_whose_turn_it_is_once(outbox: SqlOutbox) -> None:
    await owe(outbox, owed(1), owed(2))

    first = await outbox.claim(NAME, "me", NOW, "uid2")

    assert first is not None and (first.uid, first.state) == ("uid2", State.CLAIMED)
    assert await outbox.claim(NAME, "you", NOW, "uid2") is None
    await made(outbox, "uid1", sent(NOW), NOW)
    assert await outbox.claim(NAME, "me", NOW, "uid1") is None


async def test_what_waits_is_dropped_and_nothing_else(outbox: SqlOutbox) -> None:
    await owe(outbox, owed(1), owed(2), owed(3), owed(4))
    await made(outbox, "uid1", sent(NOW), NOW)
    await outbox.claim(NAME, "me", NOW, "uid2")
    await made(outbox, "uid3", unclear(State.UNKNOWN), NOW)

    count = await outbox.drop([Dropped(f"uid{number}", "expired") for number in (1, 2, 3, 4)], NOW + MINUTE)

    states = {one.uid: one.state for one in await outbox.deliveries()}
    assert (count, states["uid4"]) == (1, State.SKIPPED)
    assert State.SKIPPED not in {states[f"uid{number}"] for number in (1, 2, 3)}
    last = (await outbox.history("uid4"))[-1]
    assert (last.state, last.reason, last.at) == (State.SKIPPED, "expired", NOW + MINUTE)


async def test_rests_are_kept_one_of_a_kind_and_forgotten(outbox: SqlOutbox) -> None:
    limit = Rest(Why.LIMIT, NOW + MINUTE, "429", NOW)
    broken = Rest(Why.BREAKER, NOW, "502", NOW, failures=3)
    for rest in (limit, replace(broken, failures=2), broken):
        await outbox.keep_rest("account a", rest)
    await outbox.keep_rest("app b", limit)

    assert await outbox.rests() == {
        ("account a", Why.LIMIT): limit,
        ("account a", Why.BREAKER): broken,
        ("app b", Why.LIMIT): limit,
    }
    await outbox.end_rest("account a", Why.LIMIT)
    assert set(await outbox.rests()) == {("account a", Why.BREAKER), ("app b", Why.LIMIT)}


async def test_renewed_access_is_seen(outbox: SqlOutbox) -> None:
    assert not await outbox.token_kept_since(NOW)
    await outbox.keep_sealed_token("news", b"sealed", NOW)

    assert not await outbox.token_kept_since(NOW)
    assert await outbox.token_kept_since(NOW - MINUTE)


async def test_returned_item_is_owed_anew(outbox: SqlOutbox) -> None:
    skipped = replace(owed(1), state=State.SKIPPED, reason="baseline")
    await owe(outbox, skipped)
    later = NOW + timedelta(days=3)

    await outbox.revive([replace(owed(1, later), topics=("frogs",))], later)

    [one] = (await outbox.outlook(NAME, 1, 10)).queue
    assert (one.owed_since, one.topics) == (later, frozenset({"frogs"}))
