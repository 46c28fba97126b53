"""`syndicate once`: one pass, then stop; for cron."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import (
    config_option,
    count,
    json_option,
    load_alone,
    say,
    table,
    tell_faults,
    tell_json,
    warn,
    warn_of_held,
)
from syndicate.cli.stopping import stop_on_signals
from syndicate.errors import Stopped
from syndicate.outbox.delivery import RESOLVABLE

if TYPE_CHECKING:
    from syndicate.house import House
    from syndicate.ingest import Pass
    from syndicate.outbox.outcome import NotDone, Uncertain
    from syndicate.plot import Plot
    from syndicate.publisher import Tally


@click.command(
    short_help="One pass and everything that is due, for cron.",
    epilog="\b\nExamples:\n  syndicate once\n  */5 * * * * syndicate once --config /etc/syndicate/news.yaml",
)
@config_option
@json_option
def once(config: Path, as_json: bool) -> None:
    """Publish what is new, deliver what is due, and stop.

    What falls due later (a retry, a pace) is kept for the next call. Exit code 3 says that a delivery failed or waits
    for you or that a channel refuses access, 69 that a channel could not be reached, 65 that a file could not be read;
    everything else was published all the same. Ctrl-C or SIGTERM finishes what is being sent and ends with 130.
    """
    sys.exit(asyncio.run(_once(load_alone(config), as_json)))


async def _once(plot: Plot, as_json: bool) -> int:
    from syndicate.outbox.lock import PublisherLock

    stop = stop_on_signals("Stopping: finishing what is being sent ...")
    with PublisherLock(plot.lock_path, datetime.now(UTC)):
        # Only now, as it takes its time: a second publisher is told at once.
        from syndicate.house import open_house
        from syndicate.publisher import Tally, publish_once

        tally = Tally()
        async with open_house(plot) as house:
            try:
                done = await publish_once(house, tally, stop)
            except Stopped as error:
                warn("stopped: everything that is owed is kept and goes on at the next call")
                return error.exit_code
            if as_json:
                tell_json(report_of(house, done, tally))
            else:
                _tell(house, done, tally)
            return exit_code_of(done, tally, outages_of(house))


def outages_of(house: House) -> dict[str, NotDone | Uncertain]:
    """By channel, why it cannot be used at present; a network that asks for patience is no outage."""
    found = ((lane.channel.name, lane.outage) for lane in house.lanes)
    return {name: outage for name, outage in found if outage is not None and getattr(outage, "until", None) is None}


def exit_code_of(done: Pass, tally: Tally, outages: Mapping[str, NotDone | Uncertain]) -> int:
    """3 if something waits for the operator, 69 if a channel could not be reached, 65 if a file is at fault, else 0."""
    from syndicate.outbox.delivery import State

    is_refused = any(getattr(outage, "is_paused", False) for outage in outages.values())
    if is_refused or done.decided.get(State.HELD) or any(state in RESOLVABLE for state in tally.states):
        return 3
    if outages:
        return 69
    return 65 if done.errors else 0


def report_of(house: House, done: Pass, tally: Tally) -> dict[str, Any]:
    """The pass and its deliveries, for machines."""
    return {
        "items": done.items,
        "topics": done.topics,
        "files": done.files,
        "new": done.new,
        "revised": done.revised,
        "moved": done.moved,
        "withdrawn": done.withdrawn,
        "scheduled": done.scheduled,
        "next_due": done.next_due,
        "skipped": dict(done.skipped),
        "faults": [
            {"path": one.path, "line": one.line, "column": one.column, "code": one.code, "problem": one.problem,
             "remedy": one.remedy} for one in done.faults
        ],
        "written": list(done.written),
        "dropped": list(done.dropped),
        "decided": {state.value: number for state, number in done.decided.items()},
        "channels": {
            name: {state.value: number for state, number in tally.of(name).items()} for name in house.channels
        },
        "outages": {name: outage.reason for name, outage in outages_of(house).items()},
        "waiting": list(done.waiting),
        "took_ms": done.took_ms,
    }  # fmt: skip


def _tell(house: House, done: Pass, tally: Tally) -> None:
    tell_faults(done.faults)
    say(
        f"{count(done.items, 'item')} in {count(done.topics, 'topic')}: {done.new} new, {done.revised} revised, "
        f"{done.withdrawn} withdrawn; {count(len(done.written), 'file')} written to {house.plot.settings.feeds.folder}"
    )
    if done.waiting:
        say(f"still being written, left to the next call: {', '.join(done.waiting)}")
    rows = [
        (name, channel.network, ", ".join(f"{number} {state.value}" for state, number in tally.of(name).items()) or "-")
        for name, channel in house.channels.items()
    ]
    if rows:
        table(("channel", "network", "deliveries"), rows)
    warn_of_held(done)
    for name, outage in outages_of(house).items():
        warn(f"{name}: {outage.reason}; what is owed is kept")
