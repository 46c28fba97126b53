"""LinkedIn on the wire: articles, images, little text, receipts and what each refusal proves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from pydantic import ValidationError

from channels.channel_rig import CANARY, PUBLISHED, Naps, card, channel_of, picture, post
from channels.scripted import CUT, NOW, Script, says, scripted
from syndicate.channels.http import Web
from syndicate.channels.linkedin import LinkedInSettings
from syndicate.channels.linkedin_answers import LinkedInPost
from syndicate.errors import Duplicate, NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.compose import compose

PERSON = "urn:li:person:a-B_9"
PAGE = "urn:li:organization:2414183"
SHARE = "urn:li:share:7141138937766391808"
CREATED = says(201, headers={"x-restli-id": SHARE})
DUPLICATE = {
    "message": f"com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of {SHARE}",
    "errorDetails": {"inputErrors": [{"description": "Duplicate post is detected", "code": "DUPLICATE_POST"}]},
    "status": 422,
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Script]:
    async with scripted() as script:
        yield script


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with Web(timeout=timedelta(seconds=5)) as opened:
        yield opened


def linkedin(server: Script, web: Web, author: str = PAGE, naps: Naps | None = None, **more: object) -> Channel:
    settings = {"author": author, "token": CANARY, "api_url": server.url, **more}
    return channel_of("linkedin", settings, web, clock=lambda: NOW, sleep=naps)


def frozen(channel: Channel, number: int = 1, media: str | None = None) -> bytes:
    made = post(channel.wants, number, picture=picture())
    return channel.freeze(made, media, "k", NOW)


async def test_an_article_is_posted_as_documented(server: Script, web: Web) -> None:
    server.will(CREATED)
    channel = linkedin(server, web, version="202610")

    receipt = await channel.publish(frozen(channel, media="urn:li:image:C4D"), "k")

    [heard] = server.heard
    assert (heard.method, heard.path) == ("POST", "/rest/posts")
    assert heard.headers["authorization"] == f"Bearer {CANARY}"
    assert heard.headers["linkedin-version"] == "202610"
    assert heard.headers["x-restli-protocol-version"] == "2.0.0"
    assert heard.headers["content-type"] == "application/json"
    assert heard.json == {
        "author": PAGE,
        "commentary": "Herons are back, no. 1\n\nThey stand where the water is shallow.\n\n{hashtag|\\#|WaterBirds}",
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
        "content": {
            "article": {
                "source": "https://news.example.org/herons/1?from=feed&lang=en",
                "title": "Herons are back, no. 1",
                "description": "They stand where the water is shallow.",
                "thumbnail": "urn:li:image:C4D",
            }
        },
    }
    assert receipt == Receipt(SHARE, f"https://www.linkedin.com/feed/update/{SHARE}/", NOW)


async def test_an_image_post_has_alt_text_and_the_link_in_its_words(server: Script, web: Web) -> None:
    channel = linkedin(server, web, attach="image")
    server.will(CREATED, CREATED)

    await channel.publish(frozen(channel, media="urn:li:image:C4D"), "k")
    await channel.publish(frozen(channel), "k")

    with_image, without = (heard.json for heard in server.heard)
    assert with_image["content"] == {
        "media": {"id": "urn:li:image:C4D", "altText": "A heron on one leg", "title": "Herons are back, no. 1"}
    }
    assert with_image["commentary"].endswith("https://news.example.org/herons/1?from=feed&lang=en")
    assert "content" not in without


async def test_long_titles_and_summaries_are_cut_for_the_card(server: Script, web: Web) -> None:
    channel = linkedin(server, web)
    made = replace(post(channel.wants), card=card(title="Heron 🐦 " * 100, summary=""))
    server.will(CREATED)

    await channel.publish(channel.freeze(made, None, "k", NOW), "k")

    article = server.heard[0].json["content"]["article"]
    assert len(article["title"].encode("utf-16-le")) // 2 <= 400
    assert set(article) == {"source", "title"}


async def test_a_picture_is_announced_brought_and_waited_for(server: Script, web: Web) -> None:
    naps = Naps()
    place = {"uploadUrl": f"{server.url}/dms-uploads/1", "image": "urn:li:image:C4D", "uploadUrlExpiresAt": 1}
    statuses = [says(200, {"status": status}) for status in ("PROCESSING", "AVAILABLE")]
    server.will(says(200, {"value": place}), says(201), *statuses)

    media = await linkedin(server, web, naps=naps).upload(picture(b"bytes"))

    assert media == "urn:li:image:C4D"
    assert [(heard.method, heard.path) for heard in server.heard] == [
        ("POST", "/rest/images?action=initializeUpload"),
        ("PUT", "/dms-uploads/1"),
        ("GET", "/rest/images/urn%3Ali%3Aimage%3AC4D"),
        ("GET", "/rest/images/urn%3Ali%3Aimage%3AC4D"),
    ]
    assert server.heard[0].json == {"initializeUploadRequest": {"owner": PAGE}}
    assert (server.heard[1].body, server.heard[1].headers["content-type"]) == (b"bytes", "image/jpeg")
    assert naps.taken == [3, 3]


async def test_a_members_picture_cannot_be_asked_for_and_is_given_a_moment(server: Script, web: Web) -> None:
    naps = Naps()
    server.will(says(200, {"value": {"uploadUrl": f"{server.url}/up", "image": "urn:li:image:C4D"}}), says(201))

    await linkedin(server, web, PERSON, naps).upload(picture())

    assert (len(server.heard), naps.taken) == (2, [3])


@pytest.mark.parametrize(("status", "error"), [("PROCESSING_FAILED", Rejected), ("WAITING_UPLOAD", Transient)])
async def test_a_picture_that_never_gets_ready_is_told(
    server: Script, web: Web, status: str, error: type[Exception]
) -> None:
    server.will(says(200, {"value": {"uploadUrl": f"{server.url}/up", "image": "urn:li:image:C4D"}}), says(201))
    server.will(*[says(200, {"status": status})] * 10)

    with pytest.raises(error, match="image"):
        await linkedin(server, web).upload(picture())


@pytest.mark.parametrize("url", ["https://evil.example/up", "https://notlinkedin.com/up", "http://www.linkedin.com/up"])
async def test_the_token_goes_to_no_other_host(server: Script, web: Web, url: str) -> None:
    server.will(says(200, {"value": {"uploadUrl": url, "image": "urn:li:image:C4D"}}))

    with pytest.raises(Transient, match="is not LinkedIn's"):
        await linkedin(server, web).upload(picture())


@pytest.mark.parametrize(
    ("status", "body", "headers", "error"),
    [
        (400, {"message": "ERROR :: /commentary :: FIELD_LENGTH_TOO_LONG"}, {}, Rejected),
        (400, {"code": "VERSION_MISSING", "message": "A version must be present"}, {}, Unauthorized),
        (426, {"code": "NONEXISTENT_VERSION", "message": "Requested version is not active"}, {}, Unauthorized),
        (401, {"code": "EXPIRED_ACCESS_TOKEN", "message": "The token has expired"}, {}, Unauthorized),
        (403, {"code": "ACCESS_DENIED", "message": "Not enough permissions"}, {}, Unauthorized),
        (409, {"message": "conflict"}, {}, Transient),
        (422, DUPLICATE, {}, Duplicate),
        (422, {"message": "ERROR :: /author :: field is required"}, {}, Rejected),
        (429, {"message": "Resource level throttle APPLICATION DAY limit reached"}, {}, RateLimited),
        (429, {}, {"Retry-After": "30"}, RateLimited),
        (500, {"message": f"Internal {CANARY}"}, {}, Unknown),
        (503, b"<html>", {}, Unknown),
        (201, b"", {"x-restli-id": "nonsense"}, Unknown),
        (201, b"", {}, Unknown),
        (302, b"", {"Location": "https://www.linkedin.com/login"}, Unknown),
    ],
)
async def test_what_each_answer_proves(
    server: Script, web: Web, status: int, body: object, headers: dict[str, str], error: type[Exception]
) -> None:
    channel = linkedin(server, web)
    server.will(says(status, body, headers=headers))

    with pytest.raises(NetworkError) as told:
        await channel.publish(frozen(channel), "k")

    assert type(told.value) is error
    assert CANARY not in str(told.value)


async def test_a_duplicate_names_the_post_that_is_there(server: Script, web: Web) -> None:
    channel = linkedin(server, web, PERSON)
    server.will(says(422, DUPLICATE), says(422, {**DUPLICATE, "message": "duplicate"}))

    with pytest.raises(Duplicate) as told:
        await channel.publish(frozen(channel), "k")
    with pytest.raises(Duplicate) as nameless:
        await channel.publish(frozen(channel), "k")

    assert told.value.remote_id == SHARE
    assert told.value.url == f"https://www.linkedin.com/feed/update/{SHARE}/"
    assert (nameless.value.remote_id, nameless.value.url) == (None, None)


async def test_limits_of_a_day_without_a_time_are_not_asked_about_every_minute(server: Script, web: Web) -> None:
    channel = linkedin(server, web)
    server.will(says(429, {}), CUT)

    with pytest.raises(RateLimited) as told:
        await channel.publish(frozen(channel), "k")
    with pytest.raises(Unknown):
        await channel.publish(frozen(channel), "k")

    assert told.value.until == NOW + timedelta(minutes=15)


def element(payload: dict[str, Any], urn: str = SHARE, at: datetime = NOW) -> dict[str, Any]:
    return {**payload, "id": urn, "createdAt": 1, "lastModifiedAt": int(at.timestamp() * 1000)}


async def test_a_pages_posts_are_read_back(server: Script, web: Web) -> None:
    channel = linkedin(server, web)
    server.will(CREATED)
    payload = frozen(channel)
    await channel.publish(payload, "k")
    shown = server.heard[0].json
    other = {**shown, "content": {"article": {"source": "https://news.example.org/other", "title": "x"}}}
    server.will(
        says(200, {"elements": [element({"commentary": "x"}, "urn:li:share:1"), element(other), element(shown)]})
    )
    server.will(says(200, {"elements": [element(other)]}), says(200, {"elements": []}))
    server.will(says(200, {"elements": [element(shown, at=NOW - timedelta(days=1))]}))

    found = [await channel.find(payload, "k", NOW) for _ in range(3)]

    assert found == [Receipt(SHARE, f"https://www.linkedin.com/feed/update/{SHARE}/", NOW), None, None]
    query = "author=urn%3Ali%3Aorganization%3A2414183&q=author&count=50&sortBy=LAST_MODIFIED&start=0"
    assert server.heard[1].path == f"/rest/posts?{query}"
    assert server.heard[1].headers["x-restli-method"] == "FINDER"


async def test_an_image_post_is_known_by_its_words(server: Script, web: Web) -> None:
    channel = linkedin(server, web, attach="image")
    server.will(CREATED)
    payload = frozen(channel)
    await channel.publish(payload, "k")
    shown = server.heard[0].json["commentary"]
    shortened = shown.replace("https://news.example.org/herons/1?from=feed&lang=en", "https://lnkd.in/x")
    server.will(says(200, {"elements": [element({"commentary": shortened})]}))

    assert await channel.find(payload, "k", NOW) is not None


SHORTENED = "https://lnkd.in/x"


@pytest.mark.parametrize(
    ("template", "shown", "is_ours"),
    [
        (None, "Herons are back\n\n{hashtag|\\#|WaterBirds}\n\nLINK", True),
        (None, "Herons are back #WaterBirds LINK", True),
        (None, f"Herons are back #WaterBirds {SHORTENED}", True),
        (None, "Herons are back #WaterBirds https://other.example/2", False),
        (None, "Herons are back #WaterBirds", False),
        ("{{ link }} {{ title }}", "LINK Herons are back", True),
        ("{{ link }} {{ title }}", f"{SHORTENED} Herons are back", True),
        ("{{ link }} {{ title }}", "LINK Egrets are back", False),
        ("({{ link }})", "\\(LINK\\)", True),
        ("({{ link }})", f"({SHORTENED})", True),
        ("({{ link }})", "\\(https://other.example/2\\)", False),
    ],
)
@pytest.mark.parametrize("media", [None, "urn:li:image:1"])
async def test_a_post_of_words_is_known_by_words_and_link(
    server: Script, web: Web, template: str | None, shown: str, is_ours: bool, media: str | None
) -> None:
    channel = linkedin(server, web, attach="image")
    made = compose(card(title="Herons are back", summary=""), channel.wants, picture=picture(), template=template)
    payload = channel.freeze(made, media, "k", NOW)
    told = {"commentary": shown.replace("LINK", "https://news.example.org/herons/1?from=feed&lang=en")}
    server.will(says(200, {"elements": [element(told)]}), says(200, {"elements": []}))

    assert (await channel.find(payload, "k", NOW) is not None) is is_ours


def test_what_escapes_a_sign_counts(server: Script, web: Web) -> None:
    channel = linkedin(server, web)

    made = channel.freeze(post(channel.wants, title="_" * 400, summary="(heron) " * 800), None, "k", NOW)

    assert 2900 < len(LinkedInPost.model_validate_json(made).commentary) <= 3000


async def test_reading_back_ends_somewhere(server: Script, web: Web) -> None:
    channel = linkedin(server, web)
    page = says(200, {"elements": [element({"commentary": "x"}, "urn:li:share:1")] * 50})
    server.will(*[page] * 10)

    with pytest.raises(Transient, match="more than 500 posts"):
        await channel.find(frozen(channel), "k", NOW)

    assert "start=450" in server.heard[-1].path


async def test_a_members_posts_cannot_be_read(server: Script, web: Web) -> None:
    channel = linkedin(server, web, PERSON)

    with pytest.raises(Rejected, match="lets no app read"):
        await channel.find(frozen(channel), "k", NOW)

    assert channel.guarantee.evidence is Evidence.DUPLICATE_REFUSAL
    assert linkedin(server, web).guarantee.evidence is Evidence.READS_OWN


async def test_words_are_changed_and_posts_taken_away(server: Script, web: Web) -> None:
    channel = linkedin(server, web)
    receipt = Receipt(SHARE, None, PUBLISHED)
    server.will(says(204), says(204), says(404), says(500))

    edited = await channel.edit(receipt, frozen(channel, 2))
    await channel.delete(receipt)
    await channel.delete(receipt)
    with pytest.raises(Transient):
        await channel.delete(receipt)

    patch, gone = server.heard[0], server.heard[1]
    assert (patch.method, patch.path) == ("POST", "/rest/posts/urn%3Ali%3Ashare%3A7141138937766391808")
    assert patch.headers["x-restli-method"] == "PARTIAL_UPDATE"
    assert set(patch.json["patch"]["$set"]) == {"commentary"}
    assert (gone.method, gone.headers["x-restli-method"]) == ("DELETE", "DELETE")
    assert edited.remote_id == SHARE
    assert channel.abilities == {Action.POST, Action.EDIT, Action.DELETE}


async def test_a_member_is_who_signed_in(server: Script, web: Web) -> None:
    server.will(says(200, {"sub": "a-B_9", "name": "R. Heron"}), says(200, {"sub": "other"}))
    channel = linkedin(server, web, PERSON)

    await channel.open()
    with pytest.raises(Unauthorized, match="the member signed in is urn:li:person:other"):
        await channel.open()

    assert server.paths == ["GET /v2/userinfo"] * 2


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [
        (says(200, {"elements": [{"organization": PAGE, "role": "ADMINISTRATOR", "state": "APPROVED"}]}), True),
        (says(200, {"elements": [{"organization": PAGE, "role": "ANALYST"}]}), False),
        (says(200, {"elements": []}), False),
        (says(403, {"message": "scope"}), True),
        (says(401, {"message": "token"}), False),
    ],
)
async def test_a_page_opens_for_those_who_may_post(server: Script, web: Web, answer: bytes, is_open: bool) -> None:
    channel = linkedin(server, web)
    server.will(answer)

    if is_open:
        await channel.open()
    else:
        with pytest.raises(Unauthorized):
            await channel.open()

    assert server.paths == ["GET /rest/organizationAcls"]


async def test_without_a_sign_in_nothing_is_sent(server: Script, web: Web) -> None:
    settings = {"author": PAGE, "client_id": "app", "client_secret": CANARY, "api_url": server.url}
    channel = channel_of("linkedin", settings, web, clock=lambda: NOW)

    with pytest.raises(Unauthorized, match="syndicate auth news"):
        await channel.open()

    assert (server.heard, channel.app, channel.account) == ([], "linkedin/app", PAGE)
    assert (await channel.standing()).who is None
    await channel.close()


def test_an_author_is_a_member_or_a_page() -> None:
    with pytest.raises(ValidationError, match="is no author"):
        LinkedInSettings.model_validate({"author": "news", "token": CANARY})
