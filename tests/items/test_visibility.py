from __future__ import annotations

import pytest

from syndicate.items.location import Location
from syndicate.items.presets import rules_of
from syndicate.items.reader import Reader
from syndicate.items.tree import Tree, Value
from syndicate.items.visibility import hidden_by


def hidden(fields: dict[str, Value], preset: str = "generic", path: str = "posts/x.md", **wishes: object) -> str | None:
    return hidden_by(Reader(Tree(fields), Location(path), rules_of(preset, **wishes)))  # type: ignore[arg-type]  # a table of all types


@pytest.mark.parametrize(
    ("preset", "fields", "rule"),
    [
        ("hugo", {"build": {"list": "never"}}, "build"),
        ("hugo", {"_build": {"render": "false"}}, "build"),
        ("hugo", {"build": {"list": "always"}}, None),
        ("hugo", {"headless": "true"}, "headless"),
        ("hugo", {"params": {"draft": "true"}}, "draft"),
        ("jekyll", {"published": "false"}, "published"),
        ("jekyll", {"published": "2019-01-01"}, None),
        ("astro", {"isdraft": "true", "draft": "false"}, "draft"),
        ("eleventy", {"permalink": "false"}, "permalink"),
        ("eleventy", {"eleventyexcludefromcollections": "true"}, "eleventyexcludefromcollections"),
        ("generic", {"unlisted": "yes"}, "hidden"),
        ("generic", {"status": ["public", "Draft"]}, "status"),
        ("generic", {"status": "published"}, None),
    ],
)
def test_builders_hide_in_their_own_ways(preset: str, fields: dict[str, Value], rule: str | None) -> None:
    assert hidden(fields, preset) == rule


def test_the_texts_that_hide_can_be_set() -> None:
    visibility = {"status": ["Embargo"], "draft": False, "hidden": True}

    assert hidden({"status": "embargo"}, visibility=visibility) == "status"
    assert hidden({"status": "draft", "draft": "true"}, visibility=visibility) is None
    assert hidden({"hidden": "true"}, visibility=visibility) == "hidden"


@pytest.mark.parametrize(
    ("where", "is_kept"),
    [
        ({"kind": "News"}, True),
        ({"kind": ["blog", "news"]}, True),
        ({"kind": "blog"}, False),
        ({"kind": {"is": ["news"]}}, True),
        ({"kind": {"not": "news"}}, False),
        ({"kind": {"not": ["page", "legal"]}}, True),
        ({"absent": {"not": "x"}}, True),
        ({"absent": "x"}, False),
        ({"absent": {"exists": True}}, False),
        ({"absent": {"exists": False}}, True),
        ({"blank": {"exists": True}}, False),
        ({"mapping": {"exists": True}}, True),
        ({"kind": {"regex": "^n"}}, True),
        ({"kind": {"regex": "^x"}}, False),
        ({"tags": "two"}, True),
        ({"flag": True}, True),
        ({"flag": False}, False),
        ({"count": 3}, True),
        ({"path:section": "posts"}, True),
        ({"mapping.deep": {"regex": "(?i)YES", "not": "no"}}, True),
        ({"mapping.deep": {"regex": "(?i)YES", "not": "yes"}}, False),
        ({"kind": "news", "count": 4}, False),
        ({"hostile": {"regex": "(?:a|a|aa)+$"}}, False),
    ],
)
def test_files_must_meet_every_condition(where: dict[str, object], is_kept: bool) -> None:
    fields: dict[str, Value] = {
        "kind": "news",
        "blank": " ",
        "mapping": {"deep": "yes"},
        "tags": ["one", "two"],
        "flag": "yes",
        "count": "3",
        "hostile": "a" * 60 + "!",
    }

    assert (hidden(fields, where=where) is None) is is_kept


def test_a_condition_is_counted_by_its_name() -> None:
    assert hidden({"kind": "page"}, where={"kind": "news"}) == "where: kind"
