"""What must be true of every file, however damaged: an item, a rule that hides it, or a fault with its place."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from syndicate.errors import Fault, InvalidItem
from syndicate.items.frontmatter import read
from syndicate.items.mapping import Reading, item_from
from syndicate.items.presets import PRESETS
from syndicate.items.rules import Rules

# Coverage, where it follows children, makes each line several times slower.
LIMIT_S = 0.5 if not any(name.startswith("COVERAGE_PROCESS") for name in os.environ) else 4.0

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Said here once more, in another way than the reader's, so that neither hides the other's mistake.
_FENCED = re.compile(r'\s*(?:---[ \t]*(?:\n|\Z)|\+\+\+[ \t]*(?:\n|\Z)|\{[ \t\n]*")')
_CONTENT = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)


class Wrong(Exception):
    """A file was lost, or refused badly, or took too long."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file: `item`, `hidden`, `no item` or the code that refused it; and the time it took."""

    kind: str
    took_s: float


def judge(content: bytes, preset: str, *, limit_s: float = LIMIT_S) -> Verdict:
    """Read a file all the way to the item, its body included.

    Raises:
        Wrong: what must be true is not; any other exception but InvalidItem is a crash.
    """
    rules = replace(PRESETS[preset], site_url="https://site.example/")
    began = time.thread_time()
    kind, faults = _become(content, rules)
    took_s = time.thread_time() - began
    if took_s > limit_s:
        raise Wrong(f"took {took_s:.2f} s of CPU")
    if kind == "no item" and _is_fenced(content):
        raise Wrong("begins with a fence and was taken for no item")
    for fault in faults:
        if not fault.remedy or (fault.line is None and fault.code != "E-TOO-BIG"):
            raise Wrong(f"is refused without a line or a way out: {fault}")
        if fault.line is not None and fault.line > _lines(content):
            raise Wrong(f"is refused with a line that it has not: {fault}")
    return Verdict(kind, took_s)


def _become(content: bytes, rules: Rules) -> tuple[str, tuple[Fault, ...]]:
    try:
        found = read(content, "news/x.md")
    except InvalidItem as error:
        return error.faults[0].code, error.faults
    if found is None:
        return "no item", ()
    reading = item_from(*found, path="news/x.md", rules=rules, now=_NOW)
    kind = _kind(reading)
    if not found[0].fields and not found[0].faults and _CONTENT.search(found[1]) is None and len(content) > 1000:
        raise Wrong("lost its front matter and its body")
    return kind, reading.faults


def _kind(reading: Reading) -> str:
    if reading.item is not None:
        if not reading.item.title or not reading.item.id or any(not fault.is_warning for fault in reading.faults):
            raise Wrong("is an item without title or id, or with errors")
        str(reading.item).encode()  # no lone surrogate is left anywhere
        return "item"
    if reading.skipped:
        return "hidden"
    errors = [fault.code for fault in reading.faults if not fault.is_warning]
    if not errors:
        raise Wrong("is neither an item, nor hidden, nor refused")
    return errors[0]


def _is_fenced(content: bytes) -> bool:
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return False
    return _FENCED.match(text.replace("\r\n", "\n").replace("\r", "\n")) is not None


def _lines(content: bytes) -> int:
    return content.count(b"\n") + content.count(b"\r") + 1
