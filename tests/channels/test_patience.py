"""A network's wish to wait is heeded, and then it is asked again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from channels.scripted import NOW, Script, says
from syndicate.channels.patience import PatientWeb


async def asked(script: Script, *, is_repeatable: bool = True) -> tuple[int, list[timedelta], list[float]]:
    """The status in the end, how long it was said to wait, and how long it did."""
    told: list[datetime] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with PatientWeb(lambda: NOW, told.append, sleep=sleep) as web:
        answer = await web.call("GET", f"{script.url}/posts", is_repeatable=is_repeatable)
    return answer.status, [until - NOW for until in told], slept


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({"Retry-After": "90"}, 90), ({"ratelimit-reset": "120"}, 120), ({"X-RateLimit-Reset": "60"}, 60), ({}, 60)],
)
async def test_what_the_network_asks_for_is_waited_and_it_is_asked_again(
    script: Script, headers: dict[str, str], wait_s: int
) -> None:
    script.will(says(429, headers=headers), says(429, headers=headers), says(200, {}))

    status, told, slept = await asked(script)

    assert (status, told, slept) == (200, [timedelta(seconds=wait_s)] * 2, [wait_s] * 2)


@pytest.mark.parametrize(("wait_s", "is_repeatable"), [("3601", True), ("1", False)])
async def test_a_long_wish_and_a_call_that_may_do_harm_are_left_to_the_caller(
    script: Script, wait_s: str, is_repeatable: bool
) -> None:
    script.will(says(429, headers={"Retry-After": wait_s}))

    assert await asked(script, is_repeatable=is_repeatable) == (429, [], [])
