"""The way back from a browser: a listener on this machine for one answer, or an address pasted by hand.

Source: RFC 8252 section 7.3 (loopback redirection). Read 2026-11.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from syndicate.errors import Unauthorized, UsageError

PATH = "/callback"
PATIENCE = timedelta(minutes=10)
"""How long a person may take at the browser; codes live for seconds to minutes, but from their return on."""

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>syndicate</title>
<p>Thank you. You can close this window and go back to the terminal.</p></html>
"""
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Loopback:
    """A visit that ends at a listener of ours; `show` is told the page to open."""

    redirect_uri: str
    show: Callable[[str], None]
    came: asyncio.Future[str]
    patience: timedelta = PATIENCE

    async def back_from(self, address: str) -> str:
        """Have the page opened, and wait for the answer."""
        self.show(address)
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                return await self.came
        except TimeoutError:
            raise Unauthorized(f"nobody came back from the browser within {self.patience}; start again") from None


@dataclass(frozen=True, slots=True)
class Pasted:
    """A visit that ends with an address pasted by hand; `ask` shows the page and gives what was pasted."""

    redirect_uri: str
    ask: Callable[[str], Awaitable[str]]

    async def back_from(self, address: str) -> str:
        """Have the page opened, and the address pasted."""
        return await self.ask(address)


@asynccontextmanager
async def loopback(
    port: int, show: Callable[[str], None], *, patience: timedelta = PATIENCE, redirect_uri: str | None = None
) -> AsyncIterator[Loopback]:
    """Listen on 127.0.0.1 for one answer, at one path and nothing else.

    Args:
        port: 0 takes a free one; networks that know an app's address to the letter need the one it was given there.
        show: is told the page to open.
        patience: how long to wait.
        redirect_uri: as the network is to be told, where it is not the listener's own address.

    Raises:
        UsageError: the port is taken.
    """
    came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answered(request: web.Request) -> web.Response:
        if not came.done():
            came.set_result(str(request.url))
        return web.Response(text=_PAGE, content_type="text/html", headers=_HEADERS)

    app = web.Application()
    app.router.add_get(PATH, answered)
    runner = web.AppRunner(app, access_log=None)  # a log would hold the code
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError as cause:
            raise UsageError(f"--port {port}: cannot be listened on ({cause.strerror}); choose another") from cause
        host, taken = runner.addresses[0][:2]
        yield Loopback(redirect_uri or f"http://{host}:{taken}{PATH}", show, came, patience)
    finally:
        await runner.cleanup()
