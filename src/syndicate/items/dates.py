"""Points in time as people and programs write them: known forms only, never a guess. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, partial
from types import MappingProxyType

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)

# Names that mean one offset only in practice; "IST" and "CST" in China are left to the site's own format list.
_ZONES = {
    **{"z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1},
    **{"cet": 1, "cest": 2, "eet": 2, "eest": 3},
    **{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7},
}

# `published: true` of Jekyll where others write a date, and the dates that Eleventy takes from files and from Git.
# Source: Eleventy documentation, "Content Dates". Read 2026-11.
_SWITCHES = frozenset(
    {"true", "false", "yes", "no", "on", "off", "last modified", "created", "git last modified", "git created"}
)

_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)"
_MONTH = rf"(?P<name>{'|'.join((*_FULL_MONTHS, 'sept', *_MONTHS))})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_HALF = r"(?:\s*(?P<half>[ap])\.?m\.?)?"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?" + _HALF
_ZONE = r"(?:\s*(?:(?:gmt|utc)(?=[+-]))?(?P<zone>[+-]\d{1,2}(?::?\d{2})?|[a-z]{1,5})(?:\s*\([a-z ]+\))?)?"

_FORMS = (
    rf"{_YEAR}(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?:(?:t|,?\s+){_TIME}{_ZONE})?",
    rf"{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})"
    rf"(?:t?(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}}){_ZONE})?",
    rf"{_WEEKDAY}?{_DAY}[\s-]{_MONTH},?[\s-]{_YEAR}(?:,?\s+(?:at\s+)?{_TIME}{_ZONE})?",
    rf"{_WEEKDAY}?{_MONTH}\s+{_DAY},?\s+{_YEAR}(?:,?\s+(?:at\s+)?{_TIME}{_ZONE})?",
    rf"{_WEEKDAY}{_MONTH}\s+{_DAY}\s+{_TIME}{_ZONE}\s+{_YEAR}",
)
# What programs write, and `datetime` reads by itself.
_ISO = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?",
    re.ASCII,
)
_EPOCH = re.compile(r"(?P<seconds>\d{10})(?:\.\d{1,9})?\Z|(?P<milliseconds>\d{13})\Z", re.ASCII)


def moment(
    text: str, zone: tzinfo, *, formats: Sequence[str] = (), offsets: Mapping[str, timedelta] = MappingProxyType({})
) -> datetime | None:
    """The point in time that the text names, in UTC; None if its form is unknown or the date cannot be.

    Known are ISO 8601 (one-digit parts, `/` and `.` too), `YYYYMMDD`, RFC 2822, English month names, ctime, and Unix
    time in 10 or 13 digits. Two-digit years and `3/4/2020` are ambiguous, so only `formats` can allow them.

    Args:
        text: as written in the file.
        zone: where a text without offset is meant.
        formats: more forms, as for `datetime.strptime`.
        offsets: more names of zones, folded.
    """
    text = " ".join(text.split())
    found = _in_utc(partial(_read, text, offsets), zone)
    if found is not None:
        return found
    for form in formats:
        found = _in_utc(partial(datetime.strptime, text, form), zone)
        if found is not None:
            return found
    return None


def offset_of(text: str) -> timedelta | None:
    """A zone's offset as it is written behind a time (`+05:30`, `-5`, `CEST`); None if it is none."""
    return (
        _offset(text.strip().casefold()) if re.fullmatch(r"\s*(?:[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]+)\s*", text) else None
    )


def is_for_the_builder(text: str) -> bool:
    """Whether a text stands where a date may stand, but is none: a switch, or what only the site's builder can tell."""
    return not text[:1].isdigit() and " ".join(text.casefold().split()) in _SWITCHES


def _in_utc(read: Callable[[], datetime | None], zone: tzinfo) -> datetime | None:
    """What `read` gives, in UTC; impossible days and years are no date."""
    try:
        found = read()
        if found is None:
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read(text: str, offsets: Mapping[str, timedelta]) -> datetime | None:
    if not offsets and _ISO.fullmatch(text):  # as most
        return datetime.fromisoformat(text)
    epoch = _EPOCH.match(text)
    if epoch is not None:
        milliseconds = epoch["milliseconds"]
        seconds = timedelta(milliseconds=int(milliseconds)) if milliseconds else timedelta(seconds=float(text))
        return datetime(1970, 1, 1, tzinfo=UTC) + seconds
    for form in _forms():
        match = form.match(text)
        if match is not None:
            parts = {name: value for name, value in match.groupdict().items() if value is not None}
            return _built(parts, offsets)
    return None


@cache  # made when the first date asks for them: most stores' are read without
def _forms() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(form + r"\Z", re.ASCII | re.IGNORECASE) for form in _FORMS)


def _built(parts: dict[str, str], offsets: Mapping[str, timedelta]) -> datetime | None:
    month = _MONTHS.index(parts["name"][:3].lower()) + 1 if "name" in parts else int(parts["month"])
    hour = int(parts.get("hour", "0"))
    if "half" in parts:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    microsecond = int(parts.get("fraction", "0").ljust(6, "0")[:6])
    minute, second = int(parts.get("minute", "0")), int(parts.get("second", "0"))
    found = datetime(int(parts["year"]), month, int(parts["day"]), hour, minute, second, microsecond)  # noqa: DTZ001  # its zone follows
    if "zone" not in parts:
        return found
    zone = parts["zone"].casefold()
    offset = offsets[zone] if zone in offsets else _offset(zone)
    return None if offset is None else found.replace(tzinfo=timezone(offset))


def _offset(zone: str) -> timedelta | None:
    """`-0400`, `-04:00`, `-4`, `z` or a name of the table."""
    if zone in _ZONES:
        return timedelta(hours=_ZONES[zone])
    if zone[0] not in "+-":
        return None
    digits = zone[1:].replace(":", "")
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return -size if zone[0] == "-" else size
