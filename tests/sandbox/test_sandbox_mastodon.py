import asyncio
from pathlib import Path
from typing import Any

import pytest

from sandbox_rig import Caller
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.mastodon import Mastodon
from syndicate.sandbox.pictures import Attic
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action, Truth
from syndicate.sandbox.wire import Call, RouteKind


async def verified_id(caller: Caller) -> str:
    return str((await caller.mastodon("GET", "/api/v1/accounts/verify_credentials")).json["id"])


async def listed(caller: Caller, query: str = "", token: str = "sandbox-news") -> list[Any]:
    account = await verified_id(caller)
    reply = await caller.mastodon("GET", f"/api/v1/accounts/{account}/statuses{query}", token)
    assert reply.status == 200
    return list(reply.json)


@pytest.mark.parametrize("token", [None, "something-else", "sandbox-"])
async def test_a_token_that_is_no_sandbox_token_is_refused(caller: Caller, token: str | None) -> None:
    reply = await caller.mastodon("POST", "/api/v1/statuses", token, json={"status": "Hello"})

    assert reply.status == 401
    assert reply.json == {"error": "The access token is invalid"}
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]


async def test_a_token_without_write_scope_may_read_only(caller: Caller) -> None:
    refused = await caller.mastodon("POST", "/api/v1/statuses", "sandbox-readonly", json={"status": "Hello"})
    read = await caller.mastodon("GET", "/api/v1/accounts/verify_credentials", "sandbox-readonly")

    assert (refused.status, read.status) == (403, 200)
    assert refused.json == {"error": "This action is outside the authorized scopes"}


@pytest.mark.parametrize(("token", "scopes"), [("sandbox-news", ["read", "write"]), ("sandbox-readonly", ["read"])])
async def test_an_app_tells_its_scopes(caller: Caller, token: str, scopes: list[str]) -> None:
    told = await caller.mastodon("GET", "/api/v1/apps/verify_credentials", token)

    assert told.json["scopes"] == scopes


async def test_each_token_is_an_account_of_its_own(caller: Caller) -> None:
    first = await caller.mastodon("GET", "/api/v1/accounts/verify_credentials", "sandbox-one")
    second = await caller.mastodon("GET", "/api/v1/accounts/verify_credentials", "sandbox-two")
    again = await caller.mastodon("GET", "/api/v1/accounts/verify_credentials", "sandbox-one")

    assert (first.json["username"], second.json["username"]) == ("one", "two")
    assert first.json["id"] == again.json["id"] != second.json["id"]
    assert first.json["source"]["privacy"] == "public"


@pytest.mark.parametrize("form", ["json", "data"])
async def test_a_status_is_taken_as_json_and_as_form(caller: Caller, sandbox: Running, form: str) -> None:
    fields = {"status": "News https://example.org/a?b=1 #OpenData", "visibility": "unlisted", "language": "de"}
    body: dict[str, Any] = {form: fields}
    reply = await caller.mastodon("POST", "/api/v1/statuses", **body)

    assert reply.status == 200
    assert reply.json["visibility"] == "unlisted"
    assert reply.json["language"] == "de"
    assert 'href="https://example.org/a?b=1"' in reply.json["content"]
    assert reply.json["tags"][0]["name"] == "opendata"
    assert reply.json["url"].endswith(f"/@news/{reply.json['id']}")
    assert reply.json["uri"].endswith(f"/users/news/statuses/{reply.json['id']}")
    (entry,) = sandbox.truth
    assert (entry.action, entry.link, entry.key) == (Action.POST, "https://example.org/a?b=1", None)
    assert entry.id == reply.json["id"]
    assert entry.url == reply.json["url"]


async def test_the_card_appears_only_after_the_answer_to_the_post(caller: Caller) -> None:
    posted = await caller.status("Look https://example.org/a")
    read = await caller.mastodon("GET", f"/api/v1/statuses/{posted.json['id']}", None)

    assert posted.json["card"] is None
    assert read.json["card"]["url"] == "https://example.org/a"


async def test_the_same_key_gives_the_first_status_whatever_the_body(caller: Caller, sandbox: Running) -> None:
    first = await caller.status("First", key="k1")
    second = await caller.status("Second", key="k1")

    assert (first.status, second.status) == (200, 200)
    assert first.json["id"] == second.json["id"]
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.REPEAT]
    assert len(await listed(caller)) == 1


