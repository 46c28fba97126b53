"""Many documents are made by several processes: what they make is what one would have made."""

from __future__ import annotations

import pickle
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from feeds.store import AUTOMATION, CODING, SITE, day, make_item, small_store
from impostor import impostor
from syndicate import workers
from syndicate.content.folder import FolderStore
from syndicate.errors import ConfigError, Stopped
from syndicate.feeds.feed import newest_of
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.query import Query, Terms
from syndicate.feeds.site import KINDS, Named, Shape, Site
from syndicate.feeds.tombstone import Tombstone, TombstoneRules
from syndicate.items.item import Item, Offering
from syndicate.items.presets import rules_of
from syndicate.items.snapshot import pack, unpack
from syndicate.shelf import pressroom
from syndicate.shelf.folder import FolderShelf
from syndicate.shelf.pressroom import Pressroom
from syndicate.shelving import Shelved, Shelving

RICH = structs.replace(
    SITE,
    kinds=KINDS,
    least=1,
    size=3,
    most_bytes=100_000_000,
    hubs=("https://hub.example/",),
    named=(Named("short", Query(topics=Terms(("mesh-automation",))), shape=Shape(size=9, content="summary")),),
    shapes={"tag": Shape(formats=("json",))},
    moved=(("old/coding", "symplur-medical-coding"),),
    tombstones=TombstoneRules(9, timedelta(days=400)),
    pages=PageRules(share="page", has_sitemap=True, has_robots=True, words=(("source", "From"),)),
)
UNTOLD = make_item(70, body_html="x" * 10_000_001, topics=(CODING,), title="Too much")
ITEMS = newest_of(
    [
        *small_store(),
        *(make_item(number, topics=(AUTOMATION, CODING)[: number % 3], tags=("a",)) for number in range(10, 50)),
        unpack(pack(make_item(60, offerings=(Offering("Scanner", "https://shop.example/"),), authors=("Bo Ling",)))),
        unpack(pack(make_item(61, topics=(AUTOMATION,)))).with_topics((structs.replace(AUTOMATION, label="Robots"),)),
        UNTOLD,
    ]
)


