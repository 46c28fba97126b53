"""The fake X: what it takes, what it refuses and in what words, what a timeline shows."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
import pytest

from sandbox_rig import Caller, Reply, image_bytes
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action
from syndicate.sandbox.x_text import called_in, links_in, shown, weight_of

LINK = "https://example.org/a?b=1&c=2"


async def x(
    caller: Caller, method: str = "POST", path: str = "/2/tweets", token: str = "sandbox-news", **kwargs: Any
) -> Reply:
    headers = {"Authorization": f"Bearer {token}"}
    return await caller.send(method, caller.addresses.x_url + path, headers=headers, **kwargs)


async def uploaded(caller: Caller, body: bytes | None = None, **fields: str) -> Reply:
    form = aiohttp.FormData()
    form.add_field("media", io.BytesIO(image_bytes() if body is None else body), filename="a.jpg")
    for name, value in ({"media_category": "tweet_image"} | fields).items():
        form.add_field(name, value)
    return await x(caller, path="/2/media/upload", data=form)


async def user_id(caller: Caller) -> str:
    return str((await x(caller, "GET", "/2/users/me")).json["data"]["id"])


async def test_a_post_is_made_logged_listed_and_taken_away(caller: Caller, sandbox: Running) -> None:
    posted = await x(caller, json={"text": f"Herons & co {LINK}"})
    path = f"/2/users/{await user_id(caller)}/tweets?max_results=5&tweet.fields=created_at,entities"
    listed = await x(caller, "GET", path)
    deleted = await x(caller, "DELETE", f"/2/tweets/{posted.json['data']['id']}")
    again = await x(caller, "DELETE", f"/2/tweets/{posted.json['data']['id']}")
    after = await x(caller, "GET", path)

    assert posted.status == 201
    assert (sandbox.truth.posts("x", "news")[0].link, posted.headers["x-rate-limit-limit"]) == (LINK, "100")
    [tweet] = listed.json["data"]
    assert tweet["text"].startswith("Herons &amp; co https://t.co/")
    assert [url["expanded_url"] for url in tweet["entities"]["urls"]] == [LINK]
    assert deleted.json == again.json == {"data": {"deleted": True}}
    assert after.json == {"meta": {"result_count": 0}}
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.DELETE]


async def test_equal_words_are_refused_for_a_while_without_a_name(caller: Caller) -> None:
    replies = await asyncio.gather(*(x(caller, json={"text": "Herons"}) for _ in range(3)))
    await caller.control("POST", "/clock", json={"advance_s": 86_401})
    later = await x(caller, json={"text": "Herons"})

    assert sorted(reply.status for reply in replies) == [201, 403, 403]
    refusal = next(reply for reply in replies if reply.status == 403)
    assert refusal.json == {
        "title": "Forbidden",
        "detail": "You are not allowed to create a Tweet with duplicate content.",
        "type": "about:blank",
        "status": 403,
    }
    assert refusal.headers["content-type"].startswith("application/problem+json")
    assert later.status == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "x" * 280}, 201),
        ({"text": "x" * 281}, 403),
        ({"text": "鷺" * 140}, 201),
        ({"text": "鷺" * 141}, 403),
        ({"text": "x" * 256 + f" {LINK}{'a' * 300}"}, 201),
        ({"text": "x" * 257 + f" {LINK}{'a' * 300}"}, 403),
        ({"text": "$ABC and $DEF"}, 403),
        ({"text": "$ABC and $5"}, 201),
        ({"text": " "}, 400),
        ({"text": 5}, 400),
        ({"status": "x"}, 400),
        ({"text": "x", "media": {}}, 400),
        ({"text": "x", "media": {"media_ids": ["1"]}}, 400),
        ({"text": "x", "media": {"media_ids": ["1"] * 5}}, 400),
    ],
)
async def test_limits_are_those_of_the_documents(caller: Caller, body: dict[str, Any], status: int) -> None:
    assert (await x(caller, json=body)).status == status


async def test_a_picture_is_processed_described_and_shown(caller: Caller, sandbox: Running) -> None:
    await caller.plan({"network": "x", "route": "media", "effect": "processing_202", "polls": 1})
    media = (await uploaded(caller)).json["data"]
    early = await x(caller, json={"text": "Early", "media": {"media_ids": [media["id"]]}})
    status = await x(caller, "GET", f"/2/media/upload?command=STATUS&media_id={media['id']}")
    alt = {"id": media["id"], "metadata": {"alt_text": {"text": "A heron"}}}
    described = await x(caller, path="/2/media/metadata", json=alt)
    posted = await x(caller, json={"text": "Herons", "media": {"media_ids": [media["id"]]}})
    stranger = await x(caller, token="sandbox-other", json={"text": "Herons", "media": {"media_ids": [media["id"]]}})

    assert media["processing_info"]["state"] == "in_progress"
    assert "processing_info" not in status.json["data"]
    assert (early.status, described.status, posted.status, stranger.status) == (400, 200, 201, 400)
    [shown_image] = sandbox.truth.posts("x")[0].media
    assert (shown_image.alt, shown_image.type, shown_image.width) == ("A heron", "image/jpeg", 40)


async def test_what_is_no_picture_is_refused(caller: Caller) -> None:
    replies = [
        await uploaded(caller, b"no image"),
        await uploaded(caller, image_bytes() + b" " * 5_000_000),
        await uploaded(caller, media_category="tweet_video"),
        await x(caller, path="/2/media/upload", data=b"nothing"),
        await x(caller, path="/2/media/metadata", json={"id": "1", "metadata": {"alt_text": {"text": "a"}}}),
        await x(caller, "GET", "/2/media/upload?command=STATUS&media_id=1"),
    ]

    assert {reply.status for reply in replies} == {400}


async def test_a_timeline_comes_in_pages_from_a_time_on(caller: Caller) -> None:
    for number in range(7):
        await x(caller, json={"text": f"Post {number}"})
    path = f"/2/users/{await user_id(caller)}/tweets?max_results=5"
    first = (await x(caller, "GET", path)).json
    second = (await x(caller, "GET", f"{path}&pagination_token={first['meta']['next_token']}")).json
    later = (await x(caller, "GET", f"{path}&start_time=2999-01-01T00:00:00Z")).json
    many = "9" * 4301
    wrong = [
        await x(caller, "GET", place)
        for place in (
            path.replace("=5", "=4"),
            path.replace("=5", f"={many}"),
            f"{path}&start_time=noon",
            f"{path}&pagination_token={many}",
        )
    ]
    nobody = await x(caller, "GET", "/2/users/1/tweets")

    assert [tweet["text"] for tweet in first["data"] + second["data"]] == [f"Post {n}" for n in reversed(range(7))]
    assert later["meta"] == {"result_count": 0}
    assert [reply.status for reply in wrong] == [400] * 4
    assert nobody.status == 404


async def test_strangers_and_wrong_bodies_are_refused(caller: Caller) -> None:
    assert (await x(caller, token="real", json={"text": "x"})).status == 401
    assert (await x(caller, data=b"text=x")).status == 400
    assert (await caller.send("POST", f"{caller.addresses.x_url}/2/tweets", json={"text": "x"})).status == 401


async def test_a_full_window_tells_its_end_as_an_epoch(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"has_limits": True, "duplicate_window_s": 0})
    await caller.control("POST", "/clock", json={"stops": True})
    replies = [await x(caller, json={"text": f"Post {number}"}) for number in range(101)]
    await caller.plan({"network": "x", "effect": "error_429", "form": "absent"})
    planned = await x(caller, json={"text": "More"})

    assert [reply.status for reply in replies] == [201] * 100 + [429]
    assert replies[-1].headers["x-rate-limit-reset"].isdecimal()
    assert planned.headers["x-rate-limit-reset"].isdecimal()


@pytest.mark.parametrize(
    ("text", "weight"),
    [("", 0), ("abc", 3), ("鷺", 2), ("👩🏽‍⚕️", 2), ("…", 2), ("–", 1), ("a https://x.example/" + "y" * 99, 25)],
)
def test_signs_have_their_weights(text: str, weight: int) -> None:
    assert weight_of(text) == weight


def test_mentions_and_links_are_seen_where_x_sees_them() -> None:
    assert called_in("@ada, mail@host.example and (@bob) or ＠full") == ("ada", "bob", "full")
    assert called_in("https://example.org/@ada @\u200bbob") == ()
    assert links_in("see example.com/x, https://a.test/b.") == ["example.com/x", "https://a.test/b"]
    assert shown("a < b")[0] == "a &lt; b"
