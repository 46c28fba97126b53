"""From a file's bytes to front matter and body: YAML, TOML or JSON between fences, refused loudly or read whole.

python-frontmatter's handlers find and split the block; its `load` is not used, for it takes a file that it cannot read
for one without front matter, and silence there loses items. Pure.
"""

from __future__ import annotations

import codecs
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time

from frontmatter.default_handlers import BaseHandler, JSONHandler, YAMLHandler

from syndicate.errors import Fault, InvalidItem
from syndicate.items.tree import MAX_DEPTH, Block, Tree, Value, mapping_only, put, tree_of_yaml

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_FRONT_BYTES = 256 * 1024

_BREAKS = re.compile(r"\r\n?")
_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# What YAML 1.1 section 5.1 does not print; found in real stores, mostly pasted from word processors.
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SOFT_BREAKS = str.maketrans({"\x85": " ", "\u2028": " ", "\u2029": " "})  # YAML would end the line there
_TOML_PLACE = re.compile(r"at line (\d+), column (\d+)")
_FLAT_KEY = re.compile(r"""\s{0,4}["']?([\w.-]+)["']?\s*[=:]""")


class _Fenced:
    """What the handlers below share: the block they read, and reading it into a tree."""

    block = Block("", 1)


class YamlBlock(_Fenced, YAMLHandler):
    """YAML between `---` lines; `...` may close it."""

    FM_BOUNDARY = re.compile(r"^(?:-{3,}|\.{3})[ \t]*$", re.MULTILINE)

    def load(self, fm: str, **kwargs: object) -> Tree:  # type: ignore[override]  # a tree knows places, a dict does not
        """The tree of the block."""
        return tree_of_yaml(fm, self.block)


