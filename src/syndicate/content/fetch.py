"""The one guarded fetcher for URLs that somebody else wrote.

No other room opens a connection to such a URL. The guard sits where the socket is made: names, literals, odd spellings
of addresses and redirects all pass there, and no second look-up lies between the check and the connection.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct

from syndicate import __version__
from syndicate.errors import ImageUnusable

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from aiohttp.abc import AbstractResolver
    from aiohttp.connector import AddrInfoType
    from yarl import URL

MIB: Final = 1024 * 1024
REDIRECTS: Final = 3
WEB_PORTS: Final = frozenset({80, 443})

# Global by `ipaddress`, yet no place of the public web: protocol assignments, AS112, AMT, the former 6to4 relay, and
# the host agent of a cloud. Source: IANA special-purpose address registries; trust study, SSRF rows. Read 2026-11.
_SPECIAL_V4: Final = tuple(
    IPv4Network(net)
    for net in (
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "168.63.129.16/32",
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
# Protocol assignments with Teredo, documentation, 6to4, documentation (RFC 9637), AS112.
_SPECIAL_V6: Final = tuple(
    IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)


class Fetched(Struct, frozen=True):
    """What a URL gave: bytes, the media type the server claims (without parameters), and the final URL."""

    content: bytes
    media_type: str
    url: str


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public internet and to one host there.

    Stricter than `is_global`, which takes NAT64, 6to4 and multicast for global on Python 3.11. Of IPv6 only 2000::/3 is
    in public use; an IPv4 address in its IPv6 form is judged as IPv4.
    """
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not any(address in net for net in _SPECIAL_V4)
        )
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    return address.scope_id is None and address in _GLOBAL_V6 and not any(address in net for net in _SPECIAL_V6)


class Fetcher:
    """Fetches foreign URLs within bounds; open it with `async with`. aiohttp is loaded by the first fetch.

    `limit_bytes` caps the decoded content. `limit_s` is for everything including redirects, `headers_s` for each answer
    to begin. `ports` are the ones a URL may name. `permitted` are (IP address, port) pairs that are let through
    although they are not public: an image server in the own network, a test on loopback.
    """

    def __init__(
        self,
        *,
        limit_bytes: int = 10 * MIB,
        limit_s: float = 20,
        headers_s: float = 10,
        ports: frozenset[int] = WEB_PORTS,
        permitted: frozenset[tuple[str, int]] = frozenset(),
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._limit_s = limit_s
        self._headers_s = headers_s
        self._ports = ports
        self._permitted = frozenset((ip_address(address), port) for address, port in permitted)
        self._resolver = resolver
        self._is_open = False
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_open = False
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(self, url: str, *, accept: str) -> Fetched:
        """Get a URL; `accept` is the Accept header, no promise of the server.

        Raises:
            ImageUnusable: refused, unreachable, too big or too slow, with the reason in words.
        """
        from aiohttp import ClientError

        try:
            async with asyncio.timeout(self._limit_s):
                return await self._follow(self._opened(), url, accept)
        except TimeoutError as error:
            raise ImageUnusable(url, f"did not answer in time (at most {self._limit_s:g} s)") from error
        except ClientError as error:
            cause = getattr(error, "os_error", error)
            raise ImageUnusable(url, f"cannot be fetched: {getattr(cause, 'strerror', None) or cause}") from error
        except ValueError as error:
            raise ImageUnusable(url, f"is no usable URL: {error}") from error

    def _opened(self) -> ClientSession:
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        if not self._is_open:
            raise RuntimeError("the fetcher is not open; use `async with`")
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(
                    socket_factory=self._guarded_socket, resolver=self._resolver, limit=4, force_close=True
                ),
                cookie_jar=DummyCookieJar(),
                # A proxy would look up and connect for us, behind the guard.
                trust_env=False,
                timeout=ClientTimeout(total=None, sock_connect=self._headers_s),
                # Identity: an image gains nothing by compression, a bomb does.
                headers={"User-Agent": f"syndicate/{__version__}", "Accept-Encoding": "identity"},
            )
        return self._session

    async def _follow(self, session: ClientSession, ref: str, accept: str) -> Fetched:
        from yarl import URL

        url = self._checked(ref, URL(ref))
        for _ in range(REDIRECTS + 1):
            async with asyncio.timeout(self._headers_s):
                response = await session.get(url, headers={"Accept": accept}, allow_redirects=False)
            async with response:
                if response.status not in (301, 302, 303, 307, 308):
                    return await self._read(ref, response)
                url = self._redirected(ref, url, response.headers.get("Location", ""))
        raise ImageUnusable(ref, f"is redirected more than {REDIRECTS} times")

    def _checked(self, ref: str, url: URL) -> URL:
        """The URL, if it may be asked at all."""
        if url.scheme not in ("http", "https"):
            raise ImageUnusable(ref, f"has the scheme {url.scheme!r}; only http and https are fetched")
        if not url.host:
            raise ImageUnusable(ref, "names no host")
        if url.user is not None or url.password is not None:
            raise ImageUnusable(ref, "carries a user name or password")
        if url.port not in self._ports and url.port not in {port for _, port in self._permitted}:
            raise ImageUnusable(
                ref, f"uses port {url.port}; only {', '.join(map(str, sorted(self._ports)))} are fetched"
            )
        return url

    def _redirected(self, ref: str, url: URL, location: str) -> URL:
        """Where a redirect leads, if it may be followed."""
        from yarl import URL

        if not location:
            raise ImageUnusable(ref, "is redirected to nowhere")
        target = self._checked(ref, url.join(URL(location)))
        if url.scheme == "https" and target.scheme == "http":
            raise ImageUnusable(ref, "is redirected from https to http")
        return target

    async def _read(self, ref: str, response: ClientResponse) -> Fetched:
        if response.status != 200:
            raise ImageUnusable(ref, f"was answered with status {response.status}")
        content = bytearray()
        # Never `read()`: it would decode a bomb to its end before anybody can look at the size.
        async for chunk in response.content.iter_chunked(64 * 1024):
            content += chunk
            if len(content) > self._limit_bytes:
                raise ImageUnusable(ref, f"is larger than {self._limit_bytes / MIB:g} MiB")
        return Fetched(bytes(content), response.content_type, str(response.url))

    def _guarded_socket(self, address: AddrInfoType) -> socket.socket:
        """A socket for an address that may be connected to; the others are passed over.

        Of a name with good and bad addresses only the good ones are tried.
        """
        family, kind, protocol, _, (host, port, *_) = address
        try:
            ip = ip_address(host)
        except ValueError as error:
            raise PermissionError(errno.EACCES, f"{host} is no IP address") from error
        is_allowed = is_public(ip) and port in self._ports
        if not is_allowed and (ip, port) not in self._permitted:
            raise PermissionError(errno.EACCES, f"{ip} port {port} is not in the public internet")
        return socket.socket(family, kind, protocol)
