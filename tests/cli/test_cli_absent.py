"""Channels that are switched off or removed for a while: what they owed, what they missed, what is seen of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from site_rig import SandboxThread, SiteRig


def absent(site: SiteRig, how: str) -> None:
    """Mastodon is off, or gone from the settings."""
    channels = {name: one | {"enabled": False} if name == "mastodon" else one for name, one in site.channels.items()}
    if how == "removed":
        del channels["mastodon"]
    site.configure(channels=channels)


@pytest.mark.parametrize("how", ["off", "removed"])
def test_items_that_came_meanwhile_are_posted_once_the_channel_is_back(
    posting: SiteRig, sandbox: SandboxThread, how: str
) -> None:
    assert posting.call("once").exit_code == 0
    absent(posting, how)
    posting.write(4)
    assert posting.call("once").exit_code == 0
    off = posting.call("explain", "4.md").stdout
    assert len(sandbox.links("mastodon")) == 1, "item 3 alone"

    posting.configure(channels=posting.channels)
    codes = [posting.call("once").exit_code for _ in range(2)]

    assert codes == [0, 0]
    assert sandbox.links("mastodon") == ["https://herons.example/3", "https://herons.example/4"]
    assert len(sandbox.links("webhook")) == 2
    assert ("channel mastodon: switched off" in off) == (how == "off")
    assert "planned: new: came while the channel was off" in posting.call("explain", "4.md").stdout
    assert "baseline" in posting.call("explain", "1.md").stdout, "what was there before is not posted"


def test_what_a_removed_channel_may_have_posted_waits_for_a_person(posting: SiteRig, sandbox: SandboxThread) -> None:
    assert posting.call("once").exit_code == 0
    with closing(sqlite3.connect(posting.folder / "state" / "outbox.sqlite3")) as connection:
        connection.execute(
            "UPDATE deliveries SET state = 'unknown', is_unclear = 1, remote_id = NULL, sent_at = NULL "
            "WHERE channel = 'mastodon' AND state = 'sent'"
        )
        connection.commit()
    absent(posting, "removed")
    posting.call("once")

    [waiting] = posting.ask("held", "list")
    shown = posting.call("status").stdout
    refused = posting.call("held", "resolve", waiting["id"], "send")
    told = posting.ask("held", "resolve", waiting["id"], "sent")

    assert (waiting["channel"], waiting["code"]) == ("mastodon", "unknown_outcome")
    assert "mastodon (not in the settings)" in shown and "1 of unknown outcome" in shown
    assert (refused.exit_code, "is not in the settings" in refused.stderr) == (2, True)
    assert [one["state"] for one in told] == ["sent"]
    assert posting.ask("held", "list") == []
    posting.configure(channels=posting.channels)
    assert posting.call("once").exit_code == 0
    assert len(sandbox.links("mastodon")) == 1


def test_channel_that_is_off_is_called_so(posting: SiteRig) -> None:
    posting.call("once")
    absent(posting, "off")

    assert "mastodon (switched off)" in posting.call("status").stdout
