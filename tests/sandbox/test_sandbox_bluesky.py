import asyncio
from typing import Any

import pytest

from sandbox_rig import RKEY, Caller, image_bytes, post_record
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

POST = "app.bsky.feed.post"
CREATE, DELETE = "com.atproto.repo.createRecord", "com.atproto.repo.deleteRecord"


async def get(caller: Caller, session: Any, rkey: str = RKEY, extra: str = "") -> Any:
    name = f"com.atproto.repo.getRecord?repo={session['did']}&collection={POST}&rkey={rkey}{extra}"
    return await caller.xrpc("GET", name)


async def listed(caller: Caller, session: Any, extra: str = "") -> Any:
    name = f"com.atproto.repo.listRecords?repo={session['handle']}&collection={POST}{extra}"
    return await caller.xrpc("GET", name)


def card(**fields: Any) -> dict[str, Any]:
    external = {"uri": "https://example.org/a", "title": "A", "description": "", **fields}
    return {"$type": "app.bsky.embed.external", "external": external}


async def test_a_put_makes_a_commit_and_can_be_read_back(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    reply = await caller.put(session, post_record(), swapRecord=None)
    read = await get(caller, session)

    assert reply.status == 200
    assert reply.json["uri"] == f"at://{session['did']}/{POST}/{RKEY}"
    assert reply.json["cid"].startswith("bafyrei")
    assert reply.json["commit"]["rev"]
    assert reply.json["validationStatus"] == "valid"
    assert read.json == {"uri": reply.json["uri"], "cid": reply.json["cid"], "value": post_record()}
    (entry,) = sandbox.truth
    assert (entry.action, entry.key, entry.id, entry.account) == (Action.POST, RKEY, reply.json["uri"], "news.test")


async def test_the_same_record_again_is_no_commit_and_the_same_cid(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    first = await caller.put(session, post_record(), swapRecord=None)
    second = await caller.put(session, post_record(), swapRecord=None)

    assert second.status == 200
    assert second.json["cid"] == first.json["cid"]
    assert "commit" not in second.json
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.REPEAT]


async def test_another_record_is_refused_where_none_may_be(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    first = await caller.put(session, post_record("One"), swapRecord=None)
    second = await caller.put(session, post_record("Two"), swapRecord=None)

    assert (second.status, second.json["error"]) == (400, "InvalidSwap")
    assert second.json["message"] == f"Record was at {first.json['cid']}"
    assert len(sandbox.truth) == 1


async def test_without_swap_a_put_overwrites_silently(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    await caller.put(session, post_record("One"))
    second = await caller.put(session, post_record("Two"))

    assert second.status == 200
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.EDIT]


async def test_a_swap_with_the_right_cid_overwrites(caller: Caller) -> None:
    session = await caller.login()
    first = await caller.put(session, post_record("One"))
    wrong = await caller.put(session, post_record("Two"), swapRecord="bafyreiwrong")
    right = await caller.put(session, post_record("Two"), swapRecord=first.json["cid"])

    assert (wrong.json["error"], right.status) == ("InvalidSwap", 200)


async def test_two_equal_puts_at_once_make_one_post(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    replies = await asyncio.gather(*(caller.put(session, post_record(), swapRecord=None) for _ in range(8)))

    assert {reply.status for reply in replies} == {200}
    assert len(sandbox.truth.posts("bluesky")) == 1


async def test_create_on_an_existing_key_is_an_internal_error(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    body = {"repo": session["handle"], "collection": POST, "rkey": RKEY, "record": post_record()}
    first = await caller.xrpc("POST", CREATE, session["accessJwt"], json=body)
    second = await caller.xrpc("POST", CREATE, session["accessJwt"], json=body)

    assert (first.status, second.status) == (200, 500)
    assert second.json == {"error": "InternalServerError", "message": "Internal Server Error"}
    assert len(sandbox.truth) == 1


async def test_create_without_a_key_makes_a_new_one_each_time(caller: Caller) -> None:
    session = await caller.login()
    body = {"repo": session["did"], "collection": POST, "record": post_record()}
    uris = [(await caller.xrpc("POST", CREATE, session["accessJwt"], json=body)).json["uri"] for _ in range(3)]

    assert len(set(uris)) == 3
    assert sorted(uris) == uris


@pytest.mark.parametrize("rkey", ["item-18551", "3jzfcijpj2z2", "3jzfcijpj2z2aa", "zzzzzzzzzzzzz", "3JZFCIJPJ2Z2A"])
async def test_the_key_of_a_post_must_be_a_tid(caller: Caller, rkey: str) -> None:
    session = await caller.login()

    assert (await caller.put(session, post_record(), rkey)).status == 400


async def test_other_collections_take_other_keys_and_any_record(caller: Caller) -> None:
    session = await caller.login()
    body = {"repo": session["did"], "collection": "org.example.note", "rkey": "self", "record": {"any": 1}}
    reply = await caller.xrpc("POST", "com.atproto.repo.putRecord", session["accessJwt"], json=body)

    assert (reply.status, reply.json["validationStatus"]) == (200, "unknown")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"repo": "other.test"}, 400),
        ({"collection": "no nsid"}, 400),
        ({"record": None}, 400),
        ({"record": {"$type": "app.bsky.feed.like"}}, 400),
        ({"rkey": None}, 400),
    ],
)
async def test_a_put_needs_all_its_fields(caller: Caller, change: Any, status: int) -> None:
    session = await caller.login()
    body = {"repo": session["did"], "collection": POST, "rkey": RKEY, "record": post_record(), **change}
    reply = await caller.xrpc("POST", "com.atproto.repo.putRecord", session["accessJwt"], json=body)

    assert reply.status == status


