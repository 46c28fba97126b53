"""Many files are read by several processes: what they find is what one would have found."""

from __future__ import annotations

import pickle
import signal
import subprocess
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from content.storing import LONG_AGO_NS, NOTHING, RULES, Clock, clock, item_text, picture, put
from impostor import impostor
from syndicate import workers
from syndicate.content import readers
from syndicate.content.folder import FolderStore
from syndicate.errors import Stopped

__all__ = ["clock"]  # fixtures

FILES = 120


@pytest.fixture
def side_by_side(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Two processes read whatever is more than a few files; gives those that were started."""
    processes: list[subprocess.Popen[bytes]] = []

    def started(module: str) -> subprocess.Popen[bytes]:
        processes.append(readers_start(module))
        return processes[-1]

    readers_start = workers.started
    monkeypatch.setattr(workers, "started", started)
    monkeypatch.setattr(readers, "MANY", 3)
    monkeypatch.setattr(readers, "cores", lambda: 2)
    return processes


@pytest.fixture
def content(tmp_path: Path, clock: Clock) -> Path:
    store = FolderStore(tmp_path, RULES, clock=clock)
    for number in range(FILES):
        put(store, f"{number % 7}/{number:03}.md", item_text(number, image="../pic.png" if number % 9 == 0 else ""))
    put(store, "pic.png", picture())
    put(store, "0/broken.md", "---\ntitle: [\n---\n")
    put(store, "0/draft.md", item_text(997).replace("title: T", "title: T\ndraft: true"))
    put(store, "0/no-item.md", "Just words.\n")
    put(store, "0/no-picture.md", item_text(998, image="gone.png"))
    put(store, "0/half.md", item_text(999), at=clock.now - 10**6)
    return tmp_path


@pytest.mark.parametrize("name", ["", "news"])
def test_several_processes_find_what_one_finds(
    content: Path, clock: Clock, side_by_side: list[subprocess.Popen[bytes]], name: str
) -> None:
    many = FolderStore(content, RULES, clock=clock, name=name).scan(NOTHING)
    assert len(side_by_side) == 2
    assert [process.poll() is not None for process in side_by_side] == [True, True]
    readers.MANY = 10_000

    one = FolderStore(content, RULES, clock=clock, name=name).scan(NOTHING)

    assert len(one.items) == FILES + 1
    assert len(side_by_side) == 2
    assert (many.files, many.read, many.waiting, many.faults) == (one.files, one.read, one.waiting, one.faults)
    assert all(found.item is None or found.item.is_as_packed for found in many.files.values())


def test_a_process_that_dies_costs_no_file(
    content: Path, clock: Clock, side_by_side: list[subprocess.Popen[bytes]]
) -> None:
    def kill(done: int, _total: int) -> None:
        if done == 1:
            for process in side_by_side:
                process.kill()

    found = FolderStore(content, RULES, clock=clock, tell=kill).scan(NOTHING)

    assert len(found.items) == FILES + 1


def test_a_process_that_hangs_costs_no_file_and_little_time(
    content: Path, clock: Clock, side_by_side: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = workers.started

    def frozen(module: str) -> subprocess.Popen[bytes]:
        process = start(module)
        process.send_signal(signal.SIGSTOP)
        return process

    monkeypatch.setattr(workers, "started", frozen)
    monkeypatch.setattr(workers, "PATIENCE_S", 0.01)

    with capture_logs() as events:
        found = FolderStore(content, RULES, clock=clock).scan(NOTHING)

    assert len(found.items) == FILES + 1
    assert [(one["event"], one["reason"]) for one in events] == [("worker_failed", "no answer in 0.01 s")]
    assert [process.poll() is not None for process in side_by_side] == [True, True]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(b"cos\nmkdir\n(Vtold\ntR.", "it told of os.mkdir", id="a call"),
        pytest.param(pickle.dumps([None]), "it told of other things", id="other files"),
        pytest.param(pickle.dumps([(None, b"2nonsense", None, ())] * 50), "Ran out of input", id="damaged items"),
    ],
)
def test_a_process_that_was_taken_over_can_tell_nothing_but_values(
    content: Path, clock: Clock, side_by_side: object, monkeypatch: pytest.MonkeyPatch, answer: bytes, reason: str
) -> None:
    monkeypatch.setattr(workers, "started", impostor(answer))
    monkeypatch.chdir(content)

    with capture_logs() as events:
        found = FolderStore(content, RULES, clock=clock).scan(NOTHING)

    assert len(found.items) == FILES + 1
    assert events[0]["reason"] == reason
    assert not (content / "told").exists()


def test_work_that_is_stopped_leaves_no_process(
    content: Path, clock: Clock, side_by_side: list[subprocess.Popen[bytes]]
) -> None:
    def stop(done: int, _total: int) -> None:
        raise Stopped(f"at {done}")

    with pytest.raises(Stopped):
        FolderStore(content, RULES, clock=clock, tell=stop).scan(NOTHING)

    assert [process.poll() is not None for process in side_by_side] == [True, True]


def test_work_that_is_stopped_waits_for_no_process_that_hangs(
    content: Path, clock: Clock, side_by_side: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = workers.started

    def frozen(module: str) -> subprocess.Popen[bytes]:
        process = start(module)
        process.send_signal(signal.SIGSTOP)
        return process

    def stop(done: int, total: int) -> None:
        raise Stopped(f"at {done} of {total}")

    monkeypatch.setattr(workers, "started", frozen)
    monkeypatch.setattr(workers, "TURN_S", 0.01)

    with pytest.raises(Stopped, match=f"at 0 of {FILES + 5}"):
        FolderStore(content, RULES, clock=clock, tell=stop).scan(NOTHING)

    assert [process.poll() is not None for process in side_by_side] == [True, True]


def test_only_files_that_nothing_is_known_of_are_read_so(
    content: Path, clock: Clock, side_by_side: list[subprocess.Popen[bytes]]
) -> None:
    store = FolderStore(content, RULES, clock=clock)
    first = store.scan(NOTHING)
    put(store, "1/001.md", item_text(1, title="Edited"), at=LONG_AGO_NS + 1)
    put(store, "0/new.md", item_text(1000))

    second = store.scan(first.files)

    assert second.read == ("0/new.md", "1/001.md")
    assert len(side_by_side) == 2


def test_without_room_for_processes_files_are_read_by_the_caller(
    content: Path, clock: Clock, side_by_side: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_module: str) -> subprocess.Popen[bytes]:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(workers, "started", refused)

    found = FolderStore(content, RULES, clock=clock).scan(NOTHING)

    assert len(found.items) == FILES + 1
    assert side_by_side == []