async def test_a_key_belongs_to_one_account(caller: Caller, sandbox: Running) -> None:
    for token in ("sandbox-one", "sandbox-two"):
        headers = {"Idempotency-Key": "k1"}
        await caller.mastodon("POST", "/api/v1/statuses", token, json={"status": "Hello"}, headers=headers)

    assert len(sandbox.truth.posts("mastodon")) == 2


@pytest.mark.parametrize(("passed_s", "posts"), [(3_590, 1), (3_601, 2)])
async def test_a_key_is_kept_for_an_hour(caller: Caller, sandbox: Running, passed_s: float, posts: int) -> None:
    await caller.status(key="k1")
    await caller.control("POST", "/clock", json={"advance_s": passed_s})
    await caller.status(key="k1")

    assert len(sandbox.truth.posts("mastodon")) == posts


async def test_without_a_key_window_keys_are_ignored(caller: Caller, sandbox: Running) -> None:
    await caller.control("POST", "/rules", json={"key_window_s": 0})
    await caller.status(key="k1")
    await caller.status(key="k1")

    assert len(sandbox.truth.posts("mastodon")) == 2


async def test_two_requests_with_one_key_at_the_same_moment_can_both_post(tmp_path: Path) -> None:
    truth = Truth(tmp_path)
    ground = Ground("http://127.0.0.1:1", truth, Attic(None))
    post = next(route for route in Mastodon(ground).routes() if route.kind is RouteKind.POST)
    headers = {"authorization": "Bearer sandbox-news", "idempotency-key": "k1"}
    call = Call("POST", post.path, {}, (), headers, b"status=Hello")

    await asyncio.gather(post.answer(call), post.answer(call))
    truth.close()

    assert [entry.action for entry in truth] == [Action.POST, Action.POST]


async def test_a_key_whose_status_was_deleted_gives_not_found(caller: Caller) -> None:
    posted = await caller.status(key="k1")
    await caller.mastodon("DELETE", f"/api/v1/statuses/{posted.json['id']}")

    assert (await caller.status(key="k1")).status == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": ""}, "Validation failed: Text can't be blank"),
        ({"status": "  \n"}, "Validation failed: Text can't be blank"),
        ({}, "Validation failed: Text can't be blank"),
        ({"status": "a" * 501}, "Validation failed: Text character limit of 500 exceeded"),
        ({"status": "a" * 499, "spoiler_text": "bc"}, "Validation failed: Text character limit of 500 exceeded"),
        ({"status": "a", "visibility": "everyone"}, "Validation failed: Visibility is not included in the list"),
        ({"status": "a", "media_ids": ["77"]}, "Media 77 not found or already attached to another post"),
        ({"status": "a", "media_ids": ["1", "2", "3", "4", "5"]}, "Cannot attach more than 4 files"),
        ({"status": "a", "scheduled_at": "2030-01-01T00:00:00Z"}, "Scheduled posts are not part of the sandbox"),
    ],
)
async def test_an_invalid_status_is_refused(
    caller: Caller, sandbox: Running, fields: dict[str, Any], sentence: str
) -> None:
    reply = await caller.mastodon("POST", "/api/v1/statuses", json=fields)

    assert reply.status == 422
    assert reply.json == {"error": sentence}
    assert len(sandbox.truth) == 0


@pytest.mark.parametrize(
    "text", ["a" * 476 + " https://example.org/" + "x" * 400, "👨‍👩‍👧‍👦" * 500, "@bob@" + "h" * 600 + ".org"]
)
async def test_length_is_counted_as_mastodon_counts(caller: Caller, text: str) -> None:
    assert (await caller.status(text)).status == 200


async def test_the_character_limit_can_be_set_and_is_told(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"max_characters": 20})
    instance = await caller.mastodon("GET", "/api/v2/instance", None)

    assert instance.json["configuration"]["statuses"]["max_characters"] == 20
    assert (await caller.status("a" * 21)).json["error"].endswith("limit of 20 exceeded")


