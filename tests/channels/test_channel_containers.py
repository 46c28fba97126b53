"""Instagram and Threads on the wire: a container is made, filled and published once, and asked whether it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import pytest_asyncio
from msgspec.structs import replace
from pydantic import ValidationError

from channels.channel_rig import ALT, CANARY, PUBLISHED, KeptTokens, Naps, card, channel_of, picture, post
from channels.scripted import NOW, Heard, Script, says, scripted
from channels.test_signin import Person
from syndicate.channels import containers, instagram, threads
from syndicate.channels.http import Web
from syndicate.channels.networks import Tools, network_of
from syndicate.channels.oauth import Grant
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.items.item import Image
from syndicate.outbox.delivery import Action, Evidence, Receipt
from syndicate.ports.channel import Channel

USER = "17841400008460056"
CONTAINER = "17889455560051444"
POST = "17920238422030506"
LINK = "https://news.example.org/herons/1?from=feed&lang=en"
IMAGE = "https://news.example.org/feeds/media/card-1.jpg"
CREATED = says(200, {"id": CONTAINER})
PERMALINK = "https://www.threads.net/@marshnotes/post/DB"


@dataclass(frozen=True)
class Kind:
    """How one of the two networks differs."""

    name: str
    make: str
    publish: str
    status: str
    text: str
    me: dict[str, str]
    prefix: str

    def state(self, state: str, **more: str) -> bytes:
        return says(200, {self.status: state, "id": CONTAINER, **more})

    @property
    def who(self) -> bytes:
        return says(200, {**self.me, "username": "MarshNotes"})

    def quota(self, used: int = 3, total: int = 100) -> bytes:
        return says(200, {"data": [{"quota_usage": used, "config": {"quota_total": total, "quota_duration": 86400}}]})


INSTAGRAM = Kind("instagram", "media", "media_publish", "status_code", "caption", {"user_id": USER}, "/v26.0")
THREADS = Kind("threads", "threads", "threads_publish", "status", "text", {"id": USER}, "/v1.0")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Script]:
    async with scripted() as script:
        yield script


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with Web(timeout=timedelta(seconds=5)) as opened:
        yield opened


@pytest.fixture(params=[INSTAGRAM, THREADS], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


Make = Callable[..., Channel]


@pytest.fixture
def make(kind: Kind, server: Script, web: Web) -> Make:
    def made(naps: Naps | None = None, **more: object) -> Channel:
        settings = {"account": "@MarshNotes", "token": CANARY, "api_url": server.url, **more}
        return channel_of(kind.name, settings, web, clock=lambda: NOW, sleep=naps)

    return made


def frozen(channel: Channel, number: int = 1) -> bytes:
    shown = card(number, image=Image("heron.png", ALT), image_url=IMAGE.replace(".jpg", ".png"), jpeg_url=IMAGE)
    return channel.freeze(replace(post(channel.wants, number), card=shown), None, "k", NOW)


def form(heard: Heard) -> dict[str, str]:
    return dict(parse_qsl(heard.body.decode()))


def query(heard: Heard) -> dict[str, list[str]]:
    return parse_qs(urlsplit(heard.path).query)


async def staged(channel: Channel, kind: Kind, server: Script) -> bytes:
    server.will(kind.who, kind.quota(), CREATED, kind.state("FINISHED"))
    payload = await channel.stage(frozen(channel), "k")
    server.heard.clear()
    return payload


async def test_a_container_is_made_filled_and_published(kind: Kind, make: Make, server: Script) -> None:
    naps = Naps()
    channel = make(naps)
    server.will(kind.who, kind.quota(), CREATED, kind.state("IN_PROGRESS"), kind.state("FINISHED"))
    server.will(says(200, {"id": POST}), says(200, {"id": POST, "permalink": PERMALINK}))

    payload = await channel.stage(frozen(channel), "k")
    receipt = await channel.publish(payload, "k")

    limit = "content_publishing_limit" if kind is INSTAGRAM else "threads_publishing_limit"
    assert server.paths == [
        f"GET {kind.prefix}/me",
        f"GET {kind.prefix}/{USER}/{limit}",
        f"POST {kind.prefix}/{USER}/{kind.make}",
        f"GET {kind.prefix}/{CONTAINER}",
        f"GET {kind.prefix}/{CONTAINER}",
        f"POST {kind.prefix}/{USER}/{kind.publish}",
        f"GET {kind.prefix}/{POST}",
    ]
    assert form(server.heard[5]) == {"creation_id": CONTAINER, "access_token": CANARY}
    assert query(server.heard[3])["fields"][0].startswith(kind.status)
    assert receipt == Receipt(POST, PERMALINK, NOW)
    assert naps.taken == [5]
    assert json.loads(payload)["container"] == CONTAINER
    assert CANARY.encode() not in payload
    assert channel.guarantee.evidence is Evidence.BY_KEY
    assert "never twice" in channel.guarantee.in_words


def test_instagram_gets_the_card_image_by_its_address(server: Script, web: Web) -> None:
    settings = {"account": "marshnotes", "token": CANARY}
    channel = channel_of("instagram", settings, web, clock=lambda: NOW)
    without = channel_of("instagram", {**settings, "links": "none"}, web, clock=lambda: NOW)

    text = "Herons are back, no. 1\n\nThey stand where the water is shallow.\n\n#WaterBirds"
    fields = {"image_url": IMAGE, "caption": f"{text}\n\n{LINK}", "alt_text": ALT}
    assert json.loads(frozen(channel)) == {"fields": fields}
    assert json.loads(frozen(without))["fields"]["caption"] == text
    assert channel.wants.needs_image and channel.wants.image_by_address
    with pytest.raises(ValueError, match="needs a picture with a public address"):
        channel.freeze(post(channel.wants), None, "k", NOW)
    assert json.loads(channel.freeze(replace(post(channel.wants), card=card(image_url=IMAGE)), None, "k", NOW)) == {
        "fields": {"image_url": IMAGE, "caption": f"{text}\n\n{LINK}"}
    }


def test_threads_gets_a_link_or_a_picture_by_its_address(server: Script, web: Web) -> None:
    settings = {"account": "marshnotes", "token": CANARY}
    linked = channel_of("threads", settings, web, clock=lambda: NOW)
    pictured = channel_of("threads", {**settings, "attach": "image"}, web, clock=lambda: NOW)

    text = "Herons are back, no. 1\n\nThey stand where the water is shallow.\n\n#WaterBirds"
    assert json.loads(frozen(linked)) == {"fields": {"media_type": "TEXT", "text": text, "link_attachment": LINK}}
    assert json.loads(frozen(pictured)) == {
        "fields": {
            "media_type": "IMAGE",
            "text": f"{text}\n\n{LINK}",
            "image_url": IMAGE.replace(".jpg", ".png"),
            "alt_text": ALT,
        }
    }
    assert json.loads(pictured.freeze(post(pictured.wants), None, "k", NOW)) == {
        "fields": {"media_type": "TEXT", "text": f"{text}\n\n{LINK}"}
    }
    assert linked.abilities == {Action.POST, Action.DELETE}


@pytest.mark.parametrize(("state", "error"), [("ERROR", Rejected), ("EXPIRED", Transient), ("IN_PROGRESS", Transient)])
async def test_a_container_that_never_gets_ready_is_told(
    kind: Kind, make: Make, server: Script, state: str, error: type[Exception]
) -> None:
    channel = make()
    server.will(kind.who, kind.quota(), CREATED, *[kind.state(state, error_message="x")] * 24)

    with pytest.raises(error):
        await channel.stage(frozen(channel), "k")


async def test_a_day_that_is_used_up_is_waited_for(kind: Kind, make: Make, server: Script) -> None:
    channel = make()
    server.will(kind.who, kind.quota(100, 100))

    with pytest.raises(RateLimited, match="100 of 100 posts a day") as told:
        await channel.stage(frozen(channel), "k")

    assert told.value.until == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says(400, {"error": {"code": 9, "error_subcode": 2207042, "message": "limit"}}), RateLimited),
        (says(400, {"error": {"code": 24, "error_subcode": 2207006, "message": "gone"}}), Rejected),
        (says(400, {"error": {"code": 25, "error_subcode": 2207050, "message": "restricted"}}), Unauthorized),
        (says(400, {"error": {"code": -1, "error_subcode": 2207032, "message": "create failed"}}), Transient),
        (says(400, {"error": {"code": 190, "message": "expired"}}), Unauthorized),
        (says(500, {"error": {"code": 2, "message": "service"}}), Unknown),
    ],
)
async def test_what_each_error_of_publishing_proves(
    kind: Kind, make: Make, server: Script, answer: bytes, error: type[Exception]
) -> None:
    channel = make()
    payload = await staged(channel, kind, server)
    server.will(answer)

    with pytest.raises(NetworkError) as told:
        await channel.publish(payload, "k")

    assert type(told.value) is error
    assert isinstance(told.value, Rejected) is (getattr(told.value, "is_stale_media", False))


async def test_an_address_that_cannot_be_read_costs_the_address_only(kind: Kind, make: Make, server: Script) -> None:
    channel = make()
    payload = await staged(channel, kind, server)
    server.will(says(200, {"id": POST}), says(500))

    assert await channel.publish(payload, "k") == Receipt(POST, None, NOW)


def listed(kind: Kind, payload: bytes, **more: Any) -> bytes:
    text = json.loads(payload)["fields"][kind.text].replace("\n\n", "\n")
    return says(200, {"data": [{"id": "1"}, {"id": POST, kind.text: text, "permalink": PERMALINK, **more}]})


async def test_an_unclear_post_is_asked_of_its_container(kind: Kind, make: Make, server: Script) -> None:
    channel = make()
    payload = await staged(channel, kind, server)
    others = says(200, {"data": [{"id": "1", kind.text: "Others"}]})
    server.will(kind.state("FINISHED"), others, kind.state("PUBLISHED"), listed(kind, payload))

    absent = await channel.find(payload, "k", NOW)
    found = await channel.find(payload, "k", NOW)

    assert absent is None
    assert found == Receipt(POST, PERMALINK, NOW)


async def test_a_published_container_is_proof_even_if_its_post_is_not_found(
    kind: Kind, make: Make, server: Script
) -> None:
    channel = make()
    payload = await staged(channel, kind, server)
    server.will(kind.state("PUBLISHED"), says(200, {"data": []}), kind.state("IN_PROGRESS"), says(200, {"data": []}))

    found = await channel.find(payload, "k", NOW)
    with pytest.raises(Transient, match="still being published"):
        await channel.find(payload, "k", NOW)

    assert found == Receipt(f"container-{CONTAINER}", None, NOW)
    assert await channel.find(frozen(channel), "k", NOW) is None


@pytest.mark.parametrize(
    ("more", "is_ours"),
    [
        ({}, True),
        ({"timestamp": "2026-11-23T11:56:00+0000"}, True),
        ({"timestamp": "2026-11-23T11:54:00+0000"}, False),
        ({"link_attachment_url": LINK}, True),
        ({"link_attachment_url": LINK.replace("news.", "NEWS.")}, True),
    ],
)
async def test_a_post_of_another_container_is_known_by_its_content(
    kind: Kind, make: Make, server: Script, more: dict[str, str], is_ours: bool
) -> None:
    channel = make()
    payload = await staged(channel, kind, server)
    server.will(kind.state("FINISHED"), listed(kind, payload, **more), listed(kind, payload, **more))

    assert (await channel.find(payload, "k", NOW) is not None) is is_ours
    assert (await channel.find(frozen(channel), "k", NOW) is not None) is is_ours


async def test_a_threads_post_with_another_link_beside_the_same_words_is_another(server: Script, web: Web) -> None:
    channel = channel_of("threads", {"account": "marshnotes", "token": CANARY, "api_url": server.url}, web)
    payload = frozen(channel)
    server.will(THREADS.who, listed(THREADS, payload, link_attachment_url=f"{LINK}0"))

    assert await channel.find(payload, "k", NOW) is None


async def test_pictures_are_not_uploaded(make: Make) -> None:
    with pytest.raises(Rejected, match="by their address only"):
        await make().upload(picture())


async def test_another_account_is_told(kind: Kind, make: Make, server: Script) -> None:
    server.will(says(200, {**kind.me, "username": "other"}), kind.who)
    channel = make()

    with pytest.raises(Unauthorized, match="signed in is @other, not @marshnotes"):
        await channel.open()
    await channel.open()

    assert channel.app == f"{kind.name}/@marshnotes"
    assert channel.account == "@marshnotes"
    assert channel.key_of("u", 0, PUBLISHED) == "u"
    assert channel.key_of("u", 1, PUBLISHED) == "u-1"
    await channel.close()


async def test_a_threads_post_is_taken_away(server: Script, web: Web) -> None:
    settings = {"account": "marshnotes", "token": CANARY, "api_url": server.url}
    channel = channel_of("threads", settings, web, clock=lambda: NOW)
    server.will(says(200, {"success": True}))

    await channel.delete(Receipt(POST, None, PUBLISHED))
    with pytest.raises(Rejected, match="id is not known"):
        await channel.delete(Receipt(f"container-{CONTAINER}", None, PUBLISHED))

    assert server.paths == [f"DELETE /v1.0/{POST}"]


def shown(kind: Kind, number: int, at: str, **more: str) -> dict[str, str]:
    text = f"Post {number} https://news.example.org/{number}."
    return {"id": str(number), kind.text: text, "timestamp": f"2026-11-{at}T08:00:00+0000", **more}


async def test_own_posts_are_listed_page_by_page_until_they_are_older(kind: Kind, make: Make, server: Script) -> None:
    onward = {"cursors": {"after": "c2"}, "next": f"{server.url}/next"}
    card_link = {"link_attachment_url": LINK} if kind is THREADS else {}
    newest = [
        shown(kind, 5, "20", permalink=PERMALINK, **card_link),
        shown(kind, 4, "19", media_type="REPOST_FACADE"),
    ]
    server.will(kind.who, says(200, {"data": newest, "paging": onward}), says(200, {"data": [], "paging": onward}))
    server.will(says(200, {"data": [shown(kind, 3, "18"), shown(kind, 2, "01")], "paging": onward}))
    server.will(says(200, {"data": [shown(kind, 1, "01")], "paging": onward}))

    channel = make()
    found = [one async for one in channel.recent(datetime(2026, 11, 10, tzinfo=UTC))]

    assert channel.is_listable
    assert [(one.receipt.remote_id, one.receipt.url) for one in found] == [("5", PERMALINK), ("3", None)]
    assert found[0].links == ("https://news.example.org/5", *card_link.values())
    assert found[0].receipt.at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert [query(heard).get("after") for heard in server.heard[1:]] == [None, ["c2"], ["c2"], ["c2"]]
    assert all("since" not in query(heard) for heard in server.heard)


async def test_a_listing_ends_with_its_last_page(kind: Kind, make: Make, server: Script) -> None:
    end = {"cursors": {"before": "a", "after": "b"}}
    wordless = {"id": "2", "caption": None, "text": None, "media_type": None, "timestamp": "2026-11-19T08:00:00+0000"}
    server.will(kind.who, says(200, {"data": [shown(kind, 1, "20"), wordless], "paging": end}))

    assert len([one async for one in make().recent(datetime(1970, 1, 1, tzinfo=UTC))]) == 2


async def test_a_listing_without_end_is_given_up(
    kind: Kind, make: Make, server: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "MOST_PAGES", 2)
    onward = {"cursors": {"after": "c"}, "next": "x"}
    server.will(kind.who, *[says(200, {"data": [shown(kind, 1, "20")], "paging": onward})] * 2)

    with pytest.raises(Transient, match="more than 200 posts"):
        [one async for one in make().recent(NOW - timedelta(days=365))]


def own(kind: Kind, server: Script) -> dict[str, object]:
    at = {"token_url": server.url} if kind is INSTAGRAM else {}
    secret = {"client_id": "app", "client_secret": "secret-canary"}
    return {"account": "marshnotes", "api_url": server.url, **secret, **at}


async def test_a_sign_in_ends_with_a_token_for_weeks(kind: Kind, server: Script, web: Web) -> None:
    server.will(says(200, {"access_token": "short-canary", "user_id": 1}))
    server.will(says(200, {"access_token": "long-canary", "token_type": "bearer", "expires_in": 5184000}))
    network = network_of(kind.name)
    settings = network.settings.model_validate(own(kind, server))
    assert network.sign_in is not None

    grant = await network.sign_in.grant("news", settings, Tools(web, KeptTokens(), lambda: NOW), Person({"code": "c"}))

    assert (grant.access, grant.who, grant.expires_at) == ("long-canary", "@marshnotes", NOW + timedelta(days=60))
    assert server.paths == ["POST /oauth/access_token", "GET /access_token"]
    exchange = query(server.heard[1])
    assert exchange["grant_type"] == [f"{'ig' if kind is INSTAGRAM else 'th'}_exchange_token"]
    assert (exchange["client_secret"], exchange["access_token"]) == (["secret-canary"], ["short-canary"])
    assert "canary" not in repr(grant)


async def test_a_token_renews_itself_by_its_last_month(kind: Kind, server: Script, web: Web) -> None:
    tokens = KeptTokens()
    channel = channel_of(kind.name, own(kind, server), web, tokens=tokens, clock=lambda: NOW)
    name = f"{kind.name}/{server.url.removeprefix('http://')}/app/marshnotes"
    issued, expires = NOW - timedelta(days=40), NOW + timedelta(days=20)
    grant = Grant(access="old-canary", refresh="old-canary", issued_at=issued, expires_at=expires)
    tokens.kept[name] = f'{{"current": {grant.model_dump_json()}}}'
    server.will(says(200, {"access_token": "new-canary", "expires_in": 5184000}), kind.who)

    await channel.open()

    assert server.paths == ["GET /refresh_access_token", f"GET {kind.prefix}/me"]
    renewal = query(server.heard[0])
    assert renewal["access_token"] == ["old-canary"]
    assert query(server.heard[1])["access_token"] == ["new-canary"]
    assert json.loads(tokens.kept[name])["current"]["refresh"] == "new-canary"
    assert (await channel.standing()).until is None


@pytest.mark.parametrize("settings", [instagram.InstagramSettings, threads.ThreadsSettings])
def test_an_account_is_a_user_name(settings: Any) -> None:
    with pytest.raises(ValidationError, match="is no user name"):
        settings.model_validate({"account": "a b", "token": CANARY})
