"""Whether anybody may have written into the state: who owes nothing is not asked again until somebody did."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deliver_rig import NAME, NOW, acceptance, item
from syndicate.errors import StateLost
from syndicate.outbox import vigil
from syndicate.outbox.store import SqlOutbox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.sqlite3"


@pytest_asyncio.fixture
async def outbox(path: Path) -> AsyncIterator[SqlOutbox]:
    async with SqlOutbox(path) as opened:
        yield opened


def age(path: Path) -> None:
    """As if nobody had written for a while."""
    for file in (path, path.with_name(f"{path.name}-wal")):
        os.utime(file, ns=(1, file.stat().st_mtime_ns - 10**10))


async def test_it_is_quiet_as_long_as_nobody_writes(outbox: SqlOutbox, path: Path) -> None:
    await outbox.check()
    first, fresh = outbox.is_quiet(), outbox.is_quiet()
    age(path)
    changed, quiet = outbox.is_quiet(), outbox.is_quiet()
    async with SqlOutbox(path) as other:
        await other.accept(acceptance(item(1)), NOW)
    written = outbox.is_quiet()

    # Files that changed a moment ago may have changed once more since.
    assert (first, fresh, changed, quiet, written) == (False, False, False, True, False)


async def test_only_what_others_write_is_told(outbox: SqlOutbox, path: Path) -> None:
    told = [await outbox.check(), await outbox.check()]
    await outbox.accept(acceptance(item(1)), NOW)
    told.append(await outbox.check())
    async with SqlOutbox(path) as other:
        await other.accept(acceptance(item(2)), NOW + timedelta(hours=1))
    told += [await outbox.check(), await outbox.check()]

    assert told == [False, False, False, True, False]


async def test_state_that_went_is_no_quiet_one(outbox: SqlOutbox, path: Path) -> None:
    await asyncio.to_thread(path.unlink)

    with pytest.raises(StateLost):
        outbox.is_quiet()


async def looks_of(outbox: SqlOutbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The channels whose queue was read, as they are."""
    looks: list[str] = []
    true_read = outbox._database.read

    async def read(work: Any, *given: Any, **named: Any) -> Any:
        if getattr(work, "__name__", "") == "outlook":
            looks.append(given[0])
        return await true_read(work, *given, **named)

    monkeypatch.setattr(outbox._database, "read", read)
    return looks


async def test_channel_that_owes_nothing_is_read_again_once_somebody_wrote(
    outbox: SqlOutbox, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = await looks_of(outbox, monkeypatch)
    await outbox.check()
    nothing = [await outbox.outlook(NAME, 10, 10), await outbox.outlook(NAME, 10, 10)]
    async with SqlOutbox(path) as other:
        await other.accept(acceptance(item(1)), NOW)
    await outbox.check()
    theirs = await outbox.outlook(NAME, 10, 10)
    read = len(looks)
    await outbox.outlook(NAME, 10, 10)

    assert nothing[0].queue == nothing[1].queue == ()
    assert len(theirs.queue) == 1
    assert (read, len(looks)) == (2, 3)  # who owes something is asked each time


async def test_channel_that_owes_nothing_is_read_again_once_we_wrote(
    outbox: SqlOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = await looks_of(outbox, monkeypatch)
    await outbox.check()
    await outbox.outlook(NAME, 10, 10)
    await outbox.accept(acceptance(item(1)), NOW)

    assert len((await outbox.outlook(NAME, 10, 10)).queue) == 1
    assert len(looks) == 2


async def test_nothing_is_taken_for_known_where_nobody_looks(
    outbox: SqlOutbox, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = await looks_of(outbox, monkeypatch)
    await outbox.check()
    monkeypatch.setattr(vigil, "KNOWN_S", 0)

    for _ in range(2):
        await outbox.outlook(NAME, 10, 10)

    assert len(looks) == 2


async def test_what_others_write_while_a_queue_is_read_is_not_taken_for_read(
    outbox: SqlOutbox, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outbox.check()
    true_read = outbox._database.read

    async def read(work: Any, *given: Any, **named: Any) -> Any:
        found = await true_read(work, *given, **named)
        if getattr(work, "__name__", "") == "outlook":
            async with SqlOutbox(path) as other:
                await other.accept(acceptance(item(1)), NOW)
            await outbox.check()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(outbox._database, "read", read)
        before = await outbox.outlook(NAME, 10, 10)
    after = await outbox.outlook(NAME, 10, 10)

    assert (len(before.queue), len(after.queue)) == (0, 1)
