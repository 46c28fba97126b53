"""YAML front matter as a tree, in one pass over the events of libyaml's parser.

Aliases and merge keys are followed within a small budget. Tags of the standard that mean texts, numbers, lists and
mappings change nothing, since everything stays as written; no other tag is obeyed, least of all one that names code.
Events rather than composed nodes: equally quick, and what is nested too deep or has too many parts ends the pass.
Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import yaml

from syndicate.errors import Fault, InvalidItem
from syndicate.items.borrowing import Borrowing
from syndicate.items.quoting import Mending, quoted, remedy_for
from syndicate.items.tags import TEXT_TAG, is_harmless, text_of_tagged
from syndicate.items.tree import (
    MAX_DEPTH,
    MAX_PARTS,
    MAX_SCALAR,
    Block,
    Mark,
    Place,
    Spot,
    Spots,
    Tree,
    Value,
    put,
    repeated,
    tree_of,
)
from syndicate.items.yaml_lines import NULLS, LinePlaces, read_lines

_QUOTED_SIZE = 400_000  # characters that are read again, at most, to quote values
_QUOTED_TIMES = 20

# The C parser where the wheel has one: ten times faster and equally strict.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "\0<<"  # a merge key while its mapping is open; no key of a file begins with a NUL
_OPENINGS = ("[", "{", "'", '"')
_POWERS = ("&", "*", "!", "<<")  # without these a block has no anchors, aliases, tags and merge keys


class _Slip(Exception):
    """What is no YAML, but may become it by quotes."""

    def __init__(self, problem: str, mark: Mark, code: str = "E-FRONTMATTER", *, begun: Mark | None = None) -> None:
        super().__init__(problem)
        self.begun = begun  # where the thing begins in which it was noticed
        self.problem = problem
        self.mark = mark
        self.code = code


def tree_of_yaml(block: Block) -> Tree:
    """The tree of a YAML block, read by lines where that is sure to give the same.

    Raises:
        InvalidItem: it is no YAML, no mapping, has a tag that means more than text, or is over a cap.
    """
    fields = read_lines(block.text)
    if fields is None:
        return tree_by_events(block)
    return Tree(fields, LinePlaces(block, lambda: tree_by_events(block).places), line=block.line)


def tree_by_events(block: Block) -> Tree:
    """The tree of any YAML block.

    Where one plain value on one line is all that is no YAML, and can be nothing but text, it is read as if it stood in
    quotes, with a warning.

    Raises:
        InvalidItem: it is no YAML, no mapping, has a tag that means more than text, or is over a cap.
    """
    text = block.text
    slips: list[_Slip] = []
    mendings: list[Mending] = []
    while True:
        builder = _Builder(block, text)
        try:
            root, spots = builder.read()
            break
        except _Slip as error:
            slips.append(error)
            mending = quoted(text, error.mark.line)
            if mending is None or len(slips) > _QUOTED_TIMES or len(slips) * len(text) > _QUOTED_SIZE:
                raise _refusal(error, block) from error
            text = mending.text
            mendings.append(mending)
    for slip, mending in zip(slips, mendings, strict=True):
        if not mending.is_whole(root, spots):
            raise _refusal(slip, block) from slip
    warnings = [_warning(slip, mending, block) for slip, mending in zip(slips, mendings, strict=True)]
    return tree_of(root, spots, block, warnings + builder.faults, at=builder.start)


def _warning(slip: _Slip, mending: Mending, block: Block) -> Fault:
    place = mending.place
    problem = f"the value is no YAML ({slip.problem}) and was read as if it stood in quotes"
    return block.fault("W-QUOTED", problem, "put it in quotes", line=place.line, column=place.column)


def _refusal(slip: _Slip, block: Block) -> InvalidItem:
    lines = block.text.split("\n")
    at, column, begun = min(slip.mark.line, len(lines) - 1), slip.mark.column, slip.begun
    if begun is not None and begun.line < slip.mark.line and lines[begun.line][begun.column :][:1] in _OPENINGS:
        at, column = begun.line, begun.column  # a bracket or quote that is not closed is noticed only below
    while at > 1 and not lines[at].strip():
        at, column = at - 1, 0
    return block.refusal(slip.code, slip.problem, remedy_for(lines[at]), line=at, column=column)


class _Open:
    """A list or mapping that is still being filled; `key` waits for its value."""

    __slots__ = ("anchor", "fields", "key", "key_mark", "mark", "members", "named", "placed")

    fields: dict[str, Value] | None  # of a mapping, with their spots in `named`
    named: dict[str, Spot]
    members: list[Value]  # of a list, with their spots in `placed`
    placed: list[Spot]

    def __init__(self, mark: Mark, anchor: str | None, *, is_mapping: bool) -> None:
        self.mark = self.key_mark = mark
        self.anchor = anchor
        self.key: str | None = None
        if is_mapping:
            self.fields, self.named = {}, {}
        else:
            self.fields, self.members, self.placed = None, [], []


class _Builder:
    """Builds the tree from parser events, with its own stack, so depth cannot exhaust Python's."""

    def __init__(self, block: Block, text: str) -> None:
        self.block = block
        self.text = text
        self.faults: list[Fault] = []
        self.start: Mark = Place(0, 0)
        self.has_document = False
        self.top = _Open(self.start, None, is_mapping=False)  # the root is its only member
        self.outer: list[_Open] = []
        self.borrowing = Borrowing(block)

    def read(self) -> tuple[Value, Spots]:
        """Take every event; gives the root and its spots.

        Raises:
            _Slip: the text is no YAML.
            InvalidItem: it is, but must not be followed.
        """
        try:
            event = self._take_all(islice(iter(_LOADER(self.text).get_event, None), MAX_PARTS))
        except yaml.MarkedYAMLError as error:
            raise _Slip(str(error.problem), error.problem_mark or self.start, begun=error.context_mark) from error
        if type(event) is not yaml.StreamEndEvent:
            problem, remedy = f"has more than {MAX_PARTS} parts", "move long lists out of the front matter"
            raise self.block.unsafe(problem, remedy, _mark(event))
        if not self.top.members:
            return None, {}
        _, self.start, spots = self.top.placed[0]
        return self.top.members[0], spots or {}

    def _take_all(self, events: Iterator[Any]) -> Any:
        """Take all events, the scalars of a block without powers at once; gives the last."""
        is_tame = len(self.text) <= MAX_SCALAR and not any(power in self.text for power in _POWERS)
        scalar_type: Any = yaml.ScalarEvent  # no type for mypy to narrow events to: it thinks their marks may be absent
        top = self.top
        fields, key, key_mark = top.fields, top.key, top.key_mark
        for event in events:
            if not is_tame or event.__class__ is not scalar_type:
                top.key, top.key_mark = key, key_mark
                self._take(event)
                top = self.top
                fields, key, key_mark = top.fields, top.key, top.key_mark
                continue
            text, mark = event.value, event.start_mark
            if fields is None:
                top.members.append(None if text in NULLS and not event.style else text)
                top.placed.append((mark, mark, None))
            elif key is None:
                key, key_mark = text, mark
            else:
                folded = key.casefold()
                if folded in fields:
                    top.key, top.key_mark = key, key_mark
                    self._hang(None if text in NULLS and not event.style else text, mark)
                else:
                    fields[folded] = None if text in NULLS and not event.style else text
                    top.named[folded] = (key_mark, mark, None)
                key = None
        return event

    def _take(self, event: yaml.Event) -> None:
        turn = _TURNS.get(event.__class__)
        if turn is not None:
            turn(self, event)

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        if self.has_document:
            raise _Slip("a second document begins", _mark(event))
        self.has_document = True

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text, mark, tag = event.value, _mark(event), event.tag
        if len(text) > MAX_SCALAR:
            problem = f"holds a value over {MAX_SCALAR} characters"
            raise self.block.unsafe(problem, "move it into the body", mark)
        if tag is not None:
            said = text_of_tagged(tag, text)
            if said is None:
                raise _unread_tag(tag, mark)
            text = said
        is_plain = not event.style
        if self._is_key_due():
            text = _MERGE if is_plain and text == "<<" else text
            if event.anchor is not None:
                self.borrowing.end(event.anchor, text)
            self.top.key, self.top.key_mark = text, mark
            return
        value = None if is_plain and tag != TEXT_TAG and text in NULLS else text
        if event.anchor is not None:
            self.borrowing.end(event.anchor, value)
        self._hang(value, mark)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        mark = _mark(event)
        top = self.top
        if len(self.outer) >= MAX_DEPTH:
            raise self.block.unsafe(f"is nested deeper than {MAX_DEPTH}", "flatten the front matter", mark)
        if event.tag is not None and not is_harmless(event.tag):
            raise _unread_tag(event.tag, mark)
        if top.fields is not None and top.key is None:
            raise _Slip("a list or mapping stands as a key", mark, "E-FRONTMATTER-UNSAFE")
        if event.anchor is not None:
            self.borrowing.begin(event.anchor)
        self.outer.append(top)
        self.top = _Open(mark, event.anchor, is_mapping=event.__class__ is yaml.MappingStartEvent)

    def _end(self, _: yaml.CollectionEndEvent) -> None:
        done = self.top
        self.top = self.outer.pop()
        value: Value = done.members if done.fields is None else done.fields
        if done.fields is not None and _MERGE in done.fields:
            self._merge(done, done.fields)
        if done.anchor is not None:
            self.borrowing.end(done.anchor, value)
        self._hang(value, done.mark, done.placed if done.fields is None else done.named)

    def _merge(self, done: _Open, fields: dict[str, Value]) -> None:
        key_mark, mark, _ = done.named.pop(_MERGE)
        for key in self.borrowing.merge(fields, fields.pop(_MERGE), key_mark, depth=len(self.outer) + 1):
            done.named[key] = (key_mark, mark, None)

    def _alias(self, event: yaml.AliasEvent) -> None:
        anchor, mark = str(event.anchor), _mark(event)
        if anchor not in self.borrowing:
            raise _Slip(f"`*{anchor}` is an alias of nothing", mark, "E-FRONTMATTER-UNSAFE")
        value = self.borrowing.borrow(anchor, mark, depth=len(self.outer))
        if not self._is_key_due():
            self._hang(value, mark)
        elif isinstance(value, str):
            self.top.key, self.top.key_mark = value, mark
        else:
            raise _Slip("a list or mapping stands as a key", mark, "E-FRONTMATTER-UNSAFE")

    def _is_key_due(self) -> bool:
        return self.top.fields is not None and self.top.key is None

    def _hang(self, value: Value, mark: Mark, inside: Spots | None = None) -> None:
        """Put a value into the open list, or under the key that waits for it."""
        top = self.top
        if top.fields is None:
            top.members.append(value)
            top.placed.append((mark, mark, inside))
            return
        key, top.key = top.key or "", None
        folded = key.casefold()
        if folded not in top.fields:
            top.fields[folded] = value
        else:
            self.faults.append(repeated(self.block, key, top.key_mark, top.named[folded][0]))
            put(top.fields, key, value)
            if top.fields[folded] is not value:
                return
        top.named[folded] = (top.key_mark, mark, inside)


_TURNS: dict[type, Callable[[_Builder, Any], None]] = {
    yaml.MappingStartEvent: _Builder._begin,
    yaml.MappingEndEvent: _Builder._end,
    yaml.SequenceStartEvent: _Builder._begin,
    yaml.SequenceEndEvent: _Builder._end,
    yaml.ScalarEvent: _Builder._scalar,
    yaml.AliasEvent: _Builder._alias,
    yaml.DocumentStartEvent: _Builder._document,
}


def _mark(event: yaml.Event) -> Mark:
    mark = event.start_mark
    assert mark is not None  # only events made by hand have none
    return mark


def _unread_tag(tag: str, mark: Mark) -> _Slip:
    return _Slip(f"the tag {tag[:80]} is none that is read", mark, "E-FRONTMATTER-UNSAFE")
