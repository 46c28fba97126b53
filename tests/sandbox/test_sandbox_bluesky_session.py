import base64
import json
from typing import Any

import pytest

from sandbox_rig import BLUESKY_HANDLE, BLUESKY_PASSWORD, Caller, post_record
from syndicate.sandbox.bluesky_session import holder_of
from syndicate.sandbox.server import Running

CREATE, REFRESH = "com.atproto.server.createSession", "com.atproto.server.refreshSession"
GET, DELETE = "com.atproto.server.getSession", "com.atproto.server.deleteSession"


def claims_of(token: str) -> Any:
    packed = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))


async def test_a_session_names_the_account_and_its_pds(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()

    assert session["handle"] == BLUESKY_HANDLE
    assert session["did"] == holder_of(BLUESKY_HANDLE).did
    assert session["didDoc"]["service"][0]["serviceEndpoint"] == sandbox.addresses.bluesky_url


async def test_the_did_is_a_plc_of_24_characters_and_stays() -> None:
    did = holder_of("News.Test").did

    assert did == holder_of("news.test").did != holder_of("other.test").did
    assert len(did) == len("did:plc:") + 24


async def test_tokens_look_like_jwt_and_tell_their_end(caller: Caller) -> None:
    session = await caller.login()
    access, refresh = claims_of(session["accessJwt"]), claims_of(session["refreshJwt"])

    assert access["exp"] - access["iat"] == 7_200
    assert refresh["exp"] - refresh["iat"] == 7_776_000
    assert (access["scope"], refresh["scope"]) == ("com.atproto.appPass", "com.atproto.refresh")
    assert access["sub"] == session["did"]


@pytest.mark.parametrize(
    ("identifier", "password"),
    [("news.test", "wrong"), ("nodots", BLUESKY_PASSWORD), ("did:plc:unknown", BLUESKY_PASSWORD)],
)
async def test_wrong_credentials_are_refused(caller: Caller, identifier: str, password: str) -> None:
    reply = await caller.xrpc("POST", CREATE, json={"identifier": identifier, "password": password})

    assert reply.status == 401
    assert reply.json == {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}


async def test_a_known_did_may_log_in(caller: Caller) -> None:
    session = await caller.login()

    assert (await caller.login(session["did"]))["handle"] == BLUESKY_HANDLE


@pytest.mark.parametrize("body", [{"identifier": "news.test"}, {"identifier": 5, "password": "sandbox-x"}])
async def test_a_session_needs_both_fields_as_text(caller: Caller, body: Any) -> None:
    reply = await caller.xrpc("POST", CREATE, json=body)

    assert (reply.status, reply.json["error"]) == (400, "InvalidRequest")


async def test_a_refresh_token_is_taken_once(caller: Caller) -> None:
    session = await caller.login()
    first = await caller.xrpc("POST", REFRESH, session["refreshJwt"])
    second = await caller.xrpc("POST", REFRESH, session["refreshJwt"])
    third = await caller.xrpc("POST", REFRESH, first.json["refreshJwt"])

    assert (first.status, second.status, third.status) == (200, 400, 200)
    assert second.json == {"error": "ExpiredToken", "message": "Token has been revoked"}


async def test_a_deleted_session_cannot_be_renewed(caller: Caller) -> None:
    session = await caller.login()

    assert (await caller.xrpc("POST", DELETE, session["refreshJwt"])).status == 200
    assert (await caller.xrpc("POST", REFRESH, session["refreshJwt"])).json["error"] == "ExpiredToken"


async def test_an_access_token_expires(caller: Caller) -> None:
    session = await caller.login()
    await caller.control("POST", "/clock", json={"advance_s": 7_201})
    expired = await caller.xrpc("GET", GET, session["accessJwt"])
    renewed = await caller.xrpc("POST", REFRESH, session["refreshJwt"])

    assert (expired.status, expired.json["error"]) == (400, "ExpiredToken")
    assert (await caller.xrpc("GET", GET, renewed.json["accessJwt"])).json["handle"] == BLUESKY_HANDLE


async def test_lifetimes_can_be_set(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"access_token_s": 10, "refresh_token_s": 20})
    session = await caller.login()
    await caller.control("POST", "/clock", json={"advance_s": 21})

    assert (await caller.xrpc("POST", REFRESH, session["refreshJwt"])).json["error"] == "ExpiredToken"


async def test_missing_forged_and_misplaced_tokens_are_told_apart(caller: Caller) -> None:
    session = await caller.login()
    missing = await caller.xrpc("GET", GET)
    forged = await caller.xrpc("GET", GET, session["accessJwt"][:-4] + "AAAA")
    misplaced = await caller.xrpc("GET", GET, session["refreshJwt"])
    backwards = await caller.xrpc("POST", REFRESH, session["accessJwt"])

    assert (missing.status, missing.json["error"]) == (401, "AuthMissing")
    assert (forged.status, forged.json["error"]) == (400, "InvalidToken")
    assert misplaced.json["message"] == backwards.json["message"] == "Bad token scope"


async def test_a_reset_forgets_the_account(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    await sandbox.reset()

    assert (await caller.xrpc("GET", GET, session["accessJwt"])).json["error"] == "InvalidToken"


async def test_handles_resolve_once_they_are_known(caller: Caller) -> None:
    name = "com.atproto.identity.resolveHandle?handle=news.test"
    unknown = await caller.xrpc("GET", name)
    session = await caller.login()

    assert (unknown.status, unknown.json["message"]) == (400, "Unable to resolve handle")
    assert (await caller.xrpc("GET", name)).json == {"did": session["did"]}


async def test_rate_limit_headers_have_an_epoch_reset_and_a_policy(caller: Caller) -> None:
    session = await caller.login()
    reply = await caller.put(session, post_record())

    assert reply.headers["RateLimit-Policy"] == "5000;w=3600"
    assert int(reply.headers["RateLimit-Reset"]) > 1_700_000_000


async def test_sessions_are_limited_when_limits_are_on(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    account = {"identifier": "news.test", "password": BLUESKY_PASSWORD}
    replies = [await caller.xrpc("POST", CREATE, json=account) for _ in range(31)]

    assert [reply.status for reply in replies] == [200] * 30 + [429]
    assert replies[-1].json["error"] == "RateLimitExceeded"


async def test_the_server_describes_itself_and_knows_no_other_methods(caller: Caller) -> None:
    assert (await caller.xrpc("GET", "com.atproto.server.describeServer")).json["did"] == "did:web:127.0.0.1"
    unknown = await caller.xrpc("GET", "app.bsky.feed.getTimeline")
    assert (unknown.status, unknown.json["error"]) == (501, "MethodNotImplemented")