async def test_a_body_that_is_not_what_it_says_is_a_bad_request(caller: Caller) -> None:
    headers = {"Content-Type": "application/json"}
    reply = await caller.mastodon("POST", "/api/v1/statuses", data=b"{", headers=headers)

    assert reply.status == 400


async def test_both_instance_documents_tell_the_limits(caller: Caller) -> None:
    new = (await caller.mastodon("GET", "/api/v2/instance", None)).json["configuration"]
    old = (await caller.mastodon("GET", "/api/v1/instance", None)).json["configuration"]

    expected = {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23}
    assert new["statuses"] == old["statuses"] == expected
    assert new["media_attachments"]["image_size_limit"] == 16_777_216
    assert new["media_attachments"]["image_matrix_limit"] == 33_177_600
    assert new["media_attachments"]["description_limit"] == 1_500
    assert old["media_attachments"] == new["media_attachments"]


async def test_rate_limit_headers_have_an_iso_reset(caller: Caller) -> None:
    reply = await caller.status()

    assert reply.headers["X-RateLimit-Limit"] == "300"
    assert reply.headers["X-RateLimit-Remaining"] == "299"
    assert reply.headers["X-RateLimit-Reset"].endswith("Z")
    assert "T" in reply.headers["X-RateLimit-Reset"]


async def test_limits_count_down_and_refuse_when_switched_on(caller: Caller, sandbox: Running) -> None:
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    replies = [await caller.medium() for _ in range(31)]

    assert [reply.status for reply in replies] == [200] * 30 + [429]
    assert replies[29].headers["X-RateLimit-Remaining"] == "0"
    assert replies[30].json == {"error": "Too many requests"}
    assert "Retry-After" not in replies[30].headers
    await caller.control("POST", "/clock", json={"advance_s": 1_800})
    assert (await caller.medium()).status == 200


async def test_a_listing_has_newest_first_and_pages(caller: Caller) -> None:
    for number in range(5):
        await caller.status(f"Number {number}")

    first = await listed(caller, "?limit=2")
    rest = await listed(caller, f"?limit=40&max_id={first[-1]['id']}")

    assert [status["content"] for status in first] == ["<p>Number 4</p>", "<p>Number 3</p>"]
    assert [status["content"] for status in rest] == ["<p>Number 2</p>", "<p>Number 1</p>", "<p>Number 0</p>"]
    assert len(await listed(caller, f"?since_id={rest[-1]['id']}")) == 4


async def test_a_listing_links_its_next_page(caller: Caller) -> None:
    posted = await caller.status()
    account = posted.json["account"]["id"]
    reply = await caller.mastodon("GET", f"/api/v1/accounts/{account}/statuses")

    assert f'max_id={posted.json["id"]}>; rel="next"' in reply.headers["Link"]


async def test_a_listing_leaves_out_what_is_asked_to_be_left_out(caller: Caller) -> None:
    parent = await caller.status("Parent")
    await caller.status("Reply", in_reply_to_id=parent.json["id"])

    assert len(await listed(caller)) == 2
    kept = await listed(caller, "?exclude_replies=true&exclude_reblogs=true")
    assert [status["content"] for status in kept] == ["<p>Parent</p>"]
    assert await listed(caller, "?only_media=true") == []
    assert await listed(caller, "?pinned=true") == []


async def test_others_see_no_private_status(caller: Caller) -> None:
    posted = await caller.status("Private", visibility="private")
    path = f"/api/v1/statuses/{posted.json['id']}"

    assert (await caller.mastodon("GET", path)).status == 200
    assert (await caller.mastodon("GET", path, "sandbox-other")).status == 404
    assert await listed(caller, token="sandbox-other") == []


async def test_an_unknown_parent_account_or_status_is_not_found(caller: Caller) -> None:
    assert (await caller.status("Reply", in_reply_to_id="1")).status == 404
    assert (await caller.mastodon("GET", "/api/v1/statuses/1")).json == {"error": "Record not found"}
    assert (await caller.mastodon("GET", "/api/v1/accounts/1/statuses")).status == 404
    assert (await caller.mastodon("GET", "/api/v1/nothing")).status == 404


