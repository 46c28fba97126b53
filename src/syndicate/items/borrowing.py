"""What a YAML block uses a second time: anchors, aliases and merge keys, within a budget.

Nothing is copied: an alias is the anchored value itself. The budget counts what it would be if it were written out, for
whoever walks the tree meets it as often as it is named. Pure.
"""

from __future__ import annotations

from syndicate.items.tree import MAX_DEPTH, Block, Mark, Value

MAX_BORROWED_PARTS = 5_000
MAX_BORROWED_SIZE = 200_000  # characters

_REMEDY = "write the values out where they are used"


class Borrowing:
    """The anchors of a block, and what was borrowed so far."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._values: dict[str, Value] = {}
        self._open: set[str] = set()
        self._parts = 0
        self._size = 0
        # Parts, characters and depth of anchored collections by `id`; `_kept` keeps them alive, and so their ids.
        self._measures: dict[int, tuple[int, int, int]] = {}
        self._kept: list[Value] = []
        self._merged: dict[int, int] = {}  # parts that merge keys brought to a mapping, until it is complete

    def begin(self, anchor: str) -> None:
        """A collection with an anchor begins: until its end it may not be used, least of all in itself."""
        self._open.add(anchor)

    def end(self, anchor: str, value: Value) -> None:
        """A value with an anchor is complete."""
        self._open.discard(anchor)
        self._values[anchor] = value
        if value is not None and not isinstance(value, str):
            parts, size, depth = self._measured(value)
            self._measures[id(value)] = parts + self._merged.pop(id(value), 0), size, depth
            self._kept.append(value)

    def __contains__(self, anchor: str) -> bool:
        return anchor in self._values or anchor in self._open

    def borrow(self, anchor: str, mark: Mark, *, depth: int) -> Value:
        """The value of an anchor that the block has, for an alias at a depth.

        Raises:
            InvalidItem: the value holds the alias itself, or the budget is used up.
        """
        if anchor in self._open:
            problem = f"`*{anchor}` stands in what it names, without end"
            raise self._block.unsafe(problem, _REMEDY, mark)
        value = self._values[anchor]
        self._charge(value, mark, depth)
        return value

    def merge(self, fields: dict[str, Value], source: Value, mark: Mark, *, depth: int) -> tuple[str, ...]:
        """Add what a merge key brings and the mapping has not; gives the keys added.

        Raises:
            InvalidItem: it brings no mappings, or the budget is used up.
        """
        added: list[str] = []
        before = self._parts
        for holder in source if isinstance(source, list) else [source]:
            if not isinstance(holder, dict):
                problem, remedy = "`<<` brings something else than mappings", "give it a mapping, or put it in quotes"
                raise self._block.unsafe(problem, remedy, mark)
            self._charge(holder, mark, depth - 1)
            for key, value in holder.items():
                if key not in fields:
                    fields[key] = value
                    added.append(key)
        # Keys that were there already count too: it is work, and each step of a bomb doubles it.
        self._merged[id(fields)] = self._parts - before
        return tuple(added)

    def _charge(self, value: Value, mark: Mark, depth: int) -> None:
        parts, size, inner_depth = self._measured(value)
        self._parts += parts
        self._size += size
        if depth + inner_depth > MAX_DEPTH:
            raise self._block.unsafe(f"is nested deeper than {MAX_DEPTH}", "flatten the front matter", mark)
        if self._parts > MAX_BORROWED_PARTS or self._size > MAX_BORROWED_SIZE:
            problem = f"aliases and merge keys add over {MAX_BORROWED_PARTS} parts or {MAX_BORROWED_SIZE} characters"
            raise self._block.unsafe(problem, _REMEDY, mark)

    def _measured(self, value: Value) -> tuple[int, int, int]:
        """How many parts and characters a value has, and how deep it is, all written out."""
        if value is None or isinstance(value, str):
            return 1, len(value or ""), 0
        known = self._measures.get(id(value))
        if known is not None:
            return known
        parts, size, depth = 1, 0, 0
        if isinstance(value, dict):
            size = sum(map(len, value))
        for member in value.values() if isinstance(value, dict) else value:
            inner = self._measured(member)
            parts, size, depth = parts + inner[0], size + inner[1], max(depth, inner[2])
        return parts, size, depth + 1
