from typing import Any

import pytest

from sandbox_rig import RKEY, Caller, image_bytes, post_record
from syndicate.sandbox.server import Running


def with_thumb(blob: Any) -> dict[str, Any]:
    external = {"uri": "https://example.org/a", "title": "A", "description": "B", "thumb": blob}
    return post_record(embed={"$type": "app.bsky.embed.external", "external": external})


async def download(caller: Caller, session: Any, cid: str) -> Any:
    return await caller.xrpc("GET", f"com.atproto.sync.getBlob?did={session['did']}&cid={cid}")


async def test_the_same_bytes_have_the_same_cid(caller: Caller) -> None:
    session = await caller.login()
    first, second = [(await caller.blob(session, image_bytes())).json["blob"] for _ in range(2)]

    assert first == second
    assert first["$type"] == "blob"
    assert first["ref"]["$link"].startswith("bafkrei")
    assert first["size"] == len(image_bytes())


async def test_the_type_is_told_by_the_bytes(caller: Caller) -> None:
    session = await caller.login()
    png = await caller.blob(session, image_bytes(kind="PNG"), "image/jpeg")
    svg = await caller.blob(session, b"<svg/>", "image/svg+xml")

    assert (png.json["blob"]["mimeType"], svg.json["blob"]["mimeType"]) == ("image/png", "image/svg+xml")


async def test_a_blob_can_be_downloaded_once_a_record_uses_it(caller: Caller) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, image_bytes())).json["blob"]
    before = await download(caller, session, blob["ref"]["$link"])
    await caller.put(session, with_thumb(blob))
    after = await download(caller, session, blob["ref"]["$link"])

    assert (before.status, before.json["error"]) == (400, "BlobNotFound")
    assert after.body == image_bytes()
    assert after.headers["Content-Type"] == "image/jpeg"


async def test_an_unused_blob_is_forgotten_after_a_while(caller: Caller) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, image_bytes())).json["blob"]
    await caller.control("POST", "/clock", json={"advance_s": 3_601})
    session = await caller.login()
    lost = await caller.put(session, with_thumb(blob))
    await caller.blob(session, image_bytes())
    found = await caller.put(session, with_thumb(blob))

    assert (lost.status, lost.json["error"]) == (400, "BlobNotFound")
    assert lost.json["message"].startswith("Could not find blob: bafkrei")
    assert found.status == 200


async def test_a_used_blob_stays(caller: Caller) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, image_bytes())).json["blob"]
    await caller.put(session, with_thumb(blob))
    await caller.control("POST", "/clock", json={"advance_s": 3_601})
    session = await caller.login()

    assert (await caller.put(session, with_thumb(blob), "3jzfcijpj2z2b")).status == 200


async def test_a_blob_goes_with_the_last_record_that_uses_it(caller: Caller) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, image_bytes())).json["blob"]
    await caller.put(session, with_thumb(blob))
    await caller.put(session, post_record("No image now"))

    assert (await download(caller, session, blob["ref"]["$link"])).json["error"] == "BlobNotFound"
    assert (await caller.put(session, with_thumb(blob), RKEY)).json["error"] == "BlobNotFound"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ref": {"$link": "bafkreiunknown"}}, "BlobNotFound"),
        ({"mimeType": "image/png"}, "InvalidMimeType"),
        ({"mimeType": "text/plain"}, "InvalidMimeType"),
        ({"size": 3}, "InvalidSize"),
        ({"size": 1_000_001}, "BlobTooLarge"),
        ({"size": None}, "InvalidRequest"),
        ({"ref": "bafkrei"}, "InvalidRequest"),
    ],
)
async def test_a_reference_must_fit_its_blob(caller: Caller, change: Any, error: str) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, image_bytes())).json["blob"]
    reply = await caller.put(session, with_thumb({**blob, **change}))

    assert (reply.status, reply.json["error"]) == (400, error)


async def test_another_accounts_blob_is_unknown(caller: Caller) -> None:
    mine, other = await caller.login(), await caller.login("other.test")
    blob = (await caller.blob(other, image_bytes())).json["blob"]

    assert (await caller.put(mine, with_thumb(blob))).json["error"] == "BlobNotFound"


async def test_an_svg_thumb_is_not_refused_as_the_real_pds_does_not(caller: Caller) -> None:
    session = await caller.login()
    blob = (await caller.blob(session, b"<svg/>", "image/svg+xml")).json["blob"]

    assert (await caller.put(session, with_thumb(blob))).status == 200


async def test_a_large_upload_is_taken_and_refused_only_in_the_record(caller: Caller, sandbox: Running) -> None:
    session = await caller.login()
    upload = await caller.blob(session, bytes(4_000_000), "image/jpeg")
    reply = await caller.put(session, with_thumb(upload.json["blob"]))

    assert (upload.status, reply.json["error"]) == (200, "BlobTooLarge")
    assert len(sandbox.truth.posts("bluesky")) == 0


async def test_an_upload_needs_a_body_a_type_and_a_session(caller: Caller) -> None:
    session = await caller.login()
    empty = await caller.blob(session, b"")
    untyped = await caller.xrpc(
        "POST",
        "com.atproto.repo.uploadBlob",
        session["accessJwt"],
        data=b"abc",
        skip_auto_headers=["Content-Type"],
    )
    nobody = await caller.xrpc("POST", "com.atproto.repo.uploadBlob", data=b"abc")

    assert (empty.status, untyped.status, nobody.status) == (400, 400, 401)


async def test_an_upload_over_50_mib_is_refused(caller: Caller) -> None:
    session = await caller.login()

    assert (await caller.blob(session, bytes(52_428_801))).json["error"] == "PayloadTooLarge"
