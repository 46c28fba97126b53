"""The rules of a store: a preset, and what a site says over it, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any, TypedDict, Unpack

from msgspec import structs

from syndicate.errors import ConfigError
from syndicate.items.habits import PRESETS
from syndicate.items.rules import BodyRules, Rules
from syndicate.items.topics import slug_of
from syndicate.items.wishes import Slips

__all__ = ["PRESETS", "Wishes", "rules_of"]

EXPIRED, UNDATED = "expired", "undated"


class Wishes(TypedDict, total=False):
    """What a site says over its preset; what is None or not there is left to it.

    `fields` are sources for single fields, in place of the preset's. `include` stands in place of the preset's globs,
    too; `exclude` is added to the usual ones, and `!glob` takes one of those away. `where` are conditions by source.
    `visibility` switches rules that hide off or on by name, or gives the texts that hide. `permalink` is one template
    or several by section. `topics` has the keys of `TopicRules`, `ignore` for `ignored`, `images` those of
    `ImageSearch`. `zones` are offsets by name. All others are as in `Rules`.
    """

    site_url: str
    zone: tzinfo
    language: str
    languages: Sequence[str]
    language_folders: Sequence[str]
    has_language_prefix: bool
    fields: Mapping[str, Sequence[object]]
    filename: str | None
    include: Sequence[str] | None
    exclude: Sequence[str]
    where: Mapping[str, object]
    visibility: Mapping[str, bool | Sequence[str]]
    date_formats: Sequence[str]
    zones: Mapping[str, str]
    latest_year_offset: int
    topics: Mapping[str, Any]
    permalink: str | Mapping[str, str] | None
    link_tracking: Sequence[str] | None
    fallback_encoding: str | None
    images: Mapping[str, Any]
    body: BodyRules


def rules_of(preset: str, *, origin: str = "settings", below: str = "content", **wishes: Unpack[Wishes]) -> Rules:
    """The rules of a preset with the site's own settings over them.

    Args:
        preset: a name of `PRESETS`.
        origin: the settings file, for messages.
        below: the dotted key that these settings stand below, for messages.
        wishes: see `Wishes`.

    Raises:
        ConfigError: whatever makes no sense, all of it at once.
    """
    slips = Slips(origin, below)
    if preset not in PRESETS:
        slips.tell("preset", f"{preset!r} is not known", f"use one of: {', '.join(sorted(PRESETS))}")
        raise ConfigError(tuple(slips.faults))
    base = PRESETS[preset]
    slips.check_site(wishes.get("site_url", ""))
    filename = slips.filename(given) if (given := wishes.get("filename")) else base.filename
    changes: dict[str, object] = {
        "fields": {**base.fields, **slips.fields(wishes.get("fields", {}), filename)},
        "filename": filename,
        "include": base.include if (include := wishes.get("include")) is None else slips.include(include, base.include),
        "exclude": slips.exclude(wishes.get("exclude", ()), base.exclude),
        "conditions": slips.conditions(wishes.get("where", {})),
        "date_formats": slips.date_formats(wishes.get("date_formats", ())),
        "zone_offsets": slips.zones(wishes.get("zones", {})),
        "permalinks": {**base.permalinks, **slips.permalinks(wishes.get("permalink"))},
        "images": _images(base, wishes.get("images", {})),
        "topics": _topics(base, wishes.get("topics", {})),
        **_visibility(base, wishes.get("visibility", {}), slips),
        **{name: tuple(wishes[name]) for name in _LISTS if wishes.get(name) is not None},  # type: ignore[literal-required]  # names of Wishes
        **{name: wishes[name] for name in _PLAIN if wishes.get(name) is not None},  # type: ignore[literal-required]  # names of Wishes
    }
    if slips.faults:
        raise ConfigError(tuple(slips.faults))
    return replace(base, **changes)  # type: ignore[arg-type]  # each was checked above


_LISTS = ("languages", "language_folders", "link_tracking")
_PLAIN = ("site_url", "zone", "language", "has_language_prefix", "latest_year_offset", "fallback_encoding", "body")


def _images(base: Rules, wish: Mapping[str, Any]) -> Any:
    """Where the preset looks for images, or the site does; what is None is left to the preset."""
    return structs.replace(base.images, **{key: value for key, value in wish.items() if value is not None})


def _topics(base: Rules, wish: Mapping[str, Any]) -> Any:
    """The preset's topic rules with the site's over them; names become slugs."""
    given = {key: value for key, value in wish.items() if value is not None}
    ignored = {slug_of(name) for name in given.pop("ignore", ())}
    aliases = {slug_of(old): new for old, new in given.pop("aliases", {}).items()}
    labels = {slug_of(name): label for name, label in given.pop("labels", {}).items()}
    return structs.replace(base.topics, aliases=aliases, labels=labels, ignored=base.topics.ignored | ignored, **given)


def _visibility(base: Rules, wish: Mapping[str, bool | Sequence[str]], slips: Slips) -> dict[str, object]:
    """Which rules hide items, and on which texts."""
    names = {*(hiding.name for hiding in base.hidings), EXPIRED, UNDATED}
    for name, value in wish.items():
        if name not in names:
            slips.tell(f"visibility.{name}", "is no rule", f"use one of: {', '.join(sorted(names))}")
        elif name in {EXPIRED, UNDATED} and not isinstance(value, bool):
            slips.tell(f"visibility.{name}", "is neither true nor false", "write true or false")
    hidings = []
    for hiding in base.hidings:
        value = wish.get(hiding.name, True)
        if value is True:
            hidings.append(hiding)
        elif not isinstance(value, bool):
            hidings.append(structs.replace(hiding, texts=tuple(text.casefold() for text in value)))
    return {
        "hidings": tuple(hidings),
        "hides_expired": wish.get(EXPIRED, base.hides_expired),
        "hides_undated": wish.get(UNDATED, base.hides_undated),
    }
