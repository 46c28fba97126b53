"""What a Bluesky PDS demands of a post record, and the content ids it gives. Pure.

Source: atproto lexicons app.bsky.feed.post, app.bsky.richtext.facet, app.bsky.embed.external, app.bsky.embed.images and
packages/syntax; and what a real PDS 0.5.35 was seen to refuse and to let pass. Read 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import regex

POST = "app.bsky.feed.post"
MAX_GRAPHEMES, MAX_BYTES = 300, 3_000
MAX_LANGS, MAX_TAGS, MAX_IMAGES = 3, 8, 4
TAG_GRAPHEMES, TAG_BYTES = 64, 640
THUMB_BYTES, IMAGE_BYTES = 1_000_000, 2_000_000

TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
RECORD_KEY = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_~.:-]{1,512}")
NSID = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)+\.[a-zA-Z][a-zA-Z0-9]*")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,20})?(?:Z|[+-]\d\d:\d\d)")
_URI = re.compile(r"\w+:(?://)?[^\s/]\S*")
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8}|i-[a-z]+|x)(?:-[a-z0-9]{1,8})*", re.IGNORECASE)
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class BlobRef:
    """What a record says of a blob it uses."""

    cid: str
    mime_type: str
    size_bytes: object


class InvalidRecord(Exception):
    """The record breaks its lexicon; `name` is the XRPC error name. It is what the fake PDS says, not our own error."""

    def __init__(self, message: str, name: str = "InvalidRequest") -> None:
        super().__init__(message)
        self.name = name


def check_post(record: Mapping[str, Any]) -> None:
    """Let a valid post pass.

    A facet that ends beyond the text passes: the real PDS does not look at that either.

    Raises:
        InvalidRecord: with the first fault found.
    """
    text = _string(record, "text", "Record/text")
    _check_size(text, "Record/text", MAX_BYTES, MAX_GRAPHEMES)
    _check_datetime(_string(record, "createdAt", "Record/createdAt"), "Record/createdAt")
    for index, language in _listed(record, "langs", "Record/langs", MAX_LANGS):
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
            raise InvalidRecord(f"Record/langs/{index} must be a well-formed BCP 47 language tag")
    for index, tag in _listed(record, "tags", "Record/tags", MAX_TAGS):
        _check_tag(tag, f"Record/tags/{index}")
    for index, facet in _listed(record, "facets", "Record/facets"):
        _check_facet(facet, f"Record/facets/{index}")
    if "embed" in record:
        _check_embed(_object(record, "embed", "Record/embed"), "Record/embed")


def blobs_of(value: object) -> Iterator[BlobRef]:
    """Every blob reference inside a record."""
    if isinstance(value, dict):
        if value.get("$type") == "blob" and isinstance(value.get("ref"), dict):
            yield BlobRef(str(value["ref"].get("$link")), str(value.get("mimeType")), value.get("size"))
        else:
            for inner in value.values():
                yield from blobs_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from blobs_of(inner)


def called_in(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The accounts that facets mention; words alone call nobody."""
    features = [feature for facet in record.get("facets") or () for feature in facet["features"]]
    return tuple(str(feature["did"]) for feature in features if "did" in feature)


def alts_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The alt texts of a post's images by content id; a card's thumb has none."""
    embed = record.get("embed")
    images = embed.get("images", []) if isinstance(embed, dict) else []
    return {image["image"]["ref"]["$link"]: image["alt"] for image in images}


def link_of(record: Mapping[str, Any]) -> str | None:
    """The address a post is about: its card's, else its first link facet's."""
    embed = record.get("embed")
    if isinstance(embed, dict) and isinstance(embed.get("external"), dict):
        return str(embed["external"].get("uri"))
    for facet in record.get("facets") or ():
        for feature in facet["features"]:
            if feature.get("$type") == "app.bsky.richtext.facet#link":
                return str(feature["uri"])
    return None


def record_cid(record: Mapping[str, Any]) -> str:
    """A content id in the shape of a record's, equal for equal records; its digest is of sorted JSON, not of CBOR."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return _cid(0x71, hashlib.sha256(text.encode()).digest())


def blob_cid(body: bytes) -> str:
    """The content id of a blob, exactly as the real one."""
    return _cid(0x55, hashlib.sha256(body).digest())


def _cid(codec: int, digest: bytes) -> str:
    """CID version 1 with a SHA-256 multihash (0x12, 32 bytes), base32 in lower case: `bafyrei...` or `bafkrei...`."""
    return "b" + base64.b32encode(bytes((1, codec, 0x12, 32)) + digest).decode().lower().rstrip("=")


def _check_facet(facet: object, path: str) -> None:
    if not isinstance(facet, dict):
        raise InvalidRecord(f"{path} must be an object")
    index = _object(facet, "index", f"{path}/index")
    for name in ("byteStart", "byteEnd"):
        _whole_number(index, name, f"{path}/index/{name}", minimum=0)
    if not isinstance(facet.get("features"), list):
        raise InvalidRecord(f'{path} must have the property "features"')
    for number, feature in enumerate(facet["features"]):
        _check_feature(feature, f"{path}/features/{number}")


