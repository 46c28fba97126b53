"""Servers with Mastodon's API: how each is recognised, and what is done otherwise for it."""

from __future__ import annotations

import json

import pytest

from channels.channel_rig import CANARY, channel_of, picture, post
from channels.scripted import NOW, Script, says
from syndicate.channels.http import Web
from syndicate.channels.mastodon_server import Dialect, Instance, NodeInfoLinks, dialect_of, server_of
from syndicate.errors import NetworkError, RateLimited, Unauthorized
from syndicate.ports.channel import Channel

ME = {"id": "42"}
CREATED = {"id": "1001", "url": "https://social.example/@news/1001"}
REL = "http://nodeinfo.diaspora.software/ns/schema/"
PIXELFED = {
    "version": "3.5.3 (compatible; Pixelfed 0.12.5)",
    "configuration": {
        "statuses": {"max_characters": 500, "characters_reserved_per_url": 23},
        "media_attachments": {"supported_mime_types": ["image/jpeg", "image/png"], "image_size_limit": 15_360_000},
    },
}
GOTOSOCIAL = {
    "version": "0.20.1+git-1a2b3c4",
    "source_url": "https://codeberg.org/superseriousbusiness/gotosocial",
    "configuration": {"statuses": {"max_characters": 5000, "characters_reserved_per_url": 25}},
}
AKKOMA = {"version": "2.7.2 (compatible; Akkoma 3.15.2)", "max_toot_chars": 3000, "upload_limit": 16_000_000}


async def opened(script: Script, web: Web, *answers: bytes, **settings: object) -> Channel:
    script.will(*answers)
    given = {"instance": script.url, "token": CANARY, **settings}
    channel = channel_of("mastodon", given, web, clock=lambda: NOW)
    await channel.open()
    script.heard.clear()
    return channel


async def published(script: Script, channel: Channel) -> tuple[dict[str, str], dict[str, object]]:
    """Headers and body of a post."""
    made = post(channel.wants, picture=picture())
    script.will(says(200, CREATED))
    await channel.publish(channel.freeze(made, "7", "uid-1", NOW), "uid-1")
    [heard] = script.heard
    return {name.lower(): value for name, value in heard.headers.items()}, json.loads(heard.body)


@pytest.mark.parametrize(
    ("version", "source", "dialect"),
    [
        ("4.5.0", "https://github.com/mastodon/mastodon", Dialect.MASTODON),
        ("4.5.0+glitch", "https://github.com/glitch-soc/mastodon", Dialect.MASTODON),
        ("2.7.2 (compatible; Pleroma 2.9.1)", "", Dialect.PLEROMA),
        ("2.7.2 (compatible; Akkoma 3.15.2)", "", Dialect.AKKOMA),
        ("3.5.3 (compatible; Pixelfed 0.12.5)", "", Dialect.PIXELFED),
        ("0.20.1+git-1a2b3c4", "https://codeberg.org/superseriousbusiness/gotosocial", Dialect.GOTOSOCIAL),
        ("4.2.1 (compatible; Iceshrimp.NET/2025)", "", None),
        ("4.1.0", "", None),
        ("", "https://github.com/mastodon/mastodon", None),
    ],
)
def test_the_instance_names_its_software(version: str, source: str, dialect: Dialect | None) -> None:
    assert dialect_of(Instance(version=version, source_url=source)) is dialect


async def test_nodeinfo_is_asked_where_the_instance_does_not_tell(script: Script, web: Web) -> None:
    links = {"links": [{"rel": f"{REL}2.0", "href": f"{script.url}/nodeinfo/2.0"}]}
    script.will(
        says(200, {"version": "1.0", "source_url": ""}),
        says(200, links),
        says(200, {"software": {"name": "Pixelfed", "version": "0.13"}}),
        says(200, ME),
    )
    channel = channel_of("mastodon", {"instance": script.url, "token": CANARY}, web, clock=lambda: NOW)

    await channel.open()

    asked = [(heard.path, "authorization" in heard.headers) for heard in script.heard[1:3]]
    assert asked == [("/.well-known/nodeinfo", True), ("/nodeinfo/2.0", False)]
    assert channel.wants.needs_image


@pytest.mark.parametrize(
    "answers",
    [
        [says(404)],
        [says(200, b"<html>")],
        [says(200, {"links": []})],
        [says(200, {"links": [{"rel": f"{REL}2.1", "href": "https://elsewhere.example/nodeinfo"}]})],
        [says(502)],
    ],
    ids=["none", "a page", "no links", "another host", "broken"],
)
async def test_a_server_that_tells_nothing_is_not_trusted(script: Script, web: Web, answers: list[bytes]) -> None:
    channel = await opened(script, web, says(200, {"version": "1.0"}), *answers, says(200, ME))

    assert channel.guarantee.key_window is None
    assert not channel.wants.needs_image


