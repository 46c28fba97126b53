from __future__ import annotations

import asyncio
import gzip
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import brotli
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace
from yarl import URL

from feeds.store import PHOTO, SITE, small_store
from syndicate.feeds.press import documents_of
from syndicate.shelf.folder import FolderShelf
from syndicate.shelf.serve import feed_server
from syndicate.shelf.version import Version, Versions

Client = TestClient[web.Request, web.Application]
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def shelf(tmp_path: Path) -> FolderShelf:
    shelf = FolderShelf(tmp_path / "feeds")
    for path, content in documents_of(small_store(), SITE):
        shelf.put(path, content)
    shelf.put(PHOTO.shelf_path or "", b"\xff\xd8\xff" + b"j" * 2000)
    (tmp_path / "feeds" / "README.md").write_text("mine")
    return shelf


@pytest.fixture
async def client(shelf: FolderShelf, tmp_path: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(feed_server(tmp_path / "feeds", SITE)), auto_decompress=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/all/rss.xml", "application/rss+xml; charset=utf-8"),
        ("/all/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/all/feed.json", "application/feed+json; charset=utf-8"),
        ("/all/index.html", "text/html; charset=utf-8"),
        ("/all/", "text/html; charset=utf-8"),
        ("/", "text/html; charset=utf-8"),
        ("/index.opml", "text/x-opml; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/media/0123456789abcdef.jpg", "image/jpeg"),
    ],
)
async def test_each_file_has_its_type_and_is_safe_to_show(client: Client, path: str, content_type: str) -> None:
    response = await client.get(path)

    assert response.status == 200
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["ETag"].startswith('"')
    assert "Last-Modified" in response.headers
    assert "aiohttp" not in response.headers["Server"]


async def test_served_bytes_are_the_shelfs(client: Client, tmp_path: Path) -> None:
    body = await (await client.get("/all/rss.xml", headers={"Accept-Encoding": "identity"})).read()

    assert body == (tmp_path / "feeds/all/rss.xml").read_bytes()


