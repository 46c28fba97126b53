"""The door of the feed server: clients that are slow, many or no clients at all do not lock readers out."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import pytest
from aiohttp import ClientError, ClientSession, web

from syndicate.shelf.listen import Sockets, listening

LIMIT_S = 20.0


def application() -> web.Application:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="a feed")

    made = web.Application()
    made.router.add_get("/", answer)
    return made


@asynccontextmanager
async def connection(port: int, said: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client that said this; a connection that is closed at once may fail at any point."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(said)
        yield reader, writer
    finally:
        writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server ends the connection."""
    async with asyncio.timeout(LIMIT_S):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def fetched(port: int) -> str:
    async with ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as answer:
        return await answer.text()


async def test_half_a_header_is_waited_for_a_while_only() -> None:
    async with listening(application(), "127.0.0.1", 0, most=5, patience_s=0.1) as (_, port):
        for said in (b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "):
            async with connection(port, said) as (reader, _):
                assert await rest(reader) == b""


async def test_connection_that_sends_nothing_more_is_closed() -> None:
    async with (
        listening(application(), "127.0.0.1", 0, most=5, patience_s=0.1) as (_, port),
        connection(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT") as (reader, _),
    ):
        answers = await rest(reader)

    assert answers.startswith(b"HTTP/1.1 200 OK")
    assert answers.count(b"a feed") == 1


async def test_header_that_comes_drop_by_drop_does_not_get_more_time() -> None:
    async with (
        listening(application(), "127.0.0.1", 0, most=5, patience_s=0.2) as (_, port),
        connection(port, b"GET / HTTP/1.1\r\n") as (reader, writer),
    ):

        async def drip() -> None:
            while True:
                writer.write(b"X-A: b\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert await rest(reader) == b""
        dripping.cancel()


async def test_client_that_takes_in_nothing_of_its_answer_is_let_go() -> None:
    async def much(_: web.Request) -> web.Response:
        return web.Response(body=bytes(30_000_000))

    large = application()
    large.router.add_get("/much", much)

    async with (
        listening(large, "127.0.0.1", 0, most=1, patience_s=LIMIT_S, stalled_s=0.5) as (_, port),
        connection(port, b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n"),
        asyncio.timeout(LIMIT_S),
    ):
        while (answer := await fetched_or_none(port)) is None:  # noqa: ASYNC110  # the server wakes nobody
            await asyncio.sleep(0.05)

    assert answer == "a feed"


async def test_no_more_than_so_many_connections_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    async with listening(application(), "127.0.0.1", 0, most=2, patience_s=LIMIT_S) as (_, port):
        async with (
            connection(port, b"GET / HT"),
            connection(port, b"GET / HT"),
            connection(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as (reader, _),
        ):
            assert await rest(reader) == b""
        async with asyncio.timeout(LIMIT_S):
            while (answer := await fetched_or_none(port)) is None:  # noqa: ASYNC110  # the server wakes nobody
                await asyncio.sleep(0.01)

    assert answer == "a feed"
    assert {record.getMessage() for record in caplog.records} == {
        "turned a client away: 2 connections are open, the most there may be"
    }


async def fetched_or_none(port: int) -> str | None:
    try:
        return await fetched(port)
    except (OSError, ClientError):
        return None


@pytest.mark.parametrize("said", [b"\x16\x03\x01 tls\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"])
async def test_client_that_speaks_no_http_is_no_error_of_ours(caplog: pytest.LogCaptureFixture, said: bytes) -> None:
    async with listening(application(), "127.0.0.1", 0, most=5) as (_, port), connection(port, said) as (reader, _):
        answer = await rest(reader)

    assert answer.startswith(b"HTTP/1.0 400 ")
    assert all(record.levelno <= logging.WARNING and record.exc_info is None for record in caplog.records)


async def test_malformed_request_is_told_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    said = b"GET / HTTP/1.1\r\nbad header\r\n\r\n"
    async with listening(application(), "127.0.0.1", 0, most=5) as (_, port), connection(port, said) as (reader, _):
        await rest(reader)

    assert [record.getMessage() for record in caplog.records] == ["refused a request of 127.0.0.1: BadHttpMessage"]


async def test_fault_of_ours_is_told_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: web.Request) -> web.Response:
        raise ValueError("no luck")

    broken = web.Application()
    broken.router.add_get("/", fail)

    async with listening(broken, "127.0.0.1", 0, most=5) as (_, port):
        await fetched(port)

    (record,) = caplog.records
    assert (record.levelno, record.exc_info is not None) == (logging.ERROR, True)


async def test_address_is_free_again_afterwards() -> None:
    async with listening(application(), "127.0.0.1", 0, most=5) as (host, port):
        assert await fetched(port) == "a feed"

    async with listening(application(), "127.0.0.1", port, most=5) as again:
        assert again == (host, port)


def asked_on(port: int, is_over: threading.Event) -> list[bytes]:
    """What a reader hears who asks again and again; nothing where no answer comes."""
    answers = []
    while not is_over.is_set():
        with closing(socket.create_connection(("127.0.0.1", port), timeout=3)) as reader:
            reader.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            with suppress(TimeoutError):
                answers.append(reader.recv(9))
                continue
            answers.append(b"")
    return answers


async def test_each_reader_is_answered_by_one_server_or_the_next_at_the_same_address() -> None:
    is_over = threading.Event()
    with closing(Sockets()) as sockets:
        async with listening(application(), "127.0.0.1", 0, most=50, sockets=sockets) as (_, port):
            asking = asyncio.create_task(asyncio.to_thread(asked_on, port, is_over))
        for _ in range(20):
            async with listening(application(), "127.0.0.1", 0, most=50, sockets=sockets):
                await asyncio.sleep(0.02)
        async with listening(application(), "127.0.0.1", 0, most=50, sockets=sockets):
            is_over.set()
            answers = await asyncio.wait_for(asking, LIMIT_S)

    assert len(answers) > 20
    assert set(answers) == {b"HTTP/1.1 "}
