"""Processes that do parts of the work: what they are told, and what they may answer."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from syndicate.worker import answer
from syndicate.workers import Workers

JOBS = [[number] for number in range(40)]


def test_jobs_are_answered_one_after_the_other_until_there_are_no_more() -> None:
    def begin(factor: int) -> Callable[[list[int]], list[int]]:
        return lambda job: [factor * part for part in job]

    told = BytesIO(b"".join(map(pickle.dumps, [{"factor": 3}, [1, 2], [], [5]])))
    answers = BytesIO()

    answer(begin, told, answers)

    answers.seek(0)
    assert [pickle.load(answers) for _ in range(3)] == [[3, 6], [], [15]]
    assert answers.read() == b""


class Started:
    """Starts processes that answer each job with itself, but for those of these turns, which do something else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **others: str) -> None:
        self.number = 0
        self._others = {int(turn.removeprefix("turn")): script for turn, script in others.items()}
        monkeypatch.setattr("syndicate.workers.started", self)

    def __call__(self, _module: str) -> subprocess.Popen[bytes]:
        self.number += 1
        echo = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1] / 'src')!r})\n"
            "from syndicate.worker import answer\n"
            "answer(lambda: lambda job: job, sys.stdin.buffer, sys.stdout.buffer)"
        )
        script = self._others.get(self.number, echo)
        return subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def answers_of(number: int) -> Iterator[object]:
    with closing(Workers("a.module", number, {}, turn=lambda: None)) as workers:
        yield from workers.answers(JOBS)


def test_process_that_died_leaves_and_another_one_comes_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(monkeypatch, turn1="pass")

    answers = list(answers_of(2))

    assert [one for one in answers if one is not None] == [
        number for number in range(40) if answers[number] is not None
    ]
    assert (answers.count(None), started.number) == (1, 3)


@pytest.mark.parametrize("script", ["pass", "import os; os.write(1, b'?'); open(0, 'rb').read()"])
def test_another_one_comes_only_once(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    started = Started(monkeypatch, **{f"turn{turn}": script for turn in range(1, 9)})

    assert list(answers_of(2)) == [None] * 40
    assert started.number == 3


def test_no_process_for_another_one_leaves_the_work_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(monkeypatch, turn1="pass")

    def none_left(module: str) -> subprocess.Popen[bytes]:
        if started.number == 2:
            raise BlockingIOError("no process is left")
        return started(module)

    monkeypatch.setattr("syndicate.workers.started", none_left)

    assert list(answers_of(2)).count(None) == 1


def test_other_process_that_hangs_before_it_reads_is_ended_like_all(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs_s = 60
    Started(
        monkeypatch,
        turn1="import sys, pickle; pickle.load(sys.stdin.buffer)",
        turn2=f"import time; time.sleep({hangs_s})",
    )
    monkeypatch.setattr("syndicate.workers.PATIENCE_S", 0.5)
    greeting = {"x": b"x" * 1_000_000}  # more than a pipe takes at once
    begun = time.monotonic()

    with closing(Workers("a.module", 1, greeting, turn=lambda: None)) as workers:
        assert list(workers.answers(JOBS)) == [None] * 40

    assert time.monotonic() - begun < hangs_s / 2  # it was not waited for
