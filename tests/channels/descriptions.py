"""Reads requests as the networks' own descriptions of their APIs allow them, and tells what is wrong with one.

The descriptions (OpenAPI of Discord, Mastodon and X, Swagger of Slack, a reading of Telegram's page) are not ours to
ship: they are looked for in the folder that SPECS names, and beside the checkout. They are stricter here than they say:
what they do not name is refused.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes
from email.message import Message
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import pytest

from channels.scripted import Heard

FOLDERS = (os.environ.get("SPECS", ""), str(Path(__file__).resolve().parents[2].parent / "shared" / "specs"))
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
# What says nothing about a request, or nothing that can be checked here.
_SILENT = frozenset(
    {"description", "format", "title", "default", "example", "contentEncoding", "contentMediaType"}
    | {"discriminator", "nullable", "deprecated"}
)
_KNOWN = frozenset(
    {
        "$ref",
        "type",
        "anyOf",
        "oneOf",
        "allOf",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "items",
    }
    | {"minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems", "uniqueItems"}
)


class Checker(Protocol):
    """A network's own description of its API."""

    def faults(self, heard: Heard) -> list[str]:
        """What it says against a request; empty if nothing."""


@cache
def description_of(network: str) -> Checker | None:
    """The description of a network's API; None where there is none at hand."""
    name, read = DESCRIBED.get(network, ("", _nothing))
    path = next((path for folder in FOLDERS if folder and (path := Path(folder) / name).is_file()), None)
    return None if path is None else read(json.loads(path.read_text(encoding="utf-8")))


def described(network: str) -> Checker:
    """The same; the test is skipped where it is not at hand."""
    checker = description_of(network)
    if checker is None:
        pytest.skip(f"the description {DESCRIBED[network][0]} is not here; set SPECS to its folder")
    return checker


def _nothing(_described: Any) -> Checker:
    raise AssertionError("nothing is read where there is no description")


