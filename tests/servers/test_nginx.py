"""The same shelf behind nginx, by the shipped configuration: what readers ask gets the same answers as from `run`."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from feeds.store import PHOTO, SITE, small_store
from servers import rigs
from syndicate.feeds.press import documents_of
from syndicate.shelf.folder import FolderShelf
from syndicate.shelf.listen import listening
from syndicate.shelf.serve import feed_server

pytestmark = pytest.mark.servers

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"
LIMIT_S = 20.0
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JPEG = b"\xff\xd8\xff" + b"j" * 2000


@dataclass(frozen=True)
class Got:
    """An answer: header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Pair:
    """The two servers' addresses, as host and port."""

    ours: tuple[str, int]
    nginx: tuple[str, int]

    def both(self, path: str, method: str = "GET", **headers: str) -> tuple[Got, Got]:
        return ask(self.ours, path, method, headers), ask(self.nginx, path, method, headers)


def ask(place: tuple[str, int], path: str, method: str, headers: Mapping[str, str]) -> Got:
    connection = HTTPConnection(*place, timeout=LIMIT_S)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nginx(shelf: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """nginx with the shipped server block, its CHANGE lines changed, in the foreground until the block ends."""
    port = free_port()
    block = DEPLOY.read_text(encoding="utf-8")
    for line, mine in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("root /srv/syndicate/feeds;", f"root {shelf};"),
        ("https://feeds.example.org", SITE.feeds_url.rstrip("/")),
        ("max-age=60", f"max-age={SITE.interval_s}"),
    ):
        assert line in block
        block = block.replace(line, mine)
    (folder / "shelf.conf").write_text(block, encoding="utf-8")
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary} include {folder}/shelf.conf; }}\n",
        encoding="utf-8",
    )
    command = [
        rigs.program("nginx"),
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
        "-c",
        str(folder / "nginx.conf"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        until_answers(process, port)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.communicate(timeout=LIMIT_S)


def until_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    raise AssertionError(f"nginx does not answer: {process.communicate()[1].decode()}")


@contextmanager
def ours(shelf: Path) -> Iterator[tuple[str, int]]:
    """The built-in server, in a thread of its own."""
    started = threading.Event()
    places: list[tuple[str, int]] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        application: web.Application = feed_server(shelf, SITE)
        async with listening(application, "127.0.0.1", 0, most=50) as place:
            places.append(place)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(LIMIT_S)
        yield places[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(LIMIT_S)
        loop.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    shelf = FolderShelf(folder / "feeds")
    for path, content in documents_of(small_store(), SITE):
        shelf.put(path, content)
    shelf.put(PHOTO.shelf_path or "", JPEG)
    shelf.put("redirects.json", b"{}")
    with ours(folder / "feeds") as mine, nginx(folder / "feeds", folder) as theirs:
        yield Pair(mine, theirs)


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/all/rss.xml", "*/*", "application/rss+xml; charset=utf-8"),
        ("/all/rss.xml", HTML, "application/rss+xml; charset=utf-8"),
        ("/all/atom.xml", "*/*", "application/atom+xml; charset=utf-8"),
        ("/mesh-automation/feed.json", "*/*", "application/feed+json; charset=utf-8"),
        ("/", HTML, "text/html; charset=utf-8"),
        ("/all/", HTML, "text/html; charset=utf-8"),
        ("/all/", "*/*", "text/html; charset=utf-8"),
        ("/all/", "application/rss+xml", "application/rss+xml; charset=utf-8"),
        ("/all/", "application/atom+xml, */*;q=0.1", "application/atom+xml; charset=utf-8"),
        ("/all/", "application/feed+json", "application/feed+json; charset=utf-8"),
        ("/index.opml", "*/*", "text/x-opml; charset=utf-8"),
        ("/style.css", "*/*", "text/css; charset=utf-8"),
        ("/media/0123456789abcdef.jpg", "*/*", "image/jpeg"),
    ],
)
def test_both_give_the_same_bytes_with_the_same_type(pair: Pair, path: str, accept: str, media_type: str) -> None:
    mine, theirs = pair.both(path, Accept=accept)

    assert (mine.status, theirs.status) == (200, 200)
    assert mine.headers["content-type"] == theirs.headers["content-type"] == media_type
    assert mine.body == theirs.body
    for name in ("cache-control", "access-control-allow-origin", "x-content-type-options", "content-security-policy"):
        assert mine.headers.get(name) == theirs.headers.get(name)
    assert {"etag", "last-modified"} <= mine.headers.keys() & theirs.headers.keys()


@pytest.mark.parametrize("path", ["/all/rss.xml", "/all/atom.xml", "/all/feed.json"])
def test_both_tell_where_a_feed_lives(pair: Pair, path: str) -> None:
    mine, theirs = pair.both(path)

    self_link = f'<{SITE.feeds_url.rstrip("/")}{path}>; rel="self"'
    assert self_link in mine.headers["link"]
    assert theirs.headers["link"] == self_link


@pytest.mark.parametrize("path", ["/all/rss.xml", "/all/", "/media/0123456789abcdef.jpg"])
@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"If_None_Match": "{etag}"}, 304),
        ({"If_None_Match": "W/{etag}"}, 304),
        ({"If_None_Match": '"x", {etag}'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"x"'}, 200),
        ({"If_Modified_Since": "{modified}"}, 304),
        ({"If_None_Match": '"x"', "If_Modified_Since": "{modified}"}, 200),
    ],
)
def test_both_know_what_a_reader_has(pair: Pair, path: str, form: Mapping[str, str], status: int) -> None:
    for place in (pair.ours, pair.nginx):
        first = ask(place, path, "GET", {})
        asked = {
            name: value.format(etag=first.headers["etag"], modified=first.headers["last-modified"])
            for name, value in form.items()
        }
        again = ask(place, path, "GET", asked)

        assert (again.status, bool(again.body)) == (status, status == 200), place


