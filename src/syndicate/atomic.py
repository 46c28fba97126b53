"""Files that are written whole or not at all: whoever reads sees the former or the new one."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from syndicate.durable import syncing
from syndicate.errors import CannotWrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in your disk quota",
    errno.EFBIG: "let this user write larger files there (`ulimit -f`)",
    errno.ENXIO: "a pipe, socket or device stands where the file belongs: move it away",
    errno.EROFS: "the disk is read-only: make it writable, or name another place",
}

UNFINISHED = ".syndicate-new"
"""The end of a new file's name until it takes its place; a killed process may leave such hidden files behind."""


def replace_file(target: Path, content: bytes, *, is_durable: bool = True) -> None:
    """Write a new file beside the target and rename it; once this returned, a durable one outlives a power cut.

    Raises:
        OSError: nothing changed; the former file stands.
    """
    replace_files({os.fspath(target): content}, is_durable=is_durable)


def replace_files(
    contents: Mapping[str, bytes], *, is_durable: bool = True, folders: Iterable[str] = ()
) -> dict[str, os.stat_result]:
    """Write new files beside their targets, then rename them in order; once this returned, they outlive a power cut.

    Gives the facts of each as it was written. Places are texts, and calls those of the system, as this is done for
    thousands of files at once. Names in further `folders` are made durable together with those of the files.

    Raises:
        OSError: of some targets the former file stands, of some the new one; none is a mixture.
    """
    # Names of their own: several threads and processes may write beside each other.
    ending = f".{secrets.token_hex(4)}{UNFINISHED}"
    places = [target.rpartition("/") for target in contents]
    news = [f"{folder}{slash}.{name[:80]}{ending}" for folder, slash, name in places]
    changing = tuple(dict.fromkeys((*(folder or slash or "." for folder, slash, _ in places), *folders)))
    with syncing(changing, number=len(news)) if is_durable else nullcontext(_sync_nothing) as sync_these:
        try:
            facts = [_write(new, content) for new, content in zip(news, contents.values(), strict=True)]
            # All are written by now, so that the disk works on all of them while the first is waited for.
            sync_these(news)
            for new, target in zip(news, contents, strict=True):
                os.replace(new, target)  # noqa: PTH105
        except OSError:
            for new in news:
                with suppress(OSError):  # the first error counts, and the next start sweeps
                    os.unlink(new)  # noqa: PTH108
            raise
        sync_these(changing)
    return dict(zip(contents, facts, strict=True))


def _sync_nothing(paths: Sequence[Path | str]) -> None:
    """What is not to be durable."""


def _write(path: str, content: bytes) -> os.stat_result:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError, otherwise: str) -> CannotWrite:
    """What to tell of a failed write: the system's reason, and its remedy, or else this one."""
    reason = error.strerror or str(error)
    return CannotWrite(str(path), reason, _REMEDIES.get(error.errno or 0, otherwise))
