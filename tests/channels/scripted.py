"""A server that says what a test tells it, byte by byte, and remembers what it heard."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clocks import lapse

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

CUT = b""
"""The connection ends without an answer."""


class Hang(bytes):
    """Bytes after which the server says nothing more and keeps the connection."""


class Lapse(Hang):
    """As `Hang`, and then an hour passes on the loop's clock: whoever waits so long gives up at once."""

    seconds = 3600.0


@dataclass(frozen=True)
class Heard:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Script:
    """What to answer, in order, and what was heard. After the last answer comes 599, or what `parrot` makes of it."""

    url: str = ""
    answers: list[bytes] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    parrot: Callable[[Heard], bytes] | None = None

    def will(self, *answers: bytes) -> None:
        self.answers += answers

    @property
    def paths(self) -> list[str]:
        return [f"{heard.method} {heard.path.partition('?')[0]}" for heard in self.heard]


def says(
    status: int = 200, body: object = b"", *, headers: Mapping[str, str] | None = None, length: int | None = None
) -> bytes:
    """An HTTP answer; `body` is bytes, or a value to be written as JSON; `length` lies about its size."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
    size = str(len(content) if length is None else length)
    fields = {**kind, "Content-Length": size, "Connection": "close", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Told\r\n{head}\r\n".encode() + content


@asynccontextmanager
async def scripted(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[Script]:
    """A running script on a free port of this machine."""
    script = Script()
    open_ended: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ended.add(writer)
        try:
            script.heard.append(await _request(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        answer = script.answers.pop(0) if script.answers else _last(script)
        writer.write(answer)
        if isinstance(answer, Lapse):
            await lapse(answer.seconds)
        if not isinstance(answer, Hang):
            writer.close()
            open_ended.discard(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    script.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield script
    finally:
        for writer in open_ended:
            writer.close()
        server.close()
        await server.wait_closed()


def _last(script: Script) -> bytes:
    return says(599, b"the script is at its end") if script.parrot is None else script.parrot(script.heard[-1])


async def _request(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return Heard(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))
