import io
import json
from typing import Any

import aiohttp
import pytest

from sandbox_rig import Caller, Reply, image_bytes
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

TOKEN = "xoxb-sandbox-news"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*New* <https://example.org/a|a &amp; b>"}}


async def slack(caller: Caller, method: str, token: str | None = TOKEN, **arguments: Any) -> Reply:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{caller.addresses.slack_url}/{method}"
    if method in {"conversations.history", "chat.getPermalink", "conversations.info"}:
        return await caller.send("GET", url, params=arguments, headers=headers)
    return await caller.send("POST", url, json=arguments, headers=headers)


async def test_a_message_is_posted_logged_and_read_back(caller: Caller, sandbox: Running) -> None:
    posted = await slack(caller, "chat.postMessage", channel="CNEWS", text="New", blocks=[SECTION])
    history = await slack(caller, "conversations.history", channel="CNEWS")
    link = await slack(caller, "chat.getPermalink", channel="CNEWS", message_ts=posted.json["ts"])

    assert posted.json["ok"] is True
    assert posted.json["message"]["blocks"] == [SECTION]
    assert [message["ts"] for message in history.json["messages"]] == [posted.json["ts"]]
    (entry,) = sandbox.truth
    assert (entry.network, entry.account, entry.id) == ("slack_bot", "CNEWS", posted.json["ts"])
    assert (entry.text, entry.link, entry.url) == (
        "*New* a & b",
        "https://example.org/a",
        link.json["permalink"],
    )


async def test_equal_messages_are_two_posts(caller: Caller, sandbox: Running) -> None:
    first = await slack(caller, "chat.postMessage", channel="CNEWS", text="New https://example.org/a")
    second = await slack(caller, "chat.postMessage", channel="#news", text="New https://example.org/a")

    assert first.json["ts"] < second.json["ts"]
    assert len(sandbox.truth.posts("slack_bot", "CNEWS")) == 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": "New"}, "channel_not_found"),
        ({"channel": "news", "text": "New"}, "channel_not_found"),
        ({"channel": "CNEWS"}, "no_text"),
        ({"channel": "CNEWS", "text": " "}, "no_text"),
        ({"channel": "CNEWS", "text": 5}, "invalid_arguments"),
        ({"channel": "CNEWS", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": "CNEWS", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "CNEWS", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"channel": "CNEWS", "blocks": [{"type": "marquee"}]}, "invalid_blocks"),
        ({"channel": "CNEWS", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        (
            {"channel": "CNEWS", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "a" * 3001}}]},
            "invalid_blocks",
        ),
        (
            {"channel": "CNEWS", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "a"}}]},
            "invalid_blocks",
        ),
        ({"channel": "CNEWS", "blocks": [{"type": "header", "text": "a"}]}, "invalid_blocks"),
        ({"channel": "CNEWS", "blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"channel": "CNEWS", "blocks": [{"type": "image", "image_url": "https://a.example/a.png"}]}, "invalid_blocks"),
        (
            {
                "channel": "CNEWS",
                "blocks": [{"type": "image", "image_url": "https://a.example", "alt_text": "a" * 2001}],
            },
            "invalid_blocks",
        ),
        ({"channel": "CNEWS", "blocks": [{"type": "image", "image_url": "a.png", "alt_text": "A"}]}, "invalid_blocks"),
        ({"channel": "CNEWS", "blocks": [{"type": "image", "alt_text": "A"}]}, "invalid_blocks"),
        (
            {"channel": "CNEWS", "blocks": [{"type": "image", "slack_file": {"id": "F9"}, "alt_text": "A"}]},
            "invalid_blocks",
        ),
        ({"channel": "CNEWS", "blocks": [{"type": "markdown", "text": ""}]}, "invalid_blocks"),
        ({"channel": "CNEWS", "text": "New", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"channel": "CNEWS", "text": "New", "metadata": "{"}, "invalid_metadata_format"),
    ],
)
async def test_what_slack_refuses_is_a_200_that_says_so(
    caller: Caller, sandbox: Running, arguments: dict[str, Any], error: str
) -> None:
    reply = await slack(caller, "chat.postMessage", **arguments)

    assert (reply.status, reply.json["ok"], reply.json["error"]) == (200, False, error)
    assert len(sandbox.truth) == 0


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("xoxb-1-2", "invalid_auth")])
async def test_a_foreign_token_is_refused(caller: Caller, token: str | None, error: str) -> None:
    assert (await slack(caller, "auth.test", token)).json == {"ok": False, "error": error}


