"""How far an operator's template may go: a loop without end, or a text without end, is refused before it fills memory.

Steps of loops and calls are counted while it is rendered, and so are the characters that it writes or joins. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from jinja2 import Template, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MOST_NUMBER: Final = 1_000_000
"""The largest number that a filter or call may be given, or a power be: it would be a width or a count."""

_STEPPED: Final = "stepped by syndicate"
_MEASURED: Final = "measured by syndicate"
_WIDTH = re.compile(r"\d{5}")
_EXPONENT = 64


class TooMuch(ArithmeticError):
    """A template goes too far; the words say how."""


@dataclass(slots=True)
class Bounds:
    """What one rendering may still use: steps of loops and calls, and characters written or joined."""

    steps: int
    characters: int

    def step(self) -> None:
        """One more step."""
        self.steps -= 1
        if self.steps < 0:
            raise TooMuch("loops or calls without an end in reach")

    def write(self, number: float) -> None:
        """So many more characters, or members of a list."""
        self.characters -= int(number)
        if self.characters < 0:
            raise TooMuch("writes more text than any page or post can hold")


_bounds: ContextVar[Bounds | None] = ContextVar("bounds", default=None)


def rendered(template: Template, fields: Mapping[str, object], bounds: Bounds) -> str:
    """A template of a `BoundedEnvironment` filled in.

    Raises:
        TooMuch: it goes over the bounds.
        TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError: it fails otherwise.
    """
    parts = []
    with _within(bounds):
        try:
            for part in template.generate(fields):
                bounds.write(len(part))
                parts.append(part)
        except RecursionError as error:
            raise TooMuch("calls itself without an end in reach") from error
    return "".join(parts)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox in which everything that can repeat or grow is counted."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=_measured, **options)
        self.filters = {name: _careful(one) for name, one in self.filters.items()}
        self.filters |= {_STEPPED: _stepped, _MEASURED: _measured}
        self.globals["range"] = _range
        del self.globals["lipsum"]

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The operation, unless its result would be too large."""
        if operator == "**" and (_size(left) > MOST_NUMBER or _size(right) > _EXPONENT):
            raise TooMuch("raises to a power that is too large")
        if operator == "%" and isinstance(left, str) and _WIDTH.search(left):
            raise TooMuch("asks for a width that is too large")
        grown: float = _length(left) + _length(right)
        if operator == "*":
            grown *= max(_size(left), _size(right), 1)
        _now().write(grown)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, called: Any, /, *args: Any, **named: Any) -> Any:
        """The call, counted."""
        _now().step()
        _check((*args, *named.values()))
        return super().call(context, called, *args, **named)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format`, unless it asks for a width that is too large."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None and _WIDTH.search(value.__self__):
            raise TooMuch("asks for a width that is too large")
        return wrapped

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _Counting().visit(tree)
        return tree


class _Counting(NodeTransformer):
    """Puts the counting filters around what loops go over and what `~` joins."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _STEPPED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Concat:
        self.generic_visit(node)
        node.nodes = [_filtered(part, _MEASURED) for part in node.nodes]
        return node


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


@contextmanager
def _within(bounds: Bounds) -> Iterator[None]:
    token = _bounds.set(bounds)
    try:
        yield
    finally:
        _bounds.reset(token)


def _now() -> Bounds:
    return _bounds.get() or Bounds(MOST_NUMBER, MOST_NUMBER)  # anew for each thing that Jinja works out as it compiles


def _stepped(members: Iterable[object]) -> Iterator[object]:
    bounds = _now()
    for member in members:
        bounds.step()
        yield member


def _measured(value: Any) -> Any:
    _now().write(len(value) if isinstance(value, str) else 0)
    return value


def _range(*args: int) -> range:
    found = range(*args)
    _now().write(len(found))
    return found


def _careful(one: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that refuses numbers which would be a width or a count without measure."""

    @wraps(one)
    def called(*args: Any, **named: Any) -> Any:
        _check((*args[1:], *named.values()))
        return one(*args, **named)

    return called


def _check(arguments: Iterable[object]) -> None:
    if any(_size(argument) > MOST_NUMBER for argument in arguments):
        raise TooMuch(f"asks for a number over {MOST_NUMBER}")


def _size(value: object) -> float:
    return abs(value) if isinstance(value, int | float) else 0


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0
