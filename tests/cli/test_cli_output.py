"""How commands speak: JSON for programs; lines, tables and bars for people."""

from __future__ import annotations

import json
import os
import pty
import select
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syndicate.cli.output import CALLED, count, moment, program, progress, say, table, tell_faults, tell_json, warn
from syndicate.errors import Fault

NOW = datetime(2026, 11, 1, 12, 30, 59, tzinfo=UTC)


def test_hints_are_what_the_operator_types(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CALLED, "../run.py")

    say("see `syndicate check`, not syndicate.yaml")
    warn("`syndicate auth news` renews it")
    tell_faults([Fault("a.md", "E-DATE", "has none", "see `syndicate explain a.md`")])
    table(("do",), [("`syndicate run`",)])
    tell_json({"hint": "`syndicate run`"})

    told = capsys.readouterr()
    assert told.out.splitlines()[0] == "see `python3 ../run.py check`, not syndicate.yaml"
    assert "`python3 ../run.py run`" in told.out and '"hint": "`syndicate run`"' in told.out
    assert "`python3 ../run.py auth news`" in told.err and "`python3 ../run.py explain a.md`" in told.err
    assert program(elsewhere=True) == f"python3 {Path('../run.py').resolve()}"


def test_json_takes_what_reports_hold(capsys: pytest.CaptureFixture[str]) -> None:
    tell_json({"at": NOW, "path": Path("a/b"), "bytes": b"\xff", "set": {"x"}, "tuple": (1, 2), "text": "ä"})

    text = capsys.readouterr().out
    assert json.loads(text) == {
        "at": NOW.isoformat(),
        "path": "a/b",
        "bytes": "\ufffd",
        "set": ["x"],
        "tuple": [1, 2],
        "text": "ä",
    }
    assert "ä" in text


def test_json_refuses_what_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="complex has no JSON form"):
        tell_json(1j)


def test_errors_come_before_warnings_and_not_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [Fault("a.md", "W-DATE", "odd", "mend it"), *[Fault("b.md", "E-DATE", "odd", "mend it", 3)] * 3]

    tell_faults(faults, most=3)

    assert capsys.readouterr().err.splitlines() == [
        *["error: b.md:3: E-DATE: odd; mend it"] * 3,
        "... and 1 more; `syndicate check --most 1000` lists all",
    ]


def test_warning_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    warn("news: cannot be reached")

    assert capsys.readouterr() == ("", "warning: news: cannot be reached\n")


def test_table_is_not_cut_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    table(("channel", "next"), [("news" * 30, NOW), ("other", None), ("[bold]", 3)])

    text = capsys.readouterr().out
    assert "news" * 30 in text
    assert "2026-11-01 12:30Z" in text
    assert "[bold]" in text
    assert "-" in text


def test_words_for_people() -> None:
    assert (moment(None), moment(NOW)) == ("-", "2026-11-01 12:30Z")
    assert [count(1, "item"), count(2, "item"), count(2, "delivery", "deliveries")] == [
        "1 item",
        "2 items",
        "2 deliveries",
    ]


def test_no_bar_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("backfill", 3) as advance:
        advance(1)

    assert capsys.readouterr() == ("", "")


def test_bar_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with progress("backfill", 3) as advance:
            advance(3)
        terminal.flush()
        drawn = b""
        while b"3/3" not in drawn and select.select([ours], [], [], 10)[0]:  # a thread draws the bar, in parts
            drawn += os.read(ours, 10_000)
    os.close(ours)

    assert b"backfill" in drawn
    assert b"3/3" in drawn
