"""`syndicate status`: how every channel stands."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import asdict

from syndicate.cli.batches import as_json_of, tell_batches
from syndicate.cli.held import open_doubt, undecided
from syndicate.cli.output import (
    changes_in_words,
    config_option,
    count,
    json_option,
    load,
    moment,
    say,
    table,
    tell_json,
)
from syndicate.cli.prospects import Standing, standings_of, troubles
from syndicate.outbox.delivery import Action, State
from syndicate.outbox.reasons import Reason

SHOWN = (
    *(State.SENT, State.PLANNED, State.PAUSED, State.UNKNOWN),
    *(State.HELD, State.FAILED, State.DEAD, State.SKIPPED),
)
"""States in the table; what is in work counts as planned."""

if TYPE_CHECKING:
    from syndicate.outbox.delivery import Delivery
    from syndicate.outbox.ping import HubCounts
    from syndicate.plot import Plot
    from syndicate.ports.outbox import ChannelCounts, Doubt


@click.command(
    short_help="Show what was sent, is owed, waits for you.",
    epilog="\b\nExamples:\n  syndicate status\n  syndicate status --json",
)
@config_option
@json_option
def status(config: Path, as_json: bool) -> None:
    """Show what was sent, what is owed, what waits for you, and whether a publisher runs."""
    asyncio.run(_status(load(config), as_json))


async def _status(plot: Plot, as_json: bool) -> None:
    from syndicate.house import clock
    from syndicate.outbox.lock import holder_of
    from syndicate.outbox.room import ROOM_BYTES, free_bytes
    from syndicate.outbox.store import SqlOutbox

    if not plot.has_outbox:
        _tell_empty(plot, as_json)
        return
    async with SqlOutbox(plot.outbox_path, is_reader=True) as outbox:
        counts = await outbox.counts()
        hubs = await outbox.hub_counts()
        backfills = [one for one in await outbox.batches() if one.owed]
        known = await outbox.known()
        open_ones = await undecided(outbox)
        standings = await standings_of(plot, outbox)
        doubts = {one.channel: doubt for one in counts if (doubt := await open_doubt(plot, outbox, one.channel))}
    pid, since = holder_of(plot.lock_path)
    is_paused = free_bytes(plot.state_folder) < ROOM_BYTES
    standing = sum(not one.is_withdrawn for one in known.values())
    if as_json:
        publisher = {"pid": pid, "since": since} if pid else None
        tell_json(
            {
                "publisher": publisher,
                "is_paused": is_paused,
                "items": standing,
                "undecided": len(open_ones),
                "waiting": dict(Counter(one.code.value for one in open_ones)),
                "channels": [_json(one, standings.get(one.channel), doubts.get(one.channel)) for one in counts],
                "backfills": [as_json_of(one) for one in backfills],
                "hubs": [asdict(one) for one in hubs],
            }
        )
        return
    say(f"publisher: process {pid}, started {since}" if pid else "publisher: none is running")
    if is_paused:
        say(f"paused: less than 64 MiB free beside {plot.outbox_path}; make room, and it goes on")
    say(f"items: {standing} known, {len(known) - standing} withdrawn")
    table(
        ("channel", *(state.value for state in SHOWN), "next due", "last sent"),
        [row for one in counts for row in _rows(plot, one, standings.get(one.channel))],
    )
    for line in (*troubles(standings), *_waiting_posts(counts), *_waiting_changes(counts, clock()), *_doubtful(doubts)):
        say(line)
    if backfills:
        tell_batches(backfills)
    if hubs:
        table(("hub", "owed", "last accepted", "rests until", "last error"), [_hub_row(one) for one in hubs])
    _tell_undecided(open_ones)


def _doubtful(doubts: Mapping[str, Doubt]) -> Iterator[str]:
    """A line for each channel that may have sent what is not known here."""
    for name, doubt in doubts.items():
        until = f"{moment(doubt.since)} to {moment(doubt.until)}"
        yield (
            f"{name}: the state was put back from a copy; what it may have sent from {until} is looked up or held "
            f"({count(doubt.waiting, 'delivery', 'deliveries')} of it)"
        )


def _tell_undecided(open_ones: Sequence[Delivery]) -> None:
    if not open_ones:
        return
    for code, number in Counter(one.code.value for one in open_ones).most_common():
        say(f"{number} {_CODES.get(code) or code.replace('_', ' ')}")
    say(f"{len(open_ones)} wait for you: `syndicate held list` tells why, `syndicate held resolve` decides")


_CODES = {
    Reason.DOUBTED.value: "in doubt: perhaps sent before the state was put back from a copy",
    Reason.FLOOD.value: "of a flood: more new items at once than `delivery.most_new`",
    Reason.UNKNOWN_OUTCOME.value: "of unknown outcome: perhaps posted",
}
"""Codes that do not say enough by themselves."""


def _waiting_changes(counts: Sequence[ChannelCounts], now: datetime) -> Iterator[str]:
    """A line for each channel whose changes of posts are not due yet."""
    for one in counts:
        owed = {action: states.get(State.PLANNED, 0) for action, states in one.changes.items()}
        if one.next_change is not None and one.next_change > now:
            words = f"{changes_in_words(owed)} owed, the first at {moment(one.next_change)}"
            yield f"{one.channel}: {words}; `edit_gap` keeps changes apart from the post and from each other"


def _waiting_posts(counts: Sequence[ChannelCounts]) -> Iterator[str]:
    """A line for each channel whose posts wait for pages of ours, or for a look at their items' files."""
    for one in counts:
        if one.pages:
            yield f"{one.channel}: {count(one.pages, 'post')} waiting for pages that are not there yet"
        if one.unread:
            words = f"{count(one.unread, 'delivery', 'deliveries')} waiting until the item's file is read"
            yield f"{one.channel}: {words} (again): the next pass of `run` or `once` does"


