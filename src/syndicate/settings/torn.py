"""Texts of the settings that hold what no feed can: half of a character (a surrogate alone), or what XML forbids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

# Extensible Markup Language (XML) 1.0 (Fifth Edition), section 2.2, `Char`, but for surrogates.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HALF = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

Place = tuple[str | int, ...]


def torn_in(values: object) -> Iterator[Place]:
    """The places of texts with half of a character, keys among them."""
    return _places(values, (), lambda text: _HALF.search(_joined(text)))


def controls_in(values: object) -> Iterator[Place]:
    """The places of texts with a character that XML forbids, keys among them."""
    return _places(values, (), _CONTROL.search)


def _places(values: object, place: Place, is_odd: Callable[[str], object]) -> Iterator[Place]:
    if isinstance(values, str) and is_odd(values):
        yield place
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from _places(value, (*place, number), is_odd)
    elif isinstance(values, dict):
        for key, value in values.items():
            name = str(whole(key))
            yield from _places(key, (*place, name), is_odd)
            yield from _places(value, (*place, name), is_odd)


def whole(values: Any) -> Any:
    """The same with halves that belong together joined, as in JSON, and a question mark for what no feed can hold."""
    if isinstance(values, str):
        return _CONTROL.sub("?", _HALF.sub("?", _joined(values)))
    if isinstance(values, list):
        return [whole(value) for value in values]
    if isinstance(values, dict):
        return {whole(key): whole(value) for key, value in values.items()}
    return values


def _joined(text: str) -> str:
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
