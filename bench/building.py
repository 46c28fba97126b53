"""Goals 1 and 4: all feeds of a store from nothing, against those who do the same."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus import Corpus
from peers import SIZE, Place, builds, feed_file, ids_in
from timing import Cost, cost_of, ratios, spreads

WANTED = {
    "hugo": {"cpu_s": 1.0, "wall_s": 0.8, "peak_mib": 0.4},
    "plain": {"cpu_s": 0.6},
}


def build(corpus: Corpus, place: Place, peers: Sequence[str], rounds: int) -> dict[str, Any]:
    """The cost of ours and of each peer, in turn, and the ratios."""
    sides = ["syndicate", *(peer for peer in peers if peer in WANTED)]
    costs: dict[str, list[Cost]] = {side: [] for side in sides}
    same = ""
    for _ in range(rounds):
        seen = {"the store": expected(corpus)}
        for side in sides:
            place.clear()
            costs[side].append(cost_of(builds(side, place), folder=place.root))
            seen[side] = contents(side, place, corpus)
        same = agreed(seen)
    told = {side: [cost.told() for cost in found] for side, found in costs.items()}
    return {
        "same": same,
        "sides": {side: spreads(found) for side, found in told.items()},
        "ratios": {peer: ratios(told["syndicate"], told[peer]) for peer in sides[1:]},
        "wanted": {peer: WANTED[peer] for peer in sides[1:]},
        "state_bytes_per_item": _state_bytes(place) / corpus.items if sides == ["syndicate"] else None,
    }


def contents(side: str, place: Place, corpus: Corpus) -> dict[str, tuple[int, ...]]:
    """The items of each feed in its order, and what they must be."""
    slugs = ["", *dict.fromkeys(name.slug for name in corpus.names)]
    return {slug: ids_in(feed_file(side, place, slug)) for slug in slugs}


def expected(corpus: Corpus) -> dict[str, tuple[int, ...]]:
    """What each feed has to hold: the newest items, the last first."""
    found: dict[str, list[int]] = {"": [], **{name.slug: [] for name in corpus.names}}
    for number in reversed(range(corpus.items)):
        for slug in ("", *(name.slug for name in corpus.topics(number))):
            if len(found[slug]) < SIZE:
                found[slug].append(number)
    return {slug: tuple(numbers) for slug, numbers in found.items()}


def agreed(seen: dict[str, dict[str, tuple[int, ...]]]) -> str:
    """That all sides wrote the same ids in the same order, in words.

    Raises:
        ValueError: they did not.
    """
    (first, feeds), *others = seen.items()
    for side, found in others:
        for slug in feeds:
            if found[slug] != feeds[slug]:
                raise ValueError(f"{side} and {first} differ in {slug or 'all'}: {found[slug]} and {feeds[slug]}")
    return f"{sum(map(len, feeds.values()))} entries in {len(feeds)} feeds"


def prepared(corpus: Corpus, folder: Path) -> Place:
    """A place with the store in it; one that was made before is taken as it was then."""
    place = Place(folder / f"{corpus.items}x{len(corpus.names)}")
    mark = place.root / "whole"
    if not mark.exists():
        shutil.rmtree(place.root, ignore_errors=True)
        corpus.write(place.content)
        mark.touch()
    corpus.restore(place.content)
    return place


def _state_bytes(place: Place) -> int:
    return sum(file.stat().st_size for file in (place.root / "state").iterdir() if re.match(r".*sqlite3", file.name))
