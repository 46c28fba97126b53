"""The sandbox as one server on this machine: built, started, served until told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web

from syndicate.errors import UsageError
from syndicate.sandbox.addresses import SandboxAddresses
from syndicate.sandbox.bluesky import Bluesky
from syndicate.sandbox.containers import instagram, threads
from syndicate.sandbox.control import Control
from syndicate.sandbox.discord import Discord
from syndicate.sandbox.discord_bot import DiscordBot
from syndicate.sandbox.door import Door, Network, response_of
from syndicate.sandbox.email import Email
from syndicate.sandbox.facebook import Facebook
from syndicate.sandbox.faults import InjectedFault, Plan
from syndicate.sandbox.grants import Grants
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.linkedin import LinkedIn
from syndicate.sandbox.mastodon import Mastodon
from syndicate.sandbox.oauth import OAuth
from syndicate.sandbox.page import Shown
from syndicate.sandbox.pictures import Attic
from syndicate.sandbox.slack import Slack
from syndicate.sandbox.slack_webhook import SlackWebhook
from syndicate.sandbox.smtp import MailDoor
from syndicate.sandbox.teams import Teams
from syndicate.sandbox.telegram import Telegram
from syndicate.sandbox.truth import Truth
from syndicate.sandbox.webhook import Webhook
from syndicate.sandbox.wire import Answer
from syndicate.sandbox.x import X

HOST = "127.0.0.1"
# Above the largest upload a fake network takes, so that it is the network which refuses one that is too large.
LARGEST_BODY_BYTES = 64 * 1024 * 1024
# A request that a fault slows down must not hold up the end.
SHUTDOWN_S = 1.0


class Running:
    """A sandbox that answers; close it, or use it as an `async with` block.

    `truth` is its log, `ground` holds its clock and rules, `plan` its faults.
    """

    def __init__(self, opened: _Opened, ground: Ground, plan: Plan) -> None:
        self._opened = opened
        self._control = opened.control
        self.ground = ground
        self.plan = plan
        self.addresses = SandboxAddresses.at(ground.base_url, opened.mail.port)

    @property
    def truth(self) -> Truth:
        """What was really taken."""
        return self.ground.truth

    @property
    def pending(self) -> int:
        """Late commits still to come."""
        return self._control.pending

    def arm(self, *faults: InjectedFault) -> None:
        """Replace the fault plan."""
        self.plan.arm(faults)

    async def settle(self) -> None:
        """Wait until every late commit is done."""
        await self._control.settle()

    async def reset(self) -> None:
        """Forget everything, as `POST /sandbox/reset`."""
        await self._control.reset()

    async def close(self) -> None:
        """Stop answering and close the log."""
        await self._opened.mail.close()
        await self._opened.runner.cleanup()
        self.truth.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def start(port: int = 0, state: Path | None = None, seed: int = 0, *, host: str = HOST) -> Running:
    """A running sandbox.

    Args:
        port: where to listen, and at the next one for mail; 0 takes free ones.
        state: folder for the log of truth and the uploads; without it they live in memory.
        seed: decides which requests faults with a probability hit.
        host: this machine only; there to say no to anything else.

    Raises:
        UsageError: another host, or a port that is taken.
        CannotWrite: the state folder.
    """
    listener = _listener(host, port)
    try:
        ground = Ground(
            base_url=f"http://{HOST}:{listener.getsockname()[1]}",
            truth=await asyncio.to_thread(Truth, state),
            attic=Attic(None if state is None else state / "uploads"),
        )
        return await _running(listener, ground, Plan(seed), port + 1 if port else 0)
    except BaseException:
        listener.close()
        raise


async def serve(
    port: int = 0,
    state: Path | None = None,
    seed: int = 0,
    *,
    host: str = HOST,
    announce: Callable[[SandboxAddresses], None] | None = None,
    until: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Run a sandbox until SIGTERM or SIGINT, or until `until` returns; `announce` is called once it answers."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for each in signals:
        loop.add_signal_handler(each, stop.set)
    waits = [asyncio.ensure_future(wait()) for wait in (stop.wait, until) if wait is not None]
    try:
        async with await start(port, state, seed, host=host) as running:
            if announce is not None:
                announce(running.addresses)
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        for each in signals:
            loop.remove_signal_handler(each)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What answers: HTTP, mail, and who is asked about both."""

    runner: web.AppRunner
    mail: MailDoor
    control: Control


async def _running(listener: socket.socket, ground: Ground, plan: Plan, smtp_port: int) -> Running:
    mastodon, bluesky, webhook, grants = Mastodon(ground), Bluesky(ground), Webhook(ground), Grants(ground)
    boarded = (
        *(Slack(ground), SlackWebhook(ground), Discord(ground), DiscordBot(ground), Telegram(ground), Teams(ground)),
        *(Facebook(ground), instagram(ground), LinkedIn(ground, grants), threads(ground), X(ground, grants)),
    )
    networks: tuple[Network, ...] = (mastodon, bluesky, webhook, *boarded, OAuth(ground, grants))
    doors, email = tuple(Door(network, plan) for network in networks), Email(ground)
    mail = MailDoor(email, plan)
    control = Control(ground, plan, Shown(mastodon, bluesky, webhook, (*boarded, email)), (*doors, mail))
    app = web.Application(client_max_size=LARGEST_BODY_BYTES, middlewares=[_local_names_only])
    app.add_routes(control.routes())
    for door in doors:
        for route in door.network.routes():
            app.router.add_route(route.method, route.path, door.handler(route))
    app.router.add_route("*", "/xrpc/{method}", _unknown(bluesky.trouble(501)))
    app.router.add_route("*", "/api/{tail:.*}", _unknown(mastodon.trouble(404)))
    app.on_shutdown.append(_forget(doors))
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await mail.open(HOST, smtp_port)
    return Running(_Opened(runner, mail, control), ground, plan)


def _listener(host: str, port: int) -> socket.socket:
    if host != HOST:
        raise UsageError(f"--host {host}: the sandbox answers on this machine alone; leave it out or give {HOST}")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as cause:
        listener.close()
        raise UsageError(f"--port {port}: cannot be had ({cause.strerror}); take `--port 0` for a free one") from cause
    return listener


@web.middleware
async def _local_names_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse names that are not this machine's: a web page elsewhere could point its own at 127.0.0.1."""
    if urlsplit(f"//{request.headers.get('Host', '')}").hostname not in {HOST, "localhost"}:
        raise web.HTTPForbidden(text="the sandbox answers to 127.0.0.1 and localhost only")
    return await handler(request)


def _unknown(answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def say_so(_request: web.Request) -> web.StreamResponse:
        return response_of(answer)

    return say_so


def _forget(doors: tuple[Door, ...]) -> Callable[[web.Application], Awaitable[None]]:
    async def forget(_app: web.Application) -> None:
        for door in doors:
            await door.forget()

    return forget
