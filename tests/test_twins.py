"""Channels that lead to one place are told, unless no item can be for both."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import structlog
from msgspec.structs import replace

from deliver_rig import ScriptedChannel
from syndicate.outbox.plan import ChannelPlan
from syndicate.twins import Twin, Twins, twins_in


@dataclass
class Placed(ScriptedChannel):
    """A channel that leads somewhere."""

    where: str | None = "pond"

    @property
    def place(self) -> str | None:
        return self.where


ONE, TWO = ChannelPlan("one", "a"), ChannelPlan("two", "b")


def test_channels_of_one_place_are_twins() -> None:
    channels = {"one": Placed(), "two": Placed(), "three": Placed(where="moor")}

    assert list(twins_in(channels, [ONE, TWO, ChannelPlan("three", "c")])) == [Twin("two", "one", "pond")]


def test_channels_are_called_by_network_and_account() -> None:
    channels = {"one": ScriptedChannel(), "two": ScriptedChannel(account="other"), "three": ScriptedChannel()}

    assert [twin.channel for twin in twins_in(channels, [ONE, TWO, ChannelPlan("three", "c")])] == ["three"]


@pytest.mark.parametrize(
    ("mine", "theirs", "are_twins"),
    [
        ({"sections": ("News",)}, {"sections": ("Essays",)}, False),
        ({"sections": ("News",)}, {"sections": ("news", "Essays")}, True),
        ({"sections": ("News",)}, {}, True),
        ({"languages": ("de",)}, {"languages": ("en",)}, False),
        ({"topics": ("herons",)}, {"topics": ("egrets",)}, True),
    ],
)
def test_filters_that_share_no_item_set_channels_apart(
    mine: dict[str, tuple[str, ...]], theirs: dict[str, tuple[str, ...]], are_twins: bool
) -> None:
    plans = [replace(ONE, **mine), replace(TWO, **theirs)]  # type: ignore[arg-type]  # names of fields

    assert bool([*twins_in({"one": Placed(), "two": Placed()}, plans)]) is are_twins


def test_places_that_are_not_known_yet_are_told_once_they_are() -> None:
    channels = {"one": Placed(where=None), "two": Placed(where=None)}
    twins = Twins(channels, [ONE, TWO])

    with structlog.testing.capture_logs() as logs:
        twins.look()
        channels["one"].where = channels["two"].where = "pond"
        twins.look()
        twins.look()

    told = {"event": "place_shared", "log_level": "warning", "channel": "two", "other": "one", "place": "pond"}
    assert logs == [told]
