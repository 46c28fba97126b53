"""What a store holds, in numbers: shared by `check` and `init`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syndicate.errors import Fault
from syndicate.items.item import Item
from syndicate.ports.content import Scan

NO_FRONT_MATTER = "no front matter"


@dataclass(frozen=True, slots=True)
class Census:
    """Counts over one look at a store.

    `items` are all that were read, of which `published` are out and `scheduled` wait for their time.
    `skipped` counts files by the rule that keeps them out, `topics` published items by slug with `labels` beside.
    `merged` are topics that are written in several ways, each with its spellings. `images` counts items whose image was
    found, is missing or not usable, lies on another server, or who name none. `without_front_matter` are paths.
    """

    files: int
    items: tuple[Item, ...]
    published: tuple[Item, ...]
    scheduled: tuple[Item, ...]
    skipped: Mapping[str, int]
    topics: Mapping[str, int]
    labels: Mapping[str, str]
    merged: Mapping[str, tuple[str, ...]]
    languages: Mapping[str, int]
    images: Mapping[str, int]
    without_front_matter: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that cost an item."""
        return tuple(fault for fault in self.faults if not fault.is_warning)

    @property
    def dates(self) -> tuple[datetime, datetime] | None:
        """The first and the last date of an item."""
        published = [item.published for item in self.items]
        return (min(published), max(published)) if published else None

    @property
    def waiting(self) -> str:
        """How many items are scheduled, to be said after how many there are."""
        return f", {len(self.scheduled)} scheduled" if self.scheduled else ""

    def as_json(self) -> dict[str, Any]:
        """All but items and faults."""
        return {
            "files": self.files,
            "items": len(self.published),
            "scheduled": len(self.scheduled),
            "skipped": dict(self.skipped),
            "topics": dict(sorted(self.topics.items())),
            "topics_merged": dict(self.merged),
            "languages": dict(self.languages),
            "images": dict(self.images),
            "dates": self.dates,
            "without_front_matter": list(self.without_front_matter),
        }


def census_of(scan: Scan, now: datetime) -> Census:
    """What one look at a store saw."""
    items = tuple(scan.items.values())
    raw = [one.item for one in scan.files.values() if one.item is not None]
    spellings: dict[str, set[str]] = {}
    for item in raw:
        for topic in item.topics:
            spellings.setdefault(topic.slug, set()).add(topic.label)
    published = tuple(item for item in items if item.published <= now)
    return Census(
        files=len(scan.files),
        items=items,
        published=published,
        scheduled=tuple(item for item in items if item.published > now),
        skipped=Counter(one.skipped for one in scan.files.values() if one.skipped),
        topics=Counter(topic.slug for item in published for topic in item.topics),
        labels={topic.slug: topic.label for item in items for topic in item.topics},
        merged={slug: tuple(sorted(names)) for slug, names in sorted(spellings.items()) if len(names) > 1},
        languages=Counter(item.language for item in items),
        images=_images(scan),
        without_front_matter=tuple(path for path, one in scan.files.items() if one.skipped == NO_FRONT_MATTER),
        faults=(*scan.faults, *(fault for one in scan.files.values() for fault in one.faults)),
    )


def rows_of(census: Census, faults: Iterable[Fault] | None = None) -> list[tuple[str, object]]:
    """The counts for people, each with its name; what is zero is left out. Faults are those of the census or these."""
    rows: list[tuple[str, object]] = [("items", len(census.published)), ("scheduled", len(census.scheduled))]
    rows += [(f"skipped: {rule}", number) for rule, number in sorted(census.skipped.items())]
    rows += [(f"images {kind}", number) for kind, number in census.images.items()]
    rows += [(f"language {name}", number) for name, number in sorted(census.languages.items())]
    rows.append(("topics with several spellings", len(census.merged)))
    rows += sorted(Counter(fault.code for fault in (census.faults if faults is None else faults)).items())
    return [(name, number) for name, number in rows if number]


def _images(scan: Scan) -> dict[str, int]:
    counts = dict.fromkeys(("found", "missing", "remote", "none"), 0)
    for one in scan.files.values():
        if one.item is None:
            continue
        image = one.item.image
        if image is not None:
            counts["remote" if image.is_remote else "found"] += 1
        elif any(fault.code.startswith("W-IMAGE-") for fault in one.faults):
            counts["missing"] += 1
        else:
            counts["none"] += 1
    return counts
