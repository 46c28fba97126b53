"""The process that reads many files at once for a first scan: `readers` starts some of them.

Jobs come as pickles at its input, and what was found goes as pickles to its output: first what the folder is read by,
as keywords of `FileReader`, then again and again the time, the real root and files as a sweep saw them. It ends at the
end of its input, so it never outlives its parent.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from syndicate.content.file import FileReader
from syndicate.content.places import NotSettled
from syndicate.items.snapshot import pack

if TYPE_CHECKING:
    from syndicate.content.readers import Found
    from syndicate.content.sweep import Sight


class _Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer jobs until there are no more."""
    clock = _Clock()
    try:
        reader = FileReader(**pickle.load(jobs), clock=clock)  # noqa: S301  # of our own parent, by a pipe
        while True:
            clock.now_ns, root, sights = pickle.load(jobs)  # noqa: S301
            reader.begin()
            pickle.dump([_found(reader, root, sight) for sight in sights], answers, protocol=5)
            answers.flush()
    except EOFError:
        return


def _found(reader: FileReader, root: Path, sight: Sight) -> Found:
    try:
        indexed, _ = reader.look_at(root, sight, None)
    except NotSettled:
        return None
    packed = b"" if indexed.item is None else pack(indexed.item)
    return indexed.stamp, packed, indexed.skipped, indexed.faults


def main() -> None:
    """Serve the parent: answers go to its pipe alone, whatever a library may print."""
    answers: Any = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)  # whoever serves readers comes first
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
