"""TOML and JSON front matter as trees, everything as written. Pure."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime, time

from syndicate.errors import Fault, InvalidItem
from syndicate.items.quoting import remedy_for_halves
from syndicate.items.tree import (
    MAX_DEPTH,
    MAX_PARTS,
    MAX_SCALAR,
    Block,
    Place,
    Spot,
    Spots,
    Tree,
    Value,
    put,
    repeated,
    tree_of,
)
from syndicate.later import compiled

MAX_TOML_PARTS = 5_000  # tomllib is written in Python

_START = Place(0, 0)
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_HEADER = compiled(rf"[ \t]*+(?P<opening>\[\[?)[ \t]*+(?P<keys>{_PART}(?>(?:[ \t]*+\.[ \t]*+{_PART})*))[ \t]*+\]")
_PAIR = compiled(rf"[ \t]*+(?P<keys>{_PART}(?>(?:[ \t]*+\.[ \t]*+{_PART})*))[ \t]*+=[ \t]*+(?P<value>.*)")
_PARTS = compiled(_PART)
# tomllib takes a time that grows with the square of the parts of one dotted key.
_LONG_PATH = compiled(rf"(?:^|[{{,\[])[ \t]*+(?:{_PART}[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}", re.MULTILINE)
_LONG_NUMBER = compiled(r"\d{4000}")  # Python refuses to read it, and tells no place
_TOML_PLACE = compiled(r"at line (\d+), column (\d+)")
_TEXT_MARKS = ('"' * 3, "'" * 3)
_WORD = compiled(r'"(?>(?:[^"\\]|\\.)*)"|[{}\[\],:]|[^\s{}\[\],:"]++')


def tree_of_toml(block: Block) -> Tree:
    """The tree of a TOML block.

    Raises:
        InvalidItem: it is no TOML, or is over a cap.
    """
    text = block.text
    if sum(map(text.count, "\n=,")) > MAX_TOML_PARTS:
        problem, remedy = f"has more than {MAX_TOML_PARTS} lines, keys and members", "move long lists out"
        raise block.unsafe(problem, remedy, _START)
    path = _LONG_PATH.search(text)
    if path is not None:
        raise _too_deep(block, _place(path.end() - 1, _starts(text)))
    import tomllib

    try:
        raw = tomllib.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise _no_toml(error, block) from error
    return _tree(raw, _TomlPlaces(block), block)


def tree_of_json(block: Block) -> Tree:
    """The tree of a JSON block.

    Raises:
        InvalidItem: it is no JSON, or is over a cap.
    """
    try:
        raw = json.loads(block.text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=tuple)
    except (json.JSONDecodeError, RecursionError) as error:
        raise no_json(error, block) from error
    return _tree(raw, _JsonPlaces(block), block)


def no_json(error: json.JSONDecodeError | RecursionError, block: Block) -> InvalidItem:
    """The error of what Python could not read as JSON."""
    if isinstance(error, RecursionError):
        return _too_deep(block, _START)
    remedy = "close every bracket and quote, and leave no comma before a closing one"
    problem = f"is no JSON ({error.msg})"
    line, column = min(error.lineno - 1, block.text.count("\n")), error.colno - 1
    return block.refusal("E-FRONTMATTER", problem, remedy, line=line, column=column)


def _no_toml(error: ValueError | RecursionError, block: Block) -> InvalidItem:
    text = block.text
    if isinstance(error, RecursionError):
        return _too_deep(block, _START)
    # Python 3.11 tells the place in the words only; they decide nothing else.
    told = _TOML_PLACE.search(str(error))
    number = _LONG_NUMBER.search(text)
    if told is not None:
        place = Place(int(told[1]) - 1, int(told[2]) - 1)
    elif number is not None:
        place = _place(number.start(), _starts(text))
    else:  # at the end of the block
        place = _place(len(text.rstrip()), _starts(text))
    problem = f"is no TOML ({error})"
    lines = text.split("\n")
    halves = remedy_for_halves(lines[place.line]) if place.line < len(lines) else None
    remedy = halves or "put texts in double quotes, write dates as 2023-06-07, and each key and table once"
    return block.refusal("E-FRONTMATTER", problem, remedy, line=place.line, column=place.column)


def _too_deep(block: Block, place: Place) -> InvalidItem:
    return block.unsafe(f"is nested deeper than {MAX_DEPTH}", "flatten the front matter", place)


def _tree(raw: object, places: _TomlPlaces | _JsonPlaces, block: Block) -> Tree:
    root = _Converter(block).value(raw)
    places.read()
    return tree_of(root, places.root, block, places.faults, at=_START)


class _Converter:
    """From what the parsers give to values; counts as it goes."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._parts = 0

    def value(self, raw: object, depth: int = 0) -> Value:
        self._parts += 1
        if depth > MAX_DEPTH:
            raise _too_deep(self._block, _START)
        if self._parts > MAX_PARTS:
            problem, remedy = f"has more than {MAX_PARTS} parts", "move long lists out of the front matter"
            raise self._block.unsafe(problem, remedy, _START)
        if isinstance(raw, list):
            return [self.value(member, depth + 1) for member in raw]
        if isinstance(raw, (dict, tuple)):
            pairs: Iterable[tuple[str, object]] = raw.items() if isinstance(raw, dict) else raw
            holder: dict[str, Value] = {}
            for key, member in pairs:
                put(holder, key, self.value(member, depth + 1))
            return holder
        return self._scalar(raw)

    def _scalar(self, raw: object) -> Value:
        if raw is None:
            return None
        if isinstance(raw, bool):
            return "true" if raw else "false"
        text = raw.isoformat() if isinstance(raw, (datetime, date, time)) else str(raw)
        if len(text) > MAX_SCALAR:
            problem = f"holds a value over {MAX_SCALAR} characters"
            raise self._block.unsafe(problem, "move it into the body", _START)
        return text


