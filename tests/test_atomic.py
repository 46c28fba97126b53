from __future__ import annotations

import os
from pathlib import Path

import pytest

from syndicate.atomic import UNFINISHED, replace_file


@pytest.mark.parametrize("is_durable", [True, False])
def test_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path, is_durable: bool) -> None:
    target = tmp_path / ("a" * 200 + ".xml")

    for content in (b"former", b"new"):
        replace_file(target, content, is_durable=is_durable)

    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_two_writers_of_one_file_do_not_share_a_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, drafts = tmp_path / "a.xml", set()
    true_fsync = os.fsync

    def looking(descriptor: int) -> None:
        drafts.update(path.name for path in tmp_path.glob(f".*{UNFINISHED}"))
        true_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", looking)

    replace_file(target, b"one")
    replace_file(target, b"other")

    assert len(drafts) == 2


def test_what_cannot_be_replaced_stays_and_no_draft_is_left(tmp_path: Path) -> None:
    target = tmp_path / "a.xml"
    target.mkdir()

    with pytest.raises(OSError, match="directory"):
        replace_file(target, b"new")

    assert list(tmp_path.iterdir()) == [target]
