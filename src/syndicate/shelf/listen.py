"""The door of the feed server: clients that are slow, too many, or no clients at all do not lock readers out."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from syndicate.shelf.recall import RECALL, Connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from syndicate.shelf.recall import Recall

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
"""How long a client may take until a request's header is whole, from connecting or from the last answer on."""

STALLED_S = 60.0
"""How long a client may take in nothing of its answer."""

LINGER_S = 0.05
"""How long whoever was let in last has until the door is closed behind them: their request is on its way."""

BACKLOG = 32
"""Connections accepted in one go, before any beyond the limit can be closed: few, as each is an open file."""


class Sockets:
    """Sockets at an address that stay open from one server to the next: who connects in between is not refused."""

    def __init__(self) -> None:
        self._address: tuple[str, int] | None = None
        self._kept: list[socket.socket] = []
        self._claimed: tuple[str, int] | None = None
        self._silent: list[socket.socket] = []

    async def claim(self, host: str, port: int) -> None:
        """Make sure of the address that the next servers will be at; nobody is answered there yet.

        Raises:
            OSError: the address is taken or not ours; the former sockets stay.
        """
        self._disclaim()
        if self._address != (host, port):
            loop = asyncio.get_running_loop()
            server = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
            self._claimed, self._silent = (host, port), [one.dup() for one in server.sockets]
            server.close()

    async def servers(
        self, make: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> list[asyncio.base_events.Server]:
        """Servers at the address; at the former one they take over its sockets, else those are closed.

        What was claimed is used, or let go of.

        Raises:
            OSError: the address is taken or not ours; the former sockets stay.
        """
        loop = asyncio.get_running_loop()
        if self._address != (host, port):
            if self._claimed != (host, port):
                await self.claim(host, port)
            for one in self._silent:
                one.listen(BACKLOG)
            silent, self._silent = self._silent, []
            self.close()
            self._address, self._kept = (host, port), silent
        self._disclaim()
        return [await loop.create_server(make, sock=one.dup(), backlog=BACKLOG) for one in self._kept]

    def close(self) -> None:
        """Let go of them."""
        self._disclaim()
        for one in self._kept:
            one.close()
        self._address, self._kept = None, []

    def _disclaim(self) -> None:
        for one in self._silent:
            one.close()
        self._claimed, self._silent = None, []


@asynccontextmanager
async def listening(
    application: web.Application,
    host: str,
    port: int,
    *,
    most: int,
    sockets: Sockets | None = None,
    patience_s: float = PATIENCE_S,
    stalled_s: float = STALLED_S,
) -> AsyncIterator[tuple[str, int]]:
    """Answers at the address while the block runs, at most `most` connections at once; gives host and port.

    With `sockets` that are kept, the address stays open after the block.

    Raises:
        OSError: the address is taken or not ours.
    """
    logging.getLogger("aiohttp.server").addFilter(_as_it_deserves)
    # aiohttp closes whoever has sent no whole header within this time, be it the first one or a later one.
    runner = web.AppRunner(application, access_log=None, handle_signals=False, keepalive_timeout=patience_s)
    await runner.setup()
    try:
        own = sockets or Sockets()
        door = _Door(runner, application.get(RECALL), most, patience_s)
        servers = await own.servers(door.enter, host, port)
        try:
            for one in (each for server in servers for each in server.sockets):
                # What is accepted there inherits it (Linux, "tcp(7)").
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(stalled_s * 1000))
            name = servers[0].sockets[0].getsockname()
            yield name[0], name[1]
        finally:
            await _leave(servers, door)
            if sockets is None:
                own.close()
    finally:
        await runner.cleanup()


class _Door:
    """Makes the protocol of each connection: the application's, or one that ends it at once."""

    def __init__(self, runner: web.AppRunner, recall: Recall | None, most: int, patience_s: float) -> None:
        application = runner.server
        assert application is not None, "setup() comes first"
        self.last_s = 0.0
        self._application = application
        self._recall = recall
        self._most = most
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()

    def enter(self) -> asyncio.BaseProtocol:
        """One more connection; `last_s` is when that was, by the loop's clock."""
        application, patience_s = self._application, self._patience_s
        if len(application.connections) < self._most:
            self.last_s = self._loop.time()
            if self._recall is None:
                return application()
            return Connection(application, self._recall, loop=self._loop, access_log=None, keepalive_timeout=patience_s)
        log.warning("turned a client away: %d connections are open, the most there may be", self._most)
        return _TurnedAway()


async def _leave(servers: Iterable[asyncio.base_events.Server], door: _Door) -> None:
    """Let nobody in any more, and end the servers once those are in who were let in.

    A server that is closed between the two forgets the connection, and neither answers nor ends it (CPython 3.11,
    `_accept_connection2` of `asyncio.selector_events`).
    """
    loop = asyncio.get_running_loop()
    try:
        for one in (each for server in servers for each in server.sockets):
            loop.remove_reader(one.fileno())
        await asyncio.sleep(0)
        await asyncio.sleep(max(door.last_s + LINGER_S - loop.time(), 0))
    finally:
        for server in servers:
            server.close()


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
