"""Many files at once: whole files only, whatever happens in between, and few waits for the disk."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from syndicate import durable
from syndicate.errors import CannotWrite
from syndicate.shelf import folder
from syndicate.shelf.folder import CLEAN, MANIFEST, FolderShelf

FORMER = {f"t{number}/{name}": b"former" for number in range(2) for name in ("rss.xml", "atom.xml")}
NEW = dict.fromkeys((*FORMER, "t3/rss.xml", "t3/atom.xml"), b"the new one")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "feeds"


def shown(root: Path) -> dict[str, bytes]:
    """What readers can see."""
    files = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def hidden(root: Path) -> set[str]:
    return {path.name for path in root.rglob(".*")} - {MANIFEST, CLEAN}


def claimed(root: Path) -> set[str]:
    return {json.loads(line) for line in (root / MANIFEST).read_text().splitlines()}


def test_files_that_differ_are_told(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(FORMER)

    changed = shelf.put_all({**NEW, "t0/rss.xml": b"former"})

    assert changed == NEW.keys() - {"t0/rss.xml"}
    assert shown(root) == {**NEW, "t0/rss.xml": b"former"}
    assert claimed(root) == shelf.listed() == NEW.keys()
    assert hidden(root) == set()


def test_disk_is_waited_for_once_a_file_and_once_a_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = FolderShelf(root)
    waits: list[int] = []  # several are waited for at the same time
    fsync = os.fsync

    def counting(descriptor: int) -> None:
        waits.append(descriptor)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", counting)
    monkeypatch.setattr(durable, "_sync_disks", lambda disks: False)

    shelf.put_all({f"t{number}/{name}": b"x" for number in range(10) for name in ("rss.xml", "atom.xml")})

    manifest, files, folders = 2, 20, 11
    assert len(waits) == manifest + files + folders


def test_disk_is_waited_for_twice_where_it_takes_all_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = FolderShelf(root)
    asked: list[set[str]] = []
    seen: list[int] = []

    def syncing(disks: Sequence[int], places: Sequence[str]) -> None:
        asked.append({os.path.relpath(place, root.parent) for place in places})
        seen.append(len(shown(root)))

    monkeypatch.setattr(durable, "_sync_by", syncing)

    shelf.put_all({f"t{number}/{name}": b"x" for number in range(10) for name in ("rss.xml", "atom.xml")})

    files, folders = asked
    assert len(files) == 20
    assert folders == {"feeds", *(f"feeds/t{number}" for number in range(10))}
    assert seen == [0, 20]  # bytes first, then names


def test_strangers_file_among_others_is_told_and_not_written_over(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(FORMER)
    (root / "t3").mkdir()
    (root / "t3/atom.xml").write_bytes(b"mine")

    with pytest.raises(CannotWrite, match=r"t3/atom\.xml"):
        shelf.put_all(NEW)

    assert shown(root) == {**FORMER, "t3/atom.xml": b"mine"}
    assert hidden(root) == set()
    assert claimed(root) == FORMER.keys()


def full(*told: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("many", [1, 1000])  # all at once, or one by one
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_full_disk_leaves_the_former_files_and_claims_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, step: str, many: int
) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(FORMER)
    monkeypatch.setattr(durable, "_MANY", many)

    with monkeypatch.context() as patched:
        patched.setattr(os, step, full)
        if step == "fsync":
            patched.setattr(durable, "_sync_disks", lambda disks: False)
        with pytest.raises(CannotWrite, match="make room"):
            shelf.put_all(NEW)

    assert shown(root) == FORMER
    assert hidden(root) == set()
    assert claimed(root) <= FORMER.keys() | ({"t3/rss.xml", "t3/atom.xml"} if step == "replace" else set())
    assert shelf.listed() == FORMER.keys()
    assert shelf.put_all(NEW) == NEW.keys()


@pytest.mark.parametrize("refused", [1, 3])
def test_trouble_that_passes_costs_nothing_and_is_told_as_if_it_had_not_been(
    root: Path, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(FORMER)
    replace = os.replace
    tries = []

    def trying(source: str, target: str) -> None:
        tries.append(target)
        if len(tries) == refused:
            full()
        replace(source, target)

    monkeypatch.setattr(os, "replace", trying)

    assert shelf.put_all({**NEW, "t0/rss.xml": b"former"}) == NEW.keys() - {"t0/rss.xml"}
    assert len(tries) > len(NEW)
    assert shown(root) == {**NEW, "t0/rss.xml": b"former"}


def test_disk_that_takes_half_a_line_does_not_spoil_the_manifest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(FORMER)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((root / MANIFEST).stat().st_size + 5, hard))
    try:
        with pytest.raises(CannotWrite):
            shelf.put_all({"t3/rss.xml": b"1"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)

    assert claimed(root) == FORMER.keys()
    assert shelf.put_all(NEW) == NEW.keys()


class Killer:
    """Kills this process before its n-th step on the disk."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def before(self, step: Callable[..., object]) -> Callable[..., object]:
        def killing(*told: object, **named: object) -> object:
            self._steps -= 1
            if self._steps < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*told, **named)

        return killing