async def test_a_token_is_told_who_it_is(caller: Caller) -> None:
    reply = await slack(caller, "auth.test")

    assert (reply.json["ok"], reply.json["user"], reply.json["bot_id"]) == (True, "news", "BNEWS")


async def test_a_body_that_is_not_json_is_refused(caller: Caller) -> None:
    url, headers = f"{caller.addresses.slack_url}/chat.postMessage", {"Content-Type": "application/json"}

    assert (await caller.send("POST", url, data=b"{", headers=headers)).json["error"] == "invalid_json"


async def test_metadata_comes_back_when_asked_for(caller: Caller) -> None:
    metadata = {"event_type": "post", "event_payload": {"key": "k1"}}
    form = {"channel": "CNEWS", "text": "New", "metadata": json.dumps(metadata), "token": TOKEN}
    await caller.send("POST", f"{caller.addresses.slack_url}/chat.postMessage", data=form)

    plain = await slack(caller, "conversations.history", channel="CNEWS")
    whole = await slack(caller, "conversations.history", channel="CNEWS", include_all_metadata="true")

    assert "metadata" not in plain.json["messages"][0]
    assert whole.json["messages"][0]["metadata"] == metadata


async def test_history_is_cut_into_pages_and_by_time(caller: Caller) -> None:
    posted = [(await slack(caller, "chat.postMessage", channel="CNEWS", text=f"{n}")).json["ts"] for n in range(3)]

    first = (await slack(caller, "conversations.history", channel="CNEWS", limit="2")).json
    cursor = first["response_metadata"]["next_cursor"]
    rest = (await slack(caller, "conversations.history", channel="CNEWS", limit="2", cursor=cursor)).json
    since = (await slack(caller, "conversations.history", channel="CNEWS", oldest=posted[1])).json
    inclusive = (await slack(caller, "conversations.history", channel="CNEWS", oldest=posted[1], inclusive="1")).json

    assert [message["text"] for message in first["messages"]] == ["2", "1"]
    assert ([message["text"] for message in rest["messages"]], rest["has_more"]) == (["0"], False)
    assert [message["text"] for message in since["messages"]] == ["2"]
    assert [message["text"] for message in inclusive["messages"]] == ["2", "1"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"oldest": "soon"}, "invalid_ts_oldest"),
        ({"cursor": "!"}, "invalid_cursor"),
        ({"limit": "0"}, "invalid_limit"),
        ({"limit": "9" * 4301}, "invalid_limit"),
    ],
)
async def test_history_refuses_what_it_cannot_read(caller: Caller, arguments: dict[str, str], error: str) -> None:
    assert (await slack(caller, "conversations.history", channel="CNEWS", **arguments)).json["error"] == error


async def test_a_listing_lags_and_loses_its_newest(caller: Caller, sandbox: Running) -> None:
    await slack(caller, "chat.postMessage", channel="CNEWS", text="Old")
    await slack(caller, "chat.postMessage", channel="CNEWS", text="New")
    await caller.plan({"network": "slack_bot", "route": "read", "effect": "page_loss"})
    lost = await slack(caller, "conversations.history", channel="CNEWS")
    await caller.control("POST", "/rules", json={"listing_lag_s": 60})
    lagging = await slack(caller, "conversations.history", channel="CNEWS")
    await caller.control("POST", "/clock", json={"advance_s": 61})
    whole = await slack(caller, "conversations.history", channel="CNEWS")

    shown = [[message["text"] for message in reply.json["messages"]] for reply in (lost, lagging, whole)]
    assert shown == [["Old"], [], ["New", "Old"]]


