"""YAML front matter read line by line, where it is so plain that each line can mean but one thing.

That is what stores are made of: keys with plain or quoted values on one line, lists, mappings below keys, evenly
indented block scalars. Whatever else a block holds, be it an anchor, a tab or a comment behind a value, and whatever
would be a fault or a warning, is left to `yaml_tree`, which reads such a block from its beginning: nothing is decided
here that libyaml could see otherwise. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias

from syndicate.items.tree import MAX_PARTS, MAX_SCALAR, Block, Value, inside

NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# The line where a key or a list's member stands, with the lines inside it; None for those inside brackets.
Lines: TypeAlias = "dict[str, Line] | list[Line]"
Line: TypeAlias = "int | tuple[int, Lines | None]"
# What stands in a line before its value: indent, dash with its blanks, and folded key.
_Head: TypeAlias = "tuple[str, str, str]"

_MAX_DEPTH = 8  # mappings, with a list around each
_PARTS_OF_LINE = 6  # at most: a list and a mapping with their ends, a key, its value

# Tabs, what libyaml refuses, and where it ends a line besides; and the bytes of ASCII without these.
_ODD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_TAME = bytes([10, *range(32, 127)])

_HEAD = re.compile(r"( *+)(- ++)?([A-Za-z0-9_$][\w$./ -]{0,99}+(?<! )):?")
_PLAIN = re.compile(r"""(?:[^ \-?:,\[\]{}#&*!|>'"%@`]|-(?=\w))[^:#]*+(?:(?::(?=[^ ])|(?<! )#)[^:#]*+)*+(?<! )""")
_QUOTED = re.compile(r"""'[^']*+(?:''[^']*+)*+'|"[^"\\]*+\"""")
_ENTRY = r"""[\w$~](?:[\w$./ +()-]*+(?<! ))?|'[^']*+'|"[^"\\]*+\""""
_ENTRIES = re.compile(rf"\[ *+(?:(?:{_ENTRY}) *+(?:, *+(?:{_ENTRY}) *+)*+)?\]")
_EACH = re.compile(_ENTRY)
_LEAD = re.compile(r" *+(?:- ++)?+")

_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.$(+")  # of most plain values
_QUOTES = frozenset("'\"")
_STYLES = frozenset({"|", ">", "|-", ">-"})
_NO_TEXT = frozenset({"", " "})
_BLANK: _Head = ("", "", "")

# The heads that were met, of lines with a value and of those without: the files of a store have the same keys, and a
# look here in place of the expression saves a third of the time.
_WITH_VALUE: dict[str, _Head] = {}
_WITHOUT: dict[str, _Head] = {}
_MAX_KNOWN = 5_000
_MAX_HEAD = 200  # characters of one that is kept


class _Unsure(Exception):
    """What may mean something else to libyaml."""


class _Open:
    """A mapping that is still being filled, at its indent, and the list below its last key, at that list's indent."""

    __slots__ = ("depth", "fields", "indent", "list_indent", "members", "named", "outer", "placed")

    def __init__(self, indent: str, outer: _Open | None) -> None:
        self.indent = indent
        self.outer = outer
        self.depth: int = 1 if outer is None else outer.depth + 1
        if self.depth > _MAX_DEPTH:
            raise _Unsure
        self.fields: dict[str, Value] = {}
        self.named: dict[str, Line] = {}
        self.members: list[Value] = []
        self.placed: list[Line] = []
        self.list_indent: str | None = None

    def list_at(self, indent: str, waiting: str | None) -> _Open:
        """The mapping whose list has dashes at this indent; it begins here if a key waits for its value."""
        if indent == self.list_indent:
            return self
        if waiting is not None and len(indent) >= len(self.indent):
            self.members, self.placed, self.list_indent = [], [], indent
            self.fields[waiting], self.named[waiting] = self.members, (_first(self.named[waiting]), self.placed)
            return self
        found: _Open | None = self
        while found is not None and len(found.indent) > len(indent):
            found = found.outer
        if found is None or found.list_indent != indent:
            raise _Unsure
        return found

    def member(self, indent: str, line: int) -> _Open:
        """A mapping as the next member of the list."""
        inner = _Open(indent, self)
        self.members.append(inner.fields)
        self.placed.append((line, inner.named))
        return inner

    def mapping_at(self, indent: str, waiting: str | None) -> _Open:
        """The mapping with keys at this other indent; it begins if a key waits for its value."""
        if waiting is not None and len(indent) > len(self.indent):
            inner = _Open(indent, self)
            self.fields[waiting], self.named[waiting] = inner.fields, (_first(self.named[waiting]), inner.named)
            return inner
        found = self.outer
        while found is not None and found.indent != indent:
            found = found.outer
        if found is None:
            raise _Unsure
        return found


def read_lines(text: str) -> tuple[dict[str, Value], dict[str, Line]] | None:
    """The fields of a block and their lines, counted from its fence at 0; None if it is not plain enough to be sure."""
    if text[:1] != "\n" or len(text) > MAX_SCALAR or not _is_tame(text):
        return None
    lines = text.split("\n")
    if len(lines) * _PARTS_OF_LINE + text.count(",") > MAX_PARTS:
        return None
    top = _Open("", None)
    try:
        _fill(top, lines)
    except _Unsure:
        return None
    return (top.fields, top.named) if top.fields else None


def _is_tame(text: str) -> bool:
    return not text.encode().translate(None, _TAME) if text.isascii() else _ODD.search(text) is None


def _fill(here: _Open, lines: list[str]) -> None:
    """Put each line where it belongs, but for the first, which is the fence's."""
    waiting: str | None = None  # the key whose value may begin in the next line
    at, last = 0, len(lines) - 1
    with_value, without = _WITH_VALUE.get, _WITHOUT.get
    while at < last:
        at += 1
        line = lines[at]
        written, colon, rest = line.partition(": ")
        head = with_value(written) if colon else without(line)
        if head is None:
            head, rest = _head(line, written, is_pair=bool(colon))
            if head is _BLANK:
                continue
        indent, dash, key = head
        if dash or indent != here.indent:
            here = _moved(here, head, waiting, at)
        if not key:
            waiting, at = None, _add_members(here, indent + dash, lines, at)
            continue
        waiting = None
        value: Value = None
        spot: Line = at
        if rest == "null":
            pass  # what exporters write most
        elif rest and rest[0] in _FIRST and not (": " in rest or " #" in rest or rest[-1] in ": "):
            value = None if rest in NULLS else rest
        elif rest:
            value, at = _value(rest, here.indent, lines, at)
            if isinstance(value, list):
                spot = (at, None)
        elif colon:
            raise _Unsure
        else:
            waiting = key
        if key in here.fields:
            raise _Unsure
        here.list_indent = None
        here.fields[key] = value
        here.named[key] = spot


def _head(line: str, written: str, *, is_pair: bool) -> tuple[_Head, str]:
    """The head of a line that is not known yet, and what follows it."""
    body = line.lstrip(" ")
    is_bare = line[-1:] == ":"
    if body[:2] == "- ":
        rest = body[2:].lstrip(" ")
        if rest and (rest[0] in _QUOTES or not (is_pair or is_bare)):
            return (line[: len(line) - len(body)], body[: len(body) - len(rest)], ""), rest
    if is_pair or is_bare:
        match = _HEAD.fullmatch(written)
        if match is not None and is_pair != (written[-1] == ":"):
            indent, dash, key = match.groups("")
            head = (indent, dash, key.casefold())
            known = _WITH_VALUE if is_pair else _WITHOUT
            if len(known) < _MAX_KNOWN and len(written) <= _MAX_HEAD:
                known[written] = head
            return head, line[len(written) + 2 :]
    if line and body[:1] != "#":
        raise _Unsure
    return _BLANK, ""


def _moved(here: _Open, head: _Head, waiting: str | None, line: int) -> _Open:
    """The mapping that a line with this head belongs to, or to whose list."""
    indent, dash, key = head
    if not dash:
        return here.mapping_at(indent, waiting)
    here = here.list_at(indent, waiting)
    return here.member(indent + " " * len(dash), line) if key else here


def _add_members(here: _Open, lead: str, lines: list[str], at: int) -> int:
    """Add what the lines that begin alike say, up to one that may hold a key; gives the number of the last."""
    members, placed, begin = here.members, here.placed, len(lead)
    rest = lines[at][begin:]
    while True:
        placed.append(at)
        if rest[0] == "'" and rest[-1] == "'" and rest.count("'") == 2:
            members.append(rest[1:-1])
        elif rest[0] in _FIRST and not (": " in rest or " #" in rest or rest[-1] in ": "):
            members.append(None if rest in NULLS else rest)
        else:
            value, at = _value(rest, here.list_indent or "", lines, at)
            members.append(value)
            if isinstance(value, list):
                placed[-1] = (at, None)
        following = lines[at + 1] if at + 1 < len(lines) else ""
        rest = following[begin:]
        if not rest or not following.startswith(lead) or (rest[0] not in _QUOTES and (": " in rest or rest[-1] == ":")):
            return at  # of other values with a colon `_head` knows what they are
        at += 1


def _first(line: Line) -> int:
    return line if isinstance(line, int) else line[0]


def _value(written: str, indent: str, lines: list[str], at: int) -> tuple[Value, int]:
    """What a value says that is not surely plain, and the number of its last line."""
    sign = written[0]
    if sign in _QUOTES and written[-1] == sign and written.count(sign) == 2 and "\\" not in written:
        return written[1:-1], at
    if written in _STYLES:
        return _block(written, indent, lines, at)
    written = written.lstrip(" ")
    if _PLAIN.fullmatch(written):
        return None if written in NULLS else written, at
    if written == "{}":
        return {}, at
    if _ENTRIES.fullmatch(written):
        return [_entry(entry) for entry in _EACH.findall(written)], at
    if _QUOTED.fullmatch(written):
        return written[1:-1].replace("''", "'") if written[0] == "'" else written[1:-1], at
    raise _Unsure


def _entry(written: str) -> Value:
    return written[1:-1] if written[0] in _QUOTES else None if written in NULLS else written


def _block(style: str, indent: str, lines: list[str], at: int) -> tuple[str, int]:
    """What an evenly indented block scalar says, and the number of its last line."""
    first = lines[at + 1] if at + 1 < len(lines) else ""
    width = len(first) - len(first.lstrip(" "))
    margin = first[:width]
    if width <= len(indent):
        raise _Unsure
    texts: list[str] = []
    for line in islice(lines, at + 1, None):
        if line[:width] != margin or line[width : width + 1] in _NO_TEXT:
            if _may_go_on(lines, at + 1):
                raise _Unsure
            break
        texts.append(line[width:])
        at += 1
    text = (" " if style[0] == ">" else "\n").join(texts)
    # Nothing ends the last line of a block of front matter.
    return text if style[-1] == "-" or at + 1 == len(lines) else text + "\n", at


def _may_go_on(lines: list[str], end: int) -> bool:
    """Whether what looks like a comment behind a block scalar may be text of it."""
    after = lines[end] or next(filter(None, lines[end:]), "")
    return after[:1] == " " and after.lstrip(" ")[:1] == "#"


class LinePlaces(Mapping[tuple[str, ...], tuple[int, int]]):
    """Like `tree.Places`, of a block read by lines.

    What stands in brackets, and all places in turn, are seldom asked for: for these the block is read `again`.
    """

    def __init__(
        self, named: dict[str, Line], block: Block, again: Callable[[], Mapping[tuple[str, ...], tuple[int, int]]]
    ) -> None:
        self._named = named
        self._block = block
        self._again = again
        self._lines: list[str] = []

    def __getitem__(self, path: tuple[str, ...]) -> tuple[int, int]:
        lines: Lines | None = self._named
        at = 0
        for step in path:
            if lines is None:
                return self._again()[path]
            found = inside(lines, step)
            if found is None:
                break
            at, lines = found if isinstance(found, tuple) else (found, {})
        if not at:
            raise KeyError(path)
        self._lines = self._lines or self._block.text.split("\n")
        match = _LEAD.match(self._lines[at])
        return self._block.line + at, (match.end() if match else 0) + 1

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._again())

    def __len__(self) -> int:
        return len(self._again())
