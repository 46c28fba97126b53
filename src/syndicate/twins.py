"""Channels that lead to one place: an item that both want would be posted there twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.log import log

if TYPE_CHECKING:
    from syndicate.outbox.plan import ChannelPlan
    from syndicate.ports.channel import Channel


class Twin(Struct, frozen=True):
    """A channel, and an earlier one that leads to the same place."""

    channel: str
    other: str
    place: str


class Twins:
    """Warns of twins, once of each; some are known only when both channels have been open."""

    def __init__(self, channels: Mapping[str, Channel], plans: Iterable[ChannelPlan]) -> None:
        self._channels = channels
        self._plans = tuple(plans)
        self._told: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Tell those that are not told yet."""
        for twin in twins_in(self._channels, self._plans):
            if (twin.channel, twin.other) not in self._told:
                self._told.add((twin.channel, twin.other))
                log.warning("place_shared", channel=twin.channel, other=twin.other, place=twin.place)


def twins_in(channels: Mapping[str, Channel], plans: Iterable[ChannelPlan]) -> Iterator[Twin]:
    """Channels that lead to one place, as far as it is known, unless no item can be for both."""
    seen: list[ChannelPlan] = []
    for plan in plans:
        place = channels[plan.name].place
        for other in seen:
            if place is not None and channels[other.name].place == place and not _are_apart(plan, other):
                yield Twin(plan.name, other.name, place)
        seen.append(plan)


def _are_apart(one: ChannelPlan, other: ChannelPlan) -> bool:
    """Whether their filters let no item through both; topics prove nothing, as an item may have several."""
    return any(
        mine and theirs and not {word.casefold() for word in mine} & {word.casefold() for word in theirs}
        for mine, theirs in ((one.sections, other.sections), (one.languages, other.languages))
    )
