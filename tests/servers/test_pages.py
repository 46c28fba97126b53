"""Every kind of page in a real Chromium, light and dark, from 320 to 1600 pixels: what axe and a person find.

Seen are the shipped store in English, and the hostile one in Arabic, so from right to left.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

from servers import hostile_store, rigs
from syndicate.feeds.site import Site
from syndicate.shelf.serve import feed_server

pytestmark = pytest.mark.servers

FEEDS_URL = "https://feeds.example.org/syndicated/"
FEED_TYPES = {"application/rss+xml", "application/atom+xml", "application/feed+json"}
VIEWS = {("light", 1280), ("dark", 360), ("light", 320), ("dark", 1600)}
LONELY = (
    "---\nid: 99\ntitle: Soon gone\ndate: 2026-01-01\nlink: https://news.example.net/gone\ncategories: [Lonely]\n---\n"
)


@pytest.fixture(scope="module", params=["shipped", "hostile"])
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    store = rigs.HERE.parents[1] / "content"
    site = {"title": "Example & friends <news>", "url": "https://www.example.org/"}
    if request.param == "hostile":
        store = folder / "store"
        hostile_store.write_hostile_store(store)
        (store / "lonely.md").write_text(LONELY, encoding="utf-8")
        site["language"] = "ar"
    settings = {
        "site": site,
        "content": {"folder": str(store)},
        "feeds": {"folder": str(folder / "feeds"), "url": FEEDS_URL, "size": 6},
        "state": {"folder": str(folder / "state")},
    }
    config = folder / "syndicate.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    rigs.syndicate("once", "--config", str(config), folder=folder)
    if request.param == "hostile":
        # A topic keeps its feed, and its page, when its last item leaves.
        (store / "lonely.md").unlink()
        done = rigs.syndicate("once", "--config", str(config), folder=folder)
        assert done.returncode in (0, 65), done.stderr
    return folder / "feeds"


def file_at(shelf: Path, url: str) -> Path:
    """The file that stands at a URL of the site."""
    path = shelf / unquote(urlsplit(url.removeprefix(FEEDS_URL)).path)
    return path / "index.html" if path.is_dir() else path


def page_of_nothing(shelf: Path) -> str:
    """What our server answers where nothing stands, put where the browser finds it."""
    site = Site("Example", "https://www.example.org/", "", FEEDS_URL, "example.org,2026")

    async def ask() -> str:
        async with TestClient(TestServer(feed_server(shelf, site))) as client:
            answer = await client.get("/gone/")
            assert answer.status == 404
            return await answer.text()

    (shelf / "gone").mkdir(exist_ok=True)
    (shelf / "gone" / "index.html").write_text(asyncio.run(ask()), encoding="utf-8")
    return "gone/"


def kinds_of_pages(shelf: Path) -> list[str]:
    """One page of each kind there is, and every share page of items that came to do harm."""
    topics = [f"{one.parent.name}/" for one in sorted(shelf.glob("*/index.html")) if one.parent.name != "all"]
    empty = [one for one in topics if "lonely" in one]
    archived = [f"{one.parent.relative_to(shelf)}/" for one in sorted(shelf.glob("all/archive/*/index.html"))]
    shares = [f"{one.parent.relative_to(shelf)}/" for one in sorted(shelf.glob("item/*/index.html"))]
    harmful = [one for one in shares if "hostile" in one]
    assert archived
    assert shares
    return ["", "all/", *(empty or topics[:1]), archived[0], *(harmful or shares[:2]), page_of_nothing(shelf)]


def test_pages_are_sound_in_a_real_browser(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = kinds_of_pages(shelf)

    looks = rigs.look_at_pages(pages, shelf, FEEDS_URL, tmp_path)

    with capsys.disabled():
        print(f"\nscreenshots: {tmp_path}/page-*.png")
    assert len(looks) == len(VIEWS) * len(pages)
    assert {(look["colorScheme"], look["width"]) for look in looks} == VIEWS
    for look in looks:
        where = (look["path"], look["colorScheme"], look["width"])
        faults = {
            key: look[key] for key in ("violations", "missing", "outside", "errors", "unloaded", "tiny", "cramped")
        }
        assert (where, {key: found for key, found in faults.items() if found}) == (where, {})
        assert not look["wide"], f"{where} scrolls sideways"
        assert look["shifted"] < 0.01, where
        assert look["passes"] > 10, where
        assert look["title"], where
        assert look["language"], where
        check_links(shelf, look)
    filtered = [look["filtered"] for look in looks if look["path"] == ""]
    assert all(one["none"] == 0 and one["said"] and 0 < one["first"] < one["all"] for one in filtered)


def check_links(shelf: Path, look: dict[str, Any]) -> None:
    """Feeds are announced, and what links lead to is there."""
    where = look["path"]
    if where != "gone/":
        assert {kind for kind, _ in look["alternates"]} >= FEED_TYPES, where
    assert all(file_at(shelf, url).is_file() for _, url in look["alternates"]), where
    inside = [link for link in look["links"] if link.startswith(FEEDS_URL)]
    assert all(file_at(shelf, link).is_file() for link in inside), where


def test_no_page_is_heavier_than_100_kb(shelf: Path) -> None:
    heavy = {str(page): page.stat().st_size for page in shelf.rglob("*.html") if page.stat().st_size >= 100_000}

    assert heavy == {}
