"""A few of the lines at which a publisher may be killed; `python tests/kill/lines.py` takes every one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kill.lines import FAULTS, KINDS, Ending
from syndicate.outbox.delivery import State

SCRIPT = Path(__file__).parent / "lines.py"


PLACE = ("settle", "outbox/lane.py", 1)


def test_killed_at_a_line_nothing_is_lost_or_sent_twice() -> None:
    chosen = [
        "--every",
        "200",
        "--kind",
        "readable",
        "--fault",
        "none",
        "--fault",
        "lost after",
    ]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *chosen],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 violations" in done.stdout


def test_there_are_five_kinds_and_twelve_faults() -> None:
    assert (len(KINDS), len(FAULTS)) == (5, 12)


@pytest.mark.parametrize(
    ("ending", "word"),
    [
        (Ending("readable", "none", PLACE, State.SENT, 1), None),
        (Ending("readable", "refused", PLACE, State.FAILED, 0), None),
        (Ending("write-only", "lost after", PLACE, State.HELD, 1), None),
        (Ending("write-only", "none", PLACE, None, 0), None),
        (Ending("write-only", "lost after", PLACE, State.HELD, 0), None),
        (Ending("readable", "none", PLACE, State.SENT, 2), "posted 2 times"),
        (Ending("write-only", "none", PLACE, State.HELD, 2), "posted 2 times"),
        (Ending("readable", "none", PLACE, State.SENT, 0), "not there"),
        (Ending("readable", "none", PLACE, State.SENDING, 1), "never settled"),
        (Ending("readable", "none", PLACE, State.SKIPPED, 0), "lost"),
        (Ending("readable", "none", PLACE, State.HELD, 1), "could tell"),
    ],
)
def test_an_ending_that_breaks_the_promise_is_told(ending: Ending, word: str | None) -> None:
    assert (word or "") in (ending.violation or "")
    assert (ending.violation is None) is (word is None)
