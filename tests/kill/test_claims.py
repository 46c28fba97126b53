"""Four claimers that are stopped on the way; `python tests/kill/claims.py` takes 10,000 rows."""

from __future__ import annotations

import random
from pathlib import Path

from kill.claims import claimed_by, owe


async def test_four_claimers_take_each_delivery_once(tmp_path: Path) -> None:
    await owe(tmp_path / "outbox.sqlite3", 60)

    counts = claimed_by(tmp_path / "outbox.sqlite3", 4, random.Random(1))

    assert len(counts) == 60
    assert set(counts.values()) == {1}
