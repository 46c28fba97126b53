"""X on the wire: posts, pictures with alt text, reading back, and what each problem proves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from pydantic import ValidationError

from channels.channel_rig import CANARY, PUBLISHED, KeptTokens, Naps, card, channel_of, picture, post
from channels.scripted import CUT, NOW, Script, says, scripted
from syndicate.channels.http import Web
from syndicate.channels.oauth import Grant
from syndicate.channels.x import XSettings
from syndicate.channels.x_answers import Frozen
from syndicate.errors import Duplicate, NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Receipt
from syndicate.outbox.pace import Price
from syndicate.ports.channel import Channel
from syndicate.posts.compose import compose

ID = "1346889436626259968"
CREATED = says(201, {"data": {"id": ID, "text": "Herons"}})
LINK = "https://news.example.org/herons/1?from=feed&lang=en"
PROBLEMS = "https://api.twitter.com/2/problems/"
DUPLICATE = {
    "detail": "You are not allowed to create a Tweet with duplicate content.",
    "type": "about:blank",
    "title": "Forbidden",
    "status": 403,
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Script]:
    async with scripted() as script:
        yield script


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with Web(timeout=timedelta(seconds=5)) as opened:
        yield opened


def x(server: Script, web: Web, naps: Naps | None = None, **more: object) -> Channel:
    settings = {"account": "@MarshNotes", "token": CANARY, "api_url": server.url, **more}
    return channel_of("x", settings, web, clock=lambda: NOW, sleep=naps)


def frozen(channel: Channel, number: int = 1, media: str | None = None) -> bytes:
    return channel.freeze(post(channel.wants, number, picture=picture()), media, "k", NOW)


async def test_a_post_is_sent_as_documented(server: Script, web: Web) -> None:
    channel = x(server, web)
    server.will(CREATED)

    receipt = await channel.publish(frozen(channel), "k")

    [heard] = server.heard
    assert (heard.method, heard.path) == ("POST", "/2/tweets")
    assert heard.headers["authorization"] == f"Bearer {CANARY}"
    assert heard.headers["content-type"] == "application/json"
    text = f"Herons are back, no. 1\n\nThey stand where the water is shallow.\n\n#WaterBirds\n\n{LINK}"
    assert heard.json == {"text": text}
    assert receipt == Receipt(ID, f"https://x.com/marshnotes/status/{ID}", NOW)
    assert channel.guarantee.evidence is Evidence.READS_OWN
    assert channel.abilities == {Action.POST, Action.DELETE}
    assert channel.wants.image is None


@pytest.mark.parametrize(
    ("links", "attach", "amount"),
    [("text", "card", "0.200"), ("text", "image", "0.205"), ("none", "card", "0.015"), ("none", "image", "0.020")],
)
async def test_a_post_has_its_price(server: Script, web: Web, links: str, attach: str, amount: str) -> None:
    assert x(server, web, links=links, attach=attach).price == Price(Decimal(amount), "USD")


async def test_the_last_post_of_a_window_tells_when_the_next_may_go(server: Script, web: Web) -> None:
    channel = x(server, web)
    spent = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": SOON}
    server.will(says(201, {"data": {"id": ID, "text": ""}}, headers=spent))

    receipt = await channel.publish(frozen(channel), "k")

    assert receipt.rests_until == NOW + timedelta(minutes=9)


async def test_a_picture_is_uploaded_described_and_attached(server: Script, web: Web) -> None:
    naps = Naps()
    channel = x(server, web, naps, attach="image")
    info = {"state": "pending", "check_after_secs": 2}
    server.will(says(200, {"data": {"id": "77", "media_key": "3_77", "processing_info": info}}))
    server.will(says(200, {"data": {"id": "77", "processing_info": {"state": "succeeded"}}}), says(200, {}), CREATED)

    media = await channel.upload(picture(b"bytes"))
    await channel.publish(frozen(channel, media=media), "k")

    upload, poll, described, posted = server.heard
    assert (upload.method, upload.path) == ("POST", "/2/media/upload")
    assert upload.headers["content-type"].startswith("multipart/form-data")
    for part in (b'name="media"; filename="image.jpg"', b"\r\n\r\nbytes\r\n", b"\r\n\r\ntweet_image\r\n"):
        assert part in upload.body
    assert (poll.method, poll.path) == ("GET", "/2/media/upload?command=STATUS&media_id=77")
    assert described.path == "/2/media/metadata"
    assert described.json == {"id": "77", "metadata": {"alt_text": {"text": "A heron on one leg"}}}
    assert posted.json["media"] == {"media_ids": ["77"]}
    assert naps.taken == [2]


async def test_a_picture_without_a_description_has_none(server: Script, web: Web) -> None:
    server.will(says(200, {"data": {"id": "77"}}))

    assert await x(server, web, attach="image").upload(picture(alt="")) == "77"
    assert len(server.heard) == 1


@pytest.mark.parametrize(("state", "error"), [("failed", Rejected), ("in_progress", Transient)])
async def test_a_picture_that_never_gets_ready_is_told(
    server: Script, web: Web, state: str, error: type[Exception]
) -> None:
    server.will(*[says(200, {"data": {"id": "77", "processing_info": {"state": state}}})] * 11)

    with pytest.raises(error, match="image"):
        await x(server, web, attach="image").upload(picture())


async def test_a_post_may_leave_its_link_out(server: Script, web: Web) -> None:
    channel = x(server, web, links="none", attach="image")

    assert b"https://" not in frozen(channel)


@pytest.mark.parametrize(
    ("status", "body", "headers", "error"),
    [
        (400, {"type": f"{PROBLEMS}invalid-request", "title": "Invalid Request"}, {}, Rejected),
        (401, {"title": "Unauthorized", "type": "about:blank"}, {}, Unauthorized),
        (402, {"title": "CreditsDepleted", "detail": "no credits", "type": "about:blank"}, {}, Unauthorized),
        (403, DUPLICATE, {}, Duplicate),
        (403, {"type": f"{PROBLEMS}client-forbidden", "reason": "client-not-enrolled"}, {}, Unauthorized),
        (403, {"type": f"{PROBLEMS}oauth1-permissions"}, {}, Unauthorized),
        (429, {"title": "Too Many Requests"}, {}, RateLimited),
        (500, {"title": f"Internal {CANARY}"}, {}, Unknown),
        (503, b"<html>", {}, Unknown),
        (201, {"errors": [{"title": "x", "type": "about:blank"}]}, {}, Unknown),
        (201, {"data": {"id": "not a number", "text": ""}}, {}, Unknown),
        (307, b"", {"Location": "https://x.com/login"}, Unknown),
    ],
)
async def test_what_each_answer_proves(
    server: Script, web: Web, status: int, body: object, headers: dict[str, str], error: type[Exception]
) -> None:
    channel = x(server, web)
    server.will(says(status, body, headers=headers))

    with pytest.raises(NetworkError) as told:
        await channel.publish(frozen(channel), "k")

    assert type(told.value) is error
    assert CANARY not in str(told.value)


SUSPENDED = {"detail": "Your account is suspended and is not permitted to access this feature.", "status": 403}


@pytest.mark.parametrize(
    ("account", "error", "words"),
    [
        (says(200, {"data": {"id": "42", "username": "MarshNotes"}}), Rejected, "not permitted"),
        (says(403, SUSPENDED), Unauthorized, "see on x.com whether the account is suspended"),
        (says(401, {}), Unauthorized, "nor is the account served"),
        (says(503), Transient, "could not be read"),
    ],
)
async def test_a_post_that_is_forbidden_is_told_from_an_account_that_is(
    server: Script, web: Web, account: bytes, error: type[Exception], words: str
) -> None:
    channel = x(server, web)
    server.will(says(403, {"detail": "You are not permitted to perform this action."}), account)

    with pytest.raises(NetworkError, match=words) as told:
        await channel.publish(frozen(channel), "k")

    assert type(told.value) is error
    assert server.paths == ["POST /2/tweets", "GET /2/users/me"]


async def test_a_lost_answer_is_unknown(server: Script, web: Web) -> None:
    channel = x(server, web)
    server.will(CUT)

    with pytest.raises(Unknown):
        await channel.publish(frozen(channel), "k")


SOON = str(int((NOW + timedelta(minutes=9)).timestamp()))
LATER = str(int((NOW + timedelta(hours=9)).timestamp()))


@pytest.mark.parametrize(
    ("headers", "body", "minutes", "is_app_wide"),
    [
        ({"x-rate-limit-reset": SOON}, {}, 9, False),
        (
            {"x-rate-limit-reset": SOON, "x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": LATER},
            {},
            540,
            False,
        ),
        ({"x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": LATER}, {}, 540, True),
        ({}, {"type": f"{PROBLEMS}usage-capped", "title": "UsageCapExceeded"}, 60, True),
    ],
)
async def test_each_window_has_its_own_end(
    server: Script, web: Web, headers: dict[str, str], body: object, minutes: int, is_app_wide: bool
) -> None:
    channel = x(server, web)
    server.will(says(429, body, headers=headers))

    with pytest.raises(RateLimited) as told:
        await channel.publish(frozen(channel), "k")

    assert (told.value.until, told.value.is_app_wide) == (NOW + timedelta(minutes=minutes), is_app_wide)


def shown(link: str = LINK, number: str = ID) -> dict[str, Any]:
    urls = [{"url": "https://t.co/abc", "expanded_url": link, "display_url": "news.example.org/…"}]
    text = "Herons &amp; more https://t.co/abc"
    return {"id": number, "text": text, "created_at": "2026-11-23T12:00:00.000Z", "entities": {"urls": urls}}


ME = says(200, {"data": {"id": "42", "name": "Marsh Notes", "username": "MarshNotes"}})


async def test_own_posts_are_read_back_page_by_page(server: Script, web: Web) -> None:
    channel = x(server, web)
    meta = {"result_count": 1, "next_token": "7140w"}
    server.will(ME, says(200, {"data": [shown("https://news.example.org/other", "1")], "meta": meta}))
    server.will(says(200, {"data": [shown()], "meta": {"result_count": 1}}), says(200, {"meta": {"result_count": 0}}))
    await channel.open()

    found = await channel.find(frozen(channel), "k", NOW)
    absent = await channel.find(frozen(channel), "k", NOW)

    assert found == Receipt(ID, f"https://x.com/marshnotes/status/{ID}", NOW)
    assert absent is None
    first, second = (parse_qs(urlsplit(heard.path).query) for heard in server.heard[1:3])
    assert first == {
        "max_results": ["100"],
        "tweet.fields": ["created_at,entities"],
        "exclude": ["replies,retweets"],
        "start_time": ["2026-11-23T11:55:00Z"],
    }
    assert second["pagination_token"] == ["7140w"]
    assert server.paths[1] == "GET /2/users/42/tweets"


async def test_a_post_without_a_link_is_known_by_its_words(server: Script, web: Web) -> None:
    channel = x(server, web, links="none", attach="image")
    text = "Herons are back, no. 1\n\nThey stand where the water is shallow.\n\n#WaterBirds https://t.co/pic"
    urls = [{"url": "https://t.co/pic", "expanded_url": f"https://x.com/marshnotes/status/{ID}/photo/1"}]
    server.will(ME, says(200, {"data": [{"id": ID, "text": text, "entities": {"urls": urls}}, {"id": "2"}]}))

    assert await channel.find(frozen(channel), "k", NOW) is not None


@pytest.mark.parametrize(("written", "expanded"), [("medium.com", "http://medium.com"), ("Node.js", "http://Node.js")])
async def test_words_that_look_like_a_domain_are_words(server: Script, web: Web, written: str, expanded: str) -> None:
    channel = x(server, web, links="none")
    payload = channel.freeze(post(channel.wants, title=f"Herons & {written}", summary="", topics=()), None, "k", NOW)
    urls = [{"url": "https://t.co/m", "expanded_url": expanded}]
    ours = {"id": ID, "text": "Herons &amp; https://t.co/m", "entities": {"urls": urls}}
    other = {
        "id": "7",
        "text": "Herons &amp; https://t.co/m",
        "entities": {"urls": [{**urls[0], "expanded_url": LINK}]},
    }
    server.will(ME, says(200, {"data": [other]}), says(200, {"data": [other, ours]}))

    found = [await channel.find(payload, "k", NOW) for _ in range(2)]

    assert [one and one.remote_id for one in found] == [None, ID]


@pytest.mark.parametrize("template", ["({{ link }})", "{{ link }} {{ title }} https://site.example", "{{ link }}."])
async def test_a_template_may_put_signs_and_links_around_the_link(server: Script, web: Web, template: str) -> None:
    channel = x(server, web)
    payload = channel.freeze(compose(card(), channel.wants, template=template), None, "k", NOW)
    site = {"url": "https://t.co/site", "expanded_url": "https://site.example"}
    [ours], [other] = (shown(link)["entities"]["urls"] for link in (LINK, f"{LINK}0"))
    tweets = [
        {"id": number, "text": "x", "entities": {"urls": [link, site]}} for number, link in (("7", other), (ID, ours))
    ]
    server.will(ME, says(200, {"data": tweets}))

    found = await channel.find(payload, "k", NOW)

    assert found is not None and found.remote_id == ID


@pytest.mark.parametrize(
    ("title", "sent"),
    [
        ("Herons on medium.com", "Herons on medium\u200b.com"),
        ("Node.js 1.2, e.g. now. See herons.org/1", "Node\u200b.js 1.2, e.g. now. See herons\u200b.org/1"),
        ("Herons", "Herons"),
        (f"{'a' * 215} {'b' * 60}.com", f"{'a' * 215} {'b' * 60}.com"),
    ],
)
def test_no_word_becomes_a_link_where_none_is_wanted(server: Script, web: Web, title: str, sent: str) -> None:
    cheap, usual = x(server, web, links="none"), x(server, web)

    made = [one.freeze(post(one.wants, title=title, summary="", topics=()), None, "k", NOW) for one in (cheap, usual)]

    texts = [Frozen.model_validate_json(payload).text for payload in made]
    assert texts[0] == sent and "\u200b" not in texts[1]


async def test_reading_back_ends_somewhere(server: Script, web: Web) -> None:
    server.will(ME, *[says(200, {"data": [], "meta": {"next_token": "more"}})] * 8)
    channel = x(server, web)

    with pytest.raises(Transient, match="more than 800 posts"):
        await channel.find(frozen(channel), "k", NOW)


async def test_posts_are_taken_away(server: Script, web: Web) -> None:
    channel = x(server, web)
    receipt = Receipt(ID, None, PUBLISHED)
    server.will(says(200, {"data": {"deleted": True}}), says(404, {}), says(500))

    await channel.delete(receipt)
    await channel.delete(receipt)
    with pytest.raises(Transient):
        await channel.delete(receipt)

    assert server.paths[0] == f"DELETE /2/tweets/{ID}"


async def test_another_account_is_told(server: Script, web: Web) -> None:
    server.will(says(200, {"data": {"id": "43", "username": "other"}}))

    with pytest.raises(Unauthorized, match="the account signed in is @other, not @marshnotes"):
        await x(server, web).open()


async def test_a_token_that_ended_is_renewed_and_the_post_sent_once_more(server: Script, web: Web) -> None:
    tokens = KeptTokens()
    settings = {"account": "marshnotes", "client_id": "app", "client_secret": CANARY, "api_url": server.url}
    channel = channel_of("x", settings, web, tokens=tokens, clock=lambda: NOW)
    name = f"x/{server.url.removeprefix('http://')}/app/marshnotes"
    grant = Grant(
        access="old-canary", refresh="refresh-canary", issued_at=NOW, scopes=("tweet.write",), who="@marshnotes"
    )
    tokens.kept[name] = f'{{"current": {grant.model_dump_json()}}}'
    renewed = {"access_token": "new-canary", "refresh_token": "next-canary", "expires_in": 7200, "token_type": "bearer"}
    server.will(says(401, {}), says(200, renewed), CREATED)

    receipt = await channel.publish(frozen(channel), "k")

    assert receipt.remote_id == ID
    assert server.paths == ["POST /2/tweets", "POST /2/oauth2/token", "POST /2/tweets"]
    assert server.heard[0].body == server.heard[2].body
    assert server.heard[1].headers["authorization"].startswith("Basic ")
    assert parse_qs(server.heard[1].body.decode())["refresh_token"] == ["refresh-canary"]
    assert (await channel.standing()).who == "@marshnotes"
    assert channel.app == "x/app"
    await channel.close()


def test_an_account_is_a_user_name() -> None:
    with pytest.raises(ValidationError, match="is no user name"):
        XSettings.model_validate({"account": "https://x.com/news", "token": CANARY})
