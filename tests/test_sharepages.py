"""Pages that networks make cards of: which are ours, when they are asked for, and what is wrong with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from content.test_fetch import Names, serving
from deliver_rig import Clock
from pages_rig import CARD, IMAGE, Site
from syndicate.content.fetch import Fetcher
from syndicate.sharepages import FIRST, LONGEST, MOST_KEPT, SharePageRules, SharePages, is_ours

BASE = "https://marsh.org/"
URL = "https://marsh.org/herons/"


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; nothing is printed."""
    with capture_logs() as lines:
        yield lines


def whole(**more: bytes) -> Site:
    return Site({URL: ("text/html", more.get("page", CARD)), IMAGE: ("image/jpeg", b"jpeg")})


def looking(site: Site, clock: Clock | None = None, policy: str = "wait") -> SharePages:
    rules = SharePageRules(("", BASE), policy)  # type: ignore[arg-type]  # tests name policies
    return SharePages(site, rules, clock=clock or Clock())


async def trouble_of(site: Site) -> str | None:
    look = await looking(site).look(URL, "r1")
    assert look is not None
    return look.trouble


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        ("https://marsh.org/a", True),
        ("https://marsh.organic/a", False),
        ("https://elsewhere.org/a", False),
        ("http://127.0.0.1:8080/a", False),
        ("http://localhost/a", False),
        ("http://[::1]/a", False),
        ("https://carewire.example/a", False),
        ("https://example.org/a", False),
        ("https://news.intranet.lan/a", False),
        ("https://single/a", False),
        ("https://9.9.9.9/a", True),
    ],
)
def test_ours_is_what_begins_with_a_base_and_can_be_reached_by_networks(url: str, is_so: bool) -> None:
    bases = ("https://marsh.org", "http://127.0.0.1:8080/", "http://localhost/", "http://[::1]/", "https://9.9.9.9/")
    own = (*bases, "https://carewire.example/", "https://example.org/", "https://news.intranet.lan/", "https://single/")

    assert is_ours(url, own) == is_so


async def test_a_page_that_is_there_is_asked_for_once_by_all_channels() -> None:
    site, clock = whole(), Clock()
    pages = looking(site, clock)

    looks = await asyncio.gather(*(pages.look(URL, "r1") for _ in range(3)))
    clock.pass_(timedelta(days=1))
    await pages.look(URL, "r1")

    assert [look is not None and look.trouble for look in looks] == [None, None, None]
    assert site.asked == [URL, IMAGE]
    await pages.look(URL, "r2")
    assert len(site.asked) == 4


async def test_a_page_that_is_missing_is_asked_for_again_at_growing_times() -> None:
    site, clock = Site(), Clock()
    pages = looking(site, clock)

    waits = []
    for _ in range(7):
        look = await pages.look(URL, "r1")
        assert look is not None and look.trouble == f"{URL}: was answered with status 404"
        assert await pages.look(URL, "r1") is look
        waits.append(look.again - clock())
        clock.now = look.again

    assert waits == [FIRST, FIRST * 2, FIRST * 4, FIRST * 8, FIRST * 16, LONGEST, LONGEST]
    assert site.asked == [URL] * 7
    site.answers = whole().answers
    found = await pages.look(URL, "r1")
    assert found is not None and found.trouble is None


@pytest.mark.parametrize(
    ("site", "trouble"),
    [
        (whole(), None),
        (Site({URL: ("application/json", b"{}")}), f"{URL}: is no web page but application/json"),
        (Site({URL: ("text/html", CARD)}), f"{IMAGE}: was answered with status 404"),
        (
            Site({URL: ("text/html", CARD), IMAGE: ("text/html", b"x")}),
            f"{IMAGE}: is no image but text/html",
        ),
        (Site({URL: ("text/html", CARD), IMAGE: ("image/png", b"")}), f"{IMAGE}: is no image but image/png"),
        (Site({URL: ("text/html", b"<h1>Herons</h1>")}), None),
    ],
)
async def test_trouble_is_told_in_words(site: Site, trouble: str | None) -> None:
    assert await trouble_of(site) == trouble


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (CARD, None),
        (b"<h1>Herons</h1>", "has no og:title and no og:image"),
        (CARD + b'<meta property="og:url" content="https://marsh.org/herons">', None),
        (CARD + b'<meta property="og:url" content="/other">', "says that its address is /other"),
    ],
)
async def test_a_poor_card_is_told_and_no_reason_to_wait(
    page: bytes, reason: str | None, logs: list[MutableMapping[str, Any]]
) -> None:
    assert await trouble_of(whole(page=page)) is None

    assert [line["reason"] for line in logs if line["event"] == "page_without_card"] == ([reason] if reason else [])


async def test_pages_of_others_and_ignored_ones_are_not_asked_for() -> None:
    site = whole()

    assert await looking(site).look("https://elsewhere.org/x", "r") is None
    assert await looking(site, policy="ignore").look(URL, "r") is None
    assert site.asked == []


async def test_only_so_many_pages_are_kept_in_mind() -> None:
    site = whole()
    pages = looking(site)
    for number in range(MOST_KEPT):
        site.answers[f"{URL}{number}"] = ("text/html", b"")
        await pages.look(f"{URL}{number}", "r")

    await pages.look(URL, "r")
    await pages.look(f"{URL}{MOST_KEPT - 1}", "r")
    assert len(site.asked) == MOST_KEPT + 2
    await pages.look(f"{URL}0", "r")
    assert len(site.asked) == MOST_KEPT + 3


async def test_a_real_page_is_read_by_the_guarded_fetcher() -> None:
    image = {"body": b"jpeg", "content_type": "image/jpeg"}
    there = {"body": CARD, "content_type": "text/html"}
    async with serving({"/herons/": there, "/media/heron.jpg": image, "/gone/": {"status": 404}}) as port:
        base = f"http://pages.marsh.org:{port}/"
        permitted = frozenset({("127.0.0.1", port)})
        async with Fetcher(permitted=permitted, resolver=Names(("127.0.0.1",))) as fetcher:
            pages = SharePages(fetcher, SharePageRules((base,)), clock=Clock())
            found, gone = await pages.look(f"{base}herons/", "r"), await pages.look(f"{base}gone/", "r")

    assert found is not None and found.trouble is None
    assert gone is not None and "status 404" in str(gone.trouble)
