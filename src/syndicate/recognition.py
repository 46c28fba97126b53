"""Which items of those that a pass sees are known already, by id, link or place; and whether the store is. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, structs

from syndicate.errors import Fault
from syndicate.items.changes import Changes
from syndicate.items.item import Item
from syndicate.items.links import link_key
from syndicate.ports.content import Indexed, Scan
from syndicate.ports.outbox import KnownItem

FEW_ITEMS = 3
"""With fewer items known, all of them may well be replaced in one go."""


class Seen(Struct, frozen=True):
    """What one pass saw; `moved` are items that only changed their place."""

    scan: Scan
    visible: Mapping[str, Item]
    changes: Changes
    moved: Sequence[Item]
    known: Mapping[str, KnownItem]

    @property
    def coming(self) -> tuple[Item, ...]:
        """Items that are new, or back."""
        return (*self.changes.new, *self.changes.returned)


def doubt_in(visible: Mapping[str, Item], known: Mapping[str, KnownItem]) -> str | None:
    """A store without a single item of the former one is another store, not a day's news."""
    standing = 0
    for item_id, one in known.items():
        if not one.is_withdrawn:
            if item_id in visible:
                return None
            standing += 1
    return f"another store: none of the {standing} items that were known is in it" if standing >= FEW_ITEMS else None


def lost_store(scan: Scan, known: Mapping[str, KnownItem]) -> Fault | None:
    """A store that had items and has not a single file any more was not emptied but lost (an unmounted disk)."""
    if scan.files or scan.waiting:
        return None
    standing = sum(not one.is_withdrawn for one in known.values())
    if not standing:
        return None
    problem = f"holds no file, though {standing} items were known: feeds and posts stay as they are"
    remedy = "bring the folder back, or set another `state.folder` to begin anew"
    return Fault("content.folder", "E-STORE-LOST", problem, remedy)


def moved_in(
    visible: Mapping[str, Item], changes: Changes, known: Mapping[str, KnownItem], touched: Collection[str] | None
) -> list[Item]:
    """Items that only changed their place: for readers and followers nothing happened."""
    told = {item.id for item in (*changes.new, *changes.revised, *changes.returned)}
    ids = visible if touched is None else touched
    found = ((visible[item_id], known[item_id]) for item_id in ids if item_id in visible and item_id not in told)
    return [item for item, one in found if one.path != item.path]


def same_links(coming: Collection[Item], known: Mapping[str, KnownItem]) -> dict[str, str]:
    """Of the coming items, those whose article an older one already links to: the older one's id."""
    keys = {item.id: _link_key(item) for item in coming}
    asked = frozenset(filter(None, keys.values()))
    older = sorted(
        (one.first_seen, one.item_id, one.link_key)
        for one in (known.values() if asked else ())
        if one.link_key in asked and not one.is_withdrawn
    )
    first: dict[str, str] = {}
    for _, item_id, key in older:
        first.setdefault(key, item_id)
    for item in sorted(coming, key=lambda one: (one.published, one.id)):
        if keys[item.id]:
            first.setdefault(keys[item.id], item.id)
    return {item_id: first[key] for item_id, key in keys.items() if first.get(key, item_id) != item_id}


def sure_of(
    changes: Changes, scan: Scan, former: Mapping[str, Indexed], known: Mapping[str, KnownItem]
) -> tuple[Changes, frozenset[str]]:
    """The changes without items that only seem to have left, and the ids of those.

    Their files stand, but are broken or cannot be had just now, and what was kept of them before (in the `former`
    files) could not be read either. Otherwise that would stand, unless it came to its end.
    """
    places = {item_id: known[item_id].path for item_id in changes.withdrawn}
    unread = frozenset(
        item_id
        for item_id, path in places.items()
        if _is_unread(scan.files.get(path)) and not _has_item(former.get(path))
    )
    if not unread:
        return changes, unread
    return structs.replace(changes, withdrawn=tuple(one for one in changes.withdrawn if one not in unread)), unread


def _is_unread(one: Indexed | None) -> bool:
    return one is not None and one.item is None and one.skipped is None


def _has_item(one: Indexed | None) -> bool:
    return one is not None and one.item is not None


def gone_in(saw: Seen) -> list[str]:
    """Of the items that left, those whose article no other item leads to.

    A renamed file without an id is another item; the post stays, as it tells of that one, which posts nothing.
    """
    changes = saw.changes
    if not changes.withdrawn:
        return []
    read = {item.id: _link_key(item) for item in (*changes.new, *changes.revised, *changes.returned)}
    standing = {read[item_id] if item_id in read else saw.known[item_id].link_key for item_id in saw.visible}
    left = ((item_id, saw.known[item_id].link_key) for item_id in changes.withdrawn)
    return [item_id for item_id, key in left if not key or key not in standing]


def heirs_of(changes: Changes, links: Mapping[str, str]) -> dict[str, str]:
    """The new items that lead where one led that left in the same pass, which is then the former one; one for each."""
    left = set(changes.withdrawn)
    heirs = {links[item.id]: item.id for item in reversed(changes.new) if links.get(item.id) in left}
    return {heir: former for former, heir in heirs.items()}


def _link_key(item: Item) -> str:
    """What tells that two items lead to one place; a page counts where there is no article."""
    address = item.link or item.page
    return link_key(address) if address else ""


def known_of(item: Item, former: KnownItem | None, now: datetime) -> KnownItem:
    """What is remembered of the item from now on."""
    first_seen = former.first_seen if former else now
    return KnownItem(item.id, item.revision, item.path, _link_key(item), is_withdrawn=False, first_seen=first_seen)
