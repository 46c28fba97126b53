"""One lane when an outcome is unclear, a publisher dies, the record cannot be written or the machine sleeps."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from deliver_rig import DURABLE, NAME, NOW, READABLE, SETTLE, WINDOWED, WRITE_ONLY, Deed, Rig, item, rig
from syndicate.errors import CannotWrite, Duplicate, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Evidence, Guarantee, State
from syndicate.outbox.reasons import Reason

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
RESET = Unknown("connection reset")
KEY_ONLY = Guarantee(HOUR, Evidence.NONE, SETTLE)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; nothing is printed."""
    with capture_logs() as lines:
        yield lines


def lose_answer(lane: Rig, deed: Deed = RESET, *, is_made: bool) -> None:
    """The next publishing ends unclear, after or before the post was made."""
    if is_made:
        lane.channel.after_made.append(deed)
    else:
        lane.channel.script.setdefault("publish", []).append(deed)


# Settled by key


@pytest.mark.parametrize("guarantee", [DURABLE, WINDOWED, KEY_ONLY])
@pytest.mark.parametrize("is_made", [True, False])
async def test_unknown_is_settled_by_the_same_key_and_bytes(
    tmp_path: Path, guarantee: Guarantee, is_made: bool
) -> None:
    async with rig(tmp_path, item(), guarantee=guarantee) as lane:
        lose_answer(lane, is_made=is_made)

        assert await lane.step() is State.UNKNOWN
        lane.clock.pass_(SETTLE - SECOND)
        assert await lane.step() is None
        lane.clock.pass_(SECOND)
        assert await lane.step() is State.SENT

        assert lane.channel.sent[0] == lane.channel.sent[1]
        assert len(lane.channel.made) == 1
        assert "find" not in lane.channel.calls


@pytest.mark.parametrize(
    ("deed", "state"),
    [
        (Transient("refused connection"), State.UNKNOWN),
        (RateLimited("429", NOW + HOUR / 2), State.UNKNOWN),
        (Unauthorized("401"), State.UNKNOWN),
        (Rejected("422 duplicate"), State.UNKNOWN),
        (Unknown("500 to a known key"), State.UNKNOWN),
    ],
)
async def test_later_proof_does_not_speak_for_the_first_attempt(tmp_path: Path, deed: Deed, state: State) -> None:
    async with rig(tmp_path, item(), guarantee=WINDOWED) as lane:
        lose_answer(lane, is_made=True)
        await lane.step()
        lose_answer(lane, deed, is_made=False)

        assert await lane.step_when_due() is state
        assert (await lane.settle_all())[-1] is State.SENT
        assert len(lane.channel.made) == 1


async def test_repeat_that_is_answered_with_an_error_is_looked_up(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=WINDOWED) as lane:
        lose_answer(lane, is_made=True)
        await lane.step()
        lose_answer(lane, Unknown("500 to a known key"), is_made=False)

        assert await lane.settle_all() == [State.UNKNOWN, State.SENT]
        assert (await lane.only()).reason == "found by reading back"
        assert len(lane.channel.sent) == 2


async def test_key_is_not_repeated_after_its_window(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=WINDOWED) as lane:
        lose_answer(lane, is_made=True)
        await lane.step()

        lane.clock.pass_(HOUR)

        assert await lane.step() is State.SENT
        assert (len(lane.channel.sent), lane.channel.calls[-1]) == (1, "find")


async def test_key_is_not_repeated_when_the_machine_slept_after_the_intent(tmp_path: Path) -> None:
    async def sleep() -> None:
        lane.clock.pass_(HOUR)

    async with rig(tmp_path, item(), guarantee=WINDOWED) as lane:
        lose_answer(lane, is_made=True)
        await lane.step()
        lane.clock.pass_(SETTLE)
        lane.outbox.after["freeze"] = [sleep]

        assert await lane.step() is State.UNKNOWN
        assert (await lane.only()).reason == "too late to repeat the key"
        assert await lane.settle_all() == [State.SENT]
        assert len(lane.channel.sent) == 1


async def test_key_without_readings_is_held_after_its_window(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=KEY_ONLY) as lane:
        lose_answer(lane, is_made=True)
        await lane.step()

        lane.clock.pass_(HOUR)

        assert await lane.step() is State.HELD
        assert (await lane.only()).reason == "unknown outcome: connection reset"
        assert len(lane.channel.sent) == 1


# Settled by reading back


