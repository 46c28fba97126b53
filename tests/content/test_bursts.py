"""What the system tells of changes in folders, and when."""

from __future__ import annotations

import errno
import os
import queue
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syndicate.content import bursts
from syndicate.content.bursts import HAS_INOTIFY, Burst, End, bursts_in

LIMIT_S = 10

inotify = pytest.mark.skipif(not HAS_INOTIFY, reason="Linux alone has inotify")


class Listening:
    """Hears of bursts in a thread of its own."""

    def __init__(self) -> None:
        self.end = End()
        self.bursts: queue.SimpleQueue[Burst] = queue.SimpleQueue()
        self.standing = threading.Event()

    def stands(self) -> None:
        self.standing.set()

    def is_news(self, path: str) -> bool:
        return not Path(path).name.startswith(".")

    def next(self) -> Burst:
        return self.bursts.get(timeout=LIMIT_S)


@contextmanager
def listening(*folders: Path) -> Iterator[Listening]:
    listener = Listening()

    def hear() -> None:
        for burst in bursts_in([str(folder) for folder in folders], listener):
            listener.bursts.put(burst)

    thread = threading.Thread(target=hear)
    with closing(listener.end):
        thread.start()
        assert listener.standing.wait(LIMIT_S)
        try:
            yield listener
        finally:
            listener.end.set()
            thread.join(LIMIT_S)
            assert not thread.is_alive()


