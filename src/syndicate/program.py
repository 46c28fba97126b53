"""What this program is, as it is installed: what an other one made is not taken for its own."""

from __future__ import annotations

from pathlib import Path

import syndicate


def modules_in(*rooms: str) -> str:
    """The modules of these rooms of the package (folders, "." for its own), and what tells one version from another."""
    package = Path(syndicate.__file__).parent
    facts = [(f"{room}/{file.name}", file.stat()) for room in rooms for file in (package / room).glob("*.py")]
    return repr(sorted((name, seen.st_size, seen.st_mtime_ns) for name, seen in facts))
