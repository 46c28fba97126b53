from __future__ import annotations

from typing import Any

from syndicate.items.frontmatter import read
from syndicate.items.mapping import location_of
from syndicate.items.presets import rules_of
from syndicate.items.trace import Trace, Tried, traces

SITE = "https://site.example/"


def traced(lines: str, body: str = "", path: str = "posts/2024-01-02-x.md", **wishes: Any) -> dict[str, Trace]:
    parts = read(f"---\n{lines}\n---\n{body}".encode(), path)
    assert parts is not None
    rules = rules_of(wishes.pop("preset", "generic"), site_url=SITE, **wishes)
    found = traces(parts[0], parts[1], location=location_of(path, rules), rules=rules)
    return {trace.field: trace for trace in found}


def test_every_source_before_the_one_used_says_why_it_was_not() -> None:
    trace = traced("title: ' '\nname: {first: A}\nheadline: The Title\nother: x")["title"]

    assert trace.tried == (
        Tried("title", "blank", "", 2, 1),
        Tried("name", "no text", "{first}", 3, 1),
        Tried("headline", "used", "The Title", 4, 1),
    )
    assert trace.used == trace.tried[2]


def test_what_is_nowhere_is_absent_everywhere() -> None:
    trace = traced("title: T")["brand"]

    assert [(one.source, one.verdict) for one in trace.tried] == [
        ("link.brand", "absent"),
        ("brand", "absent"),
        ("publisher", "absent"),
    ]
    assert trace.used is None


def test_dates_that_are_switches_are_passed_over_and_impossible_ones_end_the_search() -> None:
    assert [(one.source, one.verdict) for one in traced("date: Last Modified")["published"].tried if one.value] == [
        ("date", "no date that stands in the file"),
        ("filename:date", "used"),
    ]
    impossible = traced("date: 2023-02-30")["published"]
    assert (impossible.tried[-1].verdict, impossible.used) == ("no possible date", None)


def test_a_page_by_template_tells_its_address() -> None:
    used = traced("title: T")["page"].used

    assert used == Tried("content.permalink", "used", "https://site.example/posts/x/")
    assert traced("title: T", path="x.md")["page"].used is None
    given = traced("permalink: /own/")["page"].used
    assert given is not None
    assert (given.source, given.value) == ("permalink", "/own/")


def test_a_summary_that_is_cut_off_is_told() -> None:
    body = "The first words of a body that goes on for longer than the description does. And more."

    tried = traced(f"description: {body[:50]}\nsummary: Whole.", body)["summary"].tried

    assert [(one.source, one.verdict[:7]) for one in tried] == [("description", "cut off"), ("summary", "used")]


def test_all_sources_of_a_union_are_used() -> None:
    trace = traced("categories: [A, B]\ntags: [C]", topics={"is_union": True})["topics"]

    assert [(one.source, one.value) for one in trace.tried if one.is_used] == [("categories", "A, B"), ("tags", "C")]
    assert len(traced("categories: [A]\ntags: [C]")["topics"].tried) == 1


def test_long_values_are_shortened() -> None:
    (tried,) = traced(f"title: {'x' * 300}")["title"].tried

    assert (len(tried.value), tried.value[-1]) == (120, "…")


def test_why_an_expression_gave_nothing_is_told() -> None:
    fields = {"title": [{"key": "name", "regex": "^x"}, "name"]}

    tried = traced("name: A", fields=fields)["title"].tried

    assert [one.verdict for one in tried] == ["does not fit `regex`", "used"]
