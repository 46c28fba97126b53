"""The fake Facebook page: what it takes, what its feed shows, and its errors by number."""

from __future__ import annotations

import io
import json
from typing import Any

import aiohttp
import pytest

from sandbox_rig import Caller, Reply, image_bytes
from syndicate.sandbox.graph import number_of
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

PAGE, TOKEN = "102030405", "sandbox-102030405"
LINK = "https://example.org/a"


async def graph(caller: Caller, method: str, path: str, token: str = TOKEN, **fields: str) -> Reply:
    url = f"{caller.addresses.facebook_url}/v26.0{path}"
    given = fields | {"access_token": token}
    return await caller.send(method, url, **({"data": given} if method == "POST" else {"params": given}))


async def photo(caller: Caller, body: bytes | None = None) -> Reply:
    form = aiohttp.FormData()
    form.add_field("source", io.BytesIO(image_bytes() if body is None else body), filename="a.jpg")
    for name, value in {"published": "false", "alt_text_custom": "A heron", "access_token": TOKEN}.items():
        form.add_field(name, value)
    return await caller.send("POST", f"{caller.addresses.facebook_url}/v26.0/{PAGE}/photos", data=form)


def code_of(reply: Reply) -> tuple[int, Any]:
    return reply.json["error"]["code"], reply.json["error"].get("error_subcode")


async def test_a_post_is_made_listed_changed_and_taken_away(caller: Caller, sandbox: Running) -> None:
    posted = await graph(caller, "POST", f"/{PAGE}/feed", message="Herons @[4:Zuck]", link=LINK)
    post_id = posted.json["id"]
    fields = "id,message,created_time,permalink_url,attachments{unshimmed_url}"
    listed = await graph(caller, "GET", f"/{PAGE}/published_posts", fields=fields)
    changed = await graph(caller, "POST", f"/{post_id}", message="Herons are back")
    deleted = await graph(caller, "DELETE", f"/{post_id}")
    gone = await graph(caller, "DELETE", f"/{post_id}")

    assert post_id.startswith(f"{PAGE}_")
    [shown] = listed.json["data"]
    assert (shown["message"], shown["attachments"]["data"]) == ("Herons @[4:Zuck]", [{"unshimmed_url": LINK}])
    assert changed.json == deleted.json == {"success": True}
    assert (gone.status, code_of(gone)) == (400, (100, 33))
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.EDIT, Action.DELETE]
    assert [(entry.called, entry.link) for entry in sandbox.truth][:2] == [(("4",), LINK), ((), LINK)]


async def test_a_photo_is_kept_until_a_post_takes_it(caller: Caller, sandbox: Running) -> None:
    media = json.dumps([{"media_fbid": (await photo(caller)).json["id"]}])
    posted = await graph(caller, "POST", f"/{PAGE}/feed", message=f"See {LINK}", attached_media=media)
    other = await graph(caller, "POST", "/5/feed", "sandbox-5", message="See", attached_media=media)

    assert (posted.status, code_of(other)) == (200, (100, None))
    [entry] = sandbox.truth.posts("facebook")
    assert (entry.link, entry.media[0].alt, entry.media[0].width) == (LINK, "A heron", 40)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"message": " "}, (100, None)),
        ({"message": "x", "link": "example"}, (100, 1609005)),
        ({"message": "x", "attached_media": "7"}, (100, None)),
        ({"message": "x", "attached_media": "[]"}, (100, None)),
        ({"message": "x", "published": "maybe"}, (100, None)),
        ({"message": "x" * 63_207}, (100, None)),
    ],
)
async def test_wrong_posts_are_refused_by_number(caller: Caller, fields: dict[str, str], code: tuple[int, Any]) -> None:
    reply = await graph(caller, "POST", f"/{PAGE}/feed", **fields)

    assert (reply.status, code_of(reply)) == (400, code)


async def test_what_is_no_photo_is_refused(caller: Caller) -> None:
    media = json.dumps([{"media_fbid": (await photo(caller)).json["id"]}])
    both = await graph(caller, "POST", f"/{PAGE}/feed", message="x", link=LINK, attached_media=media)

    assert code_of(await photo(caller, b"none")) == (100, 1366046)
    assert code_of(await graph(caller, "POST", f"/{PAGE}/photos")) == (324, None)
    assert code_of(both) == (100, None)


async def test_a_feed_comes_in_pages_from_a_time_on(caller: Caller) -> None:
    for number in range(3):
        await graph(caller, "POST", f"/{PAGE}/feed", message=f"Post {number}")
    first = (await graph(caller, "GET", f"/{PAGE}/published_posts", fields="id,message", limit="2")).json
    after = first["paging"]["cursors"]["after"]
    second = (await graph(caller, "GET", f"/{PAGE}/published_posts", fields="message", limit="2", after=after)).json
    later = (await graph(caller, "GET", f"/{PAGE}/published_posts", since="32503680000")).json
    wrong = [
        await graph(caller, "GET", f"/{PAGE}/published_posts", **{name: value})
        for name in ("limit", "since")
        for value in ("x", "9" * 4301)
    ]

    assert [one["message"] for one in first["data"] + second["data"]] == ["Post 2", "Post 1", "Post 0"]
    assert later == {"data": []}
    assert [code_of(reply)[0] for reply in wrong] == [100] * 4


async def test_a_token_is_one_of_its_page(caller: Caller) -> None:
    me = await graph(caller, "GET", "/me", fields="id,name")
    named = await graph(caller, "GET", "/me", "sandbox-news")
    stranger = await graph(caller, "GET", "/me", "real")
    other = await graph(caller, "POST", "/5/feed", message="x")
    scraped = await graph(caller, "POST", "/", id=LINK, scrape="true")
    unscraped = await graph(caller, "POST", "/", id="x", scrape="true")
    no_form = await caller.send(
        "POST",
        f"{caller.addresses.facebook_url}/v26.0/{PAGE}/feed",
        data=b"{",
        headers={"Content-Type": "application/json"},
    )

    assert (me.json["id"], named.json["id"]) == (PAGE, number_of("news"))
    assert (stranger.status, code_of(stranger)) == (401, (190, None))
    assert (other.status, code_of(other)) == (403, (200, None))
    assert scraped.json["id"] == LINK
    assert [code_of(reply)[0] for reply in (unscraped, no_form)] == [100, 100]


async def test_faults_come_with_numbers_and_the_wait_in_minutes(caller: Caller) -> None:
    effects = ("unauthorized_401", "error_503_before", "error_500_before", "error_429")
    await caller.plan(*({"network": "facebook", "effect": effect, "retry_after": 61} for effect in effects))
    replies = [await graph(caller, "GET", "/me") for _ in effects]

    assert [code_of(reply)[0] for reply in replies] == [190, 2, 1, 32]
    usage = json.loads(replies[-1].headers["X-Business-Use-Case-Usage"])
    assert usage["page"][0]["estimated_time_to_regain_access"] == 2
