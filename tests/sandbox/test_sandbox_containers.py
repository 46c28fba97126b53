"""The fake Instagram and Threads: containers from their making to their only publishing."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox_rig import Caller, Reply
from syndicate.sandbox.graph import number_of
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

USER = number_of("news")
PHOTO = {
    "image_url": "https://example.org/a.jpg",
    "caption": "Herons @ada https://example.org/a",
    "alt_text": "A heron",
}
THREAD = {"media_type": "TEXT", "text": "Herons @ada", "link_attachment": "https://example.org/a"}
# Network, what makes and what publishes, the field that tells the state, a good container.
BOTH = [
    ("instagram", "media", "media_publish", "status_code", PHOTO),
    ("threads", "threads", "threads_publish", "status", THREAD),
]


async def graph(
    caller: Caller, network: str, method: str, path: str, token: str = "sandbox-news", **fields: str
) -> Reply:
    base = {"instagram": f"{caller.addresses.instagram_url}/v26.0", "threads": f"{caller.addresses.threads_url}/v1.0"}
    given = fields | {"access_token": token}
    return await caller.send(
        method, base[network] + path, **({"data": given} if method == "POST" else {"params": given})
    )


async def state(caller: Caller, network: str, container: str) -> str:
    field = "status_code" if network == "instagram" else "status"
    return str((await graph(caller, network, "GET", f"/{container}", fields=f"{field},error_message")).json[field])


def code_of(reply: Reply) -> tuple[int, Any]:
    return reply.json["error"]["code"], reply.json["error"].get("error_subcode")


@pytest.mark.parametrize(("network", "make", "publish", "field", "fields"), BOTH)
async def test_a_container_is_published_once(
    caller: Caller, sandbox: Running, network: str, make: str, publish: str, field: str, fields: dict[str, str]
) -> None:
    await caller.plan({"network": network, "route": "media", "effect": "processing_202", "polls": 1})
    container = (await graph(caller, network, "POST", f"/{USER}/{make}", **fields)).json["id"]
    early = await graph(caller, network, "POST", f"/{USER}/{publish}", creation_id=container)
    states = [await state(caller, network, container) for _ in range(2)]
    published = await graph(caller, network, "POST", f"/{USER}/{publish}", creation_id=container)
    again = await graph(caller, network, "POST", f"/{USER}/{publish}", creation_id=container)
    states.append(await state(caller, network, container))
    shown = await graph(caller, network, "GET", f"/{published.json['id']}", fields="permalink")
    listed = await graph(caller, network, "GET", f"/{USER}/{make}", fields="id,timestamp")

    assert states == ["IN_PROGRESS", "FINISHED", "PUBLISHED"]
    assert code_of(early) == code_of(again) == (9007, 2207027)
    assert [one["id"] for one in listed.json["data"]] == [published.json["id"]] == [shown.json["id"]]
    [entry] = sandbox.truth
    assert (entry.action, entry.url, entry.called) == (Action.POST, shown.json["permalink"], ("ada",))
    assert entry.link == "https://example.org/a"
    assert [medium.alt for medium in entry.media] == (["A heron"] if network == "instagram" else [])


@pytest.mark.parametrize(("network", "make", "publish", "field", "fields"), BOTH)
async def test_a_container_lives_for_a_day_and_belongs_to_one(
    caller: Caller, network: str, make: str, publish: str, field: str, fields: dict[str, str]
) -> None:
    container = (await graph(caller, network, "POST", f"/{USER}/{make}", **fields)).json["id"]
    other = await graph(
        caller, network, "POST", f"/{number_of('other')}/{publish}", "sandbox-other", creation_id=container
    )
    unseen = await graph(caller, network, "GET", f"/{container}", "sandbox-other", fields=field)
    foreign = await graph(caller, network, "POST", f"/{USER}/{publish}", "sandbox-other", creation_id=container)
    await caller.control("POST", "/clock", json={"advance_s": 24 * 3600})
    late = await graph(caller, network, "POST", f"/{USER}/{publish}", creation_id=container)

    assert await state(caller, network, container) == "EXPIRED"
    assert code_of(late) == code_of(other) == (24, 2207006)
    assert (code_of(unseen), code_of(foreign)) == ((100, 33), (10, None))


@pytest.mark.parametrize(
    ("network", "fields", "code"),
    [
        ("instagram", {**PHOTO, "image_url": "a.jpg"}, (9004, 2207052)),
        ("instagram", {**PHOTO, "caption": "x" * 2201}, (36004, 2207010)),
        ("instagram", {**PHOTO, "caption": "#a " * 31}, (100, 2207010)),
        ("instagram", {**PHOTO, "alt_text": "x" * 1001}, (100, None)),
        ("threads", {**THREAD, "media_type": "NOTE"}, (100, None)),
        ("threads", {**THREAD, "text": "x" * 501}, (100, None)),
        ("threads", {**THREAD, "text": "👩" * 126}, (100, None)),
        ("threads", {**THREAD, "text": ""}, (100, None)),
        ("threads", {**THREAD, "media_type": "IMAGE"}, (100, None)),
        ("threads", {**THREAD, "image_url": "https://example.org/a.jpg"}, (100, None)),
        ("threads", {"media_type": "IMAGE", "image_url": "a.jpg"}, (100, None)),
        ("threads", {**THREAD, "link_attachment": "example"}, (100, None)),
    ],
)
async def test_wrong_containers_are_refused(
    caller: Caller, network: str, fields: dict[str, str], code: tuple[int, Any]
) -> None:
    make = "media" if network == "instagram" else "threads"

    assert code_of(await graph(caller, network, "POST", f"/{USER}/{make}", **fields)) == code


async def test_a_picture_that_cannot_be_fetched_ends_the_container(caller: Caller) -> None:
    lost = {**PHOTO, "image_url": "https://feeds.invalid/a.jpg"}
    container = (await graph(caller, "instagram", "POST", f"/{USER}/media", **lost)).json["id"]
    told = await graph(caller, "instagram", "GET", f"/{container}", fields="status_code,status")
    published = await graph(caller, "instagram", "POST", f"/{USER}/media_publish", creation_id=container)

    assert told.json["status_code"] == "ERROR"
    assert "could not be fetched" in told.json["status"]
    assert code_of(published) == (9007, 2207027)


async def test_threads_can_be_taken_away_and_photos_cannot(caller: Caller, sandbox: Running) -> None:
    ids = {}
    for network, make, publish, _, fields in BOTH:
        container = (await graph(caller, network, "POST", f"/{USER}/{make}", **fields)).json["id"]
        reply = await graph(caller, network, "POST", f"/{USER}/{publish}", creation_id=container)
        ids[network] = reply.json["id"]
    photo = await graph(caller, "instagram", "DELETE", f"/{ids['instagram']}")
    thread = await graph(caller, "threads", "DELETE", f"/{ids['threads']}")

    assert code_of(photo) == (100, 33)
    assert thread.json == {"success": True, "deleted_id": ids["threads"]}
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.POST, Action.DELETE]


async def test_the_days_posts_are_counted(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    for _ in range(101):
        container = (await graph(caller, "instagram", "POST", f"/{USER}/media", **PHOTO)).json["id"]
        reply = await graph(caller, "instagram", "POST", f"/{USER}/media_publish", creation_id=container)
    usage = await graph(caller, "instagram", "GET", f"/{USER}/content_publishing_limit", fields="quota_usage,config")

    assert code_of(reply) == (9, 2207042)
    [told] = usage.json["data"]
    assert (told["quota_usage"], told["config"]["quota_total"]) == (100, 100)


async def test_posts_are_listed_page_by_page(caller: Caller) -> None:
    for _ in range(3):
        container = (await graph(caller, "threads", "POST", f"/{USER}/threads", **THREAD)).json["id"]
        await graph(caller, "threads", "POST", f"/{USER}/threads_publish", creation_id=container)

    asked = {"limit": "2", "fields": "id,link_attachment_url"}
    first = (await graph(caller, "threads", "GET", f"/{USER}/threads", **asked)).json
    second = (await graph(caller, "threads", "GET", f"/{USER}/threads", after="2", **asked)).json
    beyond = (await graph(caller, "threads", "GET", f"/{USER}/threads", after="4", **asked)).json

    assert (first["paging"]["cursors"]["after"], "next" in first["paging"]) == ("2", True)
    assert (len(second["data"]), "next" in second["paging"], beyond) == (1, False, {"data": []})
    assert len({one["id"] for one in first["data"] + second["data"]}) == 3
    assert first["data"][0]["link_attachment_url"] == THREAD["link_attachment"]


async def test_tokens_are_renewed_and_people_named(caller: Caller) -> None:
    me = await graph(caller, "threads", "GET", "/me", "sandbox-Marsh-Notes", fields="id,username")
    host = caller.addresses.threads_url
    renewed = await caller.send(
        "GET", f"{host}/refresh_access_token?grant_type=th_refresh_token&access_token=sandbox-news"
    )
    wrong = await caller.send("GET", f"{host}/access_token?grant_type=password&access_token=sandbox-news")
    lists = [
        await graph(caller, "threads", "GET", f"/{USER}/threads", **{name: value})
        for name in ("limit", "since", "after")
        for value in ("x", "", "²", "9" * 5000)
    ]
    await caller.plan({"network": "threads", "effect": "error_429"})
    limited = await graph(caller, "threads", "GET", "/me")

    assert me.json == {"id": number_of("Marsh-Notes"), "username": "marsh_notes"}
    assert (renewed.json["access_token"], renewed.json["expires_in"]) == ("sandbox-news", 5_184_000)
    assert [code_of(reply)[0] for reply in (wrong, *lists, limited)] == [100] * 13 + [32]
    assert {reply.status for reply in lists} == {400}
