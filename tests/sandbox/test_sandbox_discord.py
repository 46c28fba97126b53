import io
import json
from typing import Any

import aiohttp
import pytest

from sandbox_rig import Caller, Reply, image_bytes
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

EMBED = {"title": "A title", "url": "https://example.org/a", "description": "Told", "color": 5}
QUIET = {"parse": []}


async def hook(
    caller: Caller, method: str = "POST", path: str = "?wait=true", token: str = "sandbox-news", **kwargs: Any
) -> Reply:
    return await caller.send(method, f"{caller.addresses.discord_url}/v10/webhooks/7/{token}{path}", **kwargs)


async def test_a_message_is_posted_and_logged(caller: Caller, sandbox: Running) -> None:
    body = {"content": "New", "embeds": [EMBED], "allowed_mentions": QUIET, "username": "News"}
    reply = await hook(caller, json=body)

    assert (reply.status, reply.json["content"], reply.json["embeds"]) == (200, "New", [EMBED])
    (entry,) = sandbox.truth
    assert (entry.network, entry.account, entry.id) == ("discord", "news", reply.json["id"])
    assert (entry.link, entry.text) == ("https://example.org/a", "New\nA title\nTold")


async def test_without_wait_nothing_comes_back_and_equal_messages_are_two(caller: Caller, sandbox: Running) -> None:
    replies = [await hook(caller, path="", json={"content": "New https://example.org/b"}) for _ in range(2)]

    assert [(reply.status, reply.body) for reply in replies] == [(204, b"")] * 2
    assert [entry.link for entry in sandbox.truth.posts("discord")] == ["https://example.org/b"] * 2


async def test_a_file_comes_with_its_description(caller: Caller, sandbox: Running) -> None:
    form = aiohttp.FormData()
    payload = {
        "embeds": [EMBED | {"image": {"url": "attachment://a.jpg"}}],
        "attachments": [{"id": 0, "filename": "a.jpg", "description": "A box"}],
    }
    form.add_field("payload_json", json.dumps(payload), content_type="application/json")
    form.add_field("files[0]", io.BytesIO(image_bytes()), filename="a.jpg", content_type="image/jpeg")
    reply = await hook(caller, data=form)

    assert reply.json["attachments"][0]["description"] == "A box"
    (entry,) = sandbox.truth
    assert [(medium.alt, medium.width) for medium in entry.media] == [("A box", 40)]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"content": "a" * 2001}, "content"),
        ({"content": 5}, "content"),
        ({"content": "a", "username": ""}, "username"),
        ({"content": "a", "username": "My Discord"}, "username"),
        ({"embeds": {}}, "embeds"),
        ({"embeds": [EMBED] * 11}, "embeds"),
        ({"embeds": [EMBED | {"title": "a" * 257}]}, "embeds"),
        ({"embeds": [EMBED | {"footer": {"text": "a" * 2049}}]}, "embeds"),
        ({"embeds": [EMBED | {"url": "example.org"}]}, "embeds"),
        ({"embeds": [EMBED | {"image": {"url": "attachment://a.jpg"}}]}, "embeds"),
        ({"embeds": [EMBED | {"color": 2**24}]}, "embeds"),
        ({"embeds": [EMBED | {"timestamp": "soon"}]}, "embeds"),
        ({"embeds": [EMBED | {"fields": [{"name": "a", "value": "b"}] * 26}]}, "embeds"),
        ({"embeds": [EMBED | {"fields": [{"name": "a" * 257, "value": "b"}]}]}, "embeds"),
        ({"embeds": [EMBED | {"description": "a" * 3000}] * 3}, "embeds"),
        ({"content": "a", "allowed_mentions": {"parse": ["all"]}}, "allowed_mentions"),
        ({"content": "a", "attachments": {}}, "attachments"),
        ({"content": "a", "attachments": [{"id": "x"}]}, "attachments"),
        ({"content": "a", "attachments": [{"id": 0, "description": "a" * 1025}]}, "attachments"),
    ],
)
async def test_a_form_that_does_not_fit_is_refused_by_place(
    caller: Caller, sandbox: Running, body: dict[str, Any], place: str
) -> None:
    reply = await hook(caller, json=body)

    assert (reply.status, reply.json["code"], list(reply.json["errors"])) == (400, 50035, [place])
    assert len(sandbox.truth) == 0


@pytest.mark.parametrize(("body", "code"), [(b"{", 50109), (b"{}", 50006), (b'{"content": " "}', 50006)])
async def test_nothing_and_no_json_are_refused(caller: Caller, body: bytes, code: int) -> None:
    reply = await hook(caller, data=body, headers={"Content-Type": "application/json"})

    assert (reply.status, reply.json["code"]) == (400, code)


async def test_a_payload_that_is_no_object_is_refused(caller: Caller) -> None:
    assert (await hook(caller, data={"payload_json": "[]"})).json["code"] == 50035


async def test_a_file_without_measure_is_refused(caller: Caller) -> None:
    form = aiohttp.FormData()
    form.add_field("files[0]", io.BytesIO(b"a" * (10 * 1024 * 1024 + 1)), filename="a.bin")

    assert (await hook(caller, data=form)).json["code"] == 40005


async def test_a_foreign_token_is_refused(caller: Caller) -> None:
    reply = await hook(caller, token="secret", json={"content": "New"})

    assert (reply.status, reply.json) == (401, {"message": "Invalid Webhook Token", "code": 50027})


async def test_a_message_can_be_read_changed_and_deleted_by_its_id_alone(caller: Caller, sandbox: Running) -> None:
    message_id = (await hook(caller, json={"content": "New"})).json["id"]
    hook_itself = await hook(caller, "GET", "")
    changed = await hook(caller, "PATCH", f"/messages/{message_id}", json={"content": "Newer"})
    emptied = await hook(caller, "PATCH", f"/messages/{message_id}", json={"content": ""})
    shown = await hook(caller, "GET", f"/messages/{message_id}")
    gone = await hook(caller, "DELETE", f"/messages/{message_id}")
    again = await hook(caller, "DELETE", f"/messages/{message_id}")

    assert (hook_itself.json["type"], hook_itself.json["name"]) == (1, "news")
    assert (changed.json["content"], emptied.json["code"], shown.json["content"]) == ("Newer", 50006, "Newer")
    assert changed.json["edited_timestamp"]
    assert (gone.status, again.json["code"]) == (204, 10008)
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.EDIT, Action.DELETE]


async def test_a_limit_is_told_in_the_body_and_in_headers(caller: Caller) -> None:
    await caller.plan(
        {"network": "discord", "route": "post", "effect": "error_429", "retry_after": 3, "form": "absent"}
    )
    reply = await hook(caller, json={"content": "New"})

    assert (reply.status, reply.json["retry_after"], reply.json["global"]) == (429, 3.0, False)
    assert (reply.headers["X-RateLimit-Reset-After"], "Retry-After" in reply.headers) == ("3.000", False)


async def test_the_sixth_message_in_two_seconds_is_limited(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    replies = [await hook(caller, json={"content": "New"}) for _ in range(30)]

    assert float(next(reply for reply in replies if reply.status == 429).headers["Retry-After"]) > 0


@pytest.mark.parametrize(("effect", "status", "code"), [("gone_410", 410, 10015), ("error_500_before", 500, 0)])
async def test_faults_come_in_discords_shape(caller: Caller, effect: str, status: int, code: int) -> None:
    await caller.plan({"network": "discord", "route": "post", "effect": effect})
    reply = await hook(caller, json={"content": "New"})

    assert (reply.status, reply.json["code"]) == (status, code)
