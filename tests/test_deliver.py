"""One lane over a real outbox and a scripted channel whose posts are the truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from deliver_rig import (
    DURABLE,
    NAME,
    NOW,
    READABLE,
    SETTLE,
    WINDOWED,
    WRITE_ONLY,
    Rig,
    item,
    pictured,
    rig,
    unusable,
)

from syndicate.deliver import FROZEN_FOR, Settled
from syndicate.errors import (
    NetworkError,
    RateLimited,
    Rejected,
    Transient,
    Unauthorized,
    Unknown,
)
from syndicate.outbox.delivery import Guarantee, State
from syndicate.ports import Acceptance

Open = Callable[..., AbstractAsyncContextManager[Rig]]

HOUR = timedelta(hours=1)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Callable[..., object]]:
    """Opens rigs that are closed at the end."""
    async with AsyncExitStack() as stack:

        async def open_one(**how: object) -> Rig:
            return await stack.enter_async_context(rig(tmp_path, **how))  # type: ignore[arg-type]  # names of arguments

        yield open_one


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Rig]:
    """A readable channel that owes one item."""
    async with rig(tmp_path) as made:
        await made.owe(item())
        yield made


# Success


async def test_item_is_posted_and_the_receipt_kept(one: Rig) -> None:
    assert await one.step() is State.SENT

    sent = await one.only()
    [(payload, key)] = one.channel.made
    assert b"Title 1" in payload
    assert key == f"{sent.uid}-0"
    assert sent.receipt is not None and sent.receipt.remote_id == f"id-{key}"
    assert [(event.state, event.reason) for event in await one.outbox.history(sent.uid)] == [
        (State.PLANNED, "new"),
        (State.SENDING, "intent"),
        (State.SENT, "accepted"),
    ]
    assert one.channel.calls == ["open", "publish"]
    assert await one.step() is None


async def test_items_are_posted_in_order(tmp_path: Path) -> None:
    async with rig(tmp_path) as many:
        await many.owe(item(1), item(2), item(3))
        many.clock.pass_(SETTLE)

        assert [await many.step() for _ in range(4)] == [State.SENT, State.SENT, State.SENT, None]

        assert [b"Title %d" % number in many.channel.made[number - 1][0] for number in (1, 2, 3)] == [True] * 3
        assert many.channel.calls.count("open") == 1


async def test_nothing_owed_opens_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path) as idle:
        assert await idle.step() is None
        assert idle.channel.calls == []


async def test_intent_is_on_disk_before_the_first_byte(one: Rig) -> None:
    async def look() -> None:
        found = await one.only()
        assert (found.state, found.payload, found.key) == (State.SENDING, *one.channel.sent[0])
        states.append(found.state)

    states: list[State] = []
    one.channel.script["publish"] = [look]

    await one.step()

    assert states == [State.SENDING]


# Images


async def test_picture_is_uploaded_and_posted(tmp_path: Path) -> None:
    async with rig(tmp_path) as shown:
        await shown.owe(pictured())

        assert await shown.step() is State.SENT
        assert b"|media-1|" in shown.channel.made[0][0]
        assert shown.channel.calls == ["open", "upload", "publish"]


async def test_failing_image_costs_the_image_not_the_post(tmp_path: Path) -> None:
    async with rig(tmp_path) as bare:
        await bare.owe(pictured())
        bare.pictures.error = unusable()

        assert await bare.step() is State.SENT
        assert b"|None|" in bare.channel.made[0][0]
        assert "upload" not in bare.channel.calls


async def test_refused_upload_costs_the_image_not_the_post(tmp_path: Path) -> None:
    async with rig(tmp_path) as bare:
        await bare.owe(pictured())
        bare.channel.script["upload"] = [Rejected("too large")]

        assert await bare.step() is State.SENT
        assert b"|None|" in bare.channel.made[0][0]


@pytest.mark.parametrize("error", [Transient("refused connection"), Unknown("500")])
async def test_upload_is_tried_again_and_in_the_end_left_out(tmp_path: Path, error: NetworkError) -> None:
    async with rig(tmp_path) as patient:
        await patient.owe(pictured())
        patient.channel.script["upload"] = [error] * 99

        states = await patient.settle_all()

        assert states == [State.PLANNED] * 6 + [State.SENT]
        assert b"|None|" in patient.channel.made[0][0]


async def test_upload_that_recovers_keeps_the_image(tmp_path: Path) -> None:
    async with rig(tmp_path) as patient:
        await patient.owe(pictured())
        patient.channel.script["upload"] = [Unknown("500")]

        assert await patient.settle_all() == [State.PLANNED, State.SENT]
        assert b"|media-2|" in patient.channel.made[0][0]


async def test_stale_media_are_uploaded_anew_under_the_same_key(tmp_path: Path) -> None:
    async with rig(tmp_path) as stale:
        await stale.owe(pictured())
        stale.channel.script["publish"] = [Rejected("media 1 is gone", is_stale_media=True)]

        assert [await stale.step(), await stale.step()] == [State.PLANNED, State.SENT]

        (first, key), (second, same) = stale.channel.sent
        assert (b"|media-1|" in first, b"|media-2|" in second, key == same) == (True, True, True)


# Each kind of error


async def test_unsent_post_is_tried_again_with_the_same_bytes(one: Rig) -> None:
    one.channel.script["publish"] = [Transient("refused connection")]

    assert await one.step() is State.PLANNED
    assert (await one.only()).due == NOW + timedelta(seconds=5)
    assert await one.step() is None
    assert await one.step_when_due() is State.SENT

    assert one.channel.sent[0] == one.channel.sent[1]
    assert len(one.channel.made) == 1


async def test_old_unsent_post_is_composed_anew_under_the_same_key(one: Rig) -> None:
    one.channel.script["publish"] = [Transient("refused connection")]
    await one.step()

    one.clock.pass_(FROZEN_FOR)
    assert await one.step() is State.SENT

    (first, key), (second, same) = one.channel.sent
    assert (first != second, key == same) == (True, True)


async def test_network_that_stays_away_ends_in_dead(one: Rig) -> None:
    one.channel.script["publish"] = [Transient("refused connection")] * 99

    assert await one.settle_all() == [State.PLANNED] * 11 + [State.DEAD]
    assert "gave up after 12 failures" in (await one.only()).reason


async def test_refused_post_fails_and_is_not_tried_again(one: Rig) -> None:
    one.channel.script["publish"] = [Rejected("422 (text is spam)")]

    assert await one.settle_all() == [State.FAILED]
    assert (await one.only()).reason == "422 (text is spam)"
    assert one.channel.made == []


async def test_rate_limit_cools_the_whole_lane_over_restarts(tmp_path: Path) -> None:
    async with rig(tmp_path) as limited:
        await limited.owe(item(1), item(2))
        limited.clock.pass_(SETTLE)
        until = limited.clock.now + HOUR
        limited.channel.script["publish"] = [RateLimited("429", until)]

        assert await limited.step() is State.PLANNED
        limited.restart()
        assert await limited.step() is None
        limited.clock.now = until - timedelta(seconds=1)
        assert await limited.step() is None
        limited.clock.now = until
        assert [await limited.step(), await limited.step()] == [State.SENT, State.SENT]


@pytest.mark.parametrize("ago", [timedelta(0), HOUR])
async def test_rate_limit_that_is_over_does_not_make_the_lane_spin(one: Rig, ago: timedelta) -> None:
    one.channel.script["publish"] = [RateLimited("429", NOW - ago)] * 3

    assert await one.step() is State.PLANNED
    assert await one.step() is None
    assert await one.outbox.cools_until(NAME) == NOW + timedelta(seconds=5)


async def test_refused_access_pauses_the_lane_and_signs_in_again(tmp_path: Path) -> None:
    async with rig(tmp_path) as locked:
        await locked.owe(item(1), item(2))
        locked.clock.pass_(SETTLE)
        locked.channel.script["publish"] = [Unauthorized("401")]

        assert await locked.step() is State.PLANNED
        locked.clock.pass_(timedelta(minutes=14))
        assert await locked.step() is None
        locked.clock.pass_(timedelta(minutes=1))
        assert [await locked.step(), await locked.step()] == [State.SENT, State.SENT]
        assert locked.channel.calls.count("open") == 2


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (Transient("refused connection"), timedelta(seconds=5)),
        (Unknown("500"), timedelta(seconds=5)),
        (RateLimited("429", NOW + HOUR), HOUR),
        (Unauthorized("401"), timedelta(minutes=15)),
        (KeyError("the server's answer"), timedelta(seconds=5)),
    ],
)
async def test_channel_that_cannot_be_opened_is_left_in_peace(one: Rig, error: Exception, wait: timedelta) -> None:
    one.channel.script["open"] = [error]

    assert await one.step() is None
    one.clock.now = NOW + wait - timedelta(seconds=1)
    assert await one.step() is None
    assert one.channel.calls == ["open"]
    one.clock.now = NOW + wait
    assert await one.step() is State.SENT


async def test_lane_rests_longer_after_each_failure_of_the_network(tmp_path: Path) -> None:
    async with rig(tmp_path) as tired:
        await tired.owe(item(1), item(2), item(3), item(4))
        tired.clock.pass_(SETTLE)
        tired.channel.script["publish"] = [Transient("refused connection")] * 3

        rests = []
        for _ in range(3):
            assert await tired.step_when_due() is State.PLANNED
            begun = tired.clock.now
            while await tired.step() is None and len(tired.channel.sent) == len(rests) + 1:
                tired.clock.pass_(timedelta(seconds=1))
            rests.append((tired.clock.now - begun).total_seconds())

        assert rests[0] == 5


# Unknown outcomes


@pytest.mark.parametrize("guarantee", [DURABLE, WINDOWED])
@pytest.mark.parametrize("is_made", [True, False])
async def test_unknown_is_settled_by_the_same_key_and_bytes(
    opened: Callable[..., AsyncIterator[Rig]], guarantee: Guarantee, is_made: bool
) -> None:
    lane: Rig = await opened(guarantee=guarantee)  # type: ignore[misc]  # it is a coroutine function
    await lane.owe(item())
    deeds = lane.channel.after_made if is_made else lane.channel.script.setdefault("publish", [])
    deeds.append(Unknown("reset"))

    assert await lane.step() is State.UNKNOWN
    lane.clock.pass_(SETTLE - timedelta(seconds=1))
    assert await lane.step() is None
    lane.clock.pass_(timedelta(seconds=1))
    assert await lane.step() is State.SENT

    assert lane.channel.sent[0] == lane.channel.sent[1]
    assert len(lane.channel.made) == 1
    assert "find" not in lane.channel.calls
