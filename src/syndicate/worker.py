"""One of the processes that `workers` starts, seen from inside; it loads nothing that only their parent needs.

The parent sends pickles to a child's input: first a greeting, which are the keywords of what the child's `begin` takes,
then one job after the other. A job is a sequence of parts, and its answer a list of as many, a pickle at the child's
output. A child ends at the end of its input, so it never outlives its parent.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, BinaryIO


def serve(begin: Callable[..., Callable[[Any], list[Any]]]) -> None:
    """Serve the parent of this process: answers go to its pipe alone, whatever a library may print."""
    answers: Any = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)  # whoever serves readers comes first
    answer(begin, sys.stdin.buffer, answers)


def answer(begin: Callable[..., Callable[[Any], list[Any]]], jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer jobs until there are no more; `begin` takes the greeting, and gives what answers a job."""
    try:
        work = begin(**pickle.load(jobs))  # noqa: S301  # of our own parent, by a pipe
        while True:
            pickle.dump(work(pickle.load(jobs)), answers, protocol=5)  # noqa: S301
            answers.flush()
    except EOFError:
        return


def frozen(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    """A read-only mapping, which pickle cannot send as it is."""
    return MappingProxyType(content)
