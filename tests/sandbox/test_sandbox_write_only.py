"""The fake webhooks of Slack and workflows of Teams: what they take, whom it calls, and how they say no."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox_rig import Caller, Reply
from syndicate.sandbox.server import Running

IMAGE = {"type": "image", "image_url": "https://example.org/a.jpg", "alt_text": "A heron"}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "<!here> <@U1|ada> &lt;!channel&gt;"}}
CARD: dict[str, Any] = {
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [
        {"type": "TextBlock", "text": r"Herons \*are\* **back** {{DATE(2026-11-02T08:00:00Z, SHORT)}} <at>Ada</at>"},
        {"type": "Image", "url": "https://example.org/a.jpg", "altText": "A heron"},
    ],
    "actions": [{"type": "Action.OpenUrl", "title": "Read", "url": "https://example.org/a"}],
}


async def slack(caller: Caller, body: object, token: str = "sandbox-news", **kwargs: Any) -> Reply:
    url = f"{caller.addresses.slack_webhook_url}/T1/B1/{token}"
    return await caller.send("POST", url, **(kwargs or {"json": body}))


async def teams(caller: Caller, card: object, sig: str = "sandbox-news", **changes: Any) -> Reply:
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    message = {"type": "message", "attachments": [attachment], **changes}
    return await caller.send("POST", f"{caller.addresses.teams_url}?sig={sig}", json=message)


async def test_slack_takes_messages_and_says_ok(caller: Caller, sandbox: Running) -> None:
    posted = await slack(caller, {"text": "x", "blocks": [SECTION, IMAGE]})
    form = await slack(caller, None, data={"payload": json.dumps({"text": "<https://example.org/a|Herons>"})})

    assert (posted.status, posted.body, form.body) == (200, b"ok", b"ok")
    first, second = sandbox.truth.posts("slack", "news")
    assert (first.called, first.media[0].alt) == (("!here", "@U1"), "A heron")
    assert (second.text, second.link) == ("Herons", "https://example.org/a")


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"text": ""}, 400, b"no_text"),
        ({"text": 5}, 400, b"invalid_payload"),
        ([], 400, b"invalid_payload"),
        ({"blocks": [{"type": "video"}]}, 400, b"invalid_blocks"),
    ],
)
async def test_slack_says_no_in_a_word(caller: Caller, body: object, status: int, word: bytes) -> None:
    reply = await slack(caller, body)

    assert (reply.status, reply.body) == (status, word)


async def test_slack_knows_its_webhooks_and_its_pace(caller: Caller) -> None:
    stranger = await slack(caller, {"text": "x"}, "real")
    empty = await slack(caller, None, data=b"x")
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    replies = [await slack(caller, {"text": "x"}) for _ in range(2)]
    await caller.plan({"network": "slack", "effect": "gone_410"}, {"network": "slack", "effect": "error_429"})
    planned = [await slack(caller, {"text": "x"}) for _ in range(2)]

    assert (stranger.status, stranger.body, empty.status) == (404, b"no_service", 400)
    assert replies[-1].headers["Retry-After"] == "1"
    assert [(reply.status, reply.body) for reply in planned] == [(410, b"channel_is_archived"), (429, b"rate_limited")]


async def test_a_flow_is_started_and_shows_its_card(caller: Caller, sandbox: Running) -> None:
    mention = {"type": "mention", "text": "<at>Ada</at>", "mentioned": {"id": "29:1", "name": "Ada"}}
    replies = [await teams(caller, CARD), await teams(caller, CARD | {"msteams": {"entities": [mention]}})]

    assert [(reply.status, reply.body) for reply in replies] == [(202, b"")] * 2
    first, second = sandbox.truth.posts("teams", "news")
    assert first.id == replies[0].headers["x-ms-workflow-run-id"] != second.id
    assert first.text == "Herons *are* back 2026-11-02T08:00:00Z <at>Ada</at>"
    assert (first.link, first.media[0].alt) == ("https://example.org/a", "A heron")
    assert (first.called, second.called) == ((), ("Ada",))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "9.9"},
        {"type": "Card"},
        {"body": []},
        {"body": [{"type": "TextBlock", "text": ""}]},
        {"body": [{"type": "Image", "url": "a.jpg"}]},
        {"actions": [{"type": "Action.OpenUrl", "url": "javascript:x"}]},
    ],
)
async def test_a_card_that_cannot_be_shown_is_lost_behind_a_202(
    caller: Caller, sandbox: Running, changes: dict[str, Any]
) -> None:
    assert (await teams(caller, CARD | changes)).status == 202
    assert sandbox.truth.posts("teams") == ()


async def test_the_trigger_refuses_other_forms_strangers_and_too_much(caller: Caller) -> None:
    mismatch = [
        await teams(caller, CARD, type="card"),
        await teams(caller, None),
        await teams(caller, CARD, attachments=[]),
    ]
    large = await teams(caller, CARD | {"fallbackText": "x" * 28_000})
    stranger = await teams(caller, CARD, "real")
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    replies = [await teams(caller, CARD) for _ in range(12)]
    await caller.plan({"network": "teams", "effect": "error_429"})
    planned = await teams(caller, CARD)

    assert [reply.json["error"]["code"] for reply in mismatch] == ["TriggerInputSchemaMismatch"] * 3
    assert (large.status, stranger.status) == (413, 401)
    assert 429 in {reply.status for reply in replies}
    assert planned.json["error"]["code"] == "TooManyRequests"
