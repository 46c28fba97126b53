"""`backfill`: the plan, the question, the pace, and what a second one does."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from site_rig import SandboxThread, SiteRig, end, until
from syndicate.backfill import Selection
from syndicate.cli.backfill import duration
from syndicate.cli.filling import Filling, Wish
from syndicate.errors import UsageError
from syndicate.outbox.lock import PublisherLock
from syndicate.outbox.spacing import Tempo
from syndicate.plot import plot_of
from syndicate.sandbox.faults import Effect, InjectedFault

NOW_AND_THEN = ("--gap", "0s", "--yes")


@pytest.fixture
def old(site: SiteRig, sandbox: SandboxThread) -> SiteRig:
    """Items 1 to 4 were there before the channels."""
    site.write(3, categories=["Water Birds", "Reeds"])
    site.write(4, date=(datetime.now(UTC) - timedelta(days=400)).isoformat())
    site.channels = sandbox.channels("mastodon", "webhook")
    site.configure()
    assert site.call("once").exit_code == 0
    assert sandbox.posts() == []
    return site


def test_dry_run_shows_the_plan_and_writes_nothing(old: SiteRig, sandbox: SandboxThread) -> None:
    text = old.call("backfill", "--dry-run", "--gap", "10m").stdout
    plan = old.ask("backfill", "--dry-run", "--gap", "10m")

    assert "never twice: unclear outcomes are looked up before anything is sent again" in text
    assert "never twice, if the receiver heeds our key" in text
    assert "dry run: nothing was written" in text
    assert plan["is_dry_run"] is True
    assert [(one["channel"], len(one["items"]), one["every_s"]) for one in plan["channels"]] == [
        ("mastodon", 4, 600.0),
        ("webhook", 4, 600.0),
    ]
    begins, ends = (datetime.fromisoformat(plan["channels"][0][name]) for name in ("begins", "ends"))
    assert ends - begins == timedelta(minutes=30)
    old.call("once")
    assert sandbox.posts() == []


def test_backfill_posts_oldest_first_and_a_second_one_plans_nothing(old: SiteRig, sandbox: SandboxThread) -> None:
    first = old.call("backfill", *NOW_AND_THEN)
    second = old.call("backfill", *NOW_AND_THEN)

    assert first.exit_code == 0
    assert f"backfill {today()}: 8 sent" in first.stdout
    order = [f"https://herons.example/{number}" for number in (4, 1, 2, 3)]
    assert sandbox.links("mastodon") == sandbox.links("webhook") == order
    assert (second.exit_code, "nothing to backfill" in second.stdout) == (0, True)
    assert len(sandbox.posts()) == 8


@pytest.mark.parametrize(
    ("words", "posted"),
    [
        (["--limit", "2"], [2, 3]),
        (["--topic", "reeds"], [3]),
        (["--topic", "Reeds", "--topic", "water-birds"], [4, 1, 2, 3]),
        (["--since", "2020-01-01", "--until", "2020-01-02"], []),
    ],
)
def test_backfill_takes_what_is_selected(
    old: SiteRig, sandbox: SandboxThread, words: list[str], posted: list[int]
) -> None:
    result = old.call("backfill", *NOW_AND_THEN, "--channel", "mastodon", *words)

    assert result.exit_code == 0
    assert sandbox.links("mastodon") == [f"https://herons.example/{number}" for number in posted]
    assert sandbox.posts("webhook") == []


def test_plan_is_left_to_the_publisher_if_so_wished(old: SiteRig, sandbox: SandboxThread) -> None:
    planned = old.call("backfill", *NOW_AND_THEN, "--no-wait")
    before = len(sandbox.posts())
    old.call("once")

    assert f"planned as {today()}; `syndicate run` or `syndicate once` delivers it" in planned.stdout
    assert (before, len(sandbox.posts())) == (0, 8)


def test_backfill_beside_a_publisher_only_plans(old: SiteRig, sandbox: SandboxThread) -> None:
    with PublisherLock(old.folder / "state" / "publisher.lock", datetime.now(UTC)):
        result = old.call("backfill", *NOW_AND_THEN)
        again = old.call("backfill", *NOW_AND_THEN)
    assert sandbox.posts() == []
    old.call("once")

    assert result.exit_code == 0
    assert f"is publishing and delivers {today()}: `syndicate backfill status` tells" in result.stdout
    assert "nothing to backfill" in again.stdout
    assert f"{today()} (running) owes 8 posts: `backfill resume`" in again.stdout
    assert len(sandbox.posts()) == 8


def test_what_the_first_sight_plans_by_itself_is_not_planned_twice(site: SiteRig) -> None:
    result = site.call("backfill", "--yes", "--no-wait")  # a preview posts what is there already

    assert "nothing is left to plan: meanwhile all of it was decided otherwise" in result.stdout
    assert site.ask("backfill", "list") == []


def test_nobody_there_to_confirm_means_no(old: SiteRig, sandbox: SandboxThread) -> None:
    result = old.call("backfill")

    assert result.exit_code == 2
    assert "nobody is there to confirm; look with --dry-run, then call again with --yes" in result.stderr
    assert old.ask("status")["channels"][0]["states"] == {"skipped": 4}


def test_report_as_json_is_the_plan(old: SiteRig, sandbox: SandboxThread) -> None:
    report = old.ask("backfill", *NOW_AND_THEN, "--limit", "1")

    assert [one["items"] for one in report["channels"]] == [["item:3"], ["item:3"]]
    assert len(sandbox.posts()) == 2


def test_refusal_ends_with_3(old: SiteRig, sandbox: SandboxThread) -> None:
    sandbox.arm(InjectedFault(network="mastodon", route="post", effect=Effect.GONE_410, times=None))

    result = old.call("backfill", *NOW_AND_THEN, "--limit", "1")

    assert result.exit_code == 3
    assert f"backfill {today()}: 1 failed, 1 sent" in result.stdout


def test_new_item_is_planned_by_the_way(old: SiteRig, sandbox: SandboxThread) -> None:
    old.write(5)

    old.call("backfill", *NOW_AND_THEN, "--limit", "2")
    old.call("once")

    assert sorted(sandbox.links("mastodon")) == ["https://herons.example/3", "https://herons.example/5"]
    assert sorted(sandbox.links("webhook")) == ["https://herons.example/3", "https://herons.example/5"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--channel", "none"], "--channel none: no such channel is switched on; there are: mastodon, webhook"),
        (
            ["--since", "2026-02-01", "--until", "2026-01-01"],
            "--since 2026-02-01: is after --until 2026-01-01; swap them",
        ),
        (["--since", "yesterday"], "'yesterday' does not match"),
        (["--gap", "soon"], "--gap soon: is no duration; write 30s, 5m, 1h or 7d"),
        (["--over", "0s"], "--over 0s: leaves no time; write 12h or 30d"),
        (["--begin", "soon"], "'soon' does not match the formats"),
        (["--name", "two words"], "--name two words: use up to 64 letters, digits"),
        (["--section", "Sports", "--dry-run"], "--section Sports: no item has it"),
        (["--language", "fr", "--dry-run"], "--language fr: no item has it"),
        (["--item", "storks", "--dry-run"], "--item storks: no item has this id, path or slug"),
        (["--limit", "2", "list"], "options stand behind the word: `syndicate backfill list ...`"),
        (["pause", "none"], "none: there is no backfill of that name; `syndicate backfill list` shows all"),
        (["cancel"], "Missing argument 'NAME...'"),
        (["--limit", "0"], "0 is not in the range"),
        (["--topic", "storks", "--dry-run"], "--topic storks: no item has it"),
    ],
)
def test_call_that_makes_no_sense(old: SiteRig, words: list[str], message: str) -> None:
    result = old.call("backfill", *words)

    assert result.exit_code == 2
    assert message in result.stderr


def test_gap_is_a_duration() -> None:
    assert duration("90s", "--gap") == timedelta(seconds=90)
    with pytest.raises(UsageError, match="--gap -1s: is no duration"):
        duration("-1s", "--gap")


def test_state_that_cannot_be_written(site: SiteRig) -> None:
    (site.folder / "state").write_text("a file in the way", encoding="ascii")

    assert site.call("backfill", "--yes").exit_code == 73


def test_dry_run_before_the_first_start_writes_not_even_an_outbox(site: SiteRig, sandbox: SandboxThread) -> None:
    site.channels = sandbox.channels("mastodon")
    site.configure()

    (plan,) = site.ask("backfill", "--dry-run")["channels"]

    assert plan["items"] == ["item:1", "item:2"]
    assert not (site.folder / "state").exists()
    assert not (site.folder / "feeds").exists()


def test_interrupted_backfill_goes_on_later(old: SiteRig, sandbox: SandboxThread) -> None:
    process = old.start("backfill", "--gap", "2s", "--yes", "--channel", "mastodon")
    until(lambda: sandbox.posts("mastodon") or process.poll() is not None, "a first post")

    code = end(process, signal.SIGINT)
    stopped = len(sandbox.posts("mastodon"))
    make_due(old.folder)
    old.call("once")

    assert code == 0, old.log()
    assert f"still owed: `syndicate backfill resume {today()}`, `run` or `once` goes on with them" in old.log()
    assert 1 <= stopped < 4
    assert sorted(sandbox.links("mastodon")) == [f"https://herons.example/{number}" for number in (1, 2, 3, 4)]
    assert "nothing to backfill" in old.call("backfill", "--channel", "mastodon").stdout


@pytest.mark.parametrize(("answer", "posts"), [("n", 0), ("y", 1)])
def test_person_at_a_terminal_is_asked(
    old: SiteRig, sandbox: SandboxThread, monkeypatch: pytest.MonkeyPatch, answer: str, posts: int
) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        os.write(ours, f"{answer}\n".encode())
        wish = Wish(Selection(limit=1), ("webhook",), Tempo(timedelta(0)), "--limit 1")
        code = asyncio.run(Filling(plot_of(old.config), wish).run())
    os.close(ours)

    assert (code, len(sandbox.posts())) == (0, posts)


def test_plan_keeps_to_what_is_asked_for_and_to_the_channel(old: SiteRig, sandbox: SandboxThread) -> None:
    old.channels["webhook"]["gap"] = "12h"
    old.configure()
    old.call("backfill", "--yes", "--no-wait", "--limit", "1", "--channel", "mastodon", "--name", "first")

    words = ("--over", "3h", "--begin", "2999-01-01T08:00")
    report = old.ask("backfill", "--dry-run", *words)
    text = old.call("backfill", "--dry-run", *words)

    begins = "2999-01-01T08:00:00+00:00"
    assert [(one["channel"], len(one["items"]), one["begins"], one["takes_s"]) for one in report["channels"]] == [
        ("mastodon", 3, begins, 7200.0),
        ("webhook", 4, begins, 129_600.0),
    ]
    assert report["channels"][1]["warnings"] == ["the channel's own pace lets it end on 2999-01-02, not within 3h"]
    assert "left out: owed already: mastodon 1" in text.stdout
    assert "warning: mastodon: backfill first (running) owes posts until" in text.stderr
    assert "warning: webhook: the channel's own pace" in text.stderr
    assert [one["name"] for one in old.ask("status")["backfills"]] == ["first"]
    assert "first" in old.call("status").stdout


# Marks


def test_marked_items_are_never_posted_unless_marks_are_passed_over(old: SiteRig, sandbox: SandboxThread) -> None:
    marked = old.call("backfill", "--yes", "--mark-only", "--limit", "3")
    rest = old.ask("backfill", *NOW_AND_THEN, "--channel", "mastodon")
    after_all = old.ask("backfill", *NOW_AND_THEN, "--channel", "mastodon", "--even-marked", "--item", "slug-2")

    assert f"{today()}: 6 posts marked as not to be made" in marked.stdout
    assert rest["channels"][0]["items"] == ["item:4"]
    assert rest["channels"][0]["left_out"] == {"marked as not to be posted": 3}
    assert after_all["channels"][0]["items"] == ["item:2"]
    assert sandbox.links("mastodon") == ["https://herons.example/4", "https://herons.example/2"]
    assert old.ask("status")["channels"][1]["states"] == {"skipped": 4}


def test_old_items_come_into_feeds_alone(old: SiteRig, sandbox: SandboxThread) -> None:
    for number in range(5, 9):
        old.write(number)

    done = old.ask("backfill", "--yes", "--feeds-only")

    assert [len(one["items"]) for one in done["channels"]] == [8, 8]
    assert {"Title 5", "Title 8"} <= set(old.feed())
    assert old.ask("once")["decided"] == {}
    assert sandbox.posts() == []
    assert old.ask("status")["channels"][0]["states"] == {"skipped": 8}


# Batches


def test_batch_is_paused_resumed_and_cancelled(old: SiteRig, sandbox: SandboxThread) -> None:
    old.call("backfill", "--yes", "--no-wait", "--gap", "0s", "--name", "spring", "--limit", "2")

    paused = old.call("backfill", "pause")
    old.call("once")
    before = len(sandbox.posts())
    [listed] = old.ask("backfill", "list")
    resumed = old.call("backfill", "resume", "spring", "--no-wait")
    delivered = old.call("backfill", "resume")
    old.call("backfill", "--yes", "--no-wait", "--gap", "1h", "--name", "rest", "--channel", "webhook")
    cancelled = old.call("backfill", "cancel", "rest")

    assert "spring: paused, 0 of 4 posted" in paused.stdout
    assert (before, listed["state"], listed["owed"], listed["asked_for"]) == (0, "paused", 4, "--limit 2 --gap 0s")
    assert "spring: `syndicate run` or `syndicate once` delivers the rest" in resumed.stdout
    assert (delivered.exit_code, "backfill spring: 4 sent" in delivered.stdout) == (0, True)
    assert "rest: cancelled, 0 of 2 posted" in cancelled.stdout
    assert len(sandbox.posts()) == 4
    states = {one["name"]: (one["state"], one["total"], one["owed"]) for one in old.ask("backfill", "list")}
    assert states == {"spring": ("done", 4, 0), "rest": ("cancelled", 2, 0)}


def test_state_of_batches_is_told(old: SiteRig) -> None:
    empty = (
        old.call("backfill", "list").stdout
        + old.call("backfill", "status").stdout
        + old.call("backfill", "pause").stdout
    )
    old.call("backfill", "--yes", "--no-wait", "--name", "spring", "--limit", "1", "--channel", "webhook")

    assert "no backfill was planned yet" in empty
    assert "no backfill owes anything" in empty
    assert "no backfill is running" in empty
    assert "0 of 1" in old.call("backfill", "list").stdout
    assert "spring: running, planned" in old.call("backfill", "status").stdout
    assert [one["name"] for one in old.ask("backfill", "status", "spring")] == ["spring"]
    assert [one["state"] for one in old.ask("backfill", "pause")] == ["paused"]


def test_batches_of_a_place_where_nothing_was_published(site: SiteRig) -> None:
    assert site.ask("backfill", "list") == site.ask("backfill", "pause") == site.ask("backfill", "resume") == []
    assert not (site.folder / "state").exists()


def test_backfill_that_another_command_pauses_ends_here(old: SiteRig, sandbox: SandboxThread) -> None:
    process = old.start("backfill", "--gap", "1h", "--yes", "--channel", "mastodon", "--name", "slow")
    until(lambda: sandbox.posts("mastodon") or process.poll() is not None, "a first post")

    paused = old.call("backfill", "pause")

    assert "slow: paused, 1 of 4 posted" in paused.stdout
    assert process.wait(40) == 0
    assert "paused by another command; `syndicate backfill resume slow` goes on" in old.log()
    assert "Ctrl-C leaves the rest to `syndicate run`" in old.log()


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def make_due(folder: Path) -> None:
    """Let the pace pass at once."""
    with sqlite3.connect(folder / "state" / "outbox.sqlite3") as database:
        database.execute("UPDATE deliveries SET due = (SELECT MIN(due) FROM deliveries) WHERE state = 'planned'")
    database.close()
