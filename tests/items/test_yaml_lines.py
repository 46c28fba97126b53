"""Reading by lines: whatever it takes, it gives as the events of libyaml do, in values and in places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items import yaml_lines
from syndicate.items.tree import Block
from syndicate.items.yaml_lines import read_lines
from syndicate.items.yaml_tree import tree_by_events, tree_of_yaml

STORE = Path(__file__).parents[2] / "content"
REAL = tuple(
    path.read_text(encoding="utf-8").removeprefix("---").split("\n---")[0]
    for path in sorted(STORE.rglob("*.md"))
    if path.name != "README.md"
)
KEYS = (
    "a",
    "b",
    "Title",
    "TITLE",
    "ß",
    "key two",
    "x-y.z/1",
    "null",
    "0",
    "$ref",
    "a b ",
    "'q'",
    '"q"',
    "?",
    "<<",
    "é",
)
VALUES = (
    *("", "x", "two words", "null", "~", "NULL", "true", "0123", "-5", "- x", "-", "--", "---", "...", "2024-01-01"),
    *("a: b", "a:b", "a:", ":", ":a", "a #b", "a#b", "#b", "# b", "http://x/y#z", "x  y", "x ", "x, y", "x]", "x}"),
    *("''", "'a'", "'a''b'", "'a: b'", "'a #b'", "'a' b", "'a", "'''", "'a'  ", "'a' # c", "'~'", "' '", "'\u200b'"),
    *('""', '"a"', '"a\\n"', '"a: b"', '"a" b', '"a', '"a""', '"~"', '" "', "[]", "{}", "[ ]", "{ }", "[a]", "[a, b]"),
    *("[a,b]", "[a, ]", "[,]", "[a: b]", "['a', \"b\"]", "['a, b', null]", "[a b , c]", "[a #b]", "[a]b", "[[a]]"),
    *("[a", "[~]", "['a''b']", "[a, 'b", "[-1]", "[- a]", "[a?b]", "[ 'a' 'b' ]", '["a\\n"]', "[a:b]", "{a: b}", "[é]"),
    *("|", ">", "|-", ">-", "|+", ">+", "|2", ">-2", "| # c", "&x a", "*x", "!t a", "!!str a", "@a", "`a", "%a", "!"),
    *(
        "é",
        "\u2028",
        "\x85",
        "\u00a0",
        "a\u00a0b",
        "\U0001f600",
        "\ufeff",
        "a\tb",
        "\t",
        "x\x07",
        "?",
        "? a",
        "?a",
        "=",
        ",",
    ),
)
SURE = (
    *(
        "x",
        "two words",
        "null",
        "~",
        "0123",
        "-5",
        "2024-01-01",
        "a:b",
        "a#b",
        "http://x/y#z",
        "'a'",
        "'a''b'",
        "'a: b'",
    ),
    *(
        "''",
        '""',
        '"a"',
        '"a: b #c"',
        "[]",
        "{}",
        "[a, b]",
        "['a, b', null]",
        "",
        "\u00e9",
        "x  y",
        "true",
        "' '",
        "(a)",
    ),
)
INDENTS = ("", "", "", "  ", "  ", "  ", "    ", "    ", " ", "   ", "      ", "\t")
DASHES = ("", "", "", "", "- ", "- ", "-   ", "-", "- - ", "-\t")
SEPARATORS = (": ", ": ", ": ", ":", ":", ":   ", " : ", "", ":\t")
ENDS = ("", "", "", "", "", "", "", " ", " # c", "#c", "\n", "\n\n", "\n  ", "\n# c", "\n    # c", "\n---", "\r")
SIGNS = ":#-'\"|>[]{}&*!%@ ,?\\~.\t\na0é\x85"


def one_line(random: Random) -> str:
    """A line that may be YAML, most of all of the plain kind."""
    pick = random.choice
    if random.random() < 0.15:
        return pick(
            ("", "  ", "# c", "  # c", "    # c", "text", "  text", "    text", "      text", " - x", "--- ", "...")
        )
    indent, dash = pick(INDENTS), pick(DASHES)
    pair = pick(KEYS[:8] if random.random() < 0.8 else KEYS) + pick(SEPARATORS) if random.random() < 0.75 else ""
    return indent + dash + pair + pick(VALUES) + pick(ENDS)


def value(random: Random) -> str:
    """A value, seldom an odd one."""
    return random.choice(VALUES if random.random() < 0.05 else SURE)


def block_scalar(random: Random, indent: str) -> list[str]:
    """Lines such as stand below `|` and `>`, mostly even."""
    margin = indent + random.choice((" ", "  ", "  ", "    "))
    lines = [
        margin + random.choice(("text", "two words", "a: b", "# c", "- x", "'q'")) for _ in range(random.randint(1, 3))
    ]
    if random.random() < 0.2:
        lines.insert(
            random.randint(0, len(lines)), random.choice(("", " ", margin, margin + "  deeper", indent + "x", "# c"))
        )
    return lines


def plain_part(random: Random, indent: str, depth: int) -> list[str]:
    """A mapping as real stores have it, now and then with something odd inside."""
    lines: list[str] = []
    for number in range(random.randint(1, 4)):
        key, kind = f"{indent}k{number}", random.random()
        step = random.choice(("  ", "  ", "  ", "    ", " "))
        if random.random() < 0.02:
            lines.append(one_line(random))
        if kind < 0.45 or depth > 3:
            lines.append(f"{key}: {value(random)}".rstrip(" "))
        elif kind < 0.6:
            lines += [f"{key}: {random.choice(('|', '>', '|-', '>-'))}", *block_scalar(random, indent)]
        elif kind < 0.75:
            lines += [f"{key}:", *plain_part(random, indent + step, depth + 1)]
        else:
            deeper = indent + random.choice(("", step))
            lines.append(f"{key}:")
            for _ in range(random.randint(0, 3)):
                if random.random() < 0.5:
                    lines.append(f"{deeper}- {value(random)}")
                else:
                    gap = random.choice(("- ", "- ", "-  "))
                    first, *rest = plain_part(random, deeper + " " * len(gap), depth + 1)
                    lines += [deeper + gap + first.lstrip(" "), *rest]
    return lines


def some_text(random: Random) -> str:
    """A block: lines at random, or a plain one, with a few characters changed."""
    if random.random() < 0.3:
        lines = [one_line(random) for _ in range(random.randint(0, 6))]
    else:
        lines = plain_part(random, "", 0)
    text = "\n" + "\n".join(lines)
    return mutated(random, text) if random.random() < 0.4 else text


def mutated(random: Random, text: str) -> str:
    """The text with one to three characters put in, left out or replaced."""
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(text))
        kept = at + random.randint(0, 1)
        text = text[:at] + (random.choice(SIGNS) if kept == at or random.random() < 0.5 else "") + text[kept:]
    return text


def check(text: str) -> bool:
    """Compare both ways; whether the text is read by lines."""
    found = read_lines(text)
    if found is None:
        return False
    block = Block("x.md", 3, "---", text)

    by_lines, by_events = tree_of_yaml(block), tree_by_events(block)

    assert repr(by_lines.fields) == repr(by_events.fields), text
    for path in [(), ("none",), *by_events.places]:
        for asked in (path, (*path, "0"), (*path, "none")):
            assert by_lines.places.get(asked) == by_events.places.get(asked), (text, asked)
    assert by_lines.line == by_events.line
    assert by_events.faults == by_lines.faults == (), text
    return True


def fuzz(count: int, start: int = 0, *, texts: Sequence[str] = ()) -> int:
    """How many of so many texts are read by lines; the long form of the tests below."""
    randoms = (Random(seed) for seed in range(start, start + count))
    return sum(check(mutated(one, one.choice(texts)) if texts else some_text(one)) for one in randoms)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a: b", {"a": "b"}),
        ("A key: b c", {"a key": "b c"}),
        ("a:\n  b: c\nd: e", {"a": {"b": "c"}, "d": "e"}),
        ("a:\n- b\n- c\nd: e", {"a": ["b", "c"], "d": "e"}),
        ("a:\n  - b: c\n    d:\n    - e\n    - f: g\n  - ~", {"a": [{"b": "c", "d": ["e", {"f": "g"}]}, None]}),
        ("a: ~\nb: null\nc:\nd: ''", {"a": None, "b": None, "c": None, "d": ""}),
        ("a: 'it''s: # so'\nb: \"c: d\"", {"a": "it's: # so", "b": "c: d"}),
        ("a: []\nb: {}\nc: [d e, 'f, g', \"\", ~]", {"a": [], "b": {}, "c": ["d e", "f, g", "", None]}),
        ("a: >-\n  b\n  c\nd: >\n  e\n  f\ng: h", {"a": "b c", "d": "e f\n", "g": "h"}),
        ("a: |-\n  b\n  c\nd: |\n  e\n  f", {"a": "b\nc", "d": "e\nf"}),
        ("a: |\n  b\n", {"a": "b\n"}),
        ("# c: d\n\na:\n  # d\n  b: c\n\n# e:", {"a": {"b": "c"}}),
        ("a:  b\nc:\n-   d\n-  e: f\n   g: h", {"a": "b", "c": ["d", {"e": "f", "g": "h"}]}),
        ("a:\n  - [b, c]\n  - >-\n    d\n  - e", {"a": [["b", "c"], "d", "e"]}),
        ("a: \u00fc\u00a0\U0001f468\u200d\U0001f469", {"a": "\u00fc\u00a0\U0001f468\u200d\U0001f469"}),
    ],
)
def test_plain_blocks_are_read_by_lines(text: str, fields: dict[str, object]) -> None:
    found = read_lines(f"\n{text}")

    assert found is not None
    assert found == fields
    assert check(f"\n{text}")


@pytest.mark.parametrize(
    "text",
    [
        *("", "- a", "a: b\na: c", "a: b\nA: c", "a: b # c", "a: b\n  c", "a:\n  b", "a: b: c", "a: 'b", "a: b "),
        *("# c", "a: &b c", "a: *b", "a: !t b", "<<: b", "? a", "a: \"\\n\"", "a: {b: c}", "a: [b: c]", "a: >2\n  b"),
        *("a:\tb", "a: b\u2028c", "a: b\x85c", "a: \ufeff", "a: b\x07", "a: b\n---\nc: d", "  a: b"),
        *("a:: b", "a: b\n  ", "a: "),
        *("a: |\nb: c", "a:\n  b: |\n  c", "a: |\n  b\n   c", "a: |\n  b\n    # c", "a: |\n  b\n\n    # c"),
        *("a:\n  - # b", "a: b\n  - c", "a: b\n- c", "a:\n  - b\n - c", "a:\n  - b\n c: d", "a:\n  b: c\n d: e"),
        *("a:\n  b: c\n- d", "a: b\n  c: d", "a:\n  - b\n    - c", "a:\n  - b\n  c: d"),
        "".join(f"\n{' ' * depth}a:" for depth in range(9)) + " b",
        "\n".join(f"k{number}:" for number in range(3400)),
        "a: [" + "b, " * 19_990 + "b]",
        "a: " + "b" * 200_000,
        "k" * 102 + ": a",
    ],
)  # fmt: skip
def test_what_is_less_plain_is_left_to_the_events(text: str) -> None:
    assert read_lines(f"\n{text}") is None


def test_more_keys_than_are_remembered_are_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_lines, "_MAX_KNOWN", 0)

    assert check("\nnever met: a\nnor this:\n  - b")
    assert check("\nnever met: a\nnor this:\n  - b")


def test_a_block_begins_behind_its_fence() -> None:
    assert read_lines("a: b") is None


@given(st.randoms(use_true_random=False))
def test_both_ways_give_the_same_fields_and_places(random: Random) -> None:
    check(some_text(random))


@pytest.mark.parametrize("seed", range(4))
def test_texts_near_the_edge_are_read_the_same_and_many_by_lines(seed: int) -> None:
    assert fuzz(100, seed * 100) > 10


def test_places_inside_brackets_and_all_in_turn_are_found_too() -> None:
    block = Block("x.md", 3, "---", "\na: [b, c]\nd:\n  - e\n  - f: g")

    places = tree_of_yaml(block).places

    assert places["a", "1"] == (4, 8)
    assert places["d", "1", "f"] == (7, 5)
    assert len(places) == 7
    assert list(places) == list(tree_by_events(block).places)


def test_the_sample_store_is_read_by_lines() -> None:
    assert sum(map(check, REAL)) > 0.9 * len(REAL)


def test_real_front_matter_with_a_few_characters_changed_is_read_the_same() -> None:
    assert fuzz(60, texts=REAL) > 10


def test_heads_of_endless_lines_are_not_kept() -> None:
    for number in range(3):
        read_lines(f"\n{' ' * (100_000 + number)}key: x\n")
        read_lines(f"\na:\n{' ' * (1_000 + number)}key: x\n")

    assert max(map(len, (*yaml_lines._KNOWN, *yaml_lines._HEADS))) <= 120
