"""When a success was the last one for now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syndicate.channels.http import Answer
from syndicate.channels.limits import used_up_until

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Left": "1", "Reset": "60"}, None),
        ({"Left": "", "Reset": "60"}, None),
        ({"Left": "0"}, None),
        ({"Left": "0", "Reset": " "}, None),
        ({"Left": "0", "Reset": "60"}, 60),
        ({"Left": " 0 ", "Reset": "2026-11-27T12:05:00.000Z"}, 300),
        ({"Left": "0", "Reset": str(int(NOW.timestamp()) + 7)}, 7),
        ({"Left": "0", "Reset": "2026-11-27T12:05:00Z", "Date": "Fri, 27 Nov 2026 12:04:00 GMT"}, 60),
        ({"Left": "0", "Reset": "60", "Retry-After": "5"}, 60),
        ({"Left": "0", "Reset": "9999999999999"}, 86_400),
    ],
)
def test_last_call_of_a_window_is_seen(headers: dict[str, str], seconds: int | None) -> None:
    answer = Answer("POST https://social.example", 200, headers, b"")

    found = used_up_until(answer, NOW, remaining_header="Left", reset_header="Reset")

    assert found == (None if seconds is None else NOW + timedelta(seconds=seconds))
