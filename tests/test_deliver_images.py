"""Networks that take no post without a picture, and such as fetch it themselves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from deliver_rig import NOW, WANTS, item, pictured, rig, unusable
from syndicate.draft import unfetchable
from syndicate.errors import Rejected
from syndicate.items.item import Image
from syndicate.outbox.delivery import State
from syndicate.outbox.reasons import Reason

NEEDY = replace(WANTS, needs_image=True)
FETCHING = replace(WANTS, needs_image=True, image_by_address=True)
REMOTE = Image("https://pictures.example/1.png", "A picture")


async def test_item_without_an_image_is_skipped_before_any_call(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        one.channel.wants = NEEDY

        assert await one.step() is State.SKIPPED

        assert one.channel.calls == ["open"]
        left = await one.only()
        assert left.code is Reason.NEEDS_IMAGE
        assert left.reason == "scripted takes no post without an image, and the item has none"


async def test_image_that_cannot_be_used_fails_a_post_that_needs_it_before_any_call(tmp_path: Path) -> None:
    async with rig(tmp_path, pictured()) as one:
        one.channel.wants = NEEDY
        one.pictures.error = unusable()

        assert await one.step() is State.FAILED

        assert one.channel.calls == ["open"]
        assert (await one.only()).code is Reason.NEEDS_IMAGE


async def test_image_that_the_network_refuses_fails_a_post_that_needs_it(tmp_path: Path) -> None:
    async with rig(tmp_path, pictured()) as one:
        one.channel.wants = NEEDY
        one.channel.script["upload"] = [Rejected("422 (too odd)")]

        assert await one.step() is State.FAILED

        assert one.channel.calls == ["open", "upload"]


async def test_image_by_address_is_not_uploaded(tmp_path: Path) -> None:
    async with rig(tmp_path, item(image=REMOTE)) as one:
        one.channel.wants = FETCHING

        assert await one.step() is State.SENT

        assert one.channel.calls == ["open", "publish"]
        assert b"|https://pictures.example/1.png|" in one.channel.made[0][0]


async def test_image_that_nobody_can_fetch_costs_the_image_only_where_none_is_needed(tmp_path: Path) -> None:
    async with rig(tmp_path, pictured()) as one:
        one.channel.wants = replace(WANTS, image_by_address=True)

        assert await one.step() is State.SENT

        assert b"|None|" in one.channel.made[0][0]


async def test_post_that_is_refused_with_its_image_goes_without_it(tmp_path: Path) -> None:
    async with rig(tmp_path, pictured()) as one:
        one.channel.script["publish"] = [Rejected("400 (odd photo)")]

        assert [await one.step(), await one.step()] == [State.PLANNED, State.SENT]

        (first, key), (second, same) = one.channel.sent
        assert (b"|media-1|" in first, b"|None|" in second, key == same) == (True, True, True)
        assert one.channel.calls == ["open", "upload", "publish", "publish"]


async def test_post_that_is_refused_without_its_image_as_well_fails(tmp_path: Path) -> None:
    async with rig(tmp_path, pictured()) as one:
        one.channel.script["publish"] = [Rejected("400 (odd photo)"), Rejected("400 (odd words)")]

        assert [await one.step(), await one.step()] == [State.PLANNED, State.FAILED]

        left = await one.only()
        assert (left.code, left.reason) == (Reason.REFUSED, "400 (odd words)")


async def test_post_without_an_image_is_refused_once(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        one.channel.script["publish"] = [Rejected("400 (odd words)")]

        assert await one.step() is State.FAILED


async def test_image_that_stays_gone_after_a_fresh_upload_is_left_out(tmp_path: Path) -> None:
    async with rig(tmp_path, pictured()) as one:
        one.channel.script["publish"] = [Rejected("422 (no media)", is_stale_media=True) for _ in range(2)]

        assert await one.settle_all() == [State.PLANNED, State.PLANNED, State.SENT]

        assert b"|None|" in one.channel.made[0][0]
        assert one.channel.calls.count("upload") == 2


async def test_image_that_a_step_before_the_post_refuses_is_left_out(tmp_path: Path) -> None:
    async with rig(tmp_path, item(image=REMOTE)) as one:
        one.channel.wants = replace(WANTS, image_by_address=True)
        one.channel.script["stage"] = [Rejected("could not be fetched")]

        assert [await one.step(), await one.step()] == [State.PLANNED, State.SENT]

        assert b"|None|" in one.channel.made[0][0]


async def test_image_that_is_refused_while_a_doubted_post_is_looked_up_is_left_out(tmp_path: Path) -> None:
    async with rig(tmp_path, item(image=REMOTE)) as one:
        one.channel.wants = replace(WANTS, image_by_address=True)
        one.channel.script["stage"] = [Rejected("could not be fetched")]
        since = int(NOW.timestamp()) * 1_000_000
        with closing(sqlite3.connect(tmp_path / "outbox.sqlite3")) as database, database:
            database.execute("UPDATE deliveries SET is_doubted = 1")
            database.execute(
                "UPDATE channels SET doubted_since = ?, doubted_until = ?, doubt_due = ?, doubt_readings = 0",
                [since] * 3,
            )

        assert await one.step() is State.PLANNED
        assert (await one.only()).code is Reason.PICTURE_REFUSED
        assert await one.step() is State.UNKNOWN

        assert b"|None|" in ((await one.only()).payload or b"")


async def test_image_that_a_step_refuses_fails_a_post_that_needs_it_once(tmp_path: Path) -> None:
    async with rig(tmp_path, item(image=REMOTE)) as one:
        one.channel.wants = FETCHING
        one.channel.script["stage"] = [Rejected("could not be fetched")]

        assert await one.settle_all() == [State.FAILED]

        assert (await one.only()).reason == "could not be fetched"


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "http://pictures.example/1.png",
        "https://localhost/1.png",
        "https://127.0.0.1/1.png",
        "https://[::1]/1.png",
        "https://10.0.0.7/1.png",
        "https://nas.local/1.png",
        "https://[broken/1.png",
        "https:///1.png",
    ],
)
def test_address_that_no_network_reaches_is_told(address: str | None) -> None:
    assert unfetchable(address)


@pytest.mark.parametrize("address", ["https://pictures.example/1.png", "https://1.1.1.1/1.png"])
def test_public_address_can_be_fetched(address: str) -> None:
    assert unfetchable(address) is None
