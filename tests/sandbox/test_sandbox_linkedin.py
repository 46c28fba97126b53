import asyncio
import io
from typing import Any
from urllib.parse import quote

import pytest

from sandbox_rig import Caller, Reply, image_bytes
from syndicate.sandbox.linkedin_post import said
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

MEMBER, PAGE = "urn:li:person:news", "urn:li:organization:5"
ARTICLE = {"source": "https://example.org/a", "title": "A title", "description": "Told"}
POST: dict[str, Any] = {
    "author": MEMBER,
    "commentary": "New",
    "visibility": "PUBLIC",
    "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
    "lifecycleState": "PUBLISHED",
    "isReshareDisabledByAuthor": False,
    "content": {"article": ARTICLE},
}


async def linkedin(
    caller: Caller, method: str = "POST", path: str = "/rest/posts", token: str = "sandbox-news", **kwargs: Any
) -> Reply:
    headers = {"Authorization": f"Bearer {token}", "LinkedIn-Version": "202609", "X-Restli-Protocol-Version": "2.0.0"}
    headers |= kwargs.pop("headers", {})
    return await caller.send(method, caller.addresses.linkedin_url + path, headers=headers, **kwargs)


async def test_a_post_is_made_and_logged(caller: Caller, sandbox: Running) -> None:
    reply = await linkedin(caller, json=POST)

    assert (reply.status, reply.body) == (201, b"")
    (entry,) = sandbox.truth
    assert (entry.network, entry.account, entry.id) == ("linkedin", "person:news", reply.headers["x-restli-id"])
    assert (entry.text, entry.link) == ("New", "https://example.org/a")


async def test_equal_words_are_refused_with_the_name_of_the_first(caller: Caller, sandbox: Running) -> None:
    replies = await asyncio.gather(*(linkedin(caller, json=POST) for _ in range(4)))
    urn = next(reply for reply in replies if reply.status == 201).headers["x-restli-id"]
    await linkedin(caller, "DELETE", f"/rest/posts/{quote(urn, safe='')}")
    ghost = await linkedin(caller, json=POST | {"content": {"article": ARTICLE | {"title": "Other"}}})
    other = await linkedin(caller, json=POST | {"author": PAGE})
    await caller.control("POST", "/clock", json={"advance_s": 86_401})
    later = await linkedin(caller, json=POST)

    assert sorted(reply.status for reply in replies) == [201, 422, 422, 422]
    assert (ghost.status, other.status, later.status) == (422, 201, 201)
    assert ghost.json["message"].endswith(f"Content is a duplicate of {urn}")
    assert ghost.json["errorDetails"]["inputErrors"][0]["code"] == "DUPLICATE_POST"
    actions = [entry.action for entry in sandbox.truth]
    assert actions == [Action.POST, Action.DELETE, Action.POST, Action.POST]


@pytest.mark.parametrize(
    ("changes", "status", "said_of_it"),
    [
        ({"author": "urn:li:person:other"}, 403, "/author"),
        ({"author": "news"}, 422, "/author"),
        ({"commentary": 5}, 422, "/commentary"),
        ({"commentary": "a" * 3001}, 400, "/commentary"),
        ({"commentary": " ", "content": None}, 422, "/commentary"),
        ({"visibility": "ALL"}, 422, "/visibility"),
        ({"lifecycleState": "DRAFT"}, 422, "/lifecycleState"),
        ({"distribution": {}}, 422, "/distribution/feedDistribution"),
        ({"distribution": {"feedDistribution": "NONE", "targetEntities": 5}}, 422, "/distribution/targetEntities"),
        ({"isReshareDisabledByAuthor": "no"}, 422, "/isReshareDisabledByAuthor"),
        ({"mood": "good"}, 403, "[/mood]"),
        ({"content": {}}, 422, "/content"),
        ({"content": {"article": {"title": "a"}}}, 422, "/content/article/source"),
        ({"content": {"article": ARTICLE | {"title": ""}}}, 422, "/content/article/title"),
        ({"content": {"article": ARTICLE | {"thumbnail": "urn:li:image:none"}}}, 422, "/content"),
        ({"content": {"media": {}}}, 422, "/content/media/id"),
        ({"content": {"media": {"id": "urn:li:image:a", "altText": "a" * 4087}}}, 400, "/content/media/altText"),
        ({"content": {"multiImage": {"images": []}}}, 422, "/content/multiImage/images"),
    ],
)
async def test_a_post_that_does_not_fit_is_refused_by_field(
    caller: Caller, sandbox: Running, changes: dict[str, Any], status: int, said_of_it: str
) -> None:
    reply = await linkedin(caller, json=POST | changes)

    assert (reply.status, reply.json["status"]) == (status, status)
    assert said_of_it in reply.json["message"]
    assert len(sandbox.truth) == 0


