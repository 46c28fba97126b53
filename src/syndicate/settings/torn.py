"""Texts of the settings that hold half of a character: a surrogate alone, which no encoding knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

Place = tuple[str | int, ...]


def torn_in(values: object, place: Place = ()) -> Iterator[Place]:
    """The places of such texts, keys among them."""
    if isinstance(values, str) and _HALF.search(_joined(values)):
        yield place
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from torn_in(value, (*place, number))
    elif isinstance(values, dict):
        for key, value in values.items():
            name = str(whole(key))
            yield from torn_in(key, (*place, name))
            yield from torn_in(value, (*place, name))


def whole(values: Any) -> Any:
    """The same with halves that belong together joined, as in JSON, and a question mark for each that is alone."""
    if isinstance(values, str):
        return _HALF.sub("?", _joined(values))
    if isinstance(values, list):
        return [whole(value) for value in values]
    if isinstance(values, dict):
        return {whole(key): whole(value) for key, value in values.items()}
    return values


def _joined(text: str) -> str:
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
