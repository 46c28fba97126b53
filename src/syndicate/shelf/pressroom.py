"""Processes that make documents side by side: all of them anew take all cores, and hold up nobody."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import repeat
from typing import Final

from syndicate.feeds.document import Document
from syndicate.feeds.site import Site
from syndicate.feeds.typesetter import FeedOrder, Order
from syndicate.items.item import Item
from syndicate.ports.shelf import Made
from syndicate.shelf.pressing import packed
from syndicate.workers import Workers, cores, tell_failed

MOST: Final = 4
"""Processes at most: each has the program once more in memory, and its own entries."""

MANY: Final = 5000
"""So many documents are worth the start of the processes, and that each of them makes entries of its own: 3,000 take
one process less than 2 s, and two hardly less by the clock, but a third more of all cores."""

_TOGETHER: Final = 100
"""About so many entries and share pages are ordered at a time."""

_CHILD: Final = "syndicate.shelf.pressing"


class Pressroom:
    """Has documents of one site made by several processes where there are many (see `ports.shelf`)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def made_ahead(self, documents: Sequence[Document], turn: Callable[[], None]) -> Generator[Made | None, None, None]:
        """What each of the documents reads, in order; None where the caller has to make it."""
        orders = [one.order for one in documents if one.order is not None]
        number = min(cores(), MOST)
        if len(orders) < MANY or number < 2:
            yield from repeat(None, len(documents))
            return
        try:
            started = Workers(_CHILD, number, {"site": self._site}, turn=turn, sending={Item: packed})
        except OSError as error:  # no process or memory is left for them
            tell_failed("pressing", str(error))
            yield from repeat(None, len(documents))
            return
        with closing(started) as workers:
            answers = workers.answers(_jobs(orders))
            for document in documents:
                yield None if document.order is None else _made(next(answers))


def _jobs(orders: Iterable[Order]) -> Iterator[list[Order]]:
    """Orders in their order, some at a time; the formats of a feed stay together, as they have entries in common."""
    job: list[Order] = []
    feed, weight = None, 0
    for order in orders:
        is_new = not isinstance(order, FeedOrder) or order.feed is not feed
        if is_new and weight >= _TOGETHER:
            yield job
            job, weight = [], 0
        if isinstance(order, FeedOrder):
            feed = order.feed
            weight += len(order.items) * is_new
        weight += 1
        job.append(order)
    yield job


def _made(answer: object) -> Made | None:
    """What a process answered, if it can be that."""
    match answer:
        case (bytes() as content, dict() as left_out):
            return Made(content, left_out)
        case _:
            return None
