"""Several folders as one store: each with its own rules, their paths told apart by the roots' names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from syndicate.content.clashes import Clashes
from syndicate.content.folder import FolderStore
from syndicate.errors import ConfigError, Fault, ImageUnusable
from syndicate.items.item import Image, Item
from syndicate.ports.content import Indexed, Scan, Stamp, StoreNote


class Roots:
    """The folders of `stores`, each named; a path begins with its root's name (`news/2024/a.md`).

    A root that is not there, or holds no file where it held items, was lost rather than emptied: it is told, its items
    stay, and the others go on.
    """

    def __init__(self, stores: Sequence[FolderStore]) -> None:
        self._stores = {store.name: store for store in stores}
        tracking = dict.fromkeys(word for store in stores for word in store.rules.link_tracking)
        self._clashes = Clashes(self.place_of, tracking)

    def scan(self, known: Mapping[str, Indexed], near: Collection[Path] | None = None) -> Scan:
        """Look at every file of every root, or at those near some places, and read those that changed against `known`.

        Args:
            known: what the last scan found; it may be older where all files are looked at.
            near: where something may have changed, as absolute real paths; None: anywhere.

        Raises:
            ConfigError: no root is there.
        """
        parts: dict[str, dict[str, Indexed]] = {name: {} for name in self._stores}
        gone = []
        for path, indexed in known.items():
            name = _root_in(path)
            if name in parts:
                parts[name][path] = indexed
            else:  # of a root that is not in the settings any more
                gone.append(path)
        scans: list[Scan] = []
        lost: list[Fault] = []
        for name, store in self._stores.items():
            try:
                scans.append(_kept(store.look(parts[name], near), parts[name], store))
            except ConfigError as error:
                lost += error.faults
                scans.append(Scan(parts[name], faults=error.faults))
        if len(lost) == len(self._stores):
            raise ConfigError(tuple(lost))
        whole = _joined(scans)
        whole = replace(whole, gone=(*whole.gone, *gone))
        found = self._clashes.among(whole.files, known, (*whole.read, *whole.gone))
        return replace(whole, faults=(*whole.faults, *found))

    def note(self, paths: Sequence[str]) -> StoreNote:
        """What `resume` needs, with the paths of all files that hold an item; ends are looked up in the items."""
        return StoreNote(self._clashes.links(paths), {})

    def resume(self, files: Mapping[str, Indexed], items: Mapping[str, Item], note: StoreNote) -> None:
        """Know of these files what was known when the note was made; the items in them are given by path, in order."""
        self._clashes.resume(files, items, note.links)

    def stands(self, path: str, stamp: Stamp) -> bool:
        """Whether the file at a path is there, and as its stamp tells: its pictures are not looked at."""
        store = self._stores.get(_root_in(path))
        return store is not None and store.stands(path, stamp)

    def image_bytes(self, image: Image) -> bytes:
        """A local image as everybody may see it.

        Raises:
            ImageUnusable: gone, unsafe, damaged or over a cap.
        """
        store = self._stores.get(_root_in(image.ref))
        if store is None:
            raise ImageUnusable(image.ref, "lies in no root of the store")
        return store.image_bytes(image)

    def place_of(self, path: str) -> Path:
        """Where a path of the store lies on disk."""
        return self._stores[_root_in(path)].place_of(path)


def _root_in(path: str) -> str:
    return path.partition("/")[0]


def _kept(scan: Scan, known: dict[str, Indexed], store: FolderStore) -> Scan:
    """The scan, or what was known where a root that held items holds no file any more."""
    standing = sum(one.item is not None for one in known.values())
    if scan.files or scan.waiting or not standing:
        return scan
    problem = f"holds no file, though {standing} items were known: they stay as they are"
    remedy = f"bring the folder back, or take `content.roots.{store.name}` out of the settings"
    key = f"content.roots.{store.name}.folder"
    return Scan(known, faults=(*scan.faults, Fault(str(store.root), "E-STORE-LOST", problem, remedy, key=key)))


def _joined(scans: Sequence[Scan]) -> Scan:
    return Scan(
        {path: indexed for scan in scans for path, indexed in scan.files.items()},
        tuple(path for scan in scans for path in scan.read),
        tuple(path for scan in scans for path in scan.gone),
        tuple(path for scan in scans for path in scan.waiting),
        tuple(path for scan in scans for path in scan.restamped),
        tuple(fault for scan in scans for fault in scan.faults),
    )
