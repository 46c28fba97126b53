"""How far an operator's template may go: a loop without end, or a text without end, is refused before it fills memory.

Steps of loops and calls are counted while it is rendered, and so are the characters that it writes or joins. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final

from jinja2 import Template, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from msgspec import Struct

from syndicate.posts.growth import filtered_size, formatted_size, text_size

MOST_NUMBER: Final = 1_000_000
"""The largest number that a filter or call may be given, or a power be: it would be a width or a count."""

_STEPPED: Final = "stepped by syndicate"
_MEASURED: Final = "measured by syndicate"
_TOO_LONG: Final = "writes more text than any page or post can hold"
_WIDTH = re.compile(r"\d{4}")
_EXPONENT = 64
_MOST_FOLDED: Final = 10_000
"""Steps and characters that Jinja may work out as it compiles: it writes their result into the code."""


class TooMuch(ArithmeticError):
    """A template goes too far; the words say how."""


class Bounds(Struct):
    """What one rendering may still use: steps of loops and calls, and characters written or joined."""

    steps: int
    characters: int

    def step(self) -> None:
        """One more step."""
        self.steps -= 1
        if self.steps < 0:
            raise TooMuch("loops or calls without an end in reach")

    def fits(self, number: int) -> None:
        """Whether so many more characters may be made at once."""
        if number > self.characters:
            raise TooMuch(_TOO_LONG)

    def write(self, number: float) -> None:
        """So many more characters, or members of a list."""
        self.characters -= int(number)
        if self.characters < 0:
            raise TooMuch(_TOO_LONG)


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
        self.filters = {name: _careful(name, one) for name, one in self.filters.items()}
        self.filters |= {_STEPPED: _stepped, _MEASURED: _measured}
        self.globals["range"] = _range
        del self.globals["lipsum"]

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The operation, unless its result would be too large."""
        if operator == "**" and (_size(left) > MOST_NUMBER or _size(right) > _EXPONENT):
            raise TooMuch("raises to a power that is too large")
        if operator == "%" and isinstance(left, str):
            _check_form(left, "%", (right,))
        grown: float = _length(left) + _length(right)
        if operator == "*":
            grown *= max(_size(left), _size(right), 1)
        _now().write(grown)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, called: Any, /, *args: Any, **named: Any) -> Any:
        """The call, counted."""
        bounds = _now()
        bounds.step()
        _check((*args, *named.values()))
        text = getattr(called, "__self__", None)
        if not isinstance(text, str):
            return super().call(context, called, *args, **named)
        bounds.fits(filtered_size(called.__name__, text, args, named, bounds.characters))
        return _measured(super().call(context, called, *args, **named))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format`, unless it asks for a width that is too large."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        @wraps(wrapped)
        def formatted(*args: Any, **named: Any) -> str:
            _check_form(value.__self__, "{", (*args, *named.values()))
            text: str = _measured(wrapped(*args, **named))
            return text

        return formatted

    def _generate(self, source: nodes.Template, *args: Any, **named: Any) -> str:
        with _within(Bounds(_MOST_FOLDED, _MOST_FOLDED)):  # what is more is worked out in use, within its bounds
            return super()._generate(source, *args, **named)

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
    return _bounds.get() or Bounds(MOST_NUMBER, MOST_NUMBER)  # for templates of our own, which need no bounds


def _stepped(members: Iterable[object]) -> Iterator[object]:
    bounds = _now()
    for member in members:
        bounds.step()
        yield member


def _measured(value: Any) -> Any:
    bounds = _now()
    if isinstance(value, str):
        bounds.write(len(value))
    elif isinstance(value, list | tuple | dict):
        bounds.write(text_size(value, bounds.characters))
    return value


def _range(*args: int) -> range:
    found = range(*args)
    _now().write(len(found))
    return found


def _careful(name: str, one: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that refuses numbers which would be a width or a count without measure, and texts without measure."""
    at = 1 if hasattr(one, "jinja_pass_arg") else 0  # behind the context, where it asks for that

    @wraps(one)
    def called(*args: Any, **named: Any) -> Any:
        bounds, value, rest = _now(), args[at], args[at + 1 :]
        _check((*rest, *named.values()))
        if isinstance(value, Iterator):  # it can be asked once only
            value = list(_stepped(value)) if name in _GATHERED else value
        bounds.fits(filtered_size(name, value, rest, named, bounds.characters))
        made = one(*args[:at], value, *rest, **named)
        if isinstance(made, str | list):
            bounds.write(len(made))
        return made

    return called


_GATHERED: Final = frozenset(("join", "string", "sum"))


def _check_form(form: str, sign: str, values: Iterable[object]) -> None:
    """A text with places for values: how wide they are stands in it, or is one of the values."""
    if _WIDTH.search(form):
        raise TooMuch("asks for a width that is too large")
    bounds = _now()
    bounds.fits(formatted_size(form, sign, values, bounds.characters))


def _check(arguments: Iterable[object]) -> None:
    if any(_size(argument) > MOST_NUMBER for argument in arguments):
        raise TooMuch(f"asks for a number over {MOST_NUMBER}")


def _size(value: object) -> float:
    return abs(value) if isinstance(value, int | float) else 0


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0
