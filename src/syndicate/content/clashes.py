"""Files that are in each other's way: two with one id, two that lead to one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from syndicate.errors import Fault
from syndicate.items.links import link_key
from syndicate.ports.content import Indexed


class Clashes:
    """Tells of two files with one id (an error), and of two items that lead to one article or page (a warning).

    `place_of` says where a path lies on disk, for messages; `tracking` are parameters that do not make a link another
    one. From look to look the keys of the items' links are kept, as making them costs more than all else.
    """

    def __init__(self, place_of: Callable[[str], Path], tracking: Iterable[str]) -> None:
        self._place_of = place_of
        self._tracking = tuple(tracking)
        self._keys: dict[str, tuple[str, str]] = {}

    def among(self, files: Mapping[str, Indexed]) -> tuple[Fault, ...]:
        """The clashes of these files, by path; the first in order is the one that stands."""
        former, self._keys = self._keys, {}
        return tuple(self._found(files, former))

    def _found(self, files: Mapping[str, Indexed], former: Mapping[str, tuple[str, str]]) -> Iterator[Fault]:
        by_id: dict[str, str] = {}
        by_link: dict[str, str] = {}
        for path in sorted(files):
            item = files[path].item
            if item is None:
                continue
            # Items that are themselves by their link are one; that is told below, as a warning.
            first = path if item.id.startswith("link:") else by_id.setdefault(item.id, path)
            if first != path:
                problem = f"has the id {item.id} of {self._place_of(first)}, which is used in its place"
                remedy = "give one of them another `id`, or delete it"
                yield Fault(str(self._place_of(path)), "E-DUPLICATE", problem, remedy)
                continue
            address = item.link or item.page
            if address is None:
                continue
            first = by_link.setdefault(self._key(path, address, former), path)
            if first != path:
                what = "article" if item.link else "page"
                problem = f"leads to the same {what} as {self._place_of(first)}: {address}"
                remedy = "delete one of them if they are the same item"
                yield Fault(str(self._place_of(path)), "W-SAME-LINK", problem, remedy)

    def _key(self, path: str, address: str, former: Mapping[str, tuple[str, str]]) -> str:
        known = former.get(path)
        if known is None or known[0] != address:
            known = address, link_key(address, self._tracking)
        self._keys[path] = known
        return known[1]
