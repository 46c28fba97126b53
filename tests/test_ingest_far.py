"""Files whose times are of another century, or whose inodes have all 64 bits: they are read once, like others."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from newsroom import Newsroom
from syndicate.regular import stamp_of
from syndicate.shelf.folder import FolderShelf
from syndicate.shelf.version import Versions

ROOM = 2**63

Facts = Callable[[os.stat_result], tuple[int, int, int]]


def told(size_bytes: int, mtime_ns: int, inode: int) -> os.stat_result:
    return cast(os.stat_result, SimpleNamespace(st_size=size_bytes, st_mtime_ns=mtime_ns, st_ino=inode))


@pytest.mark.parametrize(
    ("mtime_ns", "inode", "kept"),
    [
        (1_764_000_000_123_456_789, 42, (7, 1_764_000_000_123_456_789, 42)),
        (-5, 0, (7, -5, 0)),
        (253_370_764_800 * 10**9, 2**64 - 1, (7, ROOM - 1, ROOM - 1)),
        (-30_610_224_000 * 10**9, 2**63 + 9, (7, 1 - ROOM, 9)),
    ],
)
def test_facts_have_room_in_a_number_of_64_bits_with_a_sign(
    mtime_ns: int, inode: int, kept: tuple[int, int, int]
) -> None:
    assert stamp_of(told(7, mtime_ns, inode)) == kept


@pytest.mark.parametrize("far_ns", [2**64, -(2**65)], ids=["after", "before"])
async def test_store_of_another_century_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, far_ns: int
) -> None:
    def far(facts: os.stat_result) -> tuple[int, int, int]:
        return stamp_of(told(facts.st_size, facts.st_mtime_ns + far_ns, facts.st_ino | 2**63))

    for module in ("file", "folder", "sweep"):
        monkeypatch.setattr(f"syndicate.content.{module}.stamp_of", far)
    room = Newsroom(tmp_path)
    async with room:
        room.write("1.md")
        first = [await room.look(), await room.look()]  # one of the future may still be written at the first look
        await room.restart()
        second = await room.look()
        stands = room.store.stands("1.md", (await room.outbox.index(room.rules))["1.md"].stamp)

    assert sum(done.new for done in first) == 1
    assert (second.new, second.revised, second.written) == (0, 0, ())
    assert stands


async def test_file_of_another_century_is_read_served_and_made_anew(tmp_path: Path) -> None:
    room = Newsroom(tmp_path)
    async with room:
        item = room.write("1.md")
        os.utime(item, (16_000_000_000, 16_000_000_000))  # in 2477; a file system may put its last one in its place
        first = [await room.look(), await room.look()]
        feed = room.feeds / "all" / "rss.xml"
        os.utime(feed, (16_000_000_000, 16_000_000_000))
        await room.restart()
        second = await room.look()
        served = Versions(room.feeds).find(("all", "rss.xml"), is_text=True)

    assert (sum(done.new for done in first), second.new) == (1, 0)
    assert served is not None
    assert served.content == feed.read_bytes()
    assert FolderShelf(room.feeds).sealed().keys() >= {"all/rss.xml"}
