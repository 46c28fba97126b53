"""One backfill, from the plan to the last post."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.following import Following, exit_code_of
from syndicate.cli.output import count, in_words, moment, price_json, price_words, say, table, tell_json, warn
from syndicate.errors import AnotherInstance, UsageError

if TYPE_CHECKING:
    from syndicate.backfill import ChannelBackfill, Selection, Target
    from syndicate.house import House
    from syndicate.items.item import Item
    from syndicate.outbox.delivery import State
    from syndicate.outbox.plan import ChannelPlan
    from syndicate.outbox.spacing import Tempo
    from syndicate.outbox.store import SqlOutbox
    from syndicate.plot import Plot
    from syndicate.ports.batches import BatchCounts
    from syndicate.ports.channel import Channel
    from syndicate.ports.content import Store


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asked for; `words` are the options as written.

    `is_marking`: nothing is posted, the items are marked; `is_publishing`: and the feeds are written at once.
    """

    selection: Selection
    channels: tuple[str, ...]
    tempo: Tempo
    words: str
    name: str | None = None
    is_json: bool = False
    is_dry: bool = False
    is_sure: bool = False
    is_marking: bool = False
    is_publishing: bool = False
    waits: bool = True


class Filling:
    """A backfill at work."""

    def __init__(self, plot: Plot, wish: Wish) -> None:
        self._plot = plot
        self._wish = wish

    async def run(self) -> int:
        """The exit code."""
        from syndicate.house import clock, open_house
        from syndicate.outbox.lock import PublisherLock

        if self._wish.is_dry:
            return await self._look()
        with ExitStack() as stack:
            other: AnotherInstance | None = None
            try:
                stack.enter_context(PublisherLock(self._plot.lock_path, clock()))
            except AnotherInstance as error:
                other = error
            async with open_house(self._plot) as house:
                return await self._carry_out(house, other)

    async def _look(self) -> int:
        """The plan alone: nothing is written, not even an outbox where there is none yet."""
        from syndicate.house import open_channels, plans_of, store_of
        from syndicate.outbox.store import SqlOutbox

        async with AsyncExitStack() as stack:
            path, is_reader = self._plot.outbox_path, self._plot.has_outbox
            if not is_reader:
                path = Path(stack.enter_context(TemporaryDirectory(prefix="syndicate-plan-"))) / path.name
            outbox = await stack.enter_async_context(SqlOutbox(path, is_reader=is_reader))
            channels = await stack.enter_async_context(open_channels(self._plot))
            plans = await self._plan(outbox, store_of(self._plot), channels, plans_of(self._plot, channels))
            await self._show(plans, channels, outbox)
        self._say("dry run: nothing was written")
        self._report(plans, None, {})
        return 0

    async def _carry_out(self, house: House, other: AnotherInstance | None) -> int:
        plans = await self._plan(house.outbox, house.store, house.channels, house.plans)
        await self._show(plans, house.channels, house.outbox)
        number = _number(plans)
        if number and not self._wish.is_sure and not self._confirmed(number):
            self._say("nothing was planned")
            return 0
        name = await self._write(house, plans, is_alone=other is None) if number else None
        states: Mapping[State, int] = {}
        if number and name is None:
            self._say("nothing is left to plan: meanwhile all of it was decided otherwise; `syndicate status` tells")
        if name is None or self._wish.is_marking:
            if name is not None:
                self._say(f"{name}: {count(number, 'post')} marked as not to be made")
        elif other is not None:
            self._say(f"process {other.pid} is publishing and delivers {name}: `syndicate backfill status` tells")
        elif self._wish.waits:
            states = await Following(house, [name], is_json=self._wish.is_json).run()
        else:
            self._say(f"planned as {name}; `syndicate run` or `syndicate once` delivers it")
        if self._wish.is_publishing and other is None:
            await house.ingest.run()
        self._report(plans, name, states)
        return exit_code_of(states)

    async def _write(self, house: House, shown: Sequence[ChannelBackfill], *, is_alone: bool) -> str | None:
        """Plan anew, as a question takes its time, and write what was shown and is still owed; gives the batch's name.

        The first sight of a store comes before what is posted from it; but what is meant for feeds only is marked
        before the pass sees it as new.
        """
        from syndicate.house import clock

        if is_alone and not self._wish.is_publishing:
            await house.ingest.run()
        agreed = {one.uid for plan in shown for one in plan.planned}
        plans = await self._plan(house.outbox, house.store, house.channels, house.plans)
        planned = [one for plan in plans for one in plan.planned if one.uid in agreed]
        return await house.outbox.begin_batch(planned, self._wish.words, clock(), self._wish.name) if planned else None

    async def _plan(
        self, outbox: SqlOutbox, store: Store, channels: Mapping[str, Channel], channel_plans: Sequence[ChannelPlan]
    ) -> tuple[ChannelBackfill, ...]:
        from syndicate.backfill import marks_of, plan_backfill
        from syndicate.house import clock
        from syndicate.plot import rules_digest

        wish = self._wish
        known = await outbox.index(rules_digest(self._plot.roots))
        items = (await asyncio.to_thread(store.scan, known)).items.values()
        check_selection(wish.selection, items)
        targets = [
            target_of(self._plot, channels[one.name], one)
            for one in channel_plans
            if not wish.channels or one.name in wish.channels
        ]
        plans = await plan_backfill(outbox, items, targets, wish.selection, tempo=wish.tempo, now=clock())
        return tuple(marks_of(one, clock()) for one in plans) if wish.is_marking else plans

    def _confirmed(self, number: int) -> bool:
        if self._wish.is_json or not sys.stdin.isatty():
            raise UsageError("nobody is there to confirm; look with --dry-run, then call again with --yes")
        deed = "Mark as not to be posted" if self._wish.is_marking else "Post"
        return click.confirm(f"{deed}: {count(number, 'item')}?")

    async def _show(self, plans: Sequence[ChannelBackfill], channels: Mapping[str, Channel], outbox: SqlOutbox) -> None:
        if self._wish.is_json:
            return
        table(
            ("channel", "network", "items", "every", "first", "last", "takes", "cost", "promise"),
            [self._row(one, channels[one.channel]) for one in plans],
        )
        for line in _left_out(plans):
            say(line)
        under_way = [one for one in await outbox.batches() if one.owed]
        for line in _warnings(plans, under_way):
            warn(line)
        if not _number(plans):
            limit, end = self._wish.selection.limit, "oldest" if self._wish.selection.takes_oldest else "newest"
            say(f"nothing to backfill{f' among the {end} {limit}' if limit else ''}")
            for counts in under_way:
                say(f"{counts.batch.name} ({counts.stage}) owes {count(counts.owed, 'post')}: `backfill resume`")

    def _row(self, plan: ChannelBackfill, channel: Channel) -> tuple[object, ...]:
        network = self._plot.networks[plan.channel]
        cost = network.cost if plan.cost is None else price_words(plan.cost, self._plot.settings.channels[plan.channel])
        every = "-" if plan.every is None else in_words(plan.every)
        takes = in_words(plan.takes) if plan.planned else "-"
        promise = channel.guarantee.in_words
        number = len(plan.planned)
        return plan.channel, network.name, number, every, plan.begins, plan.ends, takes, cost, promise

    def _report(self, plans: Sequence[ChannelBackfill], name: str | None, states: Mapping[State, int]) -> None:
        """What became of it; as JSON one document, at the end."""
        told = {state.value: number for state, number in sorted(states.items())}
        if self._wish.is_json:
            channels = [_json(one) for one in plans]
            tell_json({"is_dry_run": self._wish.is_dry, "name": name, "channels": channels, "deliveries": told})

    def _say(self, line: str) -> None:
        if not self._wish.is_json:
            say(line)


