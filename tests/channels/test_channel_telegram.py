"""Telegram's bots: messages as documented, and what `ok: false` proves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from channels.channel_rig import PUBLISHED, channel_of, picture, post
from channels.descriptions import form_parts
from channels.scripted import CUT, NOW, Script, says
from syndicate.channels.http import Web
from syndicate.channels.telegram import TelegramSettings
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.post import Picture

SECRET = "AAF-canary_5ec7e7"
TOKEN = f"424242:{SECRET}"
SENT = Receipt("77", "https://t.me/marshnotes/77", NOW)
POSTED = {
    "ok": True,
    "result": {
        "message_id": 77,
        "date": 1,
        "chat": {"id": -1001234567890, "type": "channel", "username": "marshnotes"},
    },
}
LINK = "https://news.example.org/herons/1?from=feed&lang=en"


def telegram(script: Script, web: Web, **settings: object) -> Channel:
    given = {"token": TOKEN, "chat": "@marshnotes", "api_url": script.url, **settings}
    return channel_of("telegram", given, web, clock=lambda: NOW)


def frozen(channel: Channel, *, image: Picture | None = None, **changes: object) -> bytes:
    made = post(channel.wants, picture=image, **changes)
    return channel.freeze(made, "inline" if image else None, "key", NOW)


def refused(status: int, description: str, **parameters: object) -> dict[str, object]:
    return {"ok": False, "error_code": status, "description": description, "parameters": parameters}


async def test_a_card_is_text_with_a_large_preview_above_it(script: Script, web: Web) -> None:
    script.will(says(200, POSTED))
    channel = telegram(script, web, thread_id=5, silent=True)

    receipt = await channel.publish(frozen(channel, title="Herons <b> & co"), "key")

    [heard] = script.heard
    assert (heard.method, heard.path) == ("POST", f"/bot{TOKEN}/sendMessage")
    escaped = LINK.replace("&", "&amp;")
    assert heard.json == {
        "chat_id": "@marshnotes",
        "text": "Herons &lt;b&gt; &amp; co\n\nThey stand where the water is shallow.\n\n#WaterBirds\n\n"
        f'<a href="{escaped}">{escaped}</a>',
        "parse_mode": "HTML",
        "link_preview_options": {"url": LINK, "prefer_large_media": True, "show_above_text": True},
        "message_thread_id": 5,
        "disable_notification": True,
    }
    assert receipt == SENT


async def test_an_image_has_the_text_as_its_caption(script: Script, web: Web) -> None:
    script.will(says(200, POSTED))
    channel = telegram(script, web, attach="image")

    await channel.publish(frozen(channel, image=picture(), summary="word " * 400), "key")

    [heard] = script.heard
    assert heard.path == f"/bot{TOKEN}/sendPhoto"
    told = {name: part.get_payload(decode=True) for name, part in form_parts(heard).items()}
    assert told.keys() == {"chat_id", "caption", "parse_mode", "photo"}
    assert told["photo"] == picture().content
    caption = bytes(told["caption"] or b"").decode()  # type: ignore[arg-type]  # not multipart
    assert caption.startswith("Herons are back, no. 1\n\nword word")
    assert LINK.replace("&", "&amp;") in caption


async def test_an_image_that_cannot_be_had_costs_the_image_alone(script: Script, web: Web) -> None:
    script.will(says(200, POSTED))
    channel = telegram(script, web, attach="image")

    await channel.publish(frozen(channel), "key")

    assert script.heard[0].path.endswith("/sendMessage")
    assert script.heard[0].json["text"]


@pytest.mark.parametrize(("width", "height"), [(9000, 1001), (4000, 190), (100, 2100)])
async def test_a_picture_of_a_shape_that_is_refused_is_left_out(
    script: Script, web: Web, width: int, height: int
) -> None:
    with pytest.raises(Rejected):
        await telegram(script, web, attach="image").upload(Picture(b"x", "image/jpeg", width, height, "alt"))

    assert await telegram(script, web, attach="image").upload(picture()) == "inline"


async def test_a_correction_replies_to_the_post(script: Script, web: Web) -> None:
    script.will(says(200, POSTED))
    channel = telegram(script, web)
    made = post(channel.wants)
    reply = type(made)(made.text, made.card, "en", made.spans, reply_to="70")

    await channel.publish(channel.freeze(reply, None, "key", NOW), "key")

    assert script.heard[0].json["reply_parameters"] == {"message_id": 70, "allow_sending_without_reply": True}


@pytest.mark.parametrize(
    ("chat", "url"),
    [
        ({"id": -1001234567890}, "https://t.me/c/1234567890/77"),
        ({"id": -42}, None),
        ({"id": -1001234567890, "username": "marshnotes"}, "https://t.me/marshnotes/77"),
    ],
)
async def test_addresses_are_those_that_readers_can_follow(
    script: Script, web: Web, chat: dict[str, object], url: str | None
) -> None:
    script.will(says(200, {"ok": True, "result": {"message_id": 77, "chat": chat}}))
    channel = telegram(script, web)

    assert (await channel.publish(frozen(channel), "key")).url == url


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, refused(400, "Bad Request: can't parse entities")), Rejected),
        (says(400, refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009)), Unauthorized),
        (says(401, refused(401, "Unauthorized")), Unauthorized),
        (says(403, refused(403, "Forbidden: bot was kicked from the channel chat")), Unauthorized),
        (says(404, refused(404, "Not Found")), Unauthorized),
        (says(400, refused(400, "Bad Request: not enough rights to send text messages to the chat")), Unauthorized),
        (says(400, refused(400, "Bad Request: message thread not found")), Unauthorized),
        (says(413, refused(413, "Request Entity Too Large")), Rejected),
        (says(429, refused(429, "Too Many Requests")), RateLimited),
        (says(429, b"slow down"), RateLimited),
        (says(200, refused(400, "Bad Request: message is too long")), Rejected),
        (says(200, refused(500, "Internal Server Error")), Unknown),
        (says(500, refused(500, "Internal Server Error")), Unknown),
        (says(502, b"<html>Bad gateway"), Unknown),
        (says(302, headers={"Location": "https://other.example"}), Unknown),
        (says(200, b"<html>"), Unknown),
        (says(200, {"ok": True}), Unknown),
        (says(200, {"ok": True, "result": True}), Unknown),
        (says(502, {"ok": True}), Unknown),
        (CUT, Unknown),
    ],
)
async def test_answers_are_told_apart(script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
    script.will(answer)
    channel = telegram(script, web)

    with pytest.raises(NetworkError) as told:
        await channel.publish(frozen(channel), "key")

    assert type(told.value) is expected
    assert SECRET not in f"{told.value} {told.value!r}"
    assert len(script.heard) == 1


async def test_the_wait_stands_in_the_body_and_is_the_bots(script: Script, web: Web) -> None:
    script.will(says(429, refused(429, "Too Many Requests: retry after 35", retry_after=35)))
    channel = telegram(script, web)

    with pytest.raises(RateLimited) as told:
        await channel.publish(frozen(channel), "key")

    assert told.value.until == NOW + timedelta(seconds=35)
    assert told.value.is_app_wide
    assert channel.app == "telegram/424242"


async def test_a_moved_group_is_told_with_its_new_number(script: Script, web: Web) -> None:
    script.will(says(400, refused(400, "upgraded", migrate_to_chat_id=-1009876)))
    channel = telegram(script, web)

    with pytest.raises(Unauthorized, match="set `chat` to -1009876"):
        await channel.publish(frozen(channel), "key")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([says(401, refused(401, "Unauthorized"))], Unauthorized),
        ([says(200, {"ok": True, "result": {}}), says(400, refused(400, "Bad Request: chat not found"))], Unauthorized),
        ([says(429, refused(429, "Too Many Requests", retry_after=2))], RateLimited),
        ([says(500, refused(500, "Internal Server Error"))], Transient),
        ([says(200, b"not JSON")], Transient),
    ],
)
async def test_a_closed_door_is_told(
    script: Script, web: Web, answers: list[bytes], expected: type[NetworkError]
) -> None:
    script.will(*answers)

    with pytest.raises(expected) as told:
        await telegram(script, web).open()

    assert SECRET not in str(told.value)


async def test_the_door_asks_for_bot_and_chat(script: Script, web: Web) -> None:
    script.will(says(200, {"ok": True, "result": {}}), says(200, {"ok": True, "result": {}}))

    await telegram(script, web).open()

    assert script.paths == [f"POST /bot{TOKEN}/getMe", f"POST /bot{TOKEN}/getChat"]
    assert script.heard[1].json == {"chat_id": "@marshnotes"}


@pytest.mark.parametrize(
    "answer", [says(200, POSTED), says(400, refused(400, "Bad Request: message is not modified: x"))]
)
async def test_an_edit_may_be_repeated(script: Script, web: Web, answer: bytes) -> None:
    script.will(answer)
    channel = telegram(script, web)

    assert await channel.edit(SENT, frozen(channel)) == SENT

    [heard] = script.heard
    assert heard.path == f"/bot{TOKEN}/editMessageText"
    assert heard.json.keys() == {"chat_id", "message_id", "text", "parse_mode", "link_preview_options"}
    assert heard.json["message_id"] == 77


async def test_an_edit_without_a_picture_changes_the_caption_of_one_that_has(script: Script, web: Web) -> None:
    script.will(says(400, refused(400, "Bad Request: there is no text in the message to edit")), says(200, POSTED))
    channel = telegram(script, web, attach="image")

    assert await channel.edit(SENT, frozen(channel)) == SENT

    text, caption = script.heard
    assert caption.path == f"/bot{TOKEN}/editMessageCaption"
    assert caption.json.keys() == {"chat_id", "message_id", "caption", "parse_mode"}
    assert caption.json["caption"] == text.json["text"]


async def test_an_edit_replaces_the_picture_too(script: Script, web: Web) -> None:
    script.will(says(200, POSTED))
    channel = telegram(script, web, attach="image")

    await channel.edit(SENT, frozen(channel, image=picture()))

    [heard] = script.heard
    assert heard.path == f"/bot{TOKEN}/editMessageMedia"
    assert form_parts(heard).keys() == {"chat_id", "message_id", "media", "photo"}


@pytest.mark.parametrize(
    "answer",
    [says(200, {"ok": True, "result": True}), says(400, refused(400, "Bad Request: message to delete not found"))],
)
async def test_a_message_that_is_gone_is_deleted(script: Script, web: Web, answer: bytes) -> None:
    script.will(answer)

    await telegram(script, web).delete(SENT)

    assert script.heard[0].json == {"chat_id": "@marshnotes", "message_id": 77}


async def test_what_telegram_promises(script: Script, web: Web) -> None:
    channel = telegram(script, web, thread_id=5)

    assert (channel.guarantee.key_window, channel.guarantee.evidence) == (None, Evidence.NONE)
    assert channel.abilities == set(Action)
    assert channel.account.endswith("/@marshnotes/5")
    assert channel.key_of("u", 1, PUBLISHED) == "u-1"
    with pytest.raises(Rejected):
        await channel.find(b"{}", "key", NOW)
    with pytest.raises(Rejected):
        await channel.upload(picture())
    assert SECRET not in telegram(script, web, token=SECRET).app


@pytest.mark.parametrize(
    "settings",
    [
        {"token": f"{TOKEN}/getMe"},
        {"token": TOKEN, "chat": "marshnotes"},
        {"token": TOKEN, "chat": "@a b"},
        {"token": TOKEN, "thread_id": 0},
        {},
    ],
)
def test_settings_that_cannot_work_are_refused_without_repeating_them(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        TelegramSettings.model_validate({"chat": "@marshnotes", **settings})

    assert SECRET not in str(told.value)
