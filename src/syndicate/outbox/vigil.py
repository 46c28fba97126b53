"""Whether anybody may have written into a database: as long as nobody did, what was read of it holds."""

from __future__ import annotations

import time
from pathlib import Path

from syndicate.outbox.pace import Outlook

KNOWN_S = 5.0
"""So long after the last look, a channel that owed nothing is taken to owe nothing."""

_SETTLED_NS = 10**9
"""A file that changed within this time may change once more without another stamp (Linux, "inode(7)")."""

_Stamp = tuple[tuple[int, int, int], ...]


class Vigil:
    """Looks at the files of one SQLite database, and keeps what is known of channels that owe nothing.

    Another process writes into the file or the log beside it (SQLite, "Write-Ahead Logging"). So their stamps tell that
    nobody wrote; that somebody else did, and not this process, tells the database alone.
    """

    def __init__(self, path: Path) -> None:
        self._files = (path, path.with_name(f"{path.name}-wal"))
        self._stamp: _Stamp | None = None
        self._version: int | None = None
        self._times = 0
        self._looked_at = 0.0
        self._idle: dict[str, tuple[object, Outlook]] = {}

    def is_quiet(self) -> bool:
        """Whether surely nobody wrote since the last call but one; may be asked in any thread."""
        stamp, former = self._stamp_now(), self._stamp
        self._stamp = stamp
        is_quiet = stamp == former and time.time_ns() - max((one[0] for one in stamp), default=0) > _SETTLED_NS
        if is_quiet:
            self._looked_at = time.monotonic()
        return is_quiet

    def see(self, version: int) -> bool:
        """The database was looked at, and others left it at this version; gives whether they had left another one."""
        former, self._version = self._version, version
        self._times += version != former
        self._looked_at = time.monotonic()
        return former not in (None, version)

    @property
    def times(self) -> int:
        """How often others wrote, as far as is known: asked before the database is read, a part of what is asked."""
        return self._times

    def keep(self, channel: str, asked: object, found: Outlook) -> None:
        """This is what a channel owed, by what was asked; kept if it is nothing."""
        self._idle.pop(channel, None)
        if not found.queue:
            self._idle[channel] = asked, found

    def kept(self, channel: str, asked: object) -> Outlook | None:
        """What was found when the same was asked, if that must still hold."""
        key, found = self._idle.get(channel, (None, None))
        return found if key == asked and time.monotonic() - self._looked_at < KNOWN_S else None

    def _stamp_now(self) -> _Stamp:
        found = []
        for file in self._files:
            try:
                facts = file.stat()
            except OSError:
                continue
            found.append((facts.st_mtime_ns, facts.st_ino, facts.st_size))
        return tuple(found)
