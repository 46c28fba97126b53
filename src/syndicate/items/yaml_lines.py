"""YAML front matter read line by line, where it is so plain that each line can mean but one thing.

That is what stores are made of: keys with plain or quoted values on one line, lists, mappings below keys, evenly
indented block scalars. Whatever else a block holds, be it an anchor, a tab or a comment behind a value, and whatever
would be a fault or a warning, is left to `yaml_tree`, which reads such a block from its beginning: nothing is decided
here that libyaml could see otherwise. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from syndicate.items.tree import MAX_PARTS, MAX_SCALAR, Block, Value

NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# What a line says: indent, dash with its blanks, folded key, and value; and how the value goes on in the next lines,
# where it does: "" as a list or mapping, else as a block scalar of this style.
_Said: TypeAlias = "tuple[str, str, str, Value, str | None]"
# A mapping that is not at its end: its fields and their indent, the list below its last key and that one's indent.
_Open: TypeAlias = "tuple[dict[str, Value], str, list[Value], str | None]"
# A line that says something, with its number.
_Line: TypeAlias = "tuple[int, str]"

_MAX_DEPTH = 8  # mappings, with a list around each
_PARTS_OF_LINE = 6  # at most: a list and a mapping with their ends, a key, its value

# Tabs, what libyaml refuses, and where it ends a line besides; and the bytes of ASCII without these.
_ODD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_TAME = bytes([10, *range(32, 127)])

_HEAD = re.compile(r"( *+)(- ++)?([A-Za-z0-9_$][\w$./ -]{0,99}+(?<! )):?")
_PLAIN = re.compile(r"""(?:[^ \-?:,\[\]{}#&*!|>'"%@`]|-(?=\w))[^:#]*+(?>(?:(?::(?=[^ ])|(?<! )#)[^:#]*+)*)(?<! )""")
_QUOTED = re.compile(r"""'[^']*+(?>(?:''[^']*+)*)'|"[^"\\]*+\"""")
_ENTRY = r"""[\w$~](?:[\w$./ +()-]*+(?<! ))?|'[^']*+'|"[^"\\]*+\""""
_ENTRIES = re.compile(rf"\[ *+(?:(?:{_ENTRY}) *+(?>(?:, *+(?:{_ENTRY}) *+)*))?\]")
_EACH = re.compile(_ENTRY)
_LEAD = re.compile(r" *+(?:- ++)?")

_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.$(+")  # of most plain values
_QUOTES = frozenset("'\"")
_STYLES = frozenset({"|", ">", "|-", ">-"})
_NO_MEMBERS: list[Value] = []  # of a mapping without a list
_GAP = frozenset(("", " "))
_BLANK: _Said = ("\n", "", "", None, None)  # no line has that indent

# The lines that were met first, but for those that say a new text behind a known key: four of five lines of a store
# stand in other files, too, and to find one here takes a third of the time that it takes to read it.
_KNOWN: dict[str, _Said] = {}
_MAX_KNOWN = 10_000
_MAX_LINE = 120  # characters of one that is kept

# Of lines that say something new, what stands before the value is as in other files: indent, dash and folded key of it.
_HEADS: dict[str, tuple[str, str, str]] = {}


class _Unsure(Exception):
    """What may mean something else to libyaml."""


def read_lines(text: str) -> dict[str, Value] | None:
    """The fields of a block; None if it is not plain enough to be sure."""
    if text[:1] != "\n" or len(text) > MAX_SCALAR or not _is_tame(text):
        return None
    lines = text.split("\n")
    parts = len(lines) * _PARTS_OF_LINE
    if parts + len(text) > MAX_PARTS and parts + text.count(",") > MAX_PARTS:
        return None
    try:
        return _read(lines) or None
    except _Unsure:
        return None


def _is_tame(text: str) -> bool:
    return not text.encode().translate(None, _TAME) if text.isascii() else _ODD.search(text) is None


def _read(lines: list[str]) -> dict[str, Value]:
    """The fields that lines say, but for the first, which is the fence's."""
    top: dict[str, Value] = {}
    # The mapping that is being filled, with the list below its last key if there is one; and those around it.
    fields, width, members, list_indent = top, "", _NO_MEMBERS, None
    outer: list[_Open] = []
    waiting: str | None = None  # the key whose value may begin in the next line
    at, last = 0, len(lines) - 1
    known = _KNOWN.get
    while at < last:
        at += 1
        line = lines[at]
        indent, dash, key, value, style = known(line) or _said(line)
        if dash:
            if indent != list_indent:
                fields, width, members, list_indent = _with_list(indent, fields, width, waiting, outer)
            if not key:
                waiting = None
                if style is not None:
                    value, at = _block(style, indent, lines, at)
                members.append(value)
                continue
            outer.append((fields, width, members, list_indent))
            fields, width = {}, indent + " " * len(dash)
            members.append(fields)
        elif indent != width:
            if indent == _BLANK[0]:
                continue
            fields, width = _with_keys(indent, fields, width, waiting, outer)
        if key in fields or len(outer) == _MAX_DEPTH:
            raise _Unsure
        waiting = list_indent = None
        if style:
            value, at = _block(style, width, lines, at)
        elif style is not None:
            waiting = key
        fields[key] = value
    return top


def _with_list(indent: str, fields: dict[str, Value], width: str, waiting: str | None, outer: list[_Open]) -> _Open:
    """The mapping whose list has dashes at this other indent; it begins here if a key waits for its value."""
    if waiting is not None and len(indent) >= len(width):
        members: list[Value] = []
        fields[waiting] = members
        return fields, width, members, indent
    while outer:
        found = outer.pop()
        if len(found[1]) <= len(indent):
            if found[3] == indent:
                return found
            break
    raise _Unsure


def _with_keys(
    indent: str, fields: dict[str, Value], width: str, waiting: str | None, outer: list[_Open]
) -> tuple[dict[str, Value], str]:
    """The mapping with keys at this other indent, and that; it begins here if a key waits for its value."""
    if waiting is not None and len(indent) > len(width):
        outer.append((fields, width, _NO_MEMBERS, None))
        inner: dict[str, Value] = {}
        fields[waiting] = inner
        return inner, indent
    while outer:
        fields, width, _, _ = outer.pop()
        if width == indent:
            return fields, width
    raise _Unsure


def _said(line: str) -> _Said:
    """What a line says that is not known yet."""
    written, colon, rest = line.partition(": ")
    head = _HEADS.get(written)
    if head is not None and colon:
        if rest[:1] in _FIRST and rest not in NULLS and not (": " in rest or "#" in rest or rest[-1] in ": "):
            return *head, rest, None  # as most, and hardly any comes again
        return _kept(line, *head, rest)
    body = line.lstrip(" ")
    is_key = bool(colon) or line[-1:] == ":"
    if body[:2] == "- ":
        member = body[2:].lstrip(" ")
        if member and (member[0] in _QUOTES or not is_key):
            return _kept(line, line[: len(line) - len(body)], body[: len(body) - len(member)], "", member)
    if is_key:
        match = _HEAD.fullmatch(written)
        if match is not None and bool(colon) != (written[-1] == ":"):
            indent, dash, key = match.groups("")
            head = indent, dash, key.casefold()
            if colon and len(_HEADS) < _MAX_KNOWN and len(written) <= _MAX_LINE:
                _HEADS[written] = head
            return _kept(line, *head, rest if colon else None)
    if line and body[:1] != "#":
        raise _Unsure
    return _BLANK


def _kept(line: str, indent: str, dash: str, key: str, written: str | None) -> _Said:
    """The same with what is written behind the key or dash; most lines are kept until they come again."""
    if written is None:
        value, style = None, ""
    elif written in _STYLES:
        value, style = None, written
    else:
        value, style = _value(written), None
    said = (indent, dash, key, value, style)
    if len(_KNOWN) < _MAX_KNOWN and len(line) <= _MAX_LINE and not isinstance(value, list | dict):
        _KNOWN[line] = said
    return said


def _value(written: str) -> Value:
    """What is written on one line."""
    if not written:
        raise _Unsure
    sign = written[0]
    if sign in _FIRST and not (": " in written or " #" in written or written[-1] in ": "):
        return None if written in NULLS else written
    if sign in _QUOTES and written[-1] == sign and written.count(sign) == 2 and "\\" not in written:
        return written[1:-1]
    written = written.lstrip(" ")
    if _PLAIN.fullmatch(written):
        return None if written in NULLS else written
    if written == "{}":
        return {}
    if _ENTRIES.fullmatch(written):
        return [_entry(entry) for entry in _EACH.findall(written)]
    if _QUOTED.fullmatch(written):
        return written[1:-1].replace("''", "'") if written[0] == "'" else written[1:-1]
    raise _Unsure


def _entry(written: str) -> Value:
    return written[1:-1] if written[0] in _QUOTES else None if written in NULLS else written


def _block(style: str, indent: str, lines: list[str], at: int) -> tuple[str, int]:
    """What an evenly indented block scalar says, and the number of its last line."""
    end, all_ends = at + 1, len(lines)
    line = lines[end] if end < all_ends else ""
    said = line.lstrip(" ")
    width = len(line) - len(said)
    if width <= len(indent):
        raise _Unsure
    texts: list[str] = []
    while said and len(line) - len(said) == width:
        texts.append(said)
        end += 1
        line = lines[end] if end < all_ends else ""
        said = line.lstrip(" ")
    if line[:1] in _GAP and end < all_ends and _may_go_on(lines, end):
        raise _Unsure
    text = (" " if style[0] == ">" else "\n").join(texts)
    # Nothing ends the last line of a block of front matter.
    return text if style[-1] == "-" or end == all_ends else text + "\n", end - 1


def _may_go_on(lines: list[str], end: int) -> bool:
    """Whether what looks like a comment behind a block scalar may be text of it."""
    after = lines[end] or next(filter(None, lines[end:]), "")
    return after[:1] == " " and after.lstrip(" ")[:1] == "#"


class LinePlaces(Mapping[tuple[str, ...], tuple[int, int]]):
    """Like `tree.Places`, of a block that was read by lines: where something stands is looked up when it is asked for.

    For what stands in brackets, and for all places in turn, the block is read `again`.
    """

    def __init__(self, block: Block, again: Callable[[], Mapping[tuple[str, ...], tuple[int, int]]]) -> None:
        self._block = block
        self._again = again

    def __getitem__(self, path: tuple[str, ...]) -> tuple[int, int]:
        lines = self._block.text.split("\n")
        telling = [(at, line) for at, line in enumerate(lines) if line.lstrip(" ")[:1] not in {"", "#"}]
        at = _place_in(telling, path)
        if at == 0:
            raise KeyError(path)
        if at is None:
            return self._again()[path]
        lead = _LEAD.match(lines[at])
        return self._block.line + at, (lead.end() if lead else 0) + 1

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._again())

    def __len__(self) -> int:
        return len(self._again())


def _place_in(lines: Sequence[_Line], path: tuple[str, ...]) -> int | None:
    """The number of the line where the last step stands that is there, in lines that hold one mapping or list.

    0 if there is not even the first; None if it leads into brackets.
    """
    part = _part_at(lines, path[0]) if path else None
    if part is None:
        return 0
    (at, line), *below = part
    if len(path) == 1:
        return at
    body = line.lstrip(" ")
    lead = len(line) - len(body)
    written = body[2:].lstrip(" ") if body[:2] == "- " else body.partition(":")[2].lstrip(" ")
    if written[:1] == "[":
        return None
    if body[:2] == "- ":  # what stands behind the dash is as good as a line of its own
        below = [(at, " " * (lead + len(body) - len(written)) + written), *below]
        is_scalar = written[0] in _QUOTES or written in _STYLES or not (": " in written or written[-1] == ":")
    else:
        is_scalar = bool(written)
    if is_scalar or not below:
        return at
    inner = _place_in(below, path[1:])
    return at if inner == 0 else inner


def _part_at(lines: Sequence[_Line], step: str) -> Sequence[_Line] | None:
    """The lines of a key, or of a list's member by its number."""
    lead = len(lines[0][1]) - len(lines[0][1].lstrip(" "))
    is_list = lines[0][1][lead : lead + 2] == "- "
    parts: list[list[_Line]] = []
    for at, line in lines:
        is_next = line[lead : lead + 1] != " " and (line[lead : lead + 2] == "- ") == is_list
        if is_next:
            parts.append([])
        parts[-1].append((at, line))
    if is_list:
        return parts[int(step)] if step.isascii() and step.isdigit() and int(step) < len(parts) else None
    keys = (part[0][1][lead:].partition(":")[0].casefold() for part in parts)
    return next((part for key, part in zip(keys, parts, strict=True) if key == step), None)
