import io
from typing import Any

import aiohttp
import pytest

from sandbox_rig import Caller, Reply, image_bytes
from syndicate.sandbox.server import Running
from syndicate.sandbox.telegram_text import BadText, parsed, utf16_length
from syndicate.sandbox.truth import Action

TOKEN = "1:sandbox-news"


async def telegram(caller: Caller, method: str, token: str = TOKEN, **told: Any) -> Reply:
    return await caller.send("POST", f"{caller.addresses.telegram_url}/bot{token}/{method}", json=told)


async def test_a_message_is_posted_and_logged(caller: Caller, sandbox: Running) -> None:
    text = '<b>New</b> &amp; <a href="https://example.org/a?x=1&amp;y=2">read</a>'
    reply = await telegram(caller, "sendMessage", chat_id="@the_news", text=text, parse_mode="HTML")

    result = reply.json["result"]
    assert (reply.json["ok"], result["text"], result["chat"]["username"]) == (True, "New & read", "the_news")
    assert [entity["type"] for entity in result["entities"]] == ["bold", "text_link"]
    (entry,) = sandbox.truth
    assert (entry.network, entry.account, entry.id) == ("telegram", "@the_news", str(result["message_id"]))
    assert (entry.text, entry.link) == ("New & read", "https://example.org/a?x=1&y=2")


async def test_a_preview_names_the_page(caller: Caller, sandbox: Running) -> None:
    preview = {"url": "https://example.org/page", "prefer_large_media": True}
    await telegram(caller, "sendMessage", chat_id=-1001, text="https://example.org/a", link_preview_options=preview)
    form = {"chat_id": "-1001", "text": "b", "link_preview_options": '{"url": "https://example.org/b"}'}
    await caller.send("POST", f"{caller.addresses.telegram_url}/bot{TOKEN}/sendMessage", data=form)

    assert [entry.link for entry in sandbox.truth] == ["https://example.org/page", "https://example.org/b"]


async def photo(caller: Caller, body: bytes, **fields: str) -> Reply:
    form = aiohttp.FormData()
    for name, value in ({"chat_id": "@the_news"} | fields).items():
        form.add_field(name, value)
    form.add_field("photo", io.BytesIO(body), filename="a.jpg", content_type="image/jpeg")
    return await caller.send("POST", f"{caller.addresses.telegram_url}/bot{TOKEN}/sendPhoto", data=form)


async def test_a_photo_is_posted_with_its_caption(caller: Caller, sandbox: Running) -> None:
    reply = await photo(caller, image_bytes(), caption="New https://example.org/a")

    assert reply.json["result"]["photo"][0]["width"] == 40
    (entry,) = sandbox.truth
    assert (entry.link, len(entry.media), entry.media[0].alt) == ("https://example.org/a", 1, None)
    assert (await telegram(caller, "sendPhoto", chat_id="@the_news", photo="https://a.example/a.png")).json["ok"]


@pytest.mark.parametrize(
    ("body", "fields", "description"),
    [
        (b"GIF89a", {}, "IMAGE_PROCESS_FAILED"),
        (image_bytes(4001, 200), {}, "PHOTO_INVALID_DIMENSIONS"),
        (image_bytes(), {"caption": "a" * 1025}, "message caption is too long"),
    ],
)
async def test_a_photo_that_does_not_fit_is_refused(
    caller: Caller, body: bytes, fields: dict[str, str], description: str
) -> None:
    reply = await photo(caller, body, **fields)

    assert (reply.status, reply.json["description"]) == (400, f"Bad Request: {description}")