def _check_feature(feature: object, path: str) -> None:
    if not isinstance(feature, dict) or not isinstance(feature.get("$type"), str):
        raise InvalidRecord(f'{path} must be an object which includes the "$type" property')
    match feature["$type"]:
        case "app.bsky.richtext.facet#link":
            _check_uri(feature, "uri", f"{path}/uri")
        case "app.bsky.richtext.facet#tag":
            _check_tag(feature.get("tag"), f"{path}/tag")
        case "app.bsky.richtext.facet#mention" if not _DID.fullmatch(_string(feature, "did", f"{path}/did")):
            raise InvalidRecord(f"{path}/did must be a valid did")


def _check_embed(embed: Mapping[str, Any], path: str) -> None:
    kind = embed.get("$type")
    if not isinstance(kind, str):
        raise InvalidRecord(f'{path} must be an object which includes the "$type" property')
    check = _EMBEDS.get(kind)
    # The lexicon's union is open: a kind of embed the server does not know passes unread.
    if check is not None:
        check(embed, path)


def _check_external(embed: Mapping[str, Any], path: str) -> None:
    external = _object(embed, "external", f"{path}/external")
    _check_uri(external, "uri", f"{path}/external/uri")
    _string(external, "title", f"{path}/external/title")
    _string(external, "description", f"{path}/external/description")
    if "thumb" in external:
        _check_blob(external["thumb"], f"{path}/external/thumb", THUMB_BYTES)


def _check_images(embed: Mapping[str, Any], path: str) -> None:
    if not isinstance(embed.get("images"), list):
        raise InvalidRecord(f'{path} must have the property "images"')
    for index, image in _listed(embed, "images", f"{path}/images", MAX_IMAGES):
        here = f"{path}/images/{index}"
        if not isinstance(image, dict):
            raise InvalidRecord(f"{here} must be an object")
        if "image" not in image:
            raise InvalidRecord(f'{here} must have the property "image"')
        _check_blob(image["image"], f"{here}/image", IMAGE_BYTES)
        _string(image, "alt", f"{here}/alt")
        if "aspectRatio" in image:
            ratio = _object(image, "aspectRatio", f"{here}/aspectRatio")
            for name in ("width", "height"):
                _whole_number(ratio, name, f"{here}/aspectRatio/{name}", minimum=1)


_EMBEDS: Mapping[str, Callable[[Mapping[str, Any], str], None]] = {
    "app.bsky.embed.external": _check_external,
    "app.bsky.embed.images": _check_images,
}


def _check_blob(blob: object, path: str, limit_bytes: int) -> None:
    is_blob = isinstance(blob, dict) and blob.get("$type") == "blob" and isinstance(blob.get("ref"), dict)
    if not is_blob or not isinstance(blob, dict) or not isinstance(blob["ref"].get("$link"), str):
        raise InvalidRecord(f"{path} should be a blob ref")
    if not str(blob.get("mimeType")).startswith("image/"):
        raise InvalidRecord(
            f"Wrong type of file. It is {blob.get('mimeType')} but it must match image/*.", "InvalidMimeType"
        )
    if _whole_number(blob, "size", f"{path}/size", minimum=0) > limit_bytes:
        raise InvalidRecord(
            f"This file is too large. It is {blob['size']} but the maximum size is {limit_bytes}.", "BlobTooLarge"
        )


def _check_datetime(value: str, path: str) -> None:
    try:
        is_valid = _DATETIME.fullmatch(value) is not None and not value.endswith("-00:00")
        # Python keeps six digits of a second; the network allows more.
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        is_valid = False
    if not is_valid:
        raise InvalidRecord(f"{path} must be an valid atproto datetime (both RFC-3339 and ISO-8601)")


def _check_uri(owner: Mapping[str, Any], name: str, path: str) -> None:
    if not _URI.fullmatch(_string(owner, name, path)):
        raise InvalidRecord(f"{path} must be a uri")


def _check_tag(tag: object, path: str) -> None:
    if not isinstance(tag, str):
        raise InvalidRecord(f"{path} must be a string")
    _check_size(tag, path, TAG_BYTES, TAG_GRAPHEMES)


def _check_size(text: str, path: str, limit_bytes: int, limit_graphemes: int) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > limit_bytes:
        raise InvalidRecord(f"{path} must not be longer than {limit_bytes} characters")
    if len(regex.findall(r"\X", text)) > limit_graphemes:
        raise InvalidRecord(f"{path} must not be longer than {limit_graphemes} graphemes")


def _listed(owner: Mapping[str, Any], name: str, path: str, most: int | None = None) -> Iterator[tuple[int, Any]]:
    values = owner.get(name, [])
    if not isinstance(values, list):
        raise InvalidRecord(f"{path} must be an array")
    if most is not None and len(values) > most:
        raise InvalidRecord(f"{path} must not have more than {most} elements")
    yield from enumerate(values)


def _string(owner: Mapping[str, Any], name: str, path: str) -> str:
    if name not in owner:
        raise InvalidRecord(f'{path.rpartition("/")[0]} must have the property "{name}"')
    if not isinstance(owner[name], str):
        raise InvalidRecord(f"{path} must be a string")
    return str(owner[name])


def _object(owner: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
    value = owner.get(name)
    if not isinstance(value, dict):
        raise InvalidRecord(f"{path} must be an object")
    return value


def _whole_number(owner: Mapping[str, Any], name: str, path: str, *, minimum: int) -> int:
    value = owner.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRecord(f"{path} must be an integer")
    if value < minimum:
        raise InvalidRecord(f"{path} can not be less than {minimum}")
    return value
