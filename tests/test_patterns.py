"""What no regular expression of ours may hold, as not every Python that we run on reads it right."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from re import _constants, _parser  # type: ignore[attr-defined]  # only these tell what a pattern holds

import pytest

import syndicate
from syndicate.later import _Made


def patterns() -> list[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """All that stand in our modules and classes, with their places."""
    found = []
    for module in pkgutil.walk_packages(syndicate.__path__, "syndicate."):
        if not module.name.endswith("__main__"):
            for name, value in vars(import_module(module.name)).items():
                inner = vars(value) if isinstance(value, type) and value.__module__ == module.name else {"": value}
                found += [(f"{module.name}.{name}", one) for value in inner.values() for one in below(value)]
    return found


def below(value: object) -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    """Those in a value: itself, what it stands for, or in its members."""
    if isinstance(value, _Made):
        value = value._make()
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict | tuple | list | set | frozenset):
        for member in value.values() if isinstance(value, dict) else value:
            yield from below(member)


def has_possessive_group(held: object) -> bool:
    """Whether something else than one character is repeated and never given back."""
    if isinstance(held, tuple) and held[:1] == (_constants.POSSESSIVE_REPEAT,):
        (_, (_, _, body)) = held
        if len(body) != 1 or body[0][0] not in SINGLE:
            return True
    if isinstance(held, tuple | list | _parser.SubPattern):
        return any(map(has_possessive_group, held))
    return False


SINGLE = {_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[ab]*+c++.?+", False),
        ("(?>(?:ab?c)*)", False),
        ("(?:ab?c)*+", True),
        ("x(?:(?=a)|b|(?>(?:c|(?P<d>e?)++)))", True),
        ("(?:ab)++", True),
    ],
)
def test_possessive_groups_are_found(pattern: str, expected: bool) -> None:
    assert has_possessive_group(_parser.parse(pattern)) is expected


def test_no_pattern_repeats_a_group_possessively() -> None:
    """They match what they must not before Python 3.11.5, and fail on captures in others (CPython 106052, 101955)."""
    found = patterns()

    assert len(found) > 150
    bad = [place for place, one in found if has_possessive_group(_parser.parse(one.pattern, one.flags))]
    assert bad == [], "write `(?>(?:...)*)`"
