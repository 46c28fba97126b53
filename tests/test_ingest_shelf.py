"""What a pass puts on the shelf and takes away, and what it says of items that feeds cannot tell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest_asyncio
from lxml import etree
from msgspec import structs
from PIL import Image as Pictures
from structlog.testing import capture_logs

from newsroom import NEWS, SITE, Newsroom, picture
from syndicate.content.folder import FolderStore
from syndicate.feeds.entry import tag_of
from syndicate.feeds.tombstone import TombstoneRules
from syndicate.ingest import Ingest
from syndicate.ports.content import Indexed, Scan
from syndicate.shelf.folder import FolderShelf


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    """A store with items 1 and 2, seen before."""
    room = Newsroom(tmp_path)
    room.write("1.md")
    room.write("2.md")
    async with room:
        await room.look()
        yield room


async def test_what_was_taken_away_was_not_written(room: Newsroom) -> None:
    room.put("3.png", picture())
    room.write("3.md", featuredImage={"href": "3.png", "alt": "A heron"}, section="Rare")
    first = await room.look()
    (room.content / "3.md").unlink()

    second = await room.look()

    assert [path for path in first.written if path.startswith("media/")] == list(second.dropped)[:1]
    assert {path.partition("/")[0] for path in second.dropped} == {"media", "section"}
    assert (first.dropped, set(second.written) & set(second.dropped)) == ((), set())


class CountingShelf(FolderShelf):
    """A shelf that counts how often all its files are asked for."""

    lists = 0

    def paths(self) -> frozenset[str]:
        self.lists += 1
        return super().paths()


async def test_shelf_is_listed_once_however_many_images_there_are(room: Newsroom) -> None:
    shelf = CountingShelf(room.feeds)
    room.ingest = Ingest(room.store, room.outbox, shelf, SITE, (NEWS,), rules="rules-1", clock=lambda: room.now)
    for number in range(3, 9):
        room.put(f"{number}.png", picture(size=(60, 40 + number)))
        room.write(f"{number}.md", featuredImage={"href": f"{number}.png", "alt": "A heron"})

    done = await room.look()

    assert len([path for path in done.written if path.startswith("media/")]) == 6
    assert shelf.lists == 1


class PuttingShelf(FolderShelf):
    """A shelf that remembers what was made for it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.puts: list[str] = []

    def put_all(self, contents: Mapping[str, bytes]) -> frozenset[str]:
        self.puts += contents
        return super().put_all(contents)


async def restarted(room: Newsroom) -> list[str]:
    """The feeds that the first pass of another process makes."""
    shelf = PuttingShelf(room.feeds)
    room.ingest = Ingest(room.store, room.outbox, shelf, SITE, (NEWS,), rules="rules-1", clock=lambda: room.now)
    await room.look()
    return [path for path in shelf.puts if path.endswith(("rss.xml", "atom.xml", "feed.json"))]


async def test_a_start_makes_no_feed_that_stands_as_it_must(room: Newsroom) -> None:
    whole = room.shelved()

    assert await restarted(room) == []
    assert room.shelved() == whole


async def test_a_start_makes_feeds_anew_that_changed_or_were_changed(room: Newsroom) -> None:
    whole = room.shelved()
    (room.feeds / "all/rss.xml").write_bytes(b"by hand")

    assert await restarted(room) == ["all/rss.xml"]
    assert room.shelved()["all/rss.xml"][0] == whole["all/rss.xml"][0]
    room.write("3.md", title="Third")
    assert "all/atom.xml" in await restarted(room)
    assert "Third" in room.feed("all/atom.xml")


async def test_image_on_the_shelf_tells_nothing_but_the_picture(room: Newsroom) -> None:
    secret = Pictures.Exif()
    secret[0x0112] = 6
    secret.get_ifd(0x8825)[29] = "Canary Wharf"
    photo = BytesIO()
    Pictures.new("RGB", (60, 40), "teal").save(photo, "JPEG", exif=secret, comment=b"Canary Wharf")
    room.put("3.jpg", photo.getvalue())
    room.write("3.md", featuredImage={"href": "3.jpg", "alt": "A heron"})

    await room.look()

    [(path, (content, _))] = [(path, told) for path, told in room.shelved().items() if path.startswith("media/")]
    assert b"Canary" in photo.getvalue()
    assert b"Canary" not in content
    assert Pictures.open(BytesIO(content)).size == (40, 60)
    assert path == f"media/{hashlib.sha256(content).hexdigest()[:16]}.jpg"
    assert f'length="{len(content)}"' in room.feed("all/rss.xml")
    assert f'fileSize="{len(content)}" width="40" height="60"' in room.feed("all/rss.xml")


class VerboseStore(FolderStore):
    """A store whose items titled `Huge` have more text than an XML parser takes."""

    def scan(self, known: Mapping[str, Indexed], near: Collection[Path] | None = None) -> Scan:
        scan = super().scan(known, near)
        files = {path: self._grown(one) for path, one in scan.files.items()}
        return structs.replace(scan, files=files)

    def _grown(self, one: Indexed) -> Indexed:
        if one.item is None or one.item.title != "Huge":
            return one
        return structs.replace(one, item=replace(one.item, body_html="x" * 10_000_001))


async def test_item_that_no_feed_can_tell_is_a_fault_until_it_is_gone(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, store=VerboseStore)
    room.write("1.md")
    huge = room.write("2.md", title="Huge")
    async with room:
        with capture_logs() as events:
            told = [await room.look(), await room.look()]
            room.write("3.md")
            told.append(await room.look())
            huge.unlink()
            told.append(await room.look())

        assert [[(one.code, one.path) for one in done.errors] for done in told] == [[("E-ENTRY", "2.md")]] * 3 + [[]]
        assert [one["path"] for one in events if one["event"] == "entry_left_out"] == ["2.md"]
        assert {entry["title"] for entry in json.loads(room.feed())["items"]} == {"Title 1", "Title 3"}


def gone(room: Newsroom, feed: str = "all") -> list[tuple[str | None, str | None]]:
    """What an Atom feed tells of items that left: id and time."""
    root = etree.parse(room.feeds / feed / "atom.xml").getroot()
    found = root.iter("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    return [(one.get("ref"), one.get("when")) for one in found]


async def test_item_that_left_is_told_of_over_restarts_until_it_is_back(room: Newsroom) -> None:
    def restart() -> None:
        shelf = FolderShelf(room.feeds)
        site = structs.replace(SITE, tombstones=TombstoneRules(10, timedelta(days=30)))
        room.ingest = Ingest(room.store, room.outbox, shelf, site, (NEWS,), rules="rules-1", clock=lambda: room.now)

    lost = next(one.item for one in (await room.outbox.index("rules-1")).values() if one.path.endswith("2.md"))
    assert lost is not None
    (room.content / "2.md").unlink()
    restart()
    await room.look()
    left_at = room.now.replace(microsecond=0).isoformat()
    expected = [(tag_of(lost.id, SITE), left_at)]
    assert gone(room) == expected

    room.now += timedelta(days=1)
    restart()
    await room.look()
    assert gone(room) == expected

    room.write("2.md")
    await room.look()
    assert gone(room) == []
    restart()
    await room.look()
    assert gone(room) == []
    assert await room.outbox.tombstones() == {}
