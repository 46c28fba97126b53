from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from syndicate.content.passing import is_passing
from syndicate.content.watch import Stirred, wake

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
        true_awatch = watchfiles.awatch

        def listening(*roots: Path, watch_filter: Filter, **options: Any) -> AsyncIterator[object]:
            def judge(change: watchfiles.Change, path: str) -> bool:
                answer = watch_filter(change, path)
                self.answers.append((Path(path).name, answer))
                return answer

            return true_awatch(*roots, watch_filter=judge, **options)

        monkeypatch.setattr(watchfiles, "awatch", listening)


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


async def test_a_missing_folder_is_an_error_for_the_caller(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        await wake(tmp_path / "nowhere", Stirred(), asyncio.Event())


async def test_a_failing_watcher_is_an_error_for_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*roots: Path, **options: object) -> object:
        raise_inside = RuntimeError("inotify broke")

        async def changes() -> object:
            raise raise_inside
            yield

        return changes()

    monkeypatch.setattr("watchfiles.awatch", failing)

    with pytest.raises(OSError, match="inotify broke"):
        await wake(tmp_path, Stirred(), asyncio.Event())


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
        self.changes: asyncio.Queue[set[tuple[watchfiles.Change, str]]] = asyncio.Queue()
        self.begun = self.ended = 0
        monkeypatch.setattr("watchfiles.awatch", self._watch)

    async def _watch(
        self, root: Path, *, watch_filter: Filter, stop_event: asyncio.Event, **options: object
    ) -> AsyncIterator[object]:
        self.begun += 1
        stopping = asyncio.create_task(stop_event.wait())
        try:
            while not stop_event.is_set():
                hearing = asyncio.create_task(self.changes.get())
                await asyncio.wait((hearing, stopping), return_when=asyncio.FIRST_COMPLETED)
                if hearing.done():
                    yield {one for one in hearing.result() if watch_filter(*one)}
                hearing.cancel()
        finally:
            stopping.cancel()
            self.ended += 1

    def tell(self, *changes: tuple[watchfiles.Change, Path]) -> None:
        self.changes.put_nowait({(change, str(path)) for change, path in changes})


async def _places(stirred: Stirred) -> frozenset[Path] | None:
    await asyncio.wait_for(stirred.wait(), 10)
    return stirred.take()


@asynccontextmanager
async def _waking(folder: Path, stirred: Stirred, *, is_again: bool = False) -> AsyncIterator[None]:
    stop = asyncio.Event()
    watching = asyncio.create_task(wake(folder, stirred, stop, is_again=is_again))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(watching, 10)


@pytest.mark.parametrize("is_at_once", [True, False])
async def test_folder_that_was_moved_is_watched_anew_and_then_all_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_at_once: bool
) -> None:
    told, stirred = Told(monkeypatch), Stirred()
    (tmp_path / "new").mkdir()
    came, went = (watchfiles.Change.added, tmp_path / "new"), (watchfiles.Change.deleted, tmp_path / "old")

    async with _waking(tmp_path, stirred):
        if is_at_once:
            told.tell(came, went)
        else:
            told.tell(came)
            assert await _places(stirred) == {tmp_path / "new"}
            told.tell(went)
        seen = [await _places(stirred)]
        if seen[-1] is not None:
            seen.append(await _places(stirred))
        begun, ended = told.begun, told.ended

    assert seen[-1] is None
    assert (begun, ended) == (2, 1)


async def test_new_folder_is_looked_at_once_more_by_the_same_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicate.content.watch.AGAIN_S", 0.01)
    told, stirred = Told(monkeypatch), Stirred()
    (tmp_path / "new").mkdir()
    (tmp_path / "link").symlink_to("new")

    async with _waking(tmp_path, stirred):
        told.tell((watchfiles.Change.added, tmp_path / "new"), (watchfiles.Change.added, tmp_path / "link"))
        seen = [await _places(stirred), await _places(stirred)]

    assert seen == [{tmp_path / "new", tmp_path / "link"}, {tmp_path / "new"}]
    assert told.begun == 1


async def test_file_that_replaces_another_needs_no_new_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, stirred = Told(monkeypatch), Stirred()
    (tmp_path / "a.md").write_text("x")

    async with _waking(tmp_path, stirred):
        told.tell((watchfiles.Change.added, tmp_path / "a.md"), (watchfiles.Change.deleted, tmp_path / "b.md"))
        first = await _places(stirred)
        told.tell((watchfiles.Change.modified, tmp_path / "a.md"))
        second = await _places(stirred)

    assert (first, second) == ({tmp_path / "a.md", tmp_path / "b.md"}, {tmp_path / "a.md"})
    assert told.begun == 1


async def test_what_was_missed_before_is_noted_once_the_watch_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, stirred = Told(monkeypatch), Stirred()

    async with _waking(tmp_path, stirred, is_again=True):
        assert await _places(stirred) is None
        assert told.begun == 1
