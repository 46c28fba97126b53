"""A store that is a folder of Markdown files: reads what changed, waits for what is half-written."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syndicate.content.look import MAX_IMAGE_BYTES, shown
from syndicate.content.places import image_stamp, inside, places_of
from syndicate.content.watch import is_passing
from syndicate.errors import ConfigError, Fault, ImageUnusable, InvalidItem
from syndicate.items.frontmatter import MAX_FILE_BYTES, read, too_big
from syndicate.items.globs import fits, is_wanted
from syndicate.items.item import Image, Item
from syndicate.items.links import link_key
from syndicate.items.mapping import Reading, item_from
from syndicate.items.rules import Rules
from syndicate.ports import UNREAD, Indexed, Scan, Stamp

NO_ITEM = "no front matter"

# Not through a symlink that appears after the check, and not into the arms of a FIFO.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_MAX_DEPTH = 32  # folders in folders; deeper is a loop or an attack


@dataclass(frozen=True, slots=True)
class _Sight:
    """A file as the sweep saw it: POSIX path below the root, and the facts of the file that it is or leads to."""

    path: str
    stat: os.stat_result

    @property
    def key(self) -> tuple[int, int, int]:
        return (self.stat.st_size, self.stat.st_mtime_ns, self.stat.st_ino)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file was like in a scan, and since when it has been so."""

    key: tuple[int, int, int]
    since_ns: int


class _NotSettled(Exception):
    """The file, or its image, is still being written; look again at the next scan."""


