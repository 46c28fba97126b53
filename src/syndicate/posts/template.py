"""Texts of the operator's own making: Jinja2 templates in a sandbox. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jinja2 import Template

FIELDS: Final = ("title", "summary", "link", "hashtags", "brand", "site_name", "section")
"""What a template may use; each is text, empty where the item has none, so that `{% if brand %}` works."""


def check_template(source: str) -> None:
    """Make sure that a template can be used.

    Raises:
        ValueError: with the line and the problem in words.
    """
    render(source, dict.fromkeys(FIELDS, ""))
    render(source, dict.fromkeys(FIELDS, "x"))


def render(source: str, fields: Mapping[str, str]) -> str:
    """The template filled in.

    Raises:
        ValueError: the template is wrong, uses an unknown field, or reaches for what the sandbox forbids.
    """
    from jinja2 import TemplateError

    try:
        return _compiled(source).render(fields)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        place = f"line {line}: " if line else ""
        raise ValueError(f"template: {place}{error}; fields are {', '.join(fields)}") from error
    except (TypeError, ArithmeticError, LookupError, AttributeError) as error:
        raise ValueError(f"template: {error}; fields are {', '.join(fields)}") from error


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    # Imported here: most installations have no template, and every command would pay for it at its start.
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Plain text: HTML escaping would show as "&amp;" in posts.
    environment = ImmutableSandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
    return environment.from_string(source)
