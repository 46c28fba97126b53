"""Several folders as one store: each with its own rules, their paths told apart by the roots' names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
    stay unless they were moved to another root, and the others go on.
    """

    def __init__(self, stores: Sequence[FolderStore]) -> None:
        self._stores = {store.name: store for store in stores}
        tracking = dict.fromkeys(word for store in stores for word in store.rules.link_tracking)
        self._clashes = Clashes(self.place_of, tracking)
        self._lost: frozenset[str] = frozenset()  # the roots that were lost when last looked at

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
        whole = _joined(self._look(parts, near))
        whole = replace(whole, gone=(*whole.gone, *gone))
        found = self._clashes.among(whole.files, known, (*whole.read, *whole.gone))
        return replace(whole, faults=(*whole.faults, *found))

    def _look(self, parts: Mapping[str, Mapping[str, Indexed]], near: Collection[Path] | None) -> Collection[Scan]:
        """The scan of each root against its part of what was known, where one was lost with what is kept of that."""
        scans = self._look_at_each(parts, near)
        lost = _lost_in(scans, parts)
        if near is not None and not lost <= self._lost:
            # What a root held may stand in another one by now, and the news of that be still to come.
            scans = self._look_at_each(parts, None)
            lost = _lost_in(scans, parts)
        self._lost = lost
        if lost:
            standing = _ids_in(scan.files for name, scan in scans.items() if name not in lost)
            scans |= {name: _kept(scans[name], parts[name], standing, self._stores[name]) for name in lost}
        return scans.values()

    def _look_at_each(
        self, parts: Mapping[str, Mapping[str, Indexed]], near: Collection[Path] | None
    ) -> dict[str, Scan]:
        """The scan of each root; one that is not there is as if it were empty, and has that for a fault.

        Raises:
            ConfigError: no root is there.
        """
        scans: dict[str, Scan] = {}
        missing: list[Fault] = []
        for name, store in self._stores.items():
            try:
                # What left while a root was lost was not accepted: news of it will not come again.
                scans[name] = store.look(parts[name], None if name in self._lost else near)
            except ConfigError as error:
                missing += error.faults
                scans[name] = Scan({}, gone=tuple(parts[name]), faults=error.faults)
        if len(missing) == len(self._stores):
            raise ConfigError(tuple(missing))
        return scans

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


def _lost_in(scans: Mapping[str, Scan], parts: Mapping[str, Mapping[str, Indexed]]) -> frozenset[str]:
    """The names of roots that held items and hold no file any more."""
    empty = (name for name, scan in scans.items() if not (scan.files or scan.waiting))
    return frozenset(name for name in empty if any(one.item is not None for one in parts[name].values()))


def _ids_in(parts: Iterable[Mapping[str, Indexed]]) -> frozenset[str]:
    return frozenset(one.item.id for files in parts for one in files.values() if one.item is not None)


def _kept(scan: Scan, known: Mapping[str, Indexed], standing: Collection[str], store: FolderStore) -> Scan:
    """What was known of a root that was lost, but for items that stand in another one: those were moved."""
    moved = sorted(path for path, one in known.items() if one.item is not None and one.item.id in standing)
    left = {path: known[path] for path in known.keys() - moved}
    items = sum(one.item is not None for one in left.values())
    if not items:
        return scan
    faults = scan.faults
    if not any(fault.code == "E-STORE" for fault in faults):
        problem = f"holds no file, though {items} items were known: they stay as they are"
        remedy = f"bring the folder back, or take `content.roots.{store.name}` out of the settings"
        key = f"content.roots.{store.name}.folder"
        faults = (*faults, Fault(str(store.root), "E-STORE-LOST", problem, remedy, key=key))
    return Scan(left, gone=tuple(moved), faults=faults)


def _joined(scans: Collection[Scan]) -> Scan:
    return Scan(
        {path: indexed for scan in scans for path, indexed in scan.files.items()},
        tuple(path for scan in scans for path in scan.read),
        tuple(path for scan in scans for path in scan.gone),
        tuple(path for scan in scans for path in scan.waiting),
        tuple(path for scan in scans for path in scan.restamped),
        tuple(fault for scan in scans for fault in scan.faults),
    )
