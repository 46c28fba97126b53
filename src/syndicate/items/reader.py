"""One file being read: its fields by the rules, and the faults met on the way. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from string import ascii_letters, digits

from msgspec import Struct, field
from msgspec.structs import replace

from syndicate.errors import Fault
from syndicate.items import fields
from syndicate.items.dates import is_for_the_builder, moment
from syndicate.items.fields import Found
from syndicate.items.location import LIMIT_S, Location
from syndicate.items.plain import plain
from syndicate.items.rules import DATES, FALSE, TEXTS, TRUE, Hiding, Rules
from syndicate.items.sources import Source
from syndicate.items.tree import Tree

_TEXTUAL = DATES | TEXTS
_SURE = frozenset(ascii_letters + digits)  # text that begins with one of these is never plain blank
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z", re.ASCII)


def passed_over(name: str, found: Found) -> str:
    """Why a source's value cannot be a field's, in words; empty if it can."""
    if found.problem:
        return found.problem
    if name in _TEXTUAL:
        text = fields.text_of(found.value)
        if text is not None:
            return _unfit(name, text)
    elif not fields.is_blank(found.value):
        return ""
    if found.value is None and found.line is None:
        return "absent"
    return "blank" if fields.is_blank(found.value) else "no text"


def _unfit(name: str, text: str) -> str:
    """Why a text cannot be a field's, in words; empty if it can."""
    if name in DATES:
        return "no date that stands in the file" if is_for_the_builder(text) else ""
    if name == "page" and ("{{" in text or "{%" in text or text.casefold() in TRUE + FALSE):
        return "only the site's builder knows what it means"
    return "" if text[0] in _SURE or plain(text) else "blank"


class Reader(Struct):
    """A file's front matter, where it lies, and the rules; gives fields and gathers faults.

    `sources` are those of each field that may give something, in order, `hidings` the rules that may hide it, each with
    the sources of it that may.
    """

    front: Tree
    location: Location
    rules: Rules
    faults: list[Fault] = field(default_factory=list)
    sources: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    hidings: tuple[tuple[Hiding, tuple[Source, ...]], ...] = ()
    _found: dict[str, Found | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources, self.hidings = self.rules.reach(self.front.fields)

    @property
    def path(self) -> str:
        """The file's POSIX path below the store's root."""
        return self.location.path

    def looked(self, name: str) -> Iterator[Found]:
        """What the field's sources give, in order, those passed over too."""
        for found in fields.looked(self.front, self.rules.sources.get(name, ()), self.location):
            if found.is_slow:
                self._tell_slow(name, found)
            yield found

    def usable(self, name: str) -> Iterator[Found]:
        """What the field's sources give that can be used, in order; texts as they are written."""
        for source in self.sources.get(name, ()):
            found = self._usable_at(name, source)
            if found is not None:
                yield found

    def found(self, name: str) -> Found | None:
        """The first that can be used."""
        sources = self.sources.get(name)
        if sources is None:
            return None
        kept = self._found
        if name not in kept:
            kept[name] = None
            for source in sources:
                found = self._usable_at(name, source)
                if found is not None:
                    kept[name] = found
                    break
        return kept[name]

    def may_have(self, name: str) -> bool:
        """Whether anything stands at a field's sources, as far as a look at the first steps of its keys can tell."""
        return name in self.sources

    def _usable_at(self, name: str, source: Source) -> Found | None:
        """What one source gives, if it can be used."""
        if source.steps and not source.changes_texts:  # as most
            value = fields.value_at(self.front, source.steps)
            found = None
        else:
            found = fields.present_at(self.front, source, self.location)
            if found is None:
                return None
            if found.is_slow:
                self._tell_slow(name, found)
            value = found.value
        if value is None:
            return None
        if name in _TEXTUAL:
            value = fields.text_of(value)
            if value is None or _unfit(name, value):
                return None
        elif fields.is_blank(value):
            return None
        if found is None:
            return Found(value, source.words, self.front, source.steps, source.form)
        return found if value is found.value else replace(found, value=value)

    def raw(self, name: str) -> str:
        """A field's text as it is written, empty if there is none."""
        found = self.found(name)
        return str(found.value) if found is not None else ""

    def text(self, name: str) -> str:
        """A field's clean text."""
        found = self.found(name)
        return plain(str(found.value)) if found is not None else ""

    def texts(self, name: str) -> Iterator[str]:
        """Every source's clean text, in order."""
        for found in self.usable(name):
            yield plain(str(found.value))

    def members(self, name: str) -> list[str]:
        """The clean texts of the first source that can be used; a single text is parted as topics are, or at commas."""
        found = self.found(name)
        value = found.value if found is not None else None
        split = self.rules.topics.split or ","
        parts = fields.parts_of(value, split) if isinstance(value, str) else fields.texts_of(value)
        return [text for part in parts if (text := plain(part))]

    def moment(self, found: Found) -> datetime | None:
        """The point in time that a source names; None if it names none."""
        formats = (found.form, *self.rules.date_formats) if found.form else self.rules.date_formats
        return moment(str(found.value), self.rules.zone, formats=formats, offsets=self.rules.zone_offsets)

    @property
    def language(self) -> str:
        """The item's language, as a tag of BCP 47."""
        tags = (text.replace("_", "-") for text in self.texts("language"))
        return next((tag for tag in tags if _LANGUAGE.match(tag)), self.rules.language)

    def key(self, name: str) -> str:
        """How a file would name the field."""
        sources = self.rules.sources.get(name, ())
        return next((source.words for source in sources if source.kind == "key"), name)

    def fail(
        self, code: str, problem: str, remedy: str, at: Found | tuple[int | None, int | None] | None = None
    ) -> None:
        """Note a fault: of what was found, or at a line and column, else of the front matter as a whole."""
        line, column = (self.front.line, None) if at is None else at.place if isinstance(at, Found) else at
        self.faults.append(Fault(self.path, code, problem, remedy, line=line, column=column))

    def _tell_slow(self, name: str, found: Found) -> None:
        """Make a fault of the first expression that did not end."""
        if not self.failed("W-REGEX"):
            problem = f"`regex` of `{found.source}` for {name} did not end within {LIMIT_S:g} s; it is passed over"
            self.fail("W-REGEX", problem, "write an expression without repeats in repeats", found)

    def failed(self, *codes: str) -> bool:
        """Whether there was a fault whose code begins with one of these."""
        return any(fault.code.startswith(codes) for fault in self.faults)
