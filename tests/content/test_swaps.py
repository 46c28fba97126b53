"""A store behind a link that is switched, as git-sync and Kubernetes do it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from content.storing import LONG_AGO_NS, NOTHING, RULES, Clock, clock, codes, item_text, picture
from syndicate.content import file as file_module
from syndicate.content.folder import LOOKS, FolderStore
from syndicate.content.places import bytes_of
from syndicate.errors import ConfigError
from syndicate.ports.content import Indexed, Scan

__all__ = ["clock"]  # fixtures


class Checkouts:
    """Trees under `.worktrees`, one of them behind `current`; the store is `current/content`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.store = FolderStore(folder / "current" / "content", RULES, clock=clock)
        self._times = LONG_AGO_NS

    def tree(self, name: str, files: dict[str, str | bytes]) -> Path:
        """A new checkout: new inodes, new times."""
        root = self.folder / ".worktrees" / name
        self._times += 10**9
        (root / "content").mkdir(parents=True)
        for path, content in files.items():
            place = root / "content" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
            os.utime(place, ns=(self._times, self._times))
        return root

    def switch(self, to: Path) -> None:
        """In one step, so that `current` is always there."""
        passing = self.folder / "next"
        passing.symlink_to(to)
        passing.replace(self.folder / "current")


@pytest.fixture
def checkouts(tmp_path: Path, clock: Clock) -> Checkouts:
    return Checkouts(tmp_path, clock)


FILES: dict[str, str | bytes] = {"a.md": item_text(1, image="pic.png"), "b.md": item_text(2), "pic.png": picture()}


def test_another_checkout_of_the_same_files_is_not_parsed(
    checkouts: Checkouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkouts.switch(checkouts.tree("one", FILES))
    first = checkouts.store.scan(NOTHING)
    checkouts.switch(checkouts.tree("two", FILES))
    monkeypatch.setattr("syndicate.items.mapping.item_from", None)  # to call it would be an error

    second = checkouts.store.scan(first.files)

    assert (second.read, second.gone, second.waiting, second.faults) == ((), (), (), ())
    assert second.restamped == ("a.md", "b.md")
    assert second.items == first.items
    assert second.files["a.md"].stamp != first.files["a.md"].stamp
    third = checkouts.store.scan(second.files)
    assert (third.files, third.restamped) == (second.files, ())


def test_what_differs_in_another_checkout_is_seen(checkouts: Checkouts) -> None:
    checkouts.switch(checkouts.tree("one", FILES))
    first = checkouts.store.scan(NOTHING)
    changed: dict[str, str | bytes] = {"a.md": FILES["a.md"], "c.md": item_text(3), "pic.png": picture((9, 9))}
    checkouts.switch(checkouts.tree("two", changed))

    second = checkouts.store.scan(first.files)

    assert (second.read, second.gone) == (("a.md", "c.md"), ("b.md",))
    assert second.items["s:1"].image != first.items["s:1"].image


def test_an_image_that_is_missing_in_the_other_checkout_is_a_change(checkouts: Checkouts) -> None:
    checkouts.switch(checkouts.tree("one", FILES))
    first = checkouts.store.scan(NOTHING)
    checkouts.switch(checkouts.tree("two", {"a.md": FILES["a.md"], "b.md": FILES["b.md"]}))

    second = checkouts.store.scan(first.files)

    assert second.read == ("a.md",)
    assert codes(second) == ["W-IMAGE-MISSING"]


@pytest.mark.parametrize("target", ["nowhere", "current"])
def test_a_broken_switch_is_an_error_and_takes_nothing_away(checkouts: Checkouts, target: str) -> None:
    checkouts.switch(checkouts.tree("one", FILES))
    first = checkouts.store.scan(NOTHING)
    checkouts.switch(Path(target))

    with pytest.raises(ConfigError, match="cannot be read"):
        checkouts.store.scan(first.files)

    checkouts.switch(checkouts.tree("two", FILES))
    assert checkouts.store.scan(first.files).items == first.items


class Meanwhile:
    """Something that happens while the first file of a scan is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *events: object) -> None:
        self._events = list(events)
        monkeypatch.setattr(file_module, "bytes_of", self)

    def __call__(self, file: Path, limit: int) -> tuple[bytes, os.stat_result]:
        if self._events:
            self._events.pop(0)()  # type: ignore[operator]  # events are calls
        return bytes_of(file, limit)


def test_a_switch_during_a_scan_begins_anew(checkouts: Checkouts, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = checkouts.tree("one", FILES), checkouts.tree("two", FILES)
    checkouts.switch(one)

    def switch_and_clean_up() -> None:
        checkouts.switch(two)
        shutil.rmtree(one)

    Meanwhile(monkeypatch, switch_and_clean_up)

    scan = checkouts.store.scan(NOTHING)

    assert (set(scan.items), codes(scan)) == ({"s:1", "s:2"}, [])


def test_a_folder_that_never_stands_still_is_left_to_the_next_look(
    checkouts: Checkouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkouts.switch(checkouts.tree("one", FILES))
    first = checkouts.store.scan(NOTHING)
    trees = [checkouts.tree(f"t{number}", {"a.md": item_text(number + 5)}) for number in range(LOOKS + 1)]
    checkouts.switch(trees.pop())
    Meanwhile(monkeypatch, *(lambda tree=tree: checkouts.switch(tree) for tree in trees))

    scan: Scan = checkouts.store.scan(first.files)

    assert (dict[str, Indexed](scan.files), scan.gone) == (first.files, ())
    assert scan.waiting
