"""Places in the store: only what truly lies below its root or an allowed folder, and what tells of changed images."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from syndicate.items.links import is_safe_path

# Not through a symlink that appears after the check, and not into the arms of a FIFO.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class NotSettled(Exception):
    """A file is still being written; look again later."""


_GLOB = "*?["
_NEXT_IMAGE = "\n\n"
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def inside(root: Path, path: str, beside: Sequence[str] = ()) -> Path:
    """The same as `real`, as a path."""
    return Path(real(root, path, beside))


def real(root: Path, path: str, beside: Sequence[str] = ()) -> str:
    """The real file behind a path below the root, or below a folder beside it that is allowed by name.

    Args:
        root: the store's real folder.
        path: from the root; it may begin with one of `beside`.
        beside: folders out of the root, as the settings name them (`../static`).

    Raises:
        OSError: it is not there, or leads out.
    """
    base, rest = str(root), path
    for folder in beside:
        if path.startswith(f"{folder}/"):
            base, rest = os.path.realpath(root / folder, strict=True), path[len(folder) + 1 :]
            break
    if not rest or rest.startswith("/") or not is_safe_path(rest):
        raise PermissionError("leads out of the store")
    if _has_no_links(base, rest):
        return f"{base}/{rest}"
    found = os.path.realpath(Path(base, rest), strict=True)
    if not Path(found).is_relative_to(base):
        raise PermissionError("leads out of the store")
    return found


def _has_no_links(base: str, rest: str) -> bool:
    """Whether a path below a real folder surely is its own real path, which is told by fewer looks than that.

    Raises:
        OSError: it is not there.
    """
    steps = rest.split("/")
    if os.name != "posix" or "" in steps or "." in steps:
        return False
    for step in steps:
        base = f"{base}/{step}"
        if stat.S_ISLNK(os.lstat(base).st_mode):
            return False
    return True


def spelt(root: Path, places: Sequence[str], beside: Sequence[str] = ()) -> tuple[str, ...]:
    """The places up to the first that is there, this one as it is spelt on disk.

    A name may differ in upper and lower case, or be a glob: then it is the first that fits, by name.
    """
    found = []
    for place in places:
        there = place if _is_there(root, place, beside) else _sibling(root, place, beside)
        found.append(there or place)
        if there:
            break
    return tuple(found)


def _is_there(root: Path, place: str, beside: Sequence[str]) -> bool:
    try:
        return inside(root, place, beside).is_file()
    except OSError:
        return False


def _sibling(root: Path, place: str, beside: Sequence[str]) -> str | None:
    """A picture in the place's folder whose name is meant by it."""
    folder, slash, name = place.rpartition("/")
    try:
        names = sorted(entry.name for entry in _folder(root, folder, beside).iterdir())
    except OSError:
        return None
    wanted = name.casefold()
    is_glob = any(mark in wanted for mark in _GLOB)
    for one in names:
        folded = one.casefold()
        is_meant = fnmatchcase(folded, wanted) and folded.endswith(_PICTURES) if is_glob else folded == wanted
        if is_meant and _is_there(root, f"{folder}{slash}{one}", beside):
            return f"{folder}{slash}{one}"
    return None


def _folder(root: Path, folder: str, beside: Sequence[str]) -> Path:
    if not folder:
        return root
    return Path(os.path.realpath(root / folder, strict=True)) if folder in beside else inside(root, folder, beside)


def image_stamp(root: Path, places: Sequence[str], beside: Sequence[str] = ()) -> str:
    """What tells that the image changed or appeared: each place up to the first that can be read, with its facts.

    Of a glob that nothing fits, its folder's.
    """
    lines = []
    for place in places:
        try:
            file = inside(root, place, beside)
            facts = file.stat()
        except OSError:
            file = None
        if file is None or not os.access(file, os.R_OK):
            lines.append(f"{_folder_stamp(root, place, beside)}\t{place}")
            continue
        lines.append(f"{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ino}\t{place}")
        break
    return "\n".join(lines)


def _folder_stamp(root: Path, place: str, beside: Sequence[str]) -> str:
    folder, _, name = place.rpartition("/")
    if not any(mark in name for mark in _GLOB):
        return "-"
    try:
        return f"-{_folder(root, folder, beside).stat().st_mtime_ns}"
    except OSError:
        return "-"


def images_stamp(root: Path, groups: Iterable[Sequence[str]], beside: Sequence[str] = ()) -> str:
    """What tells that any of several images changed: the featured one's places, then those of each other."""
    return _NEXT_IMAGE.join(image_stamp(root, places, beside) for places in groups)


def groups_of(stamp: str) -> tuple[tuple[str, ...], ...]:
    """The places that a stamp speaks of, image by image."""
    return tuple(
        tuple(line.partition("\t")[2] for line in one.split("\n")) if one else () for one in stamp.split(_NEXT_IMAGE)
    )


def places_of(stamp: str) -> tuple[str, ...]:
    """The places of the featured image that a stamp speaks of."""
    return groups_of(stamp)[0]


def bytes_of(file: Path | str, limit: int) -> tuple[bytes, os.stat_result]:
    """At most one byte over the limit of a regular file, and its facts.

    Raises:
        OSError: it cannot be read, or is no regular file.
        NotSettled: it changed while it was read.
    """
    opened = os.open(file, _FLAGS)
    try:
        before = os.fstat(opened)
        if not stat.S_ISREG(before.st_mode):
            raise PermissionError("is no regular file")
        content = _read(opened, min(before.st_size, limit) + 1, limit + 1)
        after = os.fstat(opened)
    finally:
        os.close(opened)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise NotSettled
    return content, after


def _read(opened: int, first: int, most: int) -> bytes:
    """At most so many bytes of a file, which is expected to end before `first` of them."""
    content = os.read(opened, first)
    if len(content) + 1 == first:
        return content
    with os.fdopen(opened, "rb", closefd=False) as rest:
        return content + rest.read(most - len(content))
