from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from clocks import lapse
from syndicate.content.fetch import MIB, Fetcher, is_public
from syndicate.errors import ImageUnusable

HOSTILE = Path(__file__).parent.parent / "data" / "ssrf.txt"
IMAGES = "image/*"
MAPPED = ip_address("::ffff:127.0.0.2")  # which Python 3.13 spells otherwise


def hostile() -> list[tuple[str, tuple[str, ...]]]:
    lines = (line for line in HOSTILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# "))
    parts = (line.partition(" => ") for line in lines)
    return [(url, tuple(addresses.split(", ")) if addresses else ()) for url, _, addresses in parts]


@dataclass
class Names(AbstractResolver):
    """Answers every name with the same addresses; without any, only what is an address in some spelling."""

    addresses: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if not self.addresses:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return [answer(host, port, str(address[0])) for *_, address in found]
        return [answer(host, port, address) for address in self.addresses]

    async def close(self) -> None:
        self.asked.clear()


def answer(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return {
        "hostname": host,
        "host": address,
        "port": port,
        "family": family,
        "proto": socket.IPPROTO_TCP,
        "flags": socket.AI_NUMERICHOST,
    }


class Listener:
    """Takes connections on 127.0.0.0/8 and, where there is IPv6, on ::1, and never answers."""

    def __init__(self, stack: ExitStack) -> None:
        self._sockets = [stack.enter_context(socket.create_server(("0.0.0.0", 0)))]
        self.port: int = self._sockets[0].getsockname()[1]
        with suppress(OSError):  # a machine without IPv6
            ip6 = socket.create_server(("::1", self.port), family=socket.AF_INET6)
            self._sockets.append(stack.enter_context(ip6))

    def connections(self) -> int:
        """How many connections came since the last call; the system completes them without our help."""
        taken = 0
        for each in self._sockets:
            each.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    each.accept()[0].close()
                    taken += 1
        return taken


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with ExitStack() as stack:
        yield Listener(stack)


@asynccontextmanager
async def serving(routes: dict[str, object]) -> AsyncIterator[int]:
    """A web server on loopback; a route is an answer or a coroutine function."""

    async def handle(request: web.Request) -> web.StreamResponse:
        route = routes[request.path]
        if callable(route):
            made: web.StreamResponse = await route(request)
            return made
        assert isinstance(route, dict)
        return web.Response(**route)

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def permitting(port: int, **more: object) -> Fetcher:
    return Fetcher(permitted=frozenset({("127.0.0.1", port)}), **more)  # type: ignore[arg-type]  # keywords of tests


async def refusal(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(ImageUnusable) as caught:
        await fetcher.fetch(url, accept=IMAGES)
    assert caught.value.ref == url
    return caught.value.reason


def test_corpus_is_large_enough() -> None:
    assert len(hostile()) >= 78
    assert len(set(hostile())) == len(hostile())


@pytest.mark.parametrize(("url", "addresses"), hostile(), ids=[url for url, _ in hostile()])
async def test_hostile_url_makes_no_connection(url: str, addresses: tuple[str, ...], listener: Listener) -> None:
    ports = frozenset({80, 443, listener.port})

    async with Fetcher(ports=ports, resolver=Names(addresses), headers_s=2) as fetcher:
        reason = await refusal(fetcher, url.replace("{port}", str(listener.port)))

    assert "in time" not in reason
    assert listener.connections() == 0


async def test_listener_would_have_counted(listener: Listener) -> None:
    async with permitting(listener.port) as fetcher, asyncio.timeout(20):
        asking = asyncio.create_task(fetcher.fetch(f"http://127.0.0.1:{listener.port}/", accept=IMAGES))
        while not (connections := listener.connections()):  # noqa: ASYNC110  # the socket is asked without waiting
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    assert connections == 1


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "2001:4860:4860::8888", "::ffff:8.8.8.8"]
)
def test_addresses_of_the_public_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:2800::1%eth0", "::ffff:10.0.0.1", "224.0.0.1", "240.0.0.1"])
def test_other_addresses_are_not(address: str) -> None:
    assert not is_public(ip_address(address))


async def test_name_with_good_and_bad_addresses_reaches_no_bad_one(listener: Listener) -> None:
    async with serving({"/": {"body": b"good"}}) as port:
        bad = Names(("127.0.0.2", "::1", "192.0.2.1"))
        mixed = Names((*bad.addresses, "127.0.0.1"))
        permitted = frozenset({("127.0.0.1", port)})
        async with Fetcher(permitted=permitted, resolver=mixed) as fetcher:
            fetched = await fetcher.fetch(f"http://mixed.example:{port}/", accept=IMAGES)
        permitted = frozenset({("127.0.0.1", listener.port)})
        async with Fetcher(permitted=permitted, resolver=bad) as fetcher:
            await refusal(fetcher, f"http://bad.example:{listener.port}/")

    assert fetched.content == b"good"
    assert listener.connections() == 0


async def test_content_comes_with_type_and_final_url() -> None:
    routes = {"/a.jpeg": {"body": b"bytes", "content_type": "image/jpeg"}}
    async with serving(routes) as port, permitting(port) as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/a.jpeg", accept=IMAGES)

    assert (fetched.content, fetched.media_type) == (b"bytes", "image/jpeg")
    assert fetched.url == f"http://127.0.0.1:{port}/a.jpeg"


async def test_request_tells_little_and_asks_for_no_compression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    seen: list[dict[str, str]] = []

    async def look(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        response = web.Response(body=b"x")
        response.set_cookie("a", "b")
        return response

    async with serving({"/": look}) as port, permitting(port) as fetcher:
        for _ in range(2):
            await fetcher.fetch(f"http://127.0.0.1:{port}/", accept=IMAGES)

    assert seen[0]["Accept-Encoding"] == "identity"
    assert seen[0]["Accept"] == IMAGES
    assert seen[0]["User-Agent"].startswith("syndicate/")
    assert all("Cookie" not in headers and "Referer" not in headers for headers in seen)


async def test_redirects_are_followed_three_times() -> None:
    routes: dict[str, object] = {
        f"/{step}": {"status": 302, "headers": {"Location": f"/{step + 1}"}} for step in range(3)
    }
    async with serving({**routes, "/3": {"body": b"there"}}) as port, permitting(port) as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/0", accept=IMAGES)

    assert fetched.content == b"there"
    assert fetched.url.endswith("/3")


async def test_fourth_redirect_is_refused() -> None:
    async with serving({"/": {"status": 307, "headers": {"Location": "/"}}}) as port, permitting(port) as fetcher:
        assert await refusal(fetcher, f"http://127.0.0.1:{port}/") == "is redirected more than 3 times"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.2:{port}/", "127.0.0.2 port {port} is not in the public internet"),
        ("http://[::ffff:127.0.0.2]:{port}/", f"{MAPPED} port {{port}} is not in the public internet"),
        ("//localhost:{port}/", "127.0.0.3 port {port} is not in the public internet"),
        ("http://169.254.169.254/latest/", "169.254.169.254 port 80 is not in the public internet"),
        ("http://user@127.0.0.1:{port}/", "carries a user name or password"),
        ("http://example.org:22/", "uses port 22; only 80, 443 are fetched"),
        ("file:///etc/passwd", "has the scheme 'file'; only http and https are fetched"),
        ("gopher://127.0.0.1:{port}/", "has the scheme 'gopher'; only http and https are fetched"),
        ("", "is redirected to nowhere"),
        ("http://[::1", "is no usable URL"),
    ],
)
async def test_redirect_is_checked_like_the_first_url(location: str, reason: str, listener: Listener) -> None:
    target = location.replace("{port}", str(listener.port))
    async with serving({"/": {"status": 302, "headers": {"Location": target} if target else {}}}) as port:
        permitted = frozenset({("127.0.0.1", port), ("127.0.0.9", listener.port)})
        async with Fetcher(permitted=permitted, resolver=Names(("127.0.0.3",))) as fetcher:
            told = await refusal(fetcher, f"http://127.0.0.1:{port}/")

    assert reason.replace("{port}", str(listener.port)) in told
    assert listener.connections() == 0


