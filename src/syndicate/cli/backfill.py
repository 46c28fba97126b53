"""`syndicate backfill`: post what a channel did not, at a pace."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import config_option, count, json_option, load, moment, progress, say, table, tell_json
from syndicate.errors import AnotherInstance, UsageError

if TYPE_CHECKING:
    from syndicate.backfill import ChannelBackfill, Selection
    from syndicate.deliver import Settled
    from syndicate.house import House, Plot
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

        lock = PublisherLock(self._plot.lock_path, clock())
        try:
            lock.__enter__()
        except AnotherInstance as other:
            async with open_house(self._plot) as house:
                return await self._beside(house, other)
        try:
            async with open_house(self._plot) as house:
                return await self._alone(house)
        finally:
            lock.__exit__(None, None, None)

    async def _beside(self, house: House, other: AnotherInstance) -> int:
        plans = await self._plan(house)
        if not await self._accepted(house, plans):
            return 0
        self._say(f"process {other.pid} is publishing and delivers them; `syndicate status` shows how far it is")
        return 0

    async def _alone(self, house: House) -> int:
        from syndicate.outbox.delivery import State
        from syndicate.publisher import Tally

        await house.ingest.run()
        plans = await self._plan(house)
        if not await self._accepted(house, plans):
            return 0
        if not self._waits:
            self._say("planned; `syndicate run` or `syndicate once` delivers them")
            return 0
        tally = Tally()
        await self._deliver(house, plans, tally)
        if not self._is_json:
            self._tell(tally)
        return 3 if tally.states.keys() & {State.FAILED, State.DEAD, State.HELD} else 0

    async def _plan(self, house: House) -> tuple[ChannelBackfill, ...]:
        from syndicate.backfill import plan_backfill
        from syndicate.house import clock, rules_digest
        from syndicate.ports import Scan

        files = await house.outbox.index(rules_digest(house.plot.rules))
        chosen = [one for one in house.plans if not self._channels or one.name in self._channels]
        items = Scan(files).items.values()
        return await plan_backfill(house.outbox, items, chosen, self._selection, pace=self._pace, now=clock())

    async def _accepted(self, house: House, plans: tuple[ChannelBackfill, ...]) -> bool:
        """Show the plan; write it if there is one and the operator wants it."""
        from syndicate.house import clock

        if self._is_json:
            tell_json({"is_dry_run": self._is_dry, "channels": [_json(one) for one in plans]})
        else:
            _show(house, plans)
        planned = [one for plan in plans for one in plan.planned]
        if not planned:
            self._say("nothing to backfill")
            return False
        if self._is_dry:
            self._say("dry run: nothing was written")
            return False
        if not self._is_sure and not self._confirmed(len(planned)):
            self._say("nothing was written")
            return False
        await house.outbox.revive(planned, clock())
        return True

    def _confirmed(self, number: int) -> bool:
        if self._is_json or not sys.stdin.isatty():
            raise UsageError("nobody is there to confirm; look with --dry-run, then call again with --yes")
        return click.confirm(f"Post {count(number, 'item')}?")

    async def _deliver(self, house: House, plans: tuple[ChannelBackfill, ...], tally: Tally) -> None:
        """Run the lanes until the backfill is settled; Ctrl-C keeps the rest for later."""
        mine = {one.uid for plan in plans for one in plan.planned}
        stop = asyncio.Event()
        _stop_on_signals(stop)
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

    def _tell(self, tally: Tally) -> None:
        states = ", ".join(f"{number} {state.value}" for state, number in sorted(tally.states.items()))
        say(f"backfill: {states or 'nothing delivered'}")

    def _say(self, line: str) -> None:
        if not self._is_json:
            say(line)


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


def _show(house: House, plans: tuple[ChannelBackfill, ...]) -> None:
    rows = [
        (one.channel, house.channels[one.channel].network, len(one.planned), f"{one.pace.total_seconds():g} s",
         moment(one.begins), moment(one.ends), house.channels[one.channel].guarantee.in_words)
        for one in plans
    ]  # fmt: skip
    table(("channel", "network", "items", "pace", "first", "last", "promise"), rows)


def _json(plan: ChannelBackfill) -> dict[str, Any]:
    return {
        "channel": plan.channel,
        "items": [one.item_id for one in plan.planned],
        "pace_s": plan.pace.total_seconds(),
        "begins": plan.begins,
        "ends": plan.ends,
    }
