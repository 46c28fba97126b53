"""`syndicate auth`: sign in to a channel's network."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import structs
from msgspec.structs import replace

from syndicate.cli.output import config_option, json_option, load, moment, no_channel, say, tell_json

if TYPE_CHECKING:
    from syndicate.channels.networks import Tools
    from syndicate.channels.signin import Visit
    from syndicate.plot import Plot
    from syndicate.ports.channel import Standing

PORT = 8917
"""Where the browser comes back to. Fixed, as most networks want an app's callback address to the letter."""


@click.command(
    short_help="Sign in to a channel's network.",
    epilog="\b\nExamples:\n  syndicate auth news_x"
    "\n  syndicate auth page_linkedin --paste      no browser on this machine",
)
@config_option
@json_option
@click.option("--paste", is_flag=True, help="Open the page anywhere, and paste the address you are sent back to.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="Of the way back; 0: any.")
@click.option("--redirect", help="Callback address as the app has it; else http://127.0.0.1:PORT/callback.")
@click.argument("channel")
def auth(config: Path, as_json: bool, paste: bool, port: int, redirect: str | None, channel: str) -> None:
    """Sign in to the network of CHANNEL, and keep the access encrypted in the state.

    Networks with an app password or a token in the settings are only asked whether they take it. A running publisher
    takes a new access up by itself.
    """
    plot = load(config)
    if channel not in plot.networks:
        raise no_channel(channel, plot.networks)
    asyncio.run(_auth(plot, channel, as_json=as_json, paste=paste, port=port, redirect=redirect))


async def _auth(plot: Plot, channel: str, *, as_json: bool, paste: bool, port: int, redirect: str | None) -> None:
    from syndicate.house import open_tools

    async with open_tools(plot) as tools:
        kind, own = plot.networks[channel], plot.own[channel]
        if kind.sign_in is None or getattr(own, "given_token", None) is not None:
            standing = await _checked(plot, channel, tools)
        else:
            async with _visit(paste, port, redirect) as visit:
                standing = await _signed_in(plot, channel, tools, visit)
    _tell(channel, kind.name, standing, as_json)


async def _signed_in(plot: Plot, channel: str, tools: Tools, visit: Visit) -> Standing:
    """Sign in, see that it is the account of the settings, and only then keep it."""
    from pydantic import SecretStr

    kind, own = plot.networks[channel], plot.own[channel]
    assert kind.sign_in is not None
    grant = await kind.sign_in.grant(channel, own, tools, visit)
    tools.web.hide(grant.access, grant.refresh or "")
    trial = own.model_copy(update={"token": SecretStr(grant.access), "token_file": None})
    await kind.make(channel, trial, structs.replace(tools, shared={})).open()
    access = kind.sign_in.access(channel, own, tools)
    await access.keep(grant)
    standing = await access.standing()
    return standing if standing.who else replace(standing, who=kind.make(channel, own, tools).account)


async def _checked(plot: Plot, channel: str, tools: Tools) -> Standing:
    made = plot.networks[channel].make(channel, plot.own[channel], tools)
    await made.open()
    standing = await made.standing()
    await made.close()
    return standing if standing.who else replace(standing, who=made.account)


@asynccontextmanager
async def _visit(paste: bool, port: int, redirect: str | None) -> AsyncIterator[Visit]:
    from syndicate.channels.loopback import PATH, Pasted, loopback

    if paste:
        yield Pasted(redirect or f"http://127.0.0.1:{port or PORT}{PATH}", _ask)
        return
    async with loopback(port, _show, redirect_uri=redirect) as visit:
        yield visit


def _show(address: str) -> None:
    """The page, in the browser where there is one. On stderr: stdout is for the result."""
    click.echo(f"Open this page and consent:\n\n  {address}\n", err=True)
    click.launch(address)


async def _ask(address: str) -> str:
    click.echo(f"Open this page and consent:\n\n  {address}\n", err=True)
    click.echo("The browser is sent to an address that may not open; copy it whole.", err=True)
    pasted: str = await asyncio.to_thread(click.prompt, "Address", err=True, hide_input=sys.stdin.isatty())
    return pasted


def _tell(channel: str, network: str, standing: Standing, as_json: bool) -> None:
    if as_json:
        told = {"channel": channel, "network": network, "account": standing.who}
        tell_json({**told, "scopes": standing.scopes, "until": standing.until})
        return
    say(f"{channel}: signed in to {network} as {standing.who}")
    if standing.scopes:
        say(f"scopes: {', '.join(standing.scopes)}")
    if standing.until is not None:
        say(f"until: {moment(standing.until)}; then sign in again")
