from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import etree
from msgspec.structs import replace

from feeds.store import PHOTO, SITE, day, make_item, small_store
from syndicate.feeds import sitemap
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.press import documents_of
from syndicate.feeds.sitemap import Place, sitemaps
from syndicate.posts.card import share_path

RULES = PageRules(share="page", canonical="own", has_sitemap=True, has_news=True, has_robots=True)
MAPPED = replace(SITE, pages=RULES)
NS = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "i": "http://www.google.com/schemas/sitemap-image/1.1",
    "n": "http://www.google.com/schemas/sitemap-news/0.9",
}


def mapped(items, site=MAPPED) -> etree._Element:
    return etree.fromstring(dict(documents_of(items, site))["sitemap.xml"])


def locations(root: etree._Element) -> list[str]:
    return root.xpath("s:url/s:loc/text()", namespaces=NS)


def test_map_names_every_page_that_counts_with_its_last_change() -> None:
    documents = dict(documents_of(small_store(), MAPPED))
    root = etree.fromstring(documents["sitemap.xml"])

    paths = [address.removeprefix(SITE.feeds_url) + "index.html" for address in locations(root)]
    assert set(paths) == {path for path in documents if path.endswith("/index.html")} | {"index.html"}
    changed = root.xpath(
        "s:url[contains(s:loc, $path)]/s:lastmod/text()", path=share_path("curations:3"), namespaces=NS
    )
    assert changed == ["2026-03-04T09:30:00+00:00"]


def test_pages_that_name_another_address_or_are_not_indexed_are_left_out() -> None:
    for rules in (replace(RULES, canonical="source"), replace(RULES, index="none"), replace(RULES, share="off")):
        assert not [one for one in locations(mapped(small_store(), replace(SITE, pages=rules))) if "/item/" in one]


def test_feeds_without_pages_are_left_out() -> None:
    assert locations(mapped(small_store(), replace(MAPPED, formats=("rss",)))) == [SITE.feeds_url]


def test_pictures_are_named() -> None:
    root = mapped([make_item(image=PHOTO)])

    assert root.xpath("//i:image/i:loc/text()", namespaces=NS) == [
        "https://example.org/feeds/media/0123456789abcdef.jpg"
    ]


def test_news_are_own_items_of_two_days_before_the_newest() -> None:
    items = [
        make_item(1, link=None, page="https://example.org/1/", published=day(10), language="zh-tw"),
        make_item(2, link=None, page="https://example.org/2/", published=day(10) - timedelta(hours=48)),
        make_item(3, link=None, page="https://example.org/3/", published=day(10) - timedelta(hours=49)),
        make_item(4, published=day(10)),
    ]

    news = mapped(items).xpath("//n:news", namespaces=NS)

    assert [one.findtext("n:title", namespaces=NS) for one in news] == ["Item number 1", "Item number 2"]
    assert news[0].xpath("string(n:publication/n:language)", namespaces=NS) == "zh-tw"
    assert news[1].xpath("string(n:publication/n:language)", namespaces=NS) == "en"
    assert news[0].xpath("string(n:publication/n:name)", namespaces=NS) == SITE.title
    assert not mapped(items, replace(SITE, pages=replace(RULES, has_news=False))).xpath("//n:news", namespaces=NS)


@pytest.mark.parametrize(("urls", "size_bytes"), [(2, 10**6), (50_000, 250)])
def test_large_maps_are_split_and_indexed(monkeypatch: pytest.MonkeyPatch, urls: int, size_bytes: int) -> None:
    monkeypatch.setattr(sitemap, "MOST_URLS", urls)
    monkeypatch.setattr(sitemap, "MOST_BYTES", size_bytes)
    places = [Place(f"https://example.org/feeds/{number}/", day(number)) for number in range(5)]

    made = dict(sitemaps(places, MAPPED))

    index = etree.fromstring(made["sitemap.xml"])
    assert index.xpath("s:sitemap/s:loc/text()", namespaces=NS) == [
        f"https://example.org/feeds/sitemap-{number}.xml" for number in (1, 2, 3)
    ]
    assert index.xpath("s:sitemap[1]/s:lastmod/text()", namespaces=NS) == [day(1).isoformat()]
    parts = [etree.fromstring(made[f"sitemap-{number}.xml"]) for number in (1, 2, 3)]
    assert [url for part in parts for url in locations(part)] == [place.url for place in places]


def test_robots_may_read_everything_and_learn_of_the_map() -> None:
    documents = dict(documents_of([], MAPPED))

    assert documents["robots.txt"].decode().splitlines()[-1] == "Sitemap: https://example.org/feeds/sitemap.xml"
    alone = dict(documents_of([], replace(SITE, pages=PageRules(has_robots=True))))
    assert b"Sitemap" not in alone["robots.txt"]
