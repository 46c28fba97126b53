"""What every network must keep that edits, takes away or answers posts, driven by what it declares."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from channels.channel_rig import PUBLISHED, channel_of, picture, post
from sandbox_rig import image_bytes
from syndicate.channels.http import Web
from syndicate.channels.networks import network_names, network_of
from syndicate.errors import NetworkError, Rejected
from syndicate.outbox.delivery import Action, Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.post import Post
from syndicate.proof.stand import places_in
from syndicate.sandbox.faults import Effect, InjectedFault
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action as Deed

FAKED = {"bluesky", "discord", "discord_bot", "linkedin", "mastodon", "slack_bot", "telegram", "webhook"}
"""Networks that the sandbox stands for; of the others, their own tests show edits and deletions byte by byte."""

BEFORE = (Effect.RESET_BEFORE, Effect.ERROR_500_BEFORE, Effect.ERROR_429, Effect.UNAUTHORIZED_401)
AFTER = (Effect.LOST_AFTER, Effect.ERROR_503_AFTER, Effect.TRUNCATED_JSON)
INSTEAD = (Effect.HTML_200, Effect.REDIRECT_302, Effect.REDIRECT_307)


@pytest.fixture(params=sorted(FAKED))
def network(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest_asyncio.fixture
async def channel(network: str, sandbox: Running) -> AsyncIterator[Channel]:
    settings = dict(places_in(sandbox.addresses)[f"{network}_1"].settings)
    del settings["network"]
    async with Web() as web:
        made = channel_of(network, settings, web)
        await made.open()
        yield made
        await made.close()


async def published(channel: Channel, made: Post, *, uid: str = "uid1") -> Receipt:
    media = await channel.upload(made.picture) if made.picture else None
    key = channel.key_of(uid, 0, PUBLISHED)
    payload = await channel.stage(channel.freeze(made, media, key, datetime.now(UTC)), key)
    return await channel.publish(payload, key)


def frozen(channel: Channel, title: str) -> bytes:
    made = replace(post(channel.wants, title=title), keeps_picture=True)
    return channel.freeze(made, None, channel.key_of("edit", 0, PUBLISHED), datetime.now(UTC))


def posted(channel: Channel, *, is_pictured: bool = True) -> Post:
    takes = is_pictured and channel.wants.image is not None
    return post(channel.wants, picture=picture(image_bytes()) if takes else None)


def deeds(sandbox: Running, *wanted: Deed) -> list[str]:
    """What was really done, by the first word of the texts."""
    return [entry.text.split()[0] if entry.text else "" for entry in sandbox.truth if entry.action in wanted]


def test_what_a_network_can_do_is_shown_here_or_there() -> None:
    assert set(network_names()) >= FAKED


@pytest.mark.parametrize("is_pictured", [False, True])
async def test_a_post_reads_as_its_last_edit_and_stays_one(
    channel: Channel, sandbox: Running, *, is_pictured: bool
) -> None:
    receipt = await published(channel, posted(channel, is_pictured=is_pictured))
    if Action.EDIT not in channel.abilities:
        with pytest.raises(Rejected):
            await channel.edit(receipt, frozen(channel, "First"))
        assert deeds(sandbox, Deed.EDIT) == []
        return

    for number, title in enumerate(("First", "Second", "First")):
        edited = await channel.edit(replace(receipt, at=PUBLISHED + timedelta(hours=number)), frozen(channel, title))
        assert edited.remote_id == receipt.remote_id

    assert deeds(sandbox, Deed.EDIT) == ["First", "Second", "First"]
    assert len(deeds(sandbox, Deed.POST)) == 1


async def test_a_post_is_taken_away_once_and_what_is_gone_is_done(channel: Channel, sandbox: Running) -> None:
    receipt = await published(channel, posted(channel))
    if Action.DELETE not in channel.abilities:
        with pytest.raises(Rejected):
            await channel.delete(receipt)
        return

    await channel.delete(receipt)
    await channel.delete(receipt)

    assert len(deeds(sandbox, Deed.DELETE)) == 1
    assert len(deeds(sandbox, Deed.POST)) == 1


async def test_a_post_that_is_gone_is_not_brought_back_by_an_edit(channel: Channel, sandbox: Running) -> None:
    if not {Action.EDIT, Action.DELETE} <= channel.abilities or channel.network == "webhook":
        pytest.skip("does not edit, or keeps no posts")
    receipt = await published(channel, posted(channel))
    await channel.delete(receipt)

    with pytest.raises(Rejected):
        await channel.edit(receipt, frozen(channel, "Late"))

    assert deeds(sandbox, Deed.EDIT) == []


async def test_an_answer_is_a_post_of_its_own(channel: Channel, sandbox: Running) -> None:
    if Action.REPLY not in channel.abilities:
        pytest.skip("does not answer")
    receipt = await published(channel, posted(channel))
    answer = replace(post(channel.wants, title="Correction"), reply_to=receipt.remote_id)

    first, again = [await published(channel, answer, uid="uid2") for _ in range(2)]

    assert first.remote_id != receipt.remote_id
    assert first.remote_id == again.remote_id or channel.guarantee.key_window is None


@pytest.mark.parametrize("effect", [*BEFORE, *AFTER, *INSTEAD])
async def test_an_unclear_edit_or_deletion_is_repeated_at_will(
    channel: Channel, sandbox: Running, effect: Effect
) -> None:
    receipt = await published(channel, posted(channel))
    fake = next(entry.network for entry in sandbox.truth if entry.action is Deed.POST)
    for action in (Action.EDIT, Action.DELETE):
        if action not in channel.abilities:
            continue
        sandbox.arm(*(InjectedFault(network=fake, route=route, effect=effect) for route in _routes(channel, action)))
        first = await _changed(channel, receipt, action)
        was_done = bool(deeds(sandbox, Deed(action.value)))
        assert was_done or first is not None, "told as done, and is not"

        sandbox.arm()
        assert await _changed(channel, receipt, action) is None

        done = deeds(sandbox, Deed(action.value))
        assert done[-1:] == ["Edited"] if action is Action.EDIT else len(done) == 1
        assert len(deeds(sandbox, Deed.POST)) == 1


def _routes(channel: Channel, action: Action) -> tuple[str, ...]:
    """A webhook has one door for all that it is told."""
    return ("post",) if channel.network == "webhook" else (action.value,)


async def _changed(channel: Channel, receipt: Receipt, action: Action) -> NetworkError | None:
    try:
        if action is Action.EDIT:
            await channel.edit(receipt, frozen(channel, "Edited"))
        else:
            await channel.delete(receipt)
    except NetworkError as error:
        return error
    return None


async def test_the_preview_shows_edits_deletions_and_answers(tmp_path: Path) -> None:
    settings = network_of("preview").settings.model_validate({"folder": str(tmp_path)}).model_dump()
    async with Web() as web:
        channel = channel_of("preview", settings, web)
        receipt = await published(channel, posted(channel))

        await channel.edit(receipt, frozen(channel, "Edited"))
        edited = shown(tmp_path)
        answer = replace(post(channel.wants, title="Correction"), reply_to=receipt.remote_id)
        await published(channel, answer, uid="uid2")
        await channel.delete(receipt)
        await channel.delete(receipt)

    [one] = edited
    assert (one["title"], one["deleted"]) == ("Edited", None)
    assert {(each["title"], each["deleted"] is None) for each in shown(tmp_path)} == {
        ("Edited", False),
        ("Correction", True),
    }


def shown(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in folder.rglob("*.json")]
