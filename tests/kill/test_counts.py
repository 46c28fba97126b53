"""First sights, changes, backfills and restores with few items; `python tests/kill/counts.py` takes 10,000."""

from __future__ import annotations

from pathlib import Path

from kill.counts import trials


def test_only_what_is_new_or_asked_for_is_posted_and_that_once(tmp_path: Path) -> None:
    for trial in trials(tmp_path / "site", 30, 12, 1):
        trial.run()

        assert [one for one in trial.results if one[1] != one[2]] == []
        assert len(trial.results) == 11
