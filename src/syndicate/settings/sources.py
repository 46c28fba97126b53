"""Where settings come from, the YAML file and the environment, and how what is wrong with them reads to an operator."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from syndicate.errors import ConfigError, Fault
from syndicate.spelling import meant as meant_by

PREFIX = "SYNDICATE_"
NESTING = "__"
CODE = "E-CONFIG"
_OTHERS = frozenset({"SYNDICATE_CONFIG", "SYNDICATE_TOKEN_KEY"})
"""Variables that are no settings and have a meaning of their own."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "extra_forbidden": ("is not a setting", "mend the spelling or remove it"),
    "string_type": ("is no text", "put it in quotes"),
    "model_type": ("is no mapping", "write its keys below it, one a line"),
    "dict_type": ("is no mapping", "write its keys below it, one a line"),
    "list_type": ("is no list", "write [one, another]"),
    "too_short": ("is empty", "name at least one"),
    "int_type": ("is no whole number", "write digits only"),
    "int_parsing": ("is no whole number", "write digits only"),
    "int_from_float": ("is no whole number", "write digits only"),
    "finite_number": ("is no number", "write digits only"),
    "float_type": ("is no number", "write digits only"),
    "float_parsing": ("is no number", "write digits only"),
    "invalid_key": ("is a key that is no text", "put it in quotes"),
    "time_type": ("is no time of day", "write it as 07:00"),
    "time_parsing": ("is no time of day", "write it as 07:00"),
    "bool_type": ("is neither true nor false", "write true or false"),
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "path_type": ("is no path", "write it as text"),
    "literal_error": ("is none of the choices", "write {expected}"),
    "enum": ("is none of the choices", "write {expected}"),
    "greater_than_equal": ("is too small", "write {ge} or more"),
    "greater_than": ("is too small", "write more than {gt}"),
    "decimal_type": ("is no amount", "write digits, such as 2.50"),
    "decimal_parsing": ("is no amount", "write digits, such as 2.50"),
    "decimal_max_digits": ("has too many digits", "write at most {max_digits}"),
    "less_than_equal": ("is too large", "write {le} or less"),
    "string_too_short": ("is too short", "write at least {min_length} characters"),
    "string_pattern_mismatch": ("has another form than expected", ""),
}
"""Problem and remedy of what pydantic finds, by its type of error (pydantic documentation, "Validation Errors")."""


def values_in(path: Path) -> dict[str, Any]:
    """The sections in a YAML file; one that is there but empty is left out.

    Raises:
        ConfigError: it cannot be read, is no YAML or no mapping. No value of the file stands in the words.
    """
    remedy = "pass --config FILE, or start with `syndicate sample FOLDER`, which writes a working site"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _file_error(path, f"cannot be read ({error.strerror})", remedy) from error
    except UnicodeDecodeError:
        raise _file_error(path, "is not UTF-8", "save it as UTF-8") from None  # the original error holds the bytes
    values = _parsed(path, text)
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise _file_error(path, "is no mapping of sections", "write `site:`, `content:`, `channels:` ...")
    return {section: value for section, value in values.items() if value is not None}


def values_from(environ: Mapping[str, str], sections: Iterable[str]) -> dict[str, Any]:
    """The settings in environment variables such as `SYNDICATE_SITE__TITLE`, nested as in the file.

    Values are text, but for lists and mappings in JSON; numbers stay text, so that a token of digits is one. Empty
    variables count as not set. Names without `__` that are no section (`SYNDICATE_CONFIG`) are somebody else's.
    """
    tree: dict[str, Any] = {}
    for name, text in sorted(environ.items()):
        if not name.upper().startswith(PREFIX) or not text.strip():
            continue
        *parents, last = name[len(PREFIX) :].lower().split(NESTING)
        if not parents and last not in sections:
            continue
        place = tree
        for parent in parents:
            if not isinstance(place.get(parent), dict):
                place[parent] = {}
            place = place[parent]
        place[last] = _value(text)
    return tree


def strange_variables(environ: Mapping[str, str], sections: Iterable[str]) -> list[str]:
    """Variables that look like settings and are none, each with what may be meant; in words for the operator."""
    known = {PREFIX + section.upper() for section in sections}
    told = []
    for name in sorted(environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or NESTING in upper or upper in known | _OTHERS:
            continue
        section = next((one for one in sorted(known) if upper.startswith(f"{one}_")), None)
        if section is not None:
            meant = f"{section}{NESTING}{upper[len(section) + 1 :]}"
        else:  # compared without the prefix, by which all are alike
            rest = meant_by(upper.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known | _OTHERS])
            meant = PREFIX + rest if rest else ""
        told.append(f"{name}: is no setting" + (f"; is {meant} meant?" if meant else "; remove it"))
    return told


