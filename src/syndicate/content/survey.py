"""What kind of store a folder is: where its items lie, and the preset that reads most of them with fewest faults."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from syndicate.content.generators import FOLDERS, PRESET_OF, SECTIONS, Generator, generator_of
from syndicate.content.places import NotSettled, bytes_of, inside
from syndicate.content.sweep import Sight, sweep
from syndicate.errors import InvalidItem
from syndicate.items.frontmatter import MAX_FILE_BYTES, read
from syndicate.items.mapping import item_from
from syndicate.items.presets import PRESETS, rules_of
from syndicate.items.rules import Rules
from syndicate.items.tree import Tree

MOST_TRIED = 200
"""So many files are read with each preset, evenly over the store."""

_HINTS: dict[str, frozenset[str]] = {
    "medigy": frozenset(
        {"opengraphmetadata", "twittermetadata", "openprojectcustomfields", "customfields", "masthead", "categorylabel"}
    ),
    "curated": frozenset({"linkbrand", "linkoriginal", "ogdescription", "metadesc", "slugid", "archetype", "ogimage"}),
    "hugo": frozenset({"lastmod", "linktitle", "expirydate", "publishdate", "featured_image", "weight", "resources"}),
    "jekyll": frozenset({"layout", "last_modified_at", "excerpt_separator", "redirect_from"}),
    "astro": frozenset({"pubdate", "pubdatetime", "heroimage", "updateddate"}),
    "eleventy": frozenset({"eleventynavigation", "eleventyexcludefromcollections", "templateengineoverride"}),
}
_FAMILIES = frozenset({"medigy", "curated"})
_WEIGHTS = {"items": 100, "hidden": 95, "undated": -20, "errors": -100, "warnings": -10}
_HINT, _NOTHING = 30, -1000
_FAMILY_HINTS = 0.25
"""Where such a part of the files has keys of one family of sites, that counts for more than the site's generator."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How a preset reads a sample of the files: numbers of files, and the score that follows from them.

    `undated` files have no date and no other error; `hints` is the share of files with keys that only this preset's
    kind of site uses.
    """

    preset: str
    files: int
    items: int
    undated: int
    errors: int
    warnings: int
    hints: float
    score: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look at a folder found: the generator, the folder of the items, and the trials, best first.

    `include` is the folder in it that holds all items, empty if they lie all over it.
    """

    folder: Path
    generator: Generator
    store: Path
    include: str
    trials: tuple[Trial, ...]

    @property
    def preset(self) -> str:
        """The preset that fits best."""
        return self.trials[0].preset


def survey(folder: Path, *, only: str | None = None) -> Survey:
    """Look at a site's folder, or at the folder of its items, and choose how to read it.

    Args:
        folder: is there and can be read.
        only: the preset to take whatever the files look like.
    """
    generator = generator_of(folder)
    if not generator.name and folder.name in {*FOLDERS, *SECTIONS, "_posts"}:  # the items' own folder was named
        generator = next((found for place in folder.parents[:2] if (found := generator_of(place)).name), generator)
    store, include = _store_in(folder, generator)
    presets = [only] if only else list(PRESETS)
    known = PRESET_OF.get(generator.name, "")
    samples = {preset: _sample(store, preset, include) for preset in presets}
    total = max(map(len, samples.values())) or 1
    trials = [_trial(preset, sample, total) for preset, sample in samples.items()]
    best_first = sorted(trials, key=lambda one: (not _is_own(one, known, trials), -one.score, one.preset != "generic"))
    return Survey(folder, generator, store, include, tuple(best_first))


def _is_own(trial: Trial, known: str, trials: Sequence[Trial]) -> bool:
    """Whether the generator that builds the site decides: a preset of another may read fewer files without a fault."""
    is_of_family = any(one.hints >= _FAMILY_HINTS and one.preset in _FAMILIES for one in trials)
    return trial.preset == known and not is_of_family and 4 * trial.items >= max(one.items for one in trials) > 0


