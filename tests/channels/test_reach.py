"""Reaching hosts, on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.certificates import NAME, self_signed
from channels.scripted import scripted
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


async def test_certificate_is_told_with_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(tls=self_signed(tmp_path)) as script:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / NAME))  # so that it is trusted
        found = await reach(script.url, lambda: NOW, within_s=10)

    assert found.certificate_until is not None
    assert timedelta(hours=20) < found.certificate_until - datetime.now(UTC) < timedelta(hours=25)


async def test_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    async with scripted(tls=self_signed(tmp_path)) as script:
        with pytest.raises(Transient, match="not trusted: self-signed certificate"):
            await reach(script.url, lambda: NOW, within_s=10)


@pytest.mark.parametrize(
    ("address", "words"),
    [("http://nobody.invalid", "the host name is not known"), ("http://" + "a" * 70 + ".invalid", "is no address")],
)
async def test_name_that_leads_nowhere_is_told(address: str, words: str) -> None:
    with pytest.raises(Transient, match=words):
        await reach(address, lambda: NOW, within_s=10)
