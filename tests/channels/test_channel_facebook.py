"""Facebook pages on the wire, and what Meta's errors prove."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import pytest_asyncio

from channels.channel_rig import CANARY, PUBLISHED, KeptTokens, channel_of, picture, post
from channels.scripted import CUT, NOW, Heard, Script, says, scripted
from channels.test_signin import Person
from syndicate.channels.facebook import FacebookSettings, sign_in
from syndicate.channels.http import Web
from syndicate.channels.networks import Tools
from syndicate.errors import Duplicate, NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Receipt
from syndicate.ports.channel import Channel

PAGE = "102030405060708"
POST = f"{PAGE}_1116689038356556"
LINK = "https://news.example.org/herons/1?from=feed&lang=en"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Script]:
    async with scripted() as script:
        yield script


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with Web(timeout=timedelta(seconds=5)) as opened:
        yield opened


def facebook(server: Script, web: Web, **more: object) -> Channel:
    settings = {"page": PAGE, "token": CANARY, "api_url": server.url, **more}
    return channel_of("facebook", settings, web, clock=lambda: NOW)


def frozen(channel: Channel, number: int = 1, media: str | None = None) -> bytes:
    return channel.freeze(post(channel.wants, number, picture=picture()), media, "k", NOW)


def form(heard: Heard) -> dict[str, str]:
    return dict(parse_qsl(heard.body.decode()))


def error(code: int, subcode: int = 0, **more: Any) -> dict[str, object]:
    said = f"Told with {CANARY}"
    return {"error": {"message": said, "type": "OAuthException", "code": code, "error_subcode": subcode, **more}}


async def test_a_card_post_whose_card_could_not_be_made_is_known_by_its_words(server: Script, web: Web) -> None:
    channel = facebook(server, web)
    payload = frozen(channel)
    message = json.loads(payload)["message"].replace("\n\n", "\n")
    server.will(says(200, {"data": [{"id": "1", "message": "Others"}, {"id": "2"}, {"id": POST, "message": message}]}))

    found = await channel.find(payload, "k", NOW)

    assert found is not None and found.remote_id == POST


async def test_a_link_is_read_first_and_then_posted_as_documented(server: Script, web: Web) -> None:
    channel = facebook(server, web)
    server.will(says(200, {"id": "1", "type": "website"}), says(200, {"id": POST}))
    payload = frozen(channel)

    staged = await channel.stage(payload, "k")
    receipt = await channel.publish(staged, "k")

    scrape, posted = server.heard
    assert staged == payload
    assert (scrape.path, form(scrape)) == ("/v26.0/", {"id": LINK, "scrape": "true", "access_token": CANARY})
    assert (posted.method, posted.path) == ("POST", f"/v26.0/{PAGE}/feed")
    assert posted.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(posted) == {
        "message": "Herons are back, no. 1\n\nThey stand where the water is shallow.\n\n#WaterBirds",
        "link": LINK,
        "published": "true",
        "access_token": CANARY,
    }
    assert receipt == Receipt(POST, f"https://www.facebook.com/{POST}", NOW)
    assert CANARY.encode() not in payload
    assert channel.guarantee.evidence is Evidence.READS_OWN
    assert channel.abilities == {Action.POST, Action.EDIT, Action.DELETE}


@pytest.mark.parametrize("answer", [says(400, error(100)), says(500, b""), CUT])
async def test_a_page_that_cannot_be_read_first_costs_nothing(server: Script, web: Web, answer: bytes) -> None:
    channel = facebook(server, web)
    server.will(answer)

    assert await channel.stage(frozen(channel), "k") == frozen(channel)


async def test_a_picture_is_uploaded_unpublished_with_its_alt_text(server: Script, web: Web) -> None:
    channel = facebook(server, web, attach="image", published=False)
    server.will(says(200, {"id": "77"}), says(200, {"id": POST}))

    media = await channel.upload(picture(b"bytes"))
    payload = await channel.stage(frozen(channel, media=media), "k")
    await channel.publish(payload, "k")

    upload, posted = server.heard
    assert upload.path == f"/v26.0/{PAGE}/photos"
    for part in (b'name="source"', b"bytes", b'name="alt_text_custom"\r\n\r\nA heron on one leg', b"\r\n\r\nfalse\r\n"):
        assert part in upload.body
    assert json.loads(form(posted)["attached_media"]) == [{"media_fbid": "77"}]
    assert form(posted)["message"].endswith(LINK)
    assert form(posted)["published"] == "false"
    assert "link" not in form(posted)


async def test_calls_prove_whose_app_they_are_of(server: Script, web: Web) -> None:
    channel = facebook(server, web, client_secret="app-secret-canary")
    proof = hmac.new(b"app-secret-canary", CANARY.encode(), hashlib.sha256).hexdigest()
    server.will(says(200, {"id": PAGE, "name": "Marsh Notes"}))

    await channel.open()

    assert urlsplit(server.heard[0].path).path == "/v26.0/me"
    assert parse_qs(urlsplit(server.heard[0].path).query)["appsecret_proof"] == [proof]


async def test_a_token_of_something_else_is_told(server: Script, web: Web) -> None:
    server.will(says(200, {"id": "42"}))

    with pytest.raises(Unauthorized, match="is of 42, not of the page"):
        await facebook(server, web).open()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error(190, 463), Unauthorized),
        (401, error(102), Unauthorized),
        (403, error(200), Unauthorized),
        (400, error(10), Unauthorized),
        (400, error(368), Unauthorized),
        (400, error(4), RateLimited),
        (400, error(17), RateLimited),
        (400, error(32), RateLimited),
        (403, error(613), RateLimited),
        (400, error(80001), RateLimited),
        (429, error(0), RateLimited),
        (400, error(506), Duplicate),
        (400, error(100, 1366051), Duplicate),
        (400, error(100), Rejected),
        (400, error(1, 1363047), Transient),
        (500, error(1), Unknown),
        (500, error(2), Unknown),
        (400, error(99, is_transient=True), Unknown),
        (503, b"<html>", Unknown),
        (400, b"<html>", Rejected),
        (200, error(100), Rejected),
        (200, {"success": True}, Unknown),
        (302, b"", Unknown),
    ],
)
async def test_what_each_error_proves(
    server: Script, web: Web, status: int, body: object, kind: type[Exception]
) -> None:
    channel = facebook(server, web)
    server.will(says(status, body))

    with pytest.raises(NetworkError) as told:
        await channel.publish(frozen(channel), "k")

    assert type(told.value) is kind
    assert CANARY not in str(told.value)


USAGE = {PAGE: [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 40}, {"type": "x"}]}


@pytest.mark.parametrize(
    ("code", "headers", "minutes", "is_app_wide"),
    [
        (32, {"X-Business-Use-Case-Usage": json.dumps(USAGE)}, 40, False),
        (4, {}, 15, True),
        (4, {"X-Business-Use-Case-Usage": "nonsense"}, 15, True),
        (4, {"X-Business-Use-Case-Usage": "[1]"}, 15, True),
        (17, {"Retry-After": "3600"}, 60, False),
        (
            17,
            {"X-Business-Use-Case-Usage": json.dumps({"1": [{"estimated_time_to_regain_access": 99999}]})},
            1440,
            False,
        ),
    ],
)
async def test_throttling_ends_when_the_usage_header_says(
    server: Script, web: Web, code: int, headers: dict[str, str], minutes: int, is_app_wide: bool
) -> None:
    channel = facebook(server, web)
    server.will(says(400, error(code), headers=headers))

    with pytest.raises(RateLimited) as told:
        await channel.publish(frozen(channel), "k")

    assert (told.value.until, told.value.is_app_wide) == (NOW + timedelta(minutes=minutes), is_app_wide)


def shown(number: int, **more: object) -> dict[str, object]:
    return {"id": f"{PAGE}_{number}", "created_time": "2026-11-23T12:00:00+0000", "message": "x", **more}


async def test_the_pages_posts_are_read_back(server: Script, web: Web) -> None:
    channel = facebook(server, web)
    url = f"https://www.facebook.com/{POST}"
    ours = shown(2, attachments={"data": [{"unshimmed_url": LINK}]}, permalink_url=url)
    server.will(says(200, {"data": [shown(1)] * 100, "paging": {"cursors": {"after": "QVFI"}}}))
    server.will(says(200, {"data": [shown(3), ours]}), says(200, {"data": [shown(1)]}))

    found = await channel.find(frozen(channel), "k", NOW)
    absent = await channel.find(frozen(channel), "k", NOW)

    assert found == Receipt(f"{PAGE}_2", url, NOW)
    assert absent is None
    first, second = (parse_qs(urlsplit(heard.path).query) for heard in server.heard[:2])
    assert first["since"] == [str(int((NOW - timedelta(minutes=5)).timestamp()))]
    assert second["after"] == ["QVFI"]
    assert server.paths[0] == f"GET /v26.0/{PAGE}/published_posts"


async def test_a_picture_post_is_known_by_the_link_in_its_words(server: Script, web: Web) -> None:
    channel = facebook(server, web, attach="image")
    server.will(says(200, {"data": [shown(1, message=f"Herons <3\n\n{LINK}")]}))

    assert await channel.find(frozen(channel), "k", NOW) is not None


async def test_unpublished_posts_are_not_looked_for(server: Script, web: Web) -> None:
    channel = facebook(server, web, published=False)

    assert channel.guarantee.evidence is Evidence.NONE
    with pytest.raises(Rejected, match="not listed"):
        await channel.find(frozen(channel), "k", NOW)
    assert server.heard == []


async def test_reading_back_ends_somewhere(server: Script, web: Web) -> None:
    server.will(*[says(200, {"data": [shown(1)] * 100, "paging": {"cursors": {"after": "a"}}})] * 5)
    channel = facebook(server, web)

    with pytest.raises(Transient, match="more than 500 posts"):
        await channel.find(frozen(channel), "k", NOW)


async def test_posts_are_changed_and_taken_away(server: Script, web: Web) -> None:
    channel = facebook(server, web)
    receipt = Receipt(POST, None, PUBLISHED)
    server.will(says(200, {"success": True}), says(200, {"success": True}), says(400, error(100, 33)))
    server.will(says(400, error(200)))

    await channel.edit(receipt, frozen(channel, 2))
    await channel.delete(receipt)
    await channel.delete(receipt)
    with pytest.raises(Unauthorized, match="grant pages_show_list"):
        await channel.delete(receipt)

    assert server.paths[:2] == [f"POST /v26.0/{POST}", f"DELETE /v26.0/{POST}"]
    assert form(server.heard[0])["message"].startswith("Herons are back, no. 2")


def settings_at(server: Script) -> FacebookSettings:
    return FacebookSettings.model_validate(
        {"page": PAGE, "client_id": "app", "client_secret": "secret-canary", "api_url": server.url}
    )


async def test_a_sign_in_ends_with_the_pages_own_token(server: Script, web: Web) -> None:
    pages = [{"id": "42", "name": "Other", "access_token": "other-canary"}]
    pages += [{"id": PAGE, "name": "Marsh Notes", "access_token": "page-canary"}]
    server.will(says(200, {"access_token": "short-canary"}), says(200, {"access_token": "long-canary"}))
    server.will(says(200, {"data": pages}))
    tools = Tools(web, KeptTokens(), lambda: NOW)

    grant = await sign_in("news", settings_at(server), tools, Person({"code": "c"}))

    assert (grant.access, grant.who, grant.expires_at) == ("page-canary", "Marsh Notes", None)
    assert grant.account_id == PAGE
    assert server.paths == [
        "POST /v26.0/oauth/access_token",
        "GET /v26.0/oauth/access_token",
        "GET /v26.0/me/accounts",
    ]
    exchange = parse_qs(urlsplit(server.heard[1].path).query)
    assert (exchange["grant_type"], exchange["fb_exchange_token"]) == (["fb_exchange_token"], ["short-canary"])


async def test_a_page_that_was_not_consented_to_is_told(server: Script, web: Web) -> None:
    server.will(says(200, {"access_token": "short-canary"}), says(200, {"access_token": "l-canary", "expires_in": 9}))
    server.will(says(200, {"data": [{"id": "42", "name": "Other", "access_token": "other-canary"}]}))
    tools = Tools(web, KeptTokens(), lambda: NOW)

    with pytest.raises(Unauthorized, match=r"not among the pages .*: 42 \(Other\)"):
        await sign_in("news", settings_at(server), tools, Person({"code": "c"}))


async def test_an_exchange_that_fails_is_told_without_secrets(server: Script, web: Web) -> None:
    server.will(says(200, {"access_token": "short-canary"}), says(400, error(190)))
    tools = Tools(web, KeptTokens(), lambda: NOW)
    web.hide(CANARY)

    with pytest.raises(Unauthorized, match="sign in by `syndicate auth news`") as told:
        await sign_in("news", settings_at(server), tools, Person({"code": "c"}))

    assert "canary" not in str(told.value)
