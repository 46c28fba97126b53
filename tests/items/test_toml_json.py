from __future__ import annotations

import sys

import pytest

from syndicate.errors import InvalidItem
from syndicate.items.frontmatter import read
from syndicate.items.tree import Value


def fields_of(content: str) -> dict[str, Value]:
    found = read(content.encode(), "x.md")
    assert found is not None
    return found[0].fields


def test_toml_values_become_texts() -> None:
    fields = fields_of(
        "+++\nTitle = 'A'\ndate = 2023-06-07T10:00:00Z\nday = 2023-06-07\nat = 10:00:00\n"
        "draft = true\nn = 7\nx = 1.50\n[params]\nKey = ['a', 'b']\n+++\n"
    )

    assert fields == {
        "title": "A",
        "date": "2023-06-07T10:00:00+00:00",
        "day": "2023-06-07",
        "at": "10:00:00",
        "draft": "true",
        "n": "7",
        "x": "1.50",
        "params": {"key": ["a", "b"]},
    }


def test_json_values_become_texts() -> None:
    fields = fields_of('{"a": 1.50, "b": false, "c": null, "d": [1e3, NaN], "e": {}, "f": ' + "9" * 5000 + "}")

    assert fields == {"a": "1.50", "b": "false", "c": None, "d": ["1e3", "NaN"], "e": {}, "f": "9" * 5000}


def test_a_pair_of_surrogates_in_json_is_one_character() -> None:
    assert fields_of('{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        ("+++\na = \n+++\n", 2, 4, "is no TOML (Invalid value"),
        ("+++\ntitle = Foo\n+++\n", 2, 9, "in `title = Foo`; put texts in double quotes"),
        ('+++\ntitle = "\\ud800"\n+++\n', 2, 16, "; write the character itself"),
        ("+++\na = 2023-02-30\n+++\n", 2, 5, "write dates as"),
        ("+++\na = {\n+++\n", 2, 6, "is no TOML"),
        ("+++\nb = 1\na = " + "9" * 5000 + "\n+++\n", 3, 5, "is no TOML"),
        ("+++\n[a]\nb = 1\n[a]\n+++\n", 4, 3, "each key and table once"),
        ("+++\na = 1\na = 2\nb = 3\n+++\n", 3, 6, "each key and table once"),
        ("+++\na = " + "[" * 30 + "]" * 30 + "\n+++\n", 1, 1, "nested deeper"),
        ("+++\na = " + "[" * 5000 + "]" * 5000 + "\n+++\n", 1, 1, "nested deeper"),
        ("+++\n" + "a." * 60_000 + "a = 1\n+++\n", 2, 40, "nested deeper"),
        ("+++\nx = {" + '"a" . ' * 30_000 + "a = 1}\n+++\n", 2, 125, "nested deeper"),
        ("+++\n" + "".join(f"k{at} = 1\n" for at in range(5_001)) + "+++\n", 1, 1, "more than 5000 lines"),
        ('{"a": [' + "1," * 20_001 + "1]}", 1, 1, "more than 20000 parts"),
        ("+++\na = '" + "x" * 200_001 + "'\n+++\n", 1, 1, "over 200000 characters"),
        ('{"a": 1,\n "b" 2}\n', 2, 6, "is no JSON (Expecting ':' delimiter), in `\"b\" 2}`"),
        ('{title: "A"}\n', 1, 2, "is no JSON"),
        ("{'title': 'A'}\n", 1, 2, "is no JSON"),
        ("{\n", 2, 1, "close every bracket"),
        ('{"a": "x', 1, 7, "close every bracket"),
        ('{"a": 1,}', 1, 9 if sys.version_info < (3, 13) else 8, "no comma before a closing one"),
        ('---json\n{"a": 1} x\n---\n', 2, 10, "is no JSON (Extra data"),
        ('{"a": ' + "[" * 30 + "]" * 30 + "}", 1, 1, "nested deeper"),
        ('{"a": ' + "[" * 90_000 + "]" * 90_000 + "}", 1, 1, "nested deeper"),
        ('---json\n{"a": ' + "[" * 90_000 + "]" * 90_000 + "}\n---\n", 1, 1, "nested deeper"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_place(content: str, line: int, column: int, words: str) -> None:
    with pytest.raises(InvalidItem) as caught:
        read(content.encode(), "x.md")

    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == (line, column)
    assert words in f"{fault.problem}; {fault.remedy}"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ('{"title": "A",\n"title": "B"}\n', "B"),
        ('{"title": "A",\n"Title": " "}\n', "A"),
        ("+++\ntitle = 'A'\nTitle = 'B'\n+++\n".replace("+++\nt", "+++\n\nt"), "B"),
    ],
)
def test_duplicate_keys_are_told_with_both_lines(content: str, value: str) -> None:
    found = read(content.encode(), "x.md")

    assert found is not None
    assert found[0].fields == {"title": value}
    (fault,) = found[0].faults
    assert fault.code == "W-DUPLICATE-KEY"
    assert fault.line is not None
    assert f"first in line {fault.line - 1}" in fault.problem
