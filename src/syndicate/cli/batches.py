"""`syndicate backfill list`, `status`, `pause`, `resume` and `cancel`: what becomes of backfills that were planned."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import config_option, count, json_option, load, moment, say, table, tell_json
from syndicate.errors import AnotherInstance, UsageError

if TYPE_CHECKING:
    from syndicate.outbox.delivery import State
    from syndicate.plot import Plot
    from syndicate.ports.batches import BatchCounts, BatchState, Share

NAMES = click.argument("names", nargs=-1, metavar="[NAME]...")


@click.command("list", short_help="Show every backfill.", epilog="\b\nExample:\n  syndicate backfill list --json")
@config_option
@json_option
def list_(config: Path, as_json: bool) -> None:
    """Show every backfill, the newest first: how far it is, and what was asked for."""
    found = asyncio.run(_found(load(config), ()))
    if as_json:
        tell_json([as_json_of(one) for one in found])
    elif found:
        tell_batches(found)
    else:
        say("no backfill was planned yet: `syndicate backfill --dry-run` shows what one would do")


@click.command(
    short_help="Show how far backfills are, by channel.",
    epilog="\b\nExamples:\n  syndicate backfill status\n  syndicate backfill status 2026-11-27",
)
@config_option
@json_option
@NAMES
def status(config: Path, as_json: bool, names: tuple[str, ...]) -> None:
    """Show how far backfills are with each channel: those named, or all that still owe posts."""
    found = asyncio.run(_found(load(config), names))
    shown = found if names else [one for one in found if one.owed]
    if as_json:
        tell_json([as_json_of(one) for one in shown])
        return
    if not shown:
        say("no backfill owes anything; `syndicate backfill list` shows those that are done")
    for one in shown:
        say(f"{one.batch.name}: {one.stage}, planned {moment(one.batch.made_at)}: {one.batch.words}")
        table(("channel", "settled", "by state", "next", "last"), [_share_row(share) for share in one.shares])


@click.command(
    short_help="Hold back what backfills still owe.",
    epilog="\b\nExamples:\n  syndicate backfill pause\n  syndicate backfill pause 2026-11-27",
)
@config_option
@json_option
@NAMES
def pause(config: Path, as_json: bool, names: tuple[str, ...]) -> None:
    """Hold back what backfills still owe: those named, or all that run. A post that is being sent is finished.

    Works beside a running publisher. `syndicate backfill resume` goes on at the same pace.
    """
    from syndicate.ports.batches import BatchState

    _tell_turned(asyncio.run(_turned(load(config), names, BatchState.PAUSED)), as_json)


@click.command(
    short_help="Go on with backfills.",
    epilog="\b\nExamples:\n  syndicate backfill resume\n  syndicate backfill resume 2026-11-27 --no-wait",
)
@config_option
@json_option
@click.option("--no-wait", is_flag=True, help="Do not deliver here; `run` or `once` does.")
@NAMES
def resume(config: Path, as_json: bool, no_wait: bool, names: tuple[str, ...]) -> None:
    """Go on with backfills: those named, or all that are paused or were left by a stopped process.

    Beside a running publisher it delivers them; without one they are delivered here, with a bar.
    """
    sys.exit(asyncio.run(_resume(load(config), names, as_json=as_json, waits=not no_wait)))


@click.command(
    short_help="Give up what backfills still owe.",
    epilog="\b\nExample:\n  syndicate backfill cancel 2026-11-27",
)
@config_option
@json_option
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def cancel(config: Path, as_json: bool, names: tuple[str, ...]) -> None:
    """Give up what backfills still owe; what they posted stays. A post that is being sent is finished.

    Works beside a running publisher. A later `syndicate backfill` may plan the items anew.
    """
    from syndicate.ports.batches import BatchState

    _tell_turned(asyncio.run(_turned(load(config), names, BatchState.CANCELLED)), as_json)


SUBCOMMANDS = (list_, status, pause, resume, cancel)


def tell_batches(found: list[BatchCounts]) -> None:
    """A table of backfills."""
    from syndicate.outbox.delivery import RESOLVABLE

    rows = [
        (
            one.batch.name,
            one.stage,
            ", ".join(share.channel for share in one.shares),
            f"{one.number() - one.owed} of {one.number()}",
            one.number(*RESOLVABLE) or "-",
            moment(one.ends),
            one.batch.words,
        )
        for one in found
    ]
    table(("backfill", "state", "channels", "settled", "wait for you", "ends", "asked for"), rows)


def as_json_of(one: BatchCounts) -> dict[str, Any]:
    """A backfill, for machines."""
    return {
        "name": one.batch.name,
        "state": one.stage,
        "made_at": one.batch.made_at,
        "asked_for": one.batch.words,
        "total": one.number(),
        "owed": one.owed,
        "ends": one.ends,
        "channels": [
            {
                "channel": share.channel,
                "states": _by_word(share.states),
                "next_due": share.next_due,
                "ends": share.ends,
            }
            for share in one.shares
        ],
    }


def _by_word(states: Any) -> dict[str, int]:
    return {state.value: number for state, number in sorted(states.items())}


def _share_row(share: Share) -> tuple[object, ...]:
    numbers = _by_word(share.states)
    settled = sum(number for state, number in share.states.items() if state.is_final)
    words = ", ".join(f"{number} {state}" for state, number in numbers.items())
    return share.channel, f"{settled} of {sum(numbers.values())}", words, share.next_due, share.ends


async def _found(plot: Plot, names: tuple[str, ...]) -> list[BatchCounts]:
    """The backfills named, or all.

    Raises:
        UsageError: there is none of that name.
    """
    from syndicate.outbox.store import SqlOutbox

    if not plot.has_outbox:
        _refuse_unknown(names, ())
        return []
    async with SqlOutbox(plot.outbox_path) as outbox:
        found = await outbox.batches()
    _refuse_unknown(names, [one.batch.name for one in found])
    return [one for one in found if not names or one.batch.name in names]


def _refuse_unknown(names: tuple[str, ...], known: Any) -> None:
    for name in names:
        if name not in known:
            raise UsageError(f"{name}: there is no backfill of that name; `syndicate backfill list` shows all")


async def _turned(plot: Plot, names: tuple[str, ...], state: BatchState) -> list[BatchCounts]:
    """Tell the backfills named, or all that may be told so."""
    from syndicate.house import clock
    from syndicate.outbox.store import SqlOutbox
    from syndicate.ports.batches import BatchState as States

    former = {States.PAUSED: States.RUNNING, States.RUNNING: States.PAUSED}
    found = await _found(plot, names)
    chosen = [one for one in found if names or (one.owed and one.batch.state is former.get(state))]
    if not chosen:
        return []
    async with SqlOutbox(plot.outbox_path) as outbox:
        return [await outbox.turn_batch(one.batch.name, state, clock()) for one in chosen]


def _tell_turned(turned: list[BatchCounts], is_json: bool) -> None:
    from syndicate.outbox.delivery import State

    if is_json:
        tell_json([as_json_of(one) for one in turned])
        return
    if not turned:
        say("no backfill is running; `syndicate backfill list` shows all")
    for one in turned:
        in_work = one.owed - one.number(State.PAUSED)
        rest = f"; {count(in_work, 'post')} in work will be finished" if in_work else ""
        say(f"{one.batch.name}: {one.stage}, {one.number(State.SENT)} of {one.number()} posted{rest}")


async def _resume(plot: Plot, names: tuple[str, ...], *, as_json: bool, waits: bool) -> int:
    from syndicate.cli.following import Following, exit_code_of
    from syndicate.house import clock, open_house
    from syndicate.outbox.lock import PublisherLock
    from syndicate.ports.batches import BatchState

    await _turned(plot, names, BatchState.RUNNING)
    found = [one for one in await _found(plot, names) if one.owed and one.batch.state is BatchState.RUNNING]
    states: dict[State, int] = {}
    words = "no backfill owes anything"
    if found:
        listed = ", ".join(one.batch.name for one in found)
        words = f"{listed}: `syndicate run` or `syndicate once` delivers the rest"
        try:
            with PublisherLock(plot.lock_path, clock()):
                if waits:
                    async with open_house(plot) as house:
                        following = Following(house, [one.batch.name for one in found], is_json=as_json)
                        states = dict(await following.run())
                    words = ""
        except AnotherInstance as error:
            words = f"{listed}: process {error.pid} is publishing and delivers the rest"
    if as_json:
        tell_json([as_json_of(one) for one in await _found(plot, names)])
    elif words:
        say(words)
    return exit_code_of(states)
