"""A real store, outbox and shelf in a temporary folder, with a clock set by hand: the rig of ingest tests."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from PIL import Image as Pictures

from syndicate.content.folder import FolderStore
from syndicate.feeds.site import Site
from syndicate.ingest import Ingest, Pass
from syndicate.items.presets import rules_of
from syndicate.outbox.delivery import Delivery, State
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.outbox import Acceptance
from syndicate.shelf.folder import FolderShelf

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NEWS = ChannelPlan("news", "social.example")
RULES = rules_of("generic", site_url="https://marsh.example/")
SITE = Site(
    "Marsh Notes",
    "https://marsh.example/",
    "Birds",
    "https://feeds.example/",
    "marsh.example,2026",
    size=20,
    most_bytes=100_000_000,
)


class PowerCut(Exception):
    """The process ends here."""


class MortalOutbox(SqlOutbox):
    """An outbox that can be told to end before, or right after, its next acceptance is written."""

    ends: str = ""

    async def accept(self, acceptance: Acceptance, now: datetime) -> int:
        ends, self.ends = self.ends, ""
        if ends == "before":
            raise PowerCut
        number = await super().accept(acceptance, now)
        if ends == "after":
            raise PowerCut
        return number


class Newsroom:
    """One publisher's view; `restart` makes a new process of it."""

    def __init__(self, folder: Path, *channels: ChannelPlan, store: type[FolderStore] = FolderStore) -> None:
        self.folder = folder
        self.content = folder / "content"
        self.feeds = folder / "feeds"
        self.content.mkdir(exist_ok=True)
        self.now = NOW
        self.channels: tuple[ChannelPlan, ...] = channels or (NEWS,)
        self.rules = "rules-1"
        self._store = store

    async def __aenter__(self) -> Newsroom:
        self.outbox = MortalOutbox(self.folder / "state" / "outbox.sqlite3")
        await self.outbox.__aenter__()
        self.store = self._store(self.content, RULES, clock=lambda: int(self.now.timestamp() * 1e9))
        shelf = FolderShelf(self.feeds)
        self.ingest = Ingest(
            self.store, self.outbox, shelf, SITE, self.channels, rules=self.rules, clock=lambda: self.now
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.outbox.__aexit__(None, None, None)

    async def restart(self, *channels: ChannelPlan) -> None:
        await self.__aexit__()
        self.channels = channels or self.channels
        await self.__aenter__()

    async def look(self, after: timedelta = timedelta(minutes=1), *, near: Collection[Path] | None = None) -> Pass:
        """One pass, a while later."""
        self.now += after
        return await self.ingest.run(near=near)

    def write(self, name: str, *, age: timedelta = timedelta(hours=1), body: str = "Body.", **front: Any) -> Path:
        """An item's file, left alone for so long; the id and all else follow from the name unless given."""
        number = int(Path(name).stem)
        values = {
            "id": number,
            "title": f"Title {number}",
            "date": self.now - timedelta(hours=2, minutes=number),
            "link": f"https://herons.example/{number}",
            "categories": ["Water Birds"],
            "section": "News",
            "slug": f"slug-{number}",
            "description": f"What happened, part {number}.",
        }
        text = f"---\n{yaml.safe_dump(values | front)}---\n{body}\n"
        return self.put(name, text.encode(), age=age)

    def put(self, name: str, content: bytes, *, age: timedelta = timedelta(hours=1)) -> Path:
        path = self.content / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        at = int((self.now - age).timestamp() * 1e9)
        os.utime(path, ns=(at, at))
        return path

    def shelved(self) -> dict[str, tuple[bytes, int]]:
        """Every file readers can get: bytes and time of change."""
        return {path.relative_to(self.feeds).as_posix(): told for path, told in self._files()}

    def feed(self, path: str = "all/feed.json") -> str:
        return (self.feeds / path).read_text(encoding="utf-8")

    async def deliveries(self, channel: str = "news") -> dict[str, Delivery]:
        return {one.item_id: one for one in await self.outbox.deliveries(channel=channel)}

    async def states(self, channel: str = "news") -> dict[str, State]:
        return {item_id: one.state for item_id, one in (await self.deliveries(channel)).items()}

    def _files(self) -> Iterator[tuple[Path, tuple[bytes, int]]]:
        for path in sorted(self.feeds.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path, (path.read_bytes(), path.stat().st_mtime_ns)


def picture(colour: str = "teal", size: tuple[int, int] = (60, 40)) -> bytes:
    stream = BytesIO()
    Pictures.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()
