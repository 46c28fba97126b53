"""What is amiss with the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate.doctor.state import Database, database_findings, lock_finding

PATH = Path("/srv/state/outbox.sqlite3")


@pytest.mark.parametrize(
    ("database", "expected", "is_readable"),
    [
        (Database(PATH, "0009", "0009"), {"D-DATABASE": "ok", "D-SCHEMA": "ok", "D-ITEMS": "ok"}, True),
        (Database(PATH, "0008", "0009"), {"D-DATABASE": "ok", "D-SCHEMA": "warning"}, False),
        (Database(PATH, None, "0009"), {"D-DATABASE": "ok", "D-SCHEMA": "warning"}, False),
        (Database(PATH, "0099", "0009", is_known=False), {"D-DATABASE": "ok", "D-SCHEMA": "problem"}, False),
        (
            Database(PATH, "0009", "0009", faults=("row 1",)),
            {"D-DATABASE": "problem", "D-SCHEMA": "ok", "D-ITEMS": "ok"},
            True,
        ),
        (
            Database(PATH, "0009", "0009", is_checked=False),
            {"D-DATABASE": "note", "D-SCHEMA": "ok", "D-ITEMS": "ok"},
            True,
        ),
        (Database(PATH, trouble="file is not a database"), {"D-DATABASE": "problem"}, False),
    ],
)
def test_database_is_whole_and_of_this_version(database: Database, expected: dict[str, str], is_readable: bool) -> None:
    assert {one.code: one.level.value for one in database_findings(database)} == expected
    assert database.is_readable is is_readable


def test_state_that_never_was_is_no_problem() -> None:
    assert [(one.code, one.level.value) for one in database_findings(None)] == [("D-DATABASE", "note")]


def test_publisher_is_named() -> None:
    assert "4711" in lock_finding(4711, "2026-11-23T08:00:00+00:00").words
    assert lock_finding(None, None).level == "note"


@pytest.mark.parametrize(
    ("damaged", "lost", "words", "remedy"),
    [
        (("a.md",), (), "what is kept of a.md is damaged; nothing", "the next pass"),
        (tuple("abcde"), (), "what is kept of a, b, c and 2 more is damaged; nothing", "the next pass"),
        (("a.md",), ("b.md",), "what is kept of b.md is damaged, and the file is gone", "bring it back"),
    ],
)
def test_items_that_cannot_be_read_are_named(
    damaged: tuple[str, ...], lost: tuple[str, ...], words: str, remedy: str
) -> None:
    *_, found = database_findings(Database(PATH, "0009", "0009", damaged=damaged, lost=lost))

    assert (found.code, found.level.value) == ("D-ITEMS", "warning")
    assert found.words.startswith(words)
    assert found.remedy.startswith(remedy)
