"""Texts of the operator's own making: Jinja2 templates in a sandbox. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from jinja2 import Template

    from syndicate.posts.bounds import BoundedEnvironment

FIELDS: Final = (
    *("title", "summary", "link", "hashtags", "brand", "site_name", "section"),
    *("topic", "topics", "authors", "date", "language"),
)
"""What a template may use; each is text, empty where the item has none, so that `{% if brand %}` works."""

SUBJECT_FIELDS: Final = ("site_name", "title", "count", "more", "date")
"""What a digest's subject may use: the first item's title, how many there are, how many besides the first, the day."""

SUBJECT: Final = "{{ site_name }}: {{ title }}{% if more %} (+{{ more }}){% endif %}"
"""In no language, so that it fits all."""

MOST_STEPS: Final = 10_000
MOST_CHARACTERS: Final = 100_000
"""Of loops and calls, and of text, in one template: far more than any post has room for."""

_REFUSED: Final = (TypeError, ArithmeticError, LookupError, AttributeError, AssertionError)


class Slip(Struct, frozen=True):
    """What is wrong with a template, and in which of its lines, where that is known."""

    problem: str
    line: int | None = None

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}" if self.line else self.problem


def slips_in(source: str, fields: Iterable[str] = FIELDS) -> tuple[Slip, ...]:
    """Everything that is wrong with a template, in order of its lines: grammar, unknown fields, what fails in use."""
    from jinja2 import TemplateError, nodes
    from jinja2.meta import find_undeclared_variables

    known = tuple(fields)
    try:
        tree = _environment().parse(source)
        unknown = find_undeclared_variables(tree) - set(known)
    except TemplateError as error:
        return (_slip_of(error),)
    if unknown:
        places = {(name.lineno, name.name) for name in tree.find_all(nodes.Name) if name.name in unknown}
        return tuple(Slip(f"`{name}` is no field", line) for line, name in sorted(places))
    for filling in ("", "x"):
        try:
            _filled(source, dict.fromkeys(known, filling))
        except (TemplateError, *_REFUSED) as error:
            return (_slip_of(error),)
    return ()


def check_template(source: str, fields: Iterable[str] = FIELDS) -> None:
    """Make sure that a template can be used.

    Raises:
        ValueError: with lines and problems in words.
    """
    known = tuple(fields)
    slips = slips_in(source, known)
    if slips:
        raise ValueError(f"template: {', '.join(map(str, slips))}; fields are {', '.join(known)}")


def render(source: str, fields: Mapping[str, str]) -> str:
    """The template filled in.

    Raises:
        ValueError: the template is wrong, uses an unknown field, reaches for what the sandbox forbids, or has no end.
    """
    from jinja2 import TemplateError

    try:
        return _filled(source, fields)
    except (TemplateError, *_REFUSED) as error:
        raise ValueError(f"template: {_slip_of(error)}; fields are {', '.join(fields)}") from error


def _filled(source: str, fields: Mapping[str, str]) -> str:
    from syndicate.posts.bounds import Bounds, rendered

    return rendered(_compiled(source), fields, Bounds(MOST_STEPS, MOST_CHARACTERS))


def _slip_of(error: Exception) -> Slip:
    # As text a slip of grammar tells its place a second time, on further lines and with the name of a made-up file.
    problem = getattr(error, "message", None) or str(error)
    return Slip(problem.rstrip("."), getattr(error, "lineno", None))


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    return _environment().from_string(source)


@lru_cache(maxsize=1)
def _environment() -> BoundedEnvironment:
    # Imported here: most installations have no template, and every command would pay for it at its start.
    from jinja2 import StrictUndefined

    from syndicate.posts.bounds import BoundedEnvironment

    # Plain text: HTML escaping would show as "&amp;" in posts.
    return BoundedEnvironment(autoescape=False, undefined=StrictUndefined)
