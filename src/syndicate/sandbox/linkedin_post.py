"""How LinkedIn reads a post: its fields, its little text, and in what words it says no. Pure.

Source: Microsoft Learn, "Posts API" (schema, create), "little Text Format", "Error handling". That text is cut at a
reserved character which is not escaped is what others saw (channel fact sheet, section LinkedIn). Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from syndicate.sandbox.wire import Answer, Refusal, as_json

URN = re.compile(r"urn:li:(?:person:[\w-]+|organization:\d+)")
COMMENTARY, ALT, MOST_IMAGES = 3_000, 4_086, 20
VISIBILITIES = {"PUBLIC", "CONNECTIONS", "LOGGED_IN"}
REQUIRED = ("author", "commentary", "visibility", "distribution", "lifecycleState")
KNOWN = {*REQUIRED, "content", "isReshareDisabledByAuthor", "contentCallToActionLabel", "contentLandingPage"}
CODES = {
    401: ("REVOKED_ACCESS_TOKEN", 65601, "The token used in the request has been revoked by the user"),
    403: ("ACCESS_DENIED", 100, "Not enough permissions to access: posts.CREATE.20251101"),
    404: ("NOT_FOUND", 0, "Not found"),
    410: ("GONE", 0, "Gone"),
}
# "little Text Format": characters that must be escaped with a backslash wherever they are meant as such.
_PIECE = re.compile(
    r"\\(?P<plain>[\\|{}@\[\]()<>#*_~])"
    r"|@\[(?P<name>[^\]]*)\]\(urn:li:[^)]*\)"
    r"|\{hashtag\|\\?#\|(?P<tag>[^}]*)\}"
    r"|\#(?P<word>\w+)"
    r"|(?P<stray>[\\|{}@\[\]()<>#*_~])",
)
_URL = re.compile(r"https?://[^\s<>]+")


def trouble(status: int) -> Answer:
    """An error with this status."""
    code, service_code, sentence = CODES.get(status, ("INTERNAL_SERVER_ERROR", 0, "Internal Server Error"))
    said = {"status": status, "code": code, "message": sentence}
    return as_json(said | ({"serviceErrorCode": service_code} if service_code else {}), status)


def refused(status: int, code: str, message: str, *, service_code: int | None = None) -> Refusal:
    """A refusal by status, code and sentence."""
    said: dict[str, Any] = {"status": status, "code": code, "message": message}
    return Refusal(as_json(said | ({} if service_code is None else {"serviceErrorCode": service_code}), status))


def invalid(path: str, code: str, description: str, *, status: int = 422) -> Refusal:
    """A refusal of one field."""
    error = {"description": description, "input": {"inputPath": {"fieldPath": path}}, "code": code}
    kind = {"errorDetailType": "com.linkedin.common.error.BadRequest", "errorDetails": {"inputErrors": [error]}}
    return Refusal(as_json(kind | {"message": f"ERROR :: {path} :: {description}", "status": status}, status))


def checked(post: Mapping[str, Any]) -> dict[str, Any]:
    """A post whose fields are those and of the types that the schema asks for.

    Raises:
        Refusal: 422 or 400 that names the field, 403 for fields that the schema does not know.
    """
    for name in REQUIRED:
        if name not in post:
            raise invalid(f"/{name}", "MISSING_FIELD", "field is required but not found and has no default value")
    if unknown := sorted(set(post) - KNOWN):
        problem = f"Data Processing Exception while processing fields [/{unknown[0]}]"
        sentence = f"Unpermitted fields present in REQUEST_BODY: {problem}"
        raise refused(403, "ACCESS_DENIED", sentence, service_code=100)
    if not isinstance(post["commentary"], str):
        raise invalid("/commentary", "INVALID_VALUE_FOR_FIELD", "is not a string")
    if len(post["commentary"].encode("utf-16-le", "surrogatepass")) // 2 > COMMENTARY:
        description = f"length exceeds the maximum of {COMMENTARY} characters"
        raise invalid("/commentary", "FIELD_LENGTH_TOO_LONG", description, status=400)
    if post["visibility"] not in VISIBILITIES:
        raise invalid("/visibility", "INVALID_VALUE_FOR_FIELD", f"{post['visibility']} is no visibility")
    if post["lifecycleState"] != "PUBLISHED":
        raise invalid("/lifecycleState", "INVALID_VALUE_FOR_FIELD", "must be PUBLISHED on create")
    _check_distribution(post["distribution"])
    if not isinstance(post.get("isReshareDisabledByAuthor", False), bool):
        raise invalid("/isReshareDisabledByAuthor", "INVALID_VALUE_FOR_FIELD", "is not a boolean")
    _check_content(post.get("content"))
    if not said(post["commentary"]).strip() and not post.get("content"):
        raise invalid("/commentary", "INVALID_VALUE_FOR_FIELD", "a post without content needs words")
    return dict(post)


def _check_distribution(told: object) -> None:
    if not isinstance(told, dict) or told.get("feedDistribution") not in {"MAIN_FEED", "NONE"}:
        raise invalid("/distribution/feedDistribution", "INVALID_VALUE_FOR_FIELD", "must be MAIN_FEED or NONE")
    for name in ("targetEntities", "thirdPartyDistributionChannels"):
        if not isinstance(told.get(name, []), list):
            raise invalid(f"/distribution/{name}", "INVALID_VALUE_FOR_FIELD", "is not an array")


def _check_content(content: object) -> None:
    if content is None:
        return
    if not isinstance(content, dict) or len(content) != 1 or not set(content) <= {"article", "media", "multiImage"}:
        raise invalid("/content", "INVALID_CONTENT", "must be exactly one of article, media, multiImage")
    if "article" in content:
        article = content["article"]
        if not isinstance(article, dict) or not _URL.fullmatch(str(article.get("source", ""))):
            raise invalid("/content/article/source", "MISSING_FIELD", "field is required but not found")
        if not isinstance(article.get("title"), str) or not article["title"]:
            raise invalid("/content/article/title", "MISSING_FIELD", "field is required but not found")
    elif "multiImage" in content:
        images = content["multiImage"].get("images") if isinstance(content["multiImage"], dict) else None
        if not isinstance(images, list) or not 2 <= len(images) <= MOST_IMAGES:
            raise invalid("/content/multiImage/images", "INVALID_CONTENT", f"must have 2 to {MOST_IMAGES} images")
    elif not isinstance(content["media"], dict) or not isinstance(content["media"].get("id"), str):
        raise invalid("/content/media/id", "MISSING_FIELD", "field is required but not found")
    for _, alt in image_ids({"content": content}):
        if alt is not None and len(alt) > ALT:
            raise invalid("/content/media/altText", "FIELD_LENGTH_TOO_LONG", f"exceeds {ALT} characters", status=400)


def image_ids(post: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """URN and alt text of every image a checked post shows."""
    content = post.get("content") or {}
    rows = [content["media"]] if "media" in content else list(content.get("multiImage", {}).get("images", ()))
    found = [(str(row.get("id")), row.get("altText")) for row in rows]
    thumbnail = content.get("article", {}).get("thumbnail")
    return [*found, (str(thumbnail), None)] if thumbnail is not None else found


def link_in(post: Mapping[str, Any]) -> str | None:
    """The address a post is about: its article's, else the first in its words."""
    article = (post.get("content") or {}).get("article")
    if article:
        return str(article["source"])
    found = _URL.search(said(post["commentary"]))
    return found[0] if found else None


def called_in(commentary: str) -> tuple[str, ...]:
    """The names of the members and pages that a little text mentions."""
    return tuple(found["name"] for found in _PIECE.finditer(commentary) if found["name"] is not None)


def said(commentary: str) -> str:
    """What people read of a little text: nothing after a reserved character that is not escaped."""
    out: list[str] = []
    done = 0
    for found in _PIECE.finditer(commentary):
        out.append(commentary[done : found.start()])
        done = found.end()
        if found["stray"]:
            return "".join(out)
        if found["plain"]:
            out.append(found["plain"])
        elif found["name"] is not None:
            out.append(found["name"])
        else:
            out.append(f"#{found['tag'] or found['word']}")
    return "".join(out) + commentary[done:]