class FolderStore:
    """The folder `root` and everything below it, read by `rules`.

    A changed file is used once it has been left alone for `quiet`. One that makes no sense, or whose image is missing,
    gets `grace` since its last change before that is reported: it may be half-written. A file that was an item and
    is broken now keeps its last good item beside its faults, so that a slip of an editor takes nothing away.
    """

    def __init__(
        self,
        root: Path,
        rules: Rules,
        *,
        quiet: timedelta = timedelta(milliseconds=250),
        grace: timedelta = timedelta(seconds=2),
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.root = root
        self.rules = rules
        self._quiet_ns = quiet // timedelta(microseconds=1) * 1000
        self._grace_ns = grace // timedelta(microseconds=1) * 1000
        self._clock = clock
        self._looks: dict[str, _Look] = {}  # at every path asked for in this scan
        self._former_looks: dict[str, _Look] = {}
        self._missed: dict[str, int] = {}  # paths that were known, and since when they are out of sight

    def scan(self, known: Mapping[str, Indexed]) -> Scan:
        """Look at every file, read those that changed against `known`.

        Raises:
            ConfigError: the folder is missing or cannot be read.
        """
        root = self._real_root()
        self._former_looks, self._looks = self._looks, {}
        files: dict[str, Indexed] = {}
        parsed: list[str] = []
        waiting: list[str] = []
        faults: list[Fault] = []
        closed: list[str] = []
        for sight in sorted(self._sweep(root, faults, closed), key=lambda sight: sight.path):
            former = self._unless_over(known.get(sight.path))
            try:
                indexed, is_parsed = self._look_at(root, sight, former)
            except _NotSettled:
                waiting.append(sight.path)
                if former is not None:
                    files[sight.path] = former
                continue
            files[sight.path] = indexed
            if is_parsed:
                parsed.append(sight.path)
        gone = self._gone(known, files, waiting, closed)
        faults += _clashes(files, self.rules, self.root)
        return Scan(files, tuple(parsed), gone, tuple(waiting), tuple(faults))

    def image_bytes(self, image: Image) -> bytes:
        """A local image as everybody may see it: upright, without metadata, as the item's facts tell.

        Raises:
            ImageUnusable: gone, unsafe, damaged or over a cap.
        """
        if image.is_remote:
            raise ImageUnusable(image.ref, "lies outside the store")
        try:
            content, _ = _read(inside(self._real_root(), image.ref), MAX_IMAGE_BYTES)
        except (OSError, ConfigError, _NotSettled) as error:
            raise ImageUnusable(image.ref, _reason(error)) from error
        return shown(content, image.ref)[0]

    def _real_root(self) -> Path:
        try:
            root = self.root.resolve(strict=True)
            with os.scandir(root):
                return root
        except OSError as error:
            problem = f"the content folder {self.root} cannot be read: {_reason(error)}"
            remedy = "create it, or set `content.folder` to the folder that holds the Markdown files"
            raise ConfigError((Fault(str(self.root), "E-STORE", problem, remedy, key="content.folder"),)) from error

    def _sweep(self, root: Path, faults: list[Fault], closed: list[str]) -> Iterator[_Sight]:
        """Every file that may be an item. Folders that cannot be read go to `closed`: their files are not gone."""
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(root / folder) as found:
                    entries = list(found)
            except OSError as error:
                closed.append(folder)
                faults.append(self._fault(folder, "E-READ", f"cannot be read: {_reason(error)}", "give read rights"))
                continue
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if is_passing(entry.name):
                    continue
                if not _is_utf8(path) or not path.isprintable():
                    problem = "has a name that is not UTF-8 or holds control characters"
                    faults.append(self._fault(ascii(path)[1:-1], "E-PATH", problem, "rename it"))
                elif entry.is_dir(follow_symlinks=False):
                    if path.count("/") < _MAX_DEPTH and not fits(path, self.rules.exclude):
                        folders.append(path)
                elif is_wanted(path, include=self.rules.include, exclude=self.rules.exclude):
                    sight = self._sight(root, path, entry, faults)
                    if sight is not None:
                        yield sight

    def _sight(self, root: Path, path: str, entry: os.DirEntry[str], faults: list[Fault]) -> _Sight | None:
        """The entry if it is a regular file, or a link to one below the root."""
        try:
            if entry.is_symlink():
                inside(root, path)
            facts = entry.stat()
        except OSError as error:
            if not entry.is_symlink():
                return None  # gone since the folder was listed
            problem = f"is a link that cannot be used: {_reason(error)}"
            faults.append(self._fault(path, "E-PATH", problem, "copy the file into the store"))
            return None
        return _Sight(path, facts) if stat.S_ISREG(facts.st_mode) else None

    def _look_at(self, root: Path, sight: _Sight, former: Indexed | None) -> tuple[Indexed, bool]:
        """What is known of a file now, and whether it was parsed for that.

        Raises:
            _NotSettled: it must be left for the next scan.
        """
        if former is not None:
            images = former.stamp.image
            known = (former.stamp.size_bytes, former.stamp.mtime_ns, former.stamp.inode)
            if known == sight.key and image_stamp(root, places_of(images)) == images:
                return former, False
        if not self._is_settled(sight):
            raise _NotSettled
        stamp = Stamp(*sight.key)
        try:
            if sight.stat.st_size > MAX_FILE_BYTES:
                raise too_big(sight.path, sight.stat.st_size)
            content, facts = _read(inside(root, sight.path), MAX_FILE_BYTES)
            if (facts.st_size, facts.st_mtime_ns) != (sight.stat.st_size, sight.stat.st_mtime_ns):
                raise _NotSettled
            stamp = replace(stamp, digest=hashlib.sha256(content).hexdigest())
            if former is not None and former.stamp.digest == stamp.digest:
                images = former.stamp.image
                if image_stamp(root, places_of(images)) == images:
                    return replace(former, stamp=replace(stamp, image=images)), False
            reading = self._reading(content, sight)
        except InvalidItem as error:
            reading = Reading(faults=error.faults)
        except OSError as error:
            problem = f"cannot be read: {_reason(error)}"
            reading = Reading(faults=(Fault(sight.path, "E-READ", problem, "give read rights"),))
            stamp = UNREAD  # rights may change without a trace in the file's facts
        return self._indexed(root, sight, stamp, reading, former), True

    def _reading(self, content: bytes, sight: _Sight) -> Reading:
        now = datetime.fromtimestamp(self._clock() / 1e9, UTC)
        try:
            parts = read(content, sight.path, fallback_encoding=self.rules.fallback_encoding)
            if parts is None:
                if self._is_young(sight.stat):
                    raise _NotSettled
                return Reading(skipped=NO_ITEM)
            modified = datetime.fromtimestamp(sight.stat.st_mtime, UTC)
            return item_from(*parts, path=sight.path, rules=self.rules, now=now, modified=modified)
        except (ValueError, TypeError, LookupError, RecursionError, ArithmeticError) as error:
            # The edge of one file: whatever a parser trips over, the other files go on.
            problem = f"could not be understood ({type(error).__name__}: {error})"
            raise InvalidItem((Fault(sight.path, "E-READ", problem, "please report this file as a fault"),)) from error

    def _indexed(self, root: Path, sight: _Sight, stamp: Stamp, reading: Reading, former: Indexed | None) -> Indexed:
        if reading.item is None and reading.skipped is None:
            if self._is_young(sight.stat):
                raise _NotSettled
            last_good = former.item if former is not None else None
            return Indexed(sight.path, stamp, last_good, faults=self._placed(reading.faults))
        item, faults = reading.item, reading.faults
        if item is not None and reading.images:
            image, warning = self._image(root, item, reading.images, sight)
            item = replace(item, image=image)
            faults = (*faults, *warning)
            stamp = replace(stamp, image=image_stamp(root, reading.images))
        return Indexed(sight.path, stamp, item, reading.skipped, self._placed(faults))

    def _image(
        self, root: Path, item: Item, places: tuple[str, ...], sight: _Sight
    ) -> tuple[Image | None, tuple[Fault, ...]]:
        """The item's local image with its facts, or a warning why there is none."""
        assert item.image is not None
        for place in places:
            try:
                file = inside(root, place)
                content, facts = _read(file, MAX_IMAGE_BYTES)
            except OSError:
                continue
            if not self._is_settled(_Sight(place, facts)):
                raise _NotSettled
            try:
                content, seen = shown(content, place)
            except ImageUnusable as error:
                if self._is_young(facts):
                    raise _NotSettled from error
                return None, (_image_warning(sight.path, "W-IMAGE-UNUSABLE", str(error)),)
            return Image(
                ref=place,
                alt=item.image.alt,
                media_type=seen.media_type,
                size_bytes=len(content),
                width_px=seen.width_px,
                height_px=seen.height_px,
                digest=hashlib.sha256(content).hexdigest(),
            ), ()
        if self._is_young(sight.stat):  # exporters write the text first and its image after
            raise _NotSettled
        return None, (
            _image_warning(
                sight.path, "W-IMAGE-MISSING", f"the image {places[0]} is not in the store, or cannot be read"
            ),
        )

    def _unless_over(self, former: Indexed | None) -> Indexed | None:
        """What is known of a file; one whose item has come to its end must be read again."""
        end = former.item.expires if former is not None and former.item is not None else None
        if former is None or end is None or end > datetime.fromtimestamp(self._clock() / 1e9, UTC):
            return former
        return replace(former, stamp=UNREAD)

    def _is_settled(self, sight: _Sight) -> bool:
        """Whether the file was left alone for a while, by its own time or, whatever that says, by our two looks."""
        now = self._clock()
        former = self._former_looks.get(sight.path)
        since = min(former.since_ns, now) if former is not None and former.key == sight.key else now
        self._looks[sight.path] = _Look(sight.key, since)
        return max(now - sight.stat.st_mtime_ns, now - since) >= self._quiet_ns

    def _is_young(self, facts: os.stat_result) -> bool:
        return 0 <= self._clock() - facts.st_mtime_ns < self._grace_ns

    def _gone(
        self, known: Mapping[str, Indexed], files: dict[str, Indexed], waiting: list[str], closed: list[str]
    ) -> tuple[str, ...]:
        """The paths that vanished. Those that may only be out of sight, or be renamed, are kept as they were known."""
        now = self._clock()
        missing = sorted(path for path in known if path not in files and path not in waiting)
        self._missed = {path: min(self._missed.get(path, now), now) for path in missing}
        may_be_renamed = any(path not in known for path in waiting)
        # As long as a file that is whole can take to settle: one that never does must not keep the others for ever.
        patience_ns = self._quiet_ns + self._grace_ns
        gone = []
        for path in missing:
            is_early = may_be_renamed and now - self._missed[path] < patience_ns
            if is_early or any(not folder or path.startswith(f"{folder}/") for folder in closed):
                files[path] = known[path]
            else:
                gone.append(path)
        return tuple(gone)

    def _placed(self, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        return tuple(replace(fault, path=str(self.root / fault.path)) for fault in faults)

    def _fault(self, path: str, code: str, problem: str, remedy: str) -> Fault:
        return Fault(str(self.root / path), code, problem, remedy)


def _read(file: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """At most one byte over the limit of a regular file, and its facts.

    Raises:
        OSError: it cannot be read, or is no regular file.
        _NotSettled: it changed while it was read.
    """
    with os.fdopen(os.open(file, _FLAGS), "rb") as opened:
        before = os.fstat(opened.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise PermissionError("is no regular file")
        content = opened.read(limit + 1)
        after = os.fstat(opened.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _NotSettled
    return content, after


def _clashes(files: Mapping[str, Indexed], rules: Rules, root: Path) -> Iterator[Fault]:
    """Two files with one id (an error), and two items that lead to one article (a warning)."""
    by_id: dict[str, str] = {}
    by_link: dict[str, str] = {}
    for path in sorted(files):
        item = files[path].item
        if item is None:
            continue
        first = by_id.setdefault(item.id, path)
        if first != path:
            problem = f"has the id {item.id} of {root / first}, which is used in its place"
            yield Fault(str(root / path), "E-DUPLICATE", problem, "give one of them another `id`, or delete it")
            continue
        if item.link is None:
            continue
        first = by_link.setdefault(link_key(item.link, rules.link_tracking), path)
        if first != path:
            problem = f"leads to the same article as {root / first}: {item.link}"
            yield Fault(str(root / path), "W-SAME-LINK", problem, "delete one of them if they are the same item")


def _image_warning(path: str, code: str, problem: str) -> Fault:
    return Fault(path, code, problem, "the item goes out without an image; correct or replace it")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or "it is being written"
