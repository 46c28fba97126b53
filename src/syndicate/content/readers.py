"""Processes that read files side by side: a first scan of thousands of files uses all cores, and holds up nobody."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syndicate.content.sweep import Sight
from syndicate.errors import Fault
from syndicate.items.snapshot import unpack
from syndicate.ports.content import Indexed, Stamp
from syndicate.workers import Workers, cores, tell_failed, values_of

if TYPE_CHECKING:
    from syndicate.content.file import FileReader


MOST: Final = 4
"""Processes at most: each has the program once more in memory, about 50 MB."""

Found = tuple[Stamp, bytes, str | None, tuple[Fault, ...]] | None
"""What a file holds: stamp, packed item if it is one, rule that hides it, faults; None: look yourself."""

MANY: Final = 500
"""So many files are worth the start of the processes."""

_TOGETHER: Final = 50
_CHILD: Final = "syndicate.content.reading"


def read_ahead(
    root: Path, sights: Sequence[Sight], reader: FileReader, turn: Callable[[], None] = lambda: None
) -> Generator[Indexed | None, None, None]:
    """What each file holds, in order; None where the caller has to look itself.

    Few files are all left to the caller. Closing the iterator ends the processes.

    Args:
        root: the real folder.
        sights: files that nothing is known of, as a sweep saw them.
        reader: what would read them here.
        turn: called again and again while nothing comes; may raise to end it all.
    """
    number = min(cores(), MOST)
    if len(sights) < MANY or number < 2:
        yield from repeat(None, len(sights))
        return
    greeting = {"keywords": dict(reader.keywords), "root": root, "now_ns": reader.clock()}
    try:
        started_readers = Workers(_CHILD, number, greeting, turn=turn, values=values_of(Stamp, Fault))
    except OSError as error:  # no process or memory is left for them
        tell_failed("reading", str(error))
        yield from repeat(None, len(sights))
        return
    with closing(started_readers) as readers:
        found: Iterator[Found] = readers.answers(_chunks(sights))
        for sight, one in zip(sights, found, strict=True):
            if one is None:
                yield None
                continue
            stamp, packed, skipped, faults = one
            try:
                item = unpack(packed) if packed else None
            except (ValueError, TypeError, KeyError):  # of another version: the program was replaced meanwhile
                yield None
                continue
            yield Indexed(reader.prefix + sight.path, stamp, item, skipped, faults)


def _chunks(sights: Sequence[Sight]) -> Iterator[Sequence[Sight]]:
    return (sights[start : start + _TOGETHER] for start in range(0, len(sights), _TOGETHER))
