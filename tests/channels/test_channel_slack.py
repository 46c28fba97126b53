"""Slack's incoming webhooks: blocks as documented, and answers in plain text."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from pydantic import ValidationError

from channels.channel_rig import CANARY, PUBLISHED, channel_of, picture, post
from channels.scripted import CUT, NOW, Script, says
from syndicate.channels.http import Web
from syndicate.channels.slack import SlackWebhookSettings
from syndicate.errors import NetworkError, RateLimited, Rejected, Unauthorized, Unknown
from syndicate.items.item import Image
from syndicate.outbox.delivery import Action, Evidence
from syndicate.ports.channel import Channel

ADDRESS = "https://feeds.example/media/heron.jpg"
LINK = "https://news.example.org/herons/1?from=feed&lang=en"


def slack(script: Script, web: Web, **settings: object) -> Channel:
    given = {"url": f"{script.url}/services/T1/B1/{CANARY}", **settings}
    return channel_of("slack", given, web, clock=lambda: NOW)


def frozen(channel: Channel, **changes: object) -> bytes:
    given = {"image": Image("a.jpg", "A heron"), "image_url": ADDRESS, **changes}
    return channel.freeze(post(channel.wants, **given), "by address", "key", NOW)


async def test_a_message_is_rich_text_and_the_picture_with_its_alt_text(script: Script, web: Web) -> None:
    script.will(says(200, b"ok"))
    channel = slack(script, web)

    receipt = await channel.publish(frozen(channel, title="<!channel> & *all*", brand="The Reed"), "key")

    [heard] = script.heard
    assert (heard.method, heard.headers["content-type"]) == ("POST", "application/json")
    assert heard.json == {
        "text": f"<{LINK.replace('&', '&amp;')}|&lt;!channel&gt; &amp; *all*>\nThey stand where the water is shallow.",
        "mrkdwn": False,
        "blocks": [
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "link", "url": LINK, "text": "<!channel> & *all*", "style": {"bold": True}},
                            {"type": "text", "text": "\n"},
                            {"type": "text", "text": "They stand where the water is shallow."},
                        ],
                    }
                ],
            },
            {"type": "image", "image_url": ADDRESS, "alt_text": "A heron"},
            {"type": "context", "elements": [{"type": "plain_text", "text": "The Reed", "emoji": False}]},
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }
    assert (receipt.remote_id, receipt.url) == ("key", None)


def test_a_card_is_left_to_slack(script: Script, web: Web) -> None:
    channel = slack(script, web, attach="card")

    told = json.loads(frozen(channel, summary=""))

    assert (told["unfurl_links"], told["unfurl_media"]) == (True, True)
    assert [block["type"] for block in told["blocks"]] == ["rich_text"]
    assert told["blocks"][0]["elements"][0]["elements"] == [
        {"type": "text", "text": "Herons are back, no. 1\n\n"},
        {"type": "link", "url": LINK},
    ]
    assert told["text"].endswith(f"<{LINK.replace('&', '&amp;')}>")
    assert channel.wants.image is None


@pytest.mark.parametrize("address", [None, "https://feeds.example/" + "x" * 3000, "/media/a.jpg"])
def test_a_picture_that_slack_cannot_fetch_is_left_out(script: Script, web: Web, address: str | None) -> None:
    told = json.loads(frozen(slack(script, web), image_url=address))

    assert [block["type"] for block in told["blocks"]] == ["rich_text"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, b"invalid_payload"), Rejected),
        (says(400, b"no_text"), Rejected),
        (says(400, b"invalid_blocks"), Rejected),
        (says(403, b"action_prohibited"), Unauthorized),
        (says(403, b"invalid_token"), Unauthorized),
        (says(404, b"channel_not_found"), Unauthorized),
        (says(404, b"no_service"), Unauthorized),
        (says(410, b"channel_is_archived"), Unauthorized),
        (says(429, b"", headers={"Retry-After": "30"}), RateLimited),
        (says(302, headers={"Location": "https://other.example"}), Unknown),
        (says(500, b"rollup_error"), Unknown),
        (says(200, b"<html>"), Unknown),
        (says(200, b""), Unknown),
        (says(200, {"ok": False, "error": "invalid_auth"}), Unknown),
        (CUT, Unknown),
    ],
)
async def test_answers_are_told_apart(script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
    script.will(answer)
    channel = slack(script, web)

    with pytest.raises(NetworkError) as told:
        await channel.publish(frozen(channel), "key")

    assert type(told.value) is expected
    assert CANARY not in f"{told.value} {told.value!r}"
    if isinstance(told.value, RateLimited):
        assert told.value.until == NOW + timedelta(seconds=30)


async def test_what_a_webhook_promises(script: Script, web: Web) -> None:
    channel = slack(script, web)
    await channel.open()

    assert (channel.guarantee.key_window, channel.guarantee.evidence) == (None, Evidence.NONE)
    assert channel.abilities == {Action.POST}
    assert CANARY not in channel.account
    assert channel.account != slack(script, web, url=f"{script.url}/services/T1/B2/x").account
    assert channel.key_of("u", 1, PUBLISHED) == "u-1"
    assert await channel.upload(picture()) == "by address"
    with pytest.raises(Rejected, match="slack_bot"):
        await channel.find(b"{}", "key", NOW)
    assert script.heard == []


@pytest.mark.parametrize(
    "settings",
    [
        {"url": f"https://hooks.slack.com/triggers/T1/2/{CANARY}"},
        {"url": f"https://hooks.slack.com/workflows/T1/2/{CANARY}"},
        {"url": f"http://hooks.slack.com/services/{CANARY}"},
        {"url": f"https://hooks.slack.com/services/{CANARY}", "attach": "pictures"},
        {},
    ],
)
def test_settings_that_cannot_work_are_refused_without_repeating_them(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        SlackWebhookSettings.model_validate(settings)

    assert CANARY not in str(told.value)