class TomlBlock(_Fenced, BaseHandler):
    """TOML between `+++` lines; the package's own handler needs a library that is not maintained."""

    FM_BOUNDARY = re.compile(r"^\+{3,}[ \t]*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"

    def load(self, fm: str) -> Tree:  # type: ignore[override]  # as above
        """The tree of the block."""
        try:
            raw = tomllib.loads(fm, parse_float=str)
        except (ValueError, RecursionError) as error:
            # Python 3.11 tells the place in the words only; they decide nothing here.
            place = _TOML_PLACE.search(str(error))
            line, column = (int(place[1]) - 1, int(place[2]) - 1) if place else (0, None)
            remedy = "put texts in double quotes and dates as 2023-06-07"
            problem = f"is no TOML ({error})"
            raise self.block.refusal("E-FRONTMATTER", problem, remedy, line=line, column=column) from error
        return _tree_of(raw, fm, self.block)


class JsonBlock(_Fenced, JSONHandler):
    """JSON from `{` to its closing brace."""

    FM_BOUNDARY = re.compile(r"""\{\s*(?:"|\}|\Z|$)""", re.MULTILINE)

    def split(self, text: str) -> tuple[str, str]:
        """The object and what follows it."""
        try:
            _, end = json.JSONDecoder(parse_int=str).raw_decode(text)
        except json.JSONDecodeError as error:
            remedy = "close every bracket and quote, and leave no comma before a closing one"
            problem = f"is no JSON ({error.msg})"
            raise self.block.refusal(
                "E-FRONTMATTER", problem, remedy, line=error.lineno - 1, column=error.colno - 1
            ) from error
        except RecursionError as error:
            raise _too_deep(self.block) from error
        return text[:end], text[end:]

    def load(self, fm: str, **kwargs: object) -> Tree:  # type: ignore[override]  # a tree knows places, a dict does not
        """The tree of the block."""
        raw = json.loads(fm, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=tuple)
        return _tree_of(raw, fm, self.block)


_HANDLERS = (("---", YamlBlock), ("+++", TomlBlock), ("{", JsonBlock))


def read(content: bytes, path: str, *, fallback_encoding: str | None = None) -> tuple[Tree, str] | None:
    """The front matter and the body of a file; None if the file begins with no fence, so is no item.

    Args:
        content: the whole file, UTF-8 or UTF-16 with a byte order mark.
        path: as the operator knows it, for messages.
        fallback_encoding: what a file that is not UTF-8 is read as, with a warning: a name that Python knows, such as
            `cp1252`. Without it such a file is refused.

    Raises:
        InvalidItem: unreadable, over a cap, or fenced without a mapping inside.
    """
    if len(content) > MAX_FILE_BYTES:
        raise too_big(path, len(content))
    text, warnings = _decoded(content, path, fallback_encoding)
    text = _BREAKS.sub("\n", text)
    start = len(text) - len(text.lstrip())
    block = Block(path, text.count("\n", 0, start) + 1)
    text = text[start:]
    for fence, handler_type in _HANDLERS:
        if not text.startswith(fence):
            continue
        handler = handler_type()
        if not handler.detect(text):
            continue
        handler.block = block
        tree, body = _split(handler, text, block, fence)
        return replace(tree, faults=(*warnings, *tree.faults)), body
    return None


def too_big(path: str, size_bytes: int) -> InvalidItem:
    """The error of a file over `MAX_FILE_BYTES`, for stores that see the size before they read."""
    problem = f"has {size_bytes} bytes, over the limit of {MAX_FILE_BYTES}"
    return InvalidItem((Fault(path, "E-TOO-BIG", problem, "shorten it, or exclude it by `content.exclude`"),))


def _split(handler: YamlBlock | TomlBlock | JsonBlock, text: str, block: Block, fence: str) -> tuple[Tree, str]:
    try:
        front, body = handler.split(text)
    except ValueError as error:
        problem = f"begins with `{fence}` but no line closes the front matter"
        remedy = f"write `{fence}` on a line of its own after the last field"
        raise block.refusal("E-FRONTMATTER-UNCLOSED", problem, remedy) from error
    if len(front.encode()) > MAX_FRONT_BYTES:
        problem = f"the front matter has over {MAX_FRONT_BYTES} bytes"
        raise block.refusal("E-TOO-BIG", problem, "move long texts into the body")
    front, warnings = _printable(front.translate(_SOFT_BREAKS), block)
    tree: Tree = handler.load(front)
    return replace(tree, faults=(*warnings, *tree.faults)), body.strip("\n")


def _decoded(content: bytes, path: str, fallback: str | None) -> tuple[str, tuple[Fault, ...]]:
    """The file as text, and a warning if it had to be read in the fallback encoding."""
    encoding = _BYTE_ORDER_MARKS.get(content[:2], "utf-8-sig")
    warnings: tuple[Fault, ...] = ()
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"is not {encoding.removesuffix('-sig').upper()}: byte {error.start} cannot be read"
        refusal = InvalidItem((Fault(path, "E-ENCODING", problem, "save the file as UTF-8", line=line),))
        if fallback is None or encoding != "utf-8-sig":
            raise refusal from error
        try:
            text = content.decode(fallback)
        except UnicodeDecodeError:
            raise refusal from error
        problem = f"is not UTF-8: byte {error.start} was read as {fallback}"
        warnings = (Fault(path, "W-ENCODING", problem, "save the file as UTF-8", line=line),)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidItem((Fault(path, "E-ENCODING", "holds NUL bytes", "save the file as UTF-8 text", line=line),))
    return text.lstrip("\ufeff"), warnings


def _printable(front: str, block: Block) -> tuple[str, tuple[Fault, ...]]:
    """The block without characters that no format allows, and a warning if there were some."""
    match = _UNPRINTABLE.search(front)
    if match is None:
        return front, ()
    line = front.count("\n", 0, match.start())
    column = match.start() - (front.rfind("\n", 0, match.start()) + 1)
    problem = f"holds the invisible character U+{ord(match.group()):04X}, which was left out"
    fault = block.fault("W-CONTROL-CHARACTER", problem, "delete it", line=line, column=column)
    return _UNPRINTABLE.sub("", front), (fault,)


def _too_deep(block: Block) -> InvalidItem:
    return block.refusal("E-FRONTMATTER-UNSAFE", f"is nested deeper than {MAX_DEPTH}", "flatten the front matter")


def _tree_of(raw: object, text: str, block: Block) -> Tree:
    """The tree of parsed TOML or JSON; only top-level keys have known places."""
    faults: list[Fault] = []
    places: dict[tuple[str, ...], tuple[int, int]] = {}
    for number, line in enumerate(text.split("\n")):
        match = _FLAT_KEY.match(line)
        if match is not None:
            places.setdefault((match[1].casefold(),), (block.line + number, match.start(1) + 1))
    return mapping_only(_as_value(raw, block, faults), block, places, faults)


def _as_value(raw: object, block: Block, faults: list[Fault], depth: int = 0) -> Value:
    if depth > MAX_DEPTH:
        raise _too_deep(block)
    if raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, list):
        return [_as_value(member, block, faults, depth + 1) for member in raw]
    if isinstance(raw, (dict, tuple)):
        pairs: Iterable[tuple[str, object]] = raw.items() if isinstance(raw, dict) else raw
        holder: dict[str, Value] = {}
        for key, member in pairs:
            if not put(holder, key, _as_value(member, block, faults, depth + 1)):
                problem = f"`{key}` stands in it twice; the later one is used unless it is blank"
                faults.append(block.fault("W-DUPLICATE-KEY", problem, "remove one of them"))
        return holder
    if isinstance(raw, (datetime, date, time)):
        return raw.isoformat()
    return str(raw)
