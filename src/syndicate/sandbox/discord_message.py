"""How Discord reads the body of a webhook call, and in what words it says no. Pure.

Source: Discord documentation, "Webhook Resource", "Message Resource: Embed Limits", "Allowed Mentions", "Opcodes and
Status Codes" and the OpenAPI description's lengths. Read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syndicate.sandbox.wire import Answer, Call, Refusal, Upload, as_json, form_of

CONTENT, USERNAME, URL, ALT, MOST_EMBEDS, MOST_FIELDS, ALL_EMBEDS = 2_000, 80, 2_048, 1_024, 10, 25, 6_000
# An embed's texts: the way to each, and its length.
EMBED_TEXTS = (("title", 256), ("description", 4_096), ("footer.text", 2_048), ("author.name", 256))
EMBED_URLS = ("url", "image.url", "thumbnail.url", "author.url", "author.icon_url", "footer.icon_url")
MENTIONS = {"roles", "users", "everyone"}
# "Opcodes and Status Codes": the code that goes with a status.
CODES = {
    401: (50027, "Invalid Webhook Token"),
    403: (50013, "Missing Permissions"),
    404: (10015, "Unknown Webhook"),
    410: (10015, "Unknown Webhook"),
}
_LINK = re.compile(r"https?://[^\s<>()\]]+")
_CALL = re.compile(r"@(?P<everyone>everyone|here)\b|<@(?P<roles>&)\d+>|<@!?(?P<users>\d+)>")
_FILE = re.compile(r"files?\[(\d+)\]|file(\d*)")

Faults = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """A body that passed every check. `alts` are descriptions by the number of the file."""

    value: dict[str, Any]
    uploads: tuple[tuple[int, Upload], ...]
    alts: dict[int, str]

    @property
    def is_something(self) -> bool:
        """Whether there is anything to see besides files."""
        return bool(str(self.value.get("content") or "").strip() or self.value.get("embeds"))

    @property
    def words(self) -> str:
        """What people read."""
        parts = [str(self.value.get("content") or "")]
        for embed in self.value.get("embeds") or ():
            parts += [str(embed.get(name) or "") for name in ("title", "description")]
        return "\n".join(part for part in parts if part)

    @property
    def called(self) -> tuple[str, ...]:
        """Whom the content mentions and the allowed mentions let through; embeds call nobody."""
        allowed = self.value.get("allowed_mentions")
        kinds = MENTIONS if allowed is None else set(allowed.get("parse") or ())
        found = _CALL.finditer(str(self.value.get("content") or ""))
        return tuple(one[0] for one in found if one.lastgroup in kinds)


def trouble(status: int) -> Answer:
    """An error with this status."""
    code, sentence = CODES.get(status, (0, f"{status}: Internal Server Error" if status == 500 else f"{status}"))
    return as_json({"message": sentence, "code": code}, status)


def refused(status: int, code: int, sentence: str, errors: Faults | None = None) -> Refusal:
    """A refusal with Discord's own code."""
    return Refusal(as_json({"message": sentence, "code": code} | ({"errors": errors} if errors else {}), status))


def first_link(value: Mapping[str, Any]) -> str | None:
    """The address a message is about: its first embed's, else the first in its text."""
    for embed in value.get("embeds") or ():
        if embed.get("url"):
            return str(embed["url"])
    found = _LINK.search(str(value.get("content") or ""))
    return found[0] if found else None


def draft_of(call: Call) -> Draft:
    """The checked body of a call.

    Raises:
        Refusal: 400 with a tree of faults, or for a body that is no JSON.
    """
    try:
        fields = form_of(call)
        if "payload_json" in fields:
            payload = json.loads(str(fields["payload_json"]))
        else:
            payload = {name: value for name, value in fields.items() if not isinstance(value, Upload)}
    except ValueError as cause:
        raise refused(400, 50109, "The request body contains invalid JSON.") from cause
    if not isinstance(payload, dict):
        raise refused(400, 50035, "Invalid Form Body")
    uploads = tuple(_uploads(fields))
    faults = _faults(payload, {upload.filename for _, upload in uploads})
    if faults:
        raise refused(400, 50035, "Invalid Form Body", faults)
    alts = {
        int(row["id"]): str(row["description"])
        for row in payload.get("attachments") or ()
        if row.get("description") is not None
    }
    return Draft(payload, uploads, alts)


def _uploads(fields: Mapping[str, Any]) -> Iterator[tuple[int, Upload]]:
    for name, value in fields.items():
        if isinstance(value, Upload) and (found := _FILE.fullmatch(name)):
            yield int(found[1] or found[2] or 0), value


