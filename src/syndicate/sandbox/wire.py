"""A request and an answer as values, so that a fault can hold one back, cut it short or carry it out later."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl


class RouteKind(StrEnum):
    """What a request is for; faults are aimed at one of these."""

    POST = "post"
    EDIT = "edit"
    DELETE = "delete"
    MEDIA = "media"
    SESSION = "session"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart form: its bytes, the type and the name the sender claims."""

    body: bytes
    content_type: str
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read to its end.

    `path_values` are the named parts of the route, `query` the pairs of the address in order, `headers` have lower-case
    names. `polls` and `lacks` are set by faults: how often an uploaded medium says that it is still being processed,
    and how many of the newest posts a listing leaves out.
    """

    method: str
    path: str
    path_values: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    polls: int = 0
    lacks: int = 0

    @property
    def bearer(self) -> str | None:
        """The token of the Authorization header, if it has one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    def asked(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def asked_yes(self, name: str) -> bool:
        """Whether a query parameter is set to a true value."""
        return self.asked(name) in {"true", "1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One response before it is sent."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def with_headers(self, headers: Mapping[str, str]) -> Answer:
        """The same answer with these headers added."""
        return replace(self, headers={**self.headers, **headers})


class Refusal(Exception):
    """Ends a request with an answer; it is what the fake network says, not an error of the product."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"refused with {answer.status}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Route:
    """One thing a network answers: method, aiohttp path pattern, what it is for, and who answers."""

    method: str
    path: str
    kind: RouteKind
    answer: Callable[[Call], Awaitable[Answer]]


def whole(text: object) -> int | None:
    """The whole number that a text is; None if it is none, or longer than those of any network."""
    return int(str(text)) if re.fullmatch(r"[0-9]{1,20}", str(text)) else None


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Answer(status, body, headers or {}, "application/json; charset=utf-8")


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        ValueError: not JSON, or JSON that is no object.
    """
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


def form_of(call: Call) -> dict[str, Any]:
    """The fields of a JSON, urlencoded or multipart body; names that end in `[]` become lists, files become uploads.

    Raises:
        ValueError: the body is not what its content type says.
    """
    content_type = call.headers.get("content-type", "")
    match content_type.partition(";")[0].strip().lower():
        case "application/json":
            return json_object(call.body) if call.body else {}
        case "multipart/form-data":
            return _gathered(_multipart(content_type, call.body))
        case _:
            return _gathered(parse_qsl(call.body.decode(), keep_blank_values=True))


def _gathered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Pairs as Rails reads them: `a[]` collects, `a[][b]` collects objects, a plain name takes the last value."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name.endswith("[]"):
            found.setdefault(name[:-2], []).append(value)
        elif nested := re.fullmatch(r"(\w+)\[\]\[(\w+)\]", name):
            rows = found.setdefault(nested[1], [])
            if not rows or nested[2] in rows[-1]:
                rows.append({})
            rows[-1][nested[2]] = value
        else:
            found[name] = value
    return found


def _multipart(content_type: str, body: bytes) -> list[tuple[str, Any]]:
    # Parsed from bytes rather than from the connection: a late commit is read long after the connection is gone.
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if boundary is None:
        raise ValueError("multipart body without a boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("multipart body without its closing boundary")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> tuple[str, Any]:
    head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = dict(line.split(":", 1) for line in head.decode().lower().split("\r\n") if ":" in line)
    name = re.search(rb'[; ]name="([^"]*)"', head)
    if name is None:
        raise ValueError("multipart part without a name")
    if "filename=" in headers.get("content-disposition", ""):
        filename = re.search(rb'filename="([^"]*)"', head)
        claimed = headers.get("content-type", "").strip()
        return name[1].decode(), Upload(body, claimed, filename[1].decode() if filename else "")
    return name[1].decode(), body.decode()