async def test_an_edit_changes_text_and_alt_text_and_is_logged(caller: Caller, sandbox: Running) -> None:
    medium = await caller.medium(description="Before")
    posted = await caller.status("Before", media_ids=[medium.json["id"]])
    change = {
        "status": "After https://example.org/b",
        "media_ids": [medium.json["id"]],
        "media_attributes": [{"id": medium.json["id"], "description": "After"}],
    }
    edited = await caller.mastodon("PUT", f"/api/v1/statuses/{posted.json['id']}", json=change)

    assert edited.status == 200
    assert edited.json["id"] == posted.json["id"]
    assert edited.json["edited_at"] is not None
    assert edited.json["media_attachments"][0]["description"] == "After"
    entry = tuple(sandbox.truth)[-1]
    assert (entry.action, entry.link, entry.media[0].alt) == (Action.EDIT, "https://example.org/b", "After")


async def test_an_edit_without_media_ids_takes_the_media_away(caller: Caller) -> None:
    medium = await caller.medium()
    posted = await caller.status("Before", media_ids=[medium.json["id"]])
    edited = await caller.mastodon("PUT", f"/api/v1/statuses/{posted.json['id']}", data={"status": "After"})

    assert edited.json["media_attachments"] == []


async def test_an_edit_that_changes_nothing_leaves_no_trace(caller: Caller, sandbox: Running) -> None:
    posted = await caller.status("Same")
    edited = await caller.mastodon("PUT", f"/api/v1/statuses/{posted.json['id']}", json={"status": "Same"})

    assert edited.json["edited_at"] is None
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.REPEAT]


async def test_an_edit_refuses_an_alt_text_over_the_limit_and_ignores_what_is_no_medium(caller: Caller) -> None:
    medium = await caller.medium()
    same = {"status": "Same", "media_ids": [medium.json["id"]]}
    posted = await caller.status("Same", media_ids=[medium.json["id"]])
    path = f"/api/v1/statuses/{posted.json['id']}"
    strays: list[Any] = ["no object", {"id": "77", "description": "unknown"}]
    too_long = [{"id": medium.json["id"], "description": "a" * 1_501}]
    ignored = await caller.mastodon("PUT", path, json={**same, "media_attributes": strays})
    refused = await caller.mastodon("PUT", path, json={**same, "media_attributes": too_long})

    assert (ignored.status, ignored.json["edited_at"]) == (200, None)
    assert refused.status == 422


async def test_only_the_author_may_edit_or_delete(caller: Caller) -> None:
    posted = await caller.status()
    path = f"/api/v1/statuses/{posted.json['id']}"

    assert (await caller.mastodon("PUT", path, "sandbox-other", json={"status": "x"})).status == 404
    assert (await caller.mastodon("DELETE", path, "sandbox-other")).status == 404


async def test_a_deleted_status_is_gone_and_frees_its_media(caller: Caller, sandbox: Running) -> None:
    medium = await caller.medium()
    posted = await caller.status("Bye", media_ids=[medium.json["id"]])
    path = f"/api/v1/statuses/{posted.json['id']}"
    deleted = await caller.mastodon("DELETE", path)

    assert deleted.json["text"] == "Bye"
    assert (await caller.mastodon("GET", path)).status == 404
    assert (await caller.mastodon("DELETE", path)).status == 404
    assert (await caller.status("Again", media_ids=[medium.json["id"]])).status == 200
    assert [entry.action for entry in sandbox.truth][2] == Action.DELETE


async def test_a_delete_can_take_the_media_with_it(caller: Caller) -> None:
    medium = await caller.medium()
    posted = await caller.status("Bye", media_ids=[medium.json["id"]])
    await caller.mastodon("DELETE", f"/api/v1/statuses/{posted.json['id']}?delete_media=true")

    assert (await caller.status("Again", media_ids=[medium.json["id"]])).status == 422


async def test_an_account_counts_its_statuses(caller: Caller) -> None:
    posted = await caller.status()
    reply = await caller.mastodon("GET", f"/api/v1/accounts/{posted.json['account']['id']}", None)

    assert (reply.json["acct"], reply.json["statuses_count"]) == ("news", 1)


async def test_a_lone_content_warning_becomes_the_text(caller: Caller) -> None:
    reply = await caller.status("", spoiler_text="Only this")

    assert (reply.json["content"], reply.json["spoiler_text"]) == ("<p>Only this</p>", "")
