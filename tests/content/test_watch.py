from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from syndicate.content.watch import is_passing, wake

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


async def _until_woken(event: asyncio.Event, write: Path) -> bool:
    """Write again and again, since nothing tells when the watch has begun."""
    for number in range(50):
        await asyncio.to_thread(write.write_text, str(number))
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), 0.3)
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
    event, stop = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(wake(folder, event, stop))

    woken = await _until_woken(event, folder / "a.md")
    stop.set()
    await asyncio.wait_for(watching, 10)

    assert woken


async def test_temporary_names_do_not_wake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = Judged(monkeypatch)
    event, stop = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(wake(tmp_path, event, stop))
    assert await _until_woken(event, tmp_path / "a.md")

    (tmp_path / ".x.md.tmp").write_text("x")
    (tmp_path / "x.md~").write_text("x")
    # The kernel tells in order: once the watch knows of this file, it has judged the two before it.
    event.clear()
    while ("last.md", True) not in judged.answers:
        (tmp_path / "last.md").write_text("x")
        await asyncio.wait_for(event.wait(), 10)
        event.clear()
    stop.set()
    await asyncio.wait_for(watching, 10)

    assert {name: answer for name, answer in judged.answers if name != "a.md"} == {
        ".x.md.tmp": False,
        "x.md~": False,
        "last.md": True,
    }


async def test_a_missing_folder_is_an_error_for_the_caller(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        await wake(tmp_path / "nowhere", asyncio.Event(), asyncio.Event())


async def test_a_failing_watcher_is_an_error_for_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*roots: Path, **options: object) -> object:
        raise_inside = RuntimeError("inotify broke")

        async def changes() -> object:
            raise raise_inside
            yield

        return changes()

    monkeypatch.setattr("watchfiles.awatch", failing)

    with pytest.raises(OSError, match="inotify broke"):
        await wake(tmp_path, asyncio.Event(), asyncio.Event())


async def test_a_folder_that_is_switched_is_noticed_and_the_new_one_watched(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    current = tmp_path / "current"
    current.symlink_to("one")
    event, stop = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(wake(current, event, stop, look_s=0.05))
    assert await _until_woken(event, tmp_path / "one" / "a.md")
    event.clear()

    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(current)
    await asyncio.wait_for(event.wait(), 10)
    event.clear()
    woken = await _until_woken(event, tmp_path / "two" / "a.md")
    stop.set()
    await asyncio.wait_for(watching, 10)

    assert woken


async def test_a_folder_that_goes_away_is_an_error_for_the_caller(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    folder.mkdir()
    event, stop = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(wake(folder, event, stop, look_s=0.05))
    assert await _until_woken(event, folder / "a.md")

    folder.rename(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="No such file"):
        await asyncio.wait_for(watching, 10)
    assert event.is_set()
