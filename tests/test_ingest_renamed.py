"""Files without an id of their own that get another name: another item, but the same article."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from newsroom import NEWS, Newsroom
from syndicate.outbox.delivery import Action, Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import FirstSight, OnWithdrawal
from syndicate.outbox.reasons import Reason

ARTICLE = "https://herons.example/same"


async def test_the_post_of_a_renamed_file_without_an_id_stays(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, replace(NEWS, first_sight=FirstSight.POST, on_withdrawal=OnWithdrawal.DELETE))
    room.write("1.md", link=ARTICLE)
    room.write("2.md")
    async with room:
        await room.look()
        for _ in range(2):
            claimed = await room.outbox.claim("news", "me", room.now + timedelta(seconds=1))
            assert claimed is not None
            sent = Step(State.SENT, "accepted", room.now, receipt=Receipt(claimed.item_id, None, room.now))
            await room.outbox.settle(claimed, sent, room.now)
        (room.content / "1.md").rename(room.content / "aside")
        (room.content / "2.md").unlink()
        room.write("3.md", link=ARTICLE)

        done = await room.look()
        owed = [one for one in await room.outbox.deliveries() if one.action is Action.DELETE]

    assert (done.new, done.withdrawn) == (1, 2)
    assert [one.item_id for one in owed] == ["item:2"]


async def test_a_renamed_file_without_an_id_keeps_its_place_in_the_queue(tmp_path: Path) -> None:
    room = Newsroom(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()
        room.write("3.md", link=ARTICLE)
        room.write("4.md")
        await room.look()
        before = await room.deliveries()
        (room.content / "3.md").unlink()
        for number in (5, 6):  # two lead there now: one is enough
            room.write(f"{number}.md", link=ARTICLE)

        await room.look()
        after = await room.deliveries()

    assert [before[f"item:{number}"].state for number in (3, 4)] == [State.PLANNED, State.PLANNED]
    heirs = [after[f"item:{number}"] for number in (5, 6)]
    assert sorted(one.state for one in heirs) == [State.PLANNED, State.SKIPPED]
    [heir] = [one for one in heirs if one.state is State.PLANNED]
    assert (heir.due, heir.reason, heir.code) == (before["item:3"].due, "new", Reason.NEW)
    assert (after["item:3"].state, after["item:3"].code) == (State.SKIPPED, Reason.WITHDRAWN)
    assert after["item:4"] == before["item:4"]
