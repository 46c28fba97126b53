"""Discord's webhooks: the message as documented, receipts, and what each refusal proves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from channels.channel_rig import CANARY, PUBLISHED, SNOWFLAKE, channel_of, picture, post
from channels.descriptions import form_parts
from channels.scripted import CUT, NOW, Heard, Script, says
from syndicate.channels.discord import DiscordWebhookSettings
from syndicate.channels.http import Web
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Receipt
from syndicate.ports.channel import Channel

POSTED = {"id": "7001", "channel_id": "42", "content": "", "embeds": []}
HOOK = {"id": SNOWFLAKE, "type": 1, "guild_id": "31", "channel_id": "42"}
SENT = Receipt("7001", None, datetime(2026, 11, 23, 11, tzinfo=UTC))


def discord(script: Script, web: Web, **settings: object) -> Channel:
    url = f"{script.url}/api/webhooks/{SNOWFLAKE}/{CANARY}"
    return channel_of("discord", {"url": url, **settings}, web, clock=lambda: NOW)


def frozen(channel: Channel, *, has_picture: bool = True, **changes: object) -> bytes:
    made = post(channel.wants, picture=picture() if has_picture else None, **changes)
    return channel.freeze(made, "inline" if has_picture else None, "key", NOW)


def message(heard: Heard) -> Any:
    return json.loads(form_parts(heard)["payload_json"].get_payload(decode=True) or b"")  # type: ignore[arg-type]  # bytes


async def test_a_card_is_an_embed_with_the_picture_in_the_same_request(script: Script, web: Web) -> None:
    script.will(says(200, HOOK), says(200, POSTED))
    channel = discord(script, web, colour="#2F6F4F", username="Marsh Notes")
    await channel.open()

    receipt = await channel.publish(frozen(channel, brand="The Reed", title="Herons *are* back"), "key")

    asked, heard = script.heard
    assert (asked.method, asked.path) == ("GET", f"/api/v10/webhooks/{SNOWFLAKE}/{CANARY}")
    assert (heard.method, heard.path) == ("POST", f"/api/v10/webhooks/{SNOWFLAKE}/{CANARY}?wait=true")
    assert heard.headers["user-agent"].startswith("DiscordBot (https://")
    assert message(heard) == {
        "allowed_mentions": {"parse": [], "replied_user": False},
        "username": "Marsh Notes",
        "attachments": [{"id": "0", "filename": "image.jpg", "description": "A heron on one leg"}],
        "embeds": [
            {
                "title": r"Herons \*are\* back",
                "url": "https://news.example.org/herons/1?from=feed&lang=en",
                "description": "They stand where the water is shallow.",
                "timestamp": "2026-11-02T08:00:00+00:00",
                "author": {"name": "The Reed"},
                "footer": {"text": "Marsh Notes"},
                "color": 0x2F6F4F,
                "image": {"url": "attachment://image.jpg", "description": "A heron on one leg"},
            }
        ],
    }
    file = form_parts(heard)["files[0]"]
    assert (file.get_filename(), file.get_content_type()) == ("image.jpg", "image/jpeg")
    assert file.get_payload(decode=True) == picture().content
    assert receipt == Receipt("7001", "https://discord.com/channels/31/42/7001", NOW)


async def test_an_image_goes_with_the_text_and_its_link_makes_no_second_card(script: Script, web: Web) -> None:
    script.will(says(200, POSTED))
    channel = discord(script, web, attach="image", thread_id="77")

    await channel.publish(frozen(channel, title="# Herons"), "key")

    [heard] = script.heard
    assert heard.path.endswith("?wait=true&thread_id=77")
    told = message(heard)
    assert told["content"] == (
        "\\# Herons\n\nThey stand where the water is shallow.\n\n<https://news.example.org/herons/1?from=feed&lang=en>"
    )
    assert told["attachments"] == [{"id": "0", "filename": "image.jpg", "description": "A heron on one leg"}]
    assert "embeds" not in told


async def test_without_picture_the_request_is_json(script: Script, web: Web) -> None:
    script.will(says(200, POSTED))
    channel = discord(script, web)

    receipt = await channel.publish(frozen(channel, has_picture=False, summary=""), "key")

    [heard] = script.heard
    assert heard.headers["content-type"] == "application/json"
    assert heard.json["embeds"][0].keys() == {"title", "url", "timestamp", "footer"}
    assert "attachments" not in heard.json
    assert receipt.url is None, "the guild is known after `open` only"


async def test_a_forum_gets_a_thread_for_each_post(script: Script, web: Web) -> None:
    script.will(says(200, POSTED), says(204))
    channel = discord(script, web, forum=True)

    receipt = await channel.publish(frozen(channel, has_picture=False, title="H" * 150), "key")
    await channel.delete(receipt)

    assert script.heard[0].json["thread_name"] == "H" * 99 + "…"
    assert script.heard[1].path.endswith("/messages/7001?thread_id=7001")


async def test_an_edit_takes_the_place_of_the_message(script: Script, web: Web) -> None:
    script.will(says(200, POSTED))
    channel = discord(script, web, username="Marsh Notes")

    receipt = await channel.edit(SENT, frozen(channel, has_picture=False))

    [heard] = script.heard
    assert (heard.method, heard.path) == ("PATCH", f"/api/v10/webhooks/{SNOWFLAKE}/{CANARY}/messages/7001")
    assert (heard.json["content"], heard.json["attachments"]) == ("", [])
    assert len(heard.json["embeds"]) == 1
    assert "username" not in heard.json
    assert receipt.remote_id == "7001"


@pytest.mark.parametrize("answer", [says(204), says(404, {"code": 10008, "message": "Unknown Message"})])
async def test_a_message_that_is_gone_is_deleted(script: Script, web: Web, answer: bytes) -> None:
    script.will(answer)

    await discord(script, web).delete(SENT)

    assert script.paths == [f"DELETE /api/v10/webhooks/{SNOWFLAKE}/{CANARY}/messages/7001"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, {"code": 50035, "message": "Invalid Form Body"}), Rejected),
        (says(400, {"code": 50006, "message": "Cannot send an empty message"}), Rejected),
        (says(400, {"code": 200000, "message": "blocked by automatic moderation"}), Rejected),
        (says(403, {"code": 240000, "message": "blocked by harmful links filter"}), Rejected),
        (says(400, {"code": 20028, "message": "write rate limit"}), RateLimited),
        (says(401, {"code": 50027, "message": "Invalid Webhook Token"}), Unauthorized),
        (says(404, {"code": 10015, "message": "Unknown Webhook"}), Unauthorized),
        (says(403, b"error code: 1010"), Unauthorized),
        (says(404, b"nothing"), Rejected),
        (says(413, {"code": 40005, "message": "Request entity too large"}), Rejected),
        (says(302, headers={"Location": "https://other.example"}), Unknown),
        (says(500, {"code": 0, "message": "500: Internal Server Error"}), Unknown),
        (says(502, b"<html>"), Unknown),
        (says(200, {"ok": True}), Unknown),
        (says(204), Unknown),
        (says(200, b"{"), Unknown),
        (CUT, Unknown),
    ],
)
async def test_answers_are_told_apart(script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
    script.will(answer)
    channel = discord(script, web)

    with pytest.raises(NetworkError) as told:
        await channel.publish(frozen(channel), "key")

    assert type(told.value) is expected
    assert CANARY not in f"{told.value} {told.value!r}"
    assert len(script.heard) == 1


@pytest.mark.parametrize(
    ("answer", "wait_s", "is_app_wide"),
    [
        (says(429, {"message": "slow", "retry_after": 2.5, "global": False}, headers={"Retry-After": "3"}), 2.5, False),
        (says(429, {"message": "slow", "retry_after": 65.2, "global": True}), 65.2, True),
        (says(429, {"message": "slow", "retry_after": 0.01, "global": False}), 1, False),
        (says(429, {"message": "slow", "global": False}, headers={"X-RateLimit-Reset-After": "7.5"}), 7.5, False),
        (says(429, b"error code: 1015", headers={"Retry-After": "1800"}), 1800, False),
        (says(429, b""), 60, False),
    ],
)
async def test_limits_are_kept_in_their_own_unit(
    script: Script, web: Web, answer: bytes, wait_s: float, is_app_wide: bool
) -> None:
    script.will(answer)
    channel = discord(script, web)

    with pytest.raises(RateLimited) as told:
        await channel.publish(frozen(channel), "key")

    assert told.value.until == NOW + timedelta(seconds=wait_s)
    assert told.value.is_app_wide is is_app_wide


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(404, {"code": 10015, "message": "Unknown Webhook"}), Unauthorized),
        (says(400, {"code": 1, "message": "?"}), Unauthorized),
        (says(404, b"no such page"), Unauthorized),
        (says(429, {"message": "slow", "retry_after": 2.5}), RateLimited),
        (says(503), Transient),
    ],
)
async def test_a_closed_door_is_told(script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
    script.will(answer)

    with pytest.raises(expected) as told:
        await discord(script, web).open()

    assert CANARY not in str(told.value)


async def test_what_a_webhook_promises(script: Script, web: Web) -> None:
    channel = discord(script, web)

    assert (channel.guarantee.key_window, channel.guarantee.evidence) == (None, Evidence.NONE)
    assert channel.abilities == {Action.POST, Action.EDIT, Action.DELETE}
    assert channel.account.endswith(f"/webhooks/{SNOWFLAKE}")
    assert channel.key_of("u", 0, PUBLISHED) == "u"
    assert await channel.upload(picture()) == "inline"
    with pytest.raises(Rejected, match="discord_bot"):
        await channel.find(b"{}", "key", NOW)


def test_a_link_too_long_for_an_embed_is_told(script: Script, web: Web) -> None:
    channel = discord(script, web)

    with pytest.raises(ValueError, match="2048"):
        frozen(channel, url="https://news.example.org/" + "x" * 2100)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": f"https://discord.com/api/webhooks/1/{CANARY}/slack"},
        {"url": f"https://discord.com/api/webhooks/{CANARY}"},
        {"url": f"https://discord.com/api/webhooks/1/{CANARY}?wait=true"},
        {"url": f"http://discord.com/api/webhooks/1/{CANARY}"},
        {"url": f"https://discord.com/api/webhooks/1/{CANARY}", "username": "Discord news"},
        {"url": f"https://discord.com/api/webhooks/1/{CANARY}", "thread_id": "1", "forum": True},
        {"url": f"https://discord.com/api/webhooks/1/{CANARY}", "colour": "green"},
        {},
    ],
)
def test_settings_that_cannot_work_are_refused_without_repeating_them(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        DiscordWebhookSettings.model_validate(settings)

    assert CANARY not in str(told.value)
