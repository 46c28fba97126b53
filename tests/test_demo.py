"""The demo's parts: its count can fail, its stage reaches nothing real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from sandbox_rig import sandbox
from syndicate.cli.demo import MISHAPS
from syndicate.cli.sample import copy_sample
from syndicate.content.folder import FolderStore
from syndicate.demo import (
    ACCOUNTS,
    FAULTS,
    HEADLINES,
    Publisher,
    Stage,
    drop_item,
    free_port,
    settings_for,
    until_settled,
)
from syndicate.errors import SyndicateError
from syndicate.items.presets import rules_of
from syndicate.outbox.store import SqlOutbox
from syndicate.plot import plot_of
from syndicate.proof.stand import write_settings
from syndicate.sandbox.faults import fault_from
from syndicate.sandbox.server import Running

__all__ = ["sandbox"]

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


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
    assert {network.name for network in plot.networks.values()} == {"mastodon", "bluesky", "webhook"}
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
