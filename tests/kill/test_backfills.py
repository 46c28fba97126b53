"""A small backfill is killed at every stage; `python tests/kill/backfills.py` takes 200 items and five networks."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kill.backfills import STAGES, Ending

STAGES_HERE = ("accepted", "middle post", "paused", "cancelled", "planned anew")
SCRIPT = Path(__file__).parent / "backfills.py"
WHOLE = Ending("readable", "paused", posted=8, held=0, lost=0, duplicated=0, unsettled=0)


def test_killed_at_any_stage_a_backfill_loses_nothing_and_sends_nothing_twice() -> None:
    chosen = [word for stage in STAGES_HERE for word in ("--stage", stage)]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--items", "4", "--kind", "readable", *chosen],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 posted, 0 held, 0 lost, 0 duplicated\n5 kills, 0 violations" in done.stdout


def test_these_are_some_of_fourteen_stages() -> None:
    assert (len(STAGES), set(STAGES_HERE) <= set(STAGES)) == (14, True)


@pytest.mark.parametrize(
    ("ending", "is_kept"),
    [
        (WHOLE, True),
        (replace(WHOLE, lost=1), False),
        (replace(WHOLE, duplicated=1), False),
        (replace(WHOLE, unsettled=1), False),
        (replace(WHOLE, held=1), False),
        (replace(WHOLE, kind="write-only", held=1), True),
        (replace(WHOLE, kind="write-only", held=2), False),
    ],
)
def test_an_ending_that_breaks_the_promise_is_told(ending: Ending, *, is_kept: bool) -> None:
    assert ending.is_kept is is_kept
