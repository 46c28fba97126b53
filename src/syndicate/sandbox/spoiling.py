"""Answers that come in pieces, too short, too late or not at all: what goes wrong on the wire itself."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from socket import SO_LINGER, SOL_SOCKET

from aiohttp import web

from syndicate.sandbox.faults import Effect, InjectedFault
from syndicate.sandbox.wire import Answer

# So many pieces a slow answer comes in, spread over the fault's delay.
PIECES = 20


def cut(request: web.Request, *, is_reset: bool = False) -> web.Response:
    """Close the connection without a byte; what is returned can no longer be written and aiohttp drops it."""
    if (transport := request.transport) is not None:
        if is_reset:
            _linger_not(request)
        transport.abort()
    return web.Response()


def reset_soon(request: web.Request) -> None:
    """Let the answer go, then reset the connection: whoever kept it for the next request finds it dead."""
    if (transport := request.transport) is not None:
        _linger_not(request)
        asyncio.get_running_loop().call_later(0.02, transport.abort)


async def spoil(answer: Answer, fault: InjectedFault, request: web.Request) -> web.Response:
    """Send the answer by hand, as the fault says, and close."""
    transport = request.transport
    if transport is None:
        return web.Response()
    if fault.effect is Effect.HALF_CLOSED:
        if transport.can_write_eof():
            transport.write_eof()
        await asyncio.sleep(fault.delay_ms / 1000)
    else:
        for piece, wait_s in _pieces(answer, fault):
            if transport.is_closing():
                break
            transport.write(piece)
            await asyncio.sleep(wait_s)
    transport.close()
    return web.Response()


def _pieces(answer: Answer, fault: InjectedFault) -> Iterator[tuple[bytes, float]]:
    """What goes over the wire and how long to wait after each piece."""
    half = len(answer.body) // 2
    match fault.effect:
        case Effect.SHORT_BODY:  # promises all, sends half
            yield _head(answer, len(answer.body)) + answer.body[:half], 0
        case Effect.LONG_BODY:  # promises half, sends all
            yield _head(answer, half) + answer.body, 0
        case Effect.SLOW_BODY:
            yield _head(answer, len(answer.body)), 0
            yield from _dripped(answer.body, fault.delay_ms)
        case _:
            yield from _dripped(_head(answer, len(answer.body)), fault.delay_ms)
            yield answer.body, 0


def _dripped(content: bytes, over_ms: int) -> Iterator[tuple[bytes, float]]:
    size = max(1, -(-len(content) // PIECES))
    for start in range(0, len(content), size):
        yield content[start : start + size], over_ms / 1000 / PIECES


def _head(answer: Answer, length: int) -> bytes:
    headers = {"Content-Type": answer.content_type, **answer.headers, "Content-Length": str(length)}
    lines = [f"HTTP/1.1 {answer.status} -", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", "replace")


def _linger_not(request: web.Request) -> None:
    """Lingering for zero seconds makes the kernel send RST instead of FIN, as a crashing server's would."""
    assert request.transport is not None
    request.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
