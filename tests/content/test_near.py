"""A look at what changed finds what a look at everything finds."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from content.storing import LONG_AGO_NS, NOTHING, RULES, Clock, clock, item_text, picture, put
from syndicate.content.clashes import Clashes
from syndicate.content.folder import LOOKS, FolderStore
from syndicate.content.roots import Roots
from syndicate.ports.content import Scan

__all__ = ["clock"]  # fixtures

NAMES = ("a.md", "b.md", "one/a.md", "one/b.md", "one/deep/c.md", "two/d.md", "Excluded/e.md", ".hidden/f.md", "g.txt")
RULES_HERE = replace(RULES, exclude=("excluded",))


class Editor:
    """Somebody who works on a store by chance; tells the places of what was done."""

    def __init__(self, store: FolderStore, chance: Random) -> None:
        self._store = store
        self._chance = chance
        self._time_ns = LONG_AGO_NS

    def act(self) -> list[Path]:
        """One change."""
        return self._chance.choice((self._write, self._write, self._delete, self._move, self._picture, self._folder))()

    def _place(self) -> Path:
        return self._store.root / self._chance.choice(NAMES)

    def _write(self) -> list[Path]:
        place, number = self._place(), self._chance.randrange(6)
        image = self._chance.choice(("", "pic.png", "/one/pic.png"))
        link = self._chance.choice(("", "https://a.example/shared"))
        text = self._chance.choice((item_text(number, image=image, link=link), "Words.\n", "---\ntitle: [\n---\n"))
        self._time_ns += 1000
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            return []
        put(self._store, place.relative_to(self._store.root).as_posix(), text, at=self._time_ns)
        return [place]

    def _delete(self) -> list[Path]:
        place = self._place()
        place.unlink(missing_ok=True)
        return [place]

    def _move(self) -> list[Path]:
        old, new = self._place(), self._place()
        if old.is_file() and not new.is_dir():
            new.parent.mkdir(parents=True, exist_ok=True)
            old.replace(new)
        return [old, new]

    def _picture(self) -> list[Path]:
        place = self._store.root / self._chance.choice(("pic.png", "one/pic.png"))
        if place.exists():
            place.unlink()
        else:
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(picture())
            os.utime(place, ns=(self._time_ns, self._time_ns))
        return [place]

    def _folder(self) -> list[Path]:
        old, new = (self._store.root / name for name in self._chance.sample(("one", "two", "three"), 2))
        if old.is_dir() and not new.exists():
            old.rename(new)
        elif old.is_dir():
            shutil.rmtree(old)
        return [old, new]


def told(scan: Scan) -> tuple[object, ...]:
    return dict(scan.files), sorted(scan.waiting), sorted(map(str, scan.faults))


@pytest.mark.parametrize("seed", range(12))
def test_looking_near_changes_finds_what_looking_everywhere_finds(tmp_path: Path, clock: Clock, seed: int) -> None:
    chance = Random(seed)
    store = FolderStore(tmp_path, RULES_HERE, clock=clock)
    editor = Editor(store, chance)
    near = store.scan(NOTHING)
    for _ in range(60):
        places = [place for _ in range(chance.randrange(1, 4)) for place in editor.act()]
        clock.now += 10**10
        before = near

        near = store.scan(before.files, places)
        everywhere = FolderStore(tmp_path, RULES_HERE, clock=clock).scan(before.files)

        assert told(near) == told(everywhere)
        assert set(near.gone) == set(everywhere.gone)


def test_files_that_wait_are_looked_at_again_wherever_the_change_was(tmp_path: Path, clock: Clock) -> None:
    store = FolderStore(tmp_path, RULES, clock=clock)
    put(store, "half.md", "---\ntitle: T\n", at=clock.now)
    first = store.scan(NOTHING)
    put(store, "half.md", item_text(1), at=clock.now)
    clock.now += 10**10

    second = store.scan(first.files, [tmp_path / "elsewhere.md"])

    assert (first.waiting, second.waiting, second.read) == (("half.md",), (), ("half.md",))


def test_the_root_itself_means_everything(tmp_path: Path, clock: Clock) -> None:
    store = FolderStore(tmp_path, RULES, clock=clock)
    first = store.scan(NOTHING)
    put(store, "one/a.md", item_text(1))

    assert store.scan(first.files, [tmp_path]).read == ("one/a.md",)


def test_what_lies_behind_a_link_or_beyond_the_root_is_not_looked_at(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "content").mkdir()
    store = FolderStore(tmp_path / "content", RULES, clock=clock)
    (tmp_path / "content" / "linked").symlink_to(tmp_path / "aside")
    put(store, "../aside/a.md", item_text(1))
    first = store.scan(NOTHING)

    found = store.scan(first.files, [tmp_path / "content" / "linked" / "a.md", tmp_path / "aside" / "a.md"])

    assert found.files == {}
    assert found.faults == first.faults


def test_each_root_looks_at_its_own_places(tmp_path: Path, clock: Clock) -> None:
    stores = [FolderStore(tmp_path / name, RULES, name=name, clock=clock) for name in ("x", "y")]
    for number, store in enumerate(stores):
        put(store, "a.md", item_text(number))
    roots = Roots(stores)
    first = roots.scan(NOTHING)
    put(stores[0], "b.md", item_text(1, title="Same id"))
    put(stores[1], "c.md", item_text(3))

    second = roots.scan(first.files, [tmp_path / "y" / "c.md"])
    third = roots.scan(second.files, [tmp_path / "x" / "b.md"])

    assert (second.read, third.read) == (("y/c.md",), ("x/b.md",))
    assert [fault.code for fault in third.faults] == ["E-DUPLICATE"]
    assert third.faults == Roots(stores).scan(third.files).faults


def test_clashes_of_an_older_look_do_not_linger(tmp_path: Path, clock: Clock) -> None:
    store = FolderStore(tmp_path, RULES, clock=clock)
    put(store, "a.md", item_text(1))
    put(store, "b.md", item_text(1))
    both = store.scan(NOTHING)
    clashes: Callable[..., object] = Clashes(store.place_of, ()).among

    assert [fault.code for fault in both.faults] == ["E-DUPLICATE"]
    assert clashes(both.files, {}, ())
    assert clashes({"a.md": both.files["a.md"]}, {}, ()) == ()
    assert clashes({}, both.files, ("a.md",)) == ()


def test_a_folder_that_cannot_be_read_takes_nothing_away(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path, RULES, clock=clock)
    put(store, "sub/a.md", item_text(1))
    first = store.scan(NOTHING)
    true_scandir = os.scandir

    def failing(path: str | Path) -> object:
        if Path(path).name == "sub":
            raise OSError(errno.EIO, "Input/output error")
        return true_scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    near = store.scan(first.files, [tmp_path / "sub" / "a.md"])

    assert (near.gone, set(near.files)) == ((), {"sub/a.md"})
    assert [fault.code for fault in near.faults] == ["E-READ"]


def test_faults_of_names_are_told_once_and_end(tmp_path: Path, clock: Clock) -> None:
    store = FolderStore(tmp_path, RULES, clock=clock)
    put(store, "sub/ba\x01d.md", item_text(1))
    scan = store.scan(NOTHING)
    told = [len(scan.faults)]
    for _ in range(3):
        scan = store.scan(scan.files, [tmp_path / "sub", tmp_path / "sub" / "ba\x01d.md"])
        told.append(len(scan.faults))
    shutil.rmtree(tmp_path / "sub")
    told.append(len(store.scan(scan.files, [tmp_path / "sub" / "ba\x01d.md"]).faults))

    assert told == [1, 1, 1, 1, 0]


def test_links_and_ends_are_looked_at_wherever_the_change_was(tmp_path: Path, clock: Clock) -> None:
    store = FolderStore(tmp_path, RULES, clock=clock)
    target = put(store, "drafts/x.txt", item_text(1))
    (tmp_path / "x.md").symlink_to("drafts/x.txt")
    put(store, "folder.md/a.md", item_text(2))
    first = store.scan(NOTHING)
    put(store, "drafts/x.txt", item_text(1, title="New"), at=LONG_AGO_NS + 5)
    shutil.rmtree(tmp_path / "folder.md")

    second = store.scan(first.files, [target, tmp_path / "folder.md"])

    assert (second.read, second.gone) == (("x.md",), ("folder.md/a.md",))


def test_after_a_folder_that_never_stood_still_all_is_looked_at(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path, RULES, clock=clock)
    put(store, "a.md", item_text(1))
    root = (Path(os.path.realpath(tmp_path)), (0, 0))
    answers = iter([(root[0], (number, number)) for number in range(2 * LOOKS)])
    with monkeypatch.context() as patched:
        patched.setattr(store, "_real_root", lambda: next(answers))
        first = store.scan(NOTHING)

    second = store.scan(first.files, [])

    assert (first.files, len(first.waiting), second.read) == ({}, 1, ("a.md",))
