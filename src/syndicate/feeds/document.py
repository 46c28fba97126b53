"""A file of the shelf, before its bytes are made. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from syndicate.feeds.typesetter import Order


class Document(Struct, frozen=True):
    """One file of the shelf: `make` gives its bytes, which are the same as long as `mark` is equal.

    A mark holds what the file is made of, by reference, so that comparing two of them costs next to nothing.
    Where there is an `order`, whoever carries it out for the same site gets these bytes as well.
    """

    path: str
    mark: object
    make: Callable[[], bytes]
    order: Order | None = None
