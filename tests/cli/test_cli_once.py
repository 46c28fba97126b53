"""`once`, `check`, `status` and `preview` on real folders, with a real outbox and fake networks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from site_rig import SandboxThread, SiteRig, environment, picture
from syndicate.outbox.lock import PublisherLock
from syndicate.sandbox.faults import Effect, InjectedFault


def lock(site: SiteRig) -> PublisherLock:
    return PublisherLock(site.folder / "state" / "publisher.lock", datetime.now(UTC))


# --- once


def test_once_publishes_feeds_and_previews(site: SiteRig) -> None:
    result = site.call("once")

    assert result.exit_code == 0
    assert site.feed() == ["Title 2", "Title 1"]
    assert (site.folder / "preview" / "index.html").is_file()
    assert "2 items in 1 topic: 2 new, 0 revised, 0 withdrawn" in result.stdout
    assert "2 sent" in result.stdout


def test_second_once_does_nothing(site: SiteRig) -> None:
    first, second = site.ask("once"), site.ask("once")

    assert (first["new"], first["decided"], first["channels"]) == (2, {"planned": 2}, {"shown": {"sent": 2}})
    assert (second["new"], second["written"], second["decided"], second["channels"]) == (0, [], {}, {"shown": {}})


def test_once_without_changes_loads_nothing_that_tells_writes_sends_serves_or_draws(site: SiteRig) -> None:
    # Pages are made at every start, as is the directory, by lxml.
    site.configure(channels={}, feeds={"formats": ["rss", "atom", "json"]}, cards={"image": {"enabled": False}})

    first, second = loaded_by_once(site), loaded_by_once(site)

    assert {"pydantic", "feedgen", "syndicate.feeds.xml", "structlog"} <= first
    assert first & {"sqlalchemy", "alembic"} == set()  # a new state is laid out by the driver
    assert "sqlite3" in second
    assert second & {"aiohttp", "apscheduler", "alembic", "cryptography", "feedgen", "jinja2", "PIL"} == set()
    assert second & {"rich", "structlog", "watchfiles", "yarl", "sqlalchemy"} == set()
    assert second & {"regex", "syndicate.items.mapping", "syndicate.items.frontmatter"} == set()
    assert second & {"syndicate.deliver", "syndicate.sharepages", "syndicate.feeds.xml"} == set()
    assert second & {"syndicate.posts.fit", "syndicate.posts.measure"} == set()
    assert second & {"syndicate.channels.http", "syndicate.channels.tokens", "syndicate.settings.tables"} == set()


def test_once_with_changes_does_without_sqlalchemy(site: SiteRig) -> None:
    site.call("once")
    site.write(3)
    (site.folder / "content" / "1.md").unlink()

    assert "sqlalchemy" not in loaded_by_once(site)


def test_few_values_that_a_start_declares_are_dataclasses_which_take_their_time(site: SiteRig) -> None:
    site.call("once")
    declared = (
        "any(name == one.__module__ and is_dataclass(one) for one in vars(held).values() if isinstance(one, type))"
    )
    declaring = told_after_once(
        site, f"[name for name, held in [*sys.modules.items()] if name.startswith('syndicate.') and {declared}]"
    )

    assert "syndicate.items.item" in declaring
    of_items = {f"syndicate.items.{name}" for name in ("item", "posting", "rules", "sources")}
    elsewhere = {"syndicate.errors", "syndicate.channels.http", "syndicate.doctor.finding", "syndicate.feeds.directory"}
    assert declaring <= of_items | elsewhere


def loaded_by_once(site: SiteRig) -> set[str]:
    return told_after_once(site, "sys.modules")


def told_after_once(site: SiteRig, names: str) -> set[str]:
    """The names that a process gives which called `once`."""
    run = f"main(['once', '--config', {str(site.config)!r}], standalone_mode=False)"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from dataclasses import is_dataclass; from syndicate.cli import main\n"
            f"try: {run}\nfinally: print('told:', *{names})",
        ],
        capture_output=True, text=True, env=environment(), timeout=60, check=True,
    )  # fmt: skip
    return set(done.stdout.partition("told:")[2].split())


def test_once_posts_a_new_item_to_every_network_once(posting: SiteRig, sandbox: SandboxThread) -> None:
    first, second = posting.ask("once"), posting.ask("once")

    assert first["channels"] == {"mastodon": {"sent": 1}, "webhook": {"sent": 1}}
    assert second["channels"] == {"mastodon": {}, "webhook": {}}
    assert sandbox.links("mastodon") == sandbox.links("webhook") == ["https://herons.example/3"]


def test_once_names_bad_files_and_publishes_the_rest(site: SiteRig) -> None:
    bad = site.put("bad.md", b"---\ntitle: [\n---\n")

    result = site.call("once")

    assert result.exit_code == 65
    assert f"error: {bad}:2:" in result.stderr
    assert site.feed() == ["Title 2", "Title 1"]
    report = site.ask("once", code=65)
    assert [(one["path"], one["line"], one["code"]) for one in report["faults"]] == [(str(bad), 2, "E-FRONTMATTER")]


def test_once_ends_with_3_when_something_waits_for_you(posting: SiteRig) -> None:
    posting.configure(delivery={"most_new": 1})
    posting.write(4)

    report = posting.ask("once", code=3)

    assert report["decided"] == {"held": 4}
    assert posting.call("once").exit_code == 0


def test_once_ends_with_3_when_a_network_refuses(posting: SiteRig, sandbox: SandboxThread) -> None:
    sandbox.arm(InjectedFault(network="mastodon", route="post", effect=Effect.GONE_410, times=None))

    result = posting.call("once")

    assert result.exit_code == 3
    assert "1 failed" in result.stdout
    assert sandbox.links("webhook") == ["https://herons.example/3"]


def test_once_keeps_what_a_webhook_that_is_gone_would_get(posting: SiteRig, sandbox: SandboxThread) -> None:
    sandbox.arm(InjectedFault(network="webhook", route="post", effect=Effect.GONE_410, times=None))

    result = posting.call("once")

    assert result.exit_code == 3
    assert "webhook: " in result.stderr and "remove the channel, or set a new `url`" in result.stderr
    assert posting.ask("held", "list") == []


def test_once_keeps_what_cannot_be_sent_now(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels["mastodon"]["instance"] = "http://127.0.0.1:9"
    posting.configure()

    result = posting.call("once")

    assert result.exit_code == 69
    assert "channel_unavailable" in result.stderr
    assert re.search(r"^warning: mastodon: .*; what is owed is kept$", result.stderr, re.MULTILINE)
    assert sandbox.links("webhook") == ["https://herons.example/3"]
    (mastodon, _) = posting.ask("status")["channels"]
    assert mastodon["states"]["planned"] == 1


def test_once_ends_with_3_when_a_network_refuses_the_access(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels["mastodon"]["token"] = "expired"
    posting.configure()

    report = posting.ask("once", code=3)

    assert list(report["outages"]) == ["mastodon"]
    assert sandbox.links("webhook") == ["https://herons.example/3"]


def test_once_settles_an_unclear_outcome_by_looking(posting: SiteRig, sandbox: SandboxThread) -> None:
    sandbox.arm(InjectedFault(network="mastodon", route="post", effect=Effect.LOST_AFTER))

    report = posting.ask("once")

    assert report["channels"]["mastodon"] == {"sent": 1}
    assert sandbox.links("mastodon") == ["https://herons.example/3"]


def test_once_beside_a_publisher_names_it(site: SiteRig) -> None:
    with lock(site):
        result = site.call("once")

    assert result.exit_code == 75
    assert "already publishing from this state" in result.stderr
    assert "process " in result.stderr


def test_once_tells_a_missing_store(site: SiteRig) -> None:
    shutil.rmtree(site.folder / "content")

    result = site.call("once")

    assert result.exit_code == 78
    assert "content.folder: the content folder" in result.stderr


@pytest.mark.parametrize("place", ["feeds", "state"])
def test_once_tells_what_cannot_be_written(site: SiteRig, place: str) -> None:
    (site.folder / place).write_text("a file in the way", encoding="ascii")

    result = site.call("once")

    assert result.exit_code == 73
    assert result.stderr.startswith("error: ")
    assert str(site.folder / place) in result.stderr


def test_half_written_item_is_taken_within_the_same_call(site: SiteRig) -> None:
    site.write(3, age=timedelta(0))

    assert site.ask("once")["new"] == 3


# --- every command, bad settings and usage


@pytest.mark.parametrize(
    "words", ["run", "once", "check", "preview", "status", "backfill", "held list", "held resolve --all drop"]
)
def test_bad_settings_end_every_command_with_all_faults(site: SiteRig, words: str) -> None:
    site.configure(site={"titel": "x"}, feeds={"size": 0})

    result = site.call(*words.split())

    assert result.exit_code == 78
    assert result.stderr.splitlines() == [
        f"error: {site.config}: site.titel: is not a setting; write `title`, or remove it",
        f"error: {site.config}: feeds.size: is too small; write 1 or more",
    ]


@pytest.mark.parametrize("words", ["run", "once", "check", "preview", "status", "backfill", "held list"])
def test_missing_settings_name_the_ways_to_some(site: SiteRig, words: str) -> None:
    site.config.unlink()

    result = site.call(*words.split())

    assert result.exit_code == 78
    assert "pass --config FILE, or start with `syndicate sample FOLDER`" in result.stderr


# --- check


def test_check_counts_what_is_sound(site: SiteRig) -> None:
    site.write(3, draft=True)

    report = site.ask("check")
    result = site.call("check")

    assert (report["files"], report["items"], report["skipped"]) == (3, 2, {"draft": 1})
    assert (report["channels"], report["faults"]) == ({"shown": "preview"}, [])
    assert "settings are sound, 1 channel switched on" in result.stdout
    assert "2 items in 1 topic" in result.stdout
    assert not (site.folder / "state").exists()
    assert not (site.folder / "feeds").exists()


def test_check_lists_every_fault_with_its_way_out(site: SiteRig) -> None:
    for number in range(30):
        site.put(f"bad-{number:02}.md", b"---\ntitle: T\n---\n")

    result = site.call("check")
    report = site.ask("check", code=65)

    assert result.exit_code == 65
    assert sum("E-NO-DATE: has no date; write" in line for line in result.stderr.splitlines()) == 30
    assert len(report["faults"]) == 30
    assert {"path", "line", "column", "code", "problem", "remedy", "is_warning"} == report["faults"][0].keys()


def test_check_passes_over_warnings(site: SiteRig) -> None:
    site.write(3, featuredImage={"href": "none.png"})

    result = site.call("check")

    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert "W-IMAGE-MISSING" in result.stderr


# --- status


def test_status_before_the_first_start(site: SiteRig) -> None:
    lists: dict[str, list[object]] = {"channels": [], "hubs": [], "backfills": []}

    assert site.ask("status") == {"publisher": None, "items": 0, "undecided": 0, "waiting": {}, **lists}
    assert "nothing was published from here yet" in site.call("status").stdout


def test_status_counts_by_channel_and_state(posting: SiteRig) -> None:
    posting.configure(delivery={"most_new": 1})
    posting.write(4)
    posting.call("once")

    report, text = posting.ask("status"), posting.call("status").stdout

    assert (report["publisher"], report["items"]) == (None, 4)
    assert {one["channel"]: one["states"] for one in report["channels"]} == {
        name: {"skipped": 2, "held": 2} for name in ("mastodon", "webhook")
    }
    assert "publisher: none is running" in text
    assert "4 wait for you: `syndicate held list` tells why" in text


def test_status_and_log_tell_edits_apart_from_posts_and_that_they_wait(posting: SiteRig) -> None:
    posting.channels["mastodon"] |= {"on_edit": "edit", "edit_gap": "0s"}
    posting.configure()
    first = posting.call("once")
    posting.write(3, title="Another title")
    second = posting.call("once")
    posting.channels["mastodon"]["edit_gap"] = "1h"
    posting.configure()
    posting.write(3, title="A third title")
    assert posting.call("once").exit_code == 0

    words, forecast = posting.call("status").stdout, posting.call("explain", "3.md").stdout
    (report, _) = posting.ask("status")["channels"]

    assert (report["states"]["sent"], report["changes"]) == (1, {"edit": {"planned": 1, "sent": 1}})
    assert "mastodon: 1 edit owed, the first at " in words and "`edit_gap` keeps changes apart" in words
    assert "will edit the post at " in forecast and "because `edit_gap` keeps" in forecast
    assert '"action": "post"' in first.stderr and '"action": "edit"' in second.stderr


def test_status_names_the_publisher_and_gone_channels(posting: SiteRig) -> None:
    posting.call("once")
    posting.channels = {}
    posting.configure()

    with lock(posting):
        text, report = posting.call("status").stdout, posting.ask("status")

    assert f"publisher: process {report['publisher']['pid']}, started " in text
    assert "mastodon (not in the settings)" in text
    assert {one["states"]["sent"] for one in report["channels"]} == {1}


@pytest.mark.parametrize("words", ["status", "held list"])
def test_state_that_is_no_outbox_is_told(site: SiteRig, words: str) -> None:
    (site.folder / "state").mkdir()
    (site.folder / "state" / "outbox.sqlite3").write_text("no database", encoding="ascii")

    result = site.call(*words.split())

    assert result.exit_code == 73
    assert "outbox.sqlite3" in result.stderr


# --- preview


def test_preview_shows_the_newest_item_on_every_channel(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels |= sandbox.channels("bluesky")
    posting.configure()
    posting.put("4.jpg", picture())
    posting.write(4, featuredImage={"href": "4.jpg", "alt": "A heron"})
    posting.write(5, date=(datetime.now(UTC) + timedelta(days=1)).isoformat())

    result = posting.call("preview")
    report = posting.ask("preview")

    assert result.exit_code == 0
    assert "item:4  4.md  published" in result.stdout
    assert "mastodon (mastodon), " in result.stdout
    assert "of 300 graphemes" in result.stdout
    assert "  image: image/jpeg 1200x" in result.stdout
    assert "alt: A heron" in result.stdout
    assert "  image: none\n" in result.stdout  # of the webhook
    assert report["item"] == "item:4"
    shown = {one["channel"]: one for one in report["channels"]}
    assert set(shown) == {"mastodon", "webhook", "bluesky"}
    assert shown["mastodon"]["text"].endswith("https://herons.example/4")
    assert shown["mastodon"]["image"]["alt"] == "A heron"
    assert shown["bluesky"]["length"] <= shown["bluesky"]["limit"] == 300
    assert sandbox.posts() == []


def test_preview_is_what_is_posted(posting: SiteRig, sandbox: SandboxThread) -> None:
    shown = {one["channel"]: one["text"] for one in posting.ask("preview", "3")["channels"]}

    posting.call("once")

    assert [one.text for one in sandbox.posts("mastodon")] == [shown["mastodon"]]


@pytest.mark.parametrize("name", ["1", "item:1", "slug-1", "deep/one.md", "one.md"])
def test_preview_finds_the_item_by_any_of_its_names(site: SiteRig, name: str) -> None:
    (site.folder / "content" / "1.md").unlink()
    site.write(1, name="deep/one.md")

    assert site.ask("preview", name)["item"] == "item:1"


def test_preview_of_one_channel(posting: SiteRig) -> None:
    report = posting.ask("preview", "3", "--channel", "webhook")

    assert [one["channel"] for one in report["channels"]] == ["webhook"]


def test_preview_says_why_the_image_is_missing(posting: SiteRig) -> None:
    posting.write(4, image="http://127.0.0.1:9/heron.jpg")

    result = posting.call("preview", "4", "--channel", "mastodon")

    assert "  image: none (http://127.0.0.1:9/heron.jpg: " in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nobody",), "nobody: no item has this id, slug, file name or path"),
        (("1", "--channel", "none"), "--channel none: no such channel is switched on; there are: shown"),
    ],
)
def test_preview_of_what_is_not_there(site: SiteRig, words: tuple[str, ...], message: str) -> None:
    result = site.call("preview", *words)

    assert result.exit_code == 2
    assert message in result.stderr


def test_preview_of_an_ambiguous_name(site: SiteRig) -> None:
    site.write(3, slug="same")
    site.write(4, slug="same")

    assert "same: 2 items fit" in site.call("preview", "same").stderr


def test_preview_of_an_empty_store(tmp_path: Path) -> None:
    result = SiteRig(tmp_path).call("preview")

    assert result.exit_code == 2
    assert "the store holds no published item" in result.stderr
