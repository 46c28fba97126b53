"""The demo's parts: its count can fail, its stage reaches nothing real."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels.channel_rig import ELSEWHERE
from sandbox_rig import sandbox
from syndicate.channels.networks import NETWORKS
from syndicate.cli.demo import MISHAPS
from syndicate.cli.sample import copy_sample
from syndicate.content.folder import FolderStore
from syndicate.demo import (
    ACCOUNTS,
    FAULTS,
    HEADLINES,
    STRANGERS,
    Publisher,
    Stage,
    Verdict,
    drop_item,
    free_port,
    settings_for,
    until_settled,
    verdicts,
    without_settings,
    write_settings,
)
from syndicate.errors import SyndicateError
from syndicate.items.presets import rules_of
from syndicate.outbox.delivery import Action, Delivery, Origin, State, uid_of
from syndicate.outbox.store import SqlOutbox
from syndicate.plot import plot_of
from syndicate.sandbox.faults import fault_from
from syndicate.sandbox.server import Running

__all__ = ["sandbox"]

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LINKS = {"demo:1": "https://a.example/1", "demo:2": "https://a.example/2"}
ONE = {"news": "mastodon/news"}


def delivery(item: str, state: State, channel: str = "news") -> Delivery:
    uid = uid_of(channel, "social.example", item, Action.POST)
    return Delivery(
        uid=uid,
        channel=channel,
        account="social.example",
        item_id=item,
        action=Action.POST,
        revision="r",
        state=state,
        reason="",
        due=NOW,
        origin=Origin.LIVE,
    )


def post(link: str, account: str = "news", network: str = "mastodon") -> dict[str, Any]:
    return {"network": network, "account": account, "action": "post", "link": link}


SENT = [delivery(item, State.SENT) for item in LINKS]
POSTED = [post(link) for link in LINKS.values()]
KEPT = Verdict("news", owed=2, posted=2, lost=0, duplicated=0, false_sent=0, held=0, unowed=0)


@pytest.mark.parametrize(
    ("deliveries", "posts", "expected", "is_kept"),
    [
        (SENT, POSTED, KEPT, True),
        (SENT, POSTED[:1], replace(KEPT, posted=1, lost=1, false_sent=1), False),
        ([], POSTED[:1], replace(KEPT, posted=1, lost=1), False),
        ([SENT[0], delivery("demo:2", State.SKIPPED)], POSTED[:1], replace(KEPT, posted=1, lost=1), False),
        ([SENT[0], delivery("demo:2", State.PLANNED)], POSTED[:1], replace(KEPT, posted=1, lost=1), False),
        ([SENT[0], delivery("demo:2", State.HELD)], POSTED[:1], replace(KEPT, posted=1, held=1), False),
        ([SENT[0], delivery("demo:2", State.DEAD)], POSTED[:1], replace(KEPT, posted=1, held=1), False),
        (SENT, [*POSTED, POSTED[1], POSTED[1]], replace(KEPT, duplicated=2), False),
        (SENT, [*POSTED, post("https://a.example/old")], replace(KEPT, unowed=1), False),
        (SENT, [*POSTED, {**POSTED[0], "link": None}], replace(KEPT, unowed=1), False),
        ([*SENT, delivery("demo:1", State.HELD, "other")], POSTED, KEPT, True),
    ],
)
def test_count_finds_what_went_wrong(
    deliveries: list[Delivery], posts: list[dict[str, Any]], expected: Verdict, is_kept: bool
) -> None:
    (verdict,) = verdicts(deliveries, LINKS, posts, ONE)

    assert (verdict, verdict.is_kept) == (expected, is_kept)


def test_each_channel_is_counted_by_its_own_account() -> None:
    accounts = {"news": "mastodon/news", "pictures": "bluesky/pictures.test"}
    deliveries = [delivery(item, State.SENT, channel) for item in LINKS for channel in accounts]
    posts = [*POSTED, post(LINKS["demo:1"], "pictures.test", "bluesky")]

    news, pictures = verdicts(deliveries, LINKS, posts, accounts)

    assert (news.posted, news.is_kept) == (2, True)
    assert (pictures.posted, pictures.lost, pictures.false_sent) == (1, 1, 1)


def test_post_of_an_account_that_no_channel_has_breaks_the_promise() -> None:
    *_, strangers = verdicts(SENT, LINKS, [*POSTED, post(LINKS["demo:1"], "other")], ONE)

    assert (strangers.channel, strangers.unowed, strangers.is_kept) == (STRANGERS, 1, False)


def test_accounts_are_those_of_the_settings(sandbox: Running) -> None:
    channels = settings_for(sandbox.addresses, 8080)["channels"]

    assert list(channels) == list(ACCOUNTS)
    for name, place in ACCOUNTS.items():
        network, _, account = place.partition("/")
        assert channels[name]["network"] == network
        assert account in str(channels[name])


def test_settings_reach_this_machine_only_and_pass_every_network(sandbox: Running, tmp_path: Path) -> None:
    copy_sample(tmp_path / "site")

    path = write_settings(tmp_path / "site", settings_for(sandbox.addresses, 8080))

    plot = plot_of(path)
    assert {network.name for network in plot.networks.values()} == set(NETWORKS) - {"preview"} - ELSEWHERE
    assert path.stat().st_mode & 0o077 == 0
    addresses = [
        channel.get(key)
        for channel in settings_for(sandbox.addresses, 1)["channels"].values()
        for key in ("instance", "service", "url")
    ]
    assert {str(address).partition(":")[2].partition(":")[0] for address in addresses if address} == {"//127.0.0.1"}


def test_faults_are_ones_the_sandbox_knows_and_each_has_its_words() -> None:
    effects = [fault_from(fault).effect for fault in FAULTS]

    assert len(set(effects)) == len(effects)
    assert set(effects) == set(MISHAPS)


def test_dropped_items_are_read_as_meant(tmp_path: Path) -> None:
    copy_sample(tmp_path / "site")
    content = tmp_path / "site" / "content"
    pictures = sorted(content.glob("*/*-featuredImage.jpeg"))
    now = datetime.now(UTC) - timedelta(minutes=1)

    dropped = [drop_item(content, number, pictures, now) for number in range(len(HEADLINES))]

    store = FolderStore(
        content, rules_of("medigy", site_url="https://carewire.example/"), quiet=timedelta(0), grace=timedelta(0)
    )
    scan = store.scan({})
    items = [scan.items[f"demo:{90_000 + number}"] for number in range(len(HEADLINES))]
    assert [(item.title, item.link) for item in items] == [(one.title, one.link) for one in dropped]
    assert all(item.image is not None and item.image.alt for item in items)
    assert all(len(item.topics) == 2 and item.published <= now for item in items)
    assert not [path for path in content.rglob("*") if path.name.endswith(".tmp")]


def test_item_is_dropped_into_a_store_without_pictures_too(tmp_path: Path) -> None:
    dropped = drop_item(tmp_path, 0, [], NOW)

    assert "featuredImage" not in dropped.path.read_text(encoding="utf-8")


def test_publisher_of_the_demo_never_sees_the_settings_around() -> None:
    environ = without_settings({"SYNDICATE_CHANNELS__REAL__TOKEN": "secret", "syndicate_site": "x", "HOME": "/h"})

    assert environ == {"HOME": "/h"}


def test_free_port_can_be_had() -> None:
    assert 1024 <= free_port() <= 65535


async def test_stage_sees_what_the_sandbox_took_and_what_it_did_wrong(sandbox: Running) -> None:
    async with aiohttp.ClientSession() as http:
        stage = Stage(http, sandbox.addresses, "http://127.0.0.1:9/")
        await stage.arm(FAULTS)

        posts, mishaps, has_feed = await stage.posts(), await stage.mishaps(), await stage.feed_has(None)

    assert (posts, mishaps, has_feed) == ([], dict.fromkeys(MISHAPS, 0), False)


async def test_waiting_ends_when_the_publisher_ended_by_itself(sandbox: Running, tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "none.yaml", tmp_path / "publisher.log")
    await publisher.start()

    async with aiohttp.ClientSession() as http:
        stage = Stage(http, sandbox.addresses, "http://127.0.0.1:9/")
        with pytest.raises(SyndicateError, match=r"the publisher ended by itself:\n.*cannot be read") as caught:
            await stage.until_feed_has("x", publisher)

    await publisher.kill()
    assert caught.value.exit_code == 1


class Alive(Publisher):
    """A publisher that does nothing, for as long as it is looked at."""

    has_ended = False

    def last_words(self) -> str:
        return "nothing to say"


async def test_every_wait_has_a_limit(sandbox: Running, tmp_path: Path) -> None:
    idle = Alive(tmp_path, tmp_path)
    async with aiohttp.ClientSession() as http, SqlOutbox(tmp_path / "outbox.sqlite3"):
        stage = Stage(http, sandbox.addresses, "http://127.0.0.1:9/")

        with pytest.raises(SyndicateError, match="the feed did not show 'x' within 0 s:\nnothing to say"):
            await stage.until_feed_has("x", idle, limit_s=0)
        with pytest.raises(SyndicateError, match=r"only some channels posted https://a.example/1 within 0 s"):
            await stage.until_posted("https://a.example/1", 1, idle, limit_s=0)
        assert await stage.until_more_than(0, idle, limit_s=0) == 0
        assert await until_settled(tmp_path / "outbox.sqlite3", idle) == []
