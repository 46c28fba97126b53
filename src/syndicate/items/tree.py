"""Front matter as a tree of texts, lists and mappings, built from YAML without any of YAML's powers.

Every scalar stays as written (`No`, `0123`, `2023-02-30`): what it means is decided by the field it is used for. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from syndicate.errors import Fault, InvalidItem

MAX_DEPTH = 20
MAX_EVENTS = 20_000
MAX_SCALAR = 200_000

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"

# The C parser where the wheel has one: ten times faster and equally strict.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Block:
    """Where a block of front matter stands: the file, and the line of its opening fence, counted from 1."""

    path: str
    line: int

    def fault(self, code: str, problem: str, remedy: str, *, line: int = 0, column: int | None = None) -> Fault:
        """A fault at a line and column of the block, both counted from 0; line 0 is the fence."""
        return Fault(
            self.path, code, problem, remedy, line=self.line + line, column=None if column is None else column + 1
        )

    def refusal(self, code: str, problem: str, remedy: str, *, line: int = 0, column: int | None = None) -> InvalidItem:
        """The same as an error."""
        return InvalidItem((self.fault(code, problem, remedy, line=line, column=column),))


@dataclass(frozen=True, slots=True)
class Tree:
    """A front matter's values by case-folded key, where each stands (line and column from 1), and warnings.

    `line` is that of the opening fence.
    """

    fields: dict[str, Value]
    places: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    line: int = 1


def tree_of_yaml(text: str, block: Block) -> Tree:
    """The tree of a YAML block.

    Raises:
        InvalidItem: it is no YAML, no mapping, uses anchors, aliases, tags or merge keys, or is over a cap.
    """
    builder = _Builder(block)
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if count > MAX_EVENTS:
                problem = f"has more than {MAX_EVENTS} parts"
                raise block.refusal("E-FRONTMATTER-UNSAFE", problem, "move long lists out of the front matter")
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, text, block) from error
    return builder.tree()


def put(holder: dict[str, Value], key: str, value: Value) -> bool:
    """Set a value under its case-folded key; False if one was there. The later wins, unless it is blank."""
    folded = key.casefold()
    is_first = folded not in holder
    if is_first or not (value is None or (isinstance(value, str) and not value.strip())):
        holder[folded] = value
    return is_first


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still being filled; `key` waits for its value."""

    value: list[Value] | dict[str, Value]
    path: tuple[str, ...]
    key: str | None = None


class _Builder:
    """Builds the tree from parser events, with its own stack, so depth cannot exhaust Python's."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.root: Value = None
        self.open: list[_Open] = []
        self.places: dict[tuple[str, ...], tuple[int, int]] = {}
        self.faults: list[Fault] = []

    def take(self, event: yaml.Event) -> None:
        if getattr(event, "anchor", None) is not None:  # an alias is an event with an anchor too
            raise self.unsafe(event, "uses an anchor or alias", "write the value out where it is used")
        if getattr(event, "tag", None) is not None:
            raise self.unsafe(event, "uses a tag", "put the value in quotes, or write it without `!`")
        if isinstance(event, yaml.MappingStartEvent):
            self.begin({}, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self.begin([], event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.ScalarEvent):
            self.scalar(event)

    def begin(self, value: list[Value] | dict[str, Value], event: yaml.Event) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise self.unsafe(event, f"is nested deeper than {MAX_DEPTH}", "flatten the front matter")
        if self.open and isinstance(self.open[-1].value, dict) and self.open[-1].key is None:
            raise self.unsafe(event, "uses a list or mapping as a key", "put the key in quotes")
        path = self.attach(value)
        self.open.append(_Open(value, path))

    def scalar(self, event: yaml.ScalarEvent) -> None:
        text: str = event.value
        if len(text) > MAX_SCALAR:
            raise self.unsafe(event, f"holds a value over {MAX_SCALAR} characters", "move it into the body")
        is_bare = not event.style
        holder = self.open[-1] if self.open else None
        if holder is not None and isinstance(holder.value, dict) and holder.key is None:
            if is_bare and text == "<<":
                raise self.unsafe(event, "uses a merge key", "write the values out")
            self.name(holder, text, event)
            return
        self.attach(None if is_bare and text in _NULLS else text)

    def name(self, holder: _Open, key: str, event: yaml.ScalarEvent) -> None:
        """Take a key, and warn if the mapping has it already."""
        holder.key = key
        line, column = _place(event)
        path = (*holder.path, key.casefold())
        if key.casefold() in holder.value:
            former = self.places[path][0]
            problem = f"`{key}` stands here again, first in line {former}; the later one is used unless it is blank"
            fault = self.block.fault("W-DUPLICATE-KEY", problem, "remove one of them", line=line, column=column)
            self.faults.append(fault)
        self.places[path] = (self.block.line + line, column + 1)

    def attach(self, value: Value) -> tuple[str, ...]:
        """Hang a value into the open collection; gives its path (list members share their list's)."""
        if not self.open:
            self.root = value
            return ()
        holder = self.open[-1]
        if isinstance(holder.value, list):
            holder.value.append(value)
            return holder.path
        key, holder.key = holder.key or "", None
        put(holder.value, key, value)
        return (*holder.path, key.casefold())

    def unsafe(self, event: yaml.Event, problem: str, remedy: str) -> InvalidItem:
        line, column = _place(event)
        return self.block.refusal("E-FRONTMATTER-UNSAFE", problem, remedy, line=line, column=column)

    def tree(self) -> Tree:
        return mapping_only(self.root, self.block, self.places, self.faults)


def _place(event: yaml.Event) -> tuple[int, int]:
    """Line and column of an event in the block, both from 0."""
    mark = event.start_mark
    assert mark is not None  # only events made by hand have none
    return mark.line, mark.column


def mapping_only(
    root: Value, block: Block, places: dict[tuple[str, ...], tuple[int, int]], faults: Iterable[Fault]
) -> Tree:
    """The tree of a root that must be a mapping.

    Raises:
        InvalidItem: it is empty, a list or a text.
    """
    if not isinstance(root, dict):
        kind = "is empty" if root is None else "is a list" if isinstance(root, list) else "is a single text"
        remedy = "write `key: value` lines between the fences"
        raise block.refusal("E-FRONTMATTER-NOT-A-MAPPING", f"the front matter {kind}, no mapping", remedy)
    return Tree(root, places, tuple(faults), block.line)


def _not_yaml(error: yaml.MarkedYAMLError, text: str, block: Block) -> InvalidItem:
    mark = error.problem_mark
    assert mark is not None
    lines = text.split("\n")
    at = min(mark.line, len(lines) - 1)
    while at > 1 and not lines[at].strip():  # the parser notices an open bracket only at the end
        at -= 1
    problem = f"is no YAML at `{lines[at].strip()[:80]}` ({error.problem})"
    return block.refusal("E-FRONTMATTER", problem, _way_out(lines[at]), line=at, column=mark.column)


_INDENTING_TAB = re.compile(r" *\t")


def _way_out(line: str) -> str:
    """The remedy for the commonest mistakes, read from the line rather than from the parser's words."""
    value = line.lstrip(" -").partition(":")[2].strip()
    if _INDENTING_TAB.match(line):
        return "indent with blanks, not with tabs"
    if value[:1] in ("'", '"'):
        return "close the quotes, and write '' for an apostrophe inside single quotes"
    if value and value[0] in "@%`*&![]{}|>":
        return f"put the value in quotes: it begins with {value[0]}"
    if ": " in value or value.endswith(":"):
        return "put the value in quotes: it holds a colon"
    return "mend this line or the one above; a value in quotes is always safe"
