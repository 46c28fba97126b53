"""Calls that the host knows by a key, over connections that are kept: the bytes are written and the answer is read.

aiohttp's session makes a request and an answer for each call, with all that any call might want (cookies, redirects,
traces, forms); that takes three times as long as what is done here. Its connections, and what parses answers, are used
as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from syndicate.channels.connections import USER_AGENT, opened_connector
from syndicate.limits import Limit, Limits

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.connector import Connection
    from aiohttp.streams import StreamReader
    from yarl import URL

_OF_ITSELF = ("Content-Length", "Content-Type", "Transfer-Encoding")
"""What each call says itself."""


class Call(NamedTuple):
    """What is asked of whom, and how long it may take."""

    method: str
    address: URL | str
    headers: Mapping[str, str]
    body: bytes | aiohttp.FormData | None
    limits: aiohttp.ClientTimeout


class Reply:
    """What a host began to answer: `status` and `headers` are there, `content` is to be read, then it is released."""

    __slots__ = ("_connection", "content", "headers", "status")

    def __init__(self, connection: Connection, status: int, headers: Mapping[str, str], content: StreamReader) -> None:
        self._connection = connection
        self.status = status
        self.headers = headers
        self.content = content

    def release(self) -> None:
        """The connection is kept for the next call if all was read, and closed otherwise."""
        self._connection.release()


class _Form(NamedTuple):
    """What calls to one address have in common: what a connection is found by, and how each begins."""

    request: aiohttp.ClientRequest
    beginning: str


class KeyedCalls:
    """Makes calls, each once; made and closed in a running loop. What becomes of each is told in its `CALL`."""

    def __init__(self) -> None:
        self._connector = opened_connector(keeps=True)
        self._limits: dict[float, Limits] = {}
        self._form = lru_cache(256)(_form_of)

    async def close(self) -> None:
        """Hang up."""
        await self._connector.close()

    def limit(self, call: Call) -> Limit:
        """How long all of a call may take, its answer included; entered before it begins."""
        total = call.limits.total
        assert total is not None, "every call has a limit"
        limits = self._limits.get(total) or self._limits.setdefault(total, Limits(total))
        return limits.limit()

    async def begin(self, call: Call) -> Reply:
        """Send a call, and give what comes back first.

        Raises:
            aiohttp.ClientError, OSError: as aiohttp's session does.
            ValueError: a header cannot be written.
        """
        method, address, headers, body, limits = call
        assert isinstance(body, bytes), "a form is not sent by key"
        form = self._form(method, address, tuple(headers))
        head = _head(form.beginning, headers, len(body))
        connection = await self._connected(form.request, limits)
        try:
            return await _exchanged(connection, form.request, head + body)
        except BaseException:
            connection.close()
            raise

    async def _connected(self, request: aiohttp.ClientRequest, limits: aiohttp.ClientTimeout) -> Connection:
        from aiohttp import ConnectionTimeoutError

        try:
            return await self._connector.connect(request, [], limits)
        except TimeoutError as cause:
            raise ConnectionTimeoutError from cause


async def _exchanged(connection: Connection, request: aiohttp.ClientRequest, call: bytes) -> Reply:
    from aiohttp import ClientResponseError, ServerDisconnectedError
    from aiohttp.http import HttpProcessingError

    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or transport.is_closing():
        raise ServerDisconnectedError
    protocol.set_response_params(skip_payload=request.method == "HEAD", read_until_eof=True)
    transport.write(call)
    status = 100
    while 100 <= status < 200 and status != 101:  # what only tells that an answer will come
        try:
            message, content = await protocol.read()
        except HttpProcessingError as cause:
            raise ClientResponseError(request.request_info, (), status=cause.code) from cause
        status = message.code
    return Reply(connection, status, message.headers, content)


def _form_of(method: str, address: URL | str, own: tuple[str, ...]) -> _Form:
    """How a call that has these headers of its own begins: aiohttp says the rest of them."""
    from aiohttp import ClientRequest
    from yarl import URL

    request = ClientRequest(method, URL(address), headers={"User-Agent": USER_AGENT})
    left_out = {name.lower() for name in (*own, *_OF_ITSELF)}
    usual = [f"{name}: {value}\r\n" for name, value in request.headers.items() if name.lower() not in left_out]
    return _Form(request, f"{request.method} {request.url.raw_path_qs} HTTP/1.1\r\n{''.join(usual)}")


def _head(beginning: str, headers: Mapping[str, str], length: int) -> bytes:
    own = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if "\0" in own or not own.count("\r") == own.count("\n") == len(headers):
        raise ValueError("a header holds a line break")
    return f"{beginning}{own}Content-Length: {length}\r\n\r\n".encode()
