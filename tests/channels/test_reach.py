"""Reaching hosts, on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from syndicate.channels.reach import reach
from syndicate.errors import Transient

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A host that takes connections and speaks plain words."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_host_that_takes_connections_is_reached(port: int) -> None:
    found = await reach(f"http://127.0.0.1:{port}", lambda: NOW, within_s=10)

    assert (found.read_at, found.certificate_until) == (NOW, None)
    assert found.took_ms >= 0


async def test_host_that_speaks_no_tls_is_told(port: int) -> None:
    with pytest.raises(Transient, match="no safe connection"):
        await reach(f"https://127.0.0.1:{port}", lambda: NOW, within_s=10)


async def test_port_that_nobody_listens_at_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Transient, match="cannot connect"):
            await reach(address, lambda: NOW, within_s=10)


async def test_time_to_connect_is_bounded(port: int) -> None:
    with pytest.raises(Transient, match="in time"):
        await reach(f"http://127.0.0.1:{port}", lambda: NOW, within_s=0)
