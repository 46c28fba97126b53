"""A full and a read-only disk under a publisher; `python tests/kill/disks.py` takes more, and a held database."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kill.disks import can_mount, tried


@pytest.mark.parametrize("case", ["full", "read-only"])
def test_nothing_is_lost_and_nothing_sent_twice(tmp_path: Path, case: str) -> None:
    if not can_mount():
        pytest.skip("needs the right to mount")

    result = tried(case, tmp_path, 8, random.Random(1))

    assert (result.lost, result.twice, result.waiting) == (0, 0, 0)
    assert any("make room on the disk" in line or "read-only" in line for line in result.words), result.words
