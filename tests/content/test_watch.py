from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from syndicate.content.below import Below, folders_below
from syndicate.content.bursts import HAS_INOTIFY
from syndicate.content.passing import is_passing
from syndicate.content.watch import Stirred, wake


def hear_by(monkeypatch: pytest.MonkeyPatch, watch: Callable[..., Iterator[object]]) -> None:
    """Have this in the place of watchfiles, also where inotify would be used."""
    monkeypatch.setattr("syndicate.content.bursts.HAS_INOTIFY", False)
    monkeypatch.setattr("watchfiles.watch", watch)


@pytest.fixture(params=["inotify", "watchfiles"])
def _each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once by each way in which the system tells of changes."""
    if request.param == "watchfiles":
        monkeypatch.setattr("syndicate.content.bursts.HAS_INOTIFY", False)
    elif not HAS_INOTIFY:
        pytest.skip("Linux alone has inotify")


Filter = Callable[[watchfiles.Change, str], bool]


@pytest.mark.parametrize(
    ("name", "passing"),
    [
        *((name, True) for name in (".x", ".#x", "x~", "x.tmp", "x.TMP", "x.swp", "x.part", "#x#", "4913", ".git")),
        *((name, False) for name in ("x.md", "tmp", "x.swift", "a~b.md")),
    ],
)
def test_names_of_temporary_copies_are_known(name: str, passing: bool) -> None:
    assert is_passing(name) is passing


async def _until_woken(stirred: Stirred, write: Path) -> bool:
    """Write again and again, since nothing tells when the watch has begun."""
    for number in range(50):
        await asyncio.to_thread(write.write_text, str(number))
        with suppress(TimeoutError):
            await asyncio.wait_for(stirred.wait(), 0.3)
            return True
    return False


class Judged:
    """The watch's own filter, and every path it was asked about: what came before a path was seen before it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[tuple[str, bool]] = []
        true_watch = watchfiles.watch

        def listening(*roots: str, watch_filter: Filter, **options: Any) -> Iterator[object]:
            def judge(change: watchfiles.Change, path: str) -> bool:
                answer = watch_filter(change, path)
                self.answers.append((Path(path).name, answer))
                return answer

            return true_watch(*roots, watch_filter=judge, **options)

        hear_by(monkeypatch, listening)


@pytest.mark.usefixtures("_each_way")
async def test_a_change_wakes_and_a_stop_ends(tmp_path: Path) -> None:
    (tmp_path / ".hidden" / "content").mkdir(parents=True)
    folder = tmp_path / ".hidden" / "content"
    stirred, stop = Stirred(), asyncio.Event()
    watching = asyncio.create_task(wake(folder, stirred, stop))

    woken = await _until_woken(stirred, folder / "a.md")
    places = stirred.take()
    stop.set()
    await asyncio.wait_for(watching, 10)

    assert woken
    assert places == {folder / "a.md"}


async def test_places_are_gathered_until_they_are_taken() -> None:
    stirred = Stirred()
    stirred.note([Path("/a"), Path("/b")])
    stirred.note([Path("/c")])
    await stirred.wait()
    some, none = stirred.take(), stirred.take()
    stirred.note([Path("/a")])
    stirred.note()

    assert (some, none, stirred.take()) == ({Path("/a"), Path("/b"), Path("/c")}, frozenset(), None)


async def test_temporary_names_do_not_wake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = Judged(monkeypatch)
    stirred, stop = Stirred(), asyncio.Event()
    watching = asyncio.create_task(wake(tmp_path, stirred, stop))
    assert await _until_woken(stirred, tmp_path / "a.md")

    (tmp_path / ".x.md.tmp").write_text("x")
    (tmp_path / "x.md~").write_text("x")
    # The kernel tells in order: once the watch knows of this file, it has judged the two before it.
    stirred.take()
    while ("last.md", True) not in judged.answers:
        (tmp_path / "last.md").write_text("x")
        await asyncio.wait_for(stirred.wait(), 10)
        stirred.take()
    stop.set()
    await asyncio.wait_for(watching, 10)

    assert {name: answer for name, answer in judged.answers if name != "a.md"} == {
        ".x.md.tmp": False,
        "x.md~": False,
        "last.md": True,
    }


