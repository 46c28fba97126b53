"""Connections to configured hosts, and what is seen of a call on its way over one.

aiohttp is loaded by the first of them: most runs have nothing to send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndicate import __version__
from syndicate.channels.reach import reason_of

if TYPE_CHECKING:
    from datetime import timedelta
    from types import SimpleNamespace

    import aiohttp

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


def timeout_of(limit: timedelta, connect_s: float) -> aiohttp.ClientTimeout:
    """The limits of a call: for all of it, and for the connection."""
    from aiohttp import ClientTimeout

    return ClientTimeout(total=limit.total_seconds(), sock_connect=connect_s)


class Sent:
    """What one call has come to: bytes may have left (set before the first is handed over), on a kept connection."""

    def __init__(self) -> None:
        self.may_have_left = False
        self.is_on_kept = False

    async def only_once(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Stop aiohttp from sending GET, PUT or DELETE a second time on its own when the connection is lost."""
        from aiohttp import ServerDisconnectedError

        if self.may_have_left:
            raise ServerDisconnectedError
        return await handler(request)


def opened_session(*, keeps: bool) -> aiohttp.ClientSession:
    """Connections that are kept for the next call, or one for each. Give each call its `Sent` as trace context."""
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=_KEPT_S) if keeps else aiohttp.TCPConnector(force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"syndicate/{__version__}"},
        trace_configs=[_watch()],
        trust_env=False,
    )


def _watch() -> aiohttp.TraceConfig:
    from aiohttp import TraceConfig

    async def mark(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.may_have_left = True

    async def reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.is_on_kept = True

    config = TraceConfig()
    config.on_connection_reuseconn.append(reuse)
    config.on_request_headers_sent.append(mark)
    config.on_request_chunk_sent.append(mark)
    return config


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
