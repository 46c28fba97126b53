"""Durations as operators write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from syndicate.durations import LONGEST, Duration, duration_of, written

SETTING: TypeAdapter[timedelta] = TypeAdapter(Duration)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        (" 5 M ", timedelta(minutes=5)),
        ("0.5h", timedelta(minutes=30)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
        ("30", timedelta(seconds=30)),
        (30, timedelta(seconds=30)),
        (0.25, timedelta(milliseconds=250)),
        (timedelta(hours=1), timedelta(hours=1)),
        ("0s", timedelta(0)),
    ],
)
def test_duration_is_understood(text: object, meant: timedelta) -> None:
    assert SETTING.validate_python(text) == meant


@pytest.mark.parametrize("text", ["", "soon", "5 years", "-3s", "1h30m", "PT5M", True, None, [5], "٣s"])
def test_what_is_no_duration_is_refused_with_the_way_out(text: object) -> None:
    with pytest.raises(ValidationError, match="write a number with a unit: 90s, 5m, 2h, 7d or 1w"):
        SETTING.validate_python(text)


@pytest.mark.parametrize("value", [-1, timedelta(seconds=-1)])
def test_negative_duration_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="is negative; write a duration of 0s or more"):
        SETTING.validate_python(value)


@pytest.mark.parametrize("value", ["3661d", "9" * 400 + "w", float("inf"), float("nan"), 10**400])
def test_duration_beyond_all_calendars_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="is too long; write at most 3660d"):
        SETTING.validate_python(value)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (90, "90s"), (300, "5m"), (7200, "2h"), (604_800, "1w"), (0.25, "0.25s")]
)
def test_duration_is_written_in_the_largest_whole_unit(seconds: float, text: str) -> None:
    assert written(timedelta(seconds=seconds)) == text
    assert SETTING.dump_python(timedelta(seconds=seconds)) == text


@given(st.timedeltas(timedelta(0), LONGEST))
def test_what_is_written_means_the_same(value: timedelta) -> None:
    assert duration_of(written(value)) == value


def test_schema_tells_editors_the_form() -> None:
    assert SETTING.json_schema()["pattern"]