@pytest.mark.usefixtures("_each_way")
async def test_a_missing_folder_is_an_error_for_the_caller(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        await wake(tmp_path / "nowhere", Stirred(), asyncio.Event())


class Panic(BaseException):
    """As `pyo3_runtime.PanicException`."""


@pytest.mark.parametrize(
    ("error", "told", "words"),
    [
        (RuntimeError("inotify broke"), OSError, "inotify broke"),
        (LookupError("whatever it was"), LookupError, "whatever it was"),
        (Panic("rust panicked"), OSError, "Panic: rust panicked"),
    ],
)
async def test_a_watcher_that_fails_is_an_error_for_the_caller_who_waits_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, told: type[Exception], words: str
) -> None:
    def failing(*roots: str, **options: object) -> Iterator[object]:
        raise error
        yield

    hear_by(monkeypatch, failing)

    with pytest.raises(told, match=words):
        await asyncio.wait_for(wake(tmp_path, Stirred(), asyncio.Event()), 30)


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_watcher_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    monkeypatch.setattr("syndicate.content.watch._END_S", 0.05)
    begun, is_over, stop = threading.Event(), threading.Event(), asyncio.Event()

    def hanging(*roots: str, **options: object) -> Iterator[object]:
        begun.set()
        is_over.wait(60)
        raise OSError("the mount is dead")
        yield

    hear_by(monkeypatch, hanging)
    waking = asyncio.create_task(wake(tmp_path, Stirred(), stop))
    assert await asyncio.to_thread(begun.wait, 10)

    waking.cancel() if is_cancelled else stop.set()
    ended, _ = await asyncio.wait([waking], timeout=5)
    is_over.set()

    assert ended == {waking}
    assert waking.cancelled() is is_cancelled


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems know no such names")
async def test_a_folder_whose_name_is_no_text_is_an_error_for_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicate.content.bursts.HAS_INOTIFY", False)  # which has it as it is
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    await asyncio.to_thread(folder.mkdir)

    with pytest.raises(OSError, match="does not watch"):
        await asyncio.wait_for(wake(folder, Stirred(), asyncio.Event()), 30)


