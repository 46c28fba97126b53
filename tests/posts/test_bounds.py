from __future__ import annotations

import pytest

from syndicate.posts.template import MOST_CHARACTERS, MOST_STEPS, render, slips_in

GROWING = "{% set ns = namespace(x='ab') %}{% for a in range(99) %}{% set ns.x = ns.x OP ns.x %}{% endfor %}"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", "loops or calls without"),
        (f"{{% for a in range({MOST_STEPS}) %}}0123456789x{{% endfor %}}", "writes more text"),
        (f"{{{{ 'x' * {MOST_CHARACTERS + 1} }}}}", "writes more text"),
        ("{{ [1] * 10**10 }}", "writes more text"),
        ("{{ 10**10 * 'x' }}", "writes more text"),
        (GROWING.replace("OP", "~"), "writes more text"),
        (GROWING.replace("OP", "+"), "writes more text"),
        ("{% set x %}{% for a in range(9999) %}{{ title ~ 'xxxxxxxxx' }}{% endfor %}{% endset %}", "writes more text"),
        ("{{ range(1000000) | list }}", "writes more text"),
        ("{{ range(10**30) }}", "a number over"),
        ("{{ '%10000000000d' % 1 }}", "a width"),
        ("{{ '{:>9999999999}'.format(1) }}", "a width"),
        ("{{ 'x' | center(10**9) }}", "a number over"),
        ("{{ 'x'.ljust(width=10**9) if false else 'x'.ljust(10**9) }}", "a number over"),
        ("{{ 9 ** (9 ** 9) }}", "a power"),
        ("{{ 'x' * 1000 ** 60 }}", "writes more text"),
        ("{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}", "calls itself"),
        (
            "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
            "loops or calls",
        ),
        ("{{ lipsum(n=1000) }}", "`lipsum` is no field"),
    ],
)
def test_a_template_without_end_is_told_and_fills_no_memory(source: str, problem: str) -> None:
    [slip] = slips_in(source)

    assert problem in slip.problem


def test_what_comes_out_of_bounds_in_use_alone_is_refused_as_a_template() -> None:
    with pytest.raises(ValueError, match=r"template: writes more text than any page or post can hold; fields are"):
        render("{% for a in title %}{{ title }}{% endfor %}", {"title": "x" * 1000})


def test_usual_templates_keep_their_results() -> None:
    source = (
        "{% for a in title if a != 'b' %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %} "
        "{{ title ~ 'd' ~ 3 }} {{ 2 + 3 * 2 ** 2 }} {{ '%5s|' % title }} {{ '{:>5}'.format(title) }} "
        "{{ title | truncate(2, true, '', 0) }} {{ ['a'] * 2 }} {{ range(3) | join }} {{ 7 % 4 }} {{ 3.5 | round(0) }}"
    )

    assert render(source, {"title": "abc"}) == "1/2,2/2 abcd3 14   abc|   abc ab ['a', 'a'] 012 3 4.0"
