"""Who may deliver: one process per state folder, held by a file lock for the process's life."""

from __future__ import annotations

import fcntl
import json
import os
import time
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from syndicate.atomic import cannot_write
from syndicate.errors import AnotherInstance, StateLost
from syndicate.regular import opened

_HELD_S: Final = 0.07
"""So long a start tries to take a lock that names who holds it."""

_TOUCHED_S: Final = 5.0
"""So long, where nobody is named: then somebody asks who holds it, for an instant, which a busy machine may stretch."""


def check_free(path: Path) -> None:
    """Nothing, unless another process holds the lock at that path; nothing is changed there.

    Raises:
        AnotherInstance: it does.
    """
    pid, since = holder_of(path)
    if pid is not None:
        raise AnotherInstance(str(path), pid, since)


class Standing:
    """A file as it was when it was opened. Removed or replaced, it stays open, but nobody else sees it any more."""

    def __init__(self, path: Path, found: os.stat_result) -> None:
        self._path = path
        self._identity = (found.st_dev, found.st_ino)

    def check(self) -> None:
        """Nothing, as long as it stands at its path.

        Raises:
            StateLost: it is gone, or another one stands there.
        """
        try:
            found = self._path.stat()
            is_same = (found.st_dev, found.st_ino) == self._identity
        except OSError:
            is_same = False
        if not is_same:
            remedy = "bring `state.folder` back as it was, or restore it from a backup, then start again"
            raise StateLost(str(self._path), "was removed or replaced while in use", remedy)


_held: dict[Path, Standing] = {}
"""The locks that this process holds: they belong to the process, whoever of it took them."""


def check_held(folder: Path) -> None:
    """Nothing, as long as every lock that this process took in the folder still keeps others away.

    Raises:
        StateLost: another process could take such a lock now.
    """
    for path, standing in list(_held.items()):
        if path.parent == folder:
            standing.check()


def is_held(path: Path) -> bool:
    """Whether this process holds the lock at that path."""
    return path in _held


class PublisherLock:
    """Taken on entry, let go on exit; the operating system lets go of it when the process dies.

    The file tells who holds it (process id and start time) to whoever asks.
    """

    def __init__(self, path: Path, now: datetime) -> None:
        self.path = path
        self._now = now
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = open(self.path, "a+", encoding="utf-8", opener=opened)
        except OSError as error:
            remedy = "give the user of this process rights to the folder, or set another `state.folder`"
            raise cannot_write(self.path, error, remedy) from error
        if not _take(self._file):
            holder = holder_of(self.path)
            self._file.close()
            self._file = None
            raise AnotherInstance(str(self.path), *holder)
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "since": self._now.isoformat(timespec="seconds")}, self._file)
        self._file.flush()
        _held[self.path] = Standing(self.path, os.fstat(self._file.fileno()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            _held.pop(self.path, None)
            self._file.truncate(0)
            self._file.close()
            self._file = None


def _take(file: IO[str]) -> bool:
    """Lock the file for this process; tries again for a while, as `holder_of` touches the lock."""
    begun = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_named = os.fstat(file.fileno()).st_size > 0
            if time.monotonic() - begun > (_HELD_S if is_named else _TOUCHED_S):
                return False
            time.sleep(0.005)
        else:
            return True


def holder_of(path: Path) -> tuple[int | None, str | None]:
    """Process id and start time of whoever holds the lock at that path; both None if nobody does, or it is not told."""
    try:
        with open(path, encoding="utf-8", opener=opened) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = json.loads(file.read() or "{}")
                return holder.get("pid"), holder.get("since")
            return None, None
    except (OSError, ValueError):
        return None, None