@pytest.mark.usefixtures("_each_way")
async def test_a_folder_that_is_switched_is_noticed_and_the_new_one_watched(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    current = tmp_path / "current"
    current.symlink_to("one")
    stirred, stop = Stirred(), asyncio.Event()
    watching = asyncio.create_task(wake(current, stirred, stop, look_s=0.05))
    assert await _until_woken(stirred, tmp_path / "one" / "a.md")
    stirred.take()

    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(current)
    await asyncio.wait_for(stirred.wait(), 10)
    stirred.take()
    woken = await _until_woken(stirred, tmp_path / "two" / "a.md")
    stop.set()
    await asyncio.wait_for(watching, 10)

    assert woken


@pytest.mark.usefixtures("_each_way")
async def test_a_folder_that_goes_away_is_an_error_for_the_caller(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    folder.mkdir()
    stirred, stop = Stirred(), asyncio.Event()
    watching = asyncio.create_task(wake(folder, stirred, stop, look_s=0.05))
    assert await _until_woken(stirred, folder / "a.md")

    folder.rename(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="No such file"):
        await asyncio.wait_for(watching, 10)
    assert stirred.take() is None


class Told:
    """A watch that tells what it is told to, and how often it was set up and ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # no SimpleQueue: where two threads take from one, its `get` may outlast the timeout, on 3.12 for ever
        self._changes: queue.Queue[set[tuple[watchfiles.Change, str]]] = queue.Queue()
        self.ended = 0
        self.roots: list[tuple[str, ...]] = []
        monkeypatch.setattr("syndicate.content.watch._REST", 0)  # a machine that stalls would make it a long one
        hear_by(monkeypatch, self.watch)

    @property
    def begun(self) -> int:
        return len(self.roots)

    def watch(
        self, *roots: str, watch_filter: Filter, stop_event: threading.Event, **options: object
    ) -> Iterator[object]:
        self.roots.append(roots)
        try:
            while not stop_event.is_set():
                with suppress(queue.Empty):
                    yield {one for one in self._changes.get(timeout=0.005) if watch_filter(*one)}
        finally:
            self.ended += 1

    def tell(self, *changes: tuple[watchfiles.Change, Path]) -> None:
        self._changes.put({(change, str(path)) for change, path in changes})


async def _places(stirred: Stirred) -> frozenset[Path] | None:
    await asyncio.wait_for(stirred.wait(), 10)
    return stirred.take()


@asynccontextmanager
async def _waking(folder: Path, stirred: Stirred, *, stands: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    stop = asyncio.Event()
    watching = asyncio.create_task(wake(folder, stirred, stop, stands=stands))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(watching, 10)


async def _until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110  # a watch that ends tells nobody
            await asyncio.sleep(0.005)


async def test_folder_that_came_is_watched_by_a_new_watch_and_then_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicate.content.watch._ALL_TOLD_S", 0)
    told, stirred = Told(monkeypatch), Stirred()

    (tmp_path / "new" / "below").mkdir(parents=True)
    true_look, looks = folders_below, iter([Below(frozenset({str(tmp_path)}), frozenset())] * 2)
    monkeypatch.setattr("syndicate.content.watch.folders_below", lambda *asked: next(looks, None) or true_look(*asked))

    async with _waking(tmp_path, stirred):
        told.tell((watchfiles.Change.added, tmp_path / "new"), (watchfiles.Change.deleted, tmp_path / "old"))
        seen = [await _places(stirred), await _places(stirred)]
        await _until(lambda: told.ended == 1)

    assert seen == [{tmp_path / "new", tmp_path / "old"}, {tmp_path / "new"}]
    assert [{Path(root) for root in roots} for roots in told.roots] == [
        {tmp_path},
        {tmp_path, tmp_path / "new", tmp_path / "new" / "below"},
    ]


async def test_many_folders_are_watched_by_several_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.content.watch._TOGETHER", 2)
    told, stirred, stood = Told(monkeypatch), Stirred(), asyncio.Event()
    for name in "abcd":
        (tmp_path / name).mkdir()

    async with _waking(tmp_path, stirred, stands=stood.set):
        await asyncio.wait_for(stood.wait(), 10)
        roots = list(told.roots)

    assert [tuple(Path(root).name for root in each) for each in roots] == [(tmp_path.name, "a"), ("b", "c"), ("d",)]
    assert told.ended == 3


async def test_no_more_watches_are_made_than_former_ones_leave_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicate.content.watch._MOST_WATCHES", 1)
    monkeypatch.setattr("syndicate.content.watch._ALL_TOLD_S", 0.3)
    told, stirred, together = Told(monkeypatch), Stirred(), 0

    async with _waking(tmp_path, stirred):
        for number in range(1, 4):
            (tmp_path / f"d{number}").mkdir()
            told.tell((watchfiles.Change.added, tmp_path / f"d{number}"))
            await _until(lambda wanted=number: told.begun > wanted)  # type: ignore[misc]  # its default is the number
            together = max(together, told.begun - told.ended)

    assert together <= 2


async def test_former_watch_is_heard_until_it_told_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, stirred = Told(monkeypatch), Stirred()
    (tmp_path / "new").mkdir()

    async with _waking(tmp_path, stirred):
        told.tell((watchfiles.Change.added, tmp_path / "new"))
        await _until(lambda: told.begun == 2)
        ended = told.ended

    assert (ended, told.ended) == (0, 2)


@pytest.mark.usefixtures("_each_way")
async def test_folder_that_went_does_not_end_the_watch_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stirred, stop = Stirred(), asyncio.Event()
    for name in ("stays", "goes"):
        (tmp_path / name).mkdir()
    watching = asyncio.create_task(wake(tmp_path, stirred, stop))
    assert await _until_woken(stirred, tmp_path / "a.md")

    (tmp_path / "goes").rmdir()
    (tmp_path / "comes").mkdir()
    woken = [await _until_woken(stirred, tmp_path / name / "a.md") for name in ("stays", "comes")]
    stop.set()
    await asyncio.wait_for(watching, 10)

    assert woken == [True, True]


async def test_folder_that_comes_while_the_watch_is_made_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, stirred, stood = Told(monkeypatch), Stirred(), asyncio.Event()

    def slowly(*roots: str, **options: Any) -> Iterator[object]:
        (tmp_path / "late").mkdir(exist_ok=True)
        return told.watch(*roots, **options)

    hear_by(monkeypatch, slowly)

    async with _waking(tmp_path, stirred, stands=stood.set):
        await asyncio.wait_for(stood.wait(), 10)
        await _until(lambda: told.begun == 2)
        seen = await _places(stirred)

    assert {Path(root) for root in told.roots[-1]} == {tmp_path, tmp_path / "late"}
    assert seen == {tmp_path / "late"}


async def test_stop_while_folders_are_found_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, stop, loop = Told(monkeypatch), asyncio.Event(), asyncio.get_running_loop()
    asked: list[bool] = []

    def endless(root: str, places: object, is_over: Callable[[], bool]) -> Below:
        loop.call_soon_threadsafe(stop.set)
        while not is_over():
            time.sleep(0.001)
        asked.append(True)
        return Below(frozenset((root,)), frozenset())

    monkeypatch.setattr("syndicate.content.watch.folders_below", endless)

    await asyncio.wait_for(wake(tmp_path, Stirred(), stop), 10)

    assert asked
    assert told.begun == told.ended


async def test_folder_that_may_be_read_again_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, stirred = Told(monkeypatch), Stirred()
    shut = tmp_path / "shut"
    shut.mkdir()
    found = [frozenset({str(tmp_path)}), frozenset({str(tmp_path)}), frozenset({str(shut)})]
    closed = [frozenset({str(shut)}), frozenset({str(shut)}), frozenset[str]()]
    looks = iter([Below(*both) for both in zip(found, closed, strict=True)])
    last = Below(found[-1], closed[-1])
    monkeypatch.setattr("syndicate.content.watch.folders_below", lambda *asked: next(looks, last))

    async with _waking(tmp_path, stirred):
        await _until(lambda: told.begun == 1)
        told.tell((watchfiles.Change.modified, shut))
        await _until(lambda: told.begun == 2)

    assert told.roots == [(str(tmp_path),), (str(tmp_path), str(shut))]


async def test_file_that_comes_needs_no_new_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, stirred = Told(monkeypatch), Stirred()
    (tmp_path / "a.md").write_text("x")
    (tmp_path / ".git").mkdir()

    async with _waking(tmp_path, stirred):
        told.tell(
            (watchfiles.Change.added, tmp_path / "a.md"),
            (watchfiles.Change.deleted, tmp_path / "b.md"),
            (watchfiles.Change.added, tmp_path / ".git"),
        )
        first = await _places(stirred)
        told.tell((watchfiles.Change.modified, tmp_path / "a.md"))
        second = await _places(stirred)

    assert (first, second) == ({tmp_path / "a.md", tmp_path / "b.md"}, {tmp_path / "a.md"})
    assert told.begun == 1


async def test_it_is_told_once_when_the_watch_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, stirred = Told(monkeypatch), Stirred()
    begun: list[int] = []

    async with _waking(tmp_path, stirred, stands=lambda: begun.append(told.begun)):
        await _until(lambda: bool(begun))

    assert begun == [1]
