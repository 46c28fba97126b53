"""The door of the feed server: clients that are slow, too many, or no clients at all do not lock readers out."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
"""How long a client may take until a request's header is whole, from connecting or from the last answer on."""

STALLED_S = 60.0
"""How long a client may take in nothing of its answer."""

BACKLOG = 32
"""Connections accepted in one go, before any beyond the limit can be closed: few, as each is an open file."""


@asynccontextmanager
async def listening(
    application: web.Application,
    host: str,
    port: int,
    *,
    most: int,
    patience_s: float = PATIENCE_S,
    stalled_s: float = STALLED_S,
) -> AsyncIterator[tuple[str, int]]:
    """Answers at the address while the block runs, at most `most` connections at once; gives host and port.

    Raises:
        OSError: the address is taken or not ours.
    """
    logging.getLogger("aiohttp.server").addFilter(_as_it_deserves)
    # aiohttp closes whoever has sent no whole header within this time, be it the first one or a later one.
    runner = web.AppRunner(application, access_log=None, handle_signals=False, keepalive_timeout=patience_s)
    await runner.setup()
    try:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_door(runner, most), host, port, backlog=BACKLOG)
        try:
            for one in server.sockets:  # what is accepted there inherits it (Linux, "tcp(7)")
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(stalled_s * 1000))
            name = server.sockets[0].getsockname()
            yield name[0], name[1]
        finally:
            server.close()
    finally:
        await runner.cleanup()


def _door(runner: web.AppRunner, most: int) -> Callable[[], asyncio.BaseProtocol]:
    """Makes the protocol of each connection: the application's, or one that ends it at once."""
    application = runner.server
    assert application is not None, "setup() comes first"

    def enter() -> asyncio.BaseProtocol:
        if len(application.connections) < most:
            return application()
        log.warning("turned a client away: %d connections are open, the most there may be", most)
        return _TurnedAway()

    return enter


class _TurnedAway(asyncio.Protocol):
    """Ends the connection before a byte is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()


def _as_it_deserves(record: logging.LogRecord) -> bool:
    """A request that is no HTTP is the client's fault, no error with a trace."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        who = record.args[0] if isinstance(record.args, tuple) and record.args else "a client"
        record.msg, record.args = "refused a request of %s: %s", (who, type(error).__name__)
        record.exc_info = None
    return True
