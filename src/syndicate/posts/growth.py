"""How long a text may become by one step of a template, told before it is made: some steps multiply. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

CONTAINED: Final = frozenset(
    {
        *("attr", "count", "d", "default", "dictsort", "first", "groupby", "items", "last", "length", "list"),
        *("map", "max", "min", "random", "reject", "rejectattr", "reverse", "select", "selectattr", "sort"),
        "unique",
    }
)
"""Filters that leave the members of a list as they are; all others make text of it."""

_ENCODED: Final = 9
"""So many times as long may a text become whose characters are escaped ("%F0%9F%98" and the like)."""


def text_size(value: object, most: int) -> int:
    """How many characters a value has as text, about; of more than `most` it is not known how many.

    Lists that hold one list many times are short and, as text, without measure.
    """
    size, waiting = 0, [value]
    while waiting and size <= most:
        one = waiting.pop()
        if isinstance(one, str):
            size += len(one)
            continue
        size += 2
        if isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            waiting += one
    return size


def filtered_size(name: str, value: Any, arguments: tuple[Any, ...], named: Mapping[str, Any], most: int) -> int:
    """The most that a filter or method of a text makes of a value; 0: what it makes is no longer than its parts."""
    growth = _GROWTH.get(name)
    if growth is not None:
        return growth(value, (*arguments, *named.values()), most)
    is_told = isinstance(value, list | tuple | dict | set) and name not in CONTAINED
    return text_size(value, most) * _ENCODED if is_told else 0


def formatted_size(form: str, sign: str, values: Iterable[Any], most: int) -> int:
    """The most that a text with places for values becomes; each place may take all, and be as wide as any number."""
    size = sum(max(text_size(value, most), number_of(value)) for value in values)
    return len(form) + form.count(sign) * size


def number_of(value: object) -> int:
    """The number that a value is or holds, as it may be a width; 0: none."""
    if isinstance(value, list | tuple):
        return max(map(number_of, value), default=0)
    return abs(int(value)) if isinstance(value, int) else 0


def _replaced(value: Any, arguments: tuple[Any, ...], most: int) -> int:
    text, old, new = str(value), str(arguments[0]), str(arguments[1])
    return len(text) + text.count(old) * len(new)


def _joined(value: Any, arguments: tuple[Any, ...], most: int) -> int:
    """A list that is joined by a text (the filter), or a text that joins a list (the method)."""
    members, between = (
        (arguments[0], value) if isinstance(value, str) and arguments else (value, "".join(arguments[:1]))
    )
    return text_size(members, most) + len(members) * len(between)


def _widened(value: Any, arguments: tuple[Any, ...], most: int) -> int:
    """Each line, tab or character may come to be as wide as the largest number, or as long as the longest text."""
    text = str(value)
    longest = max((max(number_of(one), text_size(one, most)) for one in arguments), default=0)
    return len(text) + (sum(map(text.count, "\n\t ")) + 2) * longest


def _translated(value: Any, arguments: tuple[Any, ...], most: int) -> int:
    return len(value) * max((len(str(one)) for one in dict(arguments[0]).values()), default=1)


def _wrapped(value: Any, arguments: tuple[Any, ...], most: int) -> int:
    text = str(value)
    return len(text) * (1 + max((len(one) for one in arguments if isinstance(one, str)), default=0))


def _written(value: Any, arguments: tuple[Any, ...], most: int) -> int:
    return text_size(value, most) * (_ENCODED + max(map(number_of, arguments), default=0))


def _numbered(value: Any, arguments: tuple[Any, ...], most: int) -> int:
    """So many lists, or members of one, however few there are to put into them."""
    return max(map(number_of, arguments), default=0)


def _summed(value: Any, arguments: tuple[Any, ...], most: int) -> int:
    return text_size(value, most)


_GROWTH: Final[Mapping[str, Callable[[Any, tuple[Any, ...], int], int]]] = {
    "replace": _replaced,
    "join": _joined,
    "indent": _widened,
    "expandtabs": _widened,
    "urlize": _widened,
    "wordwrap": _wrapped,
    "translate": _translated,
    "tojson": _written,
    "sum": _summed,
    "batch": _numbered,
    "slice": _numbered,
    "format": lambda value, arguments, most: formatted_size(str(value), "%", arguments, most),
}
