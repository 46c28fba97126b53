"""How the processes are started that do parts of our work: those that decode images, those that read files."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")
_CHILD: Final = "import sys; sys.path.insert(0, sys.argv[1]); from {module} import main; main()"


def started(module: str) -> subprocess.Popen[bytes]:
    """A process that runs the `main` of one of our modules, its input and output piped to us.

    Isolated (-I), and told where we are: it imports what it needs, and nothing of the folder it starts in. Without our
    environment: what handles foreign bytes has no business with tokens. In a process group of its own: Ctrl-C is for us
    to decide. Not in a session of its own: Linux shares the cores among sessions first, whatever their processes'
    priorities are (Linux, "sched(7)", autogroups), and those who serve readers have to come first.
    """
    return subprocess.Popen(  # noqa: S603  # our own interpreter and our own code
        [sys.executable, "-I", "-c", _CHILD.format(module=module), str(Path(__file__).parents[2])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        process_group=0,
    )


def ended(child: subprocess.Popen[bytes]) -> int:
    """End a process, dead or alive; gives its return code."""
    child.kill()
    for end in (child.stdin, child.stdout):
        with suppress(OSError):
            pipe(end).close()
    return child.wait()


def pipe(end: IO[bytes] | None) -> IO[bytes]:
    """One end of a started process's pipes, which it has."""
    assert end is not None
    return end
