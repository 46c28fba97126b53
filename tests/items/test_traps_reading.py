"""Every trap of reading that real stores hold or that python-frontmatter falls into, by name."""

from __future__ import annotations

import pytest

from syndicate.errors import InvalidItem
from syndicate.items.frontmatter import read
from syndicate.items.mapping import item_from
from syndicate.items.presets import PRESETS

LINES = "title: A\ndate: 2024-01-01"


def case(name: str, content: str | bytes, *wanted: object) -> object:
    return pytest.param(content if isinstance(content, bytes) else content.encode(), *wanted, id=name)


@pytest.mark.parametrize(
    "content",
    [
        case("UTF-8 with a byte order mark", f"\ufeff---\n{LINES}\n---\nBody"),
        case("UTF-16 little endian", b"\xff\xfe" + f"---\n{LINES}\n---\nBody".encode("utf-16-le")),
        case("UTF-16 big endian", b"\xfe\xff" + f"---\n{LINES}\n---\nBody".encode("utf-16-be")),
        case("CRLF", f"---\n{LINES}\n---\nBody".replace("\n", "\r\n")),
        case("CR alone", f"---\n{LINES}\n---\nBody".replace("\n", "\r")),
        case("mixed line ends", "---\r\ntitle: A\rdate: 2024-01-01\n---\r\nBody"),
        case("leading blank lines", f"\n \n\t\n---\n{LINES}\n---\nBody"),
        case("long fences", f"----\n{LINES}\n-----\nBody"),
        case("blanks after fences", f"---  \n{LINES}\n---\t \nBody"),
        case("closed by dots", f"---\n{LINES}\n...\nBody"),
        case("trailing blank lines", f"---\n{LINES}\n\n\n---\nBody"),
        case("TOML", "+++\ntitle = 'A'\ndate = 2024-01-01\n+++\nBody"),
        case("TOML with a byte order mark and CRLF", "\ufeff+++\r\ntitle = 'A'\r\ndate = 2024-01-01\r\n+++\r\nBody"),
        case("JSON", '{"title": "A", "date": "2024-01-01"}\nBody'),
        case("JSON with a byte order mark", '\ufeff{\n"title": "A", "date": "2024-01-01"\n}\n\nBody'),
        case("keys in other cases", "---\nTitle: A\nDATE: 2024-01-01\n---\nBody"),
        case("zero-width and control characters", "---\ntitle: \x01A\x7f\x9f\ufeff\ndate: 2024-01-01\n---\nBody"),
    ],
)
def test_every_form_of_the_same_item_is_read(content: bytes) -> None:
    found = read(content, "x.md")

    assert found is not None
    assert (found[0].fields, found[1]) == ({"title": "A", "date": "2024-01-01"}, "Body")


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        case("keys that python-frontmatter keeps for itself", "content: a\nhandler: b",
             {"content": "a", "handler": "b"}),
        case("keys that are no texts", "2019: a\ntrue: b\nnull: c\n1.5: d\n2024-01-01: e",
             {"2019": "a", "true": "b", "null": "c", "1.5": "d", "2024-01-01": "e"}),
        case("impossible dates", "a: 2023-02-30\nb: 0000-00-00\nc: 2023-01-01 24:00:00",
             {"a": "2023-02-30", "b": "0000-00-00", "c": "2023-01-01 24:00:00"}),
        case("numbers as dates", "a: 20230607\nb: 12:30:00", {"a": "20230607", "b": "12:30:00"}),
        case("an integer of 5,000 digits", "a: " + "9" * 5000, {"a": "9" * 5000}),
        case("no is no", "title: No", {"title": "No"}),
        case("octal is no octal", "id: 0123", {"id": "0123"}),
        case("a year is a title", "title: 2019", {"title": "2019"}),
        case("a list keeps what is written", "a: [on, 1.0, 2024-01-01, ~]", {"a": ["on", "1.0", "2024-01-01", None]}),
        case("not a number", "a: .nan\nb: .inf", {"a": ".nan", "b": ".inf"}),
        case("null, blank and null in quotes", "a: null\nb:\nc: ~\nd: 'null'",
             {"a": None, "b": None, "c": None, "d": "null"}),
        case("line separator", "a: x\u2028y\u2029z\x85!", {"a": "x y z !"}),
        case("bracketed alone is a list", "title: [Draft]", {"title": ["Draft"]}),
        case("standard tags", "a: !!str 0123\nb: !!int 7\nc: !!float 1.50\nd: !!str null\ne: !!null null\nf: ! No\n"
             "g: !!timestamp 2024-01-01\nh: !!bool yes\ni: !!seq [a]\nj: !!map {k: v}",
             {"a": "0123", "b": "7", "c": "1.50", "d": "null", "e": None, "f": "No", "g": "2024-01-01", "h": "yes",
              "i": ["a"], "j": {"k": "v"}}),
        case("binary that is text", "a: !!binary Y2Fmw6k=\nb: !binary |\n  Y2Fm\n  w6k=\n", {"a": "café", "b": "café"}),
        case("an alias", "a: &x [1]\nb: *x\n", {"a": ["1"], "b": ["1"]}),
        case("aliases of texts, of keys and of nothing blank", "a: &x y\n*x : z\n&k c: *x\nd: *k\ne: &n ~\nf: *n",
             {"a": "y", "y": "z", "c": "y", "d": "c", "e": None, "f": None}),
        case("a merge key", "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\n",
             {"a": {"k": "1", "l": "2"}, "b": {"k": "1", "l": "3"}}),
        case("a merge key with a list", "b:\n  l: 3\n  <<: [{k: 1, l: 2}, {k: 4}]\n", {"b": {"k": "1", "l": "3"}}),
        case("a merge key in quotes", "'<<': a\n", {"<<": "a"}),
        case("an anchor that is set again", "a: &x 1\nb: *x\nc: &x 2\nd: *x", {"a": "1", "b": "1", "c": "2", "d": "2"}),
    ],
)  # fmt: skip
def test_values_stay_as_they_are_written(content: bytes, fields: dict[str, object]) -> None:
    found = read(b"---\n" + content + b"\n---\n", "x.md")

    assert found is not None
    assert (found[0].fields, found[0].faults) == (fields, ())


