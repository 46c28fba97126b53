"""One lane over a real outbox and a scripted channel whose posts are the truth: what goes well, waits and fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from deliver_rig import ACCOUNT, NOW, WRITE_ONLY, Rig, item, pictured, rig, unusable
from syndicate.attempt import FROZEN_FOR
from syndicate.deliver import Settled
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import State
from syndicate.outbox.pace import PaceRules, Rest, Why
from syndicate.outbox.reasons import Reason
from syndicate.ports.outbox import Acceptance

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; nothing is printed."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Rig]:
    """A channel that owes one item."""
    async with rig(tmp_path, item()) as made:
        yield made


@pytest.fixture
async def shown(tmp_path: Path) -> AsyncIterator[Rig]:
    """A channel that owes one item with an image."""
    async with rig(tmp_path, pictured()) as made:
        yield made


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[Rig]:
    """A channel that owes three items."""
    async with rig(tmp_path, item(1), item(2), item(3)) as made:
        yield made


def titles(lane: Rig) -> list[int]:
    """The numbers of the items that stand on the network, in order."""
    return [int(payload.split()[1]) for payload, _ in lane.channel.made]


# Success


async def test_item_is_posted_and_the_receipt_kept(one: Rig) -> None:
    assert await one.step() is State.SENT

    sent = await one.only()
    [(_, key)] = one.channel.made
    assert titles(one) == [1]
    assert key == f"{sent.uid}-2026-0"
    assert sent.receipt is not None and sent.receipt.remote_id == f"id-{key}"
    assert [(event.state, event.reason) for event in await one.outbox.history(sent.uid)] == [
        (State.PLANNED, "new"),
        (State.SENDING, "intent"),
        (State.SENT, "accepted"),
    ]
    assert one.channel.calls == ["open", "publish"]
    assert await one.step() is None


async def test_items_are_posted_in_order(many: Rig) -> None:
    assert [await many.step() for _ in range(4)] == [State.SENT, State.SENT, State.SENT, None]

    assert titles(many) == [1, 2, 3]
    assert many.channel.calls.count("open") == 1


async def test_nothing_owed_opens_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path) as idle:
        assert await idle.step() is None
        assert idle.channel.calls == []


async def test_intent_is_on_disk_before_the_first_byte(one: Rig) -> None:
    async def look() -> None:
        found = await one.only()
        seen.append((found.state, found.payload, found.key))

    seen: list[object] = []
    one.channel.script["publish"] = [look]

    await one.step()

    assert seen == [(State.SENDING, *one.channel.sent[0])]


# Images


async def test_picture_is_uploaded_and_posted(shown: Rig) -> None:
    assert await shown.step() is State.SENT

    assert b"|media-1|" in shown.channel.made[0][0]
    assert shown.channel.calls == ["open", "upload", "publish"]


async def test_failing_image_costs_the_image_not_the_post(shown: Rig) -> None:
    shown.pictures.error = unusable()

    assert await shown.step() is State.SENT
    assert b"|None|" in shown.channel.made[0][0]
    assert "upload" not in shown.channel.calls


async def test_refused_upload_costs_the_image_not_the_post(shown: Rig) -> None:
    shown.channel.script["upload"] = [Rejected("too large")]

    assert await shown.step() is State.SENT
    assert b"|None|" in shown.channel.made[0][0]


@pytest.mark.parametrize("error", [Transient("refused connection"), Unknown("500")])
async def test_upload_that_keeps_failing_is_left_out_in_the_end(shown: Rig, error: NetworkError) -> None:
    shown.channel.script["upload"] = [error] * 99

    assert await shown.settle_all() == [State.PLANNED] * 6 + [State.SENT]
    assert b"|None|" in shown.channel.made[0][0]


async def test_upload_that_recovers_keeps_the_image(shown: Rig) -> None:
    shown.channel.script["upload"] = [Unknown("500")]

    assert await shown.settle_all() == [State.PLANNED, State.SENT]
    assert b"|media-2|" in shown.channel.made[0][0]


async def test_upload_without_access_waits_for_access(shown: Rig) -> None:
    shown.channel.script["upload"] = [Unauthorized("401")] * 9

    assert await shown.settle_all() == [State.PLANNED] * 9 + [State.SENT]
    assert b"|media-10|" in shown.channel.made[0][0]


async def test_stale_media_are_uploaded_anew_under_the_same_key(shown: Rig) -> None:
    shown.channel.script["publish"] = [Rejected("media 1 is gone", is_stale_media=True)]

    assert [await shown.step(), await shown.step()] == [State.PLANNED, State.SENT]

    (first, key), (second, same) = shown.channel.sent
    assert (b"|media-1|" in first, b"|media-2|" in second, key == same) == (True, True, True)


# Failures of the post


async def test_unsent_post_is_tried_again_with_the_same_bytes(one: Rig) -> None:
    one.channel.script["publish"] = [Transient("refused connection")]

    assert await one.step() is State.PLANNED
    assert (await one.only()).due == NOW + timedelta(seconds=5)
    assert await one.step() is None
    assert await one.step_when_due() is State.SENT

    assert one.channel.sent[0] == one.channel.sent[1]
    assert titles(one) == [1]


async def test_old_unsent_post_is_composed_anew_under_the_same_key(one: Rig) -> None:
    one.channel.script["publish"] = [Transient("refused connection")]
    await one.step()

    one.clock.pass_(FROZEN_FOR)
    assert await one.step() is State.SENT

    (first, key), (second, same) = one.channel.sent
    assert (first != second, key == same) == (True, True)


async def test_item_that_is_dated_anew_keeps_the_key_of_its_post(one: Rig) -> None:
    one.channel.script["publish"] = [Transient("refused connection")]
    await one.step()
    await one.owe(item(published=NOW - timedelta(days=700)))

    one.clock.pass_(FROZEN_FOR)
    assert await one.step() is State.SENT

    assert one.channel.sent[0][1] == one.channel.sent[1][1]


async def test_network_that_stays_away_ends_in_dead(one: Rig) -> None:
    one.channel.script["publish"] = [Transient("refused connection")] * 99

    assert await one.settle_all() == [State.PLANNED] * 11 + [State.DEAD]
    assert "gave up after 12 failures" in (await one.only()).reason


async def test_refused_post_fails_and_is_not_tried_again(one: Rig) -> None:
    one.channel.script["publish"] = [Rejected("422 (text is spam)")]

    assert await one.settle_all() == [State.FAILED]
    assert (await one.only()).reason == "422 (text is spam)"
    assert titles(one) == []


async def test_withdrawn_item_is_not_posted_even_if_its_bytes_are_frozen(one: Rig) -> None:
    async def withdraw() -> None:
        await one.outbox.accept(Acceptance(withdrawn=("store:1",), gone=("news/1.md",)), NOW)

    one.outbox.after["freeze"] = [withdraw]
    one.channel.script["publish"] = [Transient("refused connection")]

    assert await one.settle_all() == [State.PLANNED, State.SKIPPED]
    assert (await one.only()).code is Reason.WITHDRAWN  # so that it is planned anew when the item returns
    assert len(one.channel.sent) == 1


async def test_post_that_cannot_be_composed_does_not_stop_the_others(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1, link=None, page=None), item(2), item(3)) as mixed:
        assert [await mixed.step() for _ in range(4)] == [State.FAILED, State.SENT, State.SENT, None]

        [failed] = await mixed.outbox.deliveries(states=[State.FAILED])
        assert failed.reason == "cannot be composed: store:1: has neither a link nor a page"


# Failures of the network


@pytest.mark.parametrize("error", [Unauthorized("401"), Transient("refused connection"), Unknown("cut off")])
async def test_an_outage_is_told_until_the_network_answers_again(one: Rig, error: NetworkError) -> None:
    one.channel.script["publish"] = [error]

    await one.step()
    assert one.lane.outage is not None
    assert str(error) in one.lane.outage.reason

    await one.settle_all()
    assert one.lane.outage is None


async def test_rate_limit_cools_the_whole_lane_over_restarts(many: Rig) -> None:
    many.channel.script["publish"] = [RateLimited("429", NOW + HOUR)]

    assert await many.step() is State.PLANNED
    many.restart()
    assert await many.step() is None
    many.clock.now = NOW + HOUR - SECOND
    assert await many.step() is None
    many.clock.now = NOW + HOUR
    assert [await many.step() for _ in range(3)] == [State.SENT] * 3


@pytest.mark.parametrize("ago", [timedelta(0), HOUR])
async def test_rate_limit_that_is_over_does_not_make_the_lane_spin(many: Rig, ago: timedelta) -> None:
    many.channel.script["publish"] = [RateLimited("429", NOW - ago)]

    assert await many.step() is State.PLANNED
    assert await many.step() is None
    [rest] = (await many.outbox.rests()).values()
    assert rest.until == NOW + timedelta(seconds=5)


async def test_refused_access_pauses_the_lane_and_signs_in_again(many: Rig) -> None:
    many.channel.script["publish"] = [Unauthorized("401")]

    assert await many.step() is State.PLANNED
    many.clock.pass_(timedelta(minutes=14))
    assert await many.step() is None
    many.clock.pass_(timedelta(minutes=1))
    assert [await many.step() for _ in range(3)] == [State.SENT] * 3
    assert many.channel.calls.count("open") == 2


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
    one.clock.now = NOW + wait - SECOND
    assert await one.step() is None
    assert one.channel.calls == ["open"]
    one.clock.now = NOW + wait
    assert await one.step() is State.SENT


async def test_lane_rests_longer_after_each_failure_and_not_after_a_success(tmp_path: Path) -> None:
    async with rig(tmp_path, *(item(number) for number in range(1, 8))) as tired:
        tired.channel.script["publish"] = [Transient("refused connection")] * 3

        for rest in (5, 10, 20):
            assert await tired.step() is State.PLANNED
            tired.clock.pass_(timedelta(seconds=rest) - SECOND)
            assert await tired.step() is None
            tired.clock.pass_(SECOND)

        assert [await tired.step() for _ in range(7)] == [State.SENT] * 7


async def test_every_call_has_an_end(shown: Rig) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    shown.restart(replace(shown.rules, attempts=replace(shown.rules.attempts, longest_call=timedelta(milliseconds=20))))
    shown.channel.script = {name: [hang] for name in ("open", "upload", "publish", "find")}

    assert await shown.settle_all() == [
        State.PLANNED,
        State.UNKNOWN,
        State.UNKNOWN,
        State.UNKNOWN,
        State.PLANNED,
        State.SENT,
    ]
    assert shown.channel.calls.count("open") == 2


# Pace


async def test_gap_is_kept_over_restarts(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), pace=PaceRules(gap=HOUR)) as paced:
        assert await paced.step() is State.SENT
        paced.restart()
        paced.clock.now = NOW + HOUR - SECOND
        assert await paced.step() is None
        paced.clock.now = NOW + HOUR
        assert await paced.step() is State.SENT


async def test_clock_that_is_set_back_does_not_stop_the_lane(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), pace=PaceRules(gap=HOUR)) as jumped:
        jumped.clock.now = NOW + timedelta(days=365)
        await jumped.step()
        limit = Rest(Why.LIMIT, jumped.clock.now + HOUR, "429", jumped.clock.now)
        await jumped.outbox.keep_rest(f"account {ACCOUNT}", limit)
        jumped.restart()

        jumped.clock.now = NOW
        await jumped.owe(item(2))

        assert await jumped.step() is State.SENT


async def test_small_step_of_the_clock_cuts_no_wait_short(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), pace=PaceRules(gap=HOUR)) as stepped:
        await stepped.step()

        stepped.clock.now = NOW - SECOND

        assert await stepped.step() is None
        stepped.clock.now = NOW + HOUR
        assert await stepped.step() is State.SENT


# The target


async def test_delivery_planned_for_another_account_is_held(one: Rig) -> None:
    one.channel.account = "elsewhere.example"

    assert await one.step() is State.HELD

    held = await one.only()
    assert f"planned for {ACCOUNT}, the channel leads to elsewhere.example" in held.reason
    assert "syndicate backfill" in held.reason
    assert one.channel.sent == []


# Running


async def test_stop_finishes_the_delivery_in_work(many: Rig) -> None:
    async def linger() -> None:
        in_work.set()
        await let_go.wait()

    in_work, let_go, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
    many.channel.script["publish"] = [linger]
    told: list[Settled] = []
    running = asyncio.create_task(many.lane.run(stop, told.append))
    await in_work.wait()

    stop.set()
    let_go.set()
    await asyncio.wait_for(running, 10)

    assert [one.step.state for one in told] == [State.SENT]
    assert titles(many) == [1]


async def test_cancelled_delivery_is_unclear_when_it_was_being_sent(one: Rig) -> None:
    async def linger() -> None:
        in_work.set()
        await asyncio.Event().wait()

    in_work = asyncio.Event()
    one.channel.after_made = [linger]
    running = asyncio.create_task(one.lane.run(asyncio.Event(), lambda settled: None))
    await in_work.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert (await one.only()).state is State.SENDING
    one.restart()
    assert await one.settle_all() == [State.SENT]
    assert titles(one) == [1]


async def test_wake_ends_the_nap(tmp_path: Path) -> None:
    async with rig(tmp_path) as idle:
        stop, sent = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(idle.lane.run(stop, lambda settled: sent.set()))
        await idle.owe(item())

        idle.lane.wake.set()
        await asyncio.wait_for(sent.wait(), 4)

        stop.set()
        await asyncio.wait_for(running, 4)


async def test_lane_survives_whatever_goes_wrong_around_a_delivery(
    many: Rig, logs: list[MutableMapping[str, Any]]
) -> None:
    def tell(settled: Settled) -> None:
        told.append(settled)
        if len(told) == 1:
            raise BrokenPipeError("nobody reads the progress bar")
        stop.set()

    told: list[Settled] = []
    stop = asyncio.Event()

    await asyncio.wait_for(many.lane.run(stop, tell), 10)

    assert titles(many) == [1, 2]
    assert [line["event"] for line in logs] == ["delivered", "lane_failed", "delivered"]


async def test_drain_delivers_what_is_due_and_leaves_the_rest(many: Rig) -> None:
    many.channel.script["publish"] = [RateLimited("429", NOW + HOUR)]
    told: list[Settled] = []

    await many.lane.drain(asyncio.Event(), told.append)
    assert [one.step.state for one in told] == [State.PLANNED]

    many.clock.now = NOW + HOUR
    await many.lane.drain(asyncio.Event(), told.append)
    assert [one.step.state for one in told[1:]] == [State.SENT] * 3


async def test_drain_waits_for_what_falls_due_within_its_patience(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), pace=PaceRules(gap=SECOND)) as paced:
        first = asyncio.Event()
        draining = asyncio.create_task(paced.lane.drain(asyncio.Event(), lambda settled: first.set()))
        await first.wait()
        paced.clock.pass_(SECOND)
        await asyncio.wait_for(draining, 10)

        assert titles(paced) == [1, 2]


async def test_write_only_channel_posts_like_any_other_while_all_is_well(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2), guarantee=WRITE_ONLY) as plain:
        assert await plain.settle_all() == [State.SENT, State.SENT]
