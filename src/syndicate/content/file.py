"""One file of a folder, as it is now: what it holds, or why nothing can be made of it yet, or at all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from syndicate.content.look import MAX_IMAGE_BYTES, shown
from syndicate.content.passing import CALM, QUIET
from syndicate.content.places import NotSettled, bytes_of, groups_of, images_stamp, inside, real, spelt
from syndicate.content.sweep import Sight, reason_of, sight_of
from syndicate.content.writers import is_written
from syndicate.errors import Fault, ImageUnusable, InvalidItem
from syndicate.items.item import Image, Item
from syndicate.items.rules import Rules
from syndicate.later import Later
from syndicate.ports.content import UNREAD, Indexed, Stamp
from syndicate.regular import stamp_of

if TYPE_CHECKING:
    from syndicate.items import frontmatter, mapping, overrides
    from syndicate.items.mapping import Reading
    from syndicate.items.overrides import AskedImage
else:  # a start that finds nothing new reads nothing
    frontmatter, mapping, overrides = (
        Later(f"syndicate.items.{name}") for name in ("frontmatter", "mapping", "overrides")
    )

NO_ITEM = "no front matter"

GRACE = timedelta(seconds=2)
"""So long what makes no sense may still be half-written."""

_CALM_NS = CALM // timedelta(microseconds=1) * 1000


class _Look(Struct, frozen=True, gc=False):
    """What a file was like in a scan, and since when it has been so."""

    key: tuple[int, int, int]
    since_ns: int


class FileReader:
    """Reads files of the folder `root` by `rules`; `name` stands before their paths where the folder is one of several.

    A changed file is used once it has been left alone for `quiet`; where the system knows who has it open for writing,
    for a moment if that is nobody, else for `grace`, as it may be a slow one. One that makes no sense, or whose image
    is missing, gets `grace` since its last change before that is reported: it may be half-written. A file that was an
    item and is broken now keeps its last good item beside its faults, so that a slip of an editor takes nothing away.
    """

    def __init__(
        self,
        root: Path,
        rules: Rules,
        *,
        name: str = "",
        quiet: timedelta = QUIET,
        grace: timedelta = GRACE,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.root = root
        self.rules = rules
        self.name = name
        self.prefix = f"{name}/" if name else ""
        self.quiet = quiet
        self.grace = grace
        self.clock = clock
        self._quiet_ns = quiet // timedelta(microseconds=1) * 1000
        self._grace_ns = grace // timedelta(microseconds=1) * 1000
        self._looks: dict[str, _Look] = {}  # at every path asked for in this scan
        self._former_looks: dict[str, _Look] = {}

    @property
    def keywords(self) -> dict[str, Any]:
        """What another one like it is made with; its clock not."""
        names = ("root", "rules", "name", "quiet", "grace")
        return {name: getattr(self, name) for name in names}

    def begin(self) -> None:
        """A scan begins: what was seen from now on is compared with what the last one saw."""
        self._former_looks, self._looks = self._looks, {}

    def look_at(self, root: Path, sight: Sight, former: Indexed | None) -> tuple[Indexed, bool]:
        """What is known of a file now, and whether it was parsed for that.

        Raises:
            NotSettled: it must be left for the next scan.
        """
        if former is not None:
            images = former.stamp.image
            known = (former.stamp.size_bytes, former.stamp.mtime_ns, former.stamp.inode)
            if known == sight.key and (not images or self._stamp(root, groups_of(images)) == images):
                return former, False
        if not self._is_settled(sight, root):
            raise NotSettled
        stamp = Stamp(*sight.key)
        try:
            if sight.size_bytes > frontmatter.MAX_FILE_BYTES:
                raise frontmatter.too_big(sight.path, sight.size_bytes)
            content, facts = bytes_of(real(root, sight.path), frontmatter.MAX_FILE_BYTES)
            if stamp_of(facts)[:2] != sight.key[:2]:
                raise NotSettled
            stamp = Stamp(*sight.key, digest=hashlib.sha256(content).hexdigest())
            if former is not None and former.stamp.digest == stamp.digest:
                images = former.stamp.image
                now = self._stamp(root, groups_of(images))
                if now == images or self._is_same_image(root, images, now, former):
                    return structs.replace(former, stamp=structs.replace(stamp, image=now)), False
            reading = self._reading(content, sight)
        except InvalidItem as error:
            reading = mapping.Reading(faults=error.faults)
        except FileNotFoundError as error:  # gone or renamed since the folder was listed
            raise NotSettled from error
        except OSError as error:
            problem = f"cannot be read: {reason_of(error)}"
            reading = mapping.Reading(faults=(Fault(sight.path, "E-READ", problem, "give read rights"),))
            stamp = UNREAD  # rights may change without a trace in the file's facts
        return self._indexed(root, sight, stamp, reading, former), True

    def _is_same_image(self, root: Path, before: str, now: str, former: Indexed) -> bool:
        """Whether only the facts of the image's file differ, as in another checkout, and not its bytes."""
        image = former.item.image if former.item is not None else None
        if image is None or groups_of(before) != groups_of(now) or len(groups_of(now)) > 1:
            return False
        place = image.ref.removeprefix(self.prefix)
        try:
            content, _ = bytes_of(inside(root, place, self.rules.images.beside), MAX_IMAGE_BYTES)
            return hashlib.sha256(shown(content, place)[0]).hexdigest() == image.digest
        except (OSError, NotSettled, ImageUnusable):
            return False

    def _reading(self, content: bytes, sight: Sight) -> Reading:
        now = datetime.fromtimestamp(self.clock() / 1e9, UTC)
        try:
            parts = frontmatter.read(content, sight.path, fallback_encoding=self.rules.fallback_encoding)
            if parts is None:
                if self._is_young(sight.mtime_ns):
                    raise NotSettled
                return mapping.Reading(skipped=NO_ITEM)
            modified = datetime.fromtimestamp(sight.mtime_s, UTC)
            return mapping.item_from(*parts, path=sight.path, rules=self.rules, now=now, modified=modified)
        except (ValueError, TypeError, LookupError, RecursionError, ArithmeticError) as error:
            # The edge of one file: whatever a parser trips over, the other files go on.
            problem = f"could not be understood ({type(error).__name__}: {error})"
            raise InvalidItem((Fault(sight.path, "E-READ", problem, "please report this file as a fault"),)) from error

    def _indexed(self, root: Path, sight: Sight, stamp: Stamp, reading: Reading, former: Indexed | None) -> Indexed:
        if reading.item is None and reading.skipped is None:
            if self._is_young(sight.mtime_ns):
                raise NotSettled
            last_good = former.item if former is not None else None
            return Indexed(self.prefix + sight.path, stamp, last_good, faults=self.placed(reading.faults))
        item, faults = reading.item, reading.faults
        if item is not None:
            item, groups, warnings = self._pictured(root, item, sight, reading)
            faults = (*faults, *warnings)
            if groups != [()]:
                stamp = structs.replace(stamp, image=self._stamp(root, groups))
        if item is not None and self.name:
            item = self._named(item)
        return Indexed(self.prefix + sight.path, stamp, item, reading.skipped, self.placed(faults))

    def _pictured(
        self, root: Path, item: Item, sight: Sight, reading: Reading
    ) -> tuple[Item, list[tuple[str, ...]], list[Fault]]:
        """The item with its images' facts, the places of each image, and warnings."""
        groups: list[tuple[str, ...]] = [()]
        faults: list[Fault] = []
        if item.image is not None and reading.images:
            groups = [spelt(root, reading.images, self.rules.images.beside)]
            asked = overrides.AskedImage(groups[0], reading.image_named)
            image, faults = self._image(root, asked, sight, is_asked=reading.is_image_asked)
            item = replace(item, image=None if image is None else replace(image, alt=item.image.alt))
        found: dict[str, Image | None] = {}
        for asked in reading.post_images:
            groups.append(spelt(root, asked.paths, self.rules.images.beside))
            found[asked.paths[0]], warnings = self._image(root, structs.replace(asked, paths=groups[-1]), sight)
            faults += warnings
        if item.posting is not None and found:
            item = replace(item, posting=item.posting.with_images(found))
        return item, groups, faults

    def _named(self, item: Item) -> Item:
        """The item with the root's name before its paths; where the path is the identity, there, too."""
        image, posting = item.image, item.posting
        if image is not None and not image.is_remote:
            image = replace(image, ref=self.prefix + image.ref)
        if posting is not None:
            local = {one.ref: one for one in posting.images if not one.is_remote}
            placed = {ref: replace(one, ref=self.prefix + ref) for ref, one in local.items()}
            posting = posting.with_images(placed)
        identity = f"path:{self.prefix}{item.path}" if item.id == f"path:{item.path}" else item.id
        return replace(item, id=identity, path=self.prefix + item.path, image=image, posting=posting)

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
            if not self._is_settled(sight_of(place, facts), root, file):
                raise NotSettled
            try:
                content, seen = shown(content, place)
            except ImageUnusable as error:
                if self._is_young(facts.st_mtime_ns):
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
        if is_asked and self._is_young(sight.mtime_ns):  # exporters write the text first and its image after
            raise NotSettled
        problem = f"the image {asked.paths[0]} is not in the store, or cannot be read"
        return None, [_image_warning(sight.path, asked, "W-IMAGE-MISSING", problem)] if is_asked else []

    def _is_settled(self, sight: Sight, root: Path, file: Path | None = None) -> bool:
        """Whether the file was left alone for a while, by its own time or, whatever that says, by our two looks.

        A moment is enough where the system knows that nobody writes it. `file` is where it is, if not below the root.
        """
        now = self.clock()
        former = self._former_looks.get(sight.path)
        since = min(former.since_ns, now) if former is not None and former.key == sight.key else now
        self._looks[sight.path] = _Look(sight.key, since)
        calm_ns = max(now - sight.mtime_ns, now - since)
        if calm_ns >= max(self._quiet_ns, self._grace_ns):
            return True
        if calm_ns < min(self._quiet_ns, _CALM_NS):
            return False
        is_open = is_written(file or root / sight.path)
        return calm_ns >= self._quiet_ns if is_open is None else not is_open

    def _is_young(self, mtime_ns: int) -> bool:
        return 0 <= self.clock() - mtime_ns < self._grace_ns

    def placed(self, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        """The faults with paths as the operator knows them, below the folder as the settings name it."""
        return tuple([replace(fault, path=str(self.root / fault.path)) for fault in faults])


def _image_warning(path: str, asked: AskedImage, code: str, problem: str) -> Fault:
    """What a person may have to do about an image."""
    line, column = asked.place
    remedy = "the item goes out without an image; correct or replace it"
    if code == "W-IMAGE-MISSING":
        remedy += ", or name its folder in `content.images.folders`"
    return Fault(path, code, problem, remedy, line=line, column=column)