def _store_in(folder: Path, generator: Generator) -> tuple[Path, str]:
    """The folder of the items, and the one in it that they lie in, empty if they lie all over it."""
    whole = _markdown_in(folder)
    told = (generator.folder,) if generator.folder else ()
    for name in dict.fromkeys((*told, *FOLDERS, *SECTIONS)):
        place = folder / name
        if not place.is_dir() or not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder)):
            continue
        number = sum(path.startswith(f"{name}/") for path in whole)
        # Pages such as `about.md` beside the folder are no items; most others would be.
        if number and (name in told or 10 * number >= 8 * len(whole)):
            return (folder, name) if name in SECTIONS else (place, "")
    return folder, ""


def _markdown_in(folder: Path) -> list[str]:
    """Files that may be items of a site of any kind and begin like one."""
    real = Path(os.path.realpath(folder))
    rules = PRESETS["generic"]
    return [sight.path for sight in sweep(real, rules).sights if _begins_as_item(real / sight.path)]


def _begins_as_item(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            start = opened.read(64)
    except OSError:
        return False
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"---", b"+++", b"{"))


def includes(preset: str, folder: str) -> tuple[str, ...]:
    """The preset's globs, below a folder."""
    return tuple(f"{folder}/**/{glob}" for glob in PRESETS[preset].include)


def _sample(store: Path, preset: str, include: str) -> list[tuple[str, Tree | None]]:
    rules = rules_of(preset, include=includes(preset, include) if include else None)
    root = Path(os.path.realpath(store))
    return list(_fronts(root, _spread(sweep(root, rules).sights), rules))


def _trial(preset: str, fronts: Sequence[tuple[str, Tree | None]], total: int) -> Trial:
    rules = rules_of(preset, site_url="https://site.example/")
    counts = Counter(kind for path, front in fronts for kind in _kinds(path, front, rules))
    hinting = _HINTS.get(preset, frozenset())
    hints = sum(front is not None and not hinting.isdisjoint(front.fields) for _, front in fronts) / total
    points = sum(counts[kind] * weight for kind, weight in _WEIGHTS.items()) / total + _HINT * hints
    return Trial(
        preset,
        files=len(fronts),
        items=counts["items"],
        undated=counts["undated"],
        errors=counts["errors"],
        warnings=counts["warnings"],
        hints=round(hints, 2),
        score=round(points) if counts["items"] else _NOTHING,
    )


def _kinds(path: str, front: Tree | None, rules: Rules) -> Iterator[str]:
    """What a file counts as."""
    if front is None:
        yield "errors"
        return
    try:
        reading = item_from(front, "", path=path, rules=rules)
    except (ValueError, TypeError, LookupError, RecursionError, ArithmeticError):
        yield "errors"
        return
    if reading.item is not None:
        yield "items"
        if reading.faults:
            yield "warnings"
    elif reading.skipped is not None:
        yield "hidden"
    else:
        errors = {fault.code for fault in reading.faults if not fault.is_warning}
        yield "undated" if errors == {"E-NO-DATE"} else "errors"


def _spread(sights: Sequence[Sight]) -> Sequence[Sight]:
    step = max(1, len(sights) // MOST_TRIED)
    return sights[::step][:MOST_TRIED]


def _fronts(root: Path, sights: Iterable[Sight], rules: Rules) -> Iterable[tuple[str, Tree | None]]:
    """The front matter of files by path, None for what is broken; files without any are left out."""
    for sight in sights:
        try:
            content, _ = bytes_of(inside(root, sight.path), MAX_FILE_BYTES)
            parts = read(content, sight.path, fallback_encoding=rules.fallback_encoding)
        except (InvalidItem, OSError, NotSettled, ValueError, TypeError, LookupError, RecursionError):
            yield sight.path, None
            continue
        if parts is not None:
            yield sight.path, parts[0]
