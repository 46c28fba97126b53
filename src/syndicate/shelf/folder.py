"""A shelf that is a folder: readers, web servers and copies see whole files only, the former or the new."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import DecodeError
from msgspec.json import Decoder

from syndicate.atomic import UNFINISHED, replace_file, replace_files
from syndicate.durable import sync, sync_all, sync_open
from syndicate.errors import CannotWrite
from syndicate.regular import opened, stamp_of
from syndicate.shelf.sealed import SEALS, SealFile, Stamps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_JSON = Decoder()

MANIFEST = ".syndicate-shelf"
CLEAN = ".syndicate-clean"
_REMEDIES = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in your disk quota",
    errno.EROFS: "the disk is read-only: choose another folder for the feeds",
    errno.EACCES: "give this user the right to write there, or choose another folder for the feeds",
    errno.EPERM: "give this user the right to write there, or choose another folder for the feeds",
    errno.EISDIR: "a folder stands where the file belongs: move it away",
    errno.ENOTDIR: "a file stands where a folder belongs: move it away",
    errno.EEXIST: "a file stands where a folder belongs: move it away",
    errno.ENXIO: "a pipe, socket or device stands where the file belongs: move it away",
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
    or dropped. `SEALS` tells what each file was made of. `CLEAN` stands there as long as nothing is half-written.
    Where the manifest was lost, files that are to stay as they are become ours again; others are told.
    Safe to call from several threads; two processes must not share a shelf for writing.

    Raises:
        CannotWrite: the folder cannot be made or its manifest cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._root_text = str(root)
        self._manifest = root / MANIFEST
        self._clean = root / CLEAN
        self._stamps = Stamps(root)
        self._seals = SealFile(root, self._stamps)
        self._lock = threading.Lock()
        self._unsure: set[str] = set()  # folders where names may be new that would not outlive a power cut
        self._digests: dict[str, tuple[tuple[int, int, int], str]] = {}
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._own = self._read_manifest()
            self._sweep(("",) if self._clean.is_file() else {"", *map(_folder_of, self._own)})
            if self._own:
                self._tell_clean()
        except OSError as cause:
            raise _cannot_write(cause.filename or root, cause) from cause

    def put(self, path: str, content: bytes) -> bool:
        """Publish bytes at a POSIX path below the shelf; True if they differ from what stood there.

        Raises:
            CannotWrite: the former file stands, or the new one does but may not outlive a power cut.
        """
        place = self._place(path)
        with self._lock:
            try:
                changed = self._unlike({path: content}, {path: place})
                self._replace(changed, {path: content}, {path: place})
                return bool(changed)
            except OSError as cause:
                raise _cannot_write(place, cause) from cause

    def put_all(self, contents: Mapping[str, bytes]) -> frozenset[str]:
        """Publish bytes at each of these paths; gives those whose bytes differ from what stood there.

        They appear in this order; together they are made durable with fewer waits for the disk than one by one.

        Raises:
            CannotWrite: some of the files may be new; of the others the former ones stand.
        """
        places = {path: self._place(path) for path in contents}
        changed: Mapping[str, bytes] = {}
        with suppress(OSError), self._lock:
            changed = self._unlike(contents, places)
            self._replace(changed, contents, places)
            return frozenset(changed)
        # This tells which one fails; those that became new in the first try are the same now.
        return frozenset(changed) | {path for path, content in contents.items() if self.put(path, content)}

    def _unlike(self, contents: Mapping[str, bytes], places: Mapping[str, str]) -> Mapping[str, bytes]:
        """Those that differ from what stands there, once each has a folder of ours; that of strangers is told."""
        folders = {_folder_of(place): path for path, place in places.items()}
        for path in folders.values():
            self._check_inside(path)
        self._make_folders(folders)
        changed = {}
        for path, content in contents.items():
            facts = _facts(places[path])
            if facts is not None and _holds(places[path], facts, content):
                continue
            # A folder cannot be written over anyway.
            if facts is not None and path not in self._own and not stat.S_ISDIR(facts.st_mode):
                raise CannotWrite(places[path], _STRANGE, _STRANGE_REMEDY)
            changed[path] = content
        return changed

    def _replace(self, changed: Mapping[str, bytes], contents: Mapping[str, bytes], places: Mapping[str, str]) -> None:
        """Write those that changed; all become ours."""
        claimed = [path for path in contents if path not in self._own]
        self._remember(claimed)
        folders = {_folder_of(places[path]) for path in changed}
        try:
            further = tuple(set(map(_standing, self._unsure)) - folders)
            self._unsure |= folders
            self._stamps.forget(changed)
            if changed:
                if not self._clean.is_dir():  # a stranger's folder tells nothing
                    self._clean.unlink(missing_ok=True)
                made = replace_files({places[path]: content for path, content in changed.items()}, folders=further)
                self._stamps.keep({path: made[places[path]] for path in changed})
                self._tell_clean()
            else:
                sync_all(further)
            self._unsure.clear()
        except OSError:
            with suppress(OSError):  # what never came is not ours: a stranger may put a file there
                self._forget(*(path for path in claimed if not os.path.isfile(places[path])))  # noqa: PTH113
            raise

    def drop(self, *paths: str) -> tuple[str, ...]:
        """Take files away that this shelf published; gives those that were there. Folders left empty go too.

        Raises:
            CannotWrite: one cannot be taken away; those before it are gone.
        """
        targets = {path: Path(self._place(path)) for path in paths}
        taken: dict[str, bool] = {}
        with self._lock:
            try:
                for path in filter(self._own.__contains__, paths):
                    self._check_inside(path)
                    try:
                        targets[path].unlink()
                    except FileNotFoundError:
                        taken[path] = False
                    else:
                        taken[path] = True
            except OSError as cause:
                raise _cannot_write(targets[path], cause) from cause
            finally:
                self._stamps.forget(taken)
                self._let_go([(path, targets[path].parent) for path in taken])
        return tuple(path for path, was_there in taken.items() if was_there)

    def _let_go(self, taken: Sequence[tuple[str, Path]]) -> None:
        """Forget files that were taken away, and the folders that they leave empty."""
        if not taken:
            return
        folders = dict.fromkeys(folder for _, folder in taken)
        try:
            sync_all(tuple(filter(os.path.isdir, folders)))
            self._forget(*(path for path, _ in taken))
            for folder in folders:
                self._prune(folder)
        except OSError as cause:
            raise _cannot_write(self._manifest, cause) from cause

    def paths(self) -> frozenset[str]:
        """Every file the shelf itself published and still holds; what does not stand is ours no more.

        So a stranger may put a file in the place of one that a killed process took away.
        """
        with self._lock:
            standing = self._stamps.standing(self._own)
            if standing != self._own:
                with suppress(OSError):  # else the next one that looks forgets them
                    self._write_manifest(standing)
                    self._own = standing
            return frozenset(standing)

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
            standing = self._stamps.standing(self._own)
            self._stamps.forget()
            if standing == self._own and (self._manifest.is_file() or not standing):
                return True
            try:
                self._make_folders([str(self._root)])
                self._write_manifest(standing)
            except OSError as cause:
                raise _cannot_write(self._root, cause) from cause
            self._own = standing
            return False

    def sealed(self) -> dict[str, str]:
        """The seals that were kept, of files that stand as they did then; none, if another version made them."""
        return self._seals.read(self._own)

    def keep_seals(self, seals: Mapping[str, str]) -> None:
        """Keep a seal for each of these paths, in place of all former ones.

        Raises:
            CannotWrite: they cannot be kept.
        """
        try:
            self._seals.write(seals, self._own)
        except OSError as cause:
            raise _cannot_write(self._root / SEALS, cause) from cause

    def digest(self, path: str) -> str | None:
        """Hex SHA-256 of the bytes that stand at the path; None if there are none. Read again only when changed.

        Raises:
            CannotWrite: something stands there that cannot be read.
        """
        target = Path(self._place(path))
        try:
            with open(target, "rb", opener=opened) as file:
                stamp = stamp_of(os.fstat(file.fileno()))
                kept = self._digests.get(path)
                if kept is None or kept[0] != stamp:
                    kept = self._digests[path] = (stamp, hashlib.file_digest(file, "sha256").hexdigest())
        except FileNotFoundError:
            self._digests.pop(path, None)
            return None
        except OSError as cause:
            raise _cannot_write(target, cause) from cause
        return kept[1]

    def _place(self, path: str) -> str:
        """Where the file stands; as a text, since `pathlib` takes several times as long and a pass asks for thousands.

        Raises:
            CannotWrite: it is no plain path.
        """
        rooted = f"/{path}/"
        if "//" in rooted or "/." in rooted or "\\" in path or not path.isprintable():
            # Empty parts, `.` and `..` would leave the shelf; hidden files are the shelf's own and the server's taboo.
            raise CannotWrite(path, "is not a plain path below the shelf", "report this as a fault in syndicate")
        return f"{self._root_text}/{path}"

    def _check_inside(self, path: str) -> None:
        """Look whether links on the way to a file of the shelf lead out of it."""
        folder = self._root_text
        for name in path.split("/")[:-1]:
            folder = f"{folder}/{name}"
            if os.path.islink(folder) and not Path(folder).resolve().is_relative_to(self._root.resolve()):  # noqa: PTH114
                remedy = f"remove the link on the way to {self._root / path}"
                raise CannotWrite(path, "a symbolic link leads out of the shelf", remedy)

    def _make_folders(self, folders: Iterable[str]) -> None:
        for folder in folders:
            missing = []
            there = folder
            while not os.path.isdir(there):  # noqa: PTH112
                missing.append(there)
                there = _folder_of(there)
            for one in reversed(missing):
                Path(one).mkdir(exist_ok=True)
                self._unsure.add(_folder_of(one))

    def _read_manifest(self) -> set[str]:
        try:
            with open(self._manifest, encoding="utf-8", errors="replace", opener=opened) as manifest:
                text = manifest.read()
        except FileNotFoundError:
            return set()
        try:
            found = _JSON.decode_lines(text)
        except DecodeError:  # a line is cut, or holds half of a character
            found = [_path_in(line) for line in text.split("\n")]
        own = {entry for entry in found if isinstance(entry, str)}
        if text.rpartition("\n")[2]:
            # A crash cut the last line: nothing was published under it yet, but the next line must not join it.
            self._write_manifest(own)
        return own

    def _remember(self, paths: Sequence[str]) -> None:
        """Add paths to the manifest, durably."""
        lines = "".join(json.dumps(path) + "\n" for path in paths).encode()
        if not lines:
            return
        with open(self._manifest, "ab", buffering=0, opener=opened) as manifest:
            former_bytes = manifest.tell()
            try:
                if manifest.write(lines) != len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                sync_open(manifest.fileno())
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

    def _sweep(self, folders: Iterable[str]) -> None:
        """Remove what a killed process left half-written in these folders of ours."""
        for folder in folders:
            place = f"{self._root}/{folder}"
            names: list[str] = []
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError, CannotWrite):
                self._check_inside(f"{folder}/")
                names = os.listdir(place)  # noqa: PTH208 - without `pathlib`, as there are thousands
            for name in names:
                if name.startswith(".") and name.endswith(UNFINISHED):
                    Path(place, name).unlink(missing_ok=True)

    def _tell_clean(self) -> None:
        """Nothing is half-written; where that cannot be told, the next start looks everywhere."""
        with suppress(OSError):
            os.close(opened(str(self._clean), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW))

    def _prune(self, folder: Path) -> None:
        with suppress(OSError):
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent


def _folder_of(place: str) -> str:
    """What `os.path.dirname` gives of a place, in a tenth of the time."""
    folder, slash, _ = place.rpartition("/")
    return folder or slash or "."


def _standing(folder: str) -> str:
    """The folder, or the nearest one around it: where it went itself, its name is to be sure to be gone."""
    while not os.path.isdir(folder):  # noqa: PTH112
        folder = _folder_of(folder)
    return folder


def _path_in(line: str) -> str | None:
    with suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, str):
            return found
    return None


def _facts(place: str) -> os.stat_result | None:
    """Of what stands there, be it a link; None if nothing does."""
    try:
        return os.lstat(place)
    except FileNotFoundError:
        return None


def _holds(place: str, facts: os.stat_result, content: bytes) -> bool:
    """Whether it is a file with these bytes."""
    return stat.S_ISREG(facts.st_mode) and facts.st_size == len(content) and Path(place).read_bytes() == content


def _cannot_write(path: Path | str, cause: OSError) -> CannotWrite:
    reason = (cause.strerror or str(cause)).lower()
    remedy = _REMEDIES.get(cause.errno or 0, "see what the system says about this path, then run again")
    return CannotWrite(str(path), reason, remedy)