async def test_a_server_that_wants_rest_is_left_alone(script: Script, web: Web) -> None:
    with pytest.raises(RateLimited):
        await opened(script, web, says(200, {"version": "1.0"}), says(429, headers={"Retry-After": "60"}))


def test_the_newest_nodeinfo_is_taken() -> None:
    links = [{"rel": f"{REL}{version}", "href": f"https://one.example/{version}"} for version in ("2.0", "3.0", "2.1")]

    assert NodeInfoLinks.model_validate({"links": links}).newest("one.example") == "https://one.example/2.1"
    assert NodeInfoLinks.model_validate({"links": links}).newest("two.example") is None


async def test_pixelfed_gets_a_picture_and_no_key(script: Script, web: Web) -> None:
    channel = await opened(script, web, says(200, PIXELFED), says(200, ME), attach="card")

    headers, body = await published(script, channel)

    assert channel.wants.image is not None
    assert (channel.wants.needs_image, channel.wants.image.limit_alt) == (True, 1000)
    assert channel.guarantee.key_window is None
    assert "idempotency-key" not in headers
    assert body["media_ids"] == ["7"]


async def test_gotosocial_gets_plain_text_and_no_key(script: Script, web: Web) -> None:
    channel = await opened(script, web, says(200, GOTOSOCIAL), says(200, ME))

    headers, body = await published(script, channel)

    assert (channel.wants.room.limit, channel.wants.room.url_length) == (5000, 25)
    assert channel.guarantee.key_window is None
    assert "idempotency-key" not in headers
    assert body["content_type"] == "text/plain"


async def test_akkoma_gets_plain_text_under_a_key(script: Script, web: Web) -> None:
    channel = await opened(script, web, says(404), says(200, AKKOMA), says(200, ME))

    headers, body = await published(script, channel)

    assert channel.wants.room.limit == 3000
    assert headers["idempotency-key"].startswith("uid-1-")
    assert body["content_type"] == "text/plain"


@pytest.mark.parametrize(
    ("dialect", "is_kept"), [(Dialect.MASTODON, True), (Dialect.PLEROMA, False), (Dialect.AKKOMA, False)]
)
def test_a_key_whose_refusal_would_come_again_is_not_used_for_other_bytes(dialect: Dialect, is_kept: bool) -> None:
    pictured, bare = dialect.key_for("uid-1", b"with a picture"), dialect.key_for("uid-1", b"without")

    assert (pictured == bare == "uid-1") is is_kept
    assert (pictured == bare) is is_kept
    assert pictured == dialect.key_for("uid-1", b"with a picture")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says(429, {"error": "Throttled"}), RateLimited),
        (says(403, {"error": "Insufficient permissions"}), Unauthorized),
    ],
)
@pytest.mark.parametrize(
    ("server", "is_spent"),
    [(AKKOMA, True), ({"version": "4.5.0", "source_url": "https://github.com/mastodon/mastodon"}, False)],
)
async def test_a_key_is_spent_where_its_answer_would_come_again(
    script: Script, web: Web, *, server: dict[str, object], is_spent: bool, answer: bytes, error: type[NetworkError]
) -> None:
    channel = await opened(script, web, says(404), says(200, server), says(200, ME))
    script.will(answer)

    with pytest.raises(error) as caught:
        await channel.publish(b'{"status": "x"}', "uid-1")

    assert caught.value.spends_key is is_spent


async def test_mastodon_itself_is_sent_nothing_that_it_does_not_know(script: Script, web: Web) -> None:
    instance = {"version": "4.5.0", "source_url": "https://github.com/mastodon/mastodon"}
    channel = await opened(script, web, says(200, instance), says(200, ME))

    headers, body = await published(script, channel)

    assert headers["idempotency-key"] == "uid-1"
    assert set(body) == {"status", "visibility", "language", "media_ids"}


@pytest.mark.parametrize("dialect", list(Dialect))
def test_limits_without_sense_are_not_taken(dialect: Dialect) -> None:
    told = {"version": "1", "configuration": {"statuses": {"max_characters": 0, "characters_reserved_per_url": 9000}}}

    server = server_of(Instance.model_validate(told), dialect)

    assert server.characters >= 500
    assert server.url_length in {23, None}
    assert server.dialect is dialect
