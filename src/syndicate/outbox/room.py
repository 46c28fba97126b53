"""Room on the disk for what comes of a delivery: without it nothing is sent."""

from __future__ import annotations

import shutil
from pathlib import Path

from syndicate.log import log

ROOM_BYTES = 64 * 2**20
"""With less free than this beside the database nothing is sent: what came of it might not be kept."""


def free_bytes(folder: Path) -> int:
    """How much room is left there."""
    return shutil.disk_usage(folder).free


class Room:
    """The room in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._was_there = True

    def is_there(self) -> bool:
        """Whether sending is safe: the result must still fit. Told when it changes."""
        free = free_bytes(self._folder)
        if (free >= ROOM_BYTES) != self._was_there:
            self._was_there = free >= ROOM_BYTES
            if self._was_there:
                log.info("disk_has_room", folder=str(self._folder))
            else:
                log.error("disk_nearly_full", folder=str(self._folder), free_bytes=free)
        return self._was_there