async def test_many_who_ask_at_once_cost_one_reading(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    true_find = Versions.find

    def find(self: Versions, parts: Sequence[str], *, is_text: bool) -> Version | None:
        found.append("/".join(parts))
        return true_find(self, parts, is_text=is_text)

    monkeypatch.setattr(Versions, "find", find)
    answers = await asyncio.gather(*(client.get("/all/rss.xml") for _ in range(20)))

    assert {answer.status for answer in answers} == {200}
    assert found == ["all/rss.xml"]


async def test_reader_may_keep_a_feed_until_the_next_scan_and_an_image_for_ever(client: Client) -> None:
    feed, image = await client.get("/all/rss.xml"), await client.get("/media/0123456789abcdef.jpg")

    assert feed.headers["Cache-Control"] == "public, max-age=900"
    assert "immutable" in image.headers["Cache-Control"]


async def test_known_version_is_not_sent_again(client: Client) -> None:
    first = await client.get("/all/rss.xml")
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]

    for headers in (
        {"If-None-Match": tag},
        {"If-None-Match": f'"other", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": date},
        {"If-None-Match": tag, "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        again = await client.get("/all/rss.xml", headers=headers)
        assert again.status == 304, headers
        assert await again.read() == b""
        assert (again.headers["ETag"], again.headers["Cache-Control"]) == (tag, first.headers["Cache-Control"])
        assert again.headers["Vary"] == "Accept-Encoding"


async def test_repeated_header_counts_as_one_list(client: Client) -> None:
    tag = (await client.get("/all/rss.xml")).headers["ETag"]

    again = await client.get("/all/rss.xml", headers=[("If-None-Match", '"other"'), ("If-None-Match", tag)])

    assert again.status == 304


async def test_other_version_is_sent(client: Client, shelf: FolderShelf) -> None:
    tag = (await client.get("/all/rss.xml")).headers["ETag"]
    shelf.put("all/rss.xml", b"<rss/>")

    response = await client.get("/all/rss.xml", headers={"If-None-Match": tag})

    assert (response.status, await response.read()) == (200, b"<rss/>")


@pytest.mark.parametrize(("encoding", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
async def test_compressed_bytes_have_their_own_tag_and_the_same_content(
    client: Client, encoding: str, unpack: Callable[[bytes], bytes]
) -> None:
    plain = await client.get("/all/rss.xml", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/all/rss.xml", headers={"Accept-Encoding": encoding})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == encoding
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert unpack(await packed.read()) == await plain.read()

    again = await client.get(
        "/all/rss.xml", headers={"Accept-Encoding": encoding, "If-None-Match": packed.headers["ETag"]}
    )
    assert again.status == 304


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_tag_of_a_form_holds_after_a_restart(client: Client, tmp_path: Path, encoding: str) -> None:
    wish = {"Accept-Encoding": encoding}
    tag = (await client.get("/all/rss.xml", headers=wish)).headers["ETag"]

    async with TestClient(TestServer(feed_server(tmp_path / "feeds", SITE)), auto_decompress=False) as anew:
        answer = await anew.get("/all/rss.xml", headers=wish | {"If-None-Match": tag})

    assert (answer.status, answer.headers["ETag"]) == (304, tag)


async def test_image_is_never_packed(client: Client) -> None:
    response = await client.get("/media/0123456789abcdef.jpg", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in response.headers


async def test_head_has_the_headers_of_get_and_no_body(client: Client) -> None:
    got, head = await client.get("/all/rss.xml"), await client.head("/all/rss.xml")

    assert head.status == 200
    assert await head.read() == b""
    for name in ("ETag", "Content-Length", "Content-Type", "Last-Modified", "Link", "Vary"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("accept", "content_type", "location"),
    [
        (HTML, "text/html", "index.html"),
        ("*/*", "text/html", "index.html"),
        ("application/rss+xml", "application/rss+xml", "rss.xml"),
        ("application/atom+xml, */*;q=0.1", "application/atom+xml", "atom.xml"),
        ("application/feed+json", "application/feed+json", "feed.json"),
    ],
)
async def test_topics_address_gives_each_what_it_can_read(
    client: Client, accept: str, content_type: str, location: str
) -> None:
    response = await client.get("/mesh-automation/", headers={"Accept": accept})

    assert response.content_type == content_type
    assert response.headers["Content-Location"] == location
    assert response.headers["Vary"] == "Accept, Accept-Encoding"


async def test_browser_that_asks_for_the_feed_gets_the_feed(client: Client) -> None:
    assert (await client.get("/all/rss.xml", headers={"Accept": HTML})).content_type == "application/rss+xml"


@pytest.mark.parametrize(("path", "lands"), [("/all", "/all/"), ("/section/news", "/section/news/")])
async def test_address_without_its_slash_is_led_on(client: Client, path: str, lands: str) -> None:
    response = await client.get(path)

    assert [step.status for step in response.history] == [308]
    assert response.url.path == lands
    assert response.history[0].headers["X-Content-Type-Options"] == "nosniff"


async def test_links_tell_where_a_feed_lives_and_its_other_formats(client: Client) -> None:
    feed, page, front = [(await client.get(path)).headers["Link"] for path in ("/all/rss.xml", "/all/", "/")]

    assert '<https://example.org/feeds/all/rss.xml>; rel="self"' in feed
    assert '<https://example.org/feeds/all/atom.xml>; rel="alternate"; type="application/atom+xml"' in feed
    assert feed.count("rss.xml") == 1
    assert page.startswith('<https://example.org/feeds/all/>; rel="canonical"')
    assert page.count('rel="alternate"') == 3
    assert '<https://example.org/feeds/all/rss.xml>; rel="alternate"' in front
    assert "index.opml" in front


async def test_feeds_may_be_read_by_scripts_of_other_sites_but_pages_not(client: Client) -> None:
    feed, page = await client.get("/all/feed.json"), await client.get("/all/")

    assert feed.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in page.headers


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/nothing/at/all.xml",
        "/media/",
        "/README.md",
        "/.syndicate-shelf",
        "/%2e%2e/secret.txt",
        "/all/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/all/..%5c..%5csecret.txt",
        "/%00.txt",
        "/link.txt",
    ],
)
async def test_what_is_not_published_is_not_served(client: Client, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "feeds" / "link.txt").symlink_to(tmp_path / "secret.txt")

    response = await client.get(URL(path, encoded=True))

    text = await response.text()
    assert response.status == 404
    assert "secret" not in text
    assert "All topics and feeds" in text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("target", ["/../secret.txt", "//secret.txt", "/all/../../secret.txt", "//evil.example/%2e%2e"])
async def test_raw_targets_that_no_client_sends_are_not_served(client: Client, tmp_path: Path, target: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    reader, writer = await asyncio.open_connection(client.host, client.port)

    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), timeout=10)
    writer.close()
    await writer.wait_closed()

    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b"secret" not in answer
    assert b"Location" not in answer


async def test_missing_page_leads_to_the_front_page(client: Client) -> None:
    response = await client.get("/a/b/c")

    assert 'href="../../"' in await response.text()


async def test_empty_shelf_says_that_nothing_is_published_yet(tmp_path: Path) -> None:
    async with TestClient(TestServer(feed_server(tmp_path / "none", SITE))) as client:
        response = await client.get("/")

        assert (response.status, response.headers["Retry-After"]) == (503, "10")
        assert "Nothing is published yet" in await response.text()


async def test_site_without_pages_serves_its_first_format(tmp_path: Path) -> None:
    site = replace(SITE, formats=("atom",))
    shelf = FolderShelf(tmp_path)
    for path, content in documents_of([], site):
        shelf.put(path, content)

    async with TestClient(TestServer(feed_server(tmp_path, site))) as client:
        assert (await client.get("/all", headers={"Accept": HTML})).content_type == "application/atom+xml"


async def test_health_is_told_and_not_kept(client: Client) -> None:
    response = await client.get("/healthz")

    assert (response.status, await response.text()) == (200, "ok\n")
    assert response.headers["Cache-Control"] == "no-store"


async def test_other_methods_are_refused(client: Client) -> None:
    response = await client.post("/all/rss.xml")

    assert response.status == 405
    assert "GET" in response.headers["Allow"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_server_can_stand_below_another_path(shelf: FolderShelf, tmp_path: Path) -> None:
    outer = web.Application()
    outer.add_subapp("/feeds/", feed_server(tmp_path / "feeds", SITE))

    async with TestClient(TestServer(outer)) as client:
        assert (await client.get("/feeds/all")).url.path == "/feeds/all/"
        assert (await client.get("/feeds/style.css")).status == 200


async def test_file_replaced_while_served_is_never_torn(client: Client, shelf: FolderShelf) -> None:
    versions = [bytes([65 + number]) * 300_000 for number in range(4)]
    shelf.put("all/rss.xml", versions[0])
    is_done = threading.Event()

    def rewrite() -> None:
        number = 0
        while not is_done.is_set():
            shelf.put("all/rss.xml", versions[number % 4])
            number += 1

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        bodies = set()
        for _ in range(60):
            response = await client.get("/all/rss.xml", headers={"Accept-Encoding": "identity"})
            bodies.add(await response.read())
    finally:
        is_done.set()
        await asyncio.to_thread(writer.join)

    assert bodies <= set(versions)


async def test_unreadable_time_stamps_do_not_matter_to_the_tag(client: Client, tmp_path: Path) -> None:
    before = (await client.get("/all/rss.xml")).headers
    os.utime(tmp_path / "feeds/all/rss.xml", (1_000_000_000, 1_000_000_000))

    after = (await client.get("/all/rss.xml")).headers

    assert after["ETag"] == before["ETag"]
    assert after["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"


async def test_many_readers_at_once_get_the_same_bytes(client: Client) -> None:
    session: ClientSession = client.session
    url = client.make_url("/all/atom.xml")

    async def fetch() -> bytes:
        async with session.get(url) as response:
            return await response.read()

    assert len(set(await asyncio.gather(*(fetch() for _ in range(50))))) == 1
