from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import InvalidItem
from syndicate.items.frontmatter import MAX_FILE_BYTES, MAX_FRONT_BYTES, read
from syndicate.items.tree import Tree

CURATED = Path(__file__).parents[1] / "data" / "items" / "curated.md"


def parts_of(content: str | bytes) -> tuple[Tree, str]:
    found = read(content if isinstance(content, bytes) else content.encode(), "x.md")
    assert found is not None
    return found


def refusal_of(content: str | bytes) -> tuple[str, int | None, int | None, str]:
    with pytest.raises(InvalidItem) as caught:
        read(content if isinstance(content, bytes) else content.encode(), "x.md")
    (fault,) = caught.value.faults
    assert fault.path == "x.md"
    assert fault.remedy
    return fault.code, fault.line, fault.column, f"{fault.problem}; {fault.remedy}"


@pytest.mark.parametrize(
    "content",
    [
        "---\ntitle: A\n---\nBody\n",
        "---\r\ntitle: A\r\n---\r\nBody\r\n",
        "---\rtitle: A\r---\rBody\r",
        "---\r\ntitle: A\n---\r\nBody",
        "\ufeff---\ntitle: A\n---\nBody",
        "\n \n---\ntitle: A\n---\nBody",
        "---  \ntitle: A\n---\t\n\n\nBody\n\n",
        "-----\ntitle: A\n-----\nBody",
        "---\ntitle: A\n...\nBody",
        "+++\ntitle = 'A'\n+++\nBody",
        '{"title": "A"}\nBody',
        '{\n  "title": "A"\n}\n\nBody',
        "---\ntitle: A\n---\nBody".encode("utf-16"),
        b"\xfe\xff" + "---\ntitle: A\n---\nBody".encode("utf-16-be"),
        "---\nTITLE: A\n---\nBody",
        "---\ntitle: A\n\n\n---\nBody",
    ],
)
def test_all_kinds_of_fences_and_encodings_are_read(content: str | bytes) -> None:
    front, body = parts_of(content)

    assert front.fields == {"title": "A"}
    assert body == "Body"
    assert front.faults == ()


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ("---yaml\ntitle: A\n---\nBody", {"title": "A"}),
        ("--- YML\ntitle: A\n---\nBody", {"title": "A"}),
        ("---toml\ntitle = 'A'\n---\nBody", {"title": "A"}),
        ('---json\n{"title": "A"}\n---\nBody', {"title": "A"}),
        ("<!--\n---\ntitle: A\n---\n-->\nBody", {"title": "A"}),
        ("<!-- a -->\n<!--\n+++\ntitle = 'A'\n+++\n-->\nBody", {"title": "A"}),
    ],
)
def test_the_fences_of_gray_matter_and_of_hugo_in_a_comment_are_read(content: str, fields: dict[str, str]) -> None:
    front, body = parts_of(content)

    assert (front.fields, body, front.faults) == (fields, "Body", ())


@pytest.mark.parametrize(
    "content",
    ["<!-- a -->\n\n---\ntitle: A\n---\nBody", "#!/bin/sh\n<!-- a --> ---\n# b\n\ntitle: A\n---\nBody"],
)
def test_front_matter_below_a_comment_is_read_with_a_warning(content: str) -> None:
    front, body = parts_of(content)

    assert (front.fields, body) == ({"title": "A"}, "Body")
    assert [(fault.code, fault.line, fault.column) for fault in front.faults] == [("W-FENCE", 1, 1)]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# Just Markdown\n",
        "text\n---\nmore\n---\n",
        "{{< shortcode >}}\n",
        "{% raw %}",
        "{: .class}",
        "-- no",
        "+ a",
        "- a: b",
        "<!-- a -->\n---\nno key\n---\n",
        "<!-- a\n---\ntitle: A\n---\n",
        "<!-- a -->" * 21 + "\n---\ntitle: A\n---\n",
        "#!/bin/sh",
        "#+ no key",
    ],
)
def test_a_file_without_fence_is_no_item(content: str) -> None:
    assert read(content.encode(), "x.md") is None


@pytest.mark.parametrize("content", ["---\n---\nBody", "---\n\n# comment\n---\nBody", "---\n~\n---\nBody"])
def test_empty_front_matter_is_an_empty_tree_with_a_warning(content: str) -> None:
    front, body = parts_of(content)

    assert (front.fields, body) == ({}, "Body")
    assert [(fault.code, fault.line) for fault in front.faults] == [("W-FRONTMATTER-EMPTY", 1)]


