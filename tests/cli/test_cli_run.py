"""`run` as a real process: what it serves, hears and leaves to others, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from site_rig import SandboxThread, SiteRig, end, until
from syndicate.cli.run import introduction, summary_of
from syndicate.house import open_house
from syndicate.ingest import Pass
from syndicate.outbox.delivery import Action, State
from syndicate.outbox.lock import PublisherLock
from syndicate.plot import plot_of
from syndicate.sandbox.faults import Effect, InjectedFault


def address_of(site: SiteRig) -> str:
    (address,) = re.findall(r"^  read      (http://\S+)  ", site.log(), re.MULTILINE)[-1:]
    return str(address)


def served(site: SiteRig) -> list[str]:
    with urllib.request.urlopen(f"{address_of(site)}all/feed.json", timeout=10) as answer:
        return [entry["title"] for entry in json.load(answer)["items"]]


def events(site: SiteRig) -> list[str]:
    return [json.loads(line)["event"] for line in site.log().splitlines() if line.startswith("{")]


def test_publisher_from_start_to_end(posting: SiteRig, sandbox: SandboxThread) -> None:
    """One process for all of it, as each start costs seconds."""
    posting.channels |= {"shown": {"network": "preview"}}
    posting.configure()
    with posting.running() as process:
        # It tells where to look, and serves what it says.
        log = posting.log()
        assert "Marsh Notes: 3 items in 1 topic" in log
        assert f"  channel   shown (preview): {posting.folder}/preview/index.html, once it shows a post\n" in log
        assert served(posting) == ["Title 3", "Title 2", "Title 1"]
        until(lambda: len(sandbox.posts()) == 2, "the posts of the item that was new at the start")

        # A new file is seen, shown and posted; a bad one is named.
        bad = posting.put("bad.md", b"---\ntitle: [\n---\n")
        posting.write(4)
        until(lambda: len(sandbox.posts()) == 4, "the posts of the item that came while it ran")
        assert served(posting)[0] == "Title 4"
        until(lambda: f"error: {bad}:2:" in posting.log(), "the fault of the bad file")

        # Others beside it are told whose turn it is.
        for command in ("once", "run"):
            refused = posting.call(command)
            assert (refused.exit_code, f"process {process.pid}, started " in refused.stderr) == (75, True)
        assert posting.ask("status")["publisher"]["pid"] == process.pid

        # What others plan it delivers.
        beside = posting.call("backfill", "--channel", "webhook", "--gap", "0s", "--yes")
        assert f"process {process.pid} is publishing and delivers " in beside.stdout
        until(lambda: len(sandbox.posts("webhook")) == 4, "the backfilled posts")

        assert end(process) == 0, posting.log()
    assert "Stopped. Everything that is owed is kept" in posting.log()
    assert sorted(sandbox.links("mastodon")) == ["https://herons.example/3", "https://herons.example/4"]
    assert {"delivered", "store_changed"} <= set(events(posting))
    assert "Traceback" not in posting.log()


async def accept(site: SiteRig) -> None:
    """As a publisher that is killed before it sends anything."""
    async with open_house(plot_of(site.config)) as house:
        await house.ingest.run()


def test_what_changed_while_nothing_ran_is_looked_at_before_it_is_posted(
    posting: SiteRig, sandbox: SandboxThread
) -> None:
    posting.channels = sandbox.channels("webhook")
    posting.configure()
    posting.write(4)
    posting.write(5)
    asyncio.run(accept(posting))
    owed = posting.ask("status")["channels"][-1]["states"]
    (posting.folder / "content" / "4.md").unlink()
    with closing(sqlite3.connect(posting.folder / "state" / "outbox.sqlite3")) as connection:
        connection.execute("UPDATE files SET packed = x'00' WHERE path = '5.md'")
        connection.commit()

    with posting.running() as process:
        links = until(lambda: len(found := sandbox.links("webhook")) >= 2 and sorted(found), "the posts that are owed")
        assert end(process) == 0

    assert owed == {"planned": 3, "skipped": 2}
    assert links == ["https://herons.example/3", "https://herons.example/5"]
    assert posting.ask("status")["channels"][-1]["states"] == {"sent": 2, "skipped": 3}
    assert "its item left the store" in posting.call("explain", "4").output


def test_end_waits_for_what_is_being_sent(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels = sandbox.channels("webhook")
    posting.configure()
    with posting.running() as process:
        until(lambda: len(sandbox.posts("webhook")) == 1, "the first post")
        sandbox.arm(InjectedFault(network="webhook", route="post", effect=Effect.SLOW_AFTER, delay_ms=1500))
        posting.write(4)
        until(lambda: len(sandbox.posts("webhook")) == 2, "a post whose answer is on its way")
        code = end(process)

    assert code == 0
    states = posting.ask("status")["channels"]
    assert [one["states"].get("sent") for one in states if one["channel"] == "webhook"] == [2]


def test_end_of_once_waits_for_what_is_being_sent(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels = sandbox.channels("mastodon")
    posting.configure()
    posting.write(4)
    sandbox.arm(InjectedFault(network="mastodon", route="post", effect=Effect.SLOW_AFTER, delay_ms=1500))
    process = posting.start("once")
    until(lambda: sandbox.posts("mastodon") or process.poll() is not None, "a post whose answer is on its way")

    code = end(process)

    assert code == 130, posting.log()
    told = "Stopping: finishing what is being sent ..."
    assert told in posting.log()
    assert posting.ask("status")["channels"][0]["states"] == {"sent": 1, "planned": 1, "skipped": 2}
    assert posting.call("once").exit_code == 0
    assert sandbox.links("mastodon") == ["https://herons.example/3", "https://herons.example/4"]


def test_second_signal_ends_at_once_and_loses_nothing(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels = sandbox.channels("webhook")
    posting.configure()
    with posting.running() as process:
        until(lambda: len(sandbox.posts("webhook")) == 1, "the first post")
        sandbox.arm(InjectedFault(network="webhook", route="post", effect=Effect.SLOW, delay_ms=20_000))
        posting.write(4)
        until(lambda: planned(posting) == 1, "a post that is being sent")
        process.send_signal(signal.SIGINT)
        until(lambda: "Stopping: finishing what is being sent ..." in posting.log(), "the first signal")
        code = end(process, signal.SIGINT)

    sandbox.arm()
    assert code == 130
    assert posting.call("once").exit_code == 0
    assert sandbox.links("webhook") == ["https://herons.example/3", "https://herons.example/4"]


def test_a_later_pass_tells_in_a_line_what_is_owed_of_changes() -> None:
    done = Pass(revised=1, withdrawn=2, decided={State.PLANNED: 1}, took_ms=7)

    assert summary_of(done, {Action.EDIT: 1, Action.DELETE: 2}) == (
        "1 revised, 2 withdrawn: 0 files on the shelf in 7 ms; deliveries: 1 planned; owed: 2 deletions, 1 edit"
    )


async def test_the_gallery_of_a_preview_is_pointed_at_once_it_is_there(site: SiteRig) -> None:
    async with open_house(plot_of(site.config)) as house:
        early = introduction(house, None, Pass())
        page = site.folder / "preview" / "index.html"
        page.parent.mkdir()
        page.touch()
        late = introduction(house, None, Pass())

    assert [line for line in late if line not in early] == [f"  channel   shown (preview): {page}"]


def planned(site: SiteRig) -> int:
    states = [one["states"] for one in site.ask("status")["channels"] if one["channel"] == "webhook"]
    return sum(one.get("sending", 0) for one in states)


def test_port_that_is_taken_ends_it_with_the_way_out(site: SiteRig) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        site.configure(server={"port": taken.getsockname()[1]})
        result = site.call("run")

    assert result.exit_code == 73
    assert "stop what listens there, or set another `server.port`" in result.stderr
    assert not (site.folder / "feeds" / "all").exists()


def test_publisher_outlives_a_store_that_goes_and_comes(site: SiteRig) -> None:
    site.configure(schedule={"every": "1s"})
    with site.running() as process:
        elsewhere = site.folder / "elsewhere"
        (site.folder / "content").rename(elsewhere)
        until(lambda: "pass_failed" in events(site), "the missing store")
        elsewhere.rename(site.folder / "content")
        site.write(3, age=timedelta(minutes=1))
        until(lambda: "Title 3" in site.feed(), "the item that came with the store")
        code = end(process)

    assert code == 0
    assert site.feed() == ["Title 3", "Title 2", "Title 1"]


@pytest.mark.parametrize("word", ["run", "once"])
def test_second_publisher_is_told_before_the_settings_are_read(site: SiteRig, word: str) -> None:
    """As cron may call it every minute, it costs little: CPU time, as others may keep the machine busy."""
    with PublisherLock(site.folder / "state" / "publisher.lock", datetime.now(UTC)):
        site.configure(channels={"faulty": {"network": "pigeon"}})
        process = site.start(word)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)

    assert process.returncode == 75
    assert f"process {os.getpid()}, started " in site.log()
    assert used.ru_utime + used.ru_stime < 1.0
