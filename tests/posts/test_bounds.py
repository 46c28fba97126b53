from __future__ import annotations

import pytest

from syndicate.posts.template import MOST_CHARACTERS, MOST_STEPS, render, slips_in

GROWING = "{% set ns = namespace(x='ab') %}{% for a in range(99) %}{% set ns.x = ns.x OP ns.x %}{% endfor %}"
NESTED = "{% set a = ['x' * 99] * 99 %}{% set b = [a] * 99 %}{% set c = [b] * 99 %}"
"""A list of few members that has a thousand million characters as text."""


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
        ("{{ title | truncate(1) }}", "expected length"),  # which Jinja asserts
        ("{{ 'x' | replace('x', 'y' * 1000) | replace('y', 'z' * 1000) }}", "writes more text"),
        ("{{ ('x' * 1000) | replace('', 'y' * 1000) }}", "writes more text"),
        ("{{ ('x' * 1000).replace('x', 'y' * 1000) | length }}", "writes more text"),
        ("{{ ('x' * 1000).replace('', 'y' * 1000) | length }}", "writes more text"),
        ("{{ (['a'] * 1000) | join('b' * 1000) | length }}", "writes more text"),
        ("{{ ('b' * 1000).join(['a'] * 1000) | length }}", "writes more text"),
        ("{{ ('a' * 1000) | map('upper') | join('b' * 1000) | length }}", "writes more text"),
        ("{{ (['a'] * 1000) | map('replace', 'a', 'b' * 1000) | join | length }}", "writes more text"),
        ("{{ ('\\t' * 1000).expandtabs(1000) | length }}", "writes more text"),
        ("{{ ('a\\n' * 1000) | indent(1000) | length }}", "writes more text"),
        ("{{ ('a' * 1000) | wordwrap(1, true, 'b' * 1000) | length }}", "writes more text"),
        ("{{ ('a.example ' * 100) | urlize(target='b' * 1000) | length }}", "writes more text"),
        ("{{ ('a' * 1000).translate({97: 'b' * 1000}) | length }}", "writes more text"),
        ("{{ ('%s' * 1000) % (('a' * 1000,) * 1000) }}", "writes more text"),
        ("{{ '%*d' % (1000000, 1) }}", "writes more text"),
        ("{{ '%*d' | format(1000000, 1) }}", "writes more text"),
        ("{{ ('{0}' * 1000).format('a' * 1000) }}", "writes more text"),
        ("{{ '{0:{1}}'.format(1, 1000000) }}", "writes more text"),
        ("{{ [1] | tojson(indent=100000) }}", "writes more text"),
        ("{{ [1] | slice(1000000) | list | length }}", "writes more text"),
        ("{{ [title] | batch(1000000, 1) | list | length }}", "writes more text"),
        ("{{ ([1] * 1000) | tojson(indent=1000) | length }}", "writes more text"),
        (NESTED + "{{ c }}", "writes more text"),
        (NESTED + "{{ c | string | length }}", "writes more text"),
        (NESTED + "{{ c | upper | length }}", "writes more text"),
        (NESTED + "{{ 'a' ~ c }}", "writes more text"),
        (NESTED + "{{ c | join | length }}", "writes more text"),
        (NESTED + "{{ {'a': c} | tojson | length }}", "writes more text"),
        (NESTED + "{{ c | sum(start=[]) | length }}", "writes more text"),
        (
            "{% set ns = namespace(l=[]) %}{% for a in range(100) %}"
            "{% set ns.l = ns.l + ['x'.center(9999)] %}{% endfor %}{{ ns.l | length }}",
            "writes more text",
        ),
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


@pytest.mark.parametrize(
    ("source", "made"),
    [
        (
            "{{ title | replace('b', '--') }} {{ title.replace('b', '') }} {{ title | replace('b', 'x', 0) }}",
            "a--c ac abc",
        ),
        ("{{ ['a', 1] | join(', ') }} {{ ', '.join(['a', 'b']) }} {{ [title] | join }}", "a, 1 a, b abc"),
        ("{{ title | map('upper') | join('-') }} {{ [{'a': 1}, {'a': 2}] | join('+', attribute='a') }}", "A-B-C 1+2"),
        ("{{ 'a\\nb' | indent(2) }}", "a\n  b"),
        ("{{ 'a b' | wordwrap(1) }}", "a\nb"),
        ("{{ title.translate({97: 'x', 98: none}) }}", "xc"),
        ("{{ '%s and %s' | format(title, 2) }}", "abc and 2"),
        ("{{ '%d%%' % 5 }} {{ '{0:.1f}'.format(2.25) }} {{ '{a}'.format(a=title) }}", "5% 2.2 abc"),
        ("{{ {'a': [title, 1]} | tojson }}", '{"a": ["abc", 1]}'),
        ("{{ [[1], [2]] | sum(start=[]) }} {{ [1, 2] | sum }} {{ range(3) | sum }}", "[1, 2] 3 3"),
        ("{{ [1, 2, 3] | batch(2, 0) | list }} {{ [1, 2] | slice(2) | list }}", "[[1, 2], [3, 0]] [[1], [2]]"),
        ("{{ [title] | upper }} {{ title.encode('utf-8').decode() }}", "['ABC'] abc"),
        ("{{ title | list }} {{ title.split('b') }} {{ 'a\\tb'.expandtabs(2) }}", "['a', 'b', 'c'] ['a', 'c'] a b"),
    ],
)
def test_what_may_grow_keeps_its_results_where_it_does_not(source: str, made: str) -> None:
    assert render(source, {"title": "abc"}) == made
