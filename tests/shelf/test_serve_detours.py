from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from feeds.store import SITE, day, make_item, small_store
from syndicate.feeds.press import documents_of
from syndicate.shelf.detours import guesses_for, moved_to, redirects_in
from syndicate.shelf.folder import FolderShelf
from syndicate.shelf.serve import feed_server

Client = TestClient[web.Request, web.Application]
HUB = "https://hub.example/"


@pytest.fixture
def shelf(tmp_path: Path) -> FolderShelf:
    shelf = FolderShelf(tmp_path / "feeds")
    site = replace(SITE, size=2, hubs=(HUB,))
    older = [make_item(number, published=day(-number), updated=day(-number)) for number in range(10, 20)]
    for path, content in documents_of([*small_store(), *older], site):
        shelf.put(path, content)
    shelf.put("redirects.json", json.dumps({"old topic": "mesh-automation", "a/b": "all"}).encode())
    return shelf


@pytest.fixture
async def client(shelf: FolderShelf, tmp_path: Path) -> AsyncIterator[Client]:
    site = replace(SITE, size=2, hubs=(HUB,))
    async with TestClient(TestServer(feed_server(tmp_path / "feeds", site))) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "lands"),
    [
        ("/old%20topic/", 301, "/mesh-automation/"),
        ("/old%20topic", 301, "/mesh-automation/"),
        ("/old%20topic/rss.xml", 301, "/mesh-automation/rss.xml"),
        ("/a/b/feed.json", 301, "/all/feed.json"),
        ("/feed", 302, "/all/rss.xml"),
        ("/rss/", 302, "/all/rss.xml"),
        ("/RSS", 302, "/all/rss.xml"),
        ("/index.xml", 302, "/all/rss.xml"),
        ("/atom.xml", 302, "/all/atom.xml"),
        ("/feed.json", 302, "/all/feed.json"),
        ("/mesh-automation/feed/", 302, "/mesh-automation/rss.xml"),
        ("/mesh-automation/index.xml", 302, "/mesh-automation/rss.xml"),
        ("/mesh-automation", 308, "/mesh-automation/"),
    ],
)
async def test_former_and_guessed_addresses_lead_to_the_feed(
    client: Client, path: str, status: int, lands: str
) -> None:
    response = await client.get(path, allow_redirects=False)
    landed = await client.get(path)

    assert (response.status, landed.status, landed.url.path) == (status, 200, lands)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/nothing/feed", "/feedback", "/a/", "/redirects.json", "/nothing/rss.xml"])
async def test_guess_that_fits_nothing_is_not_found(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_moves_are_followed_as_the_shelf_tells_them_now(client: Client, shelf: FolderShelf) -> None:
    before = await client.get("/older/", allow_redirects=False)
    shelf.put("redirects.json", json.dumps({"older": "all"}).encode())
    after = await client.get("/older/", allow_redirects=False)
    shelf.drop("redirects.json")
    gone = await client.get("/older/", allow_redirects=False)

    assert (before.status, after.status, gone.status) == (404, 301, 404)


async def test_moves_hold_below_another_path(shelf: FolderShelf, tmp_path: Path) -> None:
    outer = web.Application()
    outer.add_subapp("/deep/er/", feed_server(tmp_path / "feeds", SITE))

    async with TestClient(TestServer(outer)) as client:
        landed = await client.get("/deep/er/a/b/atom.xml")

    assert landed.url.path == "/deep/er/all/atom.xml"


async def test_links_name_hub_and_history(client: Client, tmp_path: Path) -> None:
    current = (await client.get("/all/atom.xml")).links
    folders = sorted((tmp_path / "feeds/all/archive").iterdir())
    archived = [(await client.get(f"/all/archive/{folder.name}/atom.xml")).links for folder in folders]

    assert str(current["hub"]["url"]) == HUB
    assert str(current["prev-archive"]["url"]).startswith("https://example.org/feeds/all/archive/")
    assert all(str(links["current"]["url"]) == "https://example.org/feeds/all/atom.xml" for links in archived)
    assert not any("hub" in links for links in archived)
    assert ["prev-archive" in links for links in archived] == [False] + [True] * (len(folders) - 1)


async def test_scripts_of_other_sites_may_ask_conditionally(client: Client) -> None:
    response = await client.options(
        "/all/feed.json",
        headers={
            "Origin": "https://elsewhere.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match",
        },
    )

    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in response.headers["Access-Control-Allow-Headers"]
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(
    ("path", "lands"),
    [
        ("old", "new/"),
        ("old/", "new/"),
        ("old/rss.xml", "new/rss.xml"),
        ("old/deeper/rss.xml", "other/rss.xml"),
        ("older/rss.xml", None),
        ("", None),
    ],
)
def test_longest_former_folder_counts(path: str, lands: str | None) -> None:
    assert moved_to(path, {"old": "new", "old/deeper": "other"}) == lands


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'"x"', b"\xff", b'{"a": 1}', b'{"a": "a"}'])
def test_moves_that_make_no_sense_are_none(content: bytes) -> None:
    assert redirects_in(content) == {}


def test_front_page_and_ordinary_files_are_no_guess() -> None:
    assert [*guesses_for([], "", "all"), *guesses_for(["a"], "style.css", "all")] == []


async def test_links_name_only_formats_that_stand_there(client: Client, shelf: FolderShelf) -> None:
    shelf.put("feed/mine/rss.xml", b"<rss/>")
    shelf.put("item/one/index.html", b"<html></html>")

    feed, page = await client.get("/feed/mine/rss.xml"), await client.get("/item/one/")

    assert "alternate" not in feed.headers["Link"]
    assert "Link" not in page.headers