async def test_a_message_is_changed_and_taken_away_by_its_bot_alone(caller: Caller, sandbox: Running) -> None:
    ts = (await slack(caller, "chat.postMessage", channel="CNEWS", text="New")).json["ts"]
    other = await slack(caller, "chat.update", "sandbox-other", channel="CNEWS", ts=ts, text="Mine")
    long = await slack(caller, "chat.update", channel="CNEWS", ts=ts, text="a" * 4001)
    changed = await slack(caller, "chat.update", channel="CNEWS", ts=ts, text="Newer")
    shown = (await slack(caller, "conversations.history", channel="CNEWS")).json["messages"]
    gone = await slack(caller, "chat.delete", channel="CNEWS", ts=ts)
    again = await slack(caller, "chat.delete", channel="CNEWS", ts=ts)

    assert [other.json["error"], long.json["error"], again.json["error"]] == [
        "cant_update_message",
        "msg_too_long",
        "message_not_found",
    ]
    assert (changed.json["text"], gone.json["ok"]) == ("Newer", True)
    assert "edited" in shown[0]
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.EDIT, Action.DELETE]


async def upload(caller: Caller, body: bytes, alt: str | None = "A box") -> str:
    form = {"filename": "a.jpg", "length": str(len(body)), **({"alt_txt": alt} if alt else {})}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    asked = await caller.send(
        "POST", f"{caller.addresses.slack_url}/files.getUploadURLExternal", data=form, headers=headers
    )
    sent = await caller.send("POST", asked.json["upload_url"], data=io.BytesIO(body))
    assert (sent.status, sent.body) == (200, f"OK - {len(body)}".encode())
    return str(asked.json["file_id"])


async def test_an_upload_is_shown_by_an_image_block(caller: Caller, sandbox: Running) -> None:
    file_id = await upload(caller, image_bytes())
    early = {"type": "image", "slack_file": {"id": file_id}, "alt_text": "A teal box"}
    too_early = await slack(caller, "chat.postMessage", channel="CNEWS", text="New", blocks=[early])
    done = await slack(caller, "files.completeUploadExternal", files=[{"id": file_id}])
    posted = await slack(caller, "chat.postMessage", channel="CNEWS", text="New", blocks=[early])

    assert (too_early.json["error"], done.json["ok"], posted.json["ok"]) == ("invalid_blocks", True, True)
    (post,) = sandbox.truth.posts("slack_bot")
    assert [(medium.alt, medium.width, medium.type) for medium in post.media] == [("A teal box", 40, "image/jpeg")]
    assert "A teal box" in str((await caller.control("GET", "/")).body, "utf-8")


async def test_an_upload_completed_into_a_channel_is_a_post(caller: Caller, sandbox: Running) -> None:
    body = image_bytes()
    form = aiohttp.FormData()
    form.add_field("filename", io.BytesIO(body), filename="a.jpg", content_type="image/jpeg")
    asked = await caller.send(
        "GET",
        f"{caller.addresses.slack_url}/files.getUploadURLExternal",
        params={"filename": "a.jpg", "length": str(len(body)), "token": TOKEN},
    )
    await caller.send("POST", asked.json["upload_url"], data=form)
    comment = "New https://example.org/a"
    files = json.dumps([{"id": asked.json["file_id"], "title": "A"}])
    await slack(caller, "files.completeUploadExternal", files=files, channel_id="CNEWS", initial_comment=comment)

    (entry,) = sandbox.truth
    assert (entry.action, entry.link, len(entry.media)) == (Action.POST, "https://example.org/a", 1)


