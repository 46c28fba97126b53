"""Bluesky: sessions that are kept and renewed once, records that are written once, cards and images."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.channel_rig import ALT, CANARY, PUBLISHED, KeptTokens, card, channel_of, picture, post
from channels.scripted import CUT, NOW, Script, says
from syndicate.channels.bluesky import Bluesky, BlueskySettings
from syndicate.channels.bluesky_session import pds_in
from syndicate.channels.http import Web
from syndicate.channels.networks import Tools
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.ports.channel import Channel

DID = "did:plc:abc"
KEY = "3mzecpqnq5zpj"
URI = f"at://{DID}/app.bsky.feed.post/{KEY}"
ME = {"did": DID, "handle": "news.test", "active": True}
BLOB = {"$type": "blob", "ref": {"$link": "bafkrei"}, "mimeType": "image/jpeg", "size": 10}
WRITTEN = {"uri": URI, "cid": "bafyrei"}
EXPIRED = {"error": "ExpiredToken", "message": "Token has expired"}
XRPC = "/xrpc/com.atproto."


def session(number: int) -> dict[str, Any]:
    return {"did": DID, "handle": "news.test", "accessJwt": f"access-{number}", "refreshJwt": f"refresh-{number}"}


def bluesky(script: Script, web: Web, *, tokens: KeptTokens | None = None, **settings: object) -> Channel:
    given = {"service": script.url, "identifier": "@News.test", "password": CANARY, **settings}
    return channel_of("bluesky", given, web, clock=lambda: NOW, tokens=tokens)


async def opened(script: Script, web: Web, *, tokens: KeptTokens | None = None, **settings: object) -> Channel:
    script.will(says(200, session(1)), says(200, ME))
    channel = bluesky(script, web, tokens=tokens, **settings)
    await channel.open()
    script.heard.clear()
    return channel


def record_in(payload: bytes) -> Any:
    return json.loads(payload)["record"]


class TestKey:
    CHANNEL = Bluesky(
        "news", BlueskySettings(identifier="news.test", password="x"), Tools(Web(), KeptTokens(), lambda: NOW)
    )

    @given(st.text(), st.integers(0, 9), st.datetimes(timezones=st.just(UTC)))
    def test_is_a_tid(self, uid: str, generation: int, published: datetime) -> None:
        assert re.fullmatch(r"[234567a-j][234567a-z]{12}", self.CHANNEL.key_of(uid, generation, published))

    def test_keeps_the_day_of_publication(self) -> None:
        key = self.CHANNEL.key_of("uid", 0, PUBLISHED)

        number = 0
        for letter in key:
            number = number * 32 + "234567abcdefghijklmnopqrstuvwxyz".index(letter)
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number >> 10)
        assert at.date() == PUBLISHED.date()

    def test_differs_for_items_of_one_second(self) -> None:
        assert len({self.CHANNEL.key_of(f"{number}", 0, PUBLISHED) for number in range(20_000)}) == 20_000


class TestSession:
    async def test_signs_in_with_the_bare_handle(self, script: Script, web: Web) -> None:
        script.will(says(200, session(1)), says(200, ME))
        channel = bluesky(script, web)

        await channel.open()

        assert channel.account == "news.test"
        assert script.heard[0].json == {"identifier": "news.test", "password": CANARY}
        assert script.paths == [f"POST {XRPC}server.createSession", f"GET {XRPC}server.getSession"]
        assert script.heard[1].headers["authorization"] == "Bearer access-1"

    async def test_goes_on_with_the_kept_one(self, script: Script, web: Web) -> None:
        tokens = KeptTokens()
        await opened(script, web, tokens=tokens)
        script.will(says(200, ME))

        await bluesky(script, web, tokens=tokens).open()

        assert script.paths == [f"GET {XRPC}server.getSession"]

    async def test_of_another_account_is_not_used(self, script: Script, web: Web) -> None:
        tokens = KeptTokens()
        await opened(script, web, tokens=tokens)
        script.will(says(200, session(2)), says(200, ME))

        await bluesky(script, web, tokens=tokens, identifier="other.test").open()

        assert script.paths[0] == f"POST {XRPC}server.createSession"

    @pytest.mark.parametrize("kept", ["{", "[]", '{"did": "x"}'])
    async def test_that_cannot_be_read_is_made_anew(self, script: Script, web: Web, kept: str) -> None:
        tokens = KeptTokens()
        await opened(script, web, tokens=tokens)
        tokens.kept = dict.fromkeys(tokens.kept, kept)
        script.will(says(200, session(2)), says(200, ME))

        await bluesky(script, web, tokens=tokens).open()

        assert script.paths[0] == f"POST {XRPC}server.createSession"

    @pytest.mark.parametrize("status", [400, 401])
    async def test_that_ran_out_is_renewed_and_kept_before_use(self, script: Script, web: Web, status: int) -> None:
        tokens = KeptTokens()
        channel = await opened(script, web, tokens=tokens)
        script.will(says(status, EXPIRED), says(200, session(2)), says(200, WRITTEN))

        await channel.publish(channel.freeze(post(channel.wants), None, KEY, NOW), KEY)

        assert script.paths[1] == f"POST {XRPC}server.refreshSession"
        assert [heard.headers["authorization"] for heard in script.heard] == [
            "Bearer access-1",
            "Bearer refresh-1",
            "Bearer access-2",
        ]
        assert "refresh-2" in tokens.writes[-1]

    async def test_whose_renewal_is_refused_is_made_anew(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(says(400, EXPIRED), says(400, EXPIRED), says(200, session(3)), says(200, {"blob": BLOB}))

        await channel.upload(picture())

        assert script.paths[1:3] == [f"POST {XRPC}server.refreshSession", f"POST {XRPC}server.createSession"]

    async def test_is_renewed_once_for_calls_side_by_side(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(*[says(400, EXPIRED)] * 2, says(200, session(2)), *[says(200, {"blob": BLOB})] * 2)

        await asyncio.gather(channel.upload(picture()), channel.upload(picture()))

        assert script.paths.count(f"POST {XRPC}server.refreshSession") == 1

    async def test_is_not_renewed_without_end(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(says(401, EXPIRED), says(200, session(2)), says(401, EXPIRED))

        with pytest.raises(Unauthorized, match="make a new app password"):
            await channel.upload(picture())

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (says(401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}), Unauthorized),
            (says(400, {"error": "InvalidRequest", "message": f"password {CANARY}"}), Unauthorized),
            (says(429, headers={"RateLimit-Reset": str(int(NOW.timestamp()) + 90)}), RateLimited),
            (says(500), Transient),
            (says(200, {"did": DID}), Transient),
            (CUT, Transient),
        ],
    )
    async def test_that_cannot_be_had_fails_by_kind(
        self, script: Script, web: Web, answer: bytes, expected: type[NetworkError]
    ) -> None:
        script.will(answer)

        with pytest.raises(expected) as told:
            await bluesky(script, web).open()

        assert CANARY not in str(told.value)
        if isinstance(told.value, RateLimited):
            assert told.value.until == NOW + timedelta(seconds=90)

    async def test_of_a_closed_account_is_told(self, script: Script, web: Web) -> None:
        script.will(says(200, session(1)), says(200, {**ME, "active": False, "status": "deactivated"}))

        with pytest.raises(Unauthorized, match="deactivated"):
            await bluesky(script, web).open()

    @pytest.mark.parametrize(
        ("service", "endpoint", "expected"),
        [
            ("https://bsky.social", "https://pds.example", "https://pds.example"),
            ("https://bsky.social", "http://127.0.0.1:1", "https://bsky.social"),
            ("https://bsky.social", "https://user@pds.example", "https://bsky.social"),
            ("https://bsky.social", {"not": "text"}, "https://bsky.social"),
            ("http://127.0.0.1:2583", "https://pds.example", "http://127.0.0.1:2583"),
        ],
    )
    def test_goes_to_the_account_s_own_server(self, service: str, endpoint: object, expected: str) -> None:
        document = {"service": [{"id": "#other"}, 5, {"id": f"{DID}#atproto_pds", "serviceEndpoint": endpoint}]}

        assert pds_in(document, service) == expected

    @pytest.mark.parametrize("document", [None, [], {}, {"service": "x"}])
    def test_stays_where_no_other_server_is_named(self, document: object) -> None:
        assert pds_in(document, "https://bsky.social") == "https://bsky.social"


class TestFreeze:
    async def test_makes_a_card_with_the_picture_on_it(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        made = post(channel.wants, picture=picture())

        payload = channel.freeze(made, json.dumps(BLOB), KEY, NOW)

        assert json.loads(payload) == {
            "repo": DID,
            "collection": "app.bsky.feed.post",
            "rkey": KEY,
            "swapRecord": None,
            "record": record_in(payload),
        }
        record = record_in(payload)
        assert record["$type"] == "app.bsky.feed.post"
        assert (record["text"], record["langs"], record["createdAt"]) == (made.text, ["en"], "2026-11-23T12:00:00.000Z")
        assert made.card.url not in record["text"]
        assert record["embed"] == {
            "$type": "app.bsky.embed.external",
            "external": {
                "uri": made.card.url,
                "title": made.card.title,
                "description": made.card.summary,
                "thumb": BLOB,
            },
        }

    async def test_marks_hashtags_and_links_in_bytes(self, script: Script, web: Web) -> None:
        channel = await opened(script, web, attach="image")
        made = post(channel.wants, title="Réhers 🪶 are back")

        record = record_in(channel.freeze(made, None, KEY, NOW))

        text = record["text"].encode()
        marked = {
            text[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"]
            for facet in record["facets"]
        }
        assert marked["#WaterBirds"] == [{"$type": "app.bsky.richtext.facet#tag", "tag": "WaterBirds"}]
        assert marked[made.card.url] == [{"$type": "app.bsky.richtext.facet#link", "uri": made.card.url}]

    async def test_can_attach_the_picture_with_its_alt_text(self, script: Script, web: Web) -> None:
        channel = await opened(script, web, attach="image")

        record = record_in(channel.freeze(post(channel.wants, picture=picture()), json.dumps(BLOB), KEY, NOW))

        [image] = record["embed"]["images"]
        assert image == {"image": BLOB, "alt": ALT, "aspectRatio": {"width": 1200, "height": 630}}

    @pytest.mark.parametrize("attach", ["card", "image"])
    async def test_makes_a_bare_card_where_there_is_no_picture(self, script: Script, web: Web, attach: str) -> None:
        channel = await opened(script, web, attach=attach)

        record = record_in(channel.freeze(post(channel.wants), None, KEY, NOW))

        assert record["embed"]["external"]["uri"] == card().url
        assert "thumb" not in record["embed"]["external"]

    async def test_leaves_out_a_language_that_is_none(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)

        assert "langs" not in record_in(channel.freeze(post(channel.wants, language="?"), None, KEY, NOW))

    def test_needs_to_know_the_account(self, script: Script, web: Web) -> None:
        channel = bluesky(script, web)

        with pytest.raises(Transient, match="not signed in"):
            channel.freeze(post(channel.wants), None, KEY, NOW)


class TestPublish:
    async def test_tells_when_it_was_the_last_one_for_now(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        payload = channel.freeze(post(channel.wants), None, KEY, NOW)
        limits = {"RateLimit-Remaining": "0", "RateLimit-Reset": str(int(NOW.timestamp()) + 600)}
        script.will(says(200, WRITTEN, headers=limits), says(200, WRITTEN))

        last, more = [await channel.publish(payload, KEY) for _ in range(2)]

        assert last.rests_until == NOW + timedelta(minutes=10)
        assert more.rests_until is None

    async def test_gives_the_address_of_the_post(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        payload = channel.freeze(post(channel.wants), None, KEY, NOW)
        script.will(says(200, WRITTEN))

        receipt = await channel.publish(payload, KEY)

        assert receipt.remote_id == URI
        assert receipt.url == f"https://bsky.app/profile/{DID}/post/{KEY}"
        assert script.heard[0].body == payload
        assert script.paths == [f"POST {XRPC}repo.putRecord"]

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (says(200, {"cid": "x"}), Unknown),
            (says(200, {"uri": f"{URI}{'a' * 200}"}), Unknown),
            (says(200, {"uri": f"{URI}\x1b[2J\n"}), Unknown),
            (says(200, b"<html>"), Unknown),
            (says(500, {"error": "InternalServerError"}), Unknown),
            (says(504, {"error": "UpstreamTimeout"}), Unknown),
            (CUT, Unknown),
            (says(403, {"error": "AccountTakedown"}), Unauthorized),
            (says(400, {"error": "InvalidRequest", "message": "Record/text must not be longer"}), Rejected),
            (says(400, b"bad gateway"), Rejected),
        ],
    )
    async def test_fails_by_kind(self, script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
        channel = await opened(script, web)
        script.will(answer)

        with pytest.raises(expected) as told:
            await channel.publish(channel.freeze(post(channel.wants), None, KEY, NOW), KEY)

        assert len(script.heard) == 1
        assert not getattr(told.value, "is_stale_media", False)

    async def test_tells_that_only_the_picture_is_gone(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(says(400, {"error": "BlobNotFound", "message": "Could not find blob: bafkrei"}))

        with pytest.raises(Rejected, match="Could not find blob") as told:
            await channel.publish(channel.freeze(post(channel.wants), json.dumps(BLOB), KEY, NOW), KEY)

        assert told.value.is_stale_media

    @pytest.mark.parametrize(
        ("stored", "expected"),
        [
            (lambda ours: ours, None),
            (lambda ours: {**ours, "text": "An older template"}, None),
            (lambda ours: {**ours, "embed": {"$type": "app.bsky.embed.images"}}, None),
            (lambda ours: {**ours, "text": "Another", "embed": None}, Rejected),
            (lambda ours: {**ours, "text": "Another", "embed": {"external": {"uri": "https://x.example"}}}, Rejected),
        ],
    )
    async def test_knows_its_own_record_under_a_key_that_is_taken(
        self, script: Script, web: Web, stored: Any, expected: type[NetworkError] | None
    ) -> None:
        channel = await opened(script, web)
        payload = channel.freeze(post(channel.wants), None, KEY, NOW)
        found = {**WRITTEN, "value": stored(record_in(payload))}
        script.will(says(400, {"error": "InvalidSwap", "message": "Record was at bafyrei"}), says(200, found))

        if expected is None:
            assert (await channel.publish(payload, KEY)).remote_id == URI
        else:
            with pytest.raises(expected, match="taken by another post"):
                await channel.publish(payload, KEY)

        assert unquote(script.heard[1].path) == (
            f"{XRPC}repo.getRecord?repo=did:plc:abc&collection=app.bsky.feed.post&rkey={KEY}"
        )

    @pytest.mark.parametrize("answer", [CUT, says(500), says(200, {"uri": URI})])
    async def test_is_unsure_when_the_taken_key_cannot_be_read(self, script: Script, web: Web, answer: bytes) -> None:
        channel = await opened(script, web)
        script.will(says(400, {"error": "InvalidSwap"}), answer)

        with pytest.raises(Unknown, match="the record exists"):
            await channel.publish(channel.freeze(post(channel.wants), None, KEY, NOW), KEY)


@pytest.mark.parametrize("status", [400, 404])
async def test_a_record_that_is_not_there_is_absent(script: Script, web: Web, status: int) -> None:
    channel = await opened(script, web)
    script.will(says(status, {"error": "RecordNotFound", "message": "Could not locate record"}))

    assert await channel.find(channel.freeze(post(channel.wants), None, KEY, NOW), KEY, NOW) is None


@pytest.mark.parametrize(("answer", "expected"), [(says(404), Rejected), (says(500), Transient), (CUT, Transient)])
async def test_an_unreadable_record_proves_no_absence(
    script: Script, web: Web, answer: bytes, expected: type[NetworkError]
) -> None:
    channel = await opened(script, web)
    script.will(answer)

    with pytest.raises(expected):
        await channel.find(channel.freeze(post(channel.wants), None, KEY, NOW), KEY, NOW)


async def test_an_upload_gives_the_blob_unchanged(script: Script, web: Web) -> None:
    channel = await opened(script, web)
    script.will(says(200, {"blob": BLOB}))

    media = await channel.upload(picture(b"jpeg bytes"))

    assert json.loads(media) == BLOB
    assert (script.heard[0].body, script.heard[0].headers["content-type"]) == (b"jpeg bytes", "image/jpeg")


def test_a_card_s_picture_and_an_image_have_their_own_limits(script: Script, web: Web) -> None:
    thumb, image = (bluesky(script, web, attach=attach).wants for attach in ("card", "image"))

    assert thumb.image is not None
    assert image.image is not None
    assert (thumb.image.limit_bytes, thumb.link_in_text) == (1_000_000, False)
    assert (image.image.limit_bytes, image.link_in_text) == (2_000_000, True)


async def test_a_kept_session_does_not_outlive_its_password(script: Script, web: Web) -> None:
    tokens = KeptTokens()
    await opened(script, web, tokens=tokens)
    script.will(says(401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}))

    with pytest.raises(Unauthorized, match="app password"):
        await bluesky(script, web, tokens=tokens, password="another").open()

    assert script.paths == ["POST /xrpc/com.atproto.server.createSession"]


async def test_an_account_is_known_by_its_did(script: Script, web: Web) -> None:
    closed = bluesky(script, web)
    before, nobody = closed.place, await closed.standing()

    channel = await opened(script, web)

    assert (before, nobody.who) == ("bluesky/news.test", None)
    assert (channel.place, (await channel.standing()).who) == (f"bluesky/{DID}", "news.test")
