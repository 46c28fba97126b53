"""The feed server beside the publisher."""

from __future__ import annotations

import resource
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from syndicate.errors import CannotWrite

if TYPE_CHECKING:
    from syndicate.plot import Plot
    from syndicate.settings.tree import ServerSettings
    from syndicate.shelf.listen import Sockets

TURN_S = 0.0001
"""How long a thread that makes feeds may keep those who ask for them waiting for their turn: each answer takes three or
four, as each call to the system gives the turn away."""

MOST_FILES = 65_536
"""Open files that are enough for whatever comes."""

MOST_CONNECTIONS = 512
"""Connections of readers at once; at most a quarter of the open files, as those that are turned away are open for a
moment, too, and passes and deliveries must always have theirs."""


@asynccontextmanager
async def serving(plot: Plot, sockets: Sockets | None = None) -> AsyncIterator[str | None]:
    """The feed server while the block runs; gives its address, or None where it is switched off.

    `sockets` are kept from one call to the next, as long as the address stays.

    Raises:
        CannotWrite: the address is taken or not ours.
    """
    from syndicate.house import site_of
    from syndicate.shelf.listen import listening
    from syndicate.shelf.serve import feed_server

    files = _room_for_files()
    server = plot.settings.server
    if not server.enabled:
        if sockets is not None:
            sockets.close()
        yield None
        return
    sys.setswitchinterval(TURN_S)
    application = feed_server(plot.settings.feeds.folder, site_of(plot.settings))
    most = min(MOST_CONNECTIONS, files // 4)
    async with AsyncExitStack() as stack:
        try:
            listens = listening(application, server.host, server.port, most=most, sockets=sockets)
            host, port = await stack.enter_async_context(listens)
        except OSError as error:
            raise _cannot_listen(server, error) from error
        yield f"http://{_bracketed(host)}:{port}/"


async def claim(plot: Plot, sockets: Sockets) -> None:
    """Make sure that these settings can be served, while those before them still are, and nobody meets them.

    Raises:
        CannotWrite: the address is taken or not ours.
    """
    server = plot.settings.server
    try:
        if server.enabled:
            await sockets.claim(server.host, server.port)
    except OSError as error:
        raise _cannot_listen(server, error) from error


def _cannot_listen(server: ServerSettings, error: OSError) -> CannotWrite:
    place = f"http://{_bracketed(server.host)}:{server.port}/"
    remedy = "stop what listens there, or set another `server.port` and `feeds.url` to match it"
    return CannotWrite(place, f"cannot listen ({error.strerror})", remedy)


def _room_for_files() -> int:
    """Lets this process open as many files as the system permits, within reason; gives how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY:
        return MOST_FILES
    if soft >= wanted:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def _bracketed(host: str) -> str:
    """The host as it stands in an address: one of IPv6 is put in brackets."""
    return f"[{host}]" if ":" in host else host
