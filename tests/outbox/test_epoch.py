"""A state that is not the one that published last is recognised."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deliver_rig import NAME, NOW, acceptance, item
from syndicate.errors import CannotWrite, StateLost
from syndicate.outbox import epoch
from syndicate.outbox.delivery import State
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.outbox import Restored


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.sqlite3"


async def begun(path: Path, *, has_feeds: bool = False) -> Restored | None:
    """A start that does nothing more."""
    async with SqlOutbox(path) as outbox:
        return await outbox.begin(NOW + timedelta(hours=2), has_feeds=has_feeds)


async def sent_one(path: Path, number: int) -> None:
    """A run that accepts an item and begins to send it."""
    async with SqlOutbox(path) as outbox:
        await outbox.begin(NOW, has_feeds=False)
        await outbox.accept(acceptance(item(number)), NOW)
        claimed = await outbox.claim(NAME, "me", NOW + timedelta(hours=1))
        assert claimed is not None
        await outbox.freeze(claimed, b"payload", "key", NOW + timedelta(hours=1))


async def test_new_state_and_its_own_return_are_no_news(path: Path) -> None:
    assert await begun(path) is None
    assert await begun(path, has_feeds=True) is None
    await sent_one(path, 1)
    assert await begun(path, has_feeds=True) is None


def older(path: Path) -> None:
    path.write_bytes(path.with_name("kept").read_bytes())  # the same inode: only the counter tells


def replaced_by_a_copy(path: Path) -> None:
    twin = path.with_name("twin")
    shutil.copy(path, twin)
    twin.replace(path)


def removed(path: Path) -> None:
    path.unlink()


def stripped(path: Path) -> None:
    epoch.path_beside(path).unlink()


def swapped(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE marks SET value = 'another' WHERE name = 'instance'")
        connection.commit()


@pytest.mark.parametrize(
    ("lose", "words"),
    [
        (older, "it is older than what published last"),
        (replaced_by_a_copy, "it is a copy"),
        (removed, "the former database is gone"),
        (stripped, "it was put there without the file beside it"),
        (swapped, "another database stood here"),
    ],
)
async def test_state_that_did_not_publish_last_begins_an_epoch(
    path: Path, lose: Callable[[Path], None], words: str
) -> None:
    await sent_one(path, 1)
    shutil.copy(path, path.with_name("kept"))
    await sent_one(path, 2)
    lose(path)

    restored = await begun(path)

    assert restored is not None
    assert (restored.reason, restored.epoch) == (words, 2)
    assert restored.since <= NOW + timedelta(hours=1) < restored.until
    assert await begun(path) is None, "once"


async def test_lost_state_is_known_by_the_feeds_that_it_wrote(path: Path) -> None:
    restored = await begun(path, has_feeds=True)

    assert restored is not None
    assert (restored.reason, restored.since) == ("feeds stand that another state wrote", epoch.BEGINNING)


async def test_state_of_a_version_without_epochs_is_taken_as_it_is(path: Path) -> None:
    async with SqlOutbox(path) as outbox:
        await outbox.accept(acceptance(item(1)), NOW)

    assert await begun(path, has_feeds=True) is None
    assert epoch.read(epoch.path_beside(path)) is not None


async def test_everything_that_is_not_sent_is_in_doubt_then_and_what_comes_too(path: Path) -> None:
    await sent_one(path, 1)
    stripped(path)
    await begun(path)

    async with SqlOutbox(path) as outbox:
        await outbox.accept(acceptance(item(2)), NOW)
        doubt = await outbox.doubt(NAME)

        assert doubt is not None
        assert (doubt.since, doubt.until) == (NOW + timedelta(hours=1), NOW + timedelta(hours=2))
        assert [one.is_doubted for one in await outbox.deliveries()] == [True, True]

        await outbox.believe(NAME)
        assert await outbox.doubt(NAME) is None
        assert [one.is_doubted for one in await outbox.deliveries()] == [False, False]


async def test_second_loss_keeps_what_the_first_left_in_doubt(path: Path) -> None:
    await sent_one(path, 1)
    stripped(path)
    first = await begun(path)
    async with SqlOutbox(path) as outbox:
        await outbox.accept(acceptance(item(2)), NOW + timedelta(hours=3))
    stripped(path)
    await begun(path)

    async with SqlOutbox(path) as outbox:
        doubt = await outbox.doubt(NAME)

    assert first is not None and doubt is not None
    assert doubt.since == first.since


async def test_intent_is_noted_beside_the_database_before_anything_is_sent(path: Path) -> None:
    await sent_one(path, 1)

    noted = epoch.read(epoch.path_beside(path))

    assert noted is not None
    async with SqlOutbox(path, is_reader=True) as outbox:
        [one] = await outbox.deliveries()
        events = await outbox.history(one.uid)
    assert (one.state, noted.events) == (State.SENDING, len(events))


async def test_nothing_can_be_sent_where_that_cannot_be_noted(path: Path) -> None:
    async with SqlOutbox(path) as outbox:
        await outbox.begin(NOW, has_feeds=False)
        await outbox.accept(acceptance(item(1)), NOW)
        claimed = await outbox.claim(NAME, "me", NOW + timedelta(hours=1))
        assert claimed is not None
        epoch.path_beside(path).unlink()
        epoch.path_beside(path).mkdir()

        with pytest.raises(CannotWrite, match=r"outbox\.epoch"):
            await outbox.freeze(claimed, b"payload", "key", NOW)


async def test_file_that_is_removed_meanwhile_is_written_anew_and_told_once(path: Path) -> None:
    async with SqlOutbox(path) as outbox:
        await outbox.begin(NOW, has_feeds=False)
        await outbox.accept(acceptance(item(1), item(2)), NOW)
        both = [await outbox.claim(NAME, "me", NOW + timedelta(hours=1)) for _ in range(2)]
        stripped(path)
        with capture_logs() as events:
            for one in both:
                assert one is not None
                await outbox.freeze(one, b"payload", "key", NOW + timedelta(hours=1))

    told = [(one["event"], one["file"]) for one in events]
    assert told == [("epoch_renewed", str(epoch.path_beside(path)))]
    assert await begun(path, has_feeds=True) is None


async def test_file_that_is_removed_while_nothing_is_sent_is_written_anew(path: Path) -> None:
    await sent_one(path, 1)
    async with SqlOutbox(path) as outbox:
        await outbox.begin(NOW, has_feeds=True)
        stripped(path)

        await outbox.check()

        assert epoch.read(epoch.path_beside(path)) is not None
    assert await begun(path, has_feeds=True) is None


@pytest.mark.parametrize(
    "put_back",
    [
        "DELETE FROM events",
        "UPDATE marks SET value = 'another' WHERE name = 'instance'",
        "UPDATE marks SET value = '3' WHERE name = 'epoch'",
        "DELETE FROM marks",
    ],
)
async def test_file_is_not_written_for_a_database_that_was_put_back_in_place(path: Path, put_back: str) -> None:
    await sent_one(path, 1)
    async with SqlOutbox(path) as outbox:
        await outbox.begin(NOW, has_feeds=True)
        stripped(path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(put_back)
            connection.commit()

        with pytest.raises(StateLost, match="put back while in use"):
            await outbox.check()

    assert not epoch.path_beside(path).exists()


async def test_who_only_looks_writes_no_file(path: Path) -> None:
    await sent_one(path, 1)
    stripped(path)

    async with SqlOutbox(path) as outbox:
        await outbox.check()

    assert not epoch.path_beside(path).exists()


def test_file_that_says_nothing_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "outbox.epoch"
    assert epoch.read(path) is None
    for content in (b"", b"{half", b"[]", b'{"instance": "x"}'):
        path.write_bytes(content)
        assert epoch.read(path) is None


def test_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="rights to the folder"):
        epoch.write(tmp_path / "nowhere" / "outbox.epoch", epoch.Epoch("x", 1, 1, 1))
