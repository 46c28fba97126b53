"""YAML front matter read line by line, where it is so plain that each line can mean but one thing.

That is what stores are made of: keys with plain or quoted values on one line, lists, mappings below keys, evenly
indented block scalars. Whatever else a block holds, be it an anchor, a tab or a comment behind a value, and whatever
would be a fault or a warning, is left to `yaml_tree`, which reads such a block from its beginning: nothing is decided
here that libyaml could see otherwise. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from syndicate.items.tree import MAX_PARTS, MAX_SCALAR, Block, Value, inside

NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# The line where a key or a list's member stands, with the lines inside it; None for those inside brackets.
Lines: TypeAlias = "dict[str, Line] | list[Line]"
Line: TypeAlias = "int | tuple[int, Lines | None]"

_MAX_DEPTH = 8  # mappings, with a list around each
_PARTS_OF_LINE = 6  # at most: a list and a mapping with their ends, a key, its value

_LINE = re.compile(
    r"""\n(?:
        ([ ]*+)                                                               # 1: indent
        (-[ ]++(?!\#))?                                                       # 2: dash
        (?:([A-Za-z0-9_$][\w$./ -]{0,99}+(?<![ ])):(?:[ ]++|(?=\n|\Z)))?      # 3: key
        (?:
            ((?:[^\0-\x20\-?:,\[\]{}\#&*!|>'"%@`\x7f-\x9f]|-(?=\w))           # 4: plain value
             [^:\#\0-\x1f\x7f-\x9f]*+(?:(?::(?=[^ \n])|(?<![ ])\#)[^:\#\0-\x1f\x7f-\x9f]*+)*+)
        |   ('[^'\0-\x1f\x7f-\x9f]*+(?:''[^'\0-\x1f\x7f-\x9f]*+)*+'           # 5: other value
            |"[^"\\\0-\x1f\x7f-\x9f]*+"
            |\{\}
            |\[[^\[\]{}\0-\x1f\x7f-\x9f]*+\]
            |[>|]-?+\n([ ]++)[!-~\xa0-\U0010ffff][^\0-\x1f\x7f-\x9f]*+        # 6: the indent of its lines
             (?:\n\6[!-~\xa0-\U0010ffff][^\0-\x1f\x7f-\x9f]*+)*+
             (?!\n[\n ]*+(?<=[ ])\#))
        |   \#[^\0-\x1f\x7f-\x9f]*+
        )?
        (?<![ ])(?=\n|\Z)
    |   (.)                                                                   # 7: anything else
    )""",
    re.VERBOSE,
)
# Where libyaml ends a line besides, what it refuses, and tabs.
_ODD = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_MEMBER = r"""[\w$~](?:[\w$./ +()-]*+(?<![ ]))?|'[^'\n]*+'|"[^"\\\n]*+\""""
_MEMBERS = re.compile(rf"\[[ ]*+(?:(?:{_MEMBER})[ ]*+(?:,[ ]*+(?:{_MEMBER})[ ]*+)*+)?\]")
_EACH = re.compile(_MEMBER)
_LEAD = re.compile(r" *+(?:- ++)?+")


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
    if text[:1] != "\n" or len(text) > MAX_SCALAR or not (text.isascii() or _ODD.search(text) is None):
        return None
    lines = _LINE.findall(text)
    if len(lines) * _PARTS_OF_LINE + text.count(",") > MAX_PARTS - _PARTS_OF_LINE:
        return None
    top = _Open("", None)
    try:
        _fill(top, lines, text.count("\n"))
    except _Unsure:
        return None
    return (top.fields, top.named) if top.fields else None


def _fill(here: _Open, lines: list[tuple[str, ...]], last: int) -> None:
    """Put each line where it belongs; `last` is the number of the last."""
    waiting: str | None = None  # the key whose value may begin in the next line
    at = 0
    for indent, dash, key, plain, other, margin, odd in lines:
        at += 1
        if dash:
            here = here.list_at(indent, waiting)
            if key:
                here = here.member(indent + " " * len(dash), at)
        elif key:
            if indent != here.indent:
                here = here.mapping_at(indent, waiting)
            here.list_indent = None
        else:
            _pass(plain or other or odd)
            continue
        folded = key.casefold()
        waiting = None
        line: Line = at
        value: Value = None
        if plain:
            value = None if plain in NULLS else plain
        elif other:
            lines_below = other.count("\n")
            value = _value(other, margin, here.indent if key else indent, is_last=at + lines_below == last)
            line = (at, None) if isinstance(value, list) else at
            at += lines_below
        else:
            waiting = folded
        if not key:
            here.members.append(value)
            here.placed.append(line)
        elif folded in here.fields:
            raise _Unsure
        else:
            here.fields[folded], here.named[folded] = value, line


def _pass(rest: str) -> None:
    """Pass over what is neither a key nor a list's member, if it is blank or a comment."""
    if rest:
        raise _Unsure


def _first(line: Line) -> int:
    return line if isinstance(line, int) else line[0]


def _value(written: str, margin: str, indent: str, *, is_last: bool) -> Value:
    """What a value says that begins with a sign: quotes, brackets, or those of a block scalar."""
    match written[0]:
        case "'":
            return written[1:-1].replace("''", "'")
        case '"':
            return written[1:-1]
        case "{":
            return {}
        case "[":
            return _members(written)
        case sign:
            if len(margin) <= len(indent):
                raise _Unsure
            style, _, text = written.partition("\n")
            end = "" if is_last or style.endswith("-") else "\n"  # nothing ends the last line of a block
            return text[len(margin) :].replace("\n" + margin, " " if sign == ">" else "\n") + end


def _members(written: str) -> list[Value]:
    if not _MEMBERS.fullmatch(written):
        raise _Unsure
    members = _EACH.findall(written)
    return [member[1:-1] if member[0] in "'\"" else None if member in NULLS else member for member in members]


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