def _tell_empty(plot: Plot, as_json: bool) -> None:
    if not as_json:
        say(f"{plot.outbox_path}: nothing was published from here yet; `syndicate run` begins")
        return
    lists: dict[str, list[object]] = {"channels": [], "backfills": [], "hubs": []}
    tell_json({"publisher": None, "items": 0, "undecided": 0, "waiting": {}, **lists})


def _rows(plot: Plot, counts: ChannelCounts, standing: Standing | None) -> Iterator[list[object]]:
    """A channel's posts, and below them what is done about posts that stand."""
    name = counts.channel
    if name not in plot.networks:
        name += " (switched off)" if name in plot.settings.channels else " (not in the settings)"
    yield [name, *_numbers(counts.states), _next(counts, standing), moment(counts.last_sent)]
    for action, states in sorted(counts.changes.items()):
        yield [f"  {_CHANGES[action]}", *_numbers(states), "", ""]


_CHANGES = {Action.EDIT: "edits", Action.DELETE: "deletions", Action.REPLY: "answers"}


def _numbers(states: Mapping[State, int]) -> list[int]:
    in_work = states.get(State.CLAIMED, 0) + states.get(State.SENDING, 0)
    return [states.get(state, 0) + (in_work if state is State.PLANNED else 0) for state in SHOWN]


def _hub_row(counts: HubCounts) -> list[object]:
    error = f"{moment(counts.failed_at)} {counts.error}" if counts.error else "-"
    return [counts.hub, counts.owed, moment(counts.accepted_at), moment(counts.rests_until), error]


def _next(counts: ChannelCounts, standing: Standing | None) -> str:
    """When the channel goes on, and why not sooner."""
    if standing is None or standing.turn is None:
        return moment(counts.next_due)
    turn = standing.turn
    return f"{moment(turn.at)} ({turn.why.in_words})" if turn.at > standing.at else "now"


def _json(counts: ChannelCounts, standing: Standing | None, doubt: Doubt | None) -> dict[str, Any]:
    turn = standing.turn if standing is not None else None
    return {
        "channel": counts.channel,
        "account": counts.account,
        "states": _by_state(counts.states),
        "changes": {action.value: _by_state(states) for action, states in counts.changes.items()},
        "next_change": counts.next_change,
        "next_due": counts.next_due,
        "last_sent": counts.last_sent,
        "wait_for_pages": counts.pages,
        "wait_for_reading": counts.unread,
        "next_post": None if turn is None else {"at": turn.at, "why": turn.why, "words": turn.why.in_words},
        "doubt": None if doubt is None else {"since": doubt.since, "until": doubt.until, "waiting": doubt.waiting},
        "rests": standing.rests_as_json if standing is not None else [],
    }


def _by_state(states: Mapping[State, int]) -> dict[str, int]:
    return {state.value: number for state, number in states.items()}
