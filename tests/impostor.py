"""A process in the place of one of our workers: it says what it likes, and hears whatever it is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable


def impostor(answer: bytes) -> Callable[[str], subprocess.Popen[bytes]]:
    """What starts one that says this and no more, whatever module is asked for; in the place of `workers.started`."""
    script = f"import os; os.write(1, {answer!r}); os.close(1); open(0, 'rb').read()"

    def started(_module: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    return started
