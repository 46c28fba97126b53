"""Files of data that settings name: what is known of each image by its uid."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from syndicate.errors import ConfigError, Fault
from syndicate.regular import read_regular

LIMIT_BYTES = 8 * 1024 * 1024
_KEYS = ("uid", "id", "name", "key")


def table_of(path: Path, *, origin: str, key: str) -> Mapping[str, Mapping[str, str]]:
    """The rows of a JSON, YAML, TOML or CSV file by their uid: a mapping of rows, or a list of rows with `uid`.

    Args:
        path: the file.
        origin: the settings file, for messages.
        key: the setting that names it, for messages.

    Raises:
        ConfigError: it is not there, too big, or nothing of these.
    """
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise ValueError(f"has over {LIMIT_BYTES} bytes")
        return dict(_rows(_loaded(path.suffix.casefold(), read_regular(path).decode("utf-8-sig"))))
    except (OSError, ValueError, LookupError, RecursionError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
        problem = f"{path} cannot be used: {reason}"
        remedy = "name a JSON, YAML, TOML or CSV file of rows by uid"
        raise ConfigError((Fault(origin, "E-SETTING", problem, remedy, key=key),)) from error


def _loaded(suffix: str, text: str) -> object:
    match suffix:
        case ".json":
            return json.loads(text)
        case ".toml":
            return tomllib.loads(text)
        case ".csv":
            return list(csv.DictReader(text.splitlines()))
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _rows(data: object) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each uid with the texts and numbers of its row."""
    if isinstance(data, dict):
        members = [(str(uid), row) for uid, row in data.items()]
    elif isinstance(data, list):
        members = [(_uid(row), row) for row in data]
    else:
        raise ValueError("it holds no rows")
    for uid, row in members:
        cells = row if isinstance(row, dict) else {"format": row}
        yield uid, {str(name): str(cell) for name, cell in cells.items() if isinstance(cell, str | int | float)}


def _uid(row: object) -> str:
    found = next((row[key] for key in _KEYS if row.get(key)), None) if isinstance(row, dict) else None
    if found is None:
        raise ValueError("a row has no uid")
    return str(found)
