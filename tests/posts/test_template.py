from __future__ import annotations

import pytest

from syndicate.posts.template import FIELDS, check_template, render


def test_template_is_filled_in_as_plain_text() -> None:
    fields = {**dict.fromkeys(FIELDS, ""), "title": "R&D <now>", "brand": "a.example"}

    assert render("{{ title }}{% if brand %} via {{ brand }}{% endif %}", fields) == "R&D <now> via a.example"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ titel }}", "'titel' is undefined"),
        ("{% if title %}", "line 1: "),
        ("{{ title", "line 1: "),
        ("{{ title.__class__.__mro__ }}", "unsafe"),
        ("{{ title + 1 }}", "can only concatenate"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% if brand %}{{ nope }}{% endif %}", "'nope' is undefined"),
    ],
)
def test_wrong_template_is_refused_with_the_problem(source: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        check_template(source)

    assert "fields are title, summary, link" in str(caught.value)


def test_good_template_passes() -> None:
    check_template("{{ title }}\n{{ summary }} {{ hashtags }} {{ site_name }} {{ section }}")