@pytest.fixture
def side_by_side(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Two processes make whatever is more than a few documents; gives those that were started."""
    processes: list[subprocess.Popen[bytes]] = []
    start = workers.started

    def started(module: str) -> subprocess.Popen[bytes]:
        processes.append(start(module))
        return processes[-1]

    monkeypatch.setattr(workers, "started", started)
    monkeypatch.setattr(pressroom, "MANY", 3)
    monkeypatch.setattr(pressroom, "_TOGETHER", 5)
    monkeypatch.setattr(pressroom, "cores", lambda: 2)
    return processes


Tell = Callable[[int, int], None]


class Room:
    """A shelf that one process fills, or several."""

    def __init__(self, folder: Path, site: Site = RICH, *, is_shared: bool = True) -> None:
        self.folder = folder
        self.kept = Shelving(FolderStore(folder, rules_of("generic")), FolderShelf(folder), site)
        self.kept.pressroom = Pressroom(site) if is_shared else None

    def put(
        self, items: dict[str, Item] = ITEMS, tell: Callable[[int, int], None] = lambda done, total: None
    ) -> Shelved:
        stone = Tombstone("curations:99", day(9), ("all", "topic:symplur-medical-coding"))
        return self.kept.put(items, day(99), topics=[CODING], tombstones=[stone], tell=tell)

    @property
    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """What one process makes."""
    room = Room(tmp_path_factory.mktemp("alone"), is_shared=False)
    room.put()
    return room


@pytest.fixture
def together(tmp_path: Path) -> Room:
    return Room(tmp_path / "together")


def are_ended(processes: list[subprocess.Popen[bytes]]) -> list[bool]:
    return [process.poll() is not None for process in processes]


def test_several_processes_make_what_one_makes(
    alone: Room, together: Room, side_by_side: list[subprocess.Popen[bytes]]
) -> None:
    told: list[int] = []

    with capture_logs() as events:
        together.put(tell=lambda done, total: told.append(done))

    assert together.files == alone.files
    assert {"all/rss.xml", "old/coding/atom.xml", "feed/short/feed.json", "sitemap.xml"} <= together.files.keys()
    assert len([path for path in together.files if "/archive/" in path]) > 100
    assert len([path for path in together.files if path.startswith("item/")]) == len(ITEMS)
    assert told == list(range(1, len(told) + 1))
    assert together.kept.left_out == alone.kept.left_out != ()
    assert [one["event"] for one in events] == ["image_not_shelved", "entry_left_out"]
    assert are_ended(side_by_side) == [True, True]


def test_later_passes_go_on_from_there(
    alone: Room, together: Room, side_by_side: list[subprocess.Popen[bytes]]
) -> None:
    together.put()
    edited = ITEMS | {UNTOLD.id: replace(UNTOLD, body_html="<p>Less.</p>")}

    assert together.put().written == ()
    assert together.kept.left_out != ()
    assert "all/rss.xml" in together.put(edited).written
    assert together.kept.left_out == ()
    assert b"Too much" in together.files["all/rss.xml"]


def test_few_documents_are_made_by_the_caller(
    alone: Room, together: Room, side_by_side: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pressroom, "MANY", 10_000)

    together.put()

    assert together.files == alone.files
    assert side_by_side == []


def test_a_process_that_dies_costs_no_document(
    alone: Room, together: Room, side_by_side: list[subprocess.Popen[bytes]]
) -> None:
    def kill(done: int, _total: int) -> None:
        if done == 3:
            side_by_side[0].kill()
        if done == 30:
            side_by_side[1].kill()

    together.put(tell=kill)

    assert together.files == alone.files
    assert together.kept.left_out == alone.kept.left_out


def frozen_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    start = workers.started

    def frozen(module: str) -> subprocess.Popen[bytes]:
        process = start(module)
        process.send_signal(signal.SIGSTOP)
        return process

    monkeypatch.setattr(workers, "started", frozen)


def test_a_process_that_hangs_costs_no_document_and_little_time(
    alone: Room, together: Room, side_by_side: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen_at_the_start(monkeypatch)
    monkeypatch.setattr(workers, "PATIENCE_S", 0.01)

    with capture_logs() as events:
        together.put()

    assert together.files == alone.files
    failed = [(one["work"], one["reason"]) for one in events if one["event"] == "worker_failed"]
    assert failed == [("pressing", "no answer in 0.01 s")]
    assert are_ended(side_by_side) == [True, True]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"cos\nmkdir\n(Vtold\ntR.", id="a call"),
        pytest.param(pickle.dumps([]), id="other documents"),
        pytest.param(pickle.dumps(["text"]) * 99, id="no documents"),
    ],
)
def test_a_process_that_was_taken_over_can_tell_nothing_but_documents(
    alone: Room, together: Room, side_by_side: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: bytes
) -> None:
    monkeypatch.setattr(workers, "started", impostor(answer))
    monkeypatch.setattr(pressroom, "_TOGETHER", 1)
    monkeypatch.chdir(tmp_path)

    together.put()

    assert together.files == alone.files
    assert not (tmp_path / "told").exists()


def test_without_room_for_processes_documents_are_made_by_the_caller(
    alone: Room, together: Room, side_by_side: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_module: str) -> subprocess.Popen[bytes]:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(workers, "started", refused)

    together.put()

    assert together.files == alone.files


def test_what_a_document_cannot_be_made_for_is_told_as_without_processes(
    tmp_path: Path, side_by_side: list[subprocess.Popen[bytes]]
) -> None:
    broken = structs.replace(RICH, pages=PageRules(share="page", templates=(("share.html", "{{ nothing.at.all }}"),)))

    with pytest.raises(ConfigError, match="nothing"):
        Room(tmp_path / "together", broken).put()

    assert are_ended(side_by_side) == [True, True]


def test_work_that_is_stopped_leaves_no_process(together: Room, side_by_side: list[subprocess.Popen[bytes]]) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 3:
            raise Stopped("here")

    together.kept.brake = stop
    with pytest.raises(Stopped):
        together.put()

    assert are_ended(side_by_side) == [True, True]


def test_work_that_is_stopped_waits_for_no_process_that_hangs(
    together: Room, side_by_side: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen_at_the_start(monkeypatch)
    monkeypatch.setattr(workers, "TURN_S", 0.01)

    def stop(done: int, total: int) -> None:
        raise Stopped(f"at {done} of many" if total > 100 else "too early")

    together.kept.brake = stop
    with pytest.raises(Stopped, match="at 0 of many"):
        together.put()

    assert are_ended(side_by_side) == [True, True]
