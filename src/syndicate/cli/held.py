"""`syndicate held`: deliveries that wait for a person, and the person's word."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import structs

from syndicate.cli.output import config_option, count, json_option, load, moment, no_channel, say, table, tell_json
from syndicate.errors import UsageError
from syndicate.outbox.delivery import RESOLVABLE
from syndicate.outbox.reasons import Reason

if TYPE_CHECKING:
    from syndicate.outbox.delivery import Delivery
    from syndicate.outbox.store import SqlOutbox
    from syndicate.plot import Plot
    from syndicate.ports.outbox import Doubt, Event

WORDS = {
    "sent": "is there, told by the operator",
    "send": "sent again by the operator",
    "drop": "dropped by the operator",
}


@click.group(
    short_help="Deliveries that wait for you: list, show, resolve.",
    epilog="\b\nExamples:\n  syndicate held list\n  syndicate held show 3f2a\n  syndicate held resolve 3f2a send",
)
def held() -> None:
    """Deliveries that wait for you: unclear outcomes, floods, refusals."""


@held.command(
    "list", short_help="Show what waits, and why.", epilog="\b\nExample:\n  syndicate held list --channel news_mastodon"
)
@config_option
@json_option
@click.option("--channel", help="Only this channel.")
def list_(config: Path, as_json: bool, channel: str | None) -> None:
    """Show what waits, and why."""
    asyncio.run(_list(load(config), as_json, channel))


@held.command(
    short_help="Say what becomes of it: sent, send or drop.",
    epilog="\b\nExamples:\n  syndicate held resolve 3f2a sent --url https://social.example/@news/1"
    "\n  syndicate held resolve 3f2a send\n  syndicate held resolve --all --channel news_mastodon drop",
)
@config_option
@json_option
@click.option("--all", "is_all", is_flag=True, help="Everything that waits (give no id).")
@click.option("--channel", help="With --all: only this channel.")
@click.option("--url", help="With sent: where the post stands.")
@click.argument("words", nargs=-1, required=True, metavar="[ID] sent|send|drop")
def resolve(
    config: Path, as_json: bool, is_all: bool, channel: str | None, url: str | None, words: tuple[str, ...]
) -> None:
    """Say what becomes of a delivery: `sent` (the post is there), `send` (post it now), `drop` (never post it).

    ID is the beginning of an id of `held list`. A running publisher takes it up within seconds.

    After the state was put back from a copy, a network that cannot be asked stays in doubt until you decide all that
    waits there at once: `--all --channel NAME`.
    """
    word = words[-1]
    if word not in WORDS or len(words) != (1 if is_all else 2):
        raise UsageError("say `syndicate held resolve ID sent|send|drop`, or `--all sent|send|drop` without an id")
    if channel and not is_all:
        raise UsageError("--channel goes with --all; an id names its channel already")
    if url and (is_all or word != "sent"):
        raise UsageError("--url tells where one post stands: say `syndicate held resolve ID sent --url URL`")
    uid = None if is_all else words[0]
    asyncio.run(_resolve(load(config), as_json, uid, channel, word, url))


@held.command(short_help="Show one delivery and its history.", epilog="\b\nExample:\n  syndicate held show 3f2a")
@config_option
@json_option
@click.argument("uid", metavar="ID")
def show(config: Path, as_json: bool, uid: str) -> None:
    """Show one delivery, whatever its state, and everything that happened to it.

    ID is the beginning of an id of `held list`.
    """
    asyncio.run(_show(load(config), as_json, uid))


async def _show(plot: Plot, as_json: bool, uid: str) -> None:
    async def found(outbox: SqlOutbox) -> tuple[Delivery, list[Event]]:
        one = await outbox.delivery(uid)
        return one, await outbox.history(one.uid)

    shown = await _with_outbox(plot, found, is_reader=True)
    if shown is None:
        raise UsageError("nothing was published from here yet, so there is no delivery")
    one, history = shown
    if as_json:
        tell_json(_json(one) | {"history": [structs.asdict(event) for event in history]})
        return
    say(f"{one.uid}  {one.action.value} of {one.item_id} for {one.channel} ({one.account})")
    say(f"  {one.state.value}: {one.reason}")
    say(f"  due {moment(one.due)}, {count(one.attempts, 'attempt')}, {count(one.failures, 'failure')} in a row")
    if one.receipt is not None:
        say(f"  stands at {one.receipt.url or one.receipt.remote_id}")
    for event in history:
        say(f"    {moment(event.at)}  {event.state.value}: {event.reason}")


async def _list(plot: Plot, as_json: bool, channel: str | None) -> None:
    async def found(outbox: SqlOutbox) -> list[Delivery]:
        await _check_channel(plot, outbox, channel)
        return await undecided(outbox, channel)

    waiting = await _with_outbox(plot, found, is_reader=True) or []
    if as_json:
        tell_json([_json(one) for one in waiting])
        return
    if not waiting:
        say("Nothing waits for you.")
        return
    rows = [
        (one.uid[:8], one.channel, one.item_id, one.action.value, one.state.value, one.reason, one.attempts)
        for one in waiting
    ]
    table(("id", "channel", "item", "what", "state", "why", "attempts"), rows)
    say("`syndicate held resolve ID sent|send|drop` decides; look on the network first where the outcome is unknown.")


async def _resolve(plot: Plot, as_json: bool, uid: str | None, channel: str | None, word: str, url: str | None) -> None:
    from syndicate.house import clock
    from syndicate.outbox.delivery import State

    state = {"sent": State.SENT, "send": State.PLANNED, "drop": State.DEAD}[word]
    trusted: list[str] = []

    async def decide(outbox: SqlOutbox) -> list[Delivery]:
        await _check_channel(plot, outbox, channel)
        chosen = [await outbox.delivery(uid)] if uid is not None else await undecided(outbox, channel)
        gone = [one for one in chosen if word == "send" and one.channel not in plot.settings.channels]
        if gone:
            names = ", ".join(sorted({one.channel for one in gone}))
            raise UsageError(f"{names}: is not in the settings, so nothing can be sent there; say sent or drop")
        resolved = [await outbox.resolve(one.uid, state, WORDS[word], clock(), url) for one in chosen]
        if uid is None and channel is not None and await _is_unaskable(plot, outbox, channel):
            await outbox.believe(channel)
            trusted.append(channel)
        return resolved

    resolved = await _with_outbox(plot, decide)
    if resolved is None:
        raise UsageError("nothing was published from here yet, so nothing waits")
    if as_json:
        tell_json([_json(one) for one in resolved])
        return
    for one in resolved[:20]:
        say(f"{one.uid[:8]} {one.channel} {one.item_id}: {one.state.value}")
    say(f"{count(len(resolved), 'delivery', 'deliveries')} resolved")
    for name in trusted:
        say(f"{name}: no longer in doubt; what it owes from now on is sent without asking you")


async def open_doubt(plot: Plot, outbox: SqlOutbox, name: str) -> Doubt | None:
    """What is in doubt on a channel, as long as something waits because of it, or only a person can end it."""
    doubt = await outbox.doubt(name)
    return doubt if doubt is not None and (doubt.waiting or await _is_unaskable(plot, outbox, name)) else None


async def _is_unaskable(plot: Plot, outbox: SqlOutbox, name: str) -> bool:
    """Whether a channel is in doubt, and only a person can end that."""
    from syndicate.house import open_channels

    if name not in plot.networks or await outbox.doubt(name) is None:
        return False
    async with open_channels(plot) as channels:
        return not channels[name].is_listable and not channels[name].guarantee.is_readable


async def _with_outbox(plot: Plot, work: Any, *, is_reader: bool = False) -> Any:
    from syndicate.outbox.store import SqlOutbox

    if not plot.has_outbox:
        return None
    async with SqlOutbox(plot.outbox_path, is_reader=is_reader) as outbox:
        return await work(outbox)


async def _check_channel(plot: Plot, outbox: SqlOutbox, channel: str | None) -> None:
    known = {*plot.networks, *await outbox.channels()}
    if channel is not None and channel not in known:
        raise no_channel(channel, known, "--channel ")


async def undecided(outbox: SqlOutbox, channel: str | None = None) -> list[Delivery]:
    """What a person has to decide."""
    found = await outbox.deliveries(states=RESOLVABLE, channel=channel, limit=100_000)
    return [one for one in found if one.code is not Reason.DROPPED]  # that one was decided


def _json(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.uid,
        "channel": delivery.channel,
        "account": delivery.account,
        "item": delivery.item_id,
        "action": delivery.action.value,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "code": delivery.code.value,
        "attempts": delivery.attempts,
        "first_sent_at": delivery.first_sent_at,
        "url": delivery.receipt.url if delivery.receipt else None,
    }
