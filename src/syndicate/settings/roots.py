"""What relative paths in the settings count from, and where the state is: known before anything else is read."""

from __future__ import annotations

import os
from pathlib import Path

from syndicate.settings.sources import values_from, values_in


def root_of(path: Path) -> Path:
    """The project's folder: what relative paths in the settings count from."""
    folder = path.resolve().parent
    return folder.parent if folder.name == "config" else folder


def placed_below(root: Path, path: Path) -> Path:
    """A path of the settings: absolute as it is, `~` as the home folder, others below the project's folder."""
    return root / path.expanduser()


def lock_in(folder: Path) -> Path:
    """The publisher's lock in a state's folder."""
    return folder / "publisher.lock"


def state_folder_of(path: Path) -> Path | None:
    """The state's folder, without a look at the other settings; None if that alone does not tell.

    Raises:
        ConfigError: the file cannot be read.
    """
    folder: object = "state"
    for values in (values_in(path), values_from(os.environ, ["state"])):
        section = values.get("state")
        if isinstance(section, dict):
            folder = section.get("folder") or folder
        elif section is not None:
            return None
    try:
        return placed_below(root_of(path), Path(folder)) if isinstance(folder, str) else None
    except (RuntimeError, ValueError):  # the home of nobody known here, a NUL: the settings' own words tell it
        return None
