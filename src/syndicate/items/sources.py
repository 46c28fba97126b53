"""Sources of a field as the settings name them, read once and checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from syndicate.items.location import PARTS
from syndicate.later import Later

if TYPE_CHECKING:
    import regex
else:
    regex = Later("regex")

Kind: TypeAlias = Literal["key", "filename", "path", "file", "const", "template"]

FORMS = (
    'write a key, a dotted path, a quoted "dotted.key", filename:slug, path:section, file:modified, const:text or '
    "template:{key}"
)

_STEP = re.compile(r'(?:"(?P<literal>[^"]+)"|(?P<key>[^."]+))(?:\.(?=.)|\Z)')
SLOT = re.compile(r"\{([^{}]+)\}")
_OPTIONS = frozenset({"key", "split", "format", "regex", "map", "prefix", "suffix"})


class Source(Struct, frozen=True):
    """Where a field may come from, and what is done with what stands there.

    `words` is the source as written, `name` what follows its kind, `steps` the folded keys that lead to a value.
    First `pattern` picks a part of each text (its first group, or all that it matches; texts without a match are
    dropped), then `split` parts a text (a blank one parts at white space, unless there are commas), then `replaced`
    puts one text for another (folded, the rest stays), then `prefix` and `suffix` are added. `form` is a date's
    form.
    """

    words: str
    kind: Kind
    name: str
    steps: tuple[str, ...] = ()
    pattern: str | None = None
    split: str | None = None
    replaced: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    suffix: str = ""
    form: str | None = None

    @property
    def changes_texts(self) -> bool:
        """Whether anything of this is done."""
        return bool(self.pattern or self.split or self.replaced or self.prefix or self.suffix)

    def __str__(self) -> str:
        return self.words


def place_of(steps: tuple[str, ...]) -> tuple[str, ...]:
    """The steps without numbers: members of a list share their list's place."""
    return tuple(step for step in steps if not step.isdecimal())


def source_of(setting: str | Source | Mapping[str, object]) -> Source:
    """The source that a setting names: words, or a mapping of `key` and options.

    Raises:
        ValueError: it names none, as `problem; remedy`.
    """
    if isinstance(setting, Source):
        return setting
    if isinstance(setting, str):
        return _read(setting)
    strange = sorted(str(option) for option in setting if option not in _OPTIONS)
    if strange:
        raise ValueError(f"{strange[0]!r} is no option of a source; use one of: {', '.join(sorted(_OPTIONS))}")
    key = setting.get("key")
    if not isinstance(key, str):
        raise ValueError(f"a source has no `key`; {FORMS}")
    source = _read(key)
    return Source(
        words=key,
        kind=source.kind,
        name=source.name,
        steps=source.steps,
        pattern=_pattern(setting.get("regex")),
        split=_text(setting, "split") or None,
        replaced=_replaced(setting.get("map", {})),
        prefix=_text(setting, "prefix"),
        suffix=_text(setting, "suffix"),
        form=_text(setting, "format") or None,
    )


def pattern_fault(pattern: str) -> str | None:
    """Why an expression cannot be used, in words; None if it can."""
    try:
        regex.compile(pattern)
    except regex.error as error:
        return f"{pattern!r} is no regular expression ({error}); write it as Python does"
    return None


@lru_cache(maxsize=1024)
def _read(words: str) -> Source:
    kind, colon, name = words.partition(":")
    match (kind if colon else "", name):
        case ("const", _):
            return Source(words, "const", name)
        case ("filename", group) if group.isidentifier():
            return Source(words, "filename", group)
        case ("path", part) if part in PARTS or re.fullmatch(r"-?\d{1,3}", part):
            return Source(words, "path", part)
        case ("path", part):
            raise ValueError(f"{part!r} is no part of a path; use a folder's number or: {', '.join(sorted(PARTS))}")
        case ("file", "modified"):
            return Source(words, "file", name)
        case ("template", _):
            for slot in SLOT.findall(name):
                _read(slot)
            return Source(words, "template", name)
    steps = _steps(words)
    if not steps:
        raise ValueError(f"{words!r} is no source; {FORMS}")
    return Source(words, "key", words, steps)


def _steps(words: str) -> tuple[str, ...]:
    """The keys that lead to a value, folded; empty if the words are misspelt."""
    steps, at = [], 0
    while at < len(words):
        match = _STEP.match(words, at)
        if match is None:
            return ()
        steps.append((match["literal"] or match["key"]).casefold())
        at = match.end()
    return tuple(steps)


def _text(setting: Mapping[str, object], option: str) -> str:
    value = setting.get(option, "")
    if not isinstance(value, str):
        raise ValueError(f"`{option}` of a source is no text; put it in quotes")
    return value


def _pattern(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("`regex` of a source is no text; put it in quotes")
    fault = pattern_fault(value)
    if fault is not None:
        raise ValueError(fault)
    return value


def _replaced(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        raise ValueError("`map` of a source is no mapping; write {Former: later}")
    return tuple((str(old).casefold(), str(new)) for old, new in value.items())