QUOTED = [
    ("colon", "Foo: Bar"),
    ("colons", "Foo: Bar: Baz"),
    ("colon at the end", "Foo:"),
    ("at", "@x"),
    ("per cent", "%x"),
    ("backtick", "`x` and y"),
    ("bracket", "[Draft] x"),
    ("link", "[x](https://a.example)"),
    ("brackets", "[A] and [B]"),
    ("star", "*x"),
    ("emphasis", "*x* y"),
    ("braces", "{{ x }}"),
    ("braces and more", "{{ x }} y"),
    ("brace", "{x} y"),
    ("exclamation mark", "!foo x"),
    ("ampersand", "& x"),
    ("quotation", '"Foo" bar'),
    ("quotations", "'Foo' and 'bar' baz"),
    ("dash", "- x"),
    ("question mark", "? x"),
    ("angle", "> x"),
    ("bar", "|x"),
    ("apostrophe inside", "It's: 'x'"),
]


@pytest.mark.parametrize("value", [case(name, value) for name, value in QUOTED])
def test_a_title_that_is_no_yaml_is_read_as_text_with_a_warning(value: bytes) -> None:
    text = value.decode()

    found = read(b"---\nid: 1\ntitle: " + value + b" \ndate: 2024-01-01\n---\n", "x.md")

    assert found is not None
    assert found[0].fields == {"id": "1", "title": text, "date": "2024-01-01"}
    (fault,) = found[0].faults
    assert (fault.code, fault.line, fault.column) == ("W-QUOTED", 3, 8)
    assert "put it in quotes" in fault.remedy


def test_many_such_values_are_read_and_each_is_told() -> None:
    found = read(b"---\ntitle: A: B\nsub title: 'x'\nlink:\n  text: c: d\n\nl:\n- @x\n- b: @y\n---\n", "x.md")

    assert found is not None
    assert found[0].fields == {"title": "A: B", "sub title": "x", "link": {"text": "c: d"}, "l": ["@x", {"b": "@y"}]}
    assert [fault.line for fault in found[0].faults] == [2, 5, 8, 9]


