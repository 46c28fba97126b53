"""Times as the database keeps them: whole microseconds since 1970 UTC, exact and in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = timedelta(microseconds=1)


def kept(moment: datetime | None) -> int | None:
    """An aware time as it is kept."""
    return None if moment is None else (moment - _BEGINNING) // _UNIT


def read(count: int | None) -> datetime | None:
    """What was kept."""
    return None if count is None else _BEGINNING + count * _UNIT
