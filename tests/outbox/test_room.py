"""What is not sent: for want of room, or of the channel."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deliver_rig import NAME, NOW, acceptance, item
from syndicate.outbox import store
from syndicate.outbox.delivery import State
from syndicate.outbox.store import ROOM_BYTES, SqlOutbox


async def test_nothing_is_owed_while_there_is_too_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        await outbox.accept(acceptance(item(1)), NOW)
        with capture_logs() as told:
            for free in (ROOM_BYTES - 1, ROOM_BYTES - 2, ROOM_BYTES):
                monkeypatch.setattr(store, "free_bytes", lambda folder, free=free: free)
                queue = (await outbox.outlook(NAME, 10, 10)).queue
                assert len(queue) == (free >= ROOM_BYTES)

    assert [line["event"] for line in told] == ["disk_nearly_full", "disk_has_room"]


async def test_what_a_removed_channel_owed_is_skipped_but_for_what_may_be_out_there(tmp_path: Path) -> None:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        await outbox.accept(acceptance(item(1), item(2)), NOW)
        claimed = await outbox.claim(NAME, "me", NOW)
        assert claimed is not None

        assert await outbox.retire((NAME,), NOW) == 0
        assert await outbox.retire(("other",), NOW) == 1

        states = {one.uid == claimed.uid: one.state for one in await outbox.deliveries()}
        [skipped] = await outbox.deliveries(states=[State.SKIPPED])
        assert [event.state for event in await outbox.history(skipped.uid)] == [State.PLANNED, State.SKIPPED]
    assert states == {True: State.CLAIMED, False: State.SKIPPED}
