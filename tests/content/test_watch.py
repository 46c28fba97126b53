from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from syndicate.content.watch import is_passing, wake


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


async def test_a_change_wakes_and_a_stop_ends(tmp_path: Path) -> None:
    (tmp_path / ".hidden" / "content").mkdir(parents=True)
    folder = tmp_path / ".hidden" / "content"
    event, stop = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(wake([folder], event, stop))

    woken = await _until_woken(event, folder / "a.md")
    stop.set()
    await asyncio.wait_for(watching, 10)

    assert woken


async def test_temporary_names_do_not_wake(tmp_path: Path) -> None:
    event, stop = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(wake([tmp_path], event, stop))
    assert await _until_woken(event, tmp_path / "a.md")
    with suppress(TimeoutError):  # let the last write's own news pass
        while True:
            event.clear()
            await asyncio.wait_for(event.wait(), 0.6)

    (tmp_path / ".x.md.tmp").write_text("x")
    (tmp_path / "x.md~").write_text("x")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(event.wait(), 0.6)
    stop.set()
    await asyncio.wait_for(watching, 10)


async def test_a_missing_folder_is_an_error_for_the_caller(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        await wake([tmp_path / "nowhere"], asyncio.Event(), asyncio.Event())


async def test_a_failing_watcher_is_an_error_for_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*roots: Path, **options: object) -> object:
        raise_inside = RuntimeError("inotify broke")

        async def changes() -> object:
            raise raise_inside
            yield

        return changes()

    monkeypatch.setattr("watchfiles.awatch", failing)

    with pytest.raises(OSError, match="inotify broke"):
        await wake([tmp_path], asyncio.Event(), asyncio.Event())