@pytest.mark.parametrize(
    ("content", "code", "line", "column", "words"),
    [
        ("---\ntitle: A\n", "E-FRONTMATTER-UNCLOSED", 1, 1, "write `---` on a line of its own"),
        ("---", "E-FRONTMATTER-UNCLOSED", 1, 1, "in `---`; write `---`"),
        ("\n\n+++\ntitle = 'A'\n", "E-FRONTMATTER-UNCLOSED", 3, 1, "write `+++`"),
        ("---json\n{}\n", "E-FRONTMATTER-UNCLOSED", 1, 1, "in `---json`; write `---`"),
        ("--- # a\ntitle: A\n---\n", "E-FRONTMATTER", 1, 1, "in `--- # a`; leave nothing but the fence"),
        ("---js\n{}\n---\n", "E-FRONTMATTER", 1, 1, "more than a fence"),
        ("\n+++ a\n", "E-FRONTMATTER", 2, 1, "more than a fence"),
        ("\u2014-\ntitle: A\n\u2014-\n", "E-FRONTMATTER", 1, 1, "three plain hyphens"),
        ("--\ntitle: A\n--\n", "E-FRONTMATTER", 1, 1, "three plain hyphens"),
        ("#+TITLE: A\n", "E-FRONTMATTER", 1, 1, "Org mode"),
        ("#+tags[]: a b\n", "E-FRONTMATTER", 1, 1, "Org mode"),
        (';;;\n"title": "A"\n;;;\n', "E-FRONTMATTER", 1, 1, "`;;;`"),
        ("---\ntitle: A\n--- b\nc: d\n---\n", "E-FRONTMATTER", 3, 1, "a second document"),
        ("---\n- a\n- b\n---\n", "E-FRONTMATTER-NOT-A-MAPPING", 2, 1, "is a list, no mapping, in `- a`"),
        ("---\njust words\n---\n", "E-FRONTMATTER-NOT-A-MAPPING", 2, 1, "is a single text"),
        ('---json\n"a"\n---\n', "E-FRONTMATTER-NOT-A-MAPPING", 1, 1, "is a single text"),
        ("---json\n[1]\n---\n", "E-FRONTMATTER-NOT-A-MAPPING", 1, 1, "is a list"),
        ("---\na: b\n" + "# " + "x" * MAX_FRONT_BYTES + "\n---\n", "E-TOO-BIG", 1, 1, "into the body"),
        ("---\na: b\n---\n" + "x" * MAX_FILE_BYTES, "E-TOO-BIG", None, None, "shorten it"),
        (b"---\ntitle: caf\xe9 x\n---\n", "E-ENCODING", 2, 11, "byte 14 cannot be read, in `title: caf\ufffd x`; save"),
        (b"---\r\rtitle: caf\xe9", "E-ENCODING", 3, 11, "byte 15 cannot be read"),
        (b"\xff\xfe---", "E-ENCODING", 1, 2, "is not UTF-16"),
        ("---\ntitle: a\x00b\n---\n", "E-ENCODING", 2, 9, "NUL"),
    ],
)
def test_what_cannot_be_read_is_named_with_place_and_remedy(
    content: str | bytes, code: str, line: int | None, column: int | None, words: str
) -> None:
    found = refusal_of(content)

    assert found[0] == code
    assert words in found[3]
    assert found[1:3] == (line, column)


def test_a_file_that_is_not_utf8_is_read_in_the_fallback_encoding_with_a_warning() -> None:
    found = read(b"---\na: b\ntitle: caf\xe9\n---\n", "x.md", fallback_encoding="cp1252")

    assert found is not None
    (fault,) = found[0].faults
    assert (fault.code, fault.line) == ("W-ENCODING", 3)
    assert "byte 19 was read as cp1252" in fault.problem
    assert found[0].fields["title"] == "café"


@pytest.mark.parametrize("content", [b"---\ntitle: caf\xe9\x81\n---\n", b"\xff\xfe---"])
def test_what_the_fallback_encoding_cannot_read_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidItem) as caught:
        read(content, "x.md", fallback_encoding="cp1252")

    assert caught.value.faults[0].code == "E-ENCODING"


def test_a_file_of_utf8_is_never_read_in_the_fallback_encoding() -> None:
    found = read("---\ntitle: café\n---\n".encode(), "x.md", fallback_encoding="cp1252")

    assert found is not None
    assert (found[0].fields["title"], found[0].faults) == ("café", ())


