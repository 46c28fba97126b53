"""Whether anybody still has a file open for writing, as the system knows it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def is_written(file: Path) -> bool | None:
    """Whether anybody has the file open for writing; None where the system cannot tell.

    Linux gives a read lease on such files alone (fcntl(2), F_SETLEASE), to their owner or to root, on local file
    systems. It is handed back at once. Whoever opens the file for writing in between waits for that moment; the signal
    that tells of it is one that is ignored unless asked for.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    with suppress(OSError):
        descriptor = os.open(file, _FLAGS)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # the usual one, SIGIO, would end the process
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return None
