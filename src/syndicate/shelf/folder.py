"""A shelf that is a folder: readers, web servers and copies see whole files only, the former or the new."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import syndicate
from syndicate.atomic import UNFINISHED, replace_file, replace_files, sync
from syndicate.errors import CannotWrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MANIFEST = ".syndicate-shelf"
SEALS = ".syndicate-seals"
_REMEDIES = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in your disk quota",
    errno.EROFS: "the disk is read-only: choose another folder for the feeds",
    errno.EACCES: "give this user the right to write there, or choose another folder for the feeds",
    errno.EPERM: "give this user the right to write there, or choose another folder for the feeds",
    errno.EISDIR: "a folder stands where the file belongs: move it away",
    errno.ENOTDIR: "a file stands where a folder belongs: move it away",
    errno.EEXIST: "a file stands where a folder belongs: move it away",
    errno.ENAMETOOLONG: "give the topic a shorter slug",
}

_STRANGE = "a file stands there that syndicate did not write"
_STRANGE_REMEDY = (
    f"move it away, or choose another `feeds.folder`; if only `{MANIFEST}` was lost there, delete the old feeds"
)


class FolderShelf:
    """Publishes files below `root`, each by writing a new file beside it and renaming that.

    `MANIFEST` in the root lists, one JSON string a line, what this shelf published: a path is added durably before its
    file appears, so that no file of ours is ever taken for a stranger's, and files of strangers are never written over
    or dropped. `SEALS` tells what each file was made of; without it all is made anew, which takes longer and no more.
    Where the manifest was lost, files that are to stay as they are become ours again; others are told.
    Safe to call from several threads; two processes must not share a shelf for writing.

    Raises:
        CannotWrite: the folder cannot be made or its manifest cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._manifest = root / MANIFEST
        self._seals = root / SEALS
        self._lock = threading.Lock()
        self._unsure: set[Path] = set()  # folders where names may be new that would not outlive a power cut
        self._digests: dict[str, tuple[tuple[int, int, int], str]] = {}
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._own = self._read_manifest()
            self._sweep()
        except OSError as cause:
            raise _cannot_write(root, cause) from cause

    def put(self, path: str, content: bytes) -> bool:
        """Publish bytes at a POSIX path below the shelf; True if they differ from what stood there.

        Raises:
            CannotWrite: the former file stands, or the new one does but may not outlive a power cut.
        """
        target = self._target(path)
        with self._lock:
            try:
                changed = self._unlike({path: content}, {path: target})
                self._replace(changed, {path: content}, {path: target})
                return bool(changed)
            except OSError as cause:
                raise _cannot_write(target, cause) from cause

    def put_all(self, contents: Mapping[str, bytes]) -> frozenset[str]:
        """Publish bytes at each of these paths; gives those whose bytes differ from what stood there.

        They appear in this order; together they are made durable with fewer waits for the disk than one by one.

        Raises:
            CannotWrite: some of the files may be new; of the others the former ones stand.
        """
        targets = {path: self._target(path) for path in contents}
        changed: Mapping[str, bytes] = {}
        with suppress(OSError), self._lock:
            changed = self._unlike(contents, targets)
            self._replace(changed, contents, targets)
            return frozenset(changed)
        # This tells which one fails; those that became new in the first try are the same now.
        return frozenset(changed) | {path for path, content in contents.items() if self.put(path, content)}

    def _unlike(self, contents: Mapping[str, bytes], targets: Mapping[str, Path]) -> Mapping[str, bytes]:
        """Those that differ from what stands there, once each has a folder of ours; that of strangers is told."""
        self._make_folders({target.parent for target in targets.values()})
        for target, path in {target.parent: (target, path) for path, target in targets.items()}.values():
            self._check_inside(target, path)
        changed = {
            path: content
            for path, content in contents.items()
            if targets[path].is_symlink() or not _holds(targets[path], content)
        }
        for path in changed:
            if path not in self._own and _is_taken(targets[path]):
                raise CannotWrite(str(targets[path]), _STRANGE, _STRANGE_REMEDY)
        return changed

    def _replace(
        self, changed: Mapping[str, bytes], contents: Mapping[str, bytes], targets: Mapping[str, Path]
    ) -> None:
        """Write those that changed; all become ours."""
        claimed = [path for path in contents if path not in self._own]
        self._remember(claimed)
        folders = {targets[path].parent for path in changed}
        try:
            self._unsure |= folders
            replace_files({targets[path]: content for path, content in changed.items()})
            for folder in self._unsure - folders:
                sync(folder)
            self._unsure.clear()
        except OSError:
            with suppress(OSError):  # what never came is not ours: a stranger may put a file there
                self._forget(*(path for path in claimed if not targets[path].is_file()))
            raise

    def drop(self, path: str) -> bool:
        """Take a file away that this shelf published; True if it was there. Folders left empty go too.

        Raises:
            CannotWrite: it cannot be taken away.
        """
        target = self._target(path)
        with self._lock:
            if path not in self._own:
                return False
            try:
                self._check_inside(target, path)
                was_there = _remove(target)
                self._forget(path)
                self._prune(target.parent)
            except OSError as cause:
                raise _cannot_write(target, cause) from cause
        return was_there

    def paths(self) -> frozenset[str]:
        """Every file the shelf itself published and still holds."""
        with self._lock:
            return frozenset(self._standing())

    def listed(self) -> frozenset[str]:
        """Every file the shelf itself published, without looking whether it still stands."""
        with self._lock:
            return frozenset(self._own)

    def is_whole(self) -> bool:
        """Whether all that was published still stands. What does not is forgotten, and told once: it may be put anew.

        Raises:
            CannotWrite: the folder is gone and cannot be made again.
        """
        with self._lock:
            standing = self._standing()
            if standing == self._own and (self._manifest.is_file() or not standing):
                return True
            try:
                self._make_folders([self._root])
                self._write_manifest(standing)
            except OSError as cause:
                raise _cannot_write(self._root, cause) from cause
            self._own = standing
            return False

    def sealed(self) -> dict[str, str]:
        """The seals that were kept, of files that stand as they did then; none, if another version made them."""
        try:
            maker, kept = json.loads(self._seals.read_bytes())
            if maker != _maker():
                return {}
            return {path: seal for path, (seal, *stamp) in kept.items() if stamp == self._stamp(path)}
        except (OSError, ValueError, TypeError, AttributeError):  # none, or damaged: all is made anew
            return {}

    def keep_seals(self, seals: Mapping[str, str]) -> None:
        """Keep a seal for each of these paths, in place of all former ones.

        Raises:
            CannotWrite: they cannot be kept.
        """
        stamped = {path: [seal, *stamp] for path, seal in seals.items() if (stamp := self._stamp(path)) is not None}
        try:
            replace_file(self._seals, json.dumps([_maker(), stamped]).encode(), is_durable=False)
        except OSError as cause:
            raise _cannot_write(self._seals, cause) from cause

    def _stamp(self, path: str) -> list[int] | None:
        """What tells that a file of ours is the one it was."""
        if path not in self._own:
            return None
        try:
            facts = os.stat(f"{self._root}/{path}", follow_symlinks=False)  # noqa: PTH116 - asked of every file
        except OSError:
            return None
        return [facts.st_size, facts.st_mtime_ns, facts.st_ino]

    def digest(self, path: str) -> str | None:
        """Hex SHA-256 of the bytes that stand at the path; None if there are none. Read again only when changed.

        Raises:
            CannotWrite: something stands there that cannot be read.
        """
        target = self._target(path)
        try:
            with target.open("rb") as file:
                seen = os.fstat(file.fileno())
                stamp = (seen.st_mtime_ns, seen.st_ino, seen.st_size)
                kept = self._digests.get(path)
                if kept is None or kept[0] != stamp:
                    kept = self._digests[path] = (stamp, hashlib.file_digest(file, "sha256").hexdigest())
        except FileNotFoundError:
            self._digests.pop(path, None)
            return None
        except OSError as cause:
            raise _cannot_write(target, cause) from cause
        return kept[1]

    def _standing(self) -> set[str]:
        """What we published and is there; without `pathlib`, as this is asked in each pass."""
        root = f"{self._root}/"
        return {path for path in self._own if os.path.isfile(root + path)}  # noqa: PTH113 - it takes a third of the time

    def _target(self, path: str) -> Path:
        parts = path.split("/")
        if any(not part or part.startswith(".") or "\\" in part or not part.isprintable() for part in parts):
            # Empty parts, `.` and `..` would leave the shelf; hidden files are the shelf's own and the server's taboo.
            raise CannotWrite(path, "is not a plain path below the shelf", "report this as a fault in syndicate")
        return self._root.joinpath(*PurePosixPath(path).parts)

    def _check_inside(self, target: Path, path: str) -> None:
        if not target.parent.resolve().is_relative_to(self._root.resolve()):
            raise CannotWrite(path, "a symbolic link leads out of the shelf", f"remove the link on the way to {target}")

    def _make_folders(self, folders: Iterable[Path]) -> None:
        changed: dict[Path, None] = {}
        for folder in folders:
            missing = []
            there = folder
            while not there.is_dir():
                missing.append(there)
                there = there.parent
            for one in reversed(missing):
                one.mkdir(exist_ok=True)
                changed[one.parent] = None
        for parent in changed:
            sync(parent)

    def _read_manifest(self) -> set[str]:
        try:
            text = self._manifest.read_text(encoding="utf-8")
        except FileNotFoundError:
            return set()
        lines = text.split("\n")
        own = {entry for line in lines if (entry := _path_in(line)) is not None}
        if lines[-1]:
            # A crash cut the last line: nothing was published under it yet, but the next line must not join it.
            self._write_manifest(own)
        return own

    def _remember(self, paths: Sequence[str]) -> None:
        """Add paths to the manifest, durably."""
        lines = "".join(json.dumps(path) + "\n" for path in paths).encode()
        if not lines:
            return
        with self._manifest.open("ab", buffering=0) as manifest:
            former_bytes = manifest.tell()
            try:
                if manifest.write(lines) != len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(manifest.fileno())
            except OSError:
                with suppress(OSError):  # half a line would spoil the next one
                    manifest.truncate(former_bytes)
                raise
        if not former_bytes:
            sync(self._root)
        self._own.update(paths)

    def _forget(self, *paths: str) -> None:
        self._own.difference_update(paths)
        self._write_manifest(self._own)

    def _write_manifest(self, own: Iterable[str]) -> None:
        replace_file(self._manifest, "".join(json.dumps(path) + "\n" for path in sorted(own)).encode())

    def _sweep(self) -> None:
        """Remove what a killed process left half-written, in the folders of our own files only."""
        for folder in {self._root, *((self._root / path).parent for path in self._own)}:
            if folder.is_dir():
                for left in folder.glob(f".*{UNFINISHED}"):
                    left.unlink(missing_ok=True)

    def _prune(self, folder: Path) -> None:
        with suppress(OSError):
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent


