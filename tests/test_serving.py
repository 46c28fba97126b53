"""The feed server beside the publisher: where it listens, and what it may have of the system."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from site_rig import SiteRig
from syndicate.errors import CannotWrite
from syndicate.house import House, open_house
from syndicate.plot import plot_of
from syndicate.serving import MOST_FILES, serving


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.upper().startswith("SYNDICATE_"):
            monkeypatch.delenv(name)
    yield


@pytest.fixture
def site(tmp_path: Path) -> SiteRig:
    site = SiteRig(tmp_path / "site")
    site.write(1)
    return site


@asynccontextmanager
async def house_of(site: SiteRig) -> AsyncIterator[House]:
    async with open_house(plot_of(site.config)) as house:
        yield house


async def test_feeds_are_served_while_the_block_runs(site: SiteRig) -> None:
    async with house_of(site) as house, serving(house.plot) as address, aiohttp.ClientSession() as http:
        await house.ingest.run()
        assert address is not None
        async with http.get(f"{address}all/feed.json") as answer:
            feed = await answer.json(content_type=None)

    assert [entry["title"] for entry in feed["items"]] == ["Title 1"]


async def test_server_may_be_switched_off(site: SiteRig) -> None:
    site.configure(server={"enabled": False})

    async with house_of(site) as house, serving(house.plot) as address:
        assert address is None


async def test_address_that_is_taken_is_told_with_the_way_out(site: SiteRig) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site.configure(server={"port": port})

        async with house_of(site) as house:
            with pytest.raises(
                CannotWrite, match=rf"http://127\.0\.0\.1:{port}/: cannot listen \(.*; stop what"
            ) as caught:
                async with serving(house.plot):
                    pass

    assert caught.value.exit_code == 73


async def test_address_of_the_newer_internet_stands_in_brackets(site: SiteRig) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    site.configure(server={"host": "::1", "port": 0})

    async with house_of(site) as house, serving(house.plot) as address:
        assert address is not None
        assert address.startswith("http://[::1]:")


async def test_publisher_may_open_as_many_files_as_the_system_lets_it(site: SiteRig) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        async with house_of(site) as house, serving(house.plot):
            now = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert now == (min(hard, MOST_FILES) if hard != resource.RLIM_INFINITY else MOST_FILES, hard)
