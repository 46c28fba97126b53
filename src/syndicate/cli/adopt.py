"""`syndicate adopt`: what a channel posted before counts as sent."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.output import (
    config_option,
    count,
    counting,
    json_option,
    load,
    no_channel,
    say,
    table,
    tallying,
    tell_json,
    warn,
)
from syndicate.errors import UsageError

if TYPE_CHECKING:
    from syndicate.adopt import Adoption
    from syndicate.plot import Plot

SHOWN = 20
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@click.command(
    short_help="Count as sent what a channel has already.",
    epilog="\b\nExamples:\n  syndicate adopt news_mastodon --dry-run\n  syndicate adopt news --since 2026-01-01",
)
@config_option
@json_option
@click.option("--dry-run", is_flag=True, help="Show what would be adopted, write nothing.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Read no posts of before this day (UTC)."
)
@click.argument("channel")
def adopt(config: Path, as_json: bool, dry_run: bool, since: datetime | None, channel: str) -> None:
    """Read the posts that CHANNEL has made so far, by whatever program, and mark the items they link to as sent.

    Nothing is posted. What is adopted is never posted again, not by a backfill either; it is edited or taken away with
    its item if the channel does so with its own. A publisher may run meanwhile.
    """
    begin = BEGINNING if since is None else since.replace(tzinfo=UTC)
    asyncio.run(_adopt(load(config), channel, begin, as_json=as_json, is_dry=dry_run))


async def _adopt(plot: Plot, name: str, since: datetime, *, as_json: bool, is_dry: bool) -> None:
    from syndicate.adopt import adopt as take
    from syndicate.adopt import look
    from syndicate.house import clock, open_tools, plans_of, store_of
    from syndicate.outbox.store import SqlOutbox
    from syndicate.wording import draft_rules_of

    if name not in plot.networks:
        raise no_channel(name, plot.networks)

    def tell_wait(until: datetime) -> None:
        warn(f"{name}: the network asks to wait until {until:%H:%M:%S}Z; then it goes on (Ctrl-C stops it)")

    async with open_tools(plot, tell_wait=tell_wait) as tools:
        channel = plot.networks[name].make(name, plot.own[name], tools)
        try:
            if not channel.is_listable:
                remedy = "`syndicate backfill --mark-only` marks by hand what is not to be posted"
                raise UsageError(f"{name}: posts of {channel.network} cannot be listed; {remedy}")
            with counting("reading items") as tell:
                scan = await asyncio.to_thread(store_of(plot, waits=False, tell=tell).scan, {})
            with tallying("reading posts") as tell_posts:
                found = await look(channel, scan.items.values(), draft_rules_of(plot, name), since, tell=tell_posts)
            adopted: list[str] = []
            [plan] = plans_of(plot, {name: channel})
            async with SqlOutbox(plot.outbox_path) as outbox:
                known = {one.receipt.remote_id for one in await outbox.deliveries(channel=name) if one.receipt}
                if not is_dry:
                    adopted = await take(outbox, plan, found, clock())
        finally:
            await channel.close()
    _tell(name, found, adopted, known, as_json=as_json, is_dry=is_dry)


def _tell(name: str, found: Adoption, adopted: list[str], known: Set[str], *, as_json: bool, is_dry: bool) -> None:
    """`known` are the remote ids of what was sent from here before: all others somebody else made, perhaps by hand."""
    rows = [
        (item.id, own.receipt.at, own.receipt.url or own.receipt.remote_id, own.receipt.remote_id in known)
        for item, own in found.found
    ]
    if as_json:
        told = [{"item": item_id, "at": at, "post": post, "is_ours": ours} for item_id, at, post, ours in rows]
        tell_json({"channel": name, "is_dry_run": is_dry, "posts": found.posts, "found": told, "adopted": adopted})
        return
    shown = sorted(rows, key=lambda row: row[3])[:SHOWN]
    if rows:
        made = [(*row, "here" if ours else "elsewhere") for *row, ours in shown]
        table(("item", "posted", "post", "made"), made)
    if len(rows) > SHOWN:
        say(f"... and {len(rows) - SHOWN} more; --json lists all")
    say(f"{name}: {count(found.posts, 'post')} read, {count(len(rows), 'item')} of the store among them")
    foreign = sum(not ours for *_, ours in rows)
    if is_dry:
        say(
            f"{count(foreign, 'post')} made elsewhere, by hand or by another program, would be taken over: "
            "`on_edit` and `on_withdrawal` then hold for them, too"
        )
        say("dry run: nothing was written")
    else:
        say(f"{count(len(adopted), 'item')} adopted now, {len(rows) - len(adopted)} known to be sent before")
