"""Front matter as a tree of texts, lists and mappings, with the place of everything in the file.

Every scalar stays as written (`No`, `0123`, `2023-02-30`): what it means is decided by the field it is used for. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

from syndicate.errors import Fault, InvalidItem

MAX_DEPTH = 20
MAX_PARTS = 20_000
MAX_SCALAR = 200_000

_SHOWN = 80  # characters of a line in a message

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"


class Mark(Protocol):
    """A place in a block, both counted from 0; line 0 is the fence."""

    @property
    def line(self) -> int:
        """The line."""
        ...

    @property
    def column(self) -> int:
        """The column, in characters."""
        ...


class Place(NamedTuple):
    """A mark of our own."""

    line: int
    column: int


# Where a key or a list's member stands, where its value begins, and the spots inside that value. A bare tuple, as there
# is one for every line of every file.
Spot: TypeAlias = "tuple[Mark, Mark, Spots | None]"
Spots: TypeAlias = "list[Spot] | dict[str, Spot]"
Held = TypeVar("Held")


class Block(Struct, frozen=True, gc=False):
    """A block of front matter: its file, the line of its opening fence counted from 1, that fence, and its text.

    The text begins with the rest of the fence's line, so that its line 0 is the fence.
    """

    path: str
    line: int
    fence: str = ""
    text: str = ""

    def fault(self, code: str, problem: str, remedy: str, *, line: int = 0, column: int = 0) -> Fault:
        """A fault at a line and column of the block, both counted from 0; line 0 is the fence."""
        return Fault(self.path, code, problem, remedy, line=self.line + line, column=column + 1)

    def refusal(self, code: str, problem: str, remedy: str, *, line: int = 0, column: int = 0) -> InvalidItem:
        """The same as an error that shows the line."""
        problem = f"{problem}, in `{self.shown(line, column)}`"
        return InvalidItem((self.fault(code, problem, remedy, line=line, column=column),))

    def unsafe(self, problem: str, remedy: str, mark: Mark) -> InvalidItem:
        """The error of what is well formed, but could exhaust the machine or run code."""
        return self.refusal("E-FRONTMATTER-UNSAFE", problem, remedy, line=mark.line, column=mark.column)

    def shown(self, line: int, column: int) -> str:
        """A line for a message, or what of it stands around the column."""
        whole = (self.fence + self.text).split("\n")[line]
        begin = max(0, column - _SHOWN // 2) if len(whole) > _SHOWN else 0
        return whole[begin : begin + _SHOWN].strip()


class Places(Mapping[tuple[str, ...], tuple[int, int]]):
    """Line and column, counted from 1, of each key by its path; members of a list count as `0`, `1` ...

    What has no place of its own, as a value that came by an alias, stands where the next outer key does.
    """

    def __init__(self, spots: Spots, line: int) -> None:
        self._spots = spots
        self._line = line

    def __getitem__(self, path: tuple[str, ...]) -> tuple[int, int]:
        return self._of(self._spot(path)[0])

    def value(self, path: tuple[str, ...]) -> tuple[int, int]:
        """Where the value begins, rather than its key; KeyError if there is none."""
        return self._of(self._spot(path)[1])

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return (path for path, _ in self._all((), self._spots))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _of(self, mark: Mark) -> tuple[int, int]:
        return self._line + mark.line, mark.column + 1

    def _spot(self, path: tuple[str, ...]) -> Spot:
        spots: Spots | None = self._spots
        found: Spot | None = None
        for step in path:
            inner = inside(spots, step)
            if inner is None:
                break
            found, spots = inner, inner[2]
        if found is None:
            raise KeyError(path)
        return found

    def _all(self, path: tuple[str, ...], spots: Spots) -> Iterator[tuple[tuple[str, ...], Spot]]:
        named = spots.items() if isinstance(spots, dict) else ((str(at), spot) for at, spot in enumerate(spots))
        for key, spot in named:
            yield (*path, key), spot
            if spot[2] is not None:
                yield from self._all((*path, key), spot[2])


class Tree(Struct, frozen=True, gc=False):
    """A front matter's values by case-folded key, where each stands, and warnings.

    `line` is that of the opening fence.
    """

    fields: dict[str, Value]
    places: Mapping[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    line: int = 1


def put(holder: dict[str, Value], key: str, value: Value) -> bool:
    """Set a value under its case-folded key; False if one was there. The later wins, unless it is blank."""
    folded = key.casefold()
    is_first = folded not in holder
    if is_first or not (value is None or (isinstance(value, str) and not value.strip())):
        holder[folded] = value
    return is_first


def repeated(block: Block, key: str, mark: Mark, former: Mark) -> Fault:
    """The warning of a key that stands in a mapping again."""
    problem = (
        f"`{key.lstrip(chr(0))[:_SHOWN]}` stands here again, first in line {block.line + former.line}; "
        "the later one is used unless it is blank"
    )
    return block.fault("W-DUPLICATE-KEY", problem, "remove one of them", line=mark.line, column=mark.column)


def tree_of(root: Value, spots: Spots, block: Block, faults: list[Fault], *, at: Mark) -> Tree:
    """The tree of a root that must be a mapping; one that is empty is an empty mapping, and told.

    Raises:
        InvalidItem: it is a list or a text.
    """
    if root is None:
        problem, remedy = "the front matter is empty", f"write `key: value` lines after `{block.fence}`"
        return Tree({}, {}, (*faults, block.fault("W-FRONTMATTER-EMPTY", problem, remedy)), block.line)
    if not isinstance(root, dict):
        problem = f"the front matter is a {'list' if isinstance(root, list) else 'single text'}, no mapping"
        remedy = f"write `key: value` lines between the fences; if `{block.fence}` is meant as a rule, put a line above"
        raise block.refusal("E-FRONTMATTER-NOT-A-MAPPING", problem, remedy, line=at.line, column=at.column)
    return Tree(root, Places(spots, block.line), tuple(faults), block.line)


def inside(holder: dict[str, Held] | list[Held] | None, step: str) -> Held | None:
    """What stands under a key of a mapping, or at a number of a list; None if nothing does."""
    if isinstance(holder, dict):
        return holder.get(step)
    if holder is None or not (step.isascii() and step.isdigit()) or int(step) >= len(holder):
        return None
    return holder[int(step)]
