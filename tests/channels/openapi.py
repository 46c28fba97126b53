"""Requests checked against a network's own OpenAPI description: path, method, query and body, strictly.

Knows the part of JSON Schema that the descriptions use for requests; a keyword it does not know is an error, never a
pass.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from json import loads
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

FOLDERS = (os.environ.get("SPECS", ""), str(Path(__file__).resolve().parents[2].parent / "shared" / "specs"))
"""Where descriptions are looked for: they are not ours to ship."""

_SILENT = {"description", "example", "format", "default", "title", "discriminator", "nullable", "deprecated"}
_TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "number": (int, float)}


def description_named(name: str) -> Path | None:
    """The file of that name, where it is at hand."""
    return next((path for folder in FOLDERS if folder and (path := Path(folder) / name).exists()), None)


@dataclass(frozen=True)
class Description:
    """An OpenAPI 3 document."""

    path: Path

    @cached_property
    def document(self) -> Any:
        return loads(self.path.read_bytes())

    def faults(self, method: str, url: str, body: object = None, *, media_type: str = "application/json") -> list[str]:
        """What is wrong with a request; empty if nothing is."""
        parts = urlsplit(url)
        operation = self._operation(method, unquote(parts.path))
        if operation is None:
            return [f"{method} {parts.path}: no such operation"]
        found = self._query_faults(operation, dict(parse_qsl(parts.query)))
        wanted = operation.get("requestBody")
        if wanted is None:
            return found if body is None else [*found, "a body where none is wanted"]
        content = self._resolved(wanted)["content"].get(media_type)
        if content is None:
            return [*found, f"{media_type}: is not taken"]
        return found + self.mismatches(content["schema"], body, "body")

    def mismatches(self, schema: Mapping[str, Any], value: object, place: str) -> list[str]:
        """Where a value differs from a schema."""
        schema = self._resolved(schema)
        if unknown := schema.keys() - _SILENT - _CHECKS.keys() - {"required", "additionalProperties", "uniqueItems"}:
            return [f"{place}: the checker does not know {sorted(unknown)}"]
        found = []
        for keyword, check in _CHECKS.items():
            if keyword in schema:
                found += check(self, schema, value, place)
        return found

    def _operation(self, method: str, path: str) -> Any:
        for template, operations in sorted(self.document["paths"].items(), key=lambda one: "{" in one[0]):
            pattern = re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def _query_faults(self, operation: Any, query: dict[str, str]) -> list[str]:
        known = {one["name"]: one for one in map(self._resolved, operation.get("parameters", []))}
        found = [f"query {name}: is not known" for name in query if name not in known]
        for name, parameter in known.items():
            if parameter["in"] != "query":
                continue
            if name not in query:
                found += [f"query {name}: is missing"] if parameter.get("required") else []
                continue
            schema = self._resolved(parameter["schema"])
            text = query[name]
            value: object = text.split(",") if schema.get("type") == "array" else text
            if schema.get("type") == "integer" and text.isdecimal():
                value = int(text)
            found += self.mismatches(schema, value, f"query {name}")
        return found

    def _resolved(self, node: Any) -> Any:
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node


def _type(_: Description, schema: Any, value: object, place: str) -> list[str]:
    is_right = isinstance(value, _TYPES[schema["type"]]) and not (schema["type"] == "integer" and value is True)
    return [] if is_right else [f"{place}: {value!r} is no {schema['type']}"]


def _properties(description: Description, schema: Any, value: object, place: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    known = schema["properties"]
    found = [f"{place}.{name}: is missing" for name in schema.get("required", ()) if name not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{place}.{name}: is not known" for name in value if name not in known]
    for name in value.keys() & known.keys():
        found += description.mismatches(known[name], value[name], f"{place}.{name}")
    return found


def _items(description: Description, schema: Any, value: object, place: str) -> list[str]:
    if not isinstance(value, list):
        return []
    return [fault for one in value for fault in description.mismatches(schema["items"], one, f"{place}[]")]


def _any_of(description: Description, schema: Any, value: object, place: str) -> list[str]:
    tried = [description.mismatches(one, value, place) for one in schema["anyOf"]]
    return [] if any(not faults for faults in tried) else [f"{place}: fits none of {len(tried)}"]


def _bound(keyword: str, is_within: Any) -> Any:
    def check(_: Description, schema: Any, value: object, place: str) -> list[str]:
        return [] if is_within(value, schema[keyword]) else [f"{place}: {value!r} is against {keyword}"]

    return check


_CHECKS = {
    "type": _type,
    "properties": _properties,
    "items": _items,
    "anyOf": _any_of,
    "enum": _bound("enum", lambda value, allowed: value in allowed),
    "pattern": _bound("pattern", lambda value, pattern: bool(re.search(pattern, str(value)))),
    "maxLength": _bound("maxLength", lambda value, most: len(str(value)) <= most),
    "minLength": _bound("minLength", lambda value, least: len(str(value)) >= least),
    "maxItems": _bound("maxItems", lambda value, most: len(value) <= most),
    "minItems": _bound("minItems", lambda value, least: len(value) >= least),
    "maximum": _bound("maximum", lambda value, most: value <= most),
    "minimum": _bound("minimum", lambda value, least: value >= least),
}
