"""When every channel goes on, and when one delivery will be made: the lane's own reckoning, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from syndicate.cli.output import count, moment
from syndicate.outbox.delivery import Action, State
from syndicate.outbox.pace import MOST_STEPS, Outlook, PaceRules, Rest, Turn, Why, drops_at, forecast, turn

if TYPE_CHECKING:
    from syndicate.outbox.delivery import Delivery
    from syndicate.outbox.store import SqlOutbox
    from syndicate.plot import Plot


@dataclass(frozen=True, slots=True)
class Standing:
    """One channel at a moment: its pace, what it did and owes, what it does next, and the rests in force."""

    at: datetime
    rules: PaceRules
    outlook: Outlook
    turn: Turn | None
    rests: tuple[Rest, ...]

    def forecast_of(self, delivery: Delivery) -> dict[str, object] | None:
        """When a delivery that is owed will be carried out, what it waits for, and both in words."""
        waiting = next((one for one in self.outlook.queue if one.uid == delivery.uid), None)
        if waiting is None:
            return None
        told = forecast(self.rules, self.outlook.past, self.outlook.queue, self.at, delivery.uid)
        if told is None:
            words = f"will not post soon: its budget pays for nothing, or more than {MOST_STEPS} posts are before it"
            return {"at": None, "why": None, "before": None, "words": words}
        words = f"will {_deed(delivery)} {self._when(told.at)}"
        words += f" because {_cause(delivery, told.why)}" if told.at > self.at else ""
        words += f"; {count(told.before, 'post')} before it" if told.before else ""
        end = drops_at(self.rules, waiting)
        if end is not None and told.at > end:
            words = f"will not post: it may wait until {self._when(end)[3:]} (`expires_after`); else it {words}"
        return {"at": told.at, "why": told.why, "before": told.before, "words": words}

    @property
    def rests_as_json(self) -> list[dict[str, object]]:
        """The rests in force, for machines."""
        return [
            asdict(rest) | ({"circuit": rest.circuit(self.at)} if rest.why is Why.BREAKER else {})
            for rest in self.rests
        ]

    def _when(self, at: datetime) -> str:
        return f"at {at.astimezone(self.rules.zone):%Y-%m-%d %H:%M} ({self.rules.zone})" if at > self.at else "now"


_DEEDS = {Action.POST: "post", Action.REPLY: "answer", Action.EDIT: "edit the post", Action.DELETE: "delete the post"}


def _deed(delivery: Delivery) -> str:
    return "be settled" if delivery.state is State.UNKNOWN else _DEEDS[delivery.action]


def _cause(delivery: Delivery, why: Why) -> str:
    """What it waits for; a change that was never tried keeps its distance from the post, or from the change before."""
    if why is Why.DUE and delivery.action is not Action.POST and not delivery.failures:
        return "`edit_gap` keeps changes apart from the post and from each other"
    return why.in_words


async def standings_of(plot: Plot, outbox: SqlOutbox, *, memory: int = 0) -> dict[str, Standing]:
    """How every channel of the settings stands, with the times of at least that many of its last posts."""
    from syndicate.house import clock, open_channels
    from syndicate.rests import rests_of
    from syndicate.tempo import pace_rules_of

    now, book = clock(), await outbox.rests()
    found = {}
    async with open_channels(plot) as channels:
        for name, channel in channels.items():
            rules = pace_rules_of(plot, name, channel.price)
            seen = await outbox.outlook(name, max(rules.memory, memory), MOST_STEPS)
            resting = rests_of(channel, book)
            seen = replace(seen, past=replace(seen.past, rests=resting))
            in_force = tuple(rest for rest in resting if rest.holds(now) or rest.why is Why.ACCESS)
            found[name] = Standing(now, rules, seen, turn(rules, seen.past, seen.queue, now), in_force)
    return found


def troubles(standings: Mapping[str, Standing]) -> Iterator[str]:
    """A line for each channel that its network keeps from posting."""
    for name, standing in standings.items():
        for rest in standing.rests:
            words = f": {rest.words}" if rest.words else ""
            match rest.why:
                case Why.ACCESS:
                    yield f"{name}: access was refused {moment(rest.noted_at)}{words}; what is owed is kept"
                case Why.BREAKER:
                    yield f"{name}: paused after {count(rest.failures, 'failure')} until {moment(rest.until)}{words}"
                case _:
                    yield f"{name}: its network asked to wait until {moment(rest.until)}"
