"""What is not sent: for want of room, or of the channel."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from deliver_rig import NAME, NOW, acceptance, item
from syndicate.items.item import Item
from syndicate.outbox import room
from syndicate.outbox.delivery import Delivery, Origin, Planned, State
from syndicate.outbox.issues import PREFIX
from syndicate.outbox.outcome import Step
from syndicate.outbox.reasons import Reason
from syndicate.outbox.room import ROOM_BYTES
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.batches import BatchState
from syndicate.ports.outbox import Acceptance


async def test_nothing_is_owed_while_there_is_too_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        await outbox.accept(acceptance(item(1)), NOW)
        with capture_logs() as told:
            for free in (ROOM_BYTES - 1, ROOM_BYTES - 2, ROOM_BYTES):
                monkeypatch.setattr(room, "free_bytes", lambda folder, free=free: free)
                queue = (await outbox.outlook(NAME, 10, 10)).queue
                assert len(queue) == (free >= ROOM_BYTES)

    assert [line["event"] for line in told] == ["disk_nearly_full", "disk_has_room"]


async def test_want_of_room_is_told_while_nothing_is_owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        await outbox.check()
        await outbox.outlook(NAME, 10, 10)
        with capture_logs() as told:
            for free in (ROOM_BYTES - 1, ROOM_BYTES - 2, ROOM_BYTES):
                monkeypatch.setattr(room, "free_bytes", lambda folder, free=free: free)
                await asyncio.to_thread(outbox.is_quiet)

    assert [line["event"] for line in told] == ["disk_nearly_full", "disk_has_room"]


async def test_what_a_removed_channel_owed_is_skipped_but_for_what_may_be_out_there(tmp_path: Path) -> None:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        await outbox.accept(acceptance(*(item(number) for number in range(1, 6))), NOW)
        claimed, sending, unknown = [await claim(outbox) for _ in range(3)]
        await outbox.freeze(sending, b"bytes", "key", NOW)
        frozen = await outbox.freeze(unknown, b"bytes", "key", NOW)
        unclear = Step(State.UNKNOWN, "unclear", NOW, is_unclear=True, code=Reason.UNCLEAR)
        await outbox.settle(frozen, unclear, NOW)
        await outbox.begin_batch([replace(planned_of(item(6)), origin=Origin.BACKFILL)], "--all", NOW, "old")
        await outbox.turn_batch("old", BatchState.PAUSED, NOW)

        assert await outbox.retire((NAME,), NOW) == 0
        assert await outbox.retire(("other",), NOW) == 6
        assert await outbox.retire(("other",), NOW) == 0

        rows = {one.uid: one for one in await outbox.deliveries()}
        held = {one.uid for one in rows.values() if one.state is State.HELD}
        told = {one.uid: (await outbox.history(one.uid))[-1] for one in rows.values()}
        assert held == {sending.uid, unknown.uid} and claimed.uid not in held
        assert {one.code for one in rows.values() if one.uid not in held} == {Reason.RETIRED}
        assert all((event.state, event.code) == (rows[uid].state, rows[uid].code) for uid, event in told.items())
        assert {one.owner for one in rows.values()} == {None}

        resolved = [await outbox.resolve(sending.uid, State.SENT, "told", NOW)]
        resolved.append(await outbox.resolve(unknown.uid, State.DEAD, "dropped", NOW))
        assert [one.state for one in resolved] == [State.SENT, State.DEAD]


async def test_parts_of_a_digest_go_free_with_its_channel(tmp_path: Path) -> None:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        await outbox.accept(acceptance(item(1), item(2)), NOW)
        digest = replace(planned_of(item(9)), item_id=f"{PREFIX}{NAME}", uid="digest")
        assert await outbox.gather(digest, NOW + timedelta(hours=1), NOW) == 2

        await outbox.retire((), NOW)

        again = [planned_of(item(1)), planned_of(item(2))]
        assert await outbox.revive(again, NOW) == 2


async def test_channel_that_is_on_again_is_told_what_it_missed(tmp_path: Path) -> None:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        assert await outbox.missed([NAME]) == {}, "a new channel sees the whole store"
        await outbox.accept(acceptance(item(1), item(2)), NOW)
        assert await outbox.missed([NAME]) == {}
        meanwhile = replace(acceptance(item(3), item(4)), planned=(), channels={"other": "account"})
        await outbox.accept(meanwhile, NOW)
        await outbox.accept(Acceptance(withdrawn=("store:4",)), NOW)

        assert await outbox.missed([NAME, "other"]) == {NAME: {"store:3"}}
        await outbox.retire(("other",), NOW)
        assert await outbox.missed([NAME]) == {NAME: {"store:1", "store:2", "store:3"}}, "what it owed, too"

        back = replace(acceptance(item(1), item(2), item(3)), items=())
        assert await outbox.accept(back, NOW) == 3
        assert await outbox.missed([NAME]) == {}
        assert {one.state for one in await outbox.deliveries(channel=NAME)} == {State.PLANNED}


def planned_of(one: Item) -> Planned:
    return acceptance(one).planned[0]


async def claim(outbox: SqlOutbox) -> Delivery:
    claimed = await outbox.claim(NAME, "me", NOW + timedelta(hours=1))
    assert claimed is not None
    return claimed
