"""Items of which nothing that was kept can be read: only those leave whose files are gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from newsroom import NEWS, Newsroom
from syndicate.outbox.delivery import Action, Delivery, Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import FirstSight, OnWithdrawal
from syndicate.outbox.reasons import Reason

BROKEN = b"---\ntitle: [\n---\n"


def newsroom(folder: Path, on_withdrawal: OnWithdrawal = OnWithdrawal.DELETE) -> Newsroom:
    """A store of two items, both to be posted."""
    room = Newsroom(folder, replace(NEWS, first_sight=FirstSight.POST, on_withdrawal=on_withdrawal))
    room.write("1.md")
    room.write("2.md")
    return room


async def post_all(room: Newsroom) -> None:
    """Both stand there from now on."""
    await room.look()
    for _ in range(2):
        claimed = await room.outbox.claim("news", "me", room.now + timedelta(seconds=1))
        assert claimed is not None
        sent = Step(State.SENT, "accepted", room.now, receipt=Receipt(claimed.item_id, None, room.now))
        await room.outbox.settle(claimed, sent, room.now)


async def damage(room: Newsroom, name: str = "1.md") -> None:
    """A new process, which cannot read what was kept of a file."""
    with closing(sqlite3.connect(room.folder / "state" / "outbox.sqlite3")) as connection:
        connection.execute("UPDATE files SET packed = x'32' WHERE path = ?", (name,))
        connection.commit()
    await room.restart()


async def changes(room: Newsroom) -> list[Delivery]:
    return [one for one in await room.outbox.deliveries() if one.action is not Action.POST]


async def test_posts_of_a_lost_item_are_taken_away_as_its_file_is_gone(tmp_path: Path) -> None:
    room = newsroom(tmp_path)
    async with room:
        await post_all(room)
        (room.content / "1.md").unlink()
        await damage(room)

        done = await room.look()

        assert done.withdrawn == 1
        [owed] = await changes(room)
        assert (owed.item_id, owed.action, owed.state, owed.item) == ("item:1", Action.DELETE, State.PLANNED, None)


async def test_answer_about_a_lost_item_waits_for_a_person(tmp_path: Path) -> None:
    room = newsroom(tmp_path, OnWithdrawal.REPLY)
    async with room:
        await post_all(room)
        (room.content / "1.md").unlink()
        await damage(room)

        await room.look()

        [owed] = await changes(room)
        assert (owed.action, owed.state, owed.code) == (Action.REPLY, State.HELD, Reason.CANNOT_COMPOSE)
        assert "by hand" in owed.reason


@pytest.mark.parametrize("breaks_after", [False, True])
async def test_broken_file_never_counts_as_withdrawn(tmp_path: Path, *, breaks_after: bool) -> None:
    room = newsroom(tmp_path)
    date = room.now - timedelta(hours=3)
    room.write("1.md", date=date)
    async with room:
        await post_all(room)
        room.put("1.md", BROKEN)
        await damage(room)

        broken = [await room.look() for _ in range(2)]
        if breaks_after:
            await room.restart()  # which finds a row that is whole, and holds no item
            broken.append(await room.look())

        assert [(one.withdrawn, len(one.errors)) for one in broken] == [(0, 1)] * len(broken)
        assert await changes(room) == []
        room.write("1.md", date=date)
        mended = await room.look()
        assert (mended.new, mended.revised, mended.withdrawn, mended.items) == (0, 0, 0, 2)
        assert {one.state for one in (await room.deliveries()).values()} == {State.SENT}


async def test_broken_file_that_is_deleted_at_last_has_left(tmp_path: Path) -> None:
    room = newsroom(tmp_path)
    async with room:
        await post_all(room)
        path = room.put("1.md", BROKEN)
        await damage(room)
        await room.look()

        path.unlink()
        done = await room.look()

        assert done.withdrawn == 1
        assert [one.item_id for one in await changes(room)] == ["item:1"]


async def test_file_that_is_being_written_does_not_count_as_withdrawn(tmp_path: Path) -> None:
    room = newsroom(tmp_path)
    async with room:
        await post_all(room)
        await damage(room)
        room.put("1.md", b"---\ntitle: x", age=-timedelta(minutes=1))

        done = await room.look()

        assert (done.withdrawn, done.waiting) == (0, ("1.md",))


async def test_draft_has_left_whatever_was_kept_of_it(tmp_path: Path) -> None:
    room = newsroom(tmp_path)
    async with room:
        await post_all(room)
        room.write("1.md", draft=True)
        await damage(room)

        done = await room.look()

        assert done.withdrawn == 1
        assert await changes(room) == [], "its file stands, and may well have been another item"