def check_selection(selection: Selection, items: Collection[Item]) -> None:
    """Nothing, if every name that was asked for is one of the store's.

    Raises:
        UsageError: one is a slip of the keyboard, or of the memory.
    """
    from syndicate.backfill import is_called
    from syndicate.feeds.query import Query, Terms

    for name in selection.names:
        if not any(is_called(item, name) for item in items):
            raise UsageError(f"--item {name}: no item has this id, path or slug; `syndicate check` tells what there is")
    for option, field in (("--topic", "topics"), ("--section", "sections"), ("--tag", "tags"),
                          ("--author", "authors"), ("--language", "languages")):  # fmt: skip
        for wanted in getattr(selection.query, field).some:
            alone: dict[str, Any] = {field: Terms(some=(wanted,))}
            if not any(Query(**alone).takes(item) for item in items):
                raise UsageError(f"{option} {wanted}: no item has it; `syndicate check --json` lists what there is")


def target_of(plot: Plot, channel: Channel, plan: ChannelPlan) -> Target:
    """A channel as a backfill sees it."""
    from syndicate.backfill import Target
    from syndicate.tempo import pace_rules_of

    pace = pace_rules_of(plot, plan.name, channel.price)
    return Target(plan, pace, channel.price, plot.networks[plan.name].quotas, channel.wants.needs_image)


def _warnings(plans: Sequence[ChannelBackfill], under_way: Sequence[BatchCounts]) -> Iterator[str]:
    """What the operator should know before saying yes."""
    for plan in plans:
        yield from (f"{plan.channel}: {warning}" for warning in plan.warnings)
        for counts in under_way:
            if plan.planned and any(share.channel == plan.channel and share.ends for share in counts.shares):
                yield (
                    f"{plan.channel}: backfill {counts.batch.name} ({counts.stage}) owes posts until "
                    f"{moment(counts.ends)}; both go on beside each other, unless this one begins later (`--begin`)"
                )


def _number(plans: Sequence[ChannelBackfill]) -> int:
    return sum(len(one.planned) for one in plans)


def _left_out(plans: Sequence[ChannelBackfill]) -> list[str]:
    """Why items are left out, a line a reason, with the channels that leave them out."""
    reasons = Counter[str]()
    for plan in plans:
        reasons.update(plan.left_out)
    lines = []
    for reason, number in reasons.most_common():
        where = ", ".join(f"{plan.channel} {plan.left_out[reason]}" for plan in plans if reason in plan.left_out)
        lines.append(f"left out: {reason}: {number if len(plans) == 1 else where}")
    return lines


def _json(plan: ChannelBackfill) -> dict[str, Any]:
    return {
        "channel": plan.channel,
        "items": [one.item_id for one in plan.planned],
        "every_s": plan.every.total_seconds() if plan.every is not None else None,
        "begins": plan.begins,
        "ends": plan.ends,
        "takes_s": plan.takes.total_seconds(),
        "cost": price_json(plan.cost),
        "warnings": list(plan.warnings),
        "left_out": dict(plan.left_out),
    }
