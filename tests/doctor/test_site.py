"""The site as its readers reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from doctor.looking import NOW, FakeSight, page
from syndicate.doctor.finding import Finding
from syndicate.doctor.site import (
    Premises,
    certificate_finding,
    feed_findings,
    hub_findings,
    share_findings,
    site_findings,
    tags_in,
)
from syndicate.ports.web import Page

HOME = "https://marsh-notes.eu/"
RSS = "https://marsh-notes.eu/feeds/all/rss.xml"
SHARE = "https://marsh-notes.eu/feeds/share/herons/"
PICTURE = "https://marsh-notes.eu/feeds/media/herons.jpg"
HUB = "https://hub.marsh-notes.eu/"
PREMISES = Premises(HOME, "https://marsh-notes.eu/feeds/", {RSS: "application/rss+xml"}, hubs=(HUB,), share=SHARE)
TAGS = f'<meta property="og:title" content="Herons"><meta property="og:url" content="{SHARE}">'
CARD = f'{TAGS}<meta property="og:image" content="../../media/herons.jpg">'


async def told(findings: AsyncIterator[Finding]) -> list[tuple[str, str]]:
    return [(one.code, one.level.value) async for one in findings]


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (page(200), "ok"),
        (page(301, Location="https://www.marsh-notes.eu/"), "warning"),
        (page(404), "problem"),
        (page(503), "problem"),
    ],
)
async def test_home_page_answers_at_the_address_of_the_settings(answer: Page, level: str) -> None:
    assert await told(site_findings(PREMISES, FakeSight({HOME: answer}))) == [("D-SITE", level)]


async def test_home_page_that_cannot_be_reached_is_a_problem() -> None:
    assert await told(site_findings(PREMISES, FakeSight({}))) == [("D-SITE", "problem")]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:8080/"])
async def test_site_of_this_machine_is_told_and_not_asked(url: str) -> None:
    sight = FakeSight({})

    assert await told(site_findings(replace(PREMISES, url=url), sight)) == [("D-SITE", "note")]
    assert sight.asked == []


@pytest.mark.parametrize(
    "url", ["https://carewire.example/", "http://EXAMPLE.com/", "https://www.example.org/a/", "https://a.test./"]
)
async def test_address_of_examples_is_told_and_not_asked(url: str) -> None:
    sight = FakeSight({})

    assert await told(site_findings(replace(PREMISES, url=url), sight)) == [("D-SITE", "note")]
    assert await told(share_findings(replace(PREMISES, share=url), sight)) == []
    assert sight.asked == []


async def test_site_over_http_is_warned_of() -> None:
    url = "http://marsh-notes.eu/"

    found = await told(site_findings(replace(PREMISES, url=url), FakeSight({url: page()})))

    assert found == [("D-HTTPS", "warning"), ("D-SITE", "ok")]


async def test_certificate_is_told_with_the_site() -> None:
    sight = FakeSight({HOME: page()}, until=NOW + timedelta(days=60))

    assert await told(site_findings(PREMISES, sight)) == [("D-SITE", "ok"), ("D-CERTIFICATE", "ok")]


@pytest.mark.parametrize(("days", "level"), [(90, "ok"), (14, "ok"), (13, "warning"), (1, "warning")])
def test_certificate_that_is_not_renewed_is_warned_of(days: int, level: str) -> None:
    assert certificate_finding("marsh-notes.eu", NOW + timedelta(days=days), NOW).level == level


FEED = page(200, "<rss/>", Content_Type="application/rss+xml; charset=utf-8", ETag='"1"')


@pytest.mark.parametrize(
    ("first", "again", "expected"),
    [
        (FEED, page(304), [("D-FEED", "ok"), ("D-CONDITIONAL", "ok")]),
        (FEED, page(200), [("D-FEED", "ok"), ("D-CONDITIONAL", "warning")]),
        (page(200, Content_Type="text/xml", Last_Modified="x"), page(304), [("D-FEED", "ok"), ("D-CONDITIONAL", "ok")]),
        (page(200, Content_Type="text/xml"), None, [("D-FEED", "ok"), ("D-CONDITIONAL", "warning")]),
        (page(200, Content_Type="text/html", ETag="1"), page(304), [("D-FEED", "warning"), ("D-CONDITIONAL", "ok")]),
        (page(404), None, [("D-FEED", "problem")]),
        (page(302, Location="https://x.example/"), None, [("D-FEED", "problem")]),
        (page(500), None, [("D-FEED", "problem")]),
    ],
)
async def test_feeds_are_read_as_readers_do(first: Page, again: Page | None, expected: list[tuple[str, str]]) -> None:
    assert await told(feed_findings(PREMISES, FakeSight({RSS: first}, again=again))) == expected


async def test_condition_is_what_the_feed_told() -> None:
    sight = FakeSight({RSS: FEED}, again=page(304))

    await told(feed_findings(PREMISES, sight))

    assert sight.asked[1] == (RSS, {"If-None-Match": '"1"'})


async def test_feeds_that_cannot_be_reached_are_a_problem() -> None:
    assert await told(feed_findings(PREMISES, FakeSight({}))) == [("D-FEED", "problem")]


@pytest.mark.parametrize(("is_open", "level"), [(False, "note"), (True, "problem")])
async def test_local_feeds_need_a_publisher_to_be_read(is_open: bool, level: str) -> None:
    local = "http://127.0.0.1:8080/"
    premises = Premises(local, local, {f"{local}all/rss.xml": "application/rss+xml"}, is_open=is_open)

    assert await told(feed_findings(premises, FakeSight({}))) == [("D-FEEDS-URL", "note"), ("D-FEED", level)]


@pytest.mark.parametrize(
    ("status", "level"), [(200, "ok"), (405, "ok"), (400, "ok"), (404, "warning"), (502, "warning")]
)
async def test_hub_is_there_whatever_it_thinks_of_the_question(status: int, level: str) -> None:
    assert await told(hub_findings(PREMISES, FakeSight({HUB: page(status)}))) == [("D-HUB", level)]


async def test_hub_that_took_no_ping_is_warned_of() -> None:
    premises = replace(PREMISES, hub_errors={HUB: "POST https://hub.marsh-notes.eu/...: 403"})

    [found] = [one async for one in hub_findings(premises, FakeSight({HUB: page()}))]

    assert (found.level, "403" in found.words) == ("warning", True)


async def test_hub_that_cannot_be_reached_is_a_problem() -> None:
    assert await told(hub_findings(PREMISES, FakeSight({}))) == [("D-HUB", "problem")]


@pytest.mark.parametrize(
    ("share", "picture", "expected"),
    [
        (page(200, CARD), page(200, Content_Type="image/jpeg"), [("D-SHARE", "ok"), ("D-PICTURE", "ok")]),
        (page(200, CARD), page(404), [("D-SHARE", "ok"), ("D-PICTURE", "warning")]),
        (page(200, CARD), page(200, Content_Type="text/html"), [("D-SHARE", "ok"), ("D-PICTURE", "warning")]),
        (page(200, CARD), None, [("D-SHARE", "ok"), ("D-PICTURE", "warning")]),
        (page(200, TAGS), None, [("D-SHARE", "warning")]),
        (page(404), None, [("D-SHARE", "warning")]),
    ],
)
async def test_newest_items_page_makes_a_card(
    share: Page, picture: Page | None, expected: list[tuple[str, str]]
) -> None:
    pages = {SHARE: share} | ({PICTURE: picture} if picture else {})

    assert await told(share_findings(PREMISES, FakeSight(pages))) == expected


async def test_page_that_cannot_be_reached_is_warned_of() -> None:
    assert await told(share_findings(PREMISES, FakeSight({}))) == [("D-SHARE", "warning")]


@pytest.mark.parametrize("share", [None, "http://127.0.0.1:8080/share/herons/"])
async def test_page_that_nobody_serves_is_not_looked_at(share: str | None) -> None:
    assert await told(share_findings(replace(PREMISES, share=share), FakeSight({}))) == []


def test_first_of_each_tag_counts() -> None:
    html = '<META Name="Twitter:Card" content=" summary "><meta property="og:title" content="A"><meta name="og:title">'

    assert tags_in(html.encode()) == {"twitter:card": "summary", "og:title": "A"}
