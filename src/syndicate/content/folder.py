"""A store that is a folder of Markdown files: reads what changed, waits for what is half-written."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syndicate.content.clashes import Clashes
from syndicate.content.look import MAX_IMAGE_BYTES, shown
from syndicate.content.places import NotSettled, bytes_of, groups_of, images_stamp, inside, spelt
from syndicate.content.sweep import Sight, reason_of, sweep
from syndicate.content.watch import QUIET
from syndicate.errors import ConfigError, Fault, ImageUnusable, InvalidItem
from syndicate.items.frontmatter import MAX_FILE_BYTES, read, too_big
from syndicate.items.item import Image, Item
from syndicate.items.mapping import Reading, item_from
from syndicate.items.overrides import AskedImage
from syndicate.items.rules import Rules
from syndicate.ports.content import UNREAD, Indexed, Scan, Stamp

NO_ITEM = "no front matter"

GRACE = timedelta(seconds=2)
"""So long what makes no sense may still be half-written."""

LOOKS = 3
"""How often a folder that is swapped while it is read is begun anew in one scan."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file was like in a scan, and since when it has been so."""

    key: tuple[int, int, int]
    since_ns: int


class FolderStore:
    """The folder `root` and everything below it, read by `rules`.

    A changed file is used once it has been left alone for `quiet`. One that makes no sense, or whose image is missing,
    gets `grace` since its last change before that is reported: it may be half-written. A file that was an item and
    is broken now keeps its last good item beside its faults, so that a slip of an editor takes nothing away.
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
        self._prefix = f"{name}/" if name else ""
        self._tell = tell
        self._quiet_ns = quiet // timedelta(microseconds=1) * 1000
        self._grace_ns = grace // timedelta(microseconds=1) * 1000
        self._clock = clock
        self._looks: dict[str, _Look] = {}  # at every path asked for in this scan
        self._former_looks: dict[str, _Look] = {}
        self._clashes = Clashes(self.place_of, rules.link_tracking)
        self._missed: dict[str, int] = {}  # paths that were known, and since when they are out of sight

    def scan(self, known: Mapping[str, Indexed]) -> Scan:
        """Look at every file, read those that changed against `known`.

        Raises:
            ConfigError: the folder is missing or cannot be read.
        """
        scan = self.look(known)
        return replace(scan, faults=(*scan.faults, *self._clashes.among(scan.files)))

    def look(self, known: Mapping[str, Indexed]) -> Scan:
        """Like `scan`, but for files that are in each other's way.

        Raises:
            ConfigError: the folder is missing or cannot be read.
        """
        for _ in range(LOOKS):
            root, identity = self._real_root()
            scan = self._look_below(root, known)
            # A folder that was switched meanwhile may be half gone: what was missed there means nothing.
            if self._real_root() == (root, identity):
                return scan
        return Scan(dict(known), waiting=(self.name or str(self.root),))

    def place_of(self, path: str) -> Path:
        """Where a path of the store lies on disk."""
        return self.root / path.removeprefix(self._prefix)

    def _look_below(self, root: Path, known: Mapping[str, Indexed]) -> Scan:
        self._former_looks, self._looks = self._looks, {}
        files: dict[str, Indexed] = {}
        parsed: list[str] = []
        waiting: list[str] = []
        swept = sweep(root, self.rules)
        for done, sight in enumerate(swept.sights, start=1):
            path = self._prefix + sight.path
            former = self._unless_over(known.get(path))
            try:
                indexed, is_parsed = self._look_at(root, sight, former)
            except NotSettled:
                waiting.append(path)
                if former is not None:
                    files[path] = former
            else:
                files[path] = indexed
                if is_parsed:
                    parsed.append(path)
            self._tell(done, len(swept.sights))
        gone = self._gone(known, files, waiting, swept.closed)
        return Scan(files, tuple(parsed), gone, tuple(waiting), self._placed(swept.faults))

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

    def _look_at(self, root: Path, sight: Sight, former: Indexed | None) -> tuple[Indexed, bool]:
        """What is known of a file now, and whether it was parsed for that.

        Raises:
            NotSettled: it must be left for the next scan.
        """
        if former is not None:
            images = former.stamp.image
            known = (former.stamp.size_bytes, former.stamp.mtime_ns, former.stamp.inode)
            if known == sight.key and (not images or self._stamp(root, groups_of(images)) == images):
                return former, False
        if not self._is_settled(sight):
            raise NotSettled
        stamp = Stamp(*sight.key)
        try:
            if sight.stat.st_size > MAX_FILE_BYTES:
                raise too_big(sight.path, sight.stat.st_size)
            content, facts = bytes_of(inside(root, sight.path), MAX_FILE_BYTES)
            if (facts.st_size, facts.st_mtime_ns) != (sight.stat.st_size, sight.stat.st_mtime_ns):
                raise NotSettled
            stamp = replace(stamp, digest=hashlib.sha256(content).hexdigest())
            if former is not None and former.stamp.digest == stamp.digest:
                images = former.stamp.image
                now = self._stamp(root, groups_of(images))
                if now == images or self._is_same_image(root, images, now, former):
                    return replace(former, stamp=replace(stamp, image=now)), False
            reading = self._reading(content, sight)
        except InvalidItem as error:
            reading = Reading(faults=error.faults)
        except FileNotFoundError as error:  # gone or renamed since the folder was listed
            raise NotSettled from error
        except OSError as error:
            problem = f"cannot be read: {reason_of(error)}"
            reading = Reading(faults=(Fault(sight.path, "E-READ", problem, "give read rights"),))
            stamp = UNREAD  # rights may change without a trace in the file's facts
        return self._indexed(root, sight, stamp, reading, former), True

    def _is_same_image(self, root: Path, before: str, now: str, former: Indexed) -> bool:
        """Whether only the facts of the image's file differ, as in another checkout, and not its bytes."""
        image = former.item.image if former.item is not None else None
        if image is None or groups_of(before) != groups_of(now) or len(groups_of(now)) > 1:
            return False
        place = image.ref.removeprefix(self._prefix)
        try:
            content, _ = bytes_of(inside(root, place, self.rules.images.beside), MAX_IMAGE_BYTES)
            return hashlib.sha256(shown(content, place)[0]).hexdigest() == image.digest
        except (OSError, NotSettled, ImageUnusable):
            return False

    def _reading(self, content: bytes, sight: Sight) -> Reading:
        now = datetime.fromtimestamp(self._clock() / 1e9, UTC)
        try:
            parts = read(content, sight.path, fallback_encoding=self.rules.fallback_encoding)
            if parts is None:
                if self._is_young(sight.stat):
                    raise NotSettled
                return Reading(skipped=NO_ITEM)
            modified = datetime.fromtimestamp(sight.stat.st_mtime, UTC)
            return item_from(*parts, path=sight.path, rules=self.rules, now=now, modified=modified)
        except (ValueError, TypeError, LookupError, RecursionError, ArithmeticError) as error:
            # The edge of one file: whatever a parser trips over, the other files go on.
            problem = f"could not be understood ({type(error).__name__}: {error})"
            raise InvalidItem((Fault(sight.path, "E-READ", problem, "please report this file as a fault"),)) from error

    def _indexed(self, root: Path, sight: Sight, stamp: Stamp, reading: Reading, former: Indexed | None) -> Indexed:
        if reading.item is None and reading.skipped is None:
            if self._is_young(sight.stat):
                raise NotSettled
            last_good = former.item if former is not None else None
            return Indexed(self._prefix + sight.path, stamp, last_good, faults=self._placed(reading.faults))
        item, faults = reading.item, reading.faults
        if item is not None:
            item, groups, warnings = self._pictured(root, item, sight, reading)
            faults = (*faults, *warnings)
            stamp = replace(stamp, image=self._stamp(root, groups))
        if item is not None and self.name:
            item = self._named(item)
        return Indexed(self._prefix + sight.path, stamp, item, reading.skipped, self._placed(faults))

    def _pictured(
        self, root: Path, item: Item, sight: Sight, reading: Reading
    ) -> tuple[Item, list[tuple[str, ...]], list[Fault]]:
        """The item with its images' facts, the places of each image, and warnings."""
        groups: list[tuple[str, ...]] = [()]
        faults: list[Fault] = []
        if item.image is not None and reading.images:
            groups = [spelt(root, reading.images, self.rules.images.beside)]
            asked = AskedImage(groups[0], reading.image_place)
            image, faults = self._image(root, asked, sight, is_asked=reading.is_image_asked)
            item = replace(item, image=None if image is None else replace(image, alt=item.image.alt))
        found: dict[str, Image | None] = {}
        for asked in reading.post_images:
            groups.append(spelt(root, asked.paths, self.rules.images.beside))
            found[asked.paths[0]], warnings = self._image(root, replace(asked, paths=groups[-1]), sight)
            faults += warnings
        if item.posting is not None and found:
            item = replace(item, posting=item.posting.with_images(found))
        return item, groups, faults

    def _named(self, item: Item) -> Item:
        """The item with the root's name before its paths; where the path is the identity, there, too."""
        image, posting = item.image, item.posting
        if image is not None and not image.is_remote:
            image = replace(image, ref=self._prefix + image.ref)
        if posting is not None:
            local = {one.ref: one for one in posting.images if not one.is_remote}
            placed = {ref: replace(one, ref=self._prefix + ref) for ref, one in local.items()}
            posting = posting.with_images(placed)
        identity = f"path:{self._prefix}{item.path}" if item.id == f"path:{item.path}" else item.id
        return replace(item, id=identity, path=self._prefix + item.path, image=image, posting=posting)

    def _stamp(self, root: Path, groups: Iterable[tuple[str, ...]]) -> str:
        return images_stamp(root, groups, self.rules.images.beside)

    def _image(
        self, root: Path, asked: AskedImage, sight: Sight, *, is_asked: bool = True
    ) -> tuple[Image | None, list[Fault]]:
        """A local image with its facts, or a warning why there is none, if the file asked for it."""
        for place in asked.paths:
            try:
                file = inside(root, place, self.rules.images.beside)
                content, facts = bytes_of(file, MAX_IMAGE_BYTES)
            except OSError:
                continue
            if not self._is_settled(Sight(place, facts)):
                raise NotSettled
            try:
                content, seen = shown(content, place)
            except ImageUnusable as error:
                if self._is_young(facts):
                    raise NotSettled from error
                warning = _image_warning(sight.path, asked, "W-IMAGE-UNUSABLE", str(error))
                return None, [warning] if is_asked else []
            return Image(
                ref=place,
                alt="",
                media_type=seen.media_type,
                size_bytes=len(content),
                width_px=seen.width_px,
                height_px=seen.height_px,
                digest=hashlib.sha256(content).hexdigest(),
            ), []
        if is_asked and self._is_young(sight.stat):  # exporters write the text first and its image after
            raise NotSettled
        problem = f"the image {asked.paths[0]} is not in the store, or cannot be read"
        return None, [_image_warning(sight.path, asked, "W-IMAGE-MISSING", problem)] if is_asked else []

    def _unless_over(self, former: Indexed | None) -> Indexed | None:
        """What is known of a file; one whose item has come to its end must be read again."""
        end = former.item.expires if former is not None and former.item is not None else None
        if former is None or end is None or end > datetime.fromtimestamp(self._clock() / 1e9, UTC):
            return former
        return replace(former, stamp=UNREAD)

    def _is_settled(self, sight: Sight) -> bool:
        """Whether the file was left alone for a while, by its own time or, whatever that says, by our two looks."""
        now = self._clock()
        former = self._former_looks.get(sight.path)
        since = min(former.since_ns, now) if former is not None and former.key == sight.key else now
        self._looks[sight.path] = _Look(sight.key, since)
        return max(now - sight.stat.st_mtime_ns, now - since) >= self._quiet_ns

    def _is_young(self, facts: os.stat_result) -> bool:
        return 0 <= self._clock() - facts.st_mtime_ns < self._grace_ns

    def _gone(
        self, known: Mapping[str, Indexed], files: dict[str, Indexed], waiting: list[str], closed: tuple[str, ...]
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
            if is_early or any(not folder or path.startswith(f"{self._prefix}{folder}/") for folder in closed):
                files[path] = known[path]
            else:
                gone.append(path)
        return tuple(gone)

    def _placed(self, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        return tuple(replace(fault, path=str(self.root / fault.path)) for fault in faults)


def _image_warning(path: str, asked: AskedImage, code: str, problem: str) -> Fault:
    """What a person may have to do about an image."""
    line, column = asked.place
    remedy = "the item goes out without an image; correct or replace it"
    if code == "W-IMAGE-MISSING":
        remedy += ", or name its folder in `content.images.folders`"
    return Fault(path, code, problem, remedy, line=line, column=column)