@pytest.mark.parametrize("name", ["author", "commentary", "visibility", "distribution", "lifecycleState"])
async def test_a_missing_field_is_named(caller: Caller, name: str) -> None:
    reply = await linkedin(caller, json={field: value for field, value in POST.items() if field != name})

    assert f"/{name}" in reply.json["message"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"LinkedIn-Version": ""}, 400, "VERSION_MISSING"),
        ({"LinkedIn-Version": "202001"}, 426, "NONEXISTENT_VERSION"),
        ({"LinkedIn-Version": "202613"}, 426, "NONEXISTENT_VERSION"),
        ({"X-Restli-Protocol-Version": "1.0.0"}, 400, "INVALID_RESTLI_PROTOCOL"),
        ({"Authorization": "Bearer secret"}, 401, "INVALID_ACCESS_TOKEN"),
        ({"Authorization": ""}, 401, "EMPTY_ACCESS_TOKEN"),
    ],
)
async def test_headers_are_checked_first(caller: Caller, headers: dict[str, str], status: int, code: str) -> None:
    reply = await linkedin(caller, json={}, headers=headers)

    assert (reply.status, reply.json["code"]) == (status, code)


async def test_a_body_that_is_not_json_is_refused(caller: Caller) -> None:
    assert (await linkedin(caller, data=b"{")).json["code"] == "INVALID_JSON"


async def image(caller: Caller, body: bytes, owner: str = MEMBER) -> tuple[str, Reply]:
    asked = await linkedin(
        caller, path="/rest/images?action=initializeUpload", json={"initializeUploadRequest": {"owner": owner}}
    )
    value = asked.json["value"]
    return value["image"], await caller.send("PUT", value["uploadUrl"], data=io.BytesIO(body))


async def test_an_uploaded_image_is_shown_with_its_alt_text(caller: Caller, sandbox: Running) -> None:
    urn, sent = await image(caller, image_bytes())
    state = await linkedin(caller, "GET", f"/rest/images/{quote(urn, safe='')}")
    media = {"content": {"media": {"id": urn, "altText": "A box"}}, "commentary": "New https://example.org/a_b"}
    escaped = media | {"commentary": r"New https://example.org/a\_b"}
    reply = await linkedin(caller, json=POST | escaped)

    assert (sent.status, state.json["status"], reply.status) == (201, "AVAILABLE", 201)
    (entry,) = sandbox.truth
    assert (entry.link, entry.media[0].alt, entry.media[0].width) == ("https://example.org/a_b", "A box", 40)


async def test_an_image_that_is_none_or_not_there_is_refused(caller: Caller) -> None:
    urn, sent = await image(caller, b"no image")
    state = await linkedin(caller, "GET", f"/rest/images/{urn}")
    nowhere = await caller.send("PUT", f"{caller.addresses.linkedin_url}/linkedin/upload/none", data=b"a")
    unknown = await linkedin(caller, "GET", "/rest/images/urn:li:image:none")
    action = await linkedin(caller, path="/rest/images?action=upload", json={})
    owner = await linkedin(caller, path="/rest/images?action=initializeUpload", json={})

    assert (sent.status, state.json["status"]) == (400, "WAITING_UPLOAD")
    assert [reply.status for reply in (nowhere, unknown, action, owner)] == [404, 404, 400, 422]


