"""Discord's bots: nonces, read-back, replies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels.channel_rig import CANARY, PUBLISHED, SNOWFLAKE, channel_of, picture, post
from channels.scripted import NOW, Script, says
from channels.test_channel_discord import message
from syndicate.channels.discord_bot import PAGE, snowflake_at
from syndicate.channels.http import Web
from syndicate.errors import NetworkError, RateLimited, Transient, Unauthorized
from syndicate.outbox.delivery import Action, Evidence, Receipt
from syndicate.ports.channel import Channel

ME = {"id": "500", "username": "marsh"}
PLACE = {"id": SNOWFLAKE, "guild_id": "31", "type": 0}
LINK = "https://news.example.org/herons/1?from=feed&lang=en"
POSTED = {"id": "7001", "channel_id": SNOWFLAKE, "author": ME}
URL = f"https://discord.com/channels/31/{SNOWFLAKE}/7001"


def bot(script: Script, web: Web, **settings: object) -> Channel:
    given = {"token": CANARY, "channel": SNOWFLAKE, "api_url": f"{script.url}/api/v10", **settings}
    return channel_of("discord_bot", given, web, clock=lambda: NOW)


async def opened(script: Script, web: Web, **settings: object) -> Channel:
    script.will(says(200, ME), says(200, PLACE))
    channel = bot(script, web, **settings)
    await channel.open()
    script.heard.clear()
    return channel


def message_with(number: int, url: str | None = None, content: str = "", author: str = "500") -> dict[str, object]:
    embeds = [{"url": url}] if url else []
    return {
        "id": str(number), "channel_id": SNOWFLAKE, "author": {"id": author}, "content": content, "embeds": embeds,
    }  # fmt: skip


async def test_a_post_goes_under_a_nonce_that_discord_enforces(script: Script, web: Web) -> None:
    channel = await opened(script, web)
    script.will(says(200, POSTED))
    key = channel.key_of("a" * 32, 0, PUBLISHED)

    receipt = await channel.publish(channel.freeze(post(channel.wants, picture=picture()), "inline", key, NOW), key)

    [heard] = script.heard
    assert (heard.method, heard.path) == ("POST", f"/api/v10/channels/{SNOWFLAKE}/messages")
    assert heard.headers["authorization"] == f"Bot {CANARY}"
    told = message(heard)
    assert (told["nonce"], told["enforce_nonce"]) == (key, True)
    assert len(key) == 25
    assert told["embeds"][0]["image"]["url"] == "attachment://image.jpg"
    assert receipt == Receipt("7001", URL, NOW)


async def test_a_correction_replies_to_the_post(script: Script, web: Web) -> None:
    channel = await opened(script, web)
    script.will(says(200, POSTED))
    made = post(channel.wants)
    reply = type(made)(made.text, made.card, "en", reply_to="6000")

    await channel.publish(channel.freeze(reply, None, "key", NOW), "key")

    assert script.heard[0].json["message_reference"] == {"message_id": "6000", "fail_if_not_exists": False}


@pytest.mark.parametrize(
    ("attach", "found"),
    [
        ("card", message_with(7001, LINK)),
        ("image", message_with(7001, content=f"Herons\n\n<{LINK}>")),
    ],
)
async def test_own_posts_are_found_by_their_link(
    script: Script, web: Web, attach: str, found: dict[str, object]
) -> None:
    channel = await opened(script, web, attach=attach)
    payload = channel.freeze(post(channel.wants), None, "key", NOW)
    others = [message_with(1, LINK, author="9"), message_with(2, "https://news.example.org/herons/2"), message_with(3)]
    script.will(says(200, [*others, found]), says(200, others))

    assert await channel.find(payload, "key", NOW) == Receipt("7001", URL, NOW)
    assert await channel.find(payload, "key", NOW) is None
    after = snowflake_at(NOW - timedelta(minutes=5))
    assert script.heard[0].path == f"/api/v10/channels/{SNOWFLAKE}/messages?limit=100&after={after}"


async def test_reading_back_goes_on_until_the_last_page(script: Script, web: Web) -> None:
    channel = bot(script, web)
    payload = channel.freeze(post(channel.wants), None, "key", NOW)
    page = [message_with(number, "https://other.example/") for number in range(1000, 1000 + PAGE)]
    script.will(says(200, ME), says(200, PLACE), says(200, page), says(200, [message_with(7001, LINK)]))

    found = await channel.find(payload, "key", NOW)

    assert found is not None and found.remote_id == "7001"
    assert script.heard[-1].path.endswith("&after=1099")


async def test_a_channel_too_full_to_read_is_told(script: Script, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.channels.discord_bot.LIMIT_PAGES", 1)
    channel = await opened(script, web)
    script.will(says(200, [message_with(number) for number in range(PAGE)]))

    with pytest.raises(Transient, match="cannot read back"):
        await channel.find(channel.freeze(post(channel.wants), None, "key", NOW), "key", NOW)


async def test_edits_and_deletions(script: Script, web: Web) -> None:
    channel = await opened(script, web)
    sent = Receipt("7001", None, NOW)
    script.will(says(200, POSTED), says(204), says(404, {"code": 10008, "message": "Unknown Message"}))

    receipt = await channel.edit(sent, channel.freeze(post(channel.wants), None, "key", NOW))
    await channel.delete(sent)
    await channel.delete(sent)

    path = f"/api/v10/channels/{SNOWFLAKE}/messages/7001"
    assert script.paths == [f"PATCH {path}", f"DELETE {path}", f"DELETE {path}"]
    assert not {"nonce", "enforce_nonce", "message_reference"} & script.heard[0].json.keys()
    assert receipt.url == URL


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([says(401, {"code": 0, "message": "401: Unauthorized"})], Unauthorized),
        ([says(200, ME), says(403, {"code": 50001, "message": "Missing Access"})], Unauthorized),
        ([says(200, ME), says(404, {"code": 10003, "message": "Unknown Channel"})], Unauthorized),
        ([says(429, {"message": "slow", "retry_after": 1.5, "global": True})], RateLimited),
        ([says(500)], Transient),
    ],
)
async def test_a_closed_door_is_told(
    script: Script, web: Web, answers: list[bytes], expected: type[NetworkError]
) -> None:
    script.will(*answers)

    with pytest.raises(expected) as told:
        await bot(script, web).open()

    assert CANARY not in str(told.value)


def test_what_a_bot_promises(script: Script, web: Web) -> None:
    channel = bot(script, web, settle="10s")

    assert (channel.guarantee.key_window, channel.guarantee.evidence) == (None, Evidence.READS_OWN)
    assert channel.guarantee.settle == timedelta(seconds=10)
    assert channel.abilities == set(Action)


def test_ids_tell_the_time() -> None:
    # Documentation, "Snowflakes": the example's id and its time.
    assert snowflake_at(datetime(2016, 4, 30, 11, 18, 25, 796000, UTC)) == 175928847298985984
    assert snowflake_at(datetime(2000, 1, 1, tzinfo=UTC)) == 0
