"""Who is signed in, and where posts go: told by the network, once a channel is open."""

from __future__ import annotations

import hashlib

import pytest

from channels.channel_rig import CANARY, channel_of
from channels.scripted import NOW, Script, says
from syndicate.channels.http import Web
from syndicate.ports.channel import Channel

BOT = {"token": CANARY, "channel": "200"}
CASES: dict[str, tuple[str, dict[str, object], list[bytes], str, str, str]] = {
    "slack bot": (
        "slack_bot",
        {"token": CANARY, "channel": "CNEWS", "api_url": "URL"},
        [says(200, {"ok": True, "url": "https://marsh.slack.com/", "team": "Marsh", "user": "heron"})],
        "@heron in Marsh",
        "slack_bot/HOST/CNEWS",
        "slack_bot/HOST/CNEWS",
    ),
    "discord bot": (
        "discord_bot",
        {**BOT, "api_url": "URL"},
        [says(200, {"id": "1", "username": "heron"}), says(200, {"guild_id": "9", "name": "news"})],
        "@heron in #news",
        "discord/200",
        "discord/200",
    ),
    "discord webhook": (
        "discord",
        {"url": "URL/api/webhooks/77/the-secret-part"},
        [says(200, {"guild_id": "9", "channel_id": "200", "name": "Marsh\nNotes"})],
        "Marsh Notes in channel 200",
        "discord/HOST/webhooks/77",
        "discord/200",
    ),
    "discord thread": (
        "discord",
        {"url": "URL/api/webhooks/77/the-secret-part", "thread_id": "300"},
        [says(200, {"channel_id": "200"})],
        "webhook in channel 200",
        "discord/300",
        "discord/300",
    ),
    "mastodon": (
        "mastodon",
        {"token": CANARY, "instance": "URL"},
        [
            says(200, {"version": "4.5.0", "source_url": "https://github.com/mastodon/mastodon"}),
            says(200, {"id": 42, "acct": "heron"}),
        ],
        "@heron@HOST",
        "mastodon/HOST#TOKEN",
        "mastodon/HOST/42",
    ),
    "telegram": (
        "telegram",
        {"token": f"1:{CANARY}", "chat": "@marshnotes", "api_url": "URL"},
        [
            says(200, {"ok": True, "result": {"username": "heron_bot"}}),
            says(200, {"ok": True, "result": {"id": -1001, "title": "Marsh Notes"}}),
        ],
        "@heron_bot in Marsh Notes",
        "telegram/@marshnotes/",
        "telegram/-1001/",
    ),
}


def channel_at(script: Script, web: Web, network: str, settings: dict[str, object]) -> Channel:
    here = {name: str(value).replace("URL", script.url) for name, value in settings.items()}
    return channel_of(network, here, web, clock=lambda: NOW)


@pytest.mark.parametrize("case", CASES)
async def test_a_channel_tells_who_it_is_and_where_it_leads(script: Script, web: Web, case: str) -> None:
    network, settings, answers, who, before, place = CASES[case]
    channel = channel_at(script, web, network, settings)
    host, token = script.url.removeprefix("http://"), hashlib.sha256(CANARY.encode()).hexdigest()[:8]
    before = before.replace("HOST", host).replace("TOKEN", token)
    assert (channel.place, (await channel.standing()).who) == (before, None)
    script.will(*answers)

    await channel.open()

    assert (channel.place, (await channel.standing()).who) == (place.replace("HOST", host), who.replace("HOST", host))


def test_mail_goes_to_one_address_whoever_sends_it(web: Web) -> None:
    settings = {"host": "127.0.0.1", "security": "none", "sender": "a@site.example", "to": "Readers@lists.example"}

    assert channel_of("email", settings, web).place == "email/readers@lists.example"
