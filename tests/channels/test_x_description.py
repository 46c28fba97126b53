"""Every request to X is one that its official OpenAPI description allows; seeded wrong ones are refused."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from channels.channel_rig import CANARY, PUBLISHED, channel_of, picture, post
from channels.openapi import Description, description_named
from channels.scripted import NOW, Heard, Script, says, scripted
from syndicate.channels.http import Web
from syndicate.outbox.delivery import Receipt

PATH = description_named("x-api-v2.openapi.json")
pytestmark = pytest.mark.skipif(PATH is None, reason="X's OpenAPI description is not here; set SPECS to its folder")


@pytest.fixture(scope="module")
def description() -> Description:
    assert PATH is not None
    return Description(PATH)


def faults(description: Description, heard: Heard) -> list[str]:
    kind = heard.headers.get("content-type", "").partition(";")[0]
    body = heard.json if kind == "application/json" else _form(heard) if kind else None
    return description.faults(heard.method, heard.path, body, media_type=kind)


def _form(heard: Heard) -> dict[str, str]:
    """A multipart body's fields, their bytes as text."""
    boundary = heard.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    fields = {}
    for part in heard.body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="(\w+)"', head)
        assert name is not None
        fields[name[1].decode()] = content.removesuffix(b"\r\n").decode("latin-1")
    return fields


async def everything_asked(server: Script, web: Web) -> None:
    """All that a channel ever asks X for."""
    settings = {"account": "marshnotes", "token": CANARY, "api_url": server.url, "attach": "image"}
    channel = channel_of("x", settings, web, clock=lambda: NOW)
    created = says(201, {"data": {"id": "1", "text": ""}})
    server.will(says(200, {"data": {"id": "42", "username": "marshnotes"}}))
    server.will(says(200, {"data": {"id": "77", "processing_info": {"state": "pending", "check_after_secs": 1}}}))
    server.will(says(200, {"data": {"id": "77"}}), says(200, {}), created, created)
    server.will(says(200, {"data": [], "meta": {"next_token": "a" * 16}}), says(200, {}), says(200, {}))
    await channel.open()
    media = await channel.upload(picture())
    made = post(channel.wants, 1, picture=picture())
    for one in (media, None):
        payload = channel.freeze(made, one, "k", NOW)
        await channel.publish(payload, "k")
    assert await channel.find(payload, "k", NOW) is None
    await channel.delete(Receipt("1346889436626259968", None, PUBLISHED))


async def test_every_request_is_allowed(description: Description) -> None:
    async with scripted() as server, Web(timeout=timedelta(seconds=5)) as web:
        await everything_asked(server, web)

    assert {heard.path.partition("?")[0] for heard in server.heard} == {
        "/2/users/me",
        "/2/media/upload",
        "/2/media/metadata",
        "/2/tweets",
        "/2/users/42/tweets",
        "/2/tweets/1346889436626259968",
    }
    assert [(heard.path, found) for heard in server.heard if (found := faults(description, heard))] == []


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "/2/tweets", {"text": "x", "media": {}}),
        ("POST", "/2/tweets", {"text": "x", "media": {"media_ids": []}}),
        ("POST", "/2/tweets", {"text": "x", "media": {"media_ids": ["1"] * 5}}),
        ("POST", "/2/tweets", {"text": "x", "media": {"media_ids": [1]}}),
        ("POST", "/2/tweets", {"status": "x"}),
        ("POST", "/2/tweets", {"text": 1}),
        ("POST", "/2/media/metadata", {"metadata": {"alt_text": {"text": "x"}}}),
        ("POST", "/2/media/metadata", {"id": "1", "metadata": {"alt_text": {"text": "x" * 1001}}}),
        ("PUT", "/2/tweets", {"text": "x"}),
        ("GET", "/2/users/42/tweets?max_results=4", None),
        ("GET", "/2/users/42/tweets?tweet.fields=nonsense", None),
        ("GET", "/2/users/42/tweets?since=1", None),
        ("GET", "/2/media/upload", None),
        ("DELETE", "/2/tweets/1", {"text": "x"}),
    ],
)
def test_wrong_requests_are_refused(description: Description, method: str, url: str, body: object) -> None:
    assert description.faults(method, url, body) != []
