"""Every file of a folder, as a sweep sees it."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from content.storing import RULES
from syndicate.content.sweep import Sight, sweep


def test_a_sight_has_the_facts_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("text")
    os.utime(file, ns=(0, 1_764_380_000_123_456_789))

    (sight,) = sweep(tmp_path, RULES).sights

    facts = file.stat()
    assert sight == Sight("a.md", facts.st_size, facts.st_mtime_ns, facts.st_ino)
    assert sight.mtime_s == facts.st_mtime


@given(ns=st.integers(-(2**62), 2**62))
def test_a_time_in_seconds_is_near_enough_for_microseconds(ns: int) -> None:
    assert abs(Sight("a.md", 0, ns, 0).mtime_s - ns / 1e9) <= 1e-6


def test_one_odd_name_is_told_and_hides_no_other(tmp_path: Path) -> None:
    for name in ("b.md", "odd\n.md", "a.md", ".hidden.md", "é.md"):
        (tmp_path / name).touch()
    (tmp_path / os.fsdecode(b"\xff.md")).touch()

    swept = sweep(tmp_path, RULES)

    assert [sight.path for sight in swept.sights] == ["a.md", "b.md", "é.md"]
    assert sorted(fault.path for fault in swept.faults) == ["\\udcff.md", "odd\\n.md"]