async def test_a_page_reads_its_posts_and_a_member_does_not(caller: Caller) -> None:
    urn = (await linkedin(caller, json=POST | {"author": PAGE})).headers["x-restli-id"]
    mine = (await linkedin(caller, json=POST)).headers["x-restli-id"]
    found = await linkedin(caller, "GET", f"/rest/posts?q=author&author={quote(PAGE)}&count=10")
    one = await linkedin(caller, "GET", f"/rest/posts/{quote(urn, safe='')}")
    refused = [
        await linkedin(caller, "GET", f"/rest/posts?q=author&author={quote(MEMBER)}"),
        await linkedin(caller, "GET", f"/rest/posts/{quote(mine, safe='')}"),
        await linkedin(caller, "GET", "/rest/posts?author=x"),
        await linkedin(caller, "GET", f"/rest/posts?q=author&author={quote(PAGE)}&count=0"),
        await linkedin(caller, "GET", f"/rest/posts?q=author&author={quote(PAGE)}&count={'9' * 4301}"),
        await linkedin(caller, "GET", "/rest/posts/urn:li:share:1"),
    ]

    assert ([post["id"] for post in found.json["elements"]], one.json["commentary"]) == ([urn], "New")
    assert [reply.status for reply in refused] == [403, 403, 400, 400, 400, 404]


async def test_the_words_can_be_changed_and_the_post_deleted_twice(caller: Caller, sandbox: Running) -> None:
    urn = quote((await linkedin(caller, json=POST)).headers["x-restli-id"], safe="")
    how = {"X-RestLi-Method": "PARTIAL_UPDATE"}
    changed = await linkedin(caller, path=f"/rest/posts/{urn}", json=patch(commentary="Newer"), headers=how)
    refused = [
        await linkedin(caller, path=f"/rest/posts/{urn}", json=patch(commentary="Newer")),
        await linkedin(caller, path=f"/rest/posts/{urn}", json={}, headers=how),
        await linkedin(caller, path=f"/rest/posts/{urn}", json=patch(content={}), headers=how),
    ]
    deleted = [await linkedin(caller, "DELETE", f"/rest/posts/{urn}") for _ in range(2)]

    assert (changed.status, [reply.status for reply in deleted]) == (204, [204, 204])
    assert [reply.status for reply in refused] == [400, 422, 422]
    assert [entry.text for entry in sandbox.truth] == ["New", "Newer", "Newer"]


def patch(**fields: object) -> dict[str, Any]:
    return {"patch": {"$set": fields}}


async def test_a_token_is_told_who_it_is(caller: Caller) -> None:
    assert (await linkedin(caller, "GET", "/v2/userinfo")).json["sub"] == "news"


async def test_a_limit_says_nothing_about_its_end(caller: Caller) -> None:
    await caller.plan({"network": "linkedin", "route": "post", "effect": "error_429", "form": "absent"})
    reply = await linkedin(caller, json=POST)
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    replies = [await linkedin(caller, "GET", "/rest/images/none") for _ in range(151)]

    assert (reply.status, reply.json["serviceErrorCode"], "Retry-After" in reply.headers) == (429, 101, False)
    assert replies[-1].status == 429


@pytest.mark.parametrize(("effect", "code"), [("unauthorized_401", "REVOKED_ACCESS_TOKEN"), ("gone_410", "GONE")])
async def test_faults_come_in_linkedins_shape(caller: Caller, effect: str, code: str) -> None:
    await caller.plan({"network": "linkedin", "route": "post", "effect": effect})

    assert (await linkedin(caller, json=POST)).json["code"] == code


@pytest.mark.parametrize(
    ("commentary", "expected"),
    [
        (r"a \(b\) \#c \@d", "a (b) #c @d"),
        ("a #tag and {hashtag|\\#|other}", "a #tag and #other"),
        ("Thanks @[Big Corp](urn:li:organization:1)!", "Thanks Big Corp!"),
        ("cut (here) and lost", "cut "),
        ("50 % * 2", "50 % "),
    ],
)
def test_words_end_at_what_is_not_escaped(commentary: str, expected: str) -> None:
    assert said(commentary) == expected
