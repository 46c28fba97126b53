"""Processes that do parts of the work: what they are told, and what they may answer."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from io import BytesIO

from syndicate.workers import answer


def test_jobs_are_answered_one_after_the_other_until_there_are_no_more() -> None:
    def begin(factor: int) -> Callable[[list[int]], list[int]]:
        return lambda job: [factor * part for part in job]

    told = BytesIO(b"".join(map(pickle.dumps, [{"factor": 3}, [1, 2], [], [5]])))
    answers = BytesIO()

    answer(begin, told, answers)

    answers.seek(0)
    assert [pickle.load(answers) for _ in range(3)] == [[3, 6], [], [15]]
    assert answers.read() == b""
