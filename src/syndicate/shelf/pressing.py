"""The process that makes documents when there are many: `pressroom` starts some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from syndicate.feeds.site import Site
from syndicate.feeds.typesetter import Order, Typesetter
from syndicate.items.item import Item, Topic
from syndicate.items.snapshot import pack, unpack
from syndicate.worker import serve

ROOM = 1024
"""So many items and entries are kept, some 25 kB each with all formats. As each process sees a part of the feeds, an
entry is made again and again: twice as many save a fortieth of the time and take 25 MB more in each process."""

Pressed = tuple[bytes, dict[str, str]] | None
"""A document's bytes, and what it had to leave out, with the reasons, by entry id; None: make it yourself."""


def begin(site: Site) -> Callable[[Sequence[Order]], list[Pressed]]:
    """What carries out orders for a site."""
    typesetter = Typesetter(site, room=ROOM)
    return lambda orders: [_pressed(typesetter, order) for order in orders]


def _pressed(typesetter: Typesetter, order: Order) -> Pressed:
    try:
        content = typesetter.make(order)
    except Exception:  # whoever makes it himself meets it as well, and tells
        return None
    left_out = dict(typesetter.left_out)
    for entry_id in left_out:
        typesetter.forget(entry_id)
    return content, left_out


def packed(item: Item) -> tuple[Any, ...]:
    """How an item is sent: in few bytes, most of which stay packed until they are needed."""
    if item.packed and not item.is_as_packed:  # its topics are spelt as others spell them
        return _unpacked_with, (item.packed, item.topics)
    return _unpacked, (pack(item),)


@lru_cache(ROOM)  # the same object for the same item, so that its entry is made once
def _unpacked(told: bytes) -> Item:
    return unpack(told)


@lru_cache(ROOM)
def _unpacked_with(told: bytes, topics: tuple[Topic, ...]) -> Item:
    return unpack(told).with_topics(topics)


def main() -> None:
    """Serve the parent."""
    serve(begin)
