"""What a site says over its preset, read and checked: every slip is told with its key and the way out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from syndicate.errors import Fault
from syndicate.items.links import is_safe_path, usable
from syndicate.items.location import FILENAME
from syndicate.items.permalinks import STYLES, WORDS, unknown_words
from syndicate.items.rules import FALSE, FIELDS, TRUE, Condition
from syndicate.items.sources import SLOT, Source, pattern_fault, source_of
from syndicate.later import Later

if TYPE_CHECKING:
    import regex

    from syndicate.items import dates
else:
    dates, regex = Later("syndicate.items.dates"), Later("regex")

_ENDING = re.compile(r"\.[^/.*]+\Z|\.[^/]*\Z")
_TESTS = ("is", "not", "exists", "regex")
_EXAMPLE = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
_YEARS = ("%Y", "%y", "%G", "%c", "%x")


class Slips:
    """Reads the settings below a key and gathers what is wrong with them in `faults`."""

    def __init__(self, origin: str, below: str) -> None:
        self.origin = origin
        self.below = below
        self.faults: list[Fault] = []

    def tell(self, key: str, problem: str, remedy: str) -> None:
        """Note a fault of a setting."""
        self.faults.append(Fault(self.origin, "E-SETTING", problem, remedy, key=f"{self.below}.{key}"))

    def tell_words(self, key: str, words: str) -> None:
        """Note a fault that is told as `problem; remedy`."""
        problem, _, remedy = words.rpartition("; ")
        self.tell(key, problem, remedy)

    def check_site(self, site_url: str) -> None:
        """The site's address must be one, or none."""
        if site_url and usable(site_url) is None:
            remedy = "write it as https://www.example.org/"
            self.faults.append(Fault(self.origin, "E-SETTING", f"{site_url!r} is no address", remedy, key="site.url"))

    def filename(self, pattern: str) -> str:
        """The expression for file names."""
        fault = pattern_fault(pattern)
        if fault is None:
            return pattern
        self.tell_words("filename", fault)
        return FILENAME

    def fields(self, wish: Mapping[str, Sequence[object]], filename: str) -> dict[str, tuple[Source, ...]]:
        """Sources by field."""
        groups = set(regex.compile(filename).groupindex) if wish else set[str]()
        found = {}
        for name, settings in wish.items():
            if name not in FIELDS:
                self.tell(f"fields.{name}", "is no field", f"use one of: {', '.join(sorted(FIELDS))}")
            sources = (self._source(f"fields.{name}", setting) for setting in settings)
            found[name] = tuple(source for source in sources if source is not None)
            for source in found[name]:
                self._check_groups(f"fields.{name}", source, groups)
                if source.form is not None:
                    self._check_date_form(f"fields.{name}", source.form)
        return found

    def include(self, wish: Sequence[str], usual: Sequence[str]) -> tuple[str, ...]:
        """Globs; one that means a folder means the usual files in it."""
        found: list[str] = []
        for glob in wish:
            folder = glob.rstrip("*").rstrip("/")
            is_folder = glob.endswith(("/", "/**")) or not _ENDING.search(glob.rpartition("/")[2])
            found += [f"{folder}/**/{ending}" if folder else ending for ending in usual] if is_folder else [glob]
        return tuple(found)

    def exclude(self, wish: Sequence[str], usual: Sequence[str]) -> tuple[str, ...]:
        """The usual globs and the site's; `!glob` takes one of the usual away."""
        kept = list(usual)
        for glob in wish:
            if not glob.startswith("!"):
                kept.append(glob)
            elif glob[1:].casefold() in kept:
                kept.remove(glob[1:].casefold())
            else:
                self.tell("exclude", f"{glob!r} takes nothing away", f"use one of: !{', !'.join(usual)}")
        return tuple(kept)

    def date_formats(self, wish: Sequence[str]) -> tuple[str, ...]:
        """Forms of dates; each must name a whole date."""
        for form in wish:
            self._check_date_form("dates.formats", form)
        return tuple(wish)

    def zones(self, wish: Mapping[str, str]) -> dict[str, timedelta]:
        """Offsets by folded name."""
        found = {}
        for name, text in wish.items():
            offset = dates.offset_of(str(text))
            if offset is None or abs(offset) >= timedelta(hours=24):
                self.tell(f"dates.zones.{name}", f"{text!r} is no offset", 'write it as "+05:30"')
            elif not re.fullmatch(r"[A-Za-z]{1,5}", name):
                self.tell(f"dates.zones.{name}", "is no name of a zone", "write up to five letters such as IST")
            else:
                found[name.casefold()] = offset
        return found

    def permalinks(self, wish: str | Mapping[str, str] | None) -> dict[str, str]:
        """Templates by section."""
        templates = {} if wish is None else {"": wish} if isinstance(wish, str) else dict(wish)
        for section, template in templates.items():
            key = f"permalink.{section}" if section else "permalink"
            for word in unknown_words(template):
                self.tell(key, f"`:{word}` means nothing", f"use :{', :'.join(sorted(WORDS))}")
            if template not in STYLES and not is_safe_path(template):
                self.tell(key, f"{template!r} is no path below the site", "write it as /:year/:month/:slug/")
        return templates

    def conditions(self, wish: Mapping[str, object]) -> tuple[Condition, ...]:
        """What must hold of every file, by source."""
        found: list[Condition] = []
        for name, value in wish.items():
            source = self._source(f"where.{name}", name)
            if source is None:
                continue
            if isinstance(value, Mapping):
                found += self._tests(name, source, value)
            else:
                found.append(Condition(name, source, _texts_in(value)))
        return tuple(found)

    def _tests(self, name: str, source: Source, tests: Mapping[str, object]) -> Iterable[Condition]:
        for test, value in tests.items():
            key = f"where.{name}.{test}"
            if test in {"is", "not"}:
                yield Condition(name, source, _texts_in(value), is_negated=test == "not")
            elif test == "exists" and isinstance(value, bool):
                yield Condition(name, source, is_negated=not value)
            elif test == "exists":
                self.tell(key, "is neither true nor false", "write true or false")
            elif test == "regex" and isinstance(value, str):
                fault = pattern_fault(value)
                if fault is not None:
                    self.tell_words(key, fault)
                yield Condition(name, source, pattern=value)
            else:
                self.tell(key, "is no test", f"use one of: {', '.join(_TESTS)}")

    def _source(self, key: str, setting: object) -> Source | None:
        if not isinstance(setting, str | Mapping):
            self.tell(key, f"{setting!r} is no source", "put it in quotes")
            return None
        try:
            return source_of(setting)
        except ValueError as error:
            self.tell_words(key, str(error))
            return None

    def _check_date_form(self, key: str, form: str) -> None:
        """Dates may be read by it: one that cannot be used would end each pass at the first date."""
        if any(year in form for year in _YEARS):  # without one, Python warns and will refuse
            with suppress(ValueError, re.error):  # a directive may not stand twice
                read = datetime.strptime(_EXAMPLE.strftime(form), form)  # noqa: DTZ007 - only its day counts
                if read.date() == _EXAMPLE.date():
                    return
        self.tell(key, f"{form!r} names no whole date", "write it as %d.%m.%Y")

    def _check_groups(self, key: str, source: Source, groups: set[str]) -> None:
        slots = [source_of(slot) for slot in SLOT.findall(source.name)] if source.kind == "template" else []
        for one in (source, *slots):
            if one.kind == "filename" and one.name not in groups:
                problem = f"{one.words!r} names no group of `filename`"
                self.tell(key, problem, f"use one of: {', '.join(sorted(groups)) or 'none, as it has no groups'}")


def _texts_in(value: object) -> tuple[str, ...]:
    """The folded texts that a setting allows; true and false in all their spellings."""
    members = value if isinstance(value, list | tuple) else [value]
    texts: list[str] = []
    for member in members:
        if isinstance(member, bool):
            texts += TRUE if member else FALSE
        else:
            texts.append(str(member).strip().casefold())
    return tuple(texts)
