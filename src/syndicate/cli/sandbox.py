"""`syndicate sandbox`: fake networks to practise on."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.output import say

if TYPE_CHECKING:
    from syndicate.sandbox.addresses import SandboxAddresses


@click.command(
    short_help="Run fake networks to practise on.",
    epilog="\b\nExamples:\n  syndicate sandbox\n  syndicate sandbox --port 8090 --state practice --json",
)
@click.option("--port", default=8090, show_default=True, help="Where to listen on this machine; 0 picks a free port.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="Folder to keep the log of truth in.")
@click.option("--seed", default=0, help="Seed of faults that come by chance.")
@click.option("--json", "as_json", is_flag=True, help="Tell the addresses as one line of JSON.")
def sandbox(port: int, state: Path | None, seed: int, as_json: bool) -> None:
    """Run fake social networks on this machine, with a log of what was really posted.

    Most of the networks that the settings know, and an OAuth token endpoint. They take what the real ones take and
    refuse what the real ones refuse; any credential that begins with `sandbox-` makes an account. Nothing leaves this
    machine.
    """
    from syndicate.sandbox.server import serve

    def announce(addresses: SandboxAddresses) -> None:
        if as_json:
            say(addresses.as_line())
        else:
            for line in lines_for(addresses):
                say(line)

    with ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syndicate-sandbox-")))
        asyncio.run(serve(port, folder, seed, announce=announce))


def lines_for(addresses: SandboxAddresses) -> list[str]:
    """What is said at the start: where to look, and channels as they stand in the settings."""
    from syndicate.sandbox.addresses import TOKEN_PREFIX, WEBHOOK_SECRET

    token = f"{TOKEN_PREFIX}news"
    channels = {
        "mastodon": f"instance: {addresses.mastodon_url}, token: {token}",
        "bluesky": f"service: {addresses.bluesky_url}, identifier: news.test, password: {token}",
        "webhook": f"url: {addresses.webhook_url}/news, secret: {WEBHOOK_SECRET}",
        "slack": f"url: {addresses.slack_webhook_url}/T1/B1/{token}",
        "slack_bot": f"api_url: {addresses.slack_url}, token: xoxb-{token}, channel: CNEWS",
        "discord": f"url: {addresses.discord_url}/webhooks/1/{token}",
        "discord_bot": f'api_url: {addresses.discord_url}/v10, token: {token}, channel: "1"',
        "telegram": f'api_url: {addresses.telegram_url}, token: "1:{token}", chat: "@sandbox_news"',
        "teams": f'url: "{addresses.teams_url}?sig={token}"',
        "email": f"host: 127.0.0.1, port: {addresses.smtp_port}, security: none, username: news, password: {token}, "
        "sender: news@sandbox.test, to: readers@sandbox.test",
        "facebook": f'api_url: {addresses.facebook_url}, token: {TOKEN_PREFIX}10203040, page: "10203040"',
        "instagram": f"api_url: {addresses.instagram_url}, token: {token}, account: news",
        "threads": f"api_url: {addresses.threads_url}, token: {token}, account: news",
        "linkedin": f'api_url: {addresses.linkedin_url}, token: {token}, author: "urn:li:person:news"',
        "x": f"api_url: {addresses.x_url}, token: {token}, account: news",
    }
    return [
        f"Timelines to look at: {addresses.control_url}/   (Ctrl-C stops)",
        "",
        "Put this below `channels:` in your settings to post to it:",
        "",
        *(f"  sandbox_{network}: {{network: {network}, {keys}}}" for network, keys in channels.items()),
    ]
