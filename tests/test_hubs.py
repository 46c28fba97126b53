"""Hubs: told of what changed and of nothing else, again until they take it, whatever becomes of us or of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from channels.scripted import CUT, Hang, Lapse, Script, says, scripted
from newsroom import SITE
from syndicate.channels.http import Web
from syndicate.channels.hub import HubCaller
from syndicate.errors import StateLost
from syndicate.hubs import Hubs
from syndicate.outbox.ping import FIRST, LONGEST, HubCounts, patience
from syndicate.outbox.store import SqlOutbox
from syndicate.shelf.folder import FolderShelf

ALL = "all/rss.xml"
BIRDS = "birds/atom.xml"
OK = says(204)


class Press:
    """A shelf, an outbox and the hubs to be told; `restart` makes a new process of it."""

    def __init__(self, folder: Path, *hubs: str, patience_s: float = 60) -> None:
        self.folder = folder
        self.patience = timedelta(seconds=patience_s)
        self.now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
        self.hub_urls = hubs
        self.feeds: set[str] = set()

    async def __aenter__(self) -> Press:
        self.outbox = await SqlOutbox(self.folder / "outbox.sqlite3").__aenter__()
        self.web = await Web().__aenter__()
        self.shelf = FolderShelf(self.folder / "feeds")
        self.hubs = self.made()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.web.__aexit__(None, None, None)
        await self.outbox.__aexit__(None, None, None)

    def made(self) -> Hubs:
        line = HubCaller(self.web, lambda: self.now, timeout=self.patience)
        site = replace(SITE, hubs=self.hub_urls)
        return Hubs(self.outbox, self.shelf, line, site, clock=lambda: self.now, chance=lambda: 0.0)

    async def restart(self) -> None:
        await self.__aexit__()
        await self.__aenter__()

    def write(self, path: str, text: str) -> None:
        """A document as a pass would leave it."""
        self.feeds.add(path)
        self.shelf.put(path, text.encode())

    async def passed(self, after: timedelta = timedelta(0)) -> None:
        """A pass is over, and hubs are told what is due."""
        self.now += after
        self.hubs.look(self.feeds)
        await self.hubs.drain(10_000)

    async def counts(self) -> HubCounts:
        [counts] = await self.outbox.hub_counts()
        return counts


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with scripted() as running:
        yield running


@pytest.fixture
async def press(tmp_path: Path, script: Script) -> AsyncIterator[Press]:
    async with Press(tmp_path, f"{script.url}/hub") as opened:
        yield opened


def topics(script: Script) -> Counter[str]:
    """How often the hub heard of each path."""
    forms = [parse_qs(heard.body.decode()) for heard in script.heard]
    return Counter(form["hub.topic"][0].removeprefix(SITE.feeds_url) for form in forms)


async def test_a_ping_is_a_form_with_both_names_of_the_topic(press: Press, script: Script) -> None:
    script.will(OK)
    press.write(ALL, "one")

    await press.passed()

    [heard] = script.heard
    topic = [SITE.feeds_url + ALL]
    assert (heard.method, heard.path) == ("POST", "/hub")
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(heard.body.decode()) == {"hub.mode": ["publish"], "hub.url": topic, "hub.topic": topic}


async def test_only_what_changed_is_told(press: Press, script: Script) -> None:
    script.will(OK, OK, OK)
    press.write(ALL, "one")
    press.write(BIRDS, "one")
    await press.passed()

    await press.passed()
    press.write(ALL, "two")
    await press.passed()

    assert topics(script) == {ALL: 2, BIRDS: 1}
    assert await press.counts() == HubCounts(press.hub_urls[0], 0, press.now)


async def test_two_changes_before_the_hub_answers_are_one_ping(press: Press, script: Script) -> None:
    script.will(says(500), OK)
    press.write(ALL, "one")
    await press.passed()
    press.write(ALL, "two")
    await press.passed()
    press.write(ALL, "three")

    await press.passed(FIRST)

    assert topics(script) == {ALL: 2}
    assert (await press.counts()).owed == 0


async def test_a_change_while_the_ping_is_under_way_is_told_again(press: Press, script: Script) -> None:
    script.will(OK, OK)
    press.write(ALL, "one")
    press.hubs.look(press.feeds)
    ping = press.outbox.due_pings
    await press.hubs._owe()
    [first] = await ping(press.hub_urls[0], press.now, 4)
    press.write(ALL, "two")
    await press.hubs._owe()

    await press.outbox.settle_pings(first.hub, [await press.hubs._tell(first)], None, press.now)
    await press.passed()

    assert topics(script) == {ALL: 2}


@pytest.mark.parametrize(
    "answer", [says(500), says(503), says(302), CUT, Lapse()], ids=("500", "503", "302", "reset", "hangs")
)
async def test_a_hub_that_fails_is_tried_again_later_and_after_a_restart(
    press: Press, script: Script, answer: bytes
) -> None:
    script.will(answer, OK)
    press.write(ALL, "one")

    with capture_logs() as logs:
        await press.passed()
    await press.passed()
    failed = await press.counts()
    await press.restart()
    await press.passed(FIRST)

    [postponed] = [log for log in logs if log["event"] == "ping_postponed"]
    assert (postponed["hub"], postponed["topic"]) == (press.hub_urls[0], SITE.feeds_url + ALL)
    assert (failed.owed, failed.rests_until) == (1, press.now)
    assert failed.error == postponed["reason"]
    assert topics(script) == {ALL: 2}
    assert (await press.counts()).owed == 0


async def test_a_hub_that_asks_for_patience_is_left_alone_as_long(press: Press, script: Script) -> None:
    script.will(says(429, headers={"Retry-After": "120"}), OK, OK)
    press.write(ALL, "one")
    await press.passed()
    await press.restart()

    press.write(BIRDS, "one")
    await press.passed(timedelta(seconds=119))
    early = len(script.heard)
    await press.passed(timedelta(seconds=1))

    assert early == 1
    assert topics(script) == {ALL: 2, BIRDS: 1}


async def test_a_refused_topic_is_given_up_until_it_changes(press: Press, script: Script) -> None:
    script.will(says(400), OK)
    press.write(ALL, "one")

    with capture_logs() as logs:
        await press.passed()
    await press.restart()
    await press.passed(LONGEST)
    refused = len(script.heard)
    press.write(ALL, "two")
    await press.passed()

    [warning] = [log for log in logs if log["log_level"] == "warning"]
    assert (warning["event"], warning["topic"]) == ("ping_refused", SITE.feeds_url + ALL)
    assert refused == 1
    assert topics(script) == {ALL: 2}


async def test_a_hanging_hub_delays_no_other(tmp_path: Path, script: Script) -> None:
    async with scripted() as deaf, Press(tmp_path, f"{deaf.url}/", f"{script.url}/") as press:
        deaf.will(*[Hang()] * 4)
        script.will(*[OK] * 40)
        for number in range(40):
            press.write(f"topic-{number}/rss.xml", "one")
        press.hubs.look(press.feeds)
        await press.hubs._owe()
        slow = asyncio.create_task(press.hubs.drain(60))

        async with asyncio.timeout(30):
            while (owed := {one.hub: one.owed for one in await press.outbox.hub_counts()})[press.hub_urls[1]]:
                assert not slow.done()

        assert owed == {press.hub_urls[0]: 40, press.hub_urls[1]: 0}
        assert len(deaf.heard) == 4
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


async def test_what_patience_does_not_reach_stays_owed(press: Press, script: Script) -> None:
    silence = Lapse()
    silence.seconds = 45
    script.will(silence, OK)
    press.write(ALL, "one")
    press.hubs.look(press.feeds)

    await press.hubs.drain(30)
    kept = await press.counts()
    await press.passed()

    assert kept.owed == 1
    assert (await press.counts()).owed == 0


async def test_a_feed_that_left_and_a_hub_that_left_are_owed_nothing(press: Press, script: Script) -> None:
    script.will(says(500), says(500))
    press.write(ALL, "one")
    press.write(BIRDS, "one")
    await press.passed()
    press.feeds.remove(BIRDS)
    await press.passed()
    one = (await press.counts()).owed

    press.hub_urls = ()
    await press.restart()
    await press.passed()

    assert one == 1
    assert await press.outbox.hub_counts() == []


async def test_a_document_that_is_not_there_is_not_told(press: Press, script: Script) -> None:
    press.feeds.add(ALL)

    await press.passed()

    assert script.heard == []


async def test_running_hubs_are_told_after_each_pass(press: Press, script: Script) -> None:
    script.will(OK, OK)
    running = asyncio.create_task(press.hubs.run())
    for number, text in enumerate(("one", "two"), start=1):
        press.write(ALL, text)
        press.hubs.look(press.feeds)
        async with asyncio.timeout(5):
            while any(one.owed for one in await press.outbox.hub_counts()) or len(script.heard) < number:
                pass
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

    assert topics(script) == {ALL: 2}


async def test_running_hubs_end_when_the_state_is_lost(press: Press) -> None:
    running = asyncio.create_task(press.hubs.run())
    (press.folder / "outbox.sqlite3").unlink()
    press.write(ALL, "one")
    press.hubs.look(press.feeds)

    with pytest.raises(StateLost):
        await asyncio.wait_for(running, 5)


@pytest.mark.parametrize(
    ("failures", "jitter", "seconds"), [(0, 0.0, 5), (0, 1.0, 2.5), (3, 0.0, 40), (12, 0.0, 3600), (10**6, 1.0, 1800)]
)
def test_patience_doubles_within_reason(failures: int, jitter: float, seconds: float) -> None:
    assert patience(failures, jitter) == timedelta(seconds=seconds)
