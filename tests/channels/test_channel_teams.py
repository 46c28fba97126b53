"""Teams' workflows: the card as documented, its size, and how little an answer proves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from channels.channel_rig import CANARY, PUBLISHED, channel_of, picture, post
from channels.scripted import CUT, NOW, Script, says
from syndicate.channels.http import Web
from syndicate.channels.teams import MESSAGE_BYTES, TeamsSettings
from syndicate.errors import NetworkError, RateLimited, Rejected, Unauthorized, Unknown
from syndicate.items.item import Image
from syndicate.outbox.delivery import Action, Evidence
from syndicate.ports.channel import Channel

ADDRESS = "https://feeds.example/media/heron.jpg"
LINK = "https://news.example.org/herons/1?from=feed&lang=en"


def teams(script: Script, web: Web, **settings: object) -> Channel:
    url = f"{script.url}/workflows/1/triggers/manual/paths/invoke?api-version=1&sig={CANARY}"
    return channel_of("teams", {"url": url, **settings}, web, clock=lambda: NOW)


def frozen(channel: Channel, **changes: object) -> bytes:
    given = {"image": Image("a.jpg", "A heron"), "image_url": ADDRESS, **changes}
    return channel.freeze(post(channel.wants, **given), None, "key", NOW)


def card_in(payload: bytes) -> Any:
    return json.loads(payload)["attachments"][0]["content"]


async def test_a_card_says_all_there_is(script: Script, web: Web) -> None:
    script.will(says(202, headers={"x-ms-workflow-run-id": "08584-CU18"}))
    channel = teams(script, web)

    receipt = await channel.publish(frozen(channel, brand="The Reed", title="Herons *are* back"), "key")

    [heard] = script.heard
    assert (heard.method, heard.headers["content-type"]) == ("POST", "application/json")
    leads = {"type": "Action.OpenUrl", "url": LINK}
    assert heard.json == {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "lang": "en",
                    "fallbackText": f"Herons *are* back {LINK}",
                    "msteams": {"width": "Full"},
                    "body": [
                        {"type": "TextBlock", "text": r"Herons \*are\* back", "wrap": True, "size": "Large",
                         "weight": "Bolder"},
                        {"type": "Image", "url": ADDRESS, "altText": "A heron", "size": "Stretch",
                         "selectAction": leads},
                        {"type": "TextBlock", "text": "They stand where the water is shallow.", "wrap": True},
                        {"type": "TextBlock", "text": "The Reed · {{DATE(2026-11-02T08:00:00Z, SHORT)}}", "wrap": True,
                         "isSubtle": True, "size": "Small"},
                    ],
                    "actions": [{**leads, "title": "news.example.org"}],
                },
            }
        ],
    }  # fmt: skip
    assert (receipt.remote_id, receipt.url) == ("08584-CU18", None)


def test_a_card_without_picture_or_text_is_whole(script: Script, web: Web) -> None:
    channel = teams(script, web, image=False, button="Weiterlesen")

    card = card_in(frozen(channel, summary=""))

    assert [block["type"] for block in card["body"]] == ["TextBlock", "TextBlock"]
    assert card["body"][1]["text"] == "Marsh Notes · {{DATE(2026-11-02T08:00:00Z, SHORT)}}"
    assert card["actions"][0]["title"] == "Weiterlesen"
    assert channel.wants.image is None


def test_functions_in_foreign_text_are_not_run(script: Script, web: Web) -> None:
    card = card_in(frozen(teams(script, web), title="{{DATE(2026-01-01T00:00:00Z,SHORT)}}", brand="{{TIME(x)}}"))

    assert "{{" not in card["body"][0]["text"]
    assert card["body"][-1]["text"].count("{{") == 1


@pytest.mark.parametrize("sign", ["*", "日", "👩🏽‍⚕️", "w "])
def test_the_longest_text_stays_below_the_limit(script: Script, web: Web, sign: str) -> None:
    payload = frozen(teams(script, web), title=sign * 2000, summary=sign * 9000, brand=sign * 500)

    assert len(payload) <= MESSAGE_BYTES


def test_what_does_not_fit_is_told(script: Script, web: Web) -> None:
    with pytest.raises(ValueError, match="more than the 20000"):
        frozen(teams(script, web), url="https://news.example.org/" + "x" * 9000)


@pytest.mark.parametrize("answer", [says(200, b""), says(202), says(200, b"1"), says(200, b'{"status": "ok"}')])
async def test_a_started_flow_is_a_receipt_by_our_key(script: Script, web: Web, answer: bytes) -> None:
    script.will(answer)
    channel = teams(script, web)

    assert (await channel.publish(frozen(channel), "key")).remote_id == "key"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, {"error": {"code": "InvalidTemplate", "message": "?"}}), Rejected),
        (says(401, {"error": {"code": "DirectApiAuthorizationRequired"}}), Unauthorized),
        (says(403), Unauthorized),
        (says(404, {"error": {"code": "WorkflowNotFound"}}), Unauthorized),
        (says(410), Unauthorized),
        (says(413), Rejected),
        (says(429, headers={"Retry-After": "30"}), RateLimited),
        (says(302, headers={"Location": "https://login.microsoftonline.com/"}), Unknown),
        (says(500), Unknown),
        (says(502, {"error": {"code": "NoResponse"}}), Unknown),
        (says(200, b"<!DOCTYPE html>"), Unknown),
        (says(200, {"error": {"code": "ActionFailed"}}), Unknown),
        (CUT, Unknown),
    ],
)
async def test_answers_are_told_apart(script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
    script.will(answer)
    channel = teams(script, web)

    with pytest.raises(NetworkError) as told:
        await channel.publish(frozen(channel), "key")

    assert type(told.value) is expected
    assert CANARY not in f"{told.value} {told.value!r}"


async def test_what_a_workflow_promises(script: Script, web: Web) -> None:
    channel = teams(script, web)
    await channel.open()

    assert (channel.guarantee.key_window, channel.guarantee.evidence) == (None, Evidence.NONE)
    assert channel.abilities == {Action.POST}
    assert channel.account.startswith("127.0.0.1:")
    assert CANARY not in channel.account
    assert channel.key_of("u", 0, PUBLISHED) == "u"
    assert channel.wants.image_by_address
    assert await channel.upload(picture()) == "by address"
    with pytest.raises(Rejected):
        await channel.find(b"{}", "key", NOW)
    assert script.heard == []


@pytest.mark.parametrize(
    "settings",
    [
        {"url": f"https://outlook.office.com/webhook/{CANARY}"},
        {"url": f"https://marsh.webhook.office.com/webhookb2/{CANARY}"},
        {"url": f"http://flows.example/{CANARY}"},
        {"url": f"https://flows.example/{CANARY}", "button": ""},
        {},
    ],
)
def test_settings_that_cannot_work_are_refused_without_repeating_them(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        TeamsSettings.model_validate(settings)

    assert CANARY not in str(told.value)
