"""`syndicate channels`: which there are, and whether one works."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
from msgspec.structs import replace

from syndicate.cli.output import (
    config_option,
    json_option,
    load,
    moment,
    no_channel,
    price_json,
    price_words,
    say,
    table,
    tell_json,
)
from syndicate.errors import NetworkError, Transient, Unknown, UsageError

if TYPE_CHECKING:
    from syndicate.channels.networks import Tools
    from syndicate.outbox.delivery import Receipt
    from syndicate.plot import Plot
    from syndicate.ports.channel import Channel
    from syndicate.settings.tree import SiteSettings


@click.group(
    short_help="List channels, or test one.",
    epilog="\b\nExamples:\n  syndicate channels list\n  syndicate channels test news_mastodon",
)
def channels() -> None:
    """Channels of the settings: which there are, and whether one works."""


@channels.command(
    "list", short_help="Show every channel and its promise.", epilog="\b\nExample:\n  syndicate channels list"
)
@config_option
@json_option
def list_(config: Path, as_json: bool) -> None:
    """Show every channel that is switched on: account, promise, what a post costs, until when it is signed in.

    No network is asked.
    """
    asyncio.run(_list(load(config), as_json))


@channels.command(
    short_help="Open a channel; sends nothing by default.",
    epilog="\b\nExamples:\n  syndicate channels test news_mastodon\n  syndicate channels test news_mastodon --private",
)
@config_option
@json_option
@click.option(
    "--private",
    is_flag=True,
    help="Also make a post that only you see, and take it away.",
)
@click.argument("channel")
def test(config: Path, as_json: bool, private: bool, channel: str) -> None:
    """Open CHANNEL and show its account, limits and promise. Nothing is posted, unless asked for by --private."""
    plot = load(config)
    if channel not in plot.networks:
        raise no_channel(channel, plot.networks)
    if private and plot.networks[channel].private is None:
        raise UsageError(f"--private: {plot.networks[channel].title} has no posts that only you see")
    asyncio.run(_test(plot, channel, private=private, as_json=as_json))


async def _list(plot: Plot, as_json: bool) -> None:
    from syndicate.house import open_tools

    async with open_tools(plot) as tools:
        made = {name: _made(plot, name, tools) for name in plot.networks}
        told = [await _told(channel) for channel in made.values()]
    if as_json:
        tell_json(told)
        return
    titles = ("channel", "network", "account", "signed in until", "a post costs", "promise")
    names = ("channel", "network", "account", "until")
    table(
        titles,
        [
            (
                *(one[name] for name in names),
                price_words(made[one["channel"]].price, plot.settings.channels[one["channel"]]),
                one["promise"],
            )
            for one in told
        ],
    )
    untold = [name for name, one in zip(made, told, strict=True) if not one["scopes"] and not made[name].is_rehearsal]
    if untold:
        say(f"rights not known here: {', '.join(untold)}; `syndicate doctor` asks the network, and some do not tell")


async def _test(plot: Plot, name: str, *, private: bool, as_json: bool) -> None:
    from syndicate.house import open_tools

    receipt = None
    async with open_tools(plot) as tools:
        channel = _made(plot, name, tools)
        try:
            await channel.open()
            told = await _told(channel)
            if private:
                receipt = await _posted_in_private(plot, name, tools)
        finally:
            await channel.close()
    if as_json:
        tell_json({**told, "test_post": None if receipt is None else receipt.url or receipt.remote_id})
        return
    if told["is_proven"]:
        say(f"{name}: works")
    else:
        say(f"{name}: its settings are sound; whether it works is not known, as {channel.network} tells nothing but")
        say("to a post: send one, for example by `syndicate backfill --limit 1`, and look for it there")
    say(f"account: {told['who'] or told['account']}")
    say(f"rights: {', '.join(told['scopes']) or 'not known: the network does not tell'}")
    if told["until"] is not None:
        say(f"signed in until: {moment(told['until'])}")
    say(f"text: at most {told['text_limit']} {told['text_unit']}")
    say(f"picture: {told['picture'] or 'none'}")
    say(f"promise: {told['promise']}")
    say(f"a post costs: {price_words(channel.price, plot.settings.channels[name])}")
    say(f"can also: {', '.join(told['abilities']) or 'nothing else'}")
    if receipt is not None:
        say(f"test post: {receipt.url or receipt.remote_id}")


def _made(plot: Plot, name: str, tools: Tools) -> Channel:
    return plot.networks[name].make(name, plot.own[name], tools)


async def _told(channel: Channel) -> dict[str, Any]:
    from syndicate.doctor.channel import picture_in_words
    from syndicate.outbox.delivery import Action

    standing, wants = await channel.standing(), channel.wants
    image = wants.image
    return {
        "channel": channel.name,
        "network": channel.network,
        "account": channel.account,
        "who": standing.who,
        "scopes": list(standing.scopes),
        "until": standing.until,
        "text_limit": wants.room.limit,
        "text_unit": wants.room.measure.value,
        "picture": None if image is None else picture_in_words(image),
        "promise": channel.guarantee.in_words,
        "price": price_json(channel.price),
        "is_proven": channel.address is None,
        "abilities": sorted(action.value for action in channel.abilities - {Action.POST}),
    }


async def _posted_in_private(plot: Plot, name: str, tools: Tools) -> Receipt:
    """Make a test post that only the account sees, and take it away where the network can.

    Raises:
        NetworkError: it could not be made, or it could not be taken away; then the words say where it is.
    """
    from syndicate.outbox.delivery import Action

    kind = plot.networks[name]
    own = plot.own[name].model_copy(update=dict(kind.private or {}))
    channel = kind.make(name, own, replace(tools, shared={}))
    try:
        await channel.open()
        receipt = await _tried(channel, plot.settings.site)
        if Action.DELETE in channel.abilities:
            await _taken_away(channel, receipt)
    finally:
        await channel.close()
    return receipt


async def _tried(channel: Channel, site: SiteSettings) -> Receipt:
    from syndicate.house import clock
    from syndicate.posts.compose import compose
    from syndicate.posts.post import Card

    now = clock()
    card = Card(
        item_id="syndicate:test",
        title=f"A test of {site.title}",
        summary=f"Made at {now:%Y-%m-%d %H:%M:%S} UTC; only this account sees it.",
        url=site.url,
        site_name=site.title,
        published=now,
        language=site.language,
    )
    key = channel.key_of(f"test-{uuid4().hex}", 0, now)
    payload = await channel.stage(channel.freeze(compose(card, channel.wants), None, key, now), key)
    try:
        return await channel.publish(payload, key)
    except Unknown as error:
        found = await channel.find(payload, key, now) if channel.guarantee.is_readable else None
        if found is None:
            told = f"the test post may be there all the same: look for {card.title!r}, and take it away by hand"
            raise Unknown(f"{error}; {told}") from error
        return found


async def _taken_away(channel: Channel, receipt: Receipt) -> None:
    try:
        await channel.delete(receipt)
    except NetworkError as error:
        told = f"the test post is still there: {receipt.url or receipt.remote_id}; take it away by hand"
        raise Transient(f"{error}; {told}") from error
