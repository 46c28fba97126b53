"""`adopt`: what another program posted before is not posted again."""

from __future__ import annotations

import shutil

import pytest

from site_rig import SandboxThread, SiteRig


def posted_by_another_program(site: SiteRig, name: str) -> None:
    """Items 1 to 3 stand on the network, and nothing here knows of it."""
    forget(site)
    site.channels[name]["first_sight"] = "post"
    site.configure()
    assert site.call("once").exit_code == 0
    site.channels[name].pop("first_sight")
    site.configure()
    forget(site)


def forget(site: SiteRig) -> None:
    """Begin anew."""
    for name in ("state", "feeds"):
        shutil.rmtree(site.folder / name)


@pytest.mark.parametrize("name", ["mastodon", "bluesky", "threads"])
def test_posts_of_before_are_never_made_again(posting: SiteRig, sandbox: SandboxThread, name: str) -> None:
    posting.channels = sandbox.channels(name)
    posted_by_another_program(posting, name)
    posting.write(9)
    before = sandbox.links(name)

    dry = posting.ask("adopt", name, "--dry-run")
    shown = posting.call("adopt", name, "--dry-run").stdout
    told = posting.call("adopt", name).stdout
    again = posting.ask("adopt", name)
    assert posting.call("once").exit_code == 0
    backfilled = posting.call("backfill", "--yes", "--gap", "0s")
    assert posting.call("once").exit_code == 0

    assert sorted(before) == [f"https://herons.example/{number}" for number in (1, 2, 3)]
    assert [(one["item"], one["is_ours"]) for one in dry["found"]] == [(f"item:{n}", False) for n in (1, 2, 3)]
    assert [one["is_ours"] for one in again["found"]] == [True] * 3
    assert "3 posts made elsewhere, by hand or by another program, would be taken over" in shown
    assert (dry["posts"], dry["adopted"], dry["is_dry_run"]) == (3, [], True)
    assert f"{name}: 3 posts read, 3 items of the store among them" in told
    assert "3 items adopted now, 0 known to be sent before" in told
    assert (len(again["found"]), again["adopted"]) == (3, [])
    assert backfilled.exit_code == 0
    assert sandbox.links(name) == [*before, "https://herons.example/9"], "the backfill posts what is missing, alone"
    assert "sent: adopted: it stands there already" in posting.call("explain", "1.md").stdout


def test_only_posts_since_a_day_are_read(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels = sandbox.channels("mastodon")
    posted_by_another_program(posting, "mastodon")

    later = posting.ask("adopt", "mastodon", "--since", "2999-01-01")

    assert (later["posts"], later["found"]) == (0, [])


def test_item_that_waits_is_settled_by_its_post(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels = sandbox.channels("mastodon")
    posted_by_another_program(posting, "mastodon")
    posting.channels["mastodon"] |= {"first_sight": "post"}
    posting.configure(delivery={"most_new": 1})
    assert posting.call("once").exit_code == 3, "a flood: all three are held"

    told = posting.ask("adopt", "mastodon")

    assert told["adopted"] == ["item:1", "item:2", "item:3"]
    assert posting.ask("held", "list") == []
    assert posting.call("once").exit_code == 0
    assert len(sandbox.links("mastodon")) == 3


def test_channel_that_cannot_list_its_posts_is_told(site: SiteRig) -> None:
    unable = site.call("adopt", "shown")
    unknown = site.call("adopt", "nobody")

    assert (unable.exit_code, unknown.exit_code) == (2, 2)
    assert "posts of preview cannot be listed; `syndicate backfill --mark-only`" in unable.stderr
    assert "there are: shown" in unknown.stderr