async def test_nobody_writes_into_another_repository(caller: Caller) -> None:
    mine, other = await caller.login(), await caller.login("other.test")
    reply = await caller.put({"did": other["did"], "accessJwt": mine["accessJwt"]}, post_record())

    assert (reply.status, reply.json["error"]) == (401, "AuthenticationRequired")


@pytest.mark.parametrize(("data", "kind"), [(b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/x")])
async def test_a_body_that_is_no_json_object_is_refused(caller: Caller, data: bytes, kind: str) -> None:
    session = await caller.login()
    headers = {"Content-Type": kind}
    reply = await caller.xrpc("POST", CREATE, session["accessJwt"], data=data, headers=headers)

    assert (reply.status, reply.json["error"]) == (400, "InvalidRequest")


async def test_an_unknown_record_or_repository_is_told(caller: Caller) -> None:
    session = await caller.login()
    unknown = await get(caller, session)

    assert (unknown.status, unknown.json["error"]) == (400, "RecordNotFound")
    assert (await get(caller, {"did": "did:plc:nobody"})).json["message"] == "Could not find repo: did:plc:nobody"


async def test_a_record_can_be_asked_for_by_its_cid(caller: Caller) -> None:
    session = await caller.login()
    reply = await caller.put(session, post_record())

    assert (await get(caller, session, extra=f"&cid={reply.json['cid']}")).status == 200
    assert (await get(caller, session, extra="&cid=bafyreiother")).json["error"] == "RecordNotFound"


async def test_a_listing_has_newest_keys_first_and_pages(caller: Caller) -> None:
    session = await caller.login()
    keys = [f"3jzfcijpj2z2{letter}" for letter in "abc"]
    for key in keys:
        await caller.put(session, post_record(key), key)

    page = await listed(caller, session, "&limit=2")
    rest = await listed(caller, session, f"&limit=2&cursor={page.json['cursor']}")
    oldest_first = await listed(caller, session, f"&reverse=true&cursor={keys[0]}")

    assert [record["value"]["text"] for record in page.json["records"]] == [keys[2], keys[1]]
    assert [record["value"]["text"] for record in rest.json["records"]] == [keys[0]]
    assert [record["value"]["text"] for record in oldest_first.json["records"]] == [keys[1], keys[2]]
    wrong = [await listed(caller, session, f"&limit={limit}") for limit in ("101", "9" * 4301)]
    assert [reply.status for reply in wrong] == [400, 400]


async def test_a_delete_works_once_and_may_be_repeated(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    await caller.put(session, post_record())
    body = {"repo": session["did"], "collection": POST, "rkey": RKEY}
    first = await caller.xrpc("POST", DELETE, session["accessJwt"], json=body)
    second = await caller.xrpc("POST", DELETE, session["accessJwt"], json=body)

    assert (first.status, second.status, second.json) == (200, 200, {})
    assert first.json["commit"]["cid"]
    assert (await get(caller, session)).json["error"] == "RecordNotFound"
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.DELETE]


async def test_a_delete_holds_its_swap(caller: Caller) -> None:
    session = await caller.login()
    await caller.put(session, post_record())
    body = {"repo": session["did"], "collection": POST, "rkey": RKEY, "swapRecord": "bafyreiother"}

    assert (await caller.xrpc("POST", DELETE, session["accessJwt"], json=body)).json["error"] == "InvalidSwap"


async def test_a_card_with_a_thumb_is_logged_with_its_link(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    body = image_bytes(64, 32)
    blob = (await caller.blob(session, body)).json["blob"]
    reply = await caller.put(session, post_record(embed=card(thumb=blob)))

    assert reply.status == 200
    uploaded, posted = sandbox.truth
    assert (uploaded.action, uploaded.media[0].id) == (Action.MEDIA, blob["ref"]["$link"])
    assert (posted.link, posted.media[0].width, posted.media[0].height) == ("https://example.org/a", 64, 32)


async def test_an_image_is_logged_with_its_alt_text(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, image_bytes())).json["blob"]
    images = [{"image": blob, "alt": "A teal box", "aspectRatio": {"width": 2, "height": 1}}]
    reply = await caller.put(session, post_record(embed={"$type": "app.bsky.embed.images", "images": images}))

    assert reply.status == 200
    assert tuple(sandbox.truth)[-1].media[0].alt == "A teal box"


async def test_an_invalid_record_is_refused_in_the_lexicons_words(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    reply = await caller.put(session, post_record("a" * 301))

    message = "Invalid app.bsky.feed.post record: Record/text must not be longer than 300 graphemes"
    assert reply.json == {"error": "InvalidRequest", "message": message}
    assert len(sandbox.truth) == 0


async def test_writes_are_limited_by_points(caller: Caller) -> None:
    session = await caller.login()
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    first = await caller.put(session, post_record())
    second = await caller.put(session, post_record())

    assert (first.headers["RateLimit-Remaining"], second.headers["RateLimit-Remaining"]) == ("4998", "4996")
