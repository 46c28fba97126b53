"""What this program is, as it is installed: what an other one made is not taken for its own."""

from __future__ import annotations

import os
from functools import cache

import syndicate


@cache
def files_in(*rooms: str) -> str:
    """The files of these rooms of the package (folders, "." for its own), and what tells one version from another.

    They stay what they were at the first call: what is put in their place while this process runs is not what it runs.
    """
    package = os.path.dirname(syndicate.__file__)  # noqa: PTH120 - without `pathlib`, as hundreds are asked in each start
    found = [(room, file) for room in rooms for file in os.scandir(f"{package}/{room}") if file.is_file()]
    facts = [(f"{room}/{file.name}", file.stat()) for room, file in found]
    return repr(sorted((name, seen.st_size, seen.st_mtime_ns) for name, seen in facts))