async def test_the_first_step_of_an_upload_takes_no_json(caller: Caller) -> None:
    reply = await slack(caller, "files.getUploadURLExternal", filename="a.jpg", length=5)

    assert reply.json["error"] == "invalid_arguments"
    assert "[ERROR] missing required field: filename" in reply.json["response_metadata"]["messages"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"filename": "a", "length": "0"}, "invalid_arguments"),
        ({"filename": "a", "length": "9" * 4301}, "invalid_arguments"),
        ({"filename": "a", "length": str(2**40)}, "file_upload_size_restricted"),
        ({"filename": "a", "length": "5", "alt_txt": "a" * 1001}, "alt_txt_too_large"),
    ],
)
async def test_an_upload_that_cannot_be_is_refused(caller: Caller, form: dict[str, str], error: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{caller.addresses.slack_url}/files.getUploadURLExternal"

    assert (await caller.send("POST", url, data=form, headers=headers)).json["error"] == error


async def test_an_upload_of_another_length_or_address_is_refused(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{caller.addresses.slack_url}/files.getUploadURLExternal"
    asked = await caller.send("POST", url, data={"filename": "a", "length": "5"}, headers=headers)

    short = await caller.send("POST", asked.json["upload_url"], data=b"abc")
    nowhere = await caller.send("POST", asked.json["upload_url"] + "0", data=b"abc")
    unknown = await slack(caller, "files.completeUploadExternal", files=[{"id": asked.json["file_id"]}])
    empty = await slack(caller, "files.completeUploadExternal", files="{")

    assert (short.status, nowhere.status) == (400, 404)
    assert (unknown.json["error"], empty.json["error"]) == ("file_not_found", "invalid_arguments")


@pytest.mark.parametrize(
    ("effect", "status", "error"),
    [
        ("unauthorized_401", 200, "invalid_auth"),
        ("forbidden_403", 200, "missing_scope"),
        ("gone_410", 200, "is_archived"),
        ("error_500_before", 500, "internal_error"),
        ("error_502_after", 502, "fatal_error"),
        ("error_429", 429, "ratelimited"),
    ],
)
async def test_faults_come_in_slacks_shape(caller: Caller, effect: str, status: int, error: str) -> None:
    await caller.plan({"network": "slack_bot", "route": "post", "effect": effect})
    reply = await slack(caller, "chat.postMessage", channel="CNEWS", text="New")

    assert (reply.status, reply.json) == (status, {"ok": False, "error": error})
    assert ("Retry-After" in reply.headers) is (status == 429)


async def test_the_second_message_in_a_second_is_limited(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    replies = [await slack(caller, "chat.postMessage", channel="CNEWS", text="New") for _ in range(30)]

    limited = next(reply for reply in replies if reply.status == 429)
    assert limited.headers["Retry-After"] == "1"


async def test_rich_text_is_shown_as_it_stands(caller: Caller, sandbox: Running) -> None:
    link = {"type": "link", "url": "https://example.org/a?b&c", "text": "A <b> & c"}
    elements = [link, {"type": "text", "text": "\n<!channel> *x*"}]
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}

    posted = await slack(caller, "chat.postMessage", channel="CNEWS", blocks=[block])

    assert posted.json["ok"] is True
    (entry,) = sandbox.truth
    assert (entry.text, entry.link) == ("A <b> & c\n<!channel> *x*", "https://example.org/a?b&c")


@pytest.mark.parametrize(
    "elements",
    [
        [],
        [{"type": "rich_text_list", "elements": []}],
        [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}],
        [{"type": "rich_text_section", "elements": [{"type": "link", "url": "javascript:x"}]}],
        [{"type": "rich_text_section", "elements": [{"type": "marquee"}]}],
    ],
)
async def test_rich_text_that_is_none_is_refused(caller: Caller, elements: list[Any]) -> None:
    blocks = [{"type": "rich_text", "elements": elements}]

    posted = await slack(caller, "chat.postMessage", channel="CNEWS", blocks=blocks)

    assert posted.json["error"] == "invalid_blocks"
