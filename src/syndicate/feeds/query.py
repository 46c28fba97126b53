"""Named feeds: which items a query of the settings takes. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from syndicate.items.item import Item

ItemField = Literal[
    "id", "path", "slug", "title", "summary", "description", "link", "page", "brand", "section", "language"
]
ITEM_FIELDS: tuple[str, ...] = get_args(ItemField)
"""Fields of items that conditions may ask for."""


class Terms(Struct, frozen=True):
    """What names must say: at least one of `some` (where there are any), every one of `every`, and `none` of these.

    Names are globs (`mesh-*`), compared without regard to case.
    """

    some: tuple[str, ...] = ()
    every: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def take(self, names: Iterable[str]) -> bool:
        """Whether these names say so."""
        folded = [name.casefold() for name in names if name]

        def holds(pattern: str) -> bool:
            return any(fnmatchcase(name, pattern.casefold()) for name in folded)

        return (
            (not self.some or any(map(holds, self.some)))
            and all(map(holds, self.every))
            and not any(map(holds, self.none))
        )


class Query(Struct, frozen=True):
    """Items that a named feed takes: those for which every condition holds; without conditions, all.

    Topics go by slug, label or vocabulary, brands by brand; `where` are further conditions on an item's fields.
    `most_age` leaves out what is older at the time of the pass.
    """

    topics: Terms = Terms()
    sections: Terms = Terms()
    tags: Terms = Terms()
    authors: Terms = Terms()
    brands: Terms = Terms()
    languages: Terms = Terms()
    where: tuple[tuple[ItemField, Terms], ...] = ()
    most_age: timedelta | None = None

    def takes(self, item: Item) -> bool:
        """Whether the item belongs to the feed, whatever its age."""
        topics = [name for one in item.topics for name in (one.slug, one.label, one.vocabulary or "")]
        return (
            self.topics.take(topics)
            and self.sections.take([item.section or ""])
            and self.tags.take(item.tags)
            and self.authors.take(item.authors)
            and self.brands.take([item.brand or ""])
            and self.languages.take([item.language])
            and all(terms.take([getattr(item, name) or ""]) for name, terms in self.where)
        )
