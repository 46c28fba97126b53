"""A store that is a folder of Markdown files: reads what changed, waits for what is half-written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from msgspec import Struct, field, structs
from msgspec.structs import replace

from syndicate.content.clashes import Clashes
from syndicate.content.file import GRACE, FileReader
from syndicate.content.look import MAX_IMAGE_BYTES, shown
from syndicate.content.passing import QUIET
from syndicate.content.places import NotSettled, bytes_of, inside
from syndicate.content.readers import read_ahead
from syndicate.content.sweep import Sight, Sweep, reason_of, sweep
from syndicate.errors import ConfigError, Fault, ImageUnusable
from syndicate.items.globs import is_wanted
from syndicate.items.item import Image, Item
from syndicate.items.rules import Rules
from syndicate.items.snapshot import pack, unpack
from syndicate.ports.content import UNREAD, Indexed, Scan, Stamp, StoreNote
from syndicate.regular import stamp_of

LOOKS = 3
"""How often a folder that is swapped while it is read is begun anew in one scan."""

_GLOB = frozenset("*?[")


class _Found(Struct):
    """What a look at files gave: as in `Scan`, in the making."""

    files: dict[str, Indexed]
    read: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    restamped: list[str] = field(default_factory=list)


class _Layout:
    """What is kept in mind of known files, so that not all are looked through for the few that changed.

    `folders` are those that they lie in, or lay in; `ends` the ends of items that have one, by path.
    """

    def __init__(self, files: Mapping[str, Indexed], ends: Mapping[str, datetime] | None = None) -> None:
        self.files = files
        self.folders: set[str] = set()
        self.ends: dict[str, datetime] = {}
        if ends is None:
            self.follow(files, files)
        else:
            self.ends |= ends
            self._note_folders(files)

    def follow(self, files: Mapping[str, Indexed], changed: Iterable[str]) -> None:
        """The files are these now, and differ at most at the paths that changed."""
        self.files = files
        for path in changed:
            self.ends.pop(path, None)
            item = files[path].item if path in files else None
            if item is not None and item.expires is not None:
                self.ends[path] = item.expires
        self._note_folders(changed)

    def _note_folders(self, paths: Iterable[str]) -> None:
        for path in paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in self.folders:
                self.folders.add(folder)
                folder = folder.rpartition("/")[0]


class FolderStore:
    """The folder `root` and everything below it, read by `rules`; for `quiet` and `grace` see `FileReader`.

    The folder may be a link, or lie behind one, that is switched to another folder at any time. As one root of several
    it has a `name`, which stands before its paths. `tell` hears how many files were looked at, and of how many.
    """

    def __init__(
        self,
        root: Path,
        rules: Rules,
        *,
        name: str = "",
        tell: Callable[[int, int], None] = lambda done, total: None,
        quiet: timedelta = QUIET,
        grace: timedelta = GRACE,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.root = root
        self.rules = rules
        self.name = name
        self._reader = FileReader(root, rules, name=name, quiet=quiet, grace=grace, clock=clock)
        self._prefix = self._reader.prefix
        self._tell = tell
        self._clock = clock
        # As long as a file that is whole can take to settle: one that never does must not keep the others for ever.
        self._patience_ns = (quiet + grace) // timedelta(microseconds=1) * 1000
        self._clashes = Clashes(self.place_of, rules.link_tracking)
        self._missed: dict[str, int] = {}  # paths that were known, and since when they are out of sight
        self._waiting: tuple[str, ...] = ()
        self._layout = _Layout({})
        self._links: frozenset[str] = frozenset()  # paths below the root that lead elsewhere, where no change wakes us
        self._must_look_everywhere = False
        self._faults: tuple[Fault, ...] = ()

    def scan(self, known: Mapping[str, Indexed], near: Collection[Path] | None = None) -> Scan:
        """Look at every file, or at those near some places, and read those that changed against `known`.

        Args:
            known: what the last scan found; it may be older where all files are looked at.
            near: where something may have changed, as absolute real paths; None: anywhere.

        Raises:
            ConfigError: the folder is missing or cannot be read.
        """
        scan = self.look(known, near)
        clashes = self._clashes.among(scan.files, known, (*scan.read, *scan.gone))
        return replace(scan, faults=(*scan.faults, *clashes))

    def look(self, known: Mapping[str, Indexed], near: Collection[Path] | None = None) -> Scan:
        """Like `scan`, but for files that are in each other's way.

        Raises:
            ConfigError: the folder is missing or cannot be read.
        """
        if self._must_look_everywhere:
            near = None
        for _ in range(LOOKS):
            root, identity = self._real_root()
            if near is not None and self._layout.files is not known:
                self._layout = _Layout(known)
            scan = self._look_below(root, known, None if near is None else self._places(root, near, known))
            # A folder that was switched meanwhile may be half gone: what was missed there means nothing.
            if self._real_root() == (root, identity):
                self._waiting, self._must_look_everywhere = scan.waiting, False
                if self._layout.files is known:
                    self._layout.follow(scan.files, (*scan.read, *scan.gone))
                return scan
        self._must_look_everywhere = True
        return Scan(dict(known), waiting=(self.name or str(self.root),))

    def note(self, paths: Sequence[str]) -> StoreNote:
        """What `resume` needs, with the paths of all files that hold an item."""
        if self._layout.files is not self._clashes.files:
            self._layout = _Layout(self._clashes.files)
        return StoreNote(self._clashes.links(paths), self._layout.ends)

    def resume(self, files: Mapping[str, Indexed], items: Mapping[str, Item], note: StoreNote) -> None:
        """Know of these files what was known when the note was made; the items in them are given by path, in order."""
        self._clashes.resume(files, items, note.links)
        self._layout = _Layout(files, note.ends)

    def place_of(self, path: str) -> Path:
        """Where a path of the store lies on disk."""
        return self.root / path.removeprefix(self._prefix)

    def _places(self, root: Path, near: Collection[Path], known: Mapping[str, Indexed]) -> frozenset[str] | None:
        """The paths below the root to look at; None: all.

        They are those near, those that use a picture there, those that are waited for or have come to their end, and
        links, whose target may have changed.
        """
        if root in near:
            return None
        places = {one.relative_to(root).as_posix() for one in near if one.is_relative_to(root)}
        pictures = [place.casefold() for place in places if not self._is_wanted(place)]
        if pictures:
            for path, one in known.items():
                seen = one.stamp.image.casefold()
                if seen and (not _GLOB.isdisjoint(seen) or any(place in seen for place in pictures)):
                    places.add(path.removeprefix(self._prefix))
        now = datetime.fromtimestamp(self._clock() / 1e9, UTC)
        over = (path for path, end in self._layout.ends.items() if end <= now)
        places.update(path.removeprefix(self._prefix) for path in (*self._waiting, *self._missed, *over))
        return frozenset(places) | self._links

    def _is_wanted(self, path: str) -> bool:
        return is_wanted(path, include=self.rules.include, exclude=self.rules.exclude)

    def _look_below(self, root: Path, known: Mapping[str, Indexed], places: frozenset[str] | None) -> Scan:
        self._reader.begin()
        asked = known if places is None else self._at(places, known)
        found = _Found({} if places is None else dict(known))
        for path in () if places is None else asked:
            del found.files[path]
        swept = sweep(root, self.rules, places)
        unknown = [sight for sight in swept.sights if self._prefix + sight.path not in known]
        total = len(swept.sights)
        ends = self._layout.ends if self._layout.files is known else None
        with closing(read_ahead(root, unknown, self._reader, lambda: self._tell(len(found.files), total))) as ahead:
            for done, sight in enumerate(swept.sights, start=1):
                path = self._prefix + sight.path
                former = asked.get(path)
                if former is not None and _is_same(former, sight, ends):
                    found.files[path] = former
                else:
                    self._look_at(root, sight, former, ahead, found)
                self._tell(done, total)
        gone = self._gone(asked, found, swept.closed)
        self._keep(swept, places)
        return Scan(
            found.files,
            tuple(found.read),
            gone,
            tuple(found.waiting),
            tuple(found.restamped),
            self._reader.placed(self._faults),
        )

    def _keep(self, swept: Sweep, places: frozenset[str] | None) -> None:
        """Keep in mind what a sweep found: faults of names, and links."""
        links = frozenset(sight.path for sight in swept.sights if sight.is_link)
        if places is None:
            self._faults, self._links = swept.faults, links
            return
        told = places | {ascii(place)[1:-1] for place in places}  # as faults tell of odd names
        kept = (fault for fault in self._faults if not _is_at(fault.path, told))
        self._faults = (*kept, *swept.faults)
        self._links = frozenset(path for path in self._links if not _is_at(path, places)) | links

    def _at(self, places: frozenset[str], known: Mapping[str, Indexed]) -> dict[str, Indexed]:
        """What is known of files at these places or, where these are no files, below them."""
        found = {path: known[path] for place in places if (path := self._prefix + place) in known}
        folders = tuple(f"{path}/" for place in places if (path := self._prefix + place) in self._layout.folders)
        if folders:
            found |= {path: one for path, one in known.items() if path.startswith(folders)}
        return found

    def _look_at(
        self,
        root: Path,
        sight: Sight,
        former: Indexed | None,
        ahead: Iterator[Indexed | None],
        into: _Found,
    ) -> None:
        path = self._prefix + sight.path
        read = None if former is not None else next(ahead)
        if read is not None:
            into.files[path] = read
            into.read.append(path)
            return
        try:
            one, is_parsed = self._reader.look_at(root, sight, self._unless_over(former))
        except NotSettled:
            into.waiting.append(path)
            if former is not None:
                into.files[path] = former
            return
        if is_parsed:
            into.read.append(path)
            if one.item is not None and (former is None or one.item is not former.item):
                one = structs.replace(one, item=unpack(pack(one.item)))  # packed, it takes a third of the room
        elif one is not former:
            into.restamped.append(path)
        into.files[path] = one

    def stands(self, path: str, stamp: Stamp) -> bool:
        """Whether the file at a path is there, and as its stamp tells: its pictures are not looked at."""
        try:
            facts = self.place_of(path).stat()
        except (OSError, ValueError):
            return False
        return stamp_of(facts) == (stamp.size_bytes, stamp.mtime_ns, stamp.inode)

    def image_bytes(self, image: Image) -> bytes:
        """A local image as everybody may see it: upright, without metadata, as the item's facts tell.

        Raises:
            ImageUnusable: gone, unsafe, damaged or over a cap.
        """
        if image.is_remote:
            raise ImageUnusable(image.ref, "lies outside the store")
        try:
            content, _ = bytes_of(
                inside(self._real_root()[0], image.ref.removeprefix(self._prefix), self.rules.images.beside),
                MAX_IMAGE_BYTES,
            )
        except (OSError, ConfigError, NotSettled) as error:
            raise ImageUnusable(image.ref, reason_of(error)) from error
        return shown(content, image.ref)[0]

    def _real_root(self) -> tuple[Path, tuple[int, int]]:
        """The folder behind all links, and which one it is."""
        try:
            root = Path(os.path.realpath(self.root, strict=True))  # `resolve` has another error for loops
            with os.scandir(root):
                facts = root.stat()
                return root, (facts.st_dev, facts.st_ino)
        except OSError as error:
            problem = f"the content folder {self.root} cannot be read: {reason_of(error)}"
            key = f"content.roots.{self.name}.folder" if self.name else "content.folder"
            remedy = f"create it, or set `{key}` to the folder that holds the Markdown files"
            raise ConfigError((Fault(str(self.root), "E-STORE", problem, remedy, key=key),)) from error

    def _unless_over(self, former: Indexed | None) -> Indexed | None:
        """What is known of a file; one whose item has come to its end must be read again, and may be broken by now."""
        end = former.item.expires if former is not None and former.item is not None else None
        if former is None or end is None or end > datetime.fromtimestamp(self._clock() / 1e9, UTC):
            return former
        return structs.replace(former, stamp=UNREAD, item=None)

    def _gone(self, asked: Mapping[str, Indexed], found: _Found, closed: tuple[str, ...]) -> tuple[str, ...]:
        """The paths that vanished. Those that may only be out of sight, or be renamed, are kept as they were known."""
        now = self._clock()
        waiting = frozenset(found.waiting)
        missing = sorted(path for path in asked if path not in found.files and path not in waiting)
        self._missed = {path: min(self._missed.get(path, now), now) for path in missing}
        may_be_renamed = any(path not in asked for path in waiting)
        gone = []
        for path in missing:
            is_early = may_be_renamed and now - self._missed[path] < self._patience_ns
            if is_early or any(not folder or path.startswith(f"{self._prefix}{folder}/") for folder in closed):
                found.files[path] = asked[path]
            else:
                gone.append(path)
        self._missed = {path: since for path, since in self._missed.items() if path not in gone}
        return tuple(gone)


def _is_same(former: Indexed, sight: Sight, ends: Mapping[str, datetime] | None) -> bool:
    """Whether a file is surely as it is known, as most are; what has images or an end is looked at closer.

    `ends` are those of items that have one, by path, if they are known.
    """
    stamp = former.stamp
    if stamp.mtime_ns != sight.mtime_ns or stamp.size_bytes != sight.size_bytes or stamp.inode != sight.inode:
        return False
    if stamp.image:
        return False
    return former.item is None or (former.item.expires is None if ends is None else former.path not in ends)


def _is_at(path: str, places: frozenset[str]) -> bool:
    """Whether the path is one of the places, or lies below one."""
    return any(way in places for way in (path, *(parent.as_posix() for parent in PurePosixPath(path).parents)))