STEPS = (
    (os, "fsync"),
    (durable, "_sync_disks"),
    (os, "replace"),
    (Path, "mkdir"),
    (os, "open"),
    (os, "write"),
)


def put_and_be_killed(root: Path, steps: int, many: int) -> bool:
    """Put the new files in a process that is killed before a step; whether it was."""
    child = os.fork()
    if child == 0:
        killer = Killer(steps)
        for owner, name in STEPS:
            setattr(owner, name, killer.before(getattr(owner, name)))
        durable._MANY = many  # type: ignore[misc]
        try:
            FolderShelf(root).put_all(NEW)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def killed_roots(folder: Path, many: int) -> Iterator[Path]:
    """Shelves whose owner was killed at each step on the disk."""
    for steps in range(100):
        root = folder / str(steps)
        FolderShelf(root).put_all(FORMER)
        if not put_and_be_killed(root, steps, many):
            assert shown(root) == NEW
            return
        yield root


@pytest.mark.parametrize("many", [2, 1000])  # all at once, or one by one
def test_kill_at_any_step_leaves_whole_files_that_are_known_as_ours(tmp_path: Path, many: int) -> None:
    roots = tuple(killed_roots(tmp_path, many))

    for root in roots:
        for path, content in shown(root).items():
            assert content in {FORMER.get(path), NEW[path]}
        assert shown(root).keys() <= claimed(root)
        shelf = FolderShelf(root)
        assert hidden(root) == set()
        shelf.put_all(NEW)
        assert shown(root) == NEW
    assert len(roots) > len(NEW) * 3


def test_success_is_not_told_before_names_outlive_a_power_cut(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder could not be synced after files took their places there: the same bytes again must try that anew."""
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"former")
    true_fsync = os.fsync
    synced: list[str] = []

    def failing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        true_fsync(descriptor)

    def seeing(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        true_fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing)
        with pytest.raises(CannotWrite):
            shelf.put_all({"ai/rss.xml": b"new", "ai/atom.xml": b"new"})
    monkeypatch.setattr(os, "fsync", seeing)
    shelf.put_all({"ai/rss.xml": b"new"})

    assert (root / "ai/rss.xml").read_bytes() == b"new"
    assert "ai" in synced


def test_files_that_go_together_are_gone_before_they_are_forgotten(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(NEW)
    asked: list[set[str]] = []

    def syncing(places: Sequence[Path]) -> None:
        assert shown(root).keys() == {"t0/atom.xml"}
        assert claimed(root) == NEW.keys()
        asked.append({place.name for place in places})

    monkeypatch.setattr(folder, "sync_all", syncing)

    assert set(shelf.drop(*(NEW.keys() - {"t0/atom.xml"}))) == NEW.keys() - {"t0/atom.xml"}

    assert asked == [{"t0", "t1", "t3"}]
    assert claimed(root) == {"t0/atom.xml"}
    assert {path.name for path in root.iterdir() if path.is_dir()} == {"t0"}


def test_folder_that_went_after_a_refusal_holds_up_nothing(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(FORMER)
    (root / "t9/x").mkdir(parents=True)
    (root / "t9/x/rss.xml").write_bytes(b"mine")
    with pytest.raises(CannotWrite, match=r"t9/x/rss\.xml"):
        shelf.put_all({"t9/x/rss.xml": b"1", "t9/new/rss.xml": b"1"})
    shutil.rmtree(root / "t9")

    assert shelf.put_all(NEW) == NEW.keys()
    assert shelf.put_all({"t9/new/rss.xml": b"1"}) == {"t9/new/rss.xml"}


def test_shelf_that_was_emptied_after_a_full_disk_is_filled_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(FORMER)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        patched.setattr(durable, "_sync_disks", lambda disks: False)
        with pytest.raises(CannotWrite, match="make room"):
            shelf.put_all(NEW)
    for place in root.iterdir():
        if place.is_dir():
            shutil.rmtree(place)
    shelf.is_whole()

    for path, content in NEW.items():
        assert shelf.put_all({path: content}) == {path}
    assert shown(root) == NEW


def test_what_cannot_be_dropped_stays_ours_and_what_went_before_is_forgotten(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = FolderShelf(root)
    shelf.put_all(FORMER)
    unlink = Path.unlink

    def refusing(path: Path, missing_ok: bool = False) -> None:
        if path.name == "atom.xml":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refusing)
        with pytest.raises(CannotWrite, match=r"t0/atom\.xml"):
            shelf.drop("t0/rss.xml", "t0/atom.xml", "t1/rss.xml")

    assert claimed(root) == FORMER.keys() - {"t0/rss.xml"}
    assert FolderShelf(root).drop("t0/atom.xml") == ("t0/atom.xml",)
