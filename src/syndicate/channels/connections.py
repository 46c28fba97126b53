"""Connections to configured hosts, and what is seen of a call on its way over one.

aiohttp is loaded by the first of them: most runs have nothing to send.
"""

from __future__ import annotations

import select
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from syndicate import __version__
from syndicate.channels.reach import reason_of

if TYPE_CHECKING:
    from datetime import timedelta

    import aiohttp
    from aiohttp.connector import Connection

_KEPT_S = 1.0
"""How long a connection waits for the next call; the shortest usual patience of a server is two seconds."""


def faults(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What a call may end with that is no fault of ours."""
    from aiohttp import ClientError

    return ClientError, OSError, *more


def is_cut(cause: BaseException) -> bool:
    """Whether this is how a host that hangs up shows."""
    from aiohttp import ClientOSError, ServerDisconnectedError

    return isinstance(cause, ServerDisconnectedError | ClientOSError)


@lru_cache(64)
def timeout_of(limit: timedelta, connect_s: float) -> aiohttp.ClientTimeout:
    """The limits of a call: for all of it, and for the connection."""
    from aiohttp import ClientTimeout

    return ClientTimeout(total=limit.total_seconds(), sock_connect=connect_s)


class Sent:
    """What one call has come to: bytes may have left (set before the first is handed over), on a kept connection."""

    __slots__ = ("is_on_kept", "may_have_left")

    def __init__(self) -> None:
        self.may_have_left = False
        self.is_on_kept = False


CALL: ContextVar[Sent] = ContextVar("CALL")
"""The call that a task makes just now."""


def opened_session(*, keeps: bool) -> aiohttp.ClientSession:
    """Connections that are kept for the next call, or one for each. Each call of them is told in its `CALL`."""
    import aiohttp

    return aiohttp.ClientSession(
        connector=_connector_type()(keepalive_timeout=_KEPT_S) if keeps else _connector_type()(force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"syndicate/{__version__}"},
        trust_env=False,
    )


@cache
def _connector_type() -> type[aiohttp.TCPConnector]:
    from aiohttp import ClientRequest, ClientTimeout, ServerDisconnectedError, TCPConnector
    from aiohttp.tracing import Trace

    class Watched(TCPConnector):
        """Notes what becomes of each call: aiohttp sends its first byte as soon as it is given a connection.

        aiohttp's own traces tell the same and more, and take a fifth of a call's time for it.
        """

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._used: WeakSet[object] = WeakSet()

        async def connect(
            self,
            req: ClientRequest,
            traces: list[Trace],
            timeout: ClientTimeout,  # noqa: ASYNC109  # as aiohttp has it
        ) -> Connection:
            sent = CALL.get()
            if sent.may_have_left:  # aiohttp would send GET, PUT and DELETE a second time on its own
                raise ServerDisconnectedError
            connection = await super().connect(req, traces, timeout)
            while is_kept := connection.protocol in self._used:
                if not _has_spoken(connection):
                    break
                connection.close()
                connection = await super().connect(req, traces, timeout)
            sent.may_have_left = True
            sent.is_on_kept = is_kept
            self._used.add(connection.protocol)
            return connection

    return Watched


def _has_spoken(connection: Connection) -> bool:
    """Whether the host spoke, or hung up, on a connection that waits for a call: that would count as its answer.

    What it says once the call is on its way cannot be told from the answer: HTTP/1.1 knows them by their order alone
    (RFC 9112, section 9.3.2, read 2026-11).
    """
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or protocol.should_close:  # it was heard, and kept for the next call
        return True
    waiting = select.poll()
    waiting.register(transport.get_extra_info("socket"), select.POLLIN)
    return bool(waiting.poll(0))


def problem_of(cause: BaseException, limit: timedelta) -> str:
    """The error in words of our own: the originals may hold the URL."""
    import aiohttp

    match cause:
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(cause.certificate_error, "verify_message", "") or "it is not valid"
            return f"the certificate is not trusted: {reason}"
        case aiohttp.ClientConnectorDNSError():
            return "the host name is not known"
        case aiohttp.ClientConnectorError():
            return f"cannot connect: {reason_of(cause.os_error)}"
        case aiohttp.ConnectionTimeoutError():
            return "cannot connect in time"
        case TimeoutError():
            return f"no full answer within {limit.total_seconds():g} s"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return "the connection was cut"
        case aiohttp.ClientPayloadError():
            return "the answer was cut short"
    return f"the answer is not HTTP ({type(cause).__name__})"