def _faults(payload: Mapping[str, Any], filenames: set[str]) -> Faults:
    checks = {
        "content": _long(payload.get("content"), CONTENT),
        "username": _username(payload.get("username")),
        "embeds": _embeds(payload.get("embeds"), filenames),
        "allowed_mentions": _mentions(payload.get("allowed_mentions")),
        "attachments": _attachments(payload.get("attachments")),
    }
    return {name: fault for name, fault in checks.items() if fault}


def _fault(code: str, sentence: str) -> Faults:
    return {"_errors": [{"code": code, "message": sentence}]}


def _long(text: object, limit: int) -> Faults:
    if text is None:
        return {}
    if not isinstance(text, str):
        return _fault("STRING_TYPE_CONVERT", f"Could not interpret {json.dumps(text)} as string.")
    # Discord trims white space before it counts.
    if len(text.strip()) > limit:
        return _fault("BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
    return {}


def _username(name: object) -> Faults:
    if isinstance(name, str) and re.search("clyde|discord", name, re.IGNORECASE):
        return _fault("USERNAME_INVALID_CONTAINS", 'Username cannot contain "discord"')
    if name == "":
        return _fault("BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {USERNAME} in length.")
    return _long(name, USERNAME)


def _embeds(embeds: object, filenames: set[str]) -> Faults:
    if embeds is None:
        return {}
    if not isinstance(embeds, list) or not all(isinstance(embed, dict) for embed in embeds):
        return _fault("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
    if len(embeds) > MOST_EMBEDS:
        return _fault("BASE_TYPE_MAX_LENGTH", f"Must be {MOST_EMBEDS} or fewer in length.")
    found: Faults = {str(place): fault for place, embed in enumerate(embeds) if (fault := _embed(embed, filenames))}
    if not found and sum(_size(embed) for embed in embeds) > ALL_EMBEDS:
        return _fault("MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {ALL_EMBEDS}")
    return found


def _embed(embed: Mapping[str, Any], filenames: set[str]) -> Faults:
    found: Faults = {}
    for way, limit in EMBED_TEXTS:
        if fault := _long(_at(embed, way), limit):
            found[way] = fault
    for way in EMBED_URLS:
        if fault := _url(_at(embed, way), filenames):
            found[way] = fault
    color, at = embed.get("color"), embed.get("timestamp")
    if color is not None and (isinstance(color, bool) or not isinstance(color, int) or not 0 <= color <= 0xFFFFFF):
        found["color"] = _fault("NUMBER_TYPE_MAX", "int value should be between 0 and 16777215.")
    if at is not None and not _is_time(at):
        found["timestamp"] = _fault("DATE_TIME_TYPE_PARSE", f"Could not parse {at}. Should be ISO8601.")
    fields = embed.get("fields") or []
    if len(fields) > MOST_FIELDS:
        found["fields"] = _fault("BASE_TYPE_MAX_LENGTH", f"Must be {MOST_FIELDS} or fewer in length.")
    elif any(_long(field.get("name"), 256) or _long(field.get("value"), 1_024) for field in fields):
        found["fields"] = _fault("BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer in length.")
    return found


def _at(embed: Mapping[str, Any], way: str) -> object:
    head, _, tail = way.partition(".")
    value = embed.get(head)
    return value.get(tail) if tail and isinstance(value, dict) else None if tail else value


def _size(embed: Mapping[str, Any]) -> int:
    texts = [_at(embed, way) for way, _ in EMBED_TEXTS]
    texts += [field.get(name) for field in embed.get("fields") or () for name in ("name", "value")]
    return sum(len(text) for text in texts if isinstance(text, str))


def _url(url: object, filenames: set[str]) -> Faults:
    if url is None:
        return {}
    text = str(url)
    if text.startswith("attachment://") and text.removeprefix("attachment://") in filenames:
        return {}
    if not re.fullmatch(r"https?://[^\s/]\S*", text):
        return _fault("URL_TYPE_INVALID_URL", "Not a well formed URL.")
    return _long(text, URL)


def _is_time(at: object) -> bool:
    try:
        datetime.fromisoformat(str(at))
    except ValueError:
        return False
    return True


def _mentions(allowed: object) -> Faults:
    if allowed is None:
        return {}
    parse = allowed.get("parse") if isinstance(allowed, dict) else 0
    if parse is not None and (not isinstance(parse, list) or not set(parse) <= MENTIONS):
        return _fault("BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(sorted(MENTIONS))}}}.")
    return {}


def _attachments(rows: object) -> Faults:
    if rows is None:
        return {}
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return _fault("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
    found: Faults = {}
    for place, row in enumerate(rows):
        if not str(row.get("id", "")).isdecimal():
            found[str(place)] = {"id": _fault("NUMBER_TYPE_COERCE", "Value is not snowflake.")}
        elif fault := _long(row.get("description"), ALT):
            found[str(place)] = {"description": fault}
    return found