def test_redirect_from_https_to_http_is_refused() -> None:
    # The decision alone: a server with a certificate on loopback would need a guard that trusts it.
    from yarl import URL

    with pytest.raises(ImageUnusable, match="redirected from https to http"):
        Fetcher()._redirected("ref", URL("https://example.org/"), "http://example.org/")


async def test_too_much_content_is_cut_off() -> None:
    async with serving({"/": {"body": b"x" * (MIB + 1)}}) as port, permitting(port, limit_bytes=MIB) as fetcher:
        assert await refusal(fetcher, f"http://127.0.0.1:{port}/") == "is larger than 1 MiB"


async def test_compressed_bomb_is_cut_off_by_its_decoded_size() -> None:
    bomb = {"body": gzip.compress(b"\0" * (64 * MIB)), "headers": {"Content-Encoding": "gzip"}}
    async with serving({"/": bomb}) as port, permitting(port) as fetcher:
        assert await refusal(fetcher, f"http://127.0.0.1:{port}/") == "is larger than 10 MiB"


@pytest.mark.parametrize("status", [204, 206, 404, 410, 500, 503])
async def test_other_answers_are_refused(status: int) -> None:
    async with serving({"/": {"status": status}}) as port, permitting(port) as fetcher:
        assert await refusal(fetcher, f"http://127.0.0.1:{port}/") == f"was answered with status {status}"


async def test_slow_answer_is_given_up() -> None:
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await lapse()
        await never.wait()
        return web.Response()

    async with serving({"/": hang}) as port, permitting(port) as fetcher:
        assert "did not answer in time" in await refusal(fetcher, f"http://127.0.0.1:{port}/")


async def test_dripping_content_is_given_up() -> None:
    never = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await lapse()
        await never.wait()
        return response

    async with serving({"/": drip}) as port, permitting(port) as fetcher:
        assert "did not answer in time" in await refusal(fetcher, f"http://127.0.0.1:{port}/")


async def test_cut_connection_is_told() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"x")
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving({"/": cut}) as port, permitting(port) as fetcher:
        assert "cannot be fetched" in await refusal(fetcher, f"http://127.0.0.1:{port}/")


async def test_answer_that_is_not_an_address_is_refused() -> None:
    async with Fetcher(resolver=Names(("not-an-address",))) as fetcher:
        assert "not-an-address is no IP address" in await refusal(fetcher, "http://odd.example/")


async def test_closed_fetcher_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Fetcher().fetch("http://example.org/", accept=IMAGES)
