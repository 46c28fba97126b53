from __future__ import annotations

import pytest

from syndicate.items.fields import aligned_texts, first, first_text, is_blank, texts_of
from syndicate.items.tree import Tree, Value

TREE = Tree(
    {
        "title": "A",
        "blank": " ",
        "list": ["", None, "x", "y"],
        "link": {"href": "https://a.example/", "brand": None},
        "dropmark.editurl": "literal",
        "meta": {"msvalidate.01": "m", "og:title": "T"},
        "nothing": {"a": None, "b": [" ", {}]},
    },
    {("title",): (2, 1), ("link", "href"): (6, 3)},
)
PATH = "news/2023-6-7-a-title.de.md"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("title", "A"),
        ("TITLE", "A"),
        ("link.href", "https://a.example/"),
        ("link.href.deeper", None),
        ("Link.Brand", None),
        ('"dropmark.editURL"', "literal"),
        ('meta."msvalidate.01"', "m"),
        ('meta."og:title"', "T"),
        ("filename:date", "2023-6-7"),
        ("filename:slug", "a-title"),
        ("filename:language", "de"),
        ("const:always", "always"),
        ("template:/{title}/{filename:slug}", "/A/a-title"),
        ("template:/{title}/{blank}", None),
        ("list", "x"),
        ("blank", None),
        ("missing", None),
        ("link", None),
    ],
)
def test_every_form_of_source_is_found(source: str, value: str | None) -> None:
    found = first_text(TREE, (source,), PATH)

    assert (found.value if found else None) == value


def test_the_first_source_that_is_not_blank_wins_and_tells_its_place() -> None:
    found = first(TREE, ("missing", "blank", "nothing", "link.href", "title"), PATH)

    assert found is not None
    assert (found.source, found.place) == ("link.href", (6, 3))
    assert first(TREE, ("nothing", "blank"), PATH) is None


def test_a_file_name_without_date_gives_none() -> None:
    assert first_text(TREE, ("filename:date",), "plain.md") is None
    assert first_text(TREE, ("filename:slug",), "no-extension") is None


@pytest.mark.parametrize(
    ("value", "blank"),
    [(None, True), ("", True), (" \n", True), ([], True), ({}, True), (["", None], True), ("0", False)],
)
def test_null_empty_and_blank_all_mean_absent(value: Value, blank: bool) -> None:
    assert is_blank(value) is blank


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (" a ", ("a",)),
        (["a", None, " ", "b"], ("a", "b")),
        ([{"name": "N"}, {"slug": "s"}, {"other": "o"}, {"name": " "}], ("N", "s")),
        ({"title": "T"}, ("T",)),
        ([["nested"]], ()),
        (None, ()),
    ],
)
def test_texts_come_from_texts_lists_and_mappings(value: Value, texts: tuple[str, ...]) -> None:
    assert texts_of(value) == texts


def test_aligned_texts_keep_blank_places() -> None:
    assert aligned_texts(["a", None, {"label": "b"}]) == ("a", None, "b")
