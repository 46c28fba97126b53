"""Calls by a key end as all others do: the same is sent, and the same is said of what comes back."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from datetime import timedelta

import pytest

from channels.certificates import self_signed
from syndicate.channels.http import Answer, Web
from syndicate.channels.keyed import KeyedCalls
from syndicate.errors import NetworkError, Transient, Unknown

ZIPPED = gzip.compress(b"told")
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"

ANSWERS = {
    "without a body": b"HTTP/1.1 204 No Content\r\nX-Own: a\r\nX-Own: b\r\n\r\n",
    "with a length": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntold",
    "in parts": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nto\r\n2\r\nld\r\n0\r\n\r\n",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\ntold",
    "packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(ZIPPED), ZIPPED),
    "not packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ntold",
    "announced": b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    "cut in the body": CUT,
    "a refusal that is cut": CUT.replace(b"200 OK", b"400 Bad Request"),
    "cut in the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "nothing": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "too long a header": b"HTTP/1.1 200 OK\r\nX-Own: " + b"x" * 20_000 + b"\r\n\r\n",
}


class Host:
    """Answers every call with these bytes, then hangs up; keeps what it heard."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.heard: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"{}"))
        writer.write(self._answer)
        writer.close()


async def ended(web: Web, url: str, *, is_keyed: bool, headers: Mapping[str, str] | None = None) -> object:
    """The answer's parts, or the error."""
    try:
        answer: Answer = await web.call("POST", url, headers=headers, body=b"{}", is_keyed=is_keyed)
    except NetworkError as error:
        return type(error), str(error)
    return answer.place, answer.status, list(answer.headers.items()), answer.body


async def both(answer: bytes, headers: Mapping[str, str] | None = None) -> tuple[list[object], list[dict[str, str]]]:
    """How a call ends that has no key, and one that has; the headers that the host heard of each."""
    host = Host(answer)
    async with await asyncio.start_server(host, "127.0.0.1", 0) as server, Web() as web:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/%7Ea:b?c=%20"
        ends = [await ended(web, url, is_keyed=is_keyed, headers=headers) for is_keyed in (False, True)]
    return ends, [_headers_in(call) for call in host.heard]


def _headers_in(call: bytes) -> dict[str, str]:
    first, *lines = call.decode().partition("\r\n\r\n")[0].split("\r\n")
    named = dict(line.split(": ", 1) for line in lines)
    return {"": first, **{name.lower(): value for name, value in named.items()}}


@pytest.mark.parametrize("answer", [pytest.param(answer, id=name) for name, answer in ANSWERS.items()])
async def test_an_answer_is_taken_as_without_a_key(answer: bytes) -> None:
    (without, with_key), _ = await both(answer)

    assert with_key == without


@pytest.mark.parametrize(
    "headers",
    [None, {"Content-Type": "application/json", "X-Own": "ä"}, {"user-agent": "own", "accept": "text/plain"}],
)
async def test_the_same_is_sent_but_that_the_connection_is_kept(headers: dict[str, str] | None) -> None:
    _, (without, with_key) = await both(ANSWERS["without a body"], headers)

    assert without.pop("connection") == "close"
    without.pop("content-type", None)  # aiohttp names one for bytes of which nothing is said
    assert with_key | without == with_key
    assert with_key.keys() - without.keys() <= {"content-type"}


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\rb", "a\0b"])
async def test_a_header_that_would_be_two_is_not_sent(web: Web, value: str) -> None:
    host = Host(ANSWERS["without a body"])
    async with await asyncio.start_server(host, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(Transient, match="nothing was sent"):
            await web.call("POST", url, headers={"X-Own": value}, body=b"{}", is_keyed=True)

    assert host.heard == []


async def test_a_host_that_is_not_there_heard_nothing(web: Web) -> None:
    async with await asyncio.start_server(Host(b""), "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    with pytest.raises(Transient, match=r"cannot connect.*nothing was sent"):
        await web.call("POST", url, body=b"{}", is_keyed=True)


async def test_a_certificate_that_is_not_trusted_ends_a_call_before_it_is_sent(
    web: Web, tmp_path_factory: pytest.TempPathFactory
) -> None:
    host = Host(ANSWERS["without a body"])
    async with await asyncio.start_server(
        host, "127.0.0.1", 0, ssl=self_signed(tmp_path_factory.mktemp("tls"))
    ) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(Transient, match="certificate is not trusted"):
            await web.call("POST", url, body=b"{}", is_keyed=True)


async def test_the_limit_is_for_all_of_a_call() -> None:
    has_hung_up = asyncio.Event()

    async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(ANSWERS["without a body"])
        await reader.read()
        writer.close()
        has_hung_up.set()

    async with await asyncio.start_server(answers_once, "127.0.0.1", 0) as server, Web() as web:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await web.call("POST", url, body=b"{}", is_keyed=True)
        with pytest.raises(Unknown, match=r"no full answer within 0\.05 s, after the request had been sent"):
            await web.call("POST", url, body=b"{}", is_keyed=True, within=timedelta(milliseconds=50))
        await has_hung_up.wait()


async def test_an_address_and_its_headers_are_written_once_for_all_calls_to_it() -> None:
    calls = KeyedCalls()
    try:
        first = calls._form("POST", "http://127.0.0.1/a", ("X-Own",))

        assert calls._form("POST", "http://127.0.0.1/a", ("X-Own",)) is first
        assert calls._form("POST", "http://127.0.0.1/b", ("X-Own",)) is not first
    finally:
        await calls.close()
