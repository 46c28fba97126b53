"""Reasons as codes: kept, found again, and what an outbox decides by them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from deliver_rig import NOW, PLAN, acceptance, item
from syndicate.errors import UsageError
from syndicate.items.item import Item
from syndicate.outbox.delivery import Planned, State
from syndicate.outbox.plan import planned
from syndicate.outbox.reasons import Reason
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.outbox import Acceptance

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[SqlOutbox]:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as opened:
        yield opened


def owed(one: Item) -> Planned:
    return planned(one, PLAN, State.PLANNED, "edited", NOW, code=Reason.EDITED)


async def test_an_image_that_came_later_makes_a_post_that_needed_one(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1), state=State.SKIPPED, code=Reason.NEEDS_IMAGE), NOW)

    assert await outbox.accept(Acceptance(mended=(owed(item(1)),)), LATER) == 1

    assert [one.state for one in await outbox.deliveries()] == [State.PLANNED]


async def test_reason_that_only_a_newer_version_knows_is_left_to_the_words(outbox: SqlOutbox, tmp_path: Path) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite3")) as newer, newer:
        newer.execute("UPDATE deliveries SET code = 'as in 2031'")

    [one] = await outbox.deliveries()

    assert (one.code, one.reason) == (Reason.OTHER, "new")


async def test_delivery_is_found_by_the_beginning_of_its_uid(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1), item(2)), NOW)
    uid = owed(item(1)).uid

    assert (await outbox.delivery(uid[:10])).uid == uid
    for text in ("", "none"):
        with pytest.raises(UsageError):
            await outbox.delivery(text)
