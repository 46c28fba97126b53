"""Files that are in each other's way: two with one id, two that lead to one place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from syndicate.errors import Fault
from syndicate.items.links import link_key
from syndicate.ports.content import Indexed


def clashes(
    files: Mapping[str, Indexed], place_of: Callable[[str], Path], tracking: Collection[str]
) -> Iterator[Fault]:
    """Two files with one id (an error), and two items that lead to one article or page (a warning).

    Args:
        files: by path; the first in order is the one that stands.
        place_of: where a path lies on disk, for messages.
        tracking: parameters that do not make a link another one.
    """
    by_id: dict[str, str] = {}
    by_link: dict[str, str] = {}
    for path in sorted(files):
        item = files[path].item
        if item is None:
            continue
        # Items that are themselves by their link are one; that is told below, as a warning.
        first = path if item.id.startswith("link:") else by_id.setdefault(item.id, path)
        if first != path:
            problem = f"has the id {item.id} of {place_of(first)}, which is used in its place"
            yield Fault(str(place_of(path)), "E-DUPLICATE", problem, "give one of them another `id`, or delete it")
            continue
        address = item.link or item.page
        if address is None:
            continue
        first = by_link.setdefault(link_key(address, tuple(tracking)), path)
        if first != path:
            what = "article" if item.link else "page"
            problem = f"leads to the same {what} as {place_of(first)}: {address}"
            yield Fault(str(place_of(path)), "W-SAME-LINK", problem, "delete one of them if they are the same item")
