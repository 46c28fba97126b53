"""Calls: made once, proven sent or unsent, capped, and silent about where they went."""

from __future__ import annotations

import asyncio
import gzip
import socket
import traceback
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from channels.certificates import self_signed
from channels.scripted import CUT, Lapse, Script, says, scripted
from syndicate.channels.http import Web
from syndicate.errors import NetworkError, Transient, Unknown

TOKEN = "s3cr3t-token"
OK = says(200, {"id": "1"})


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


async def failed(web: Web, url: str, **kwargs: object) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        await web.call("POST", f"{url}/hooks/{TOKEN}?key={TOKEN}", body=b"{}", **kwargs)  # type: ignore[arg-type]  # as named by tests
    return caught.value


async def test_an_answer_has_status_headers_and_body(web: Web, script: Script) -> None:
    script.will(says(201, {"id": "1"}, headers={"X-Limit": "5"}))

    answer = await web.call("POST", f"{script.url}/posts", headers={"X-Own": "yes"}, body=b"hello")

    assert (answer.status, answer.headers["x-limit"], answer.body) == (201, "5", b'{"id": "1"}')
    assert answer.place == f"POST {script.url}/..."
    [heard] = script.heard
    assert (heard.method, heard.path, heard.body, heard.headers["x-own"]) == ("POST", "/posts", b"hello", "yes")


async def test_every_call_has_its_own_connection_and_no_cookies(web: Web, script: Script) -> None:
    script.will(says(200, headers={"Set-Cookie": "a=b"}), says(200))

    await web.call("GET", f"{script.url}/")
    await web.call("GET", f"{script.url}/")

    assert [heard.headers["connection"] for heard in script.heard] == ["close", "close"]
    assert all("cookie" not in heard.headers for heard in script.heard)