@pytest.mark.parametrize(
    ("lines", "line", "column", "words"),
    [
        case("a comment behind it", "title: Foo: Bar # x", 3, 11, "it holds a colon"),
        case("a second line", "title: Foo: Bar\n  baz", 3, 11, "it holds a colon"),
        case("a comma behind it", "a: @x,", 3, 4, "it begins with @"),
        case("a bracket where no text is due", "tags: [Draft] x", 3, 15, "it begins with ["),
        case("a star where no text is due", "a: *x", 3, 4, "it begins with *"),
        case("a bracket that is not closed", "title: [a\nb: c", 3, 8, "close the bracket with ]"),
        case("a bracket that is not closed and blank lines", "a: [b\n\n\n", 3, 4, "close the bracket with ]"),
        case("a value that another one replaces", "title: *x\ntitle: y", 3, 8, "alias of nothing"),
        case("a quote that is not closed", 'title: "a', 3, 10, "close the quotes"),
        case("apostrophes in single quotes", "title: 'It's'", 3, 12, "'' for an apostrophe"),
        case("quotes at both ends", "title: 'a' and 'b'", 3, 12, "close the quotes"),
        case("a quote that is not closed on later lines", "title: 'a\nb: c\n", 3, 8, "close the quotes"),
        case("a loose line at the end", "b: c\nloose words\n\n", 4, 1, "mend this line or the one above"),
        case("a loose line", "loose words\nb: c", 4, 1, "mend this line or the one above"),
        case("a loose member", "- a & b: c: d", 3, 1, ""),
        case("an indenting tab", "a:\n\tb: c", 4, 1, "not with tabs"),
        case("a key that is no word", "(a): b: c", 3, 7, "it holds a colon"),
        case("an unknown escape", 'title: "\\q"', 3, 9, "double each backslash"),
        case("a pair of surrogates", 'title: "\\ud83d\\ude00"', 3, 11, "write the character itself"),
        case("a lone surrogate", 'title: "\\ud83d"', 3, 11, "write the character itself"),
        case("one in a mapping", 'tags: {a: "\\ud83d"}', 3, 14, "write the character itself"),
        case("one in a list", 'tags: ["\\udc00"]', 3, 11, "write the character itself"),
        case("quotes that would move another text", 'a: "x\nb: y: "z', 4, 9, ""),
        case("an unknown tag", "a: !foo x", 3, 4, "without the tag"),
        case("an unknown tag of a list", "a: !foo [x]", 3, 4, "without the tag"),
        case("a tag that names Python", "title: !!python/object:os.system x", 3, 8, "python/object"),
        case("a tag that names Ruby", "title: !ruby/object:X x", 3, 8, "!ruby/object:X"),
        case("a set", "a: !!set {x, y}", 3, 4, "without the tag"),
        case("binary that is no text", "a: !!binary AAEC/w==", 3, 4, "binary"),
        case("binary that is no Base64", "a: !!binary ä", 3, 4, "binary"),
        case("a list as a key", "? [a]\n: b", 3, 3, "as a key"),
        case("an alias of a list as a key", "a: &x [1]\n*x : b", 4, 1, "as a key"),
        case("an alias of itself", "a: &x [*x]", 3, 8, "without end"),
        case("an alias of nothing", "a: [*x]", 3, 5, "alias of nothing"),
        case("a merge of a text", "<<: a", 3, 1, "something else than mappings"),
        case("a merge of texts", "<<: [{a: b}, c]", 3, 1, "something else than mappings"),
        case("an alias of much", "a: &x [" + "y, " * 2000 + "]\nb: [*x, *x, *x]", 4, 13, "add over 5000 parts"),
        case("an alias too deep", f"a: &x {'[' * 15}{']' * 15}\nb: {'[' * 9}*x{']' * 9}", 4, 13, "nested deeper"),
        case("20,000 members", "a: [" + "1, " * 20_000 + "]", 3, 59981, "more than 20000 parts"),
        case("a value of 200,001 characters", "a: " + "x" * 200_001, 3, 4, "over 200000 characters"),
        case("a list of 3,000 levels", "a: " + "[" * 3000 + "]" * 3000, 3, 23, "nested deeper"),
    ],
)  # fmt: skip
def test_what_may_mean_something_else_is_refused_with_its_place_and_the_way_out(
    lines: bytes, line: int, column: int, words: str
) -> None:
    with pytest.raises(InvalidItem) as caught:
        read(b"---\nid: 1\n" + lines + b"\n---\n", "x.md")

    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == (line, column)
    assert words in f"{fault.problem}; {fault.remedy}"
    shown = fault.problem.rpartition(" in `")[2].rstrip("`")
    assert shown
    assert shown in lines.decode()


def test_not_more_values_than_a_few_are_quoted() -> None:
    lines = "".join(f"k{at}: a: b\n" for at in range(30))

    with pytest.raises(InvalidItem) as caught:
        read(f"---\n{lines}---\n".encode(), "x.md")

    assert caught.value.faults[0].line == 22


def test_an_impossible_date_is_reported_by_the_field_that_needs_it() -> None:
    found = read(b"---\ntitle: A\nlink: https://a.example/\ndate: 2023-02-30\n---\n", "x.md")

    assert found is not None
    reading = item_from(*found, path="x.md", rules=PRESETS["generic"])
    assert [(fault.code, fault.line) for fault in reading.faults] == [("E-DATE", 4)]


@pytest.mark.parametrize(
    ("lines", "value", "former"),
    [
        case("the later wins", "title: A\nTitle: B", "B", 2),
        case("a blank one does not", "title: A\ntitle: ''", "A", 2),
        case("a list", "title: A\ntitle: [B]", ["B"], 2),
        case("in a block with powers", "title: &a A\ntitle: B", "B", 2),
    ],
)
def test_duplicate_keys_are_told_with_both_lines(lines: bytes, value: object, former: int) -> None:
    found = read(b"---\n" + lines + b"\n---\n", "x.md")

    assert found is not None
    assert found[0].fields == {"title": value}
    (fault,) = found[0].faults
    assert (fault.code, fault.line) == ("W-DUPLICATE-KEY", 3)
    assert f"first in line {former}" in fault.problem


def test_a_file_that_names_its_line_ends_in_every_way_still_tells_the_right_line() -> None:
    with pytest.raises(InvalidItem) as caught:
        read(b"\xef\xbb\xbf\r\r\n---\rtitle: A\r\nb: [\n---\r", "x.md")

    assert caught.value.faults[0].line == 5
