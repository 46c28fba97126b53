"""The state folder goes away under a process that uses it: nothing is written into the void, and nothing is sent."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from deliver_rig import NOW, acceptance, item, rig
from syndicate.errors import StateLost
from syndicate.outbox.lock import PublisherLock
from syndicate.outbox.store import SqlOutbox


def removed(path: Path) -> None:
    path.unlink()


def removed_with_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def replaced(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


LOSSES = [removed, removed_with_its_folder, replaced]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.sqlite3"


@pytest.mark.parametrize("lose", LOSSES)
async def test_database_that_is_not_at_its_path_is_not_written(path: Path, lose: Callable[[Path], None]) -> None:
    async with SqlOutbox(path) as outbox:
        await outbox.accept(acceptance(item(1)), NOW)
        lose(path)

        with pytest.raises(StateLost, match=r"was removed or replaced while in use; bring `state\.folder`") as caught:
            await outbox.accept(acceptance(item(2)), NOW)

    assert (caught.value.path, caught.value.exit_code) == (str(path), 73)


@pytest.mark.parametrize("lose", LOSSES)
async def test_lock_that_no_longer_keeps_others_away_ends_the_writing(path: Path, lose: Callable[[Path], None]) -> None:
    lock = path.with_name("publisher.lock")
    with PublisherLock(lock, NOW):
        async with SqlOutbox(path) as outbox:
            await outbox.accept(acceptance(item(1)), NOW)
            lose(lock)

            with pytest.raises(StateLost):
                await outbox.accept(acceptance(item(2)), NOW)


async def test_lock_that_was_left_or_lies_elsewhere_is_nothing_to_a_writer(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other" / "publisher.lock"
    with PublisherLock(path.with_name("publisher.lock"), NOW):
        pass
    path.with_name("publisher.lock").unlink()

    with PublisherLock(elsewhere, NOW):
        elsewhere.unlink()
        async with SqlOutbox(path) as outbox:
            await outbox.accept(acceptance(item(1)), NOW)

            assert await outbox.known()


async def test_who_only_waits_may_ask_whether_the_state_still_stands(path: Path) -> None:
    async with SqlOutbox(path) as outbox:
        await outbox.check()
        removed(path)

        with pytest.raises(StateLost):
            await outbox.check()


async def test_nothing_is_sent_when_the_intent_cannot_be_kept(tmp_path: Path) -> None:
    async def lose() -> None:
        (tmp_path / "outbox.sqlite3").unlink()

    async with rig(tmp_path, item(1)) as lane:
        lane.outbox.before["freeze"] = [lose]
        with pytest.raises(StateLost):
            await lane.step()

        assert lane.channel.sent == []


async def test_new_state_in_the_place_of_a_lost_one_stays_whole(path: Path) -> None:
    lost = SqlOutbox(path)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(lost)
        await lost.accept(acceptance(item(1)), NOW)
        shutil.rmtree(path.parent)
        async with SqlOutbox(path) as new:
            await new.accept(acceptance(item(2)), NOW)
            await stack.aclose()
            await new.accept(acceptance(item(3)), NOW)
            with closing(sqlite3.connect(path)) as reader:
                found = [row[0] for row in reader.execute("SELECT item_id FROM deliveries ORDER BY item_id")]

    assert found == ["store:2", "store:3"]