@pytest.mark.parametrize(
    ("told", "description"),
    [
        ({"text": "New"}, "chat_id is empty"),
        ({"chat_id": "news", "text": "New"}, "chat not found"),
        ({"chat_id": True, "text": "New"}, "chat not found"),
        ({"chat_id": "@the_news"}, "message text is empty"),
        ({"chat_id": "@the_news", "text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"chat_id": "@the_news", "text": "a" * 4097}, "message is too long"),
        ({"chat_id": "@the_news", "text": "👋" * 2049}, "message is too long"),
        ({"chat_id": "@the_news", "text": "a", "link_preview_options": "{"}, "can't parse link preview options"),
        ({"chat_id": "@the_news", "text": "a", "link_preview_options": {"url": 5}}, "object expected"),
        ({"chat_id": "@the_news", "text": "a", "parse_mode": "MarkdownV2"}, "unsupported parse_mode"),
    ],
)
async def test_a_message_that_does_not_fit_is_refused(
    caller: Caller, sandbox: Running, told: dict[str, Any], description: str
) -> None:
    reply = await telegram(caller, "sendMessage", **told)

    assert (reply.status, reply.json["ok"], reply.json["error_code"]) == (400, False, 400)
    assert reply.json["description"].startswith(f"Bad Request: {description}")
    assert len(sandbox.truth) == 0


async def test_no_photo_is_refused(caller: Caller) -> None:
    reply = await telegram(caller, "sendPhoto", chat_id="@the_news")

    assert reply.json["description"] == "Bad Request: there is no photo in the request"


@pytest.mark.parametrize(("token", "status"), [("1:secret", 401), ("secret", 404)])
async def test_a_foreign_token_is_refused(caller: Caller, token: str, status: int) -> None:
    assert (await telegram(caller, "getMe", token)).status == status


async def test_a_bot_and_a_chat_are_told(caller: Caller) -> None:
    me = await caller.send("GET", f"{caller.addresses.telegram_url}/bot{TOKEN}/getMe")
    chat = await telegram(caller, "getChat", chat_id="@the_news")

    assert (me.json["result"]["username"], chat.json["result"]["type"]) == ("news_bot", "channel")


async def test_a_bot_is_told_what_it_may_do(caller: Caller) -> None:
    member = (await telegram(caller, "getChatMember", chat_id="@the_news", user_id=42)).json["result"]

    assert (member["status"], member["user"]["id"], member["can_post_messages"]) == ("administrator", 42, True)


async def test_a_message_is_changed_and_taken_away(caller: Caller, sandbox: Running) -> None:
    first = (await telegram(caller, "sendMessage", chat_id="@the_news", text="New")).json["result"]["message_id"]
    same = {"chat_id": "@the_news", "message_id": first}
    unchanged = await telegram(caller, "editMessageText", **same, text="New")
    changed = await telegram(caller, "editMessageText", **same, text="Newer")
    empty = await telegram(caller, "editMessageText", **same, text="")
    wrong = await telegram(caller, "editMessageCaption", **same, caption="Newer")
    gone = await telegram(caller, "deleteMessage", **same)
    again = await telegram(caller, "deleteMessage", **same)

    assert unchanged.json["description"].startswith("Bad Request: message is not modified")
    assert (changed.json["result"]["text"], gone.json["result"]) == ("Newer", True)
    assert [reply.status for reply in (empty, wrong, again)] == [400, 400, 400]
    assert [entry.action for entry in sandbox.truth] == [Action.POST, Action.EDIT, Action.DELETE]


async def test_a_caption_is_changed_and_the_photo_stays(caller: Caller, sandbox: Running) -> None:
    first = (await photo(caller, image_bytes(), caption="New")).json["result"]["message_id"]
    same = {"chat_id": "@the_news", "message_id": first}
    changed = await telegram(caller, "editMessageCaption", **same, caption="Newer")
    wrong = await telegram(caller, "editMessageText", **same, text="Newer")

    assert "photo" in changed.json["result"]
    assert wrong.json["description"] == "Bad Request: there is no text in the message to edit"
    assert len(tuple(sandbox.truth)[-1].media) == 1


async def test_a_limit_is_told_in_the_body(caller: Caller) -> None:
    fault = {"network": "telegram", "route": "post", "effect": "error_429", "retry_after": 5, "form": "absent"}
    await caller.plan(fault)
    reply = await telegram(caller, "sendMessage", chat_id="@the_news", text="New")

    assert (reply.status, reply.json["parameters"], "Retry-After" in reply.headers) == (429, {"retry_after": 5}, False)


async def test_the_next_message_after_twenty_in_a_minute_is_limited(caller: Caller) -> None:
    await caller.control("POST", "/rules", json={"has_limits": True})
    await caller.control("POST", "/clock", json={"stops": True})
    replies = [await telegram(caller, "sendMessage", chat_id="@the_news", text="New") for _ in range(45)]

    assert next(reply for reply in replies if reply.status == 429).json["parameters"]["retry_after"] >= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a &lt;b&gt; &quot;c&quot; &nbsp; &#65;&#x42; &#0; & <i>d</i>", 'a <b> "c" &nbsp; AB &#0; & d'),
        ("<blockquote expandable>a</blockquote>", "a"),
        ("<a>no address</a>", "no address"),
    ],
)
def test_markup_leaves_the_words(text: str, expected: str) -> None:
    assert parsed(text, "HTML").text == expected


def test_entities_count_in_utf16() -> None:
    (entity,) = parsed("👋 <b>a👋</b>", "html").entities

    assert (entity["offset"], entity["length"], utf16_length("👋")) == (3, 3, 2)


@pytest.mark.parametrize("text", ["<p>a</p>", "a < b", "<b>a", "a</b>", "<b>a</i>", "<>"])
def test_markup_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(BadText, match="can't parse entities"):
        parsed(text, "HTML")
