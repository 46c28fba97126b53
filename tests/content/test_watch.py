from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from syndicate.content.watch import Stirred, is_passing, wake

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