class _TomlPlaces:
    """Where tables and keys stand, line by line; keys inside a pair of braces have their table's place."""

    def __init__(self, block: Block) -> None:
        self.root: dict[str, Spot] = {}
        self.faults: list[Fault] = []
        self._block = block

    def read(self) -> None:
        """Find them all."""
        table, closing = self.root, ""
        for number, line in enumerate(self._block.text.split("\n")):
            if closing:
                closing = "" if closing in line else closing
                continue
            header = _HEADER.match(line)
            if header is not None:
                table = self._table(header, number)
                continue
            pair = _PAIR.match(line)
            if pair is None:
                continue
            mark = Place(number, pair.start("keys"))
            *outer, key = _keys(pair["keys"])
            self._set(_descended(table, outer, mark), key, mark, Place(number, pair.start("value")))
            opening = pair["value"][:3]
            if opening in _TEXT_MARKS and opening not in pair["value"][3:]:
                closing = opening

    def _table(self, header: re.Match[str], number: int) -> dict[str, Spot]:
        mark = Place(number, header.start("keys"))
        *outer, key = _keys(header["keys"])
        holder = _descended(self.root, outer, mark)
        if header["opening"] == "[":
            return _descended(holder, [key], mark)
        tables = holder.get(key, (mark, mark, None))[2]
        if not isinstance(tables, list):
            tables = []
            holder[key] = (mark, mark, tables)
        table: dict[str, Spot] = {}
        tables.append((mark, mark, table))
        return table

    def _set(self, holder: dict[str, Spot], key: str, mark: Place, value: Place) -> None:
        if key in holder:
            self.faults.append(repeated(self._block, key, mark, holder[key][0]))
        holder[key] = (mark, value, None)


def _keys(dotted: str) -> list[str]:
    return [part.strip("\"'").casefold() for part in _PARTS.findall(dotted)]


def _descended(spots: dict[str, Spot], keys: list[str], mark: Place) -> dict[str, Spot]:
    """The spots inside a path, made where they are missing."""
    for key in keys:
        inside = spots.get(key, (mark, mark, None))[2]
        if isinstance(inside, list):
            inside = inside[-1][2]
        if not isinstance(inside, dict):
            inside = {}
            spots[key] = (mark, mark, inside)
        spots = inside
    return spots


class _JsonPlaces:
    """Where keys and members stand, word by word."""

    def __init__(self, block: Block) -> None:
        self.root: Spots = {}
        self.faults: list[Fault] = []
        self._block = block
        self._open: list[Spots] = []
        self._key: tuple[str, Place] | None = None

    def read(self) -> None:
        """Find them all."""
        text = self._block.text
        starts = _starts(text)
        for match in _WORD.finditer(text):
            word = match.group()
            if word in ("}", "]"):
                self._open.pop()
            elif word not in (",", ":"):
                self._take(word, _place(match.start(), starts))

    def _take(self, word: str, mark: Place) -> None:
        holder = self._open[-1] if self._open else None
        if isinstance(holder, dict) and self._key is None:
            self._key = (json.loads(word, strict=False), mark)
            return
        inside: Spots | None = {} if word == "{" else [] if word == "[" else None
        if isinstance(holder, list):
            holder.append((mark, mark, inside))
        elif isinstance(holder, dict) and self._key is not None:
            (key, key_mark), self._key = self._key, None
            folded = key.casefold()
            if folded in holder:
                self.faults.append(repeated(self._block, key, key_mark, holder[folded][0]))
            holder[folded] = (key_mark, mark, inside)
        elif inside is not None:
            self.root = inside
        if inside is not None:
            self._open.append(inside)


def _starts(text: str) -> list[int]:
    """Where each line of a text begins."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _place(at: int, starts: list[int]) -> Place:
    line = bisect_right(starts, at) - 1
    return Place(line, at - starts[line])
