import asyncio
import base64
from typing import Any

import pytest

from sandbox_rig import Caller, Reply
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

CLIENT = {"client_id": "app", "client_secret": "secret"}


async def token(caller: Caller, **fields: str) -> Reply:
    return await caller.send("POST", caller.addresses.oauth_url, data=CLIENT | fields)


async def refresh(caller: Caller, refresh_token: str) -> Reply:
    return await token(caller, grant_type="refresh_token", refresh_token=refresh_token)


async def userinfo(caller: Caller, access: str) -> Reply:
    headers = {"Authorization": f"Bearer {access}"}
    return await caller.send("GET", f"{caller.addresses.linkedin_url}/v2/userinfo", headers=headers)


async def test_a_code_gives_a_pair_and_its_access_token_opens_the_door(caller: Caller) -> None:
    reply = await token(caller, grant_type="authorization_code", code="sandbox-news")

    assert (reply.status, reply.json["token_type"], reply.headers["Cache-Control"]) == (200, "Bearer", "no-store")
    assert (await userinfo(caller, reply.json["access_token"])).json["sub"] == "news"


async def test_a_refresh_token_is_good_once_and_then_ends_its_family(caller: Caller, sandbox: Running) -> None:
    first = (await refresh(caller, "sandbox-news")).json
    second = (await refresh(caller, first["refresh_token"])).json
    reused = await refresh(caller, first["refresh_token"])
    after = [await refresh(caller, second["refresh_token"]), await refresh(caller, "sandbox-news")]

    assert (reused.status, reused.json["error"]) == (400, "invalid_grant")
    assert [reply.status for reply in after] == [400, 400]
    assert (await userinfo(caller, second["access_token"])).status == 401
    assert [entry.action for entry in sandbox.truth] == [Action.REFRESH, Action.REFRESH, Action.REUSE]


async def test_a_race_of_refreshes_ends_the_family(caller: Caller, sandbox: Running) -> None:
    replies = await asyncio.gather(*(refresh(caller, "sandbox-news") for _ in range(5)))

    assert sorted(reply.status for reply in replies) == [200, 400, 400, 400, 400]
    pair = next(reply for reply in replies if reply.status == 200).json
    assert (await userinfo(caller, pair["access_token"])).status == 401


async def test_a_grace_gives_the_same_pair_again(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"refresh_grace_s": 30})
    pairs = [(await refresh(caller, "sandbox-news")).json for _ in range(2)]
    await caller.control("POST", "/clock", json={"advance_s": 31})
    late = await refresh(caller, "sandbox-news")

    assert pairs[0] == pairs[1]
    assert late.status == 400


async def test_a_lost_answer_leaves_a_token_that_was_used(caller: Caller) -> None:
    await caller.plan({"network": "oauth", "effect": "error_502_after"})
    lost = await refresh(caller, "sandbox-news")

    assert (lost.status, lost.json) == (502, {"error": "server_error"})
    assert (await refresh(caller, "sandbox-news")).json["error"] == "invalid_grant"


async def test_tokens_expire(caller: Caller) -> None:
    pair = (await refresh(caller, "sandbox-news")).json
    await caller.control("POST", "/clock", json={"advance_s": pair["expires_in"] + 1})
    expired = await userinfo(caller, pair["access_token"])
    await caller.control("POST", "/clock", json={"advance_s": 90 * 86_400})

    assert expired.status == 401
    assert (await refresh(caller, pair["refresh_token"])).status == 400


async def test_a_client_may_show_itself_in_the_header(caller: Caller) -> None:
    basic = {"Authorization": "Basic " + base64.b64encode(b"app:secret").decode()}
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-news"}
    both = await caller.send("POST", caller.addresses.oauth_url, data=form | CLIENT, headers=basic)
    one = await caller.send("POST", caller.addresses.oauth_url, data=form, headers=basic)
    none = await caller.send("POST", caller.addresses.oauth_url, data=form, headers={"Authorization": "Basic !"})

    assert (both.json["error"], one.status, none.json["error"]) == ("invalid_request", 200, "invalid_client")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "other"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "other"}, "invalid_grant"),
    ],
)
async def test_what_is_no_grant_is_refused(caller: Caller, fields: dict[str, Any], error: str) -> None:
    assert (await token(caller, **fields)).json["error"] == error


async def test_the_body_must_be_a_form(caller: Caller) -> None:
    reply = await caller.send("POST", caller.addresses.oauth_url, json=CLIENT)

    assert reply.json["error"] == "invalid_request"


async def test_a_limit_knows_no_way_of_its_own(caller: Caller) -> None:
    await caller.plan({"network": "oauth", "effect": "error_429", "form": "seconds", "retry_after": 9})
    reply = await refresh(caller, "sandbox-news")

    assert (reply.status, reply.json["error"], reply.headers["Retry-After"]) == (429, "slow_down", "9")
