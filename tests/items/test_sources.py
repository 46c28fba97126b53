from __future__ import annotations

import pytest

from syndicate.items.fields import first, looked
from syndicate.items.location import Location
from syndicate.items.sources import pattern_fault, source_of
from syndicate.items.tree import Tree, Value

TREE = Tree(
    {
        "resources": [{"name": "n"}, {"src": "a.png"}, "text"],
        "cats": "Foo; Bar ;;Baz",
        "words": "one two",
        "listed": "One Two, Three",
        "day": "03.05.2019",
        "note": "See PR-17 and PR-18",
        "kinds": ["News", "Other", "", {"label": "kept"}],
        "hostile": "a" * 60 + "!",
    },
    {("resources",): (3, 1), ("resources", "src"): (5, 5)},
)


@pytest.mark.parametrize(
    "words",
    [
        *("a.b", 'a."b.c"', "const:", "filename:slug", "filename:owner", "path:section", "path:-2", "file:modified"),
        *("template:{a}/{b.c}", "template:{path:section}", "path", "og:title"),
    ],
)
def test_sources_are_read(words: str) -> None:
    assert str(source_of(words)) == words
    assert source_of(source_of(words)) is source_of(words)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("", "'' is no source; write a key"),
        ("a..b", "'a..b' is no source; write a key"),
        ("a.", "'a.' is no source"),
        ('"open', "is no source"),
        ("template:{a..b}", "'a..b' is no source"),
        ("path:owner", "'owner' is no part of a path; use a folder's number or: categories"),
        ({"split": ","}, "a source has no `key`; write a key"),
        ({"key": "a", "splt": ","}, "'splt' is no option of a source; use one of: format"),
        ({"key": "a", "split": 1}, "`split` of a source is no text; put it in quotes"),
        ({"key": "a", "regex": 1}, "`regex` of a source is no text; put it in quotes"),
        ({"key": "a", "regex": "("}, "'(' is no regular expression (missing"),
        ({"key": "a", "map": "x"}, "`map` of a source is no mapping; write {Former: later}"),
    ],
)
def test_misspelt_sources_are_told(setting: str | dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match="; ") as caught:
        source_of(setting)

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("resources.0.name", "n"),
        ("resources.1.src", "a.png"),
        ("resources.src", "a.png"),
        ("resources.9.src", None),
        ("resources.999999.src", None),
        ("resources.owner", None),
        ({"key": "cats", "split": ";"}, ["Foo", "Bar", "Baz"]),
        ({"key": "words", "split": " "}, ["one", "two"]),
        ({"key": "listed", "split": " "}, ["One Two", "Three"]),
        ({"key": "cats", "split": ";", "map": {"foo": "Fu"}, "prefix": "<", "suffix": ">"}, ["<Fu>", "<Bar>", "<Baz>"]),
        ({"key": "note", "regex": r"PR-(\d+)"}, "17"),
        ({"key": "note", "regex": r"PR-\d+"}, "PR-17"),
        ({"key": "note", "regex": "(x)|See"}, "See"),
        ({"key": "note", "regex": "nothing"}, None),
        ({"key": "kinds", "map": {"news": "Reports"}}, ["Reports", "Other", {"label": "kept"}]),
        ({"key": "kinds", "regex": "^N.*"}, ["News", {"label": "kept"}]),
        ({"key": "const:A-B", "split": "-"}, ["A", "B"]),
    ],
)
def test_options_change_what_stands_there(setting: str | dict[str, object], value: Value) -> None:
    (found,) = looked(TREE, [source_of(setting)], "x.md")

    assert found.value == value


def test_places_are_those_of_the_key_or_its_list() -> None:
    found = first(TREE, ["resources.1.src"], Location("x.md"))

    assert found is not None
    assert found.place == (5, 5)


def test_why_there_is_nothing_is_told() -> None:
    unfit = source_of({"key": "note", "regex": "nothing"})
    unfit_list = source_of({"key": "cats", "regex": "nothing", "split": ";"})
    slow = source_of({"key": "hostile", "regex": "(?:a|a|aa)+$"})

    found = list(looked(TREE, [unfit, unfit_list, slow, "day"], "x.md"))

    assert [one.problem for one in found[:2]] == ["does not fit `regex`"] * 2
    assert (found[2].value, found[2].is_slow) == (None, True)
    assert "takes longer" in found[2].problem
    assert not found[3].problem


def test_a_dates_form_goes_with_its_value() -> None:
    (found,) = looked(TREE, [source_of({"key": "day", "format": "%d.%m.%Y"})], "x.md")

    assert (found.value, found.form) == ("03.05.2019", "%d.%m.%Y")


def test_expressions_are_checked_before_use() -> None:
    assert pattern_fault(r"(?P<slug>\w+)") is None
    assert "write it as Python does" in (pattern_fault("[") or "")
