import pytest

from sandbox_rig import Caller, image_bytes
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action


async def test_an_image_is_taken_with_its_alt_text_and_measured_by_content(caller: Caller, sandbox: Running) -> None:
    body = image_bytes(60, 30, "PNG")
    reply = await caller.medium(body, description="A teal box", focus="0.5,-2")

    assert reply.status == 200
    assert reply.json["type"] == "image"
    assert reply.json["description"] == "A teal box"
    assert reply.json["meta"]["original"]["size"] == "60x30"
    assert reply.json["meta"]["focus"] == {"x": 0.5, "y": -1.0}
    (entry,) = sandbox.truth
    medium = entry.media[0]
    assert entry.action is Action.MEDIA
    assert (medium.alt, medium.width, medium.height, medium.type) == ("A teal box", 60, 30, "image/png")
    assert medium.bytes == len(body)


async def test_the_image_can_be_downloaded_unchanged(caller: Caller) -> None:
    body = image_bytes()
    reply = await caller.medium(body)
    download = await caller.send("GET", reply.json["url"])

    assert download.body == body
    assert download.headers["Content-Type"] == "image/jpeg"
    assert (await caller.mastodon("GET", "/media/1/original")).status == 404


async def test_a_post_carries_its_media_in_order(caller: Caller, sandbox: Running) -> None:
    ids = [(await caller.medium(description=f"Number {number}")).json["id"] for number in range(2)]
    posted = await caller.status("Two images", media_ids=list(reversed(ids)))

    assert [medium["description"] for medium in posted.json["media_attachments"]] == ["Number 1", "Number 0"]
    assert [medium.alt for medium in tuple(sandbox.truth)[-1].media] == ["Number 1", "Number 0"]


async def test_media_ids_are_taken_from_a_form_too(caller: Caller) -> None:
    medium = await caller.medium()
    form = {"status": "Form", "media_ids[]": medium.json["id"]}
    posted = await caller.mastodon("POST", "/api/v1/statuses", data=form)

    assert len(posted.json["media_attachments"]) == 1


async def test_media_ids_that_are_no_list_are_ignored_as_rails_does(caller: Caller) -> None:
    medium = await caller.medium()
    posted = await caller.status("Forgotten", media_ids=medium.json["id"])

    assert posted.status == 200
    assert posted.json["media_attachments"] == []


async def test_an_image_alone_is_a_post(caller: Caller) -> None:
    medium = await caller.medium()

    assert (await caller.status("", media_ids=[medium.json["id"]])).status == 200


async def test_media_in_use_or_of_another_account_is_refused(caller: Caller) -> None:
    medium = await caller.medium()
    other = await caller.medium(token="sandbox-other")
    await caller.status("First", media_ids=[medium.json["id"]])
    used = await caller.status("Second", media_ids=[medium.json["id"]])
    foreign = await caller.status("Third", media_ids=[other.json["id"]])

    assert (used.status, foreign.status) == (422, 422)
    assert used.json["error"] == f"Media {medium.json['id']} not found or already attached to another post"


async def test_attached_media_is_no_longer_shown_as_upload(caller: Caller) -> None:
    medium = await caller.medium()
    path = f"/api/v1/media/{medium.json['id']}"

    assert (await caller.mastodon("GET", path)).status == 200
    await caller.status("Used", media_ids=[medium.json["id"]])
    assert (await caller.mastodon("GET", path)).status == 404


async def test_processing_says_202_then_206_then_200(caller: Caller) -> None:
    await caller.plan({"network": "mastodon", "route": "media", "effect": "processing_202", "polls": 2})
    medium = await caller.medium()
    path = f"/api/v1/media/{medium.json['id']}"
    too_early = await caller.status("Early", media_ids=[medium.json["id"]])
    polled = [await caller.mastodon("GET", path) for _ in range(3)]

    assert (medium.status, medium.json["url"]) == (202, None)
    assert too_early.status == 422
    assert "have not finished processing" in too_early.json["error"]
    assert [reply.status for reply in polled] == [206, 206, 200]
    assert polled[2].json["url"] is not None
    assert (await caller.status("Now", media_ids=[medium.json["id"]])).status == 200


async def test_alt_text_can_be_corrected_before_the_post(caller: Caller) -> None:
    medium = await caller.medium(description="Befor")
    path = f"/api/v1/media/{medium.json['id']}"
    corrected = await caller.mastodon("PUT", path, json={"description": "Before", "focus": "0,0"})

    assert corrected.json["description"] == "Before"
    assert corrected.json["meta"]["focus"] == {"x": 0.0, "y": 0.0}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "Validation failed: File can't be blank"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "File content type is invalid"),
        (image_bytes()[:100], "File content type is invalid"),
        (image_bytes(6_000, 5_600, "PNG"), "6000x5600 images are not supported"),
    ],
    ids=["empty", "svg", "cut", "too-many-pixels"],
)
async def test_a_file_mastodon_would_not_take_is_refused(
    caller: Caller, sandbox: Running, body: bytes, sentence: str
) -> None:
    reply = await caller.medium(body)

    assert reply.status == 422
    assert sentence in reply.json["error"]
    assert len(sandbox.truth) == 0


async def test_a_file_of_more_than_16_mib_is_refused(caller: Caller) -> None:
    reply = await caller.medium(bytes(16_777_217))

    assert reply.json == {"error": "Validation failed: File file size must be less than 16 MB"}


async def test_alt_text_over_the_limit_is_refused(caller: Caller) -> None:
    assert (await caller.medium(description="a" * 1_500)).status == 200
    assert (await caller.medium(description="a" * 1_501)).status == 422


async def test_a_request_without_a_file_is_refused(caller: Caller) -> None:
    reply = await caller.mastodon("POST", "/api/v2/media", data={"description": "No file"})

    assert reply.json == {"error": "Validation failed: File can't be blank"}


async def test_a_focus_that_is_none_is_left_out(caller: Caller) -> None:
    assert "focus" not in (await caller.medium(focus="middle")).json["meta"]
