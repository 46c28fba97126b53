"""What of a store's files is passing: names that are never an item's, and how long a file is left alone."""

from __future__ import annotations

import re
from datetime import timedelta
from fnmatch import translate

QUIET = timedelta(milliseconds=250)
"""So long a file is left alone before it is used."""

CALM = timedelta(milliseconds=30)
"""So long, where the system knows that nobody has it open for writing any more."""

_PASSING = re.compile(
    "|".join(
        map(translate, (".*", "*~", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.sw?", "*.bak", "#*#",
                        "~$*", "4913"))
    )
)  # fmt: skip


def is_passing(name: str) -> bool:
    """Whether a file or folder name is hidden, or that of a temporary or backup copy."""
    if name.endswith(".md") and not name.startswith((".", "~")):
        return False  # as nearly all, told in a third of the time
    return _PASSING.match(name.casefold()) is not None
