"""Files that are in each other's way: two with one id, two that lead to one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from pathlib import Path

from syndicate.errors import Fault
from syndicate.items.item import Item
from syndicate.items.links import link_key
from syndicate.ports.content import Indexed


class Clashes:
    """Tells of two files with one id (an error), and of two items that lead to one article or page (a warning).

    `place_of` says where a path lies on disk, for messages; `tracking` are parameters that do not make a link another
    one. From look to look it is kept which paths have an id or a link, so that only what changed is looked at.
    """

    def __init__(self, place_of: Callable[[str], Path], tracking: Iterable[str]) -> None:
        self._place_of = place_of
        self._tracking = tuple(tracking)
        self.files: Mapping[str, Indexed] = {}
        self._keys: dict[str, tuple[Item, str, str]] = {}  # by path: the item, its id where that counts, its link's key
        self._single: dict[tuple[str, str], str] = {}  # by kind and id or link: the one path that has it
        self._shared: dict[tuple[str, str], set[str]] = {}  # those that several paths have

    def among(
        self, files: Mapping[str, Indexed], former: Mapping[str, Indexed], changed: Collection[str]
    ) -> tuple[Fault, ...]:
        """The clashes of these files, by path; the first in order is the one that stands.

        Args:
            files: all of them.
            former: those of the look before this one.
            changed: in what paths the two differ; if this is another `former` than the last `files`, it does not count.
        """
        if former is not self.files:
            changed = files.keys() | self._keys.keys()
        self.files = files
        for path in changed:
            one = files.get(path)
            self._note(path, None if one is None else one.item)
        return tuple(self._found()) if self._shared else ()

    def links(self, paths: Iterable[str]) -> list[str]:
        """What tells that these items lead to one place, for `resume`."""
        return [self._keys[path][2] for path in paths]

    def resume(self, files: Mapping[str, Indexed], items: Mapping[str, Item], links: Sequence[str]) -> None:
        """Know these files; the items in them are given by path, with what `links` told of them.

        If that fails, what was known before still is.
        """
        identities = ["" if item.id.startswith("link:") else item.id for item in items.values()]
        keyed = dict(zip(items, zip(items.values(), identities, links, strict=True), strict=True))
        single: dict[tuple[str, str], str] = {}
        shared: dict[tuple[str, str], set[str]] = {}
        for kind, keys in (("id", identities), ("link", links)):
            found = dict(zip(zip(repeat(kind), keys), items, strict=False))
            found.pop((kind, ""), None)
            if len(found) + keys.count("") < len(keys):
                several = {key for key, number in Counter(keys).items() if number > 1 and key}
                for path, key in zip(items, keys, strict=True):
                    if key in several:
                        found.pop((kind, key), None)
                        shared.setdefault((kind, key), set()).add(path)
            single |= found
        self.files, self._keys, self._single, self._shared = files, keyed, single, shared

    def _note(self, path: str, item: Item | None) -> None:
        known = self._keys.get(path)
        if known is not None and known[0] is item:
            return
        if known is not None:
            for key in _keys_of(*known[1:]):
                self._leave(path, key)
            del self._keys[path]
        if item is not None:
            address = item.link or item.page
            # Items that are themselves by their link are one; that is told as a warning.
            identity = "" if item.id.startswith("link:") else item.id
            self._keys[path] = item, identity, link_key(address, self._tracking) if address else ""
            for key in _keys_of(*self._keys[path][1:]):
                self._join(path, key)

    def _join(self, path: str, key: tuple[str, str]) -> None:
        if key in self._shared:
            self._shared[key].add(path)
        elif key in self._single:
            self._shared[key] = {self._single.pop(key), path}
        else:
            self._single[key] = path

    def _leave(self, path: str, key: tuple[str, str]) -> None:
        if self._single.pop(key, None) is None:
            self._shared[key].remove(path)
            if len(self._shared[key]) == 1:
                self._single[key] = self._shared.pop(key).pop()

    def _found(self) -> Iterator[Fault]:
        faults: dict[str, Fault] = {}
        for (kind, key), paths in self._shared.items():
            if kind == "id":
                first, *rest = sorted(paths)
                faults |= {path: self._same_id(path, first, key) for path in rest}
        others = frozenset(faults)
        for (kind, _), paths in self._shared.items():
            if kind == "link":
                standing = sorted(paths - others)
                faults |= {path: self._same_link(path, standing[0]) for path in standing[1:]}
        for path in sorted(faults):
            yield faults[path]

    def _same_id(self, path: str, first: str, identity: str) -> Fault:
        problem = f"has the id {identity} of {self._place_of(first)}, which is used in its place"
        remedy = "give one of them another `id`, or delete it"
        return Fault(str(self._place_of(path)), "E-DUPLICATE", problem, remedy)

    def _same_link(self, path: str, first: str) -> Fault:
        item, _, _ = self._keys[path]
        what = "article" if item.link else "page"
        problem = f"leads to the same {what} as {self._place_of(first)}: {item.link or item.page}"
        remedy = "delete one of them if they are the same item"
        return Fault(str(self._place_of(path)), "W-SAME-LINK", problem, remedy)


def _keys_of(identity: str, link: str) -> list[tuple[str, str]]:
    return [key for key in (("id", identity), ("link", link)) if key[1]]