@cache
def _maker() -> str:
    """What makes the files: our modules as they are installed, and the libraries that feeds are written with."""
    package = Path(syndicate.__file__).parent
    facts = [(file.name, file.stat()) for room in ("feeds", "items", "posts") for file in package.glob(f"{room}/*.py")]
    told = sorted((name, seen.st_size, seen.st_mtime_ns) for name, seen in facts)
    return hashlib.sha256(repr([told, version("feedgen"), version("lxml")]).encode()).hexdigest()[:32]


def _path_in(line: str) -> str | None:
    with suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, str):
            return found
    return None


def _holds(target: Path, content: bytes) -> bool:
    try:
        return target.stat().st_size == len(content) and target.read_bytes() == content
    except FileNotFoundError:
        return False


def _is_taken(target: Path) -> bool:
    """Whether a file or link stands there; a folder cannot be written over anyway."""
    return target.is_symlink() or (target.exists() and not target.is_dir())


def _remove(target: Path) -> bool:
    try:
        target.unlink()
    except FileNotFoundError:
        return False
    sync(target.parent)
    return True


def _cannot_write(path: Path, cause: OSError) -> CannotWrite:
    reason = (cause.strerror or str(cause)).lower()
    remedy = _REMEDIES.get(cause.errno or 0, "see what the system says about this path, then run again")
    return CannotWrite(str(path), reason, remedy)