async def test_calls_that_the_host_knows_by_a_key_share_a_connection(web: Web) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"{}"):
                writer.write(b"HTTP/1.1 204 Told\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for is_keyed in (True, True, True, False):
            assert (await web.call("POST", url, body=b"{}", is_keyed=is_keyed)).status == 204

    assert connections == 2


async def test_a_kept_connection_that_was_cut_meanwhile_costs_no_keyed_call(web: Web) -> None:
    heard = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 204 Told\r\n\r\n")
        await writer.drain()
        with suppress(asyncio.IncompleteReadError):  # the second connection is let go by its client
            await reader.readuntil(b"{}")  # taken, and perhaps carried out: nobody knows
            heard.append(b"cut")
        writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for _ in range(2):
            assert (await web.call("POST", url, body=b"{}", is_keyed=True)).status == 204

    assert len(heard) == 3
    assert heard[1] == b"cut"


@pytest.mark.parametrize("is_heard", [True, False])
async def test_what_a_host_says_unasked_is_nobodys_answer(web: Web, *, is_heard: bool) -> None:
    connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"{}"):
                writer.write(b"HTTP/1.1 204 Told\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        answers = [(await web.call("POST", url, body=b"{}", is_keyed=True)).status]
        connections[0].write(
            b"HTTP/1.1 200 Stray\r\nContent-Length: 0\r\n\r\n"
        )  # on its way at once, as it is so short
        for _ in range(5 if is_heard else 0):
            await asyncio.sleep(0)
        answers += [(await web.call("POST", url, body=b"{}", is_keyed=True)).status for _ in range(2)]

    assert answers == [204, 204, 204]
    assert len(connections) == 2


async def test_a_keyed_call_that_may_have_been_taken_is_unclear_though_the_host_is_gone_after_it(web: Web) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 204 Told\r\n\r\n")
        await writer.drain()
        await reader.readuntil(b"{}")  # taken, and perhaps carried out
        server.close()
        writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await web.call("POST", url, body=b"{}", is_keyed=True)
        with pytest.raises(Unknown, match="after the request had been sent"):
            await web.call("POST", url, body=b"{}", is_keyed=True)


async def test_a_refused_connection_proves_nothing_was_sent(web: Web) -> None:
    error = await failed(web, f"http://127.0.0.1:{closed_port()}")

    assert isinstance(error, Transient)
    assert "cannot connect" in str(error)
    assert "nothing was sent" in str(error)


async def test_an_unknown_name_proves_nothing_was_sent(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_such_name(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", no_such_name)

    error = await failed(web, "https://social.example")

    assert isinstance(error, Transient)
    assert "the host name is not known" in str(error)


async def test_an_impossible_name_proves_nothing_was_sent(web: Web) -> None:
    assert isinstance(await failed(web, f"http://{'a' * 64}.example"), Transient)


async def test_a_failed_tls_greeting_proves_nothing_was_sent(web: Web) -> None:
    async def speaks_no_tls(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    async with await asyncio.start_server(speaks_no_tls, "127.0.0.1", 0) as server:
        error = await failed(web, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    assert isinstance(error, Transient)
    assert "nothing was sent" in str(error)


async def test_an_untrusted_certificate_is_named(web: Web, tmp_path: Path) -> None:
    async with scripted(tls=self_signed(tmp_path)) as script:
        error = await failed(web, script.url)

    assert isinstance(error, Transient)
    assert "the certificate is not trusted: self-signed certificate" in str(error)
    assert script.heard == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(CUT, id="cut"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="cut in the headers"),
        pytest.param(says(200, b'{"id": "1"', length=500), id="cut in the body"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="not HTTP"),
        pytest.param(Lapse(b""), id="silence"),
        pytest.param(Lapse(says(200, b"{", length=500)), id="silence in the body"),
        pytest.param(says(200, b"no gzip", headers={"Content-Encoding": "gzip"}), id="bad compression"),
    ],
)
class TestLostAnswer:
    async def test_leaves_a_publishing_call_unknown(self, web: Web, script: Script, answer: bytes) -> None:
        script.will(answer)

        error = await failed(web, script.url)

        assert isinstance(error, Unknown)
        assert len(script.heard) == 1

    async def test_lets_a_repeatable_call_be_made_again(self, web: Web, script: Script, answer: bytes) -> None:
        script.will(answer)

        assert isinstance(await failed(web, script.url, is_repeatable=True), Transient)

    async def test_says_no_more_of_the_address_than_the_host(self, web: Web, script: Script, answer: bytes) -> None:
        script.will(answer)

        error = await failed(web, script.url, headers={"Authorization": f"Bearer {TOKEN}"})

        told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__context__)
        assert TOKEN not in told
        assert script.url in str(error)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_lost_call_is_not_made_again_behind_our_back(web: Web, script: Script, method: str) -> None:
    script.will(CUT, OK)

    with pytest.raises(Unknown):
        await web.call(method, f"{script.url}/posts/1")

    assert len(script.heard) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(web: Web, script: Script, status: int) -> None:
    script.will(says(status, headers={"Location": f"{script.url}/elsewhere"}), OK)

    answer = await web.call("POST", f"{script.url}/posts", body=b"{}")

    assert answer.status == status
    assert script.paths == ["POST /posts"]


@pytest.mark.parametrize("answer", [says(422, b'{"error"', length=900), Lapse(says(422, b"", length=900))])
async def test_a_refusal_counts_even_if_its_words_are_lost(web: Web, script: Script, answer: bytes) -> None:
    script.will(answer)

    assert (await web.call("POST", f"{script.url}/posts")).status == 422


@pytest.mark.parametrize("is_packed", [False, True])
async def test_an_endless_body_is_cut(web: Web, script: Script, is_packed: bool) -> None:
    content = b"0" * 5_000_000
    packed = says(200, gzip.compress(content), headers={"Content-Encoding": "gzip"})
    script.will(packed if is_packed else says(200, content))

    answer = await web.call("GET", f"{script.url}/")

    assert len(answer.body) == 100_000


async def test_a_form_is_sent_as_multipart(web: Web, script: Script) -> None:
    script.will(OK)
    form = aiohttp.FormData()
    form.add_field("file", b"bytes", filename="a.jpg", content_type="image/jpeg")

    await web.call("POST", f"{script.url}/media", body=form)

    assert script.heard[0].headers["content-type"].startswith("multipart/form-data")
    assert b'filename="a.jpg"' in script.heard[0].body


async def test_a_web_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Web().call("GET", "http://127.0.0.1/")


async def test_an_address_is_asked_for_as_it_is_written(web: Web, script: Script) -> None:
    script.will(OK, OK)

    await web.call("GET", f"{script.url}/posts/urn%3Ali%3A1?q=a%2Cb")
    await web.call("GET", f"{script.url}/höhe?q=ä")

    assert [heard.path for heard in script.heard] == ["/posts/urn%3Ali%3A1?q=a%2Cb", "/h%C3%B6he?q=%C3%A4"]
