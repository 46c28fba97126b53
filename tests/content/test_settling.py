"""Files that are still being written, or seem to be: each is waited for, and none for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from content.picturing import bands, saved
from syndicate.content.folder import FolderStore
from syndicate.content.writers import is_written
from syndicate.items.presets import rules_of

NOW_NS = 1_700_000_000_000_000_000
MS = 10**6
DAY_NS = 24 * 3600 * 1000 * MS
RULES = rules_of("generic", site_url="https://site.example/")


class Clock:
    """The wall clock of a test, in nanoseconds."""

    def __init__(self) -> None:
        self.now = NOW_NS

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> FolderStore:
    return FolderStore(tmp_path, RULES, clock=clock)


def put(store: FolderStore, name: str, content: str | bytes, *, at: int) -> Path:
    path = store.root / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, ns=(at, at))
    return path


def item_text(number: int = 1) -> str:
    return f"---\nid: {number}\ntitle: T\ndate: 2023-01-01\nlink: https://a.example/{number}\nimage: pic.png\n---\n"


def test_an_image_from_the_future_is_used_once_two_looks_see_the_same(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text(), at=NOW_NS - DAY_NS)
    put(store, "pic.png", saved(bands(6, 4), "PNG"), at=NOW_NS + DAY_NS)

    first = store.scan({})
    clock.now += 500 * MS
    second = store.scan(first.files)

    assert first.waiting == ("a.md",)
    assert second.waiting == ()
    assert [item.image is not None for item in second.items.values()] == [True]


def test_an_image_from_the_future_that_still_changes_is_waited_for(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text(), at=NOW_NS - DAY_NS)
    waits = []
    for side in (4, 400, 800):
        put(store, "pic.png", saved(bands(side, side), "PNG"), at=NOW_NS + DAY_NS)
        waits.append(store.scan({}).waiting)
        clock.now += 500 * MS
    waits.append(store.scan({}).waiting)

    assert waits == [("a.md",)] * 3 + [()]


def test_a_clock_set_back_keeps_no_file_waiting(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text().replace("image: pic.png\n", ""), at=NOW_NS + DAY_NS)
    waits = [store.scan({}).waiting]
    clock.now -= 3600 * 1000 * MS
    waits.append(store.scan({}).waiting)
    clock.now += 500 * MS
    waits.append(store.scan({}).waiting)

    assert waits == [("a.md",), ("a.md",), ()]


def test_a_file_that_never_settles_keeps_no_deletion_waiting(store: FolderStore, clock: Clock) -> None:
    deleted = put(store, "a.md", item_text(1), at=NOW_NS - DAY_NS)
    put(store, "pic.png", saved(bands(6, 4), "PNG"), at=NOW_NS - DAY_NS)
    scan = store.scan({})
    deleted.unlink()
    gone = []
    for _ in range(6):
        put(store, "b.md", item_text(2), at=clock.now)
        scan = store.scan(scan.files)
        gone.append(scan.gone)
        assert scan.waiting == ("b.md",)
        clock.now += 500 * MS

    assert gone == [()] * 5 + [("a.md",)]
    assert "a.md" not in scan.files


def test_without_quiet_and_grace_one_look_takes_everything(tmp_path: Path) -> None:
    from datetime import timedelta

    clock = Clock()
    store = FolderStore(tmp_path, RULES, quiet=timedelta(0), grace=timedelta(0), clock=clock)
    put(store, "a.md", item_text(1), at=NOW_NS)
    put(store, "b.md", item_text(2), at=NOW_NS + DAY_NS)
    put(store, "c.md", "---\ntitle: T\n", at=NOW_NS)
    put(store, "pic.png", saved(bands(6, 4), "PNG"), at=NOW_NS + DAY_NS)

    scan = store.scan({})

    assert (len(scan.items), scan.waiting) == (2, ())
    assert [fault.code for fault in scan.files["c.md"].faults] == ["E-FRONTMATTER-UNCLOSED"]


def test_a_file_that_goes_while_others_are_read_is_no_fault(tmp_path: Path, clock: Clock) -> None:
    def remove(done: int, _total: int) -> None:
        if done == 1:
            (tmp_path / "b.md").unlink(missing_ok=True)

    store = FolderStore(tmp_path, RULES, clock=clock, tell=remove)
    for number, name in enumerate(("a.md", "b.md")):
        put(store, name, f"---\nid: {number}\ntitle: T\ndate: 2023-01-01\n---\n", at=NOW_NS - DAY_NS)

    first = store.scan({})
    second = store.scan(first.files)

    assert (first.waiting, set(first.files), first.files["a.md"].faults) == (("b.md",), {"a.md"}, ())
    assert (second.waiting, set(second.files), second.gone) == ((), {"a.md"}, ())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open for writing")
def test_a_file_that_was_closed_is_used_after_a_moment(store: FolderStore, clock: Clock) -> None:
    path = put(store, "a.md", item_text().replace("image: pic.png\n", ""), at=NOW_NS - 10 * MS)
    at_once = store.scan({})
    clock.now += 25 * MS
    with path.open("ab"):
        still_open = store.scan({})
    closed = store.scan({})

    assert (at_once.waiting, still_open.waiting, closed.waiting) == (("a.md",), ("a.md",), ())
    assert len(closed.items) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open for writing")
def test_a_writer_that_pauses_is_waited_for_and_none_for_ever(store: FolderStore, clock: Clock) -> None:
    path = put(store, "a.md", item_text().replace("image: pic.png\n", ""), at=NOW_NS)

    with path.open("ab"):
        clock.now += 1500 * MS
        pauses = store.scan({})
        clock.now += 500 * MS
        rests = store.scan({})

    assert (pauses.waiting, rests.waiting) == (("a.md",), ())
    assert len(rests.items) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open for writing")
def test_asking_who_writes_disturbs_no_writer(tmp_path: Path) -> None:
    """Writers open and close the file all the time while it is asked; nobody is ended, nobody fails."""
    file = tmp_path / "a.md"
    file.write_bytes(b"")
    writes = "import sys\nfor n in range(2000):\n    with open(sys.argv[1], 'ab') as file: file.write(b'x')\n"
    with subprocess.Popen([sys.executable, "-c", writes, str(file)]) as writer:
        seen = set()
        while writer.poll() is None:
            seen.add(is_written(file))

    assert writer.returncode == 0
    assert file.stat().st_size == 2000
    assert False in seen


def test_what_cannot_be_asked_is_not_known(tmp_path: Path) -> None:
    assert is_written(tmp_path / "nowhere.md") is None
