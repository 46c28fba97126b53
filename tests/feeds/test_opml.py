from __future__ import annotations

from lxml import etree
from msgspec.structs import replace

from feeds.store import SITE, small_store
from syndicate.feeds.feed import feeds_of
from syndicate.feeds.opml import opml


def test_directory_groups_all_feeds() -> None:
    feeds = feeds_of(small_store(), SITE)

    body = etree.fromstring(opml(feeds, SITE)).find("body")

    assert body is not None
    told = {outline.get("text"): [one.get("text") for one in outline] for outline in body}
    assert told == {
        "All of Example News": [],
        "Sections": ["News", "Opinion"],
        "Medical Subject Headings (MeSH)": ["Automation"],
        "Symplur": ["Medical Coding"],
        "Languages": ["English", "العربية"],
    }
    assert {outline.get("xmlUrl") for outline in body.iter("outline")} - {None} == {
        SITE.address(f"{feed.path}/rss.xml") for feed in feeds
    }
    assert body[0].get("htmlUrl") == "https://example.org/feeds/all/"


def test_directory_names_the_first_format_a_reader_takes() -> None:
    site = replace(SITE, formats=("html", "json", "atom"))

    root = etree.fromstring(opml(feeds_of([], site), site))

    assert [outline.get("xmlUrl") for outline in root.iter("outline")] == ["https://example.org/feeds/all/atom.xml"]


def test_directory_of_pages_alone_or_of_nothing_is_empty() -> None:
    pages = replace(SITE, formats=("html",))

    assert list(etree.fromstring(opml(feeds_of([], pages), pages)).iter("outline")) == []
    assert etree.fromstring(opml([], SITE)).findtext("head/dateModified") == "Thu, 01 Jan 1970 00:00:00 +0000"
