"""Files that may not be read now, or may not be named: each is told, and read once it can be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from content.storing import NOTHING, clock, codes, item_text, picture, put, store
from syndicate.content.folder import FolderStore

__all__ = ["clock", "store"]  # fixtures


def test_a_file_that_could_not_be_read_is_read_once_it_can_be(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "a.md", item_text())

    def refusing(path: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refusing)
        refused = store.scan(NOTHING)

    scan = store.scan(refused.files)  # rights leave no trace in size, time or inode

    assert (codes(refused), codes(scan), len(scan.items)) == (["E-READ"], [], 1)


def test_an_image_that_could_not_be_read_is_found_once_it_can_be(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "a.md", item_text(image="p.png"))
    put(store, "p.png", picture())
    closed = os.path.realpath(store.root / "p.png")
    real_open = os.open

    def refusing(path: Path, flags: int) -> int:
        if os.fspath(path) == closed:
            raise PermissionError(13, "Permission denied")
        return real_open(path, flags)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refusing)
        patch.setattr(os, "access", lambda path, mode: os.fspath(path) != closed)
        refused = store.scan(NOTHING)

    scan = store.scan(refused.files)

    assert (codes(refused), codes(scan)) == (["W-IMAGE-MISSING"], [])


def test_a_name_with_control_characters_is_refused_and_told_without_them(store: FolderStore) -> None:
    (store.root / "a\x1b[2J.md").write_text(item_text(), encoding="utf-8")

    (fault,) = store.scan(NOTHING).faults

    assert fault.code == "E-PATH"
    assert str(fault).isprintable()
