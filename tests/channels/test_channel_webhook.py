"""Webhooks: signatures that others verify, events that stay small, and what each status means."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from pydantic import ValidationError
from standardwebhooks import Webhook as Verifier

from channels.channel_rig import CANARY, PUBLISHED, channel_of, post
from channels.scripted import CUT, NOW, Script, says
from syndicate.channels.http import Web
from syndicate.channels.webhook import EVENT_BYTES, WebhookSettings, keys_in, signatures
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.items.item import Image
from syndicate.outbox.delivery import Receipt
from syndicate.ports.channel import Channel

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
KEY = "uid-1"


def webhook(script: Script, web: Web, **settings: object) -> Channel:
    given = {"url": f"{script.url}/hooks/{CANARY}", "secret": SECRET, **settings}
    return channel_of("webhook", given, web, clock=lambda: datetime.now(UTC))


def test_the_signature_is_that_of_the_specification() -> None:
    # Standard Webhooks, reference libraries' shared test vector.
    at = datetime.fromtimestamp(1614265330, UTC)

    signed = signatures(keys_in(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_receiver_can_verify_what_was_sent(script: Script, web: Web) -> None:
    script.will(says(204))
    channel = webhook(script, web)
    payload = channel.freeze(post(channel.wants), None, KEY, NOW)

    receipt = await channel.publish(payload, KEY)

    [heard] = script.heard
    assert Verifier(SECRET).verify(heard.body, dict(heard.headers)) == json.loads(payload)
    assert heard.body == payload
    assert heard.headers["webhook-id"] == KEY
    assert receipt.remote_id == json.loads(payload)["data"]["id"], "later events name the item"
    assert heard.headers["content-type"] == "application/json"


async def test_two_secrets_sign_while_one_replaces_the_other(script: Script, web: Web) -> None:
    script.will(says(200))
    channel = webhook(script, web, secret=f"{OTHER} {SECRET}")

    await channel.publish(channel.freeze(post(channel.wants), None, KEY, NOW), KEY)

    for secret in (SECRET, OTHER):
        Verifier(secret).verify(script.heard[0].body, dict(script.heard[0].headers))


async def test_own_headers_are_sent_along(script: Script, web: Web) -> None:
    script.will(says(200))

    await webhook(script, web, headers={"X-Key": CANARY}).publish(b"{}", KEY)

    assert script.heard[0].headers["x-key"] == CANARY


def test_an_event_says_what_a_receiver_needs(script: Script, web: Web) -> None:
    channel = webhook(script, web)
    address = "https://feeds.example/media/0123456789abcdef.jpg"
    made = post(channel.wants, image=Image("a.jpg", "A heron"), image_url=address, authors=("Ada Reed",))

    event = json.loads(channel.freeze(made, None, KEY, NOW))

    assert event["type"] == "item.published"
    assert event["timestamp"] == "2026-11-23T12:00:00Z"
    assert event["data"] == {
        "id": "herons:1",
        "title": made.card.title,
        "summary": made.card.summary,
        "url": made.card.url,
        "published": "2026-11-02T08:00:00Z",
        "language": "en",
        "topics": ["Water Birds"],
        "hashtags": ["WaterBirds"],
        "authors": ["Ada Reed"],
        "text": made.text,
        "image": {"url": address, "alt": "A heron"},
    }


def test_an_image_that_is_not_public_has_no_address_to_give(script: Script, web: Web) -> None:
    channel = webhook(script, web)

    event = json.loads(channel.freeze(post(channel.wants, image=Image("img/a.jpg", "A heron")), None, KEY, NOW))

    assert event["data"]["image"] == {"url": None, "alt": "A heron"}


@pytest.mark.parametrize("length", [100, 5_000, 50_000])
def test_a_long_summary_is_cut_so_that_the_event_stays_small(script: Script, web: Web, length: int) -> None:
    channel = webhook(script, web)
    summary = "Herons 🪶 wade. " * (length // 15)

    payload = channel.freeze(post(channel.wants, summary=summary), None, KEY, NOW)

    told = json.loads(payload)["data"]["summary"]
    assert len(payload) <= EVENT_BYTES
    assert told == summary or told.endswith("…")
    assert summary.startswith(told.rstrip("… "))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400), Rejected),
        (says(401), Unauthorized),
        (says(403), Unauthorized),
        (says(404), Transient),
        (says(409), Transient),
        (says(410), Unauthorized),
        (says(413), Rejected),
        (says(422), Rejected),
        (says(429, headers={"Retry-After": "30"}), RateLimited),
        (says(302, headers={"Location": "https://other.example"}), Unknown),
        (says(500), Unknown),
        (says(502), Unknown),
        (says(200, b"\n <!DOCTYPE html><title>Log in</title>"), Unknown),
        (says(200, b"\xef\xbb\xbf<!-- a --> <!-- b -->\n<html>"), Unknown),
        (says(200, b'<?xml version="1.0"?><html>'), Unknown),
        (says(200, b"<title>Log in</title>", headers={"Content-Type": "Text/HTML; charset=utf-8"}), Unknown),
        (CUT, Unknown),
    ],
)
async def test_statuses_are_told_apart(script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
    script.will(answer)

    with pytest.raises(expected) as told:
        await webhook(script, web).publish(b"{}", KEY)

    assert CANARY not in str(told.value)
    assert len(script.heard) == 1


async def test_a_receiver_that_is_gone_for_good_tells_the_way_out(script: Script, web: Web) -> None:
    script.will(says(410))

    with pytest.raises(Unauthorized, match="remove the channel, or set a new `url`"):
        await webhook(script, web).publish(b"{}", KEY)


async def test_there_is_nothing_to_open_upload_or_read(script: Script, web: Web) -> None:
    channel = webhook(script, web)
    await channel.open()

    with pytest.raises(Rejected, match="cannot be read back"):
        await channel.find(b"{}", KEY, NOW)
    assert channel.wants.image is None
    assert script.heard == []


def test_the_place_is_told_without_its_path_but_differs_by_it(web: Web) -> None:
    one, other = (
        channel_of("webhook", {"url": f"https://hooks.example/{path}", "secret": SECRET}, web) for path in "ab"
    )

    assert one.account.startswith("hooks.example#")
    assert one.account != other.account


@pytest.mark.parametrize(
    "settings",
    [
        {"secret": "canary"},
        {"secret": "whsec_canary"},
        {"secret": "whsec_" + base64.b64encode(b"canary too short").decode()},
        {"secret": f"{SECRET} canary"},
        {"secret": SECRET, "headers": {"Webhook-Id": "canary"}},
        {"secret": SECRET, "headers": {"content-type": "canary"}},
        {"secret": SECRET, "url": "http://hooks.example/canary"},
        {},
    ],
)
def test_settings_that_cannot_work_are_refused_without_repeating_them(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        WebhookSettings.model_validate({"url": "https://hooks.example/x", **settings})

    assert "canary" not in str(told.value)


def test_a_faulty_address_and_a_faulty_secret_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary", encoding="ascii")
    (tmp_path / "secret").chmod(0o600)

    for given in ({"secret": "canary"}, {"secret_file": tmp_path / "secret"}):
        with pytest.raises(ValidationError) as told:
            WebhookSettings.model_validate({"url": "http://hooks.example/canary", **given})

        assert [line["loc"] for line in told.value.errors()] == [("url",), (*given,)]
        assert "canary" not in str(told.value)


def test_a_key_made_anew_is_another(script: Script, web: Web) -> None:
    assert webhook(script, web).key_of("u", 1, PUBLISHED) == "u-1"
    assert webhook(script, web).guarantee.key_window == timedelta.max


@pytest.mark.parametrize("body", [b"", b"ok", b'{"status": "ok"}'])
async def test_words_sent_as_html_are_no_page(script: Script, web: Web, body: bytes) -> None:
    script.will(says(200, body, headers={"Content-Type": "text/html; charset=utf-8"}))

    assert (await webhook(script, web).publish(b"{}", KEY)).remote_id == KEY


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Key": f"{CANARY}\r\nX-Other: 1"},
        {"X-Key": f"{CANARY}\n"},
        {"X-Key": f"{CANARY}\x1b"},
        {f"X-{CANARY}\r\n": "1"},
    ],
)
def test_headers_that_would_break_the_request_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"a header's (name|value)") as told:
        WebhookSettings.model_validate({"url": "https://a.example/x", "secret": SECRET, "headers": headers})

    assert CANARY not in str(told.value)


async def test_an_edit_that_brings_former_words_back_is_an_event_of_its_own(script: Script, web: Web) -> None:
    script.will(*[says(200)] * 4)
    channel = webhook(script, web)
    payload = channel.freeze(post(channel.wants), None, KEY, NOW)
    sent = Receipt("herons:1", None, PUBLISHED)
    changed_since = replace(sent, at=PUBLISHED + timedelta(milliseconds=300))

    for receipt in (sent, sent, changed_since):
        await channel.edit(receipt, payload)

    first, repeat, later = (heard.headers["webhook-id"] for heard in script.heard)
    assert first == repeat != later
