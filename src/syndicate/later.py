"""Modules that are loaded when something in them is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Later:
    """Stands for a module until then; every use of a name in it looks there.

    For a file whose functions need this module or that, and most runs few of them: one import each inside of the
    functions would say the same many times.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)
