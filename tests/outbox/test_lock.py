from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deliver_rig import NOW
from syndicate.errors import AnotherInstance, CannotWrite
from syndicate.outbox.lock import PublisherLock, holder_of

CHILD = Path(__file__).parent / "child.py"


@contextmanager
def child(what: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has said it is ready; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, str(CHILD), what, str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_second_process_is_told_who_publishes(tmp_path: Path) -> None:
    path = tmp_path / "publisher.lock"

    with child("hold", path) as holder, pytest.raises(AnotherInstance) as caught, PublisherLock(path, NOW):
        pass

    assert (caught.value.pid, caught.value.since) == (holder.pid, "2026-11-01T12:00:00+00:00")
    assert caught.value.exit_code == 75
    assert f"process {holder.pid}, started 2026-11-01T12:00:00+00:00" in str(caught.value)


def test_one_process_cannot_take_it_twice(tmp_path: Path) -> None:
    path = tmp_path / "publisher.lock"

    with PublisherLock(path, NOW), pytest.raises(AnotherInstance) as caught, PublisherLock(path, NOW):
        pass

    assert caught.value.pid == os.getpid()


def test_refused_start_does_not_take_the_lock_from_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "publisher.lock"
    with PublisherLock(path, NOW):
        for _ in range(2):
            with pytest.raises(AnotherInstance), PublisherLock(path, NOW):
                pass

        assert holder_of(path) == (os.getpid(), "2026-11-01T12:00:00+00:00")


def test_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    path = tmp_path / "publisher.lock"
    with child("hold", path) as holder:
        holder.kill()
        holder.wait()

        assert "pid" in path.read_text(), "it could not clean up"
        assert holder_of(path) == (None, None)
        with PublisherLock(path, NOW):
            assert holder_of(path)[0] == os.getpid()


def test_leaving_frees_the_lock_and_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "state" / "publisher.lock"

    with PublisherLock(path, NOW):
        pass

    assert holder_of(path) == (None, None)
    assert path.read_text() == ""
    with PublisherLock(path, NOW):
        pass


def test_asking_for_the_holder_never_blocks_a_start(tmp_path: Path) -> None:
    path = tmp_path / "publisher.lock"
    with PublisherLock(path, NOW):
        pass

    with child("ask", path):
        for _ in range(100):
            with PublisherLock(path, NOW):
                pass


def test_who_asks_on_a_busy_machine_only_delays_a_start(tmp_path: Path) -> None:
    path = tmp_path / "publisher.lock"
    path.touch()
    with path.open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        ending = threading.Timer(0.3, fcntl.flock, (asking, fcntl.LOCK_UN))
        ending.start()
        with PublisherLock(path, NOW):
            assert holder_of(path)[0] == os.getpid()
        ending.join()


def test_no_file_and_a_broken_file_name_nobody(tmp_path: Path) -> None:
    path = tmp_path / "publisher.lock"

    assert holder_of(path) == (None, None)
    with PublisherLock(path, NOW):
        path.write_text("{half")
        assert holder_of(path) == (None, None)


def test_folder_that_cannot_be_made_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(CannotWrite, match=r"state\.folder"), PublisherLock(tmp_path / "state" / "publisher.lock", NOW):
        pass


def test_leaving_what_was_never_taken_does_nothing(tmp_path: Path) -> None:
    PublisherLock(tmp_path / "publisher.lock", NOW).__exit__(None, None, None)

    assert list(tmp_path.iterdir()) == []
