from __future__ import annotations

import re
from pathlib import Path

import pytest

from syndicate.posts.template import FIELDS, check_template, render, slips_in


def test_template_is_filled_in_as_plain_text() -> None:
    fields = {**dict.fromkeys(FIELDS, ""), "title": "R&D <now>", "brand": "a.example"}

    assert render("{{ title }}{% if brand %} via {{ brand }}{% endif %}", fields) == "R&D <now> via a.example"


@pytest.mark.parametrize(
    ("source", "slips"),
    [
        ("{{ titel }}", ["line 1: `titel` is no field"]),
        ("{{ a }}\n{{ title }}\n{% if no %}{{ b }}{% endif %}{{ a }}", ["line 1: `a` is no field", "line 3: `a` is"]),
        ("{% if title == 'never' %}{{ nope }}{% endif %}", ["line 1: `nope` is no field"]),
        ("{% for one in topics %}{{ one }}{% endfor %}{% set own = 1 %}{{ own }}", []),
        ("{% if title %}", ["line 1: "]),
        ("{{ title", ["line 1: "]),
        ("{{ title | nofilter }}", ["line 1: No filter"]),
        ("{{ title.__class__.__mro__ }}", ["access to attribute"]),
        ("{{ title + 1 }}", ["can only concatenate"]),
        ("{{ 1 / 0 }}", ["division by zero"]),
        ("", []),
    ],
)
def test_every_slip_is_told_with_its_line(source: str, slips: list[str]) -> None:
    told = [str(slip) for slip in slips_in(source)]

    assert all(any(one.startswith(slip) for one in told) for slip in slips)
    assert bool(told) == bool(slips)
    assert not any("\n" in one or one.endswith(".") for one in told)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ titel }}", "'titel' is undefined"),
        ("{% if title %}", "line 1: "),
        ("{{ title.__class__.__mro__ }}", "unsafe"),
        ("{{ title + 1 }}", "can only concatenate"),
    ],
)
def test_template_that_fails_in_use_says_why(source: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        render(source, dict.fromkeys(FIELDS, "x"))

    assert "fields are title, summary, link" in str(caught.value)


def test_wrong_template_is_refused_with_the_problem() -> None:
    with pytest.raises(ValueError, match=r"template: line 1: `titel` is no field; fields are title, summary, link"):
        check_template("{{ titel }}")


def test_good_template_passes() -> None:
    check_template("{{ title }}\n{{ summary }} {{ hashtags }} {{ site_name }} {{ section }}")


def test_reference_names_every_field() -> None:
    reference = Path(__file__).resolve().parents[2] / "docs" / "reference" / "templates.md"
    told = reference.read_text(encoding="utf-8").partition("## Texts of posts")[2]

    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == list(FIELDS)
