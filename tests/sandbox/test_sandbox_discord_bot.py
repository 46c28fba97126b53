from typing import Any

import pytest

from sandbox_rig import Caller, Reply
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

CHANNEL = "100000000000000007"


async def bot(
    caller: Caller, method: str, path: str = "/messages", token: str = "sandbox-news", **kwargs: Any
) -> Reply:
    url = f"{caller.addresses.discord_url}/v10/channels/{CHANNEL}{path}"
    return await caller.send(method, url, headers={"Authorization": f"Bot {token}"}, **kwargs)


async def test_a_message_is_posted_logged_and_read_back(caller: Caller, sandbox: Running) -> None:
    posted = await bot(caller, "POST", json={"content": "New https://example.org/a", "nonce": "n1"})
    listed = await bot(caller, "GET")
    one = await bot(caller, "GET", f"/messages/{posted.json['id']}")

    assert (posted.status, posted.json["nonce"], posted.json["author"]["username"]) == (200, "n1", "news")
    assert [message["id"] for message in listed.json] == [posted.json["id"]] == [one.json["id"]]
    (entry,) = sandbox.truth
    assert (entry.network, entry.account, entry.link) == ("discord_bot", CHANNEL, "https://example.org/a")


async def test_an_enforced_nonce_gives_the_first_message_for_a_few_minutes(caller: Caller, sandbox: Running) -> None:
    body = {"content": "New", "nonce": "n1", "enforce_nonce": True}
    first, again = await bot(caller, "POST", json=body), await bot(caller, "POST", json=body)
    loose = await bot(caller, "POST", json=body | {"enforce_nonce": False})
    await caller.control("POST", "/clock", json={"advance_s": 181})
    late = await bot(caller, "POST", json=body)

    ids = [reply.json["id"] for reply in (first, again, loose, late)]
    assert (ids[0] == ids[1], len(set(ids))) == (True, 3)
    actions = [entry.action for entry in sandbox.truth]
    assert actions == [Action.POST, Action.REPEAT, Action.POST, Action.POST]


async def test_a_listing_is_cut_by_id_and_number(caller: Caller) -> None:
    ids = [(await bot(caller, "POST", json={"content": f"{number}"})).json["id"] for number in range(3)]
    newest = await bot(caller, "GET", "/messages?limit=1")
    after = await bot(caller, "GET", f"/messages?after={ids[0]}&limit=1")
    before = await bot(caller, "GET", f"/messages?before={ids[1]}")

    shown = [[message["content"] for message in reply.json] for reply in (newest, after, before)]
    assert shown == [["2"], ["1"], ["0"]]


async def test_a_message_is_changed_and_taken_away_by_its_bot_alone(caller: Caller, sandbox: Running) -> None:
    where = f"/messages/{(await bot(caller, 'POST', json={'content': 'New'})).json['id']}"
    refused = [
        await bot(caller, "PATCH", where, "sandbox-other", json={"content": "Mine"}),
        await bot(caller, "DELETE", where, "sandbox-other"),
    ]
    changed = await bot(caller, "PATCH", where, json={"content": "Newer"})
    gone = await bot(caller, "DELETE", where)

    assert [reply.json["code"] for reply in refused] == [50005, 50013]
    assert (changed.json["content"], gone.status) == ("Newer", 204)
    assert (await bot(caller, "GET", where)).json["code"] == 10008
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.EDIT, Action.DELETE]


async def test_who_and_where_are_told(caller: Caller) -> None:
    headers = {"Authorization": "Bot sandbox-news"}
    me = await caller.send("GET", f"{caller.addresses.discord_url}/users/@me", headers=headers)

    assert (me.json["username"], (await bot(caller, "GET", "")).json["id"]) == ("news", CHANNEL)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/messages", {"content": ""}, 400),
        ("POST", "/messages", {"content": "a", "nonce": "n" * 26}, 400),
        ("GET", "/messages?limit=101", None, 400),
        ("GET", f"/messages?limit={'9' * 4301}", None, 400),
    ],
)
async def test_what_does_not_fit_is_refused(
    caller: Caller, method: str, path: str, body: dict[str, str] | None, status: int
) -> None:
    assert (await bot(caller, method, path, json=body)).status == status


async def test_a_foreign_token_is_refused(caller: Caller) -> None:
    reply = await bot(caller, "GET", token="secret")

    assert (reply.status, reply.json) == (401, {"message": "401: Unauthorized", "code": 0})
    await caller.plan({"network": "discord_bot", "effect": "error_429", "form": "absent", "retry_after": 2})
    assert (await bot(caller, "GET")).json["retry_after"] == 2.0
