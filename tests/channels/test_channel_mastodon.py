"""Mastodon: what servers are trusted with, media that take their time, refusals examined, own posts read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from channels.channel_rig import ALT, CANARY, PUBLISHED, Naps, channel_of, picture, post
from channels.scripted import CUT, NOW, Script, says
from syndicate.channels.http import Web
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Evidence
from syndicate.ports.channel import Channel
from syndicate.posts.post import Wants

INSTANCE = {
    "version": "4.5.0",
    "source_url": "https://github.com/mastodon/mastodon",
    "configuration": {
        "statuses": {"max_characters": 500, "characters_reserved_per_url": 23},
        "media_attachments": {
            "supported_mime_types": ["image/png", "image/jpeg", "image/gif"],
            "image_size_limit": 16_777_216,
            "image_matrix_limit": 33_177_600,
            "description_limit": 1500,
        },
    },
}
ME = {"id": "42", "acct": "news"}
CREATED = {"id": "1001", "url": "https://social.example/@news/1001"}
KEY = "uid-1"


def mastodon(script: Script, web: Web, *, sleep: Naps | None = None, **settings: object) -> Channel:
    return channel_of(
        "mastodon", {"instance": script.url, "token": CANARY, **settings}, web, clock=lambda: NOW, sleep=sleep
    )


async def opened(script: Script, web: Web, *, sleep: Naps | None = None, **settings: object) -> Channel:
    script.will(says(200, INSTANCE), says(200, ME))
    channel = mastodon(script, web, sleep=sleep, **settings)
    await channel.open()
    script.heard.clear()
    return channel


def status(number: int, link: str, *, age: timedelta = timedelta(0), **changes: object) -> dict[str, Any]:
    at = (NOW - age).isoformat()
    content = f'<p>Herons <a href="{link.replace("&", "&amp;")}">link</a></p>'
    return {"id": str(number), "url": None, "created_at": at, "content": content, "card": None, **changes}


class TestOpen:
    async def test_reads_the_limits_of_the_server(self, script: Script, web: Web) -> None:
        own = json.loads(json.dumps(INSTANCE))
        own["configuration"]["statuses"] = {"max_characters": 5000, "characters_reserved_per_url": 30}
        own["configuration"]["media_attachments"] |= {"description_limit": 900, "image_size_limit": 500_000}
        script.will(says(200, own), says(200, ME))
        channel = mastodon(script, web)

        await channel.open()

        wants = channel.wants
        assert (wants.room.limit, wants.room.url_length) == (5000, 30)
        assert wants.image is not None
        assert (wants.image.limit_alt, wants.image.limit_bytes) == (900, 500_000)
        assert wants.image.media_types == ("image/jpeg", "image/png")
        assert all(heard.headers["authorization"] == f"Bearer {CANARY}" for heard in script.heard)

    async def test_limits_under_which_no_post_could_be_made_do_not_count(self, script: Script, web: Web) -> None:
        own = json.loads(json.dumps(INSTANCE))
        own["configuration"]["statuses"] = {"max_characters": 1, "characters_reserved_per_url": 10_000}
        limits = {"description_limit": -1, "image_size_limit": 1, "image_matrix_limit": 1}
        own["configuration"]["media_attachments"] |= limits
        script.will(says(200, own), says(200, ME))
        channel = mastodon(script, web)
        usual = channel.wants

        await channel.open()

        assert channel.wants == usual

    async def test_asks_the_old_way_where_the_new_is_not_known(self, script: Script, web: Web) -> None:
        pleroma = {"version": "2.7.2 (compatible; Pleroma 2.6.0)", "max_toot_chars": 4000, "upload_limit": 1_000_000}
        script.will(says(404), says(200, pleroma), says(200, ME))
        channel = mastodon(script, web)

        await channel.open()

        assert script.paths[:2] == ["GET /api/v2/instance", "GET /api/v1/instance"]
        assert channel.wants.room.limit == 4000

    @pytest.mark.parametrize(
        ("version", "source", "is_trusted"),
        [
            ("4.5.0", "https://github.com/mastodon/mastodon", True),
            ("4.6.0-alpha.1+glitch", "https://github.com/glitch-soc/mastodon", True),
            ("2.7.2 (compatible; Pleroma 2.6.0)", "", True),
            ("2.7.2 (compatible; Akkoma 3.10.4-0-g1)", "https://akkoma.dev", True),
            ("0.19.1+git-1", "https://codeberg.org/superseriousbusiness/gotosocial", False),
            ("3.5.3 (compatible; Pixelfed 0.12.0)", "", False),
            ("4.2.1 (compatible; Iceshrimp.NET/2025)", "https://iceshrimp.dev", False),
            ("4.0.0 (not true; really snac/2.60)", "", False),
            ("4.1.0", "", False),
            ("", "", False),
        ],
    )
    async def test_trusts_keys_only_where_they_are_known_to_be_kept(
        self, script: Script, web: Web, version: str, source: str, is_trusted: bool
    ) -> None:
        is_asked_further = not is_trusted and "gotosocial" not in source and "Pixelfed" not in version
        script.will(
            says(200, {"version": version, "source_url": source}), *[says(404)] * is_asked_further, says(200, ME)
        )
        channel = mastodon(script, web)
        assert channel.guarantee.key_window is None

        await channel.open()

        assert channel.guarantee.key_window == (timedelta(hours=1) if is_trusted else None)
        assert channel.guarantee.evidence is Evidence.READS_OWN

    async def test_says_which_scopes_a_token_needs(self, script: Script, web: Web) -> None:
        script.will(says(200, INSTANCE), says(403, {"error": "This action is outside the authorized scopes"}))

        with pytest.raises(Unauthorized, match=r"outside the authorized scopes.*read:statuses, write:statuses"):
            await mastodon(script, web).open()

    async def test_says_when_the_address_is_no_such_server(self, script: Script, web: Web) -> None:
        script.will(says(404), says(404))

        with pytest.raises(Unauthorized, match="check that `instance`"):
            await mastodon(script, web).open()

    async def test_waits_while_the_server_is_down(self, script: Script, web: Web) -> None:
        script.will(says(503))

        with pytest.raises(Transient):
            await mastodon(script, web).open()


class TestUpload:
    async def test_sends_the_picture_with_its_alt_text(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(says(200, {"id": "7"}))

        media = await channel.upload(picture(b"jpeg bytes"))

        assert media == "7"
        [heard] = script.heard
        assert heard.path == "/api/v2/media"
        assert b'name="description"' in heard.body
        assert ALT.encode() in heard.body
        assert b'filename="image.jpg"' in heard.body
        assert b"jpeg bytes" in heard.body

    async def test_leaves_out_an_empty_alt_text(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(says(200, {"id": "7"}))

        await channel.upload(picture(alt=""))

        assert b"description" not in script.heard[0].body

    async def test_waits_until_the_server_has_processed_it(self, script: Script, web: Web) -> None:
        naps = Naps()
        channel = await opened(script, web, sleep=naps)
        script.will(says(202, {"id": "7"}), says(206, {}), says(206, {}), says(200, {"id": "7"}))

        assert await channel.upload(picture()) == "7"

        assert script.paths == ["POST /api/v2/media", *["GET /api/v1/media/7"] * 3]
        assert len(naps.taken) == 3

    async def test_does_not_wait_for_ever(self, script: Script, web: Web) -> None:
        naps = Naps()
        channel = await opened(script, web, sleep=naps)
        script.will(says(202, {"id": "7"}), *[says(206, {})] * 60)

        with pytest.raises(Transient, match="still being processed"):
            await channel.upload(picture())

        assert sum(naps.taken) == 60

    @pytest.mark.parametrize(
        ("answers", "expected"),
        [
            ([says(422, {"error": "File type of uploaded media could not be verified"})], Rejected),
            ([says(202, {"id": "7"}), says(422, {"error": "Error processing thumbnail"})], Rejected),
            ([says(500)], Transient),
            ([CUT], Transient),
            ([says(200, {})], Transient),
            ([says(302, headers={"Location": "/"})], Transient),
            ([says(429)], RateLimited),
            ([says(401)], Unauthorized),
        ],
    )
    async def test_fails_by_kind(
        self, script: Script, web: Web, answers: Sequence[bytes], expected: type[NetworkError]
    ) -> None:
        channel = await opened(script, web)
        script.will(*answers)

        with pytest.raises(expected):
            await channel.upload(picture())


class TestFreeze:
    def test_holds_text_media_visibility_and_language(self, script: Script, web: Web) -> None:
        channel = mastodon(script, web, visibility="unlisted")
        made = post(channel.wants, language="en-GB")

        assert json.loads(channel.freeze(made, "7", KEY, NOW)) == {
            "status": made.text,
            "media_ids": ["7"],
            "visibility": "unlisted",
            "language": "en",
        }

    def test_the_settings_language_wins(self, script: Script, web: Web) -> None:
        channel = mastodon(script, web, language="de")

        assert json.loads(channel.freeze(post(channel.wants), None, KEY, NOW))["language"] == "de"

    def test_a_language_that_is_none_is_left_out(self, script: Script, web: Web) -> None:
        channel = mastodon(script, web)

        body = json.loads(channel.freeze(post(channel.wants, language="klingon!"), None, KEY, NOW))

        assert set(body) == {"status", "visibility"}

    def test_a_card_is_the_server_s_work(self, script: Script, web: Web) -> None:
        wants = mastodon(script, web, attach="card").wants

        assert wants.image is None
        assert wants.link_in_text


class TestPublish:
    @pytest.mark.parametrize("name", ["", "1" * 201, "1\x1b[2J", "1\n2"])
    async def test_a_name_that_is_none_makes_the_outcome_unclear(self, script: Script, web: Web, name: str) -> None:
        channel = await opened(script, web)
        script.will(says(200, {"id": name, "url": None}))

        with pytest.raises(Unknown, match="cannot be read"):
            await channel.publish(b'{"status":"x"}', KEY)

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "https://a.example/\x1b", "https://a.example/" + "a" * 2000]
    )
    async def test_an_address_that_is_none_is_left_out(self, script: Script, web: Web, url: str) -> None:
        channel = await opened(script, web)
        script.will(says(200, {"id": "1", "url": url}))

        receipt = await channel.publish(b'{"status":"x"}', KEY)

        assert (receipt.remote_id, receipt.url) == ("1", None)

    async def test_tells_when_it_was_the_last_one_for_now(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-23T12:10:00.000Z"}
        script.will(
            says(200, CREATED, headers=limits), says(200, CREATED, headers=limits | {"X-RateLimit-Remaining": "1"})
        )

        last, more = [await channel.publish(b'{"status":"x"}', KEY) for _ in range(2)]

        assert last.rests_until == NOW + timedelta(minutes=10)
        assert more.rests_until is None

    async def test_sends_the_frozen_bytes_under_the_key(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        payload = channel.freeze(post(channel.wants), None, KEY, NOW)
        script.will(says(200, {**CREATED, "id": 1001}))

        receipt = await channel.publish(payload, KEY)

        assert (receipt.remote_id, receipt.url, receipt.at) == ("1001", CREATED["url"], NOW)
        [heard] = script.heard
        assert (heard.body, heard.headers["idempotency-key"]) == (payload, KEY)
        assert heard.headers["content-type"] == "application/json"

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (says(200, {"url": None}), Unknown),
            (says(200, b"<html>"), Unknown),
            (says(500), Unknown),
            (says(302, headers={"Location": "/login"}), Unknown),
            (CUT, Unknown),
            (says(401, {"error": "The access token is invalid"}), Unauthorized),
            (says(403, {"error": "Your login is currently disabled"}), Unauthorized),
            (says(422, {"error": "Validation failed: Text character limit of 500 exceeded"}), Rejected),
        ],
    )
    async def test_fails_by_kind(self, script: Script, web: Web, answer: bytes, expected: type[NetworkError]) -> None:
        channel = await opened(script, web)
        script.will(answer)

        with pytest.raises(expected) as told:
            await channel.publish(channel.freeze(post(channel.wants), None, KEY, NOW), KEY)

        assert script.paths == ["POST /api/v1/statuses"]
        assert CANARY not in str(told.value)

    async def test_is_silent_until_the_window_ends(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(says(429, {"error": "Too many requests"}, headers={"X-RateLimit-Reset": "2026-11-23T12:05:00.5Z"}))

        with pytest.raises(RateLimited) as told:
            await channel.publish(channel.freeze(post(channel.wants), None, KEY, NOW), KEY)

        assert told.value.until == NOW + timedelta(seconds=300.5)

    @pytest.mark.parametrize(
        ("about_media", "expected", "is_stale"),
        [
            (says(404, {"error": "Record not found"}), Rejected, True),
            (says(422, {"error": "Error processing thumbnail"}), Rejected, True),
            (says(200, {"id": "7"}), Rejected, False),
            (says(206, {"id": "7"}), Transient, None),
            (says(500), Transient, None),
            (CUT, Transient, None),
        ],
    )
    async def test_asks_whether_a_refusal_is_about_the_picture(
        self, script: Script, web: Web, about_media: bytes, expected: type[NetworkError], is_stale: bool | None
    ) -> None:
        channel = await opened(script, web)
        script.will(says(422, {"error": "Validation failed"}), about_media)

        with pytest.raises(expected, match="Validation failed") as told:
            await channel.publish(channel.freeze(post(channel.wants), "7", KEY, NOW), KEY)

        assert script.paths == ["POST /api/v1/statuses", "GET /api/v1/media/7"]
        assert getattr(told.value, "is_stale_media", None) is is_stale


class TestFind:
    LINK = "https://news.example.org/herons/1?from=feed&lang=en"

    async def found(self, channel: Channel) -> str | None:
        payload = channel.freeze(post(channel.wants), None, KEY, NOW)
        receipt = await channel.find(payload, KEY, NOW - timedelta(hours=2))
        return None if receipt is None else receipt.remote_id

    async def test_knows_our_post_by_its_link(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        others = [status(9, "https://news.example.org/herons/10"), status(8, "https://news.example.org/")]
        script.will(says(200, [*others, status(7, self.LINK)]))

        assert await self.found(channel) == "7"
        assert script.heard[0].path.startswith("/api/v1/accounts/42/statuses?limit=40&exclude_replies=true")

    async def test_knows_our_post_by_its_card(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(says(200, [status(7, "https://x.example", content="<p>x</p>", card={"url": self.LINK})]))

        assert await self.found(channel) == "7"

    async def test_pages_back_to_the_first_attempt_and_no_further(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        other = "https://news.example.org/other"
        script.will(
            says(200, [status(9, other), status(8, other)]),
            says(200, [status(7, other, age=timedelta(hours=1)), status(6, self.LINK, age=timedelta(hours=3))]),
        )

        assert await self.found(channel) is None
        assert [heard.path.partition("max_id=")[2] for heard in script.heard] == ["", "8"]

    async def test_the_end_of_the_list_is_absence(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(says(200, [status(9, "https://news.example.org/other")]), says(200, []))

        assert await self.found(channel) is None

    async def test_a_list_too_long_to_read_proves_no_absence(self, script: Script, web: Web) -> None:
        channel = await opened(script, web)
        script.will(*[says(200, [status(9, "https://news.example.org/other")])] * 50)

        with pytest.raises(Transient, match="cannot read back so far"):
            await self.found(channel)

    @pytest.mark.parametrize("answer", [says(500), CUT, says(200, b"[{"), says(200, {"error": "x"})])
    async def test_an_unreadable_list_proves_no_absence(self, script: Script, web: Web, answer: bytes) -> None:
        channel = await opened(script, web)
        script.will(answer)

        with pytest.raises(Transient):
            await self.found(channel)

    async def test_works_before_the_channel_was_opened(self, script: Script, web: Web) -> None:
        script.will(says(200, ME), says(200, [status(7, self.LINK)]))

        assert await self.found(mastodon(script, web)) == "7"


def test_before_the_server_was_asked_the_usual_limits_hold(script: Script, web: Web) -> None:
    wants: Wants = mastodon(script, web).wants

    assert (wants.room.limit, wants.room.url_length) == (500, 23)
    assert mastodon(script, web).key_of("u", 2, PUBLISHED) == "u-2"


async def test_a_place_is_an_account_and_before_that_a_token(script: Script, web: Web) -> None:
    closed, same, other = (mastodon(script, web, **more) for more in ({}, {}, {"token": "another"}))
    later = mastodon(script, web, token=None, sign_in=True)

    assert closed.place == same.place != other.place
    assert later.place is None and CANARY not in str(closed.place)
    assert (await opened(script, web)).place == f"mastodon/{closed.account}/42"