class OpenAPI:
    """A description in OpenAPI 3: one operation after another.

    `prefix` is what stands before its paths; below `elsewhere` begins what another standard describes.
    """

    def __init__(self, described: Any, prefix: str = "", *, elsewhere: tuple[str, ...] = ()) -> None:
        self._spec = described
        self._prefix = prefix
        self._elsewhere = elsewhere
        # An operation with fewer holes in its path goes first.
        self._paths = [
            (re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))), described["paths"][template])
            for template in sorted(described["paths"], key=lambda one: one.count("{"))
        ]

    def faults(self, heard: Heard) -> list[str]:
        """What the description says against a request."""
        if heard.path.startswith(self._elsewhere):
            return []
        path, _, query = heard.path.removeprefix(self._prefix).partition("?")
        method = heard.method.lower()
        item = next(
            (item for pattern, item in self._paths if method in item and pattern.fullmatch(unquote(path))), None
        )
        if item is None:
            return [f"{heard.method} {path}: no such operation"]
        operation = item[method]
        parameters = [self._resolved(one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        return [
            *self._query_faults(parameters, query),
            *self._body_faults(operation, heard),
            *_access(operation, heard),
        ]

    def _query_faults(self, parameters: list[Any], query: str) -> Iterator[str]:
        known = {one["name"]: one for one in parameters if one["in"] == "query"}
        told = dict(parse_qsl(query, keep_blank_values=True))
        yield from (f"query {name}: is not known" for name in told.keys() - known.keys())
        yield from (
            f"query {name}: is missing" for name, one in known.items() if one.get("required") and name not in told
        )
        for name in told.keys() & known.keys():
            yield from self._against(known[name]["schema"], _typed(told[name], self._resolved(known[name]["schema"])))

    def _body_faults(self, operation: Any, heard: Heard) -> Iterator[str]:
        described = operation.get("requestBody")
        if described is None:
            yield from ["body: where none is wanted"] if heard.body else []
            return
        kind = heard.headers.get("content-type", "").partition(";")[0]
        content = self._resolved(described)["content"]
        if not heard.body:
            yield from ["body: is missing"] if described.get("required") else []
        elif kind == "application/json" and kind in content:
            yield from self._against(content[kind]["schema"], json.loads(heard.body))
        elif kind == "multipart/form-data" and kind in content:
            yield from self._form_faults(content, heard)
        else:
            yield f"body: {kind} is not taken"

    def _form_faults(self, content: Any, heard: Heard) -> Iterator[str]:
        parts = form_parts(heard)
        if "payload_json" in parts:  # Discord: the JSON body as one field, files beside it
            schema = content["application/json"]["schema"]
            yield from self._against(schema, json.loads(parts.pop("payload_json").get_payload(decode=True)))  # type: ignore[arg-type]  # bytes
            yield from (f"field {name}: is no file" for name in parts if not re.fullmatch(r"files\[\d\]", name))
            return
        value = {name: "" if part.get_filename() else _words(part) for name, part in parts.items()}
        yield from self._against(content["multipart/form-data"]["schema"], value)

    def _against(self, schema: Any, value: object, place: str = "body") -> Iterator[str]:
        """Where a value differs from a schema; a keyword that is not known here is a fault, never a pass."""
        schema = self._resolved(schema)
        told = {key for key in schema if not key.startswith("x-")} - _SILENT
        yield from (f"{place}: the checker does not know {key}" for key in told - _KNOWN)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                tried = [list(self._against(one, value, place)) for one in schema[key]]
                yield from [] if not all(tried) else min(tried, key=len)
        schema = self._whole(schema)
        yield from _plain_faults(schema, value, place)
        if isinstance(value, dict) and "properties" in schema:
            known = schema["properties"]
            yield from (f"{place}.{name}: is missing" for name in schema.get("required", ()) if name not in value)
            yield from (f"{place}.{name}: is not known" for name in value.keys() - known.keys())
            for name in value.keys() & known.keys():
                yield from self._against(known[name], value[name], f"{place}.{name}")
        if isinstance(value, list) and "items" in schema:
            for one in value:
                yield from self._against(schema["items"], one, f"{place}[]")

    def _whole(self, schema: Any) -> Any:
        """A schema with the parts that it is put together from."""
        parts = [self._whole(self._resolved(part)) for part in schema.get("allOf", ())]
        for part in parts:
            schema = {**part, **schema, "properties": part.get("properties", {}) | schema.get("properties", {})}
            schema["required"] = [*part.get("required", ()), *schema.get("required", ())]
        return schema

    def _resolved(self, value: Any) -> Any:
        while "$ref" in value:
            *_, section, name = value["$ref"].split("/")
            value = self._spec["components"][section][name]
        return value


class Slack:
    """The Web API in Swagger 2, as it was frozen in 2021; `later` are arguments, `young` methods that came after."""

    def __init__(self, described: Any, later: Mapping[str, frozenset[str]], young: frozenset[str]) -> None:
        self._paths = described["paths"]
        self._later = later
        self._young = young

    def faults(self, heard: Heard) -> list[str]:
        """What the description says against a request."""
        method = heard.path.partition("?")[0].removeprefix("/api/")
        item = self._paths.get(f"/{method}")
        if method in self._young or heard.path.startswith(_UPLOADS):
            return []
        if item is None:
            return [f"{method}: no such method"]
        operation = item.get("post") or item["get"]
        known = {one["name"]: one for one in operation["parameters"] if one["name"] != "token"}
        told = self._told(heard)
        found = [f"{name}: is not known" for name in told.keys() - known.keys() - self._later.get(method, frozenset())]
        found += [f"{name}: is missing" for name, one in known.items() if one.get("required") and name not in told]
        for name in told.keys() & known.keys():
            if not _is_of(told[name], known[name]["type"], has_json=isinstance(told[name], list | dict)):
                found.append(f"{name}: must be {known[name]['type']}")
        if not heard.headers.get("authorization", "").startswith("Bearer "):
            found.append("token: is missing")
        return found

    @staticmethod
    def _told(heard: Heard) -> dict[str, Any]:
        if heard.headers.get("content-type", "").startswith("application/json"):
            return dict(json.loads(heard.body))
        return dict(parse_qsl(heard.body.decode(), keep_blank_values=True))


class Telegram:
    """The Bot API: methods and types with their fields."""

    def __init__(self, described: Any) -> None:
        self._methods, self._types = described["methods"], described["types"]

    def faults(self, heard: Heard) -> list[str]:
        """What the description says against a request."""
        found = re.fullmatch(r"/bot\d+:[\w-]+/(\w+)", heard.path)
        method = self._methods.get(found[1]) if found else None
        if method is None:
            return [f"{heard.path}: no such method"]
        if heard.headers.get("content-type") == "application/json":
            told = dict(json.loads(heard.body))
        else:
            told = {name: _field(part) for name, part in form_parts(heard).items()}
            told = {
                name: value for name, value in told.items() if not isinstance(value, bytes) or name in _names(method)
            }
        return list(self._faults(method, told, found[1] if found else ""))

    def _faults(self, described: Any, told: dict[str, Any], place: str) -> Iterator[str]:
        fields = {one["name"]: one for one in described.get("fields", ())}
        yield from (f"{place}.{name}: is not known" for name in told.keys() - fields.keys())
        yield from (
            f"{place}.{name}: is missing" for name, one in fields.items() if one["required"] and name not in told
        )
        for name in told.keys() & fields.keys():
            faults = [list(self._against(kind, told[name], f"{place}.{name}")) for kind in fields[name]["types"]]
            if all(faults):
                yield from faults[0]

    def _against(self, kind: str, value: object, place: str) -> Iterator[str]:
        simple = {"String": str, "Integer": int, "Boolean": bool, "Float": float, "InputFile": bytes}
        if kind in simple:
            is_right = isinstance(value, simple[kind]) and (kind == "Boolean" or not isinstance(value, bool))
            yield from [] if is_right else [f"{place}: must be {kind}"]
        elif kind.startswith("Array of "):
            yield from [] if isinstance(value, list) else [f"{place}: must be {kind}"]
        elif not isinstance(value, dict):
            yield f"{place}: must be {kind}"
        elif (subtypes := self._types[kind].get("subtypes")) is not None:
            faults = [list(self._faults(self._types[one], value, place)) for one in subtypes]
            yield from [] if not all(faults) else faults[0]
        else:
            yield from self._faults(self._types[kind], value, place)


def form_parts(heard: Heard) -> dict[str, Message]:
    """The fields of a multipart request."""
    form = message_from_bytes(f"Content-Type: {heard.headers['content-type']}\r\n\r\n".encode() + heard.body)
    parts = [part for part in form.get_payload() if isinstance(part, Message)]
    return {str(part.get_param("name", header="content-disposition")): part for part in parts}


def _plain_faults(schema: Any, value: object, place: str) -> Iterator[str]:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    is_number_only = isinstance(value, bool) and "boolean" not in kinds
    if kinds and (is_number_only or not any(isinstance(value, _TYPES[kind]) for kind in kinds)):
        yield f"{place}: must be {' or '.join(kinds)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{place}: is not {schema['const']}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{place}: does not match {schema['pattern']}"
    size = len(value) if isinstance(value, str | list) else value if isinstance(value, int) else 0
    suffix = "Length" if isinstance(value, str) else "Items" if isinstance(value, list) else "imum"
    if isinstance(value, str | list | int) and not schema.get(f"min{suffix}", size) <= size <= schema.get(
        f"max{suffix}", size
    ):
        yield f"{place}: {size} is too little or too much"


def _access(operation: Any, heard: Heard) -> list[str]:
    needs = operation.get("security")
    if needs and {} not in needs and "authorization" not in heard.headers:
        return ["authorization: is missing"]
    return []


def _typed(text: str, schema: Any) -> object:
    kinds = schema.get("type")
    if kinds == "array":
        return text.split(",")
    if kinds == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return int(text) if kinds == "integer" and text.isdecimal() else text


def _is_of(value: object, kind: str, *, has_json: bool) -> bool:
    if has_json:  # JSON in its own form, where a form would hold it as a string
        return kind == "string"
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "boolean":
        return str(value) in {"true", "false", "0", "1"}
    if kind in {"integer", "number"}:
        return re.fullmatch(r"\d+(\.\d+)?", str(value)) is not None
    return isinstance(value, str)


def _field(part: Message) -> object:
    if part.get_filename():
        return part.get_payload(decode=True)
    try:
        return json.loads(_words(part))
    except ValueError:
        return _words(part)


def _words(part: Message) -> str:
    return bytes(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]  # not multipart


def _names(method: Any) -> set[str]:
    return {one["name"] for one in method["fields"]}


# docs.slack.dev: arguments that came after 2021.
_LATER = {
    "chat.postMessage": frozenset({"metadata"}),
    "chat.update": frozenset({"metadata"}),
    "conversations.history": frozenset({"include_all_metadata"}),
    "conversations.replies": frozenset({"include_all_metadata"}),
}
_YOUNG = frozenset({"files.getUploadURLExternal", "files.completeUploadExternal"})
# Where the sandbox takes what an upload address was given for.
_UPLOADS = "/slack/upload/"

DESCRIBED: Mapping[str, tuple[str, Callable[[Any], Checker]]] = {
    "discord": ("discord.openapi.json", lambda told: OpenAPI(told, "/api/v10")),
    "discord_bot": ("discord.openapi.json", lambda told: OpenAPI(told, "/api/v10")),
    "mastodon": ("mastodon.openapi.json", lambda told: OpenAPI(told, elsewhere=("/.well-known/", "/nodeinfo/"))),
    "slack_bot": ("slack-web.openapi2.json", lambda told: Slack(told, _LATER, _YOUNG)),
    "telegram": ("telegram-bot-api.json", Telegram),
    "x": ("x-api-v2.openapi.json", OpenAPI),
}
"""File and reading of each network's own description."""
