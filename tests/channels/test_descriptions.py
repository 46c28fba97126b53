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

from channels.channel_rig import SNOWFLAKE, channel_of, picture, post
from channels.descriptions import OpenAPI, Slack, Telegram, spec
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
# docs.slack.dev: arguments that came after 2021.
LATER = {
    "chat.postMessage": frozenset({"metadata"}),
    "chat.update": frozenset({"metadata"}),
    "conversations.history": frozenset({"include_all_metadata"}),
    "conversations.replies": frozenset({"include_all_metadata"}),
}


async def asked(channel: Channel, script: Script, *, titles: tuple[str, ...] = ("Herons",)) -> list[Heard]:
    """All that a channel asks for, whatever is answered."""
    for title in titles:
        for made in posts(channel, title):
            key = channel.key_of("a" * 32, 0, NOW)
            payload = channel.freeze(made, None if made.picture is None else "F012345678", key, NOW)
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
    return [plain, replace(plain, picture=picture()), replace(plain, reply_to="1503435956")]


HOSTILE_TITLES = (*map(clean, HOSTILE[::40]), "H" * 3000, "👩🏽‍⚕️" * 600)


@pytest.mark.parametrize("attach", ["card", "image"])
async def test_discord_allows_what_webhooks_ask(script: Script, web: Web, attach: str) -> None:
    described = OpenAPI(spec("discord.openapi.json"), "/api/v10")
    url = f"{script.url}/api/webhooks/{SNOWFLAKE}/token"
    more = {"attach": attach, "colour": "#2f6f4f", "username": "Marsh", "thread_id": "77"}
    channel = channel_of("discord", {"url": url, **more}, web, clock=lambda: NOW)

    heard = await asked(channel, script, titles=HOSTILE_TITLES)

    assert {one.method for one in heard} == {"GET", "POST", "PATCH", "DELETE"}
    assert [(one.path, described.faults(one)) for one in heard if described.faults(one)] == []


@pytest.mark.parametrize("attach", ["card", "image"])
async def test_discord_allows_what_bots_ask(script: Script, web: Web, attach: str) -> None:
    described = OpenAPI(spec("discord.openapi.json"), "/api/v10")
    given = {"token": "token", "channel": SNOWFLAKE, "api_url": f"{script.url}/api/v10", "attach": attach}
    channel = channel_of("discord_bot", given, web, clock=lambda: NOW)

    heard = await asked(channel, script)

    assert {one.method for one in heard} == {"GET", "POST", "PATCH", "DELETE"}
    assert [(one.path, described.faults(one)) for one in heard if described.faults(one)] == []


@pytest.mark.parametrize("attach", ["card", "image"])
async def test_slack_allows_what_bots_ask(script: Script, web: Web, attach: str) -> None:
    described = Slack(spec("slack-web.openapi2.json"), LATER)
    given = {"token": "xoxb-1", "channel": "C0123456789", "api_url": f"{script.url}/api", "attach": attach}
    channel = channel_of("slack_bot", given, web, clock=lambda: NOW)

    heard = await asked(channel, script, titles=HOSTILE_TITLES)

    assert len({one.path for one in heard}) == 6
    assert [(one.path, described.faults(one)) for one in heard if described.faults(one)] == []


@pytest.mark.parametrize("attach", ["card", "image"])
async def test_telegram_allows_what_bots_ask(script: Script, web: Web, attach: str) -> None:
    described = Telegram(spec("telegram-bot-api.json"))
    given = {"token": "1:token", "chat": "@marshnotes", "api_url": script.url, "attach": attach, "thread_id": 5}
    channel = channel_of("telegram", given, web, clock=lambda: NOW)

    heard = await asked(channel, script, titles=HOSTILE_TITLES)

    assert {one.path.rpartition("/")[2] for one in heard} >= {
        "getMe",
        "deleteMessage",
        "editMessageText",
        "sendMessage",
    }
    assert [(one.path, described.faults(one)) for one in heard if described.faults(one)] == []


def request(path: str, body: object, method: str = "POST") -> Heard:
    headers = {"content-type": "application/json", "authorization": "Bearer x"}
    return Heard(method, path, headers, json.dumps(body).encode())


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
    described = OpenAPI(spec("discord.openapi.json"), "/api/v10")

    assert described.faults(request(f"/api/v10/webhooks/{SNOWFLAKE}/token{path}", body))
    assert not described.faults(request(f"/api/v10/webhooks/{SNOWFLAKE}/token?wait=true", {"content": "x"}))


def test_discord_needs_a_token() -> None:
    described = OpenAPI(spec("discord.openapi.json"), "/api/v10")
    asked = request(f"/api/v10/channels/{SNOWFLAKE}/messages", {"content": "x", "nonce": "n" * 25})

    assert described.faults(asked) == []
    assert described.faults(replace(asked, headers={"content-type": "application/json"}))
    assert described.faults(request(f"/api/v10/channels/{SNOWFLAKE}/messages", {"content": "x", "nonce": "n" * 26}))


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
    described = Slack(spec("slack-web.openapi2.json"), LATER)

    assert described.faults(request(f"/api/{method}", body))
    assert not described.faults(request("/api/chat.postMessage", {"channel": "C1", "text": "x"}))


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
    described = Telegram(spec("telegram-bot-api.json"))

    assert described.faults(request(f"/bot1:x/{method}", body))
    assert not described.faults(request("/bot1:x/sendMessage", {"chat_id": "@a", "text": "x"}))
