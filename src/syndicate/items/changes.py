"""What differs between the items there are and the items that were known. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from syndicate.items.item import Item


class Remembered(Protocol):
    """What is remembered of an item (`ports.KnownItem` is one)."""

    @property
    def revision(self) -> str:
        """The item's revision when it was last accepted."""

    @property
    def is_withdrawn(self) -> bool:
        """Whether it had left when last looked."""


class Changes(Struct, frozen=True):
    """Differences by identity; no item is in two of them, and all are in order of date and id.

    `new` was never known, `revised` reads differently, `returned` had left and is back (in whatever revision).
    `withdrawn` are ids of items that have left since.
    """

    new: tuple[Item, ...] = ()
    revised: tuple[Item, ...] = ()
    returned: tuple[Item, ...] = ()
    withdrawn: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.revised or self.returned or self.withdrawn)


def compare(
    items: Mapping[str, Item],
    known: Mapping[str, Remembered],
    *,
    accepted: Mapping[str, Item] = MappingProxyType({}),
    only: Collection[str] | None = None,
) -> Changes:
    """What changed. An item is itself by its id: its path, slug, title or date may differ.

    Args:
        items: those there are, by id.
        known: those ever accepted, by id.
        accepted: those that were accepted last, by id: an item that is the very same object needs no second look,
            as its revision costs a digest of all it says.
        only: ids of all that may differ from what was accepted, if that is known.
    """
    new, revised, returned = [], [], []
    unsure = [
        item
        for key in (items if only is None else only)
        if (item := items.get(key)) is not None
        and (accepted.get(key) is not item or key not in known or known[key].is_withdrawn)
    ]
    for item in sorted(unsure, key=lambda item: (item.published, item.id)):
        former = known.get(item.id)
        if former is None:
            new.append(item)
        elif former.is_withdrawn:
            returned.append(item)
        elif former.revision != item.revision:
            revised.append(item)
    left = (key for key in (known if only is None else only) if key in known and key not in items)
    withdrawn = sorted(key for key in left if not known[key].is_withdrawn)
    return Changes(tuple(new), tuple(revised), tuple(returned), tuple(withdrawn))
