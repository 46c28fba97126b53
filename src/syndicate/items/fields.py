"""Where a field's value comes from: keys, dotted paths, parts of the file name, constants and templates. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from posixpath import basename

from syndicate.items.tree import Tree, Value

_STEP = re.compile(r'(?:"(?P<literal>[^"]+)"|(?P<key>[^."]+))(?:\.(?=.)|\Z)')
_SLOT = re.compile(r"\{([^{}]+)\}")
_FILENAME = re.compile(
    r"(?:(?P<date>\d{4}-\d{1,2}-\d{1,2})[-_ ])?(?P<slug>.+?)(?:\.(?P<language>[a-z]{2,3}(?:-[a-zA-Z]{2})?))?\.\w+\Z",
    re.ASCII,
)
_FILENAME_PARTS = frozenset(_FILENAME.groupindex)


@dataclass(frozen=True, slots=True)
class Found:
    """A value that is not blank, the source that gave it, and where it stands in the file, counted from 1."""

    value: Value
    source: str
    line: int | None = None
    column: int | None = None


def is_blank(value: Value) -> bool:
    """Whether a value means absent: null, white space, or nothing but blanks inside."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    members = value.values() if isinstance(value, dict) else value
    return all(is_blank(member) for member in members)


def first(tree: Tree, sources: Sequence[str], path: str) -> Found | None:
    """The first source's value that is not blank."""
    return next((found for found in _all(tree, sources, path) if not is_blank(found.value)), None)


def first_text(tree: Tree, sources: Sequence[str], path: str) -> Found | None:
    """The first source's value that is text, or the first text of a list; mappings are passed over."""
    for found in _all(tree, sources, path):
        texts = texts_of(found.value)
        if texts and not isinstance(found.value, dict):
            return Found(texts[0], found.source, found.line, found.column)
    return None


def texts_of(value: Value, keys: Sequence[str] = ("name", "label", "title", "slug")) -> tuple[str, ...]:
    """The texts in a value that may be one text, a list, or mappings with one of the keys; blanks are dropped."""
    members = value if isinstance(value, list) else [value]
    texts = (_text_in(member, keys) for member in members)
    return tuple(text.strip() for text in texts if text is not None and text.strip())


def aligned_texts(value: Value) -> tuple[str | None, ...]:
    """Like `texts_of`, but blank members keep their places, so that parallel lists stay parallel."""
    members = value if isinstance(value, list) else [value]
    return tuple(_text_in(member, ("name", "label", "title", "slug")) for member in members)


def is_source(source: str) -> bool:
    """Whether the words name a source."""
    kind, colon, rest = source.partition(":")
    if colon and kind == "const":
        return True
    if colon and kind == "filename":
        return rest in _FILENAME_PARTS
    if colon and kind == "template":
        return all(is_source(slot) for slot in _SLOT.findall(rest))
    return bool(_steps(source))


def _all(tree: Tree, sources: Iterable[str], path: str) -> Iterable[Found]:
    for source in sources:
        kind, colon, rest = source.partition(":")
        if colon and kind == "const":
            yield Found(rest, source)
        elif colon and kind == "filename":
            match = _FILENAME.match(basename(path))
            yield Found(match[rest] if match else None, source)
        elif colon and kind == "template":
            yield Found(_filled(tree, rest, path), source)
        else:
            yield _at(tree, source)


def _at(tree: Tree, source: str) -> Found:
    value: Value = tree.fields
    steps = _steps(source)
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    line, column = tree.places.get(steps, (None, None))
    return Found(value, source, line, column)


def _filled(tree: Tree, template: str, path: str) -> str | None:
    """The template with its slots filled; None if one of them is blank."""
    filled: dict[str, str] = {}
    for slot in _SLOT.findall(template):
        found = first_text(tree, (slot,), path)
        if found is None:
            return None
        filled[slot] = str(found.value).strip()
    return _SLOT.sub(lambda match: filled[match[1]], template)


@lru_cache(maxsize=1024)
def _steps(source: str) -> tuple[str, ...]:
    """The keys that lead to a value, in lower case; empty if the source is misspelt."""
    steps, at = [], 0
    while at < len(source):
        match = _STEP.match(source, at)
        if match is None:
            return ()
        steps.append((match["literal"] or match["key"]).casefold())
        at = match.end()
    return tuple(steps)


def _text_in(member: Value, keys: Sequence[str]) -> str | None:
    if isinstance(member, str):
        return member
    if isinstance(member, dict):
        return next((text for key in keys if isinstance(text := member.get(key), str) and text.strip()), None)
    return None
