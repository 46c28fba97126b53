"""Documents are written some at a time: in order, and whole when anything comes in between."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from feeds.store import SITE, small_store
from syndicate import shelving
from syndicate.content.folder import FolderStore
from syndicate.errors import CannotWrite, Stopped
from syndicate.feeds.feed import LATEST
from syndicate.items.presets import rules_of
from syndicate.shelf.folder import FolderShelf
from syndicate.shelf.sealed import SEALS
from syndicate.shelving import Shelving

ITEMS = {item.id: item for item in small_store()}


class Shelf(FolderShelf):
    """Tells what was put together; refuses a document that is named."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.together: list[tuple[str, ...]] = []
        self.refused = ""

    def put_all(self, contents: Mapping[str, bytes]) -> frozenset[str]:
        if self.refused in contents:
            raise CannotWrite(self.refused, "no room", "make some")
        self.together.append(tuple(contents))
        return super().put_all(contents)


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelving, "_TOGETHER_BYTES", 1)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "feeds")


@pytest.fixture
def kept(shelf: Shelf, tmp_path: Path) -> Shelving:
    return Shelving(FolderStore(tmp_path, rules_of("generic")), shelf, SITE)


def test_documents_are_written_in_their_order(shelf: Shelf, kept: Shelving) -> None:
    told: list[int] = []

    shelved = kept.put(ITEMS, LATEST, tell=lambda done, total: told.append(done))

    written = [path for paths in shelf.together for path in paths if path in shelved.written]
    assert [len(paths) for paths in shelf.together] == [1] * len(written)
    assert shelved.written[-len(written) :] == tuple(written)
    assert shelf.paths() >= set(written) > {"all/rss.xml", "index.opml"}
    assert told == list(range(1, len(written) + 1))


def test_what_cannot_be_written_is_told_and_all_is_written_anew(shelf: Shelf, kept: Shelving) -> None:
    shelf.refused = "all/atom.xml"
    with pytest.raises(CannotWrite):
        kept.put(ITEMS, LATEST)
    shelf.refused = ""

    assert "all/atom.xml" in kept.put(ITEMS, LATEST).written


def test_whoever_ends_the_work_finds_whole_documents(shelf: Shelf, kept: Shelving) -> None:
    def brake(done: int, total: int) -> None:
        if done == 3:
            raise Stopped("here")

    kept.brake = brake
    with pytest.raises(Stopped):
        kept.put(ITEMS, LATEST)

    assert [paths for paths in shelf.together if len(paths) != 1] == []
    assert len(shelf.together) == 3
    assert shelf.paths() >= {path for paths in shelf.together for path in paths}


def test_damage_that_does_not_show_is_mended_by_whoever_is_not_sure(shelf: Shelf, tmp_path: Path) -> None:
    def another() -> Shelving:
        return Shelving(FolderStore(tmp_path, rules_of("generic")), FolderShelf(tmp_path / "feeds"), SITE)

    another().put(ITEMS, LATEST)
    file = tmp_path / "feeds" / "all" / "rss.xml"
    whole, seen = file.read_bytes(), file.stat()
    with file.open("r+b") as damaged:
        damaged.write(b"?")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert another().put(ITEMS, LATEST).written == ()

    assert another().put(ITEMS, LATEST, is_sure=False).written == ("all/rss.xml",)
    assert file.read_bytes() == whole


def test_seals_that_cannot_be_kept_cost_no_pass(shelf: Shelf, kept: Shelving, tmp_path: Path) -> None:
    (tmp_path / "feeds" / SEALS).mkdir()

    with capture_logs() as events:
        shelved = kept.put(ITEMS, LATEST)

    assert "all/rss.xml" in shelved.written
    assert events[-1]["event"] == "seals_not_kept"
