"""`syndicate doctor`: one look at everything, beside whoever publishes, without leaving a trace."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from site_rig import SandboxThread, SiteRig
from syndicate.errors import Rejected
from syndicate.outbox.lock import PublisherLock
from syndicate.ports.channel import Channel
from syndicate.settings.first import NO_URL


def told(report: dict[str, Any], about: str) -> dict[str, str]:
    """The level of each code of one part."""
    return {one["code"]: one["level"] for one in report["findings"] if one["about"] == about}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def local(posting: SiteRig) -> SiteRig:
    """A site without a public address, so that nothing outside is asked; its channels post to the sandbox."""
    posting.configure(site={"title": "Marsh Notes", "url": NO_URL, "tag_authority": "marsh.example,2026"})
    return posting


def test_new_site_has_no_problem_and_leaves_no_trace(site: SiteRig) -> None:
    site.configure(site={"title": "Marsh Notes", "url": NO_URL, "tag_authority": "marsh.example,2026"})
    before = contents(site.folder)

    report = site.ask("doctor")

    assert report["counts"]["problem"] == 0
    assert told(report, "state")["D-DATABASE"] == "note"
    assert contents(site.folder) == before


def test_channels_are_asked_and_nothing_is_posted(local: SiteRig, sandbox: SandboxThread) -> None:
    report = local.ask("doctor")

    mastodon, webhook = told(report, "mastodon"), told(report, "webhook")
    assert (mastodon["D-ACCESS"], mastodon["D-SCOPES"], mastodon["D-PROMISE"]) == ("ok", "ok", "ok")
    assert (webhook["D-REACH"], "D-ACCESS" in webhook) == ("ok", False)
    assert told(report, "machine")["D-CLOCK"] == "note"  # the sandbox has the clock of this machine
    assert told(report, "state")["D-RIGHTS"] == "ok"
    assert sandbox.posts() == []


def test_state_is_left_as_it_is(local: SiteRig) -> None:
    before = contents(local.folder / "state")

    local.ask("doctor")

    assert contents(local.folder / "state") == before


def test_refused_access_is_a_problem_with_its_remedy(local: SiteRig) -> None:
    local.channels["mastodon"]["token"] = "nobody"
    local.configure()

    result = local.call("doctor", "mastodon")

    assert result.exit_code == 3
    assert "problem: Mastodon and servers with its API: refuses access" in result.stdout
    assert "docs/networks/mastodon.md" in result.stdout
    assert "mastodon: would not post" in result.stdout
    assert "1 problem" in result.stdout


def test_access_that_may_not_post_is_a_problem(local: SiteRig) -> None:
    local.channels["mastodon"]["token"] = "sandbox-readonly"
    local.configure()

    report = local.ask("doctor", "mastodon", code=3)

    [found] = [one for one in report["findings"] if one["code"] == "D-SCOPES"]
    assert (found["level"], found["facts"]["lacks"]) == ("problem", ["write:statuses", "write:media"])


def test_only_the_channels_named_are_looked_at(local: SiteRig) -> None:
    report = local.ask("doctor", "webhook", "webhook")

    assert {one["about"] for one in report["findings"]} == {"machine", "webhook"}
    assert told(report, "machine") == {"D-CLOCK": "note"}


def test_channel_that_is_not_there_is_a_slip(local: SiteRig) -> None:
    result = local.call("doctor", "fax")

    assert result.exit_code == 2
    assert "mastodon, webhook" in result.stderr


def test_nobody_is_asked_offline(local: SiteRig) -> None:
    local.channels["mastodon"]["instance"] = "http://127.0.0.1:9"  # where nobody answers
    local.configure()

    report = local.ask("doctor", "--offline")

    assert told(report, "machine")["D-OFFLINE"] == "note"
    assert "D-ACCESS" not in told(report, "mastodon")
    assert told(report, "mastodon")["D-PROMISE"] == "ok"


def test_what_waits_for_a_person_is_told(local: SiteRig) -> None:
    local.configure(delivery={"most_new": 1})
    local.write(4)
    local.write(5)
    assert local.call("once").exit_code == 3

    report = local.ask("doctor", "mastodon")

    assert told(report, "mastodon")["D-HELD"] == "warning"
    text = local.call("doctor", "mastodon", "--offline").stdout
    assert "mastodon: posts; `syndicate held list --channel mastodon`" in text


def test_state_of_a_newer_version_is_a_problem_and_is_not_opened(local: SiteRig) -> None:
    with closing(sqlite3.connect(local.folder / "state" / "outbox.sqlite3")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    report = local.ask("doctor", "--offline", code=3)

    assert told(report, "state")["D-SCHEMA"] == "problem"
    assert "D-QUEUE" not in told(report, "mastodon")


def test_damaged_state_is_a_problem_and_the_rest_is_told_all_the_same(local: SiteRig) -> None:
    (local.folder / "state" / "outbox.sqlite3").write_bytes(b"no database" * 100)

    report = local.ask("doctor", code=3)

    assert told(report, "state")["D-DATABASE"] == "problem"
    assert told(report, "mastodon")["D-ACCESS"] == "ok"


def test_files_with_secrets_are_looked_at_where_the_settings_name_them(local: SiteRig) -> None:
    secret = local.folder / "mastodon.token"
    secret.write_text("sandbox-news\n", encoding="ascii")
    secret.chmod(0o644)
    del local.channels["mastodon"]["token"], local.channels["webhook"]
    local.channels["mastodon"]["token_file"] = "mastodon.token"
    local.configure()

    report = local.ask("doctor", "--offline")

    [found] = [one for one in report["findings"] if one["code"] == "D-SECRET"]
    assert (found["level"], found["remedy"]) == ("warning", f"chmod 600 {secret}")


def test_what_check_says_of_the_settings_is_told(local: SiteRig) -> None:
    local.channels["webhook"]["budget_per_day"] = 1
    local.configure(site={"title": "Marsh Notes", "url": NO_URL})

    report = local.ask("doctor", "--offline")

    assert told(report, "webhook")["D-SETTINGS"] == "warning"
    assert told(report, "site")["D-SETTINGS"] == "warning"


def test_feeds_are_read_as_a_web_server_sends_them(local: SiteRig) -> None:
    serve = partial(SimpleHTTPRequestHandler, directory=str(local.folder / "feeds"))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        local.configure(feeds={"url": f"http://127.0.0.1:{server.server_port}/"})
        with PublisherLock(local.folder / "state" / "publisher.lock", datetime.now(UTC)):
            report = local.ask("doctor")
        server.shutdown()

    publisher = next(one for one in report["findings"] if one["code"] == "D-PUBLISHER")
    assert publisher["facts"]["pid"] == os.getpid()
    site = told(report, "site")
    assert (site["D-CONDITIONAL"], site["D-FEEDS-URL"], site["D-SHARE"]) == ("ok", "note", "warning")
    assert [one["level"] for one in report["findings"] if one["code"] == "D-FEED" and "rss" in one["words"]] == ["ok"]


def test_feeds_that_nobody_serves_are_a_problem_while_a_publisher_runs(local: SiteRig) -> None:
    local.configure(feeds={"url": "http://127.0.0.1:9/"})

    with PublisherLock(local.folder / "state" / "publisher.lock", datetime.now(UTC)):
        report = local.ask("doctor", code=3)

    [found] = [one for one in report["findings"] if one["code"] == "D-FEED"]
    assert found["words"] == "http://127.0.0.1:9/all/rss.xml: cannot connect: Connection refused"


def test_check_that_takes_too_long_is_told_and_ends(local: SiteRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.checkup.WITHIN_S", 0.0)

    report = local.ask("doctor", "mastodon", code=3)

    mastodon = told(report, "mastodon")
    assert (mastodon["D-TIME"], mastodon["D-PROMISE"], mastodon["D-QUEUE"]) == ("problem", "ok", "ok")
    assert "D-ACCESS" not in mastodon


def test_check_that_cannot_be_made_is_told_and_others_go_on(local: SiteRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Channel) -> None:
        raise Rejected("no idea of limits")

    monkeypatch.setattr("syndicate.channels.mastodon.Mastodon.wants", property(refuse))

    report = local.ask("doctor", "mastodon", "webhook", "--offline", code=3)

    assert told(report, "mastodon")["D-ERROR"] == "problem"
    assert told(report, "webhook")["D-LIMITS"] == "ok"
