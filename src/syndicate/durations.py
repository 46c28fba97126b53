"""Durations as operators write them: `90s`, `5m`, `2h`, `7d`, `1w`, or a number of seconds. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhdw]?)")

LONGEST = timedelta(days=3660)
"""Ten years: beyond it stands a slip of the keyboard, and dates that no calendar holds."""


def duration_of(value: object) -> timedelta:
    """What an operator wrote, as a duration.

    Raises:
        ValueError: in words that tell the way out.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        if found := _WRITTEN.fullmatch(value.strip().lower()):
            return _of(float(found[1]), _UNITS[found[2] or "s"])  # a variable of the environment is never a number
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return _of(value, "seconds")
    raise ValueError("is no duration; write a number with a unit: 90s, 5m, 2h, 7d or 1w")


def written(value: timedelta) -> str:
    """A duration as an operator would write it, in the largest unit that leaves a whole number."""
    seconds = value.total_seconds()
    for unit, length in (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{int(seconds) // length}{unit}"
    return f"{seconds:f}".rstrip("0").rstrip(".") + "s"


def _of(number: float, unit: str) -> timedelta:
    try:
        return timedelta(**{unit: number})
    except (OverflowError, ValueError) as error:
        raise ValueError(_TOO_LONG) from error


_TOO_LONG = f"is too long; write at most {LONGEST.days}d"


def _in_range(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("is negative; write a duration of 0s or more")
    if value > LONGEST:
        raise ValueError(_TOO_LONG)
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(duration_of),
    AfterValidator(_in_range),
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?\s*[smhdw]?$"}),
]
"""A setting that is a duration."""
