"""Modules and values that are loaded or made when something in them is first asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, AnyStr, TypeVar, cast

T = TypeVar("T")


class Later:
    """Stands for a module until then; every use of a name in it looks there.

    For a file whose functions need this module or that, and most runs few of them: one import each inside of the
    functions would say the same many times.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: ModuleType | None = None

    def __getattr__(self, name: str) -> Any:
        if self._module is None:
            self._module = import_module(self._name)
        return getattr(self._module, name)


def made(make: Callable[[], T]) -> T:
    """What stands for a value that takes its time to make, such as a pattern, and that most runs do without.

    Only its attributes can be used, and each is as quick as the value's own from its second use on.
    """
    return cast(T, _Made(make))


def compiled(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """A regular expression that a usual run does not come to: compiled when it is first used, or never."""
    return made(lambda: re.compile(pattern, flags))


class _Made:
    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._make(), name)
        setattr(self, name, found)
        return found