async def test_unknown_that_is_found_is_sent(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as lane:
        lose_answer(lane, is_made=True)

        assert await lane.settle_all() == [State.UNKNOWN, State.SENT]
        assert lane.channel.calls == ["open", "publish", "find"]


async def test_unknown_that_is_absent_twice_is_sent_again_under_a_new_key(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as lane:
        lose_answer(lane, is_made=False)

        assert await lane.step() is State.UNKNOWN
        lane.clock.pass_(SETTLE)
        assert await lane.step() is State.UNKNOWN
        lane.clock.pass_(SETTLE - SECOND)
        assert await lane.step() is None
        lane.clock.pass_(SECOND)
        assert [await lane.step(), await lane.step()] == [State.PLANNED, State.SENT]

        [first, second] = [key for _, key in lane.channel.sent]
        assert (first[-2:], second[-2:]) == ("-0", "-1")
        assert len(lane.channel.made) == 1


@pytest.mark.parametrize(
    "deed", [Transient("503"), Unknown("500"), Rejected("404"), KeyError("no list"), Unauthorized("")]
)
async def test_reading_that_fails_proves_nothing(tmp_path: Path, deed: Deed) -> None:
    async with rig(tmp_path, item()) as lane:
        lose_answer(lane, is_made=True)
        await lane.step()
        lane.channel.script["find"] = [deed]

        assert await lane.settle_all() == [State.UNKNOWN, State.SENT]
        assert len(lane.channel.sent) == 1


async def test_unknown_that_can_never_be_read_ends_with_a_person(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as lane:
        lose_answer(lane, is_made=True)
        lane.channel.script["find"] = [Transient("503")] * 99

        assert (await lane.settle_all())[-1] is State.HELD
        assert len(lane.channel.sent) == 1


# Held


@pytest.mark.parametrize("is_made", [True, False])
async def test_unknown_on_a_write_only_channel_is_held(tmp_path: Path, is_made: bool) -> None:
    async with rig(tmp_path, item(), guarantee=WRITE_ONLY) as lane:
        lose_answer(lane, is_made=is_made)

        assert await lane.settle_all() == [State.HELD]
        assert len(lane.channel.sent) == 1


async def test_unexpected_error_while_sending_is_unknown(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=WRITE_ONLY) as lane:
        lose_answer(lane, AttributeError("a fault of the adapter"), is_made=True)

        assert await lane.step() is State.HELD
        assert (await lane.only()).reason == "unknown outcome: unexpected AttributeError"


async def test_held_is_sent_again_when_the_operator_says_so(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=WRITE_ONLY) as lane:
        lose_answer(lane, is_made=False)
        await lane.step()
        lane.clock.pass_(SETTLE)

        await lane.outbox.resolve((await lane.only()).uid, State.PLANNED, "send again", lane.clock.now)

        assert await lane.step() is State.SENT
        assert len(lane.channel.made) == 1


# The record cannot be written


@pytest.mark.parametrize("guarantee", [DURABLE, WINDOWED, READABLE])
@pytest.mark.parametrize("point", ["before", "after"])
async def test_record_that_fails_when_the_post_is_made_is_taken_up_again(
    tmp_path: Path, guarantee: Guarantee, point: str
) -> None:
    async with rig(tmp_path, item(), guarantee=guarantee) as lane:
        getattr(lane.outbox, point)["settle"] = [sqlite3.OperationalError("database or disk is full")]

        with pytest.raises(sqlite3.OperationalError):
            await lane.step()
        await lane.settle_all()

        assert (await lane.only()).state is State.SENT
        assert len(lane.channel.made) == 1


async def test_record_that_fails_holds_a_write_only_post(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=WRITE_ONLY) as lane:
        lane.outbox.before["settle"] = [sqlite3.OperationalError("database or disk is full")]

        with pytest.raises(sqlite3.OperationalError):
            await lane.step()
        await lane.settle_all()

        assert (await lane.only()).state is State.HELD
        assert len(lane.channel.sent) == 1


async def test_one_pass_ends_with_the_word_for_what_cannot_be_written(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=READABLE) as lane:
        lane.outbox.before["settle"] = [CannotWrite("outbox.sqlite3", "database or disk is full", "make room")]

        with pytest.raises(CannotWrite, match="make room"):
            await lane.lane.drain(asyncio.Event(), print)


@pytest.mark.parametrize(("call", "point"), [("claim", "before"), ("claim", "after"), ("freeze", "before")])
async def test_record_that_fails_before_the_first_byte_sends_nothing_and_goes_on(
    tmp_path: Path, call: str, point: str
) -> None:
    async with rig(tmp_path, item(), guarantee=WRITE_ONLY) as lane:
        getattr(lane.outbox, point)[call] = [sqlite3.OperationalError("database or disk is full")]

        with pytest.raises(sqlite3.OperationalError):
            await lane.step()
        assert lane.channel.sent == []

        assert await lane.settle_all() == [State.SENT]
        assert len(lane.channel.sent) == 1


async def test_lost_claim_sends_nothing(tmp_path: Path) -> None:
    async def take_away() -> None:
        with sqlite3.connect(tmp_path / "outbox.sqlite3") as connection:
            connection.execute("UPDATE deliveries SET fence = fence + 1")
        connection.close()

    async with rig(tmp_path, item()) as lane:
        lane.outbox.before["freeze"] = [take_away]

        assert await lane.step() is None
        assert lane.channel.sent == []


# A publisher that died


@pytest.mark.parametrize("guarantee", [DURABLE, WINDOWED, READABLE, WRITE_ONLY])
async def test_claimed_by_a_dead_publisher_is_simply_posted(tmp_path: Path, guarantee: Guarantee) -> None:
    async with rig(tmp_path, item(), guarantee=guarantee) as lane:
        await lane.outbox.claim(NAME, "dead", NOW)

        assert await lane.settle_all() == [State.SENT]


@pytest.mark.parametrize("guarantee", [DURABLE, WINDOWED, READABLE])
@pytest.mark.parametrize("is_made", [True, False])
async def test_sending_of_a_dead_publisher_is_settled(tmp_path: Path, guarantee: Guarantee, is_made: bool) -> None:
    async with rig(tmp_path, item(), guarantee=guarantee) as lane:
        claimed = await lane.outbox.claim(NAME, "dead", NOW)
        assert claimed is not None
        await lane.outbox.freeze(claimed, b"post", "key", NOW)
        if is_made:
            lane.channel.made = [(b"post", "key")]

        assert (await lane.settle_all())[-1] is State.SENT
        assert len(lane.channel.made) == 1


async def test_sending_of_a_dead_publisher_is_held_on_a_write_only_channel(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=WRITE_ONLY) as lane:
        claimed = await lane.outbox.claim(NAME, "dead", NOW)
        assert claimed is not None
        await lane.outbox.freeze(claimed, b"post", "key", NOW)

        assert await lane.step() is None
        assert ((await lane.only()).state, lane.channel.sent) == (State.HELD, [])


async def test_unknown_of_a_dead_publisher_keeps_its_readings(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as lane:
        lose_answer(lane, is_made=False)
        await lane.step()
        await lane.step_when_due()
        lane.clock.pass_(SETTLE)
        await lane.outbox.claim(NAME, "dead", lane.clock.now)
        lane.restart()

        assert await lane.settle_all() == [State.PLANNED, State.SENT]
        assert lane.channel.calls.count("find") == 2


async def test_unclear_post_stays_with_the_account_it_was_sent_to(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as lane:
        lose_answer(lane, is_made=True)
        await lane.step()
        lane.channel.account = "elsewhere.example"
        lane.restart()

        assert await lane.settle_all() == [State.HELD]
        assert (await lane.only()).is_unclear
        assert "find" not in lane.channel.calls


# Duplicate refusals


REFUSES = Guarantee(None, Evidence.DUPLICATE_REFUSAL, SETTLE)


async def test_unclear_post_is_sent_when_the_refusal_of_its_repeat_names_it(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=REFUSES) as one:
        one.channel.after_made = [Unknown("connection reset")]
        assert await one.step() is State.UNKNOWN
        one.channel.script["publish"] = [Duplicate("422 (duplicate)", "urn:1", "https://social.example/1")]

        assert await one.settle_all() == [State.SENT]

        sent = await one.only()
        assert (sent.code, sent.receipt and sent.receipt.remote_id) == (Reason.THERE_ALREADY, "urn:1")
        assert len(one.channel.made) == 1
        first, second = one.channel.sent
        assert first == second, "the same bytes under the same key"


async def test_unclear_post_that_was_not_made_is_made_by_its_repeat(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=REFUSES) as one:
        one.channel.script["publish"] = [Unknown("502")]

        assert await one.settle_all() == [State.UNKNOWN, State.SENT]

        assert len(one.channel.made) == 1


async def test_unclear_post_is_held_when_the_refusal_names_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=REFUSES) as one:
        one.channel.after_made = [Unknown("connection reset")]
        await one.step()
        one.channel.script["publish"] = [Duplicate("403 (duplicate)")]

        assert await one.settle_all() == [State.HELD]

        assert ((await one.only()).code, len(one.channel.made)) == (Reason.DUPLICATE, 1)


async def test_repeat_comes_too_late_for_a_refusal_to_be_sure(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=REFUSES) as one:
        one.channel.after_made = [Unknown("connection reset")]
        await one.step()
        one.clock.pass_(timedelta(hours=2))

        assert await one.settle_all() == [State.HELD]

        assert (len(one.channel.sent), (await one.only()).code) == (1, Reason.UNKNOWN_OUTCOME)


async def test_first_attempt_refused_as_a_duplicate_of_nothing_named_waits_for_a_person(tmp_path: Path) -> None:
    async with rig(tmp_path, item(), guarantee=READABLE) as one:
        one.channel.script["publish"] = [Duplicate("403 (duplicate)")]

        assert await one.settle_all() == [State.HELD]

        held = await one.only()
        assert (held.code, held.is_unclear, one.channel.made) == (Reason.DUPLICATE, False, [])
