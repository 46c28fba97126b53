"""Where requests for former and guessed addresses are led: nobody has to know where a feed stands. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# What people and readers try on a site, by the format they mean. Hugo writes index.xml, WordPress /feed, Jekyll
# /feed.xml, Ghost /rss.
_GUESSES = {
    "rss.xml": ("feed", "rss", "feed.xml", "index.xml", "rss.xml", "feed.rss", "index.rss", "rss2.xml", "feeds"),
    "atom.xml": ("atom", "atom.xml", "feed.atom", "index.atom"),
    "feed.json": ("json", "feed.json", "index.json"),
}
_FILE_OF_GUESS = {guess: name for name, guesses in _GUESSES.items() for guess in guesses}


def redirects_in(content: bytes) -> dict[str, str]:
    """The moves that a shelf tells (see `feeds.moved.REDIRECTS`); none where the document makes no sense."""
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {old: new for old, new in told.items() if isinstance(new, str) and old != new}


def moved_to(path: str, redirects: Mapping[str, str]) -> str | None:
    """The present path of one below a folder that moved; the longest former folder counts."""
    parts = path.split("/")
    for size in range(len(parts), 0, -1):
        new = redirects.get("/".join(parts[:size]))
        if new is not None:
            rest = parts[size:]
            return "/".join([new, *rest]) if rest else f"{new}/"
    return None


def guesses_for(parts: Sequence[str], name: str, everything: str) -> Iterator[str]:
    """Paths that a request for a missing file may have meant, likely ones first.

    Args:
        parts: the folders of the path.
        name: what stands behind them; empty for a folder.
        everything: the folder of the feed of all items, which a site's own feed means.
    """
    segments = [*parts, name] if name else list(parts)
    if not segments:
        return
    *folders, last = segments
    meant = _FILE_OF_GUESS.get(last.lower())
    if meant is not None:
        yield "/".join([*(folders or [everything]), meant])
