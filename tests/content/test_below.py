from __future__ import annotations

import os
from pathlib import Path

import pytest

from syndicate.content.below import folders_below
from syndicate.content.sweep import MAX_DEPTH


def _below(root: Path, *places: Path) -> set[str]:
    found = folders_below(str(root), [str(place) for place in places or (root,)], lambda: False)
    return {os.path.relpath(folder, root) for folder in found.folders}


def test_folders_at_a_place_and_below_are_found_without_passing_ones(tmp_path: Path) -> None:
    for name in ("a/b", ".git/objects", "c", "x.tmp"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a" / "one.md").write_text("x")

    assert _below(tmp_path) == {".", "a", "a/b", "c"}
    assert _below(tmp_path, tmp_path / "a", tmp_path / "gone", tmp_path / "a" / "one.md") == {"a", "a/b"}


def test_links_are_gone_through_where_they_lead_out_and_once(tmp_path: Path) -> None:
    root, pictures = tmp_path / "content", tmp_path / "pictures"
    (root / "a").mkdir(parents=True)
    (pictures / "deep").mkdir(parents=True)
    for name, target in (("in", "a"), ("up", ".."), ("loop", "loop"), ("a/out", pictures)):
        (root / name).symlink_to(target)
    (pictures / "again").symlink_to(pictures)

    assert _below(root) == {".", "a", "a/out", "a/out/deep"}
    assert _below(root, root / "in", root / "up") == set()


def test_folders_as_deep_as_a_sweep_looks_are_found(tmp_path: Path) -> None:
    (tmp_path / "/".join(["d"] * (MAX_DEPTH + 2))).mkdir(parents=True)

    assert max(folder.count("d") for folder in _below(tmp_path)) == MAX_DEPTH


def test_folder_that_cannot_be_read_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shut" / "below").mkdir(parents=True)
    true_scandir = os.scandir

    def scandir(folder: str) -> object:
        if folder.endswith("shut"):
            raise PermissionError(13, "Permission denied", folder)
        return true_scandir(folder)

    monkeypatch.setattr(os, "scandir", scandir)

    found = folders_below(str(tmp_path), [str(tmp_path)], lambda: False)

    assert (found.folders, found.closed) == ({str(tmp_path)}, {str(tmp_path / "shut")})


def test_names_that_are_no_utf8_are_left_out(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")  # noqa: PTH102  # bytes

    assert _below(tmp_path) == {"."}


def test_nobody_waits_in_vain(tmp_path: Path) -> None:
    assert folders_below(str(tmp_path), [str(tmp_path)], lambda: True).folders == frozenset()