@pytest.fixture(params=[pytest.param(True, marks=inotify), False], ids=["inotify", "watchfiles"], autouse=True)
def has_inotify(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(bursts, "HAS_INOTIFY", request.param)
    return bool(request.param)


def move(folder: Path) -> None:
    (folder / "old.md").rename(folder / "new.md")


@pytest.mark.parametrize(
    ("change", "changed", "came"),
    [
        (lambda folder: (folder / "new.md").write_text("x"), {"new.md"}, {"new.md"}),
        (lambda folder: (folder / "old.md").write_text("y"), {"old.md"}, set()),
        (lambda folder: (folder / "old.md").chmod(0o600), {"old.md"}, set()),
        (lambda folder: (folder / "old.md").unlink(), {"old.md"}, set()),
        (lambda folder: (folder / "new").mkdir(), {"new"}, {"new"}),
        (move, {"old.md", "new.md"}, {"new.md"}),
    ],
)
def test_what_changed_and_what_came_is_told(
    tmp_path: Path, change: Callable[[Path], object], changed: set[str], came: set[str]
) -> None:
    (tmp_path / "old.md").write_text("x")
    with listening(tmp_path) as heard:
        change(tmp_path)
        burst = heard.next()

    assert burst.changed == {str(tmp_path / name) for name in changed}
    assert burst.came == {str(tmp_path / name) for name in came}


def test_several_folders_are_one_burst_without_what_is_no_news(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder in folders:
        folder.mkdir()
    with listening(*folders[:2]) as heard:
        (folders[0] / ".x.md.tmp").write_text("x")
        for folder in folders:
            (folder / "x.md").write_text("x")
        burst = heard.next()

    assert burst.changed == {str(folder / "x.md") for folder in folders[:2]}


def test_bell_is_not_closed_while_somebody_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    end = End()
    true_bell, ringing, may_ring = end._bell, threading.Event(), threading.Event()

    class Bell:
        def send(self, told: bytes) -> None:
            ringing.set()
            assert may_ring.wait(LIMIT_S)
            true_bell.send(told)

        def close(self) -> None:
            true_bell.close()

    monkeypatch.setattr(end, "_bell", Bell())
    setting, closing_it = threading.Thread(target=end.set), threading.Thread(target=end.close)
    setting.start()
    assert ringing.wait(LIMIT_S)
    closing_it.start()
    closing_it.join(0.05)
    was_open = true_bell.fileno() >= 0
    may_ring.set()
    for thread in (setting, closing_it):
        thread.join(LIMIT_S)

    assert was_open
    assert true_bell.fileno() < 0


@pytest.mark.parametrize("has_inotify", [pytest.param(True, marks=inotify)], indirect=True)
class TestInotify:
    """What watchfiles does in its own way."""

    def test_file_that_grows_holds_up_no_other_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bursts, "DEBOUNCE_MS", 3_600_000)
        is_over = threading.Event()

        def grow() -> None:
            with (tmp_path / "grows.md").open("w") as file:
                while not is_over.wait(0.001):
                    file.write("x")
                    file.flush()

        growing = threading.Thread(target=grow)
        with listening(tmp_path) as heard:
            growing.start()
            try:
                (tmp_path / "whole.md").write_text("x")
                told = {str(tmp_path / "grows.md"), str(tmp_path / "whole.md")}
                seen: set[str] = set()
                while not seen >= told:
                    seen |= heard.next().changed
            finally:
                is_over.set()
                growing.join(LIMIT_S)

        assert seen == told

    def test_where_it_cannot_be_loaded_watchfiles_watches(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "asyncinotify", None)
        bursts._speaks.cache_clear()
        try:
            with capture_logs() as logged, listening(tmp_path) as heard, listening(tmp_path):
                (tmp_path / "a.md").write_text("x")

                assert heard.next().came == {str(tmp_path / "a.md")}
        finally:
            bursts._speaks.cache_clear()
        assert [one["event"] for one in logged] == ["inotify_not_used"]

    def test_end_within_a_burst_ends_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bursts, "STEP_MS", 60_000)
        monkeypatch.setattr(bursts, "DEBOUNCE_MS", 60_000)
        begun = time.monotonic()
        with listening(tmp_path) as heard:
            (tmp_path / "a.md").write_text("x")

        assert heard.bursts.empty()
        assert time.monotonic() - begun < LIMIT_S

    def test_where_the_queue_ran_over_each_folder_came_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        true_read, overflow = os.read, struct.pack("iIII", -1, 0x4000, 0, 0)  # as in "inotify(7)"
        told = iter([overflow])
        with listening(tmp_path) as heard:
            monkeypatch.setattr(os, "read", lambda end, most: next(told, None) or true_read(end, most))
            (tmp_path / "a.md").write_text("x")
            burst = heard.next()
            monkeypatch.undo()

        assert burst.came >= {str(tmp_path)}

    def test_change_of_the_folder_itself_is_told(self, tmp_path: Path) -> None:
        with listening(tmp_path) as heard:
            tmp_path.chmod(0o755)
            tmp_path.chmod(0o700)

            assert heard.next() == Burst({str(tmp_path)}, set())

    def test_names_may_be_no_text(self, tmp_path: Path) -> None:
        folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
        folder.mkdir()
        with listening(folder) as heard:
            (folder / "a.md").write_text("x")

            assert heard.next().changed == {str(folder / "a.md")}

    @pytest.mark.parametrize(
        ("number", "words"), [(errno.ENOSPC, "max_user_watches"), (errno.EMFILE, "max_user_instances")]
    )
    def test_want_of_watches_is_told_as_such(
        self, tmp_path: Path, number: int, words: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import asyncinotify

        def refuse(*_given: object, **_named: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(asyncinotify.Inotify, "add_watch" if number == errno.ENOSPC else "__init__", refuse)
        listener = Listening()
        with closing(listener.end), pytest.raises(OSError, match=words) as caught:
            next(bursts_in([str(tmp_path)], listener))

        assert caught.value.errno == number


def test_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    listener = Listening()
    with closing(listener.end), pytest.raises(FileNotFoundError, match="nowhere"):
        next(bursts_in([str(tmp_path / "nowhere")], listener))


def test_whoever_ended_may_be_ended_again(tmp_path: Path) -> None:
    end = End()
    end.close()
    end.set()

    assert end.is_set()
