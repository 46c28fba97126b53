import hashlib
from typing import Any

import pytest

from sandbox_rig import post_record
from syndicate.sandbox.bluesky_record import (
    TID,
    InvalidRecord,
    alts_of,
    blob_cid,
    blobs_of,
    check_post,
    link_of,
    record_cid,
)

BLOB = {"$type": "blob", "ref": {"$link": "bafkreia"}, "mimeType": "image/jpeg", "size": 10}


def card(**fields: Any) -> dict[str, Any]:
    external = {"uri": "https://example.org/a", "title": "A", "description": "", **fields}
    external = {name: value for name, value in external.items() if value is not ...}
    return {"embed": {"$type": "app.bsky.embed.external", "external": external}}


def images(*rows: Any) -> dict[str, Any]:
    return {"embed": {"$type": "app.bsky.embed.images", "images": list(rows)}}


def facet(*features: Any, start: Any = 0, end: Any = 5) -> dict[str, Any]:
    return {"facets": [{"index": {"byteStart": start, "byteEnd": end}, "features": list(features)}]}


def link(uri: Any) -> dict[str, Any]:
    return {"$type": "app.bsky.richtext.facet#link", "uri": uri}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"text": ""},
        {"text": "a" * 300},
        {"text": "👨‍👩‍👧‍👦" * 120},
        {"createdAt": "2026-01-02T03:04:05Z"},
        {"createdAt": "2026-01-02T03:04:05.1234567+02:00"},
        {"langs": ["en", "de-AT", "zh-Hans"]},
        {"tags": ["a" * 64] * 8},
        card(),
        card(thumb=BLOB),
        images({"image": BLOB, "alt": ""}),
        images(*[{"image": BLOB, "alt": "a", "aspectRatio": {"width": 1, "height": 1}}] * 4),
        facet(link("https://example.org/a")),
        facet(link("https://example.org/a"), start=0, end=5_000),
        facet({"$type": "app.bsky.richtext.facet#tag", "tag": "OpenData"}),
        facet({"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:abc"}),
        facet({"$type": "org.example.new#thing"}),
        {"embed": {"$type": "org.example.new"}},
    ],
)
def test_what_the_real_pds_takes_passes(fields: dict[str, Any]) -> None:
    record = post_record() | fields

    check_post(record)

    assert record_cid(record).startswith("bafyrei")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": 5}, "Record/text must be a string"),
        ({"text": "a" * 301}, "Record/text must not be longer than 300 graphemes"),
        ({"text": "👨‍👩‍👧‍👦" * 121}, "Record/text must not be longer than 3000 characters"),
        ({"createdAt": "2026-01-02"}, "Record/createdAt must be an valid atproto datetime"),
        ({"createdAt": "2026-01-02T03:04:05"}, "Record/createdAt must be an valid atproto datetime"),
        ({"createdAt": "2026-02-30T03:04:05Z"}, "Record/createdAt must be an valid atproto datetime"),
        ({"createdAt": "2026-01-02T03:04:05-00:00"}, "Record/createdAt must be an valid atproto datetime"),
        ({"langs": ["en", "de", "fr", "es"]}, "Record/langs must not have more than 3 elements"),
        ({"langs": ["english language"]}, "Record/langs/0 must be a well-formed BCP 47 language tag"),
        ({"langs": "en"}, "Record/langs must be an array"),
        ({"tags": ["a"] * 9}, "Record/tags must not have more than 8 elements"),
        ({"tags": ["a" * 65]}, "Record/tags/0 must not be longer than 64 graphemes"),
        ({"tags": [1]}, "Record/tags/0 must be a string"),
        (card(description=...), 'Record/embed/external must have the property "description"'),
        (card(title=...), 'Record/embed/external must have the property "title"'),
        (card(uri=...), 'Record/embed/external must have the property "uri"'),
        (card(uri="example.org/a"), "Record/embed/external/uri must be a uri"),
        (card(thumb=BLOB | {"size": 1_000_001}), "This file is too large."),
        (card(thumb="https://example.org/a.jpg"), "Record/embed/external/thumb should be a blob ref"),
        (images({"image": BLOB}), 'Record/embed/images/0 must have the property "alt"'),
        (images({"alt": "a"}), 'Record/embed/images/0 must have the property "image"'),
        (images("a"), "Record/embed/images/0 must be an object"),
        (images(*[{"image": BLOB, "alt": "a"}] * 5), "Record/embed/images must not have more than 4 elements"),
        (images({"image": BLOB | {"size": 2_000_001}, "alt": "a"}), "This file is too large."),
        (images({"image": BLOB | {"mimeType": "video/mp4"}, "alt": "a"}), "Wrong type of file."),
        (images({"image": BLOB, "alt": "a", "aspectRatio": {"width": 0, "height": 1}}), "can not be less than 1"),
        ({"embed": {"$type": "app.bsky.embed.images"}}, 'Record/embed must have the property "images"'),
        ({"embed": {"external": {}}}, 'Record/embed must be an object which includes the "$type" property'),
        ({"embed": []}, "Record/embed must be an object"),
        ({"facets": ["a"]}, "Record/facets/0 must be an object"),
        ({"facets": [{"features": []}]}, "Record/facets/0/index must be an object"),
        ({"facets": [{"index": {"byteStart": 0, "byteEnd": 1}}]}, 'must have the property "features"'),
        (facet(link("https://a.org"), start=-1), "byteStart can not be less than 0"),
        (facet(link("https://a.org"), end=1.5), "byteEnd must be an integer"),
        (facet(link("a.org")), "Record/facets/0/features/0/uri must be a uri"),
        (facet({"uri": "https://a.org"}), 'an object which includes the "$type" property'),
        (facet({"$type": "app.bsky.richtext.facet#mention", "did": "bob"}), "did must be a valid did"),
        (facet({"$type": "app.bsky.richtext.facet#tag"}), "Record/facets/0/features/0/tag must be a string"),
    ],
)
def test_what_the_real_pds_refuses_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        check_post(post_record() | fields)

    assert message in str(refused.value)


def test_a_post_needs_its_date_and_its_text() -> None:
    with pytest.raises(InvalidRecord, match='Record must have the property "createdAt"'):
        check_post({"text": "a"})
    with pytest.raises(InvalidRecord, match='Record must have the property "text"'):
        check_post({"createdAt": "2026-01-02T03:04:05Z"})


def test_the_link_is_the_cards_before_the_facets() -> None:
    with_both = post_record() | card() | facet(link("https://example.org/b"))

    assert link_of(with_both) == "https://example.org/a"
    assert link_of(post_record() | facet(link("https://example.org/b"))) == "https://example.org/b"
    assert link_of(post_record() | facet({"$type": "app.bsky.richtext.facet#tag", "tag": "a"})) is None


def test_blobs_are_found_wherever_they_are() -> None:
    record = post_record() | images({"image": BLOB, "alt": "a"}) | {"more": [{"deep": BLOB}]}

    assert [blob.cid for blob in blobs_of(record)] == ["bafkreia", "bafkreia"]
    assert alts_of(record) == {"bafkreia": "a"}


def test_a_cid_depends_on_content_alone() -> None:
    assert record_cid({"a": 1, "b": 2}) == record_cid({"b": 2, "a": 1}) != record_cid({"a": 1})


def test_a_blob_cid_is_the_real_one() -> None:
    # CIDv1, raw, SHA-256 of the empty string, as any IPFS tool gives it.
    assert blob_cid(b"") == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")


def test_tid_form() -> None:
    assert TID.fullmatch("3jzfcijpj2z2a")
    assert not TID.fullmatch("kjzfcijpj2z2a")
