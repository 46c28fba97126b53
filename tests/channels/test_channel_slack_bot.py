"""Slack's bots: uploads, messages, read-back by metadata, and `ok: false` in a 200."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from channels.channel_rig import CANARY, PUBLISHED, Naps, channel_of, picture, post
from channels.scripted import CUT, NOW, Heard, Script, says
from syndicate.channels.http import Web
from syndicate.channels.slack_bot import EVENT
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.post import Post

CHANNEL = "C0123456789"
TS = "1503435956.000247"
WHO = {"ok": True, "url": "https://marsh.slack.com/", "team_id": "T1", "user_id": "U1", "bot_id": "B1"}
POSTED = {"ok": True, "channel": CHANNEL, "ts": TS, "message": {"text": "x"}}
URL = f"https://marsh.slack.com/archives/{CHANNEL}/p1503435956000247"
SENT = Receipt(TS, URL, NOW)


def bot(script: Script, web: Web, naps: Naps | None = None, **settings: object) -> Channel:
    given = {"token": CANARY, "channel": CHANNEL, "api_url": f"{script.url}/api", **settings}
    return channel_of("slack_bot", given, web, clock=lambda: NOW, sleep=naps)


async def opened(script: Script, web: Web, **settings: object) -> Channel:
    script.will(says(200, WHO))
    channel = bot(script, web, **settings)
    await channel.open()
    script.heard.clear()
    return channel


def frozen(channel: Channel, media: str | None = "F012345678", **changes: object) -> bytes:
    return channel.freeze(post(channel.wants, picture=picture(), **changes), media, "uid-1", NOW)


def form(heard: Heard) -> dict[str, str]:
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl(heard.body.decode()))


def refused(error: str, **more: object) -> dict[str, object]:
    return {"ok": False, "error": error, **more}


async def test_a_message_shows_the_uploaded_picture_and_carries_our_mark(script: Script, web: Web) -> None:
    channel = await opened(script, web)
    script.will(says(200, POSTED))

    receipt = await channel.publish(frozen(channel), "uid-1")

    [heard] = script.heard
    assert (heard.method, heard.path) == ("POST", "/api/chat.postMessage")
    assert heard.headers["authorization"] == f"Bearer {CANARY}"
    assert heard.headers["content-type"] == "application/json; charset=utf-8"
    told = heard.json
    assert told["channel"] == CHANNEL
    assert told["metadata"] == {"event_type": EVENT, "event_payload": {"key": "uid-1"}}
    assert told["blocks"][1] == {
        "type": "image", "slack_file": {"id": "F012345678"}, "alt_text": "A heron on one leg",
    }  # fmt: skip
    assert "link_names" not in told and "parse" not in told
    assert receipt == SENT


async def test_a_picture_is_uploaded_in_three_steps_and_looked_at(script: Script, web: Web) -> None:
    naps = Naps()
    channel = bot(script, web, naps)
    script.will(
        says(200, {"ok": True, "upload_url": f"{script.url}/upload/v1/abc", "file_id": "F012345678"}),
        says(200, b"OK - 8"),
        says(200, {"ok": True, "files": [{"id": "F012345678"}]}),
        says(200, {"ok": True, "file": {"id": "F012345678", "mimetype": ""}}),
        says(200, {"ok": True, "file": {"id": "F012345678", "mimetype": "image/jpeg"}}),
    )

    assert await channel.upload(picture()) == "F012345678"

    asked, sent, done, looked, _ = script.heard
    assert script.paths[0] == "POST /api/files.getUploadURLExternal"
    assert form(asked) == {
        "filename": "image.jpg", "length": str(len(picture().content)), "alt_txt": "A heron on one leg",
    }  # fmt: skip
    assert (sent.path, sent.body) == ("/upload/v1/abc", picture().content)
    assert "authorization" not in sent.headers
    assert done.json == {"files": [{"id": "F012345678", "title": "A heron on one leg"}]}
    assert form(looked) == {"file": "F012345678"}
    assert naps.taken == [1]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([says(200, {"ok": True, "upload_url": "http://other.example/x", "file_id": "F1"})], Rejected),
        ([says(200, {"ok": True, "upload_url": "{url}/x", "file_id": "F1"}), says(500)], Transient),
        ([says(200, refused("missing_scope", needed="files:write"))], Unauthorized),
        ([says(200, refused("file_upload_size_restricted"))], Rejected),
        ([says(500)], Transient),
    ],
)
async def test_an_upload_that_fails_is_never_in_doubt(
    script: Script, web: Web, answers: list[bytes], expected: type[NetworkError]
) -> None:
    there = says(200, {"ok": True, "upload_url": f"{script.url}/x", "file_id": "F1"})
    script.will(*(there if b"{url}" in answer else answer for answer in answers))

    with pytest.raises(NetworkError) as told:
        await bot(script, web).upload(picture())

    assert type(told.value) is expected


async def test_a_picture_that_is_never_ready_is_told(script: Script, web: Web) -> None:
    ticket = says(200, {"ok": True, "upload_url": f"{script.url}/x", "file_id": "F1"})
    waiting = says(200, {"ok": True, "file": {"id": "F1"}})
    script.will(ticket, says(200), says(200, {"ok": True}), *[waiting] * 30)

    with pytest.raises(Transient, match="still being processed"):
        await bot(script, web).upload(picture())


async def test_a_correction_stands_in_the_thread_and_in_the_channel(script: Script, web: Web) -> None:
    channel = bot(script, web)
    made = post(channel.wants)
    reply = Post(made.text, made.card, "en", reply_to=TS)

    told = json.loads(channel.freeze(reply, None, "uid-1", NOW))

    assert (told["thread_ts"], told["reply_broadcast"]) == (TS, True)


def message(ts: str, key: str | None, event: str = EVENT) -> dict[str, Any]:
    metadata = {"metadata": {"event_type": event, "event_payload": {"key": key}}} if key else {}
    return {"type": "message", "ts": ts, "text": "x", **metadata}


async def test_own_posts_are_found_by_the_mark(script: Script, web: Web) -> None:
    channel = await opened(script, web)
    others = [message("1.0", None), message("2.0", "uid-2"), message("3.0", "uid-1", "other_app")]
    first = {"ok": True, "messages": others, "has_more": True, "response_metadata": {"next_cursor": "bmV4dA=="}}
    script.will(
        says(200, first),
        says(200, {"ok": True, "messages": [message(TS, "uid-1")], "has_more": False}),
        says(200, {"ok": True, "messages": others}),
    )

    assert await channel.find(frozen(channel), "uid-1", NOW) == SENT
    assert await channel.find(frozen(channel), "uid-1", NOW) is None

    oldest = f"{(NOW - timedelta(minutes=5)).timestamp():.6f}"
    asked = {"channel": CHANNEL, "oldest": oldest, "include_all_metadata": "true", "limit": "100"}
    assert [form(heard) for heard in script.heard] == [asked, {**asked, "cursor": "bmV4dA=="}, asked]
    assert set(script.paths) == {"POST /api/conversations.history"}


async def test_a_reply_is_looked_for_in_its_thread(script: Script, web: Web) -> None:
    channel = await opened(script, web)
    made = post(channel.wants)
    payload = channel.freeze(Post(made.text, made.card, "en", reply_to=TS), None, "uid-1", NOW)
    script.will(says(200, {"ok": True, "messages": [message("9.0", "uid-1")]}))

    found = await channel.find(payload, "uid-1", NOW)

    assert found is not None and found.remote_id == "9.0"
    assert script.paths == ["POST /api/conversations.replies"]
    assert form(script.heard[0])["ts"] == TS


async def test_a_channel_too_full_to_read_is_told(script: Script, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.channels.slack_bot.LIMIT_PAGES", 1)
    channel = bot(script, web)
    script.will(says(200, {"ok": True, "messages": [], "response_metadata": {"next_cursor": "x"}}))

    with pytest.raises(Transient, match="cannot read back"):
        await channel.find(frozen(channel), "uid-1", NOW)


async def test_edits_and_deletions(script: Script, web: Web) -> None:
    channel = await opened(script, web)
    script.will(says(200, POSTED), says(200, {"ok": True}), says(200, refused("message_not_found")))

    assert await channel.edit(SENT, frozen(channel)) == SENT
    await channel.delete(SENT)
    await channel.delete(SENT)

    assert script.paths == ["POST /api/chat.update", "POST /api/chat.delete", "POST /api/chat.delete"]
    assert script.heard[0].json.keys() == {"channel", "ts", "text", "blocks", "metadata"}
    assert script.heard[1].json == {"channel": CHANNEL, "ts": TS}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(200, refused("channel_not_found")), Unauthorized),
        (says(200, refused("not_in_channel")), Unauthorized),
        (says(200, refused("is_archived")), Unauthorized),
        (says(200, refused("invalid_auth")), Unauthorized),
        (says(200, refused("missing_scope", needed="chat:write")), Unauthorized),
        (says(200, refused("msg_too_long")), Rejected),
        (says(200, refused("no_text")), Rejected),
        (says(200, refused("a_new_error")), Rejected),
        (says(200, refused("ratelimited")), RateLimited),
        (says(429, refused("ratelimited"), headers={"Retry-After": "30"}), RateLimited),
        (says(200, refused("fatal_error")), Unknown),
        (says(200, refused("internal_error")), Unknown),
        (says(503, refused("service_unavailable")), Unknown),
        (says(200, refused("request_timeout")), Transient),
        (says(500, b"<html>"), Unknown),
        (says(200, b"ok"), Unknown),
        (says(200, {"ok": True}), Unknown),
        (says(200, {"ok": False}), Unknown),
        (says(302, headers={"Location": "https://other.example"}), Unknown),
        (says(403, b"blocked"), Unauthorized),
        (CUT, Unknown),
    ],
)
async def test_answers_are_told_apart(script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
    script.will(answer)
    channel = bot(script, web)

    with pytest.raises(NetworkError) as told:
        await channel.publish(frozen(channel), "uid-1")

    assert type(told.value) is expected
    assert CANARY not in f"{told.value} {told.value!r}"
    assert len(script.heard) == 1


async def test_the_reason_and_the_missing_scope_are_told(script: Script, web: Web) -> None:
    more = {"needed": "chat:write", "response_metadata": {"messages": ["[ERROR] no"]}}
    script.will(says(200, refused("missing_scope", **more)))
    channel = bot(script, web)

    with pytest.raises(Unauthorized, match=r"missing_scope; \[ERROR\] no; needs the scope chat:write"):
        await channel.publish(frozen(channel), "uid-1")


async def test_blocks_that_are_refused_are_composed_anew(script: Script, web: Web) -> None:
    script.will(says(200, refused("invalid_blocks")))
    channel = bot(script, web)

    with pytest.raises(Rejected) as told:
        await channel.publish(frozen(channel), "uid-1")

    assert told.value.is_stale_media


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(200, refused("invalid_auth")), Unauthorized),
        (says(200, refused("unknown_method")), Unauthorized),
        (says(404), Unauthorized),
        (says(200, WHO, headers={"X-OAuth-Scopes": "chat:write,channels:history"}), Unauthorized),
        (says(200, WHO, headers={"X-OAuth-Scopes": "chat:write,files:write,files:read"}), Unauthorized),
        (says(200, refused("internal_error")), Transient),
        (says(429, headers={"Retry-After": "1"}), RateLimited),
    ],
)
async def test_a_closed_door_is_told(script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
    script.will(answer)

    with pytest.raises(expected) as told:
        await bot(script, web).open()

    assert CANARY not in str(told.value)


@pytest.mark.parametrize("scopes", ["chat:write,files:write,files:read,groups:history", None])
async def test_a_token_with_all_it_needs_opens(script: Script, web: Web, scopes: str | None) -> None:
    script.will(says(200, WHO, headers={"X-OAuth-Scopes": scopes} if scopes else {}))

    await bot(script, web).open()


def test_what_a_bot_promises(script: Script, web: Web) -> None:
    channel = bot(script, web, attach="card")

    assert (channel.guarantee.key_window, channel.guarantee.evidence) == (None, Evidence.READS_OWN)
    assert channel.abilities == set(Action)
    assert channel.account.endswith(f"/{CHANNEL}")
    assert channel.key_of("u", 0, PUBLISHED) == "u"
    assert channel.wants.image is None
    assert datetime.fromtimestamp(float(TS), UTC).year == 2017
