"""What is tested and against what: nothing real can be reached, and what goes wrong is what the sandbox knows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syndicate.channels.networks import NETWORKS
from syndicate.plot import plot_of
from syndicate.proof.stand import (
    RULES,
    SETTLE,
    faults,
    places_in,
    settings_for,
    without_settings,
    write_items,
    write_settings,
)
from syndicate.sandbox.faults import fault_from
from syndicate.sandbox.server import Running


def test_settings_reach_the_sandbox_alone_and_pass_every_network(sandbox: Running, tmp_path: Path) -> None:
    places = places_in(sandbox.addresses)
    path = write_settings(tmp_path, settings_for(places))
    write_items(tmp_path, 1, datetime.now(UTC))

    plot = plot_of(path)

    assert {network.name for network in plot.networks.values()} <= set(NETWORKS)
    assert {"mastodon", "bluesky", "webhook"} <= {network.name for network in plot.networks.values()}
    hosts = set(re.findall(r"https?://([^/:]+)", path.read_text(encoding="utf-8")))
    assert hosts == {"127.0.0.1", "proof.example"}
    assert path.stat().st_mode & 0o077 == 0


def test_every_channel_has_an_account_of_its_own(sandbox: Running) -> None:
    places = places_in(sandbox.addresses)

    assert len({place.account for place in places.values()}) == len(places)


def test_fifteen_of_a_hundred_posts_meet_a_fault() -> None:
    planned = [fault_from(fault) for fault in faults()]

    assert round(sum(fault.probability for fault in planned if fault.route == "post"), 6) == 0.15


def test_whatever_is_committed_late_can_be_seen_when_it_is_looked_for() -> None:
    late = max(timedelta(milliseconds=fault_from(fault).delay_ms) for fault in faults())

    assert late + timedelta(seconds=RULES["listing_lag_s"]) <= SETTLE / 2


def test_operators_settings_are_left_aside() -> None:
    environ = without_settings({"SYNDICATE_CHANNELS__REAL__TOKEN": "secret", "syndicate_site": "x", "HOME": "/h"})

    assert environ == {"HOME": "/h"}
