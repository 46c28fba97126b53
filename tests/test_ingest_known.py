"""What a new process knows of files that an older one looked at."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from newsroom import Newsroom


async def test_the_facts_of_a_touched_file_are_kept(tmp_path: Path) -> None:
    room = Newsroom(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()
        at = int((room.now - timedelta(minutes=30)).timestamp() * 1e9)
        os.utime(room.content / "1.md", ns=(at, at))
        await room.look()

        await room.restart()
        known = await room.outbox.index(room.rules)

        assert known["1.md"].stamp.mtime_ns == at
        assert (await room.look()).written == ()
