"""The ground truth: an append-only log of everything the fake networks really took, one JSON line each."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from syndicate.errors import CannotWrite


class Action(StrEnum):
    """What happened. `repeat` is a request that a network recognised by its key and did not carry out again.

    `refresh` is a new pair of OAuth tokens, `reuse` a used refresh token that was shown again and ended its family.
    """

    POST = "post"
    EDIT = "edit"
    DELETE = "delete"
    MEDIA = "media"
    REPEAT = "repeat"
    REFRESH = "refresh"
    REUSE = "reuse"


ABOUT_A_POST = (Action.POST, Action.EDIT, Action.DELETE, Action.REPEAT)


@dataclass(frozen=True, slots=True)
class LoggedMedium:
    """An image as the network got it: `width` and `height` in pixels, `type` by content, `alt` as told."""

    id: str
    alt: str | None
    bytes: int
    width: int | None
    height: int | None
    type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    `at` is the real time, ISO 8601. `key` is the idempotency key, record key or webhook id. `id` and `url` are what the
    network gave back. `link` is the address the post is about, as the network reads it. `digest` is the SHA-256 of the
    request body, so that equal keys can be shown to have carried equal bytes. `called` are those whom the network would
    give notice that they are named: accounts, groups, everybody in a place.
    """

    at: str
    network: str
    account: str
    action: Action
    key: str | None
    id: str
    url: str | None
    text: str
    link: str | None
    media: tuple[LoggedMedium, ...]
    digest: str
    called: tuple[str, ...] = ()

    def as_line(self) -> str:
        """The entry as one line of JSON, without the line break."""
        return json.dumps(asdict(self), separators=(",", ":"))


class Truth:
    """The log, in memory and, given a folder, in `truth.jsonl` there.

    An entry is on the disk (flushed and synced) before `append` returns, and a network answers only after that: what a
    client was told is in the log even if the machine stops. A log is never emptied: a start or a reset on a folder that
    has one keeps it under a number.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = asyncio.Lock()
        self._entries: list[Entry] = []
        self._file: TextIO | None = None
        self._open()

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    async def append(self, entry: Entry) -> None:
        """Write one entry for good."""
        async with self._lock:
            if self._file is not None:
                await asyncio.to_thread(_write, self._file, entry.as_line())
            self._entries.append(entry)

    async def reset(self) -> None:
        """Begin a new log; the old file stays under a number."""
        async with self._lock:
            self.close()
            self._entries.clear()
            await asyncio.to_thread(self._open)

    def close(self) -> None:
        """Close the file; what was appended is already safe."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def posts(self, network: str, account: str | None = None) -> tuple[Entry, ...]:
        """The posts a network took, oldest first."""
        return tuple(
            entry
            for entry in self._entries
            if entry.action is Action.POST and entry.network == network and account in (None, entry.account)
        )

    def lines(self) -> str:
        """The whole log as JSON lines."""
        return "".join(entry.as_line() + "\n" for entry in self._entries)

    def _open(self) -> None:
        if self._folder is None:
            return
        path = self._folder / "truth.jsonl"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if path.exists():
                path.rename(_free_name(path))
            self._file = path.open("x", encoding="utf-8")
        except OSError as cause:
            remedy = "give the sandbox a folder it may write to with --state"
            raise CannotWrite(str(path), cause.strerror or "cannot be created", remedy) from cause


def summary_of(entries: tuple[Entry, ...]) -> dict[str, Any]:
    """What was taken, counted in the ways a verdict needs.

    `counts` by network and action; `keys` and `links`: one row for each (network, account, key or link) with how many
    posts, edits, deletes and repeats it got; `duplicates` are the link rows with more than one post; `orphan_media` the
    uploads that no post or edit uses.
    """
    counts: dict[str, Counter[str]] = {}
    used: set[tuple[str, str, str]] = set()
    uploaded: set[tuple[str, str, str]] = set()
    for entry in entries:
        counts.setdefault(entry.network, Counter())[entry.action] += 1
        media = {(entry.network, entry.account, medium.id) for medium in entry.media}
        if entry.action is Action.MEDIA:
            uploaded |= media
        else:
            used |= media
    links = _rows(entries, "link")
    return {
        "counts": {network: dict(counter) for network, counter in counts.items()},
        "keys": _rows(entries, "key"),
        "links": links,
        "duplicates": [row for row in links if row["post"] > 1],
        "orphan_media": len(uploaded - used),
    }


def _rows(entries: tuple[Entry, ...], name: str) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in entries:
        value = getattr(entry, name)
        if value is None or entry.action not in ABOUT_A_POST:
            continue
        fresh = {"network": entry.network, "account": entry.account, name: value}
        fresh |= {action.value: 0 for action in ABOUT_A_POST}
        rows.setdefault((entry.network, entry.account, value), fresh)[entry.action] += 1
    return list(rows.values())


def _write(file: TextIO, line: str) -> None:
    file.write(line + "\n")
    file.flush()
    os.fsync(file.fileno())


def _free_name(path: Path) -> Path:
    number = 1
    while (older := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    return older
