from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syndicate.outbox.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "outbox.sqlite3")
    await opened.open()
    yield opened
    await opened.close()
