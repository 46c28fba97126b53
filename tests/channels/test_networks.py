"""The table of networks and the way to add one from outside."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from syndicate.channels import networks
from syndicate.channels.networks import NETWORKS, Network, network_names, network_of
from syndicate.errors import ConfigError


def offer(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    points = EntryPoints([EntryPoint(name, value, networks.ENTRY_POINTS)])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points.select(group=group))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_line_of_the_table_is_a_network_of_that_name(name: str) -> None:
    assert network_of(name).name == name


def test_an_unknown_network_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"`mastodom` is no network; write mastodon, or another of bluesky") as told:
        network_of("mastodom")

    assert [fault.code for fault in told.value.faults] == ["E-NETWORK"]


def test_an_installed_package_adds_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "guest", NETWORKS["preview"])

    assert isinstance(network_of("guest"), Network)
    assert network_names() == tuple(sorted([*NETWORKS, "guest"]))


@pytest.mark.parametrize(
    "value", ["no.such.module:NETWORK", "syndicate.channels.preview:NOTHING", "syndicate.errors:Fault"]
)
def test_a_broken_package_is_told(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    offer(monkeypatch, "guest", value)

    with pytest.raises(ConfigError, match=r"guest|syndicate"):
        network_of("guest")


def test_the_table_alone_loads_no_network_and_no_http() -> None:
    code = "import sys, syndicate.channels.networks; print(*sorted(sys.modules), sep='\\n')"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert not {"aiohttp", "pydantic", "syndicate.channels.mastodon"} & set(done.stdout.split())
