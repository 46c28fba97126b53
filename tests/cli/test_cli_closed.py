"""A state that this user may not look into: every command says so, and none of them ends in a trace."""

from __future__ import annotations

import pytest

from site_rig import SiteRig

COMMANDS = ("status", "held list", "backfill list", "backfill --dry-run", "feeds list", "backup", "migrate", "once")


@pytest.fixture
def closed(site: SiteRig) -> SiteRig:
    """A file stands where the state's folder should be: it cannot be entered, whoever asks."""
    (site.folder / "state").write_text("no folder", encoding="ascii")
    return site


@pytest.mark.parametrize("command", COMMANDS)
def test_state_that_cannot_be_entered_is_told_with_a_remedy(closed: SiteRig, command: str) -> None:
    result = closed.call(*command.split())

    assert result.exit_code == 73, result.output
    assert "state" in result.stderr
    assert "state.folder" in result.stderr


def test_doctor_tells_it_among_the_rest(closed: SiteRig) -> None:
    report = closed.ask("doctor", "--offline", code=3)

    [found] = [one for one in report["findings"] if one["code"] == "D-DATABASE"]
    assert (found["level"], "Not a directory" in found["words"]) == ("problem", True)
    assert "the user who publishes" in found["remedy"]
