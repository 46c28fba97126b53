"""Every request of ours is one that the networks' own descriptions allow, and wrong ones are told.

What the descriptions leave out is not checked here: Slack's is of 2021 and knows no uploads in three steps.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from channels.channel_rig import SNOWFLAKE, Naps, channel_of, picture, post
from channels.descriptions import described
from channels.scripted import Heard, Script, says
from posts.hostile import HOSTILE
from syndicate.channels.http import Web
from syndicate.errors import NetworkError
from syndicate.outbox.delivery import Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.markup import clean
from syndicate.posts.post import Post

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SENT = Receipt("1503435956", None, NOW)


async def asked(
    channel: Channel, script: Script, *, titles: tuple[str, ...] = ("Herons",), media: str = "F012345678"
) -> list[Heard]:
    """All that a channel asks for, whatever is answered."""
    for title in titles:
        for made in posts(channel, title):
            key = channel.key_of("a" * 32, 0, NOW)
            payload = channel.freeze(made, None if made.picture is None else media, key, NOW)
            for call in (
                channel.publish(payload, key), channel.edit(SENT, payload), channel.delete(SENT),
                channel.find(payload, key, NOW), channel.open(),
            ):  # fmt: skip
                script.will(says(200, {"ok": True, "id": "7", "channel_id": "8", "ts": "1.2", "channel": "C1"}))
                with suppress(NetworkError):  # the answer was not what was hoped for; the request is what counts here
                    await call
    return script.heard


def posts(channel: Channel, title: str) -> list[Post]:
    plain = post(channel.wants, title=title, summary=f"{title} and more", brand="The Reed")
    return [plain, structs.replace(plain, picture=picture()), structs.replace(plain, reply_to="1503435956")]


HOSTILE_TITLES = (*map(clean, HOSTILE[::40]), "H" * 3000, "👩🏽‍⚕️" * 600)


@pytest.mark.parametrize("attach", ["card", "image"])
async def test_discord_allows_what_webhooks_ask(script: Script, web: Web, attach: str) -> None:
    description = described("discord")
    url = f"{script.url}/api/webhooks/{SNOWFLAKE}/token"
    more = {"attach": attach, "colour": "#2f6f4f", "username": "Marsh", "thread_id": "77"}
    channel = channel_of("discord", {"url": url, **more}, web, clock=lambda: NOW)

    heard = await asked(channel, script, titles=HOSTILE_TITLES)

    assert {one.method for one in heard} == {"GET", "POST", "PATCH", "DELETE"}
    assert [(one.path, description.faults(one)) for one in heard if description.faults(one)] == []


@pytest.mark.parametrize("attach", ["card", "image"])
async def test_discord_allows_what_bots_ask(script: Script, web: Web, attach: str) -> None:
    description = described("discord")
    given = {"token": "token", "channel": SNOWFLAKE, "api_url": f"{script.url}/api/v10", "attach": attach}
    channel = channel_of("discord_bot", given, web, clock=lambda: NOW)

    heard = await asked(channel, script)

    assert {one.method for one in heard} == {"GET", "POST", "PATCH", "DELETE"}
    assert [(one.path, description.faults(one)) for one in heard if description.faults(one)] == []


@pytest.mark.parametrize("attach", ["card", "image"])
async def test_slack_allows_what_bots_ask(script: Script, web: Web, attach: str) -> None:
    description = described("slack_bot")
    given = {"token": "xoxb-1", "channel": "C0123456789", "api_url": f"{script.url}/api", "attach": attach}
    channel = channel_of("slack_bot", given, web, clock=lambda: NOW)

    heard = await asked(channel, script, titles=HOSTILE_TITLES)

    assert len({one.path for one in heard}) == 6
    assert [(one.path, description.faults(one)) for one in heard if description.faults(one)] == []


@pytest.mark.parametrize("attach", ["card", "image"])
async def test_telegram_allows_what_bots_ask(script: Script, web: Web, attach: str) -> None:
    description = described("telegram")
    given = {"token": "1:token", "chat": "@marshnotes", "api_url": script.url, "attach": attach, "thread_id": 5}
    channel = channel_of("telegram", given, web, clock=lambda: NOW)

    heard = await asked(channel, script, titles=HOSTILE_TITLES)

    assert {one.path.rpartition("/")[2] for one in heard} >= {
        "getMe",
        "deleteMessage",
        "editMessageText",
        "sendMessage",
    }
    assert [(one.path, description.faults(one)) for one in heard if description.faults(one)] == []


def request(path: str, body: object, method: str = "POST") -> Heard:
    headers = {"content-type": "application/json", "authorization": "Bearer x"}
    return Heard(method, path, headers, b"" if body is None else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("?wait=maybe", {"content": "x"}),
        ("?later=true", {"content": "x"}),
        ("", {"content": "x" * 2001}),
        ("", {"content": 5}),
        ("", {"content": "x", "colour": 1}),
        ("", {"embeds": [{}] * 11}),
        ("", {"embeds": [{"title": "x" * 257}]}),
        ("", {"embeds": [{"colour": 1}]}),
        ("", {"content": "x", "attachments": [{"filename": "a"}]}),
        ("/nowhere", {}),
    ],
)
def test_wrong_requests_to_discord_are_told(path: str, body: object) -> None:
    description = described("discord")

    assert description.faults(request(f"/api/v10/webhooks/{SNOWFLAKE}/token{path}", body))
    assert not description.faults(request(f"/api/v10/webhooks/{SNOWFLAKE}/token?wait=true", {"content": "x"}))


def test_discord_needs_a_token() -> None:
    description = described("discord")
    asked = request(f"/api/v10/channels/{SNOWFLAKE}/messages", {"content": "x", "nonce": "n" * 25})

    assert description.faults(asked) == []
    assert description.faults(replace(asked, headers={"content-type": "application/json"}))
    assert description.faults(request(f"/api/v10/channels/{SNOWFLAKE}/messages", {"content": "x", "nonce": "n" * 26}))


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("chat.postMessage", {"text": "x"}),
        ("chat.postMessage", {"channel": "C1", "text": "x", "colour": "red"}),
        ("chat.postMessage", {"channel": "C1", "unfurl_links": "maybe"}),
        ("chat.postMessage", {"channel": ["C1"], "text": 5}),
        ("chat.shout", {"channel": "C1"}),
    ],
)
def test_wrong_requests_to_slack_are_told(method: str, body: dict[str, Any]) -> None:
    description = described("slack_bot")

    assert description.faults(request(f"/api/{method}", body))
    assert not description.faults(request("/api/chat.postMessage", {"channel": "C1", "text": "x"}))


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("sendMessage", {"chat_id": "@a"}),
        ("sendMessage", {"chat_id": "@a", "text": 5}),
        ("sendMessage", {"chat_id": "@a", "text": "x", "colour": "red"}),
        ("sendMessage", {"chat_id": "@a", "text": "x", "link_preview_options": {"uri": "x"}}),
        ("sendMessage", {"chat_id": "@a", "text": "x", "reply_parameters": {"message_id": "7"}}),
        ("sendMessage", {"chat_id": True, "text": "x"}),
        ("sendPhoto", {"chat_id": "@a"}),
        ("sendShout", {"chat_id": "@a"}),
    ],
)
def test_wrong_requests_to_telegram_are_told(method: str, body: dict[str, Any]) -> None:
    description = described("telegram")

    assert description.faults(request(f"/bot1:x/{method}", body))
    assert not description.faults(request("/bot1:x/sendMessage", {"chat_id": "@a", "text": "x"}))


async def test_mastodon_allows_what_is_asked(script: Script, web: Web) -> None:
    description = described("mastodon")
    channel = channel_of("mastodon", {"instance": script.url, "token": "token"}, web, clock=lambda: NOW)
    script.parrot = lambda heard: says(200, {"version": "4.5.0", "id": "7", "username": "news"})

    await channel.open()
    await channel.upload(picture())
    heard = await asked(channel, script, titles=HOSTILE_TITLES)

    assert {one.method for one in heard} == {"GET", "POST", "PUT", "DELETE"}
    assert "/api/v2/media" in {one.path for one in heard}
    assert [(one.path, description.faults(one)) for one in heard if description.faults(one)] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/statuses", {}),
        ("POST", "/api/v1/statuses", {"text": "x"}),
        ("POST", "/api/v1/statuses", {"status": 5}),
        ("POST", "/api/v1/statuses", {"status": "x", "visibility": "everybody"}),
        ("POST", "/api/v1/statuses", {"media_ids": "7"}),
        ("POST", "/api/v1/statuses", {"media_ids": [7]}),
        ("PUT", "/api/v1/statuses/7", {"status": "x", "colour": "red"}),
        ("GET", "/api/v1/accounts/7/statuses?count=5", None),
        ("PATCH", "/api/v1/statuses/7", {"status": "x"}),
        ("DELETE", "/api/v1/statuses/7", {"status": "x"}),
    ],
)
def test_wrong_requests_to_mastodon_are_told(method: str, path: str, body: object) -> None:
    description = described("mastodon")

    assert description.faults(request(path, body, method))
    assert not description.faults(request("/api/v1/statuses", {"status": "x", "visibility": "public"}))


async def test_x_allows_what_is_asked(script: Script, web: Web) -> None:
    description = described("x")
    settings = {"account": "marshnotes", "token": "token", "api_url": script.url, "attach": "image"}
    channel = channel_of("x", settings, web, clock=lambda: NOW, sleep=Naps())
    waits = {"id": "77", "processing_info": {"state": "pending", "check_after_secs": 1}}
    script.will(says(200, {"data": {"id": "42", "username": "marshnotes"}}), says(200, {"data": waits}))
    script.will(says(200, {"data": {"id": "77"}}), says(200, {}))
    await channel.open()
    await channel.upload(picture())

    heard = await asked(channel, script, titles=HOSTILE_TITLES, media="77")

    assert {one.path.partition("?")[0] for one in heard} == {
        "/2/users/me",
        "/2/media/upload",
        "/2/media/metadata",
        "/2/tweets",
        "/2/users/42/tweets",
        "/2/tweets/1503435956",
    }
    assert [(one.path, description.faults(one)) for one in heard if description.faults(one)] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/2/tweets", {"text": "x", "media": {}}),
        ("POST", "/2/tweets", {"text": "x", "media": {"media_ids": []}}),
        ("POST", "/2/tweets", {"text": "x", "media": {"media_ids": ["1"] * 5}}),
        ("POST", "/2/tweets", {"text": "x", "media": {"media_ids": [1]}}),
        ("POST", "/2/tweets", {"status": "x"}),
        ("POST", "/2/tweets", {"text": 1}),
        ("POST", "/2/media/metadata", {"metadata": {"alt_text": {"text": "x"}}}),
        ("POST", "/2/media/metadata", {"id": "1", "metadata": {"alt_text": {"text": "x" * 1001}}}),
        ("PUT", "/2/tweets", {"text": "x"}),
        ("GET", "/2/users/42/tweets?max_results=4", None),
        ("GET", "/2/users/42/tweets?tweet.fields=nonsense", None),
        ("GET", "/2/users/42/tweets?since=1", None),
        ("GET", "/2/media/upload", None),
        ("DELETE", "/2/tweets/1", {"text": "x"}),
    ],
)
def test_wrong_requests_to_x_are_told(method: str, path: str, body: object) -> None:
    description = described("x")

    assert description.faults(request(path, body, method))
    assert not description.faults(request("/2/tweets", {"text": "x"}))
