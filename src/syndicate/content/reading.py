"""The process that reads many files at once for a first scan: `readers` starts some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syndicate.content.file import FileReader
from syndicate.content.places import NotSettled
from syndicate.items.snapshot import pack
from syndicate.worker import serve

if TYPE_CHECKING:
    from syndicate.content.readers import Found
    from syndicate.content.sweep import Sight


def begin(keywords: Mapping[str, Any], root: Path, now_ns: int) -> Callable[[Sequence[Sight]], list[Found]]:
    """What gives what files hold, which it is told as a sweep saw them.

    Args:
        keywords: of the `FileReader` that reads them.
        root: the real folder.
        now_ns: the time.
    """
    reader = FileReader(**keywords, clock=lambda: now_ns)

    def read(sights: Sequence[Sight]) -> list[Found]:
        reader.begin()
        return [_found(reader, root, sight) for sight in sights]

    return read


def _found(reader: FileReader, root: Path, sight: Sight) -> Found:
    try:
        indexed, _ = reader.look_at(root, sight, None)
    except NotSettled:
        return None
    packed = b"" if indexed.item is None else pack(indexed.item)
    return indexed.stamp, packed, indexed.skipped, indexed.faults


def main() -> None:
    """Serve the parent."""
    serve(begin)
