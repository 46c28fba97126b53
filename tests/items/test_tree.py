from __future__ import annotations

import pytest

from syndicate.items.frontmatter import read
from syndicate.items.tree import Block, Places, Tree

YAML = "\n\n---\ntitle: A\nlink:\n  href: x\ntags:\n  - a\n  - {k: v}\nbase: &b {p: q}\nuse: *b\nmore:\n  <<: *b\n---\n"
TOML = """+++
title = 'A'
link.href = "x"
tags = ["a",
  "b = c"]
text = '''
no = key
''' # '''
other = \"\"\"one\"\"\"
[params."Key One"]
  n = 1
[[menu]]
  n = 1
[[menu]]
  n = 2
[menu.sub]
  m = 3
+++
"""
JSON = '{\n "title": "A: {",\n "link": {"href": "\\"x"},\n "tags": ["a", {"k": 1}],\n "n": null}\n'


def places_of(content: str) -> Places:
    found = read(content.encode(), "x.md")
    assert found is not None
    assert isinstance(found[0].places, Places)
    return found[0].places


@pytest.mark.parametrize(
    ("content", "path", "key", "value"),
    [
        (YAML, "title", (4, 1), (4, 8)),
        (YAML, "link", (5, 1), (6, 3)),
        (YAML, "link href", (6, 3), (6, 9)),
        (YAML, "tags 0", (8, 5), (8, 5)),
        (YAML, "tags 1 k", (9, 6), (9, 9)),
        (YAML, "tags 2", (7, 1), (8, 3)),
        (YAML, "tags x", (7, 1), (8, 3)),
        (YAML, "title deeper", (4, 1), (4, 8)),
        (YAML, "use p", (11, 1), (11, 6)),
        (YAML, "more p", (13, 3), (13, 7)),
        (TOML, "title", (2, 1), (2, 9)),
        (TOML, "link href", (3, 1), (3, 13)),
        (TOML, "tags", (4, 1), (4, 8)),
        (TOML, "other", (9, 1), (9, 9)),
        (TOML, "params", (10, 2), (10, 2)),
        (TOML, "params keyone", (10, 2), (10, 2)),
        ("+++\n[params.\"Key One\"]\nn = 1\n+++\n", "params", (2, 2), (2, 2)),
        (TOML, "menu 1 n", (15, 3), (15, 7)),
        (TOML, "menu 1 sub m", (17, 3), (17, 7)),
        ("+++\na = 1\n[a.b]\n+++\n".replace("a = 1", "c = 1"), "a b", (3, 2), (3, 2)),
        (JSON, "title", (2, 2), (2, 11)),
        (JSON, "link href", (3, 11), (3, 19)),
        (JSON, "tags 1 k", (4, 17), (4, 22)),
        (JSON, "n", (5, 2), (5, 7)),
    ],
)  # fmt: skip
def test_keys_and_values_have_their_places_in_the_file(
    content: str, path: str, key: tuple[int, int], value: tuple[int, int]
) -> None:
    places = places_of(content)

    assert places[tuple(path.split())] == key
    assert places.value(tuple(path.split())) == value


def test_a_key_that_is_not_there_has_no_place() -> None:
    places = places_of(YAML)

    assert places.get(("nothing",)) is None
    assert ("tags", "1", "k") in set(places)
    assert len(places) == 12


def test_text_that_looks_like_keys_has_no_place_in_toml() -> None:
    assert places_of(TOML).get(("no",)) is None


def test_the_tree_knows_the_line_of_its_fence() -> None:
    found = read(YAML.encode(), "x.md")

    assert found is not None
    assert (found[0].line, Tree({}).line) == (3, 1)


def test_a_long_line_is_shown_around_the_place() -> None:
    block = Block("x.md", 1, "---", "\n" + "x" * 100 + "HERE" + "y" * 100)

    assert "HERE" in block.shown(1, 100)
    assert len(block.shown(1, 100)) == 80
    assert block.shown(0, 0) == "---"