def test_scalars_stay_as_they_are_written() -> None:
    front, _ = parts_of(
        "---\ntitle: No\nid: 0123\ndate: 2023-02-30\ntags: [on, 1.0, 2024-01-01, ~, null, 'null']\n"
        "big: .inf\ntime: 12:30:00\n2019: x\ntrue: y\nnull: z\ncontent: c\nhandler: h\nempty:\n---\n"
    )

    assert front.fields == {
        "title": "No",
        "id": "0123",
        "date": "2023-02-30",
        "tags": ["on", "1.0", "2024-01-01", None, None, "null"],
        "big": ".inf",
        "time": "12:30:00",
        "2019": "x",
        "true": "y",
        "null": "z",
        "content": "c",
        "handler": "h",
        "empty": None,
    }


def test_toml_and_json_values_become_texts_too() -> None:
    toml, _ = parts_of(
        "+++\nTitle = 'A'\ndate = 2023-06-07T10:00:00Z\nday = 2023-06-07\nat = 10:00:00\n"
        "draft = true\nn = 7\nx = 1.50\n"
        "[params]\nKey = ['a', 'b']\n+++\n"
    )
    json, _ = parts_of('{"a": 1.50, "b": false, "c": null, "d": [1e3, NaN]}')

    assert toml.fields == {
        "title": "A",
        "date": "2023-06-07T10:00:00+00:00",
        "day": "2023-06-07",
        "at": "10:00:00",
        "draft": "true",
        "n": "7",
        "x": "1.50",
        "params": {"key": ["a", "b"]},
    }
    assert toml.places[("date",)] == (3, 1)
    assert json.fields == {"a": "1.50", "b": "false", "c": None, "d": ["1e3", "NaN"]}


@pytest.mark.parametrize(
    ("content", "value", "line"),
    [
        ("---\ntitle: A\ntitle: B\n---\n", "B", 3),
        ("---\nTitle: A\ntitle:\n---\n", "A", 3),
        ("---\ntitle: A\nTITLE: [B]\n---\n", ["B"], 3),
        ('{"title": "A",\n"title": "B"}\n', "B", 2),
        ("+++\ntitle = 'A'\nTitle = ' '\n+++\n", "A", 3),
    ],
)
def test_duplicate_keys_are_warned_of_and_a_blank_one_never_wins(content: str, value: object, line: int) -> None:
    front, _ = parts_of(content)

    (fault,) = front.faults
    assert (fault.code, fault.line, fault.is_warning) == ("W-DUPLICATE-KEY", line, True)
    assert front.fields == {"title": value}


def test_equal_keys_in_two_members_of_a_list_are_no_duplicates() -> None:
    front, _ = parts_of("---\nitems:\n- label: a\n- label: b\n---\n")

    assert front.faults == ()
    assert front.fields == {"items": [{"label": "a"}, {"label": "b"}]}


def test_characters_that_yaml_forbids_are_left_out_with_a_warning() -> None:
    front, _ = parts_of("---\na: b\ntitle: x\x0by\x9f\u2028z\ufeff\x7f\n---\n")

    (fault,) = front.faults
    assert (fault.code, fault.line, fault.column) == ("W-CONTROL-CHARACTER", 3, 9)
    assert "U+000B" in fault.problem
    assert front.fields["title"] == "xy z"


def test_invisible_characters_are_left_out_of_ascii_too_and_tabs_stay() -> None:
    front, _ = parts_of("---\na: 'b\tc'\ntitle: x\x7fy\x0b\n---\n")

    [fault] = front.faults
    assert (fault.code, fault.line, fault.column) == ("W-CONTROL-CHARACTER", 3, 9)
    assert front.fields == {"a": "b\tc", "title": "xy"}


def test_places_count_from_the_top_of_the_file() -> None:
    front, _ = parts_of("\n\n---\na: 1\nlink:\n  href: x\n---\n")

    assert front.places[("link", "href")] == (6, 3)


def test_a_whole_item_of_the_schema_is_read() -> None:
    front, body = parts_of(CURATED.read_bytes())

    assert front.fields["id"] == "4711"
    assert front.fields["institution"] is None
    assert body.startswith("<p>A clinic")


@given(st.integers(0, 1800), st.sampled_from("\n\t:-'\"[{&*!@\x00\x85é\u2028x "), st.booleans())
def test_a_damaged_file_gives_fields_or_a_named_fault(at: int, char: str, is_inserted: bool) -> None:
    text = CURATED.read_text()
    damaged = text[:at] + char + text[at if is_inserted else at + 1 :]

    try:
        found = read(damaged.encode(), "x.md")
    except InvalidItem as error:
        assert all(fault.path == "x.md" and fault.remedy for fault in error.faults)
    else:
        assert found is None or found[0].fields
        assert found is not None or not damaged.lstrip().startswith("---\n")