def test_both_compress_and_say_so(pair: Pair) -> None:
    for place in (pair.ours, pair.nginx):
        packed = ask(place, "/all/rss.xml", "GET", {"Accept-Encoding": "gzip"})
        again = ask(place, "/all/rss.xml", "GET", {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]})

        assert packed.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in packed.headers["vary"].lower()
        assert again.status == 304


def test_both_answer_head_without_a_body(pair: Pair) -> None:
    mine, theirs = pair.both("/all/rss.xml", "HEAD")

    assert (mine.status, theirs.status, mine.body, theirs.body) == (200, 200, b"", b"")
    assert mine.headers["content-length"] == theirs.headers["content-length"]


@pytest.mark.parametrize(
    ("path", "lands"),
    [
        ("/all", "/all/"),
        ("/feed", "/all/rss.xml"),
        ("/index.xml", "/all/rss.xml"),
        ("/atom.xml", "/all/atom.xml"),
        ("/feed.json", "/all/feed.json"),
        ("/mesh-automation/feed/", "/mesh-automation/rss.xml"),
    ],
)
def test_both_lead_people_to_the_feed(pair: Pair, path: str, lands: str) -> None:
    for place in (pair.ours, pair.nginx):
        with urllib.request.urlopen(f"http://{place[0]}:{place[1]}{path}", timeout=LIMIT_S) as landed:
            assert (landed.status, urlsplit(landed.url).path) == (200, lands)


@pytest.mark.parametrize(
    "path", ["/nothing/", "/nothing", "/.syndicate-shelf", "/all/../.syndicate-shelf", "/redirects.json"]
)
def test_neither_serves_what_is_not_published(pair: Pair, path: str) -> None:
    mine, theirs = pair.both(path)

    assert (mine.status, theirs.status) == (404, 404)


def test_neither_takes_anything(pair: Pair) -> None:
    mine, theirs = pair.both("/all/rss.xml", "POST", Content_Length="0")

    assert (mine.status, theirs.status) == (405, 405)
