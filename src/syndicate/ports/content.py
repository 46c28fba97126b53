"""Where items and pictures come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from syndicate.errors import Fault
from syndicate.items.item import Image, Item
from syndicate.items.topics import agreed

if TYPE_CHECKING:
    from syndicate.posts.cardimage import CardImage
    from syndicate.posts.post import ImageRules, Picture


class Stamp(Struct, array_like=True, frozen=True, gc=False):
    """What tells that a file changed without reading it; `digest` (hex SHA-256 of the bytes) settles doubts.

    `image` is the same for the places where the featured image was looked for, so that a new picture is a change.
    """

    size_bytes: int
    mtime_ns: int
    inode: int
    digest: str = ""
    image: str = ""


UNREAD = Stamp(-1, -1, -1)
"""The stamp of a file that has to be read again whatever it looks like."""


class Indexed(Struct, frozen=True):
    """What is known of one file: its item, why it is none (`skipped` names the visibility rule), or its faults."""

    path: str
    stamp: Stamp
    item: Item | None = None
    skipped: str | None = None
    faults: tuple[Fault, ...] = ()


class Scan(Struct, frozen=True):
    """One look at a store.

    `files` is every file there is now; `read` the paths that were parsed in this look, `gone` the paths that vanished,
    `waiting` the paths still being written (left as they were known before). `restamped` files hold the same bytes as
    before, and only their facts differ, as in another checkout. `faults` are the store's own, for example two files
    with one id; the files' faults are in `files`.
    """

    files: Mapping[str, Indexed]
    read: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    restamped: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def items(self) -> dict[str, Item]:
        """The items by id, one for each id (the first path in order wins; the others are faults).

        A topic has one label in all of them (see `agreed`).
        """
        found: dict[str, Item] = {}
        for path in sorted(self.files):
            item = self.files[path].item
            if item is not None:
                found.setdefault(item.id, item)
        return agreed(found)


class StoreNote(Struct, array_like=True, frozen=True):
    """What a store knows of its files beside what is known of each.

    `links` tell for each item, in order of paths, where it leads; `ends` are those of items that have one, by path.
    """

    links: list[str]
    ends: dict[str, datetime]


class Store(Protocol):
    """Where items come from. Called in a thread: it may block, it may not touch the event loop."""

    def scan(self, known: Mapping[str, Indexed], near: Collection[Path] | None = None) -> Scan:
        """Look at every file, or at those near some places, and read those that changed against `known`.

        Args:
            known: what the last scan found; it may be older where all files are looked at.
            near: where something may have changed, as absolute real paths; None: anywhere.

        Raises:
            ConfigError: the store itself is not there.
        """

    def note(self, paths: Sequence[str]) -> StoreNote:
        """What `resume` needs, with the paths of all files that hold an item, in order."""

    def resume(self, files: Mapping[str, Indexed], items: Mapping[str, Item], note: StoreNote) -> None:
        """Know of these files what was known when the note was made; the items in them are given by path, in order."""

    def stands(self, path: str, stamp: Stamp) -> bool:
        """Whether the file at a path is there, and as its stamp tells: its pictures are not looked at."""

    def image_bytes(self, image: Image) -> bytes:
        """The bytes of a local image.

        Raises:
            ImageUnusable: gone, unsafe or over the size cap.
        """


class Images(Protocol):
    """Makes pictures fit networks."""

    async def picture(self, image: Image, rules: ImageRules) -> Picture:
        """The image within the rules: read or fetched, decoded, cut, scaled, encoded, alt text fitted.

        Raises:
            ImageUnusable: with the reason in words.
        """


class Painted(Struct, frozen=True):
    """A card image as files; why the featured image could not be used, and the scripts that no font here can write."""

    jpeg: bytes
    webp: bytes
    unusable: str = ""
    missing: tuple[str, ...] = ()


class Painter(Protocol):
    """Draws card images."""

    async def paint(self, card: CardImage) -> Painted:
        """The card of the featured image, or the generated one where there is none that can be used.

        Raises:
            ImageUnusable: not even that can be drawn; the reason in words.
        """
