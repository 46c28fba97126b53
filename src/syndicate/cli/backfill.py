"""`syndicate backfill`: post what a channel did not, at a pace."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import config_option, count, json_option, load, moment, progress, say, table, tell_json
from syndicate.cli.stopping import stop_on_signals
from syndicate.errors import AnotherInstance, UsageError
from syndicate.outbox.delivery import RESOLVABLE

if TYPE_CHECKING:
    from syndicate.backfill import ChannelBackfill, Selection
    from syndicate.deliver import Settled
    from syndicate.house import House
    from syndicate.items.item import Item
    from syndicate.outbox.plan import ChannelPlan
    from syndicate.outbox.store import SqlOutbox
    from syndicate.plot import Plot
    from syndicate.ports.channel import Channel
    from syndicate.ports.content import Store
    from syndicate.publisher import Tally

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(
    short_help="Post older items: plan, pace, resume.",
    epilog="\b\nExamples:\n  syndicate backfill --dry-run"
    "\n  syndicate backfill --since 2026-01-01 --topic interoperability --channel news --pace 10m"
    "\n  syndicate backfill --limit 5 --yes",
)
@config_option
@json_option
@click.option("--since", type=DAY, metavar="YYYY-MM-DD", help="Published on this day or later.")
@click.option("--until", type=DAY, metavar="YYYY-MM-DD", help="Published on this day or earlier.")
@click.option("--topic", "topics", multiple=True, help="With this topic (slug or label); repeatable.")
@click.option("--channel", "channels", multiple=True, help="To this channel; repeatable. Default: all.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many per channel, the newest.")
@click.option("--pace", default="1m", show_default=True, help="Between two posts of a channel: 30s, 5m, 1h.")
@click.option("--dry-run", is_flag=True, help="Show the plan, write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Only write the plan; `run` or `once` delivers it.")
def backfill(
    config: Path,
    as_json: bool,
    since: datetime | None,
    until: datetime | None,
    topics: tuple[str, ...],
    channels: tuple[str, ...],
    limit: int | None,
    pace: str,
    dry_run: bool,
    yes: bool,
    no_wait: bool,
) -> None:
    """Post items that were there before a channel, oldest first, behind everything new.

    Shows the plan and asks. What was posted, planned or refused before is left out, so a second backfill plans nothing
    and a stopped one goes on. Beside a running publisher the plan is written and the publisher delivers it.
    """
    from syndicate.backfill import Selection

    plot = load(config)
    unknown = [name for name in channels if name not in plot.networks]
    if unknown:
        raise UsageError(
            f"--channel {unknown[0]}: no such channel is switched on; there are: {', '.join(plot.networks)}"
        )
    if since and until and since > until:
        raise UsageError(f"--since {since:%Y-%m-%d}: is after --until {until:%Y-%m-%d}; swap them")
    selection = Selection(_day(since), _day(until), topics, limit)
    job = Job(plot, selection, channels, pace_of(pace), is_json=as_json, is_dry=dry_run, is_sure=yes, waits=not no_wait)
    sys.exit(asyncio.run(job.run()))


def pace_of(text: str) -> timedelta:
    """`30s`, `5m`, `1h`.

    Raises:
        UsageError: it is none.
    """
    from pydantic import TypeAdapter, ValidationError

    from syndicate.durations import Duration

    try:
        return TypeAdapter(Duration).validate_python(text)
    except ValidationError as error:
        raise UsageError(f"--pace {text}: is no duration; write 30s, 5m or 1h") from error


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


class Job:
    """One backfill, from plan to last delivery."""

    def __init__(
        self,
        plot: Plot,
        selection: Selection,
        channels: tuple[str, ...],
        pace: timedelta,
        *,
        is_json: bool,
        is_dry: bool,
        is_sure: bool,
        waits: bool,
    ) -> None:
        self._plot = plot
        self._selection = selection
        self._channels = channels
        self._pace = pace
        self._is_json = is_json
        self._is_dry = is_dry
        self._is_sure = is_sure
        self._waits = waits

    async def run(self) -> int:
        """The exit code."""
        from syndicate.house import clock, open_house
        from syndicate.outbox.lock import PublisherLock

        if self._is_dry:
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
            path = self._plot.outbox_path
            if not path.exists():
                path = Path(stack.enter_context(TemporaryDirectory(prefix="syndicate-plan-"))) / path.name
            outbox = await stack.enter_async_context(SqlOutbox(path))
            channels = await stack.enter_async_context(open_channels(self._plot))
            plans = await self._plan(outbox, store_of(self._plot), plans_of(self._plot, channels))
        self._show(plans, channels)
        self._say("dry run: nothing was written")
        self._report(plans, None)
        return 0

    async def _carry_out(self, house: House, other: AnotherInstance | None) -> int:
        from syndicate.house import clock
        from syndicate.publisher import Tally

        plans = await self._plan(house.outbox, house.store, house.plans)
        self._show(plans, house.channels)
        number = sum(len(one.planned) for one in plans)
        tally = Tally()
        if number and not self._is_sure and not self._confirmed(number):
            self._say("nothing was planned")
            return 0
        if number:
            if other is None:  # the store's first sight comes before what is posted from it
                await house.ingest.run()
                plans = await self._plan(house.outbox, house.store, house.plans)
            await house.outbox.revive([one for plan in plans for one in plan.planned], clock())
            if other is not None:
                self._say(
                    f"process {other.pid} is publishing and delivers them; `syndicate status` tells how far it is"
                )
            elif self._waits:
                await self._deliver(house, plans, tally)
            else:
                self._say("planned; `syndicate run` or `syndicate once` delivers them")
        self._report(plans, tally)
        return 3 if any(state in RESOLVABLE for state in tally.states) else 0

    async def _plan(
        self, outbox: SqlOutbox, store: Store, channels: Sequence[ChannelPlan]
    ) -> tuple[ChannelBackfill, ...]:
        from syndicate.backfill import plan_backfill
        from syndicate.house import clock
        from syndicate.plot import rules_digest

        known = await outbox.index(rules_digest(self._plot.roots))
        items = (await asyncio.to_thread(store.scan, known)).items.values()
        self._check_topics(items)
        chosen = [one for one in channels if not self._channels or one.name in self._channels]
        return await plan_backfill(outbox, items, chosen, self._selection, pace=self._pace, now=clock())

    def _check_topics(self, items: Collection[Item]) -> None:
        known = {name.casefold() for item in items for topic in item.topics for name in (topic.slug, topic.label)}
        for wanted in self._selection.topics:
            if wanted.casefold() not in known:
                raise UsageError(f"--topic {wanted}: no item has it; `syndicate check --json` lists the topics")

    def _confirmed(self, number: int) -> bool:
        if self._is_json or not sys.stdin.isatty():
            raise UsageError("nobody is there to confirm; look with --dry-run, then call again with --yes")
        return click.confirm(f"Post {count(number, 'item')}?")

    async def _deliver(self, house: House, plans: tuple[ChannelBackfill, ...], tally: Tally) -> None:
        """Run the lanes until the backfill is settled; Ctrl-C keeps the rest for later."""
        mine = {one.uid for plan in plans for one in plan.planned}
        stop = stop_on_signals("Stopping: finishing the post in work ...")
        with progress("backfill", len(mine)) as advance:

            def tell(settled: Settled) -> None:
                tally(settled)
                if settled.delivery.uid in mine and settled.step.state.is_final:
                    mine.discard(settled.delivery.uid)
                    advance(1)
                if not mine:
                    stop.set()

            names = {plan.channel for plan in plans if plan.planned}
            await asyncio.gather(*(lane.run(stop, tell) for lane in house.lanes if lane.channel.name in names))
        if mine:
            self._say(f"{count(len(mine), 'post')} still owed: `syndicate run`, `once` or `backfill` goes on with them")

    def _show(self, plans: tuple[ChannelBackfill, ...], channels: Mapping[str, Channel]) -> None:
        if self._is_json:
            return
        rows = [
            (one.channel, channels[one.channel].network, len(one.planned), f"{one.pace.total_seconds():g} s",
             moment(one.begins), moment(one.ends), channels[one.channel].guarantee.in_words)
            for one in plans
        ]  # fmt: skip
        table(("channel", "network", "items", "pace", "first", "last", "promise"), rows)
        if not any(one.planned for one in plans):
            newest = f" among the newest {self._selection.limit}" if self._selection.limit else ""
            say(f"nothing to backfill{newest}")

    def _report(self, plans: tuple[ChannelBackfill, ...], tally: Tally | None) -> None:
        """What became of it; as JSON one document, at the end."""
        states = {state.value: number for state, number in sorted(tally.states.items())} if tally else {}
        if self._is_json:
            channels = [_json(one) for one in plans]
            tell_json({"is_dry_run": self._is_dry, "channels": channels, "deliveries": states})
        elif states:
            say(f"backfill: {', '.join(f'{number} {state}' for state, number in states.items())}")

    def _say(self, line: str) -> None:
        if not self._is_json:
            say(line)


def _json(plan: ChannelBackfill) -> dict[str, Any]:
    return {
        "channel": plan.channel,
        "items": [one.item_id for one in plan.planned],
        "pace_s": plan.pace.total_seconds(),
        "begins": plan.begins,
        "ends": plan.ends,
    }