def fault_of(path: Path, error: Mapping[str, Any], *, below: tuple[str, ...] = (), known: Iterable[str] = ()) -> Fault:
    """What pydantic found, as place, key, problem and remedy.

    Args:
        path: the settings file.
        error: one of `ValidationError.errors(include_input=False)`.
        below: the keys that lead to what was checked.
        known: the keys that there are beside one that is none.
    """
    location = (*below, *(str(part) for part in error["loc"] if part != "[key]"))
    problem, remedy = _in_words(error)
    # Keys that a channel has of its network are checked below it.
    remedy = remedy or f"see docs/reference/{'networks' if below else 'settings'}.md"
    # What is wrong between several keys is found at their parent, and its words begin with the key's name.
    named, colon, rest = problem.partition(": ")
    if colon and re.fullmatch(r"[a-z_]+", named):
        location, problem = (*location, named), rest
    likely = meant_by(location[-1], known) if error["type"] == "extra_forbidden" else None
    if likely is not None:
        remedy = f"write `{likely}`, or remove it"
    if problem == "is missing":
        remedy = f"{remedy}, or the variable {variable_of(location)}"
    place = _variable_with(location, is_stray=error["type"] == "extra_forbidden") or str(path)
    return Fault(place, CODE, problem, remedy, key=".".join(location))


def torn_fault(path: Path, location: Sequence[str]) -> Fault:
    """That a text, or the key itself, holds half of a character."""
    variable = _variable_with(tuple(location), is_stray=True)
    problem, remedy = "holds half of a character", "write the character itself, or both halves of its escape"
    if variable is not None:  # bytes that are no UTF-8 come as such halves
        problem, remedy = "is not UTF-8", "set it in UTF-8"
    return Fault(variable or str(path), CODE, problem, remedy, key=".".join(location))


def control_fault(path: Path, location: Sequence[str]) -> Fault:
    """That a text, or the key itself, holds a character that no feed can hold."""
    variable = _variable_with(tuple(location), is_stray=True)
    return Fault(variable or str(path), CODE, "holds a control character", "write it without", key=".".join(location))


def variable_of(location: Iterable[str]) -> str:
    """The environment variable of a setting."""
    return PREFIX + NESTING.join(part.upper() for part in location)


def _in_words(error: Mapping[str, Any]) -> tuple[str, str]:
    if error["type"] == "missing":
        return "is missing", "set it"
    if error["type"] in _WORDS:
        problem, remedy = _WORDS[error["type"]]
        return problem, remedy.format_map(error.get("ctx", {}))
    problem, _, remedy = str(error["msg"]).removeprefix("Value error, ").partition("; ")
    return problem, remedy


def _variable_with(location: tuple[str, ...], *, is_stray: bool) -> str | None:
    """The environment variable that gave the value, if one did; a stray key may have come with one below it."""
    given = {name.upper(): name for name in os.environ}
    for end in range(len(location), 0, -1):
        if name := given.get(variable_of(location[:end])):
            return name
    below = variable_of(location) + NESTING
    return next((name for upper, name in sorted(given.items()) if is_stray and upper.startswith(below)), None)


def _value(text: str) -> Any:
    if text.lstrip()[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key which stands twice: the second one would silently undo the first.

    What stands for hours and minutes (`12:30`) stays text; YAML 1.1 makes a number of it, unless it begins with 0.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    raise yaml.constructor.ConstructorError(None, None, "a key stands twice", key.start_mark)
                keys.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> Any:
        return node.value if ":" in node.value else super().construct_yaml_int(node)

    def construct_yaml_float(self, node: yaml.ScalarNode) -> Any:
        return node.value if ":" in node.value else super().construct_yaml_float(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


@lru_cache(1)  # a start reads the file for its state's folder, then for all
def _parsed(path: Path, text: str) -> Any:
    try:
        return _Loader(text).get_single_data()
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
        LookupError,
        AttributeError,
    ) as error:  # the last two: `!!bool x`
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it makes no sense"
        # YAML quotes what it stumbles over, which may be a secret that begins with `*`, `&` or `!`.
        # What it names as expected or found is a sign, or a kind of token in angle brackets, and tells nothing.
        problem = re.sub(r"(['\"])(?!<[a-z ]+>\1)(?:(?! or '|, but ).){2,}\1", "what stands there", problem)
        remedy = "mend the line; values that hold `: ` or begin with a sign need quotes"
        raise _file_error(path, f"is no YAML: {problem}", remedy, line, column) from None


def _file_error(
    path: Path, problem: str, remedy: str, line: int | None = None, column: int | None = None
) -> ConfigError:
    return ConfigError((Fault(str(path), CODE, problem, remedy, line, column),))
