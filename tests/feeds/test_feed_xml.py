from __future__ import annotations

import locale
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree
from msgspec import structs

from feeds.store import PHOTO, READERS, SITE, day, make_item, small_store
from syndicate.feeds.entry import Entry, entry_of
from syndicate.feeds.feed import Feed, feeds_of
from syndicate.feeds.site import Shape
from syndicate.feeds.xml import Entries, atom, rss
from syndicate.items.item import Offering

ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
SY = "{http://purl.org/rss/1.0/modules/syndication/}"


@pytest.fixture
def feed() -> Feed:
    return feeds_of(small_store(), SITE)[0]


def bad(entry: Entry) -> Entry:
    """An entry whose title XML cannot carry, as no item makes it."""
    return structs.replace(entry, id=entry.id + "-bad", title="\x00")


def test_channel_names_itself_and_its_other_formats(feed: Feed) -> None:
    channel = etree.fromstring(rss(feed, SITE))[0]

    assert channel.findtext("link") == "https://example.org/feeds/all/"
    assert [(link.get("rel"), link.get("type"), link.get("href")) for link in channel.iterfind(f"{ATOM}link")] == [
        ("self", "application/rss+xml", "https://example.org/feeds/all/rss.xml"),
        ("alternate", "application/atom+xml", "https://example.org/feeds/all/atom.xml"),
        ("alternate", "application/feed+json", "https://example.org/feeds/all/feed.json"),
    ]


def test_atom_feed_names_itself_its_page_and_its_other_formats(feed: Feed) -> None:
    root = etree.fromstring(atom(feed, SITE))

    assert {(link.get("rel"), link.get("type"), link.get("href")) for link in root.iterfind(f"{ATOM}link")} == {
        ("self", "application/atom+xml", "https://example.org/feeds/all/atom.xml"),
        ("alternate", "text/html", "https://example.org/feeds/all/"),
        ("alternate", "application/rss+xml", "https://example.org/feeds/all/rss.xml"),
        ("alternate", "application/feed+json", "https://example.org/feeds/all/feed.json"),
    }
    assert root.findtext(f"{ATOM}id") == "tag:example.org,2026:feed/all"
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Example Ltd"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"


def test_hubs_are_named_in_both_formats_and_change_no_other_link(feed: Feed) -> None:
    site = structs.replace(SITE, hubs=("https://hub.example/", "https://other.example/hub"))
    for made, bare in ((rss(feed, site), rss(feed, SITE)), (atom(feed, site), atom(feed, SITE))):
        links = [(link.get("rel"), link.get("href")) for link in etree.fromstring(made).iter(f"{ATOM}link")]
        former = [(link.get("rel"), link.get("href")) for link in etree.fromstring(bare).iter(f"{ATOM}link")]

        assert [href for rel, href in links if rel == "hub"] == list(site.hubs)
        assert [link for link in links if link[0] != "hub"] == former


def test_without_pages_the_feed_links_the_topic_or_the_site(feed: Feed) -> None:
    bare = structs.replace(feed, shape=Shape(formats=("rss",)))

    assert etree.fromstring(rss(bare, SITE))[0].findtext("link") == SITE.url
    assert (
        etree.fromstring(rss(structs.replace(bare, home="https://example.org/t"), SITE))[0]
        .findtext("link")
        .endswith("/t")
    )


def test_feed_is_dated_by_its_content_not_by_the_clock(feed: Feed) -> None:
    channel = etree.fromstring(rss(feed, SITE))[0]

    assert channel.findtext("lastBuildDate") == "Wed, 04 Mar 2026 09:30:00 +0000"
    assert etree.fromstring(atom(feed, SITE)).findtext(f"{ATOM}updated") == "2026-03-04T09:30:00+00:00"


@pytest.mark.parametrize(
    ("poll_s", "ttl", "period", "frequency"),
    [
        (0, "1", "hourly", "3600"),
        (900, "15", "hourly", "4"),
        (3600, "60", "hourly", "1"),
        (7200, "120", "daily", "12"),
        (604_800, "10080", "weekly", "1"),
        (90_000_000, "1500000", "yearly", "1"),
    ],
)
def test_readers_are_told_how_often_to_come(feed: Feed, poll_s: int, ttl: str, period: str, frequency: str) -> None:
    channel = etree.fromstring(rss(feed, structs.replace(SITE, poll_s=poll_s)))[0]

    assert channel.findtext("ttl") == ttl
    assert channel.findtext(f"{SY}updatePeriod") == period
    assert channel.findtext(f"{SY}updateFrequency") == frequency


def test_guid_is_no_permalink(feed: Feed) -> None:
    guids = etree.fromstring(rss(feed, SITE)).findall("channel/item/guid")

    assert [guid.get("isPermaLink") for guid in guids] == ["false"] * 3


def test_atom_entry_keeps_relation_type_and_length_of_its_links(feed: Feed) -> None:
    entry = etree.fromstring(atom(feed, SITE)).find(f"{ATOM}entry")

    assert entry is not None
    assert [dict(link.attrib) for link in entry.iterfind(f"{ATOM}link")] == [
        {"rel": "alternate", "type": "text/html", "href": "https://source.example/3/"},
        {"rel": "via", "type": "text/html", "title": "source.example", "href": "https://source.example/3/"},
        {"rel": "related", "type": "text/html", "href": "https://example.org/news/coding/"},
        {
            "rel": "enclosure",
            "type": "image/jpeg",
            "length": "48213",
            "href": "https://example.org/feeds/media/0123456789abcdef.jpg",
        },
    ]
    assert entry.find(f"{ATOM}content").get("type") == "html"


def test_media_stand_directly_under_the_item(feed: Feed) -> None:
    item = etree.fromstring(rss(feed, SITE)).find("channel/item")
    url = "https://example.org/feeds/media/0123456789abcdef.jpg"

    assert item is not None
    assert dict(item.find(f"{MEDIA}content").attrib) == {
        "url": url,
        "medium": "image",
        "type": "image/jpeg",
        "fileSize": "48213",
        "width": "1920",
        "height": "1080",
    }
    assert dict(item.find(f"{MEDIA}thumbnail").attrib) == {"url": url, "width": "1920", "height": "1080"}
    assert dict(item.find("enclosure").attrib) == {"url": url, "length": "48213", "type": "image/jpeg"}


def test_image_of_unknown_length_is_no_enclosure() -> None:
    feed = feeds_of(
        [make_item(image=replace(PHOTO, size_bytes=0, width_px=0, media_type="", ref="https://c.example/a"))], SITE
    )[0]

    for made in (rss(feed, SITE), atom(feed, SITE)):
        root = etree.fromstring(made)
        assert not root.xpath("//*[local-name()='enclosure' or @rel='enclosure']")
        assert [dict(found.attrib) for found in root.iter(f"{MEDIA}content")] == [
            {"url": "https://c.example/a", "medium": "image"}
        ]


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        ("AT&T and you", "AT&T and you"),
        ("a < b", "a &lt; b"),
        ("say &amp; mean", "say &amp;amp; mean"),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
    ],
)
def test_rss_description_reads_right_as_html(summary: str, told: str) -> None:
    feed = feeds_of([make_item(summary=summary)], SITE)[0]

    assert etree.fromstring(rss(feed, SITE)).findtext("channel/item/description") == told


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_one_bad_entry_is_left_out_and_told(feed: Feed, name: str) -> None:
    entries = Entries()
    spoilt = structs.replace(feed, entries=(feed.entries[0], bad(feed.entries[1]), feed.entries[2]))

    made = {"rss": rss, "atom": atom}[name](spoilt, SITE, entries)

    assert [told.id for told in READERS[name](made)] == [feed.entries[0].id, feed.entries[2].id]
    assert list(entries.left_out) == [feed.entries[1].id + "-bad"]
    assert entries.sound(spoilt).entries == (feed.entries[0], feed.entries[2])


def test_text_too_large_for_a_careful_parser_costs_its_entry_only(feed: Feed) -> None:
    # libxml2 refuses text nodes beyond 10,000,000 bytes unless told otherwise (XML_MAX_TEXT_LENGTH).
    huge = structs.replace(feed.entries[0], content_html="x" * 10_000_001)
    entries = Entries()

    assert entries.sound(structs.replace(feed, entries=(huge, feed.entries[1]))).entries == (feed.entries[1],)
    assert list(entries.left_out) == [huge.id]


def test_entry_left_out_before_is_told_again_when_asked_for(feed: Feed) -> None:
    entries = Entries()
    broken = structs.replace(feed.entries[0], title="\x00")
    entries.xml([broken], "rss")
    entries.left_out.clear()

    assert entries.xml([broken, feed.entries[1]], "rss") == entries.xml([feed.entries[1]], "rss")
    assert list(entries.left_out) == [broken.id]


def test_sound_feed_is_given_back_as_it_is(feed: Feed) -> None:
    assert Entries().sound(feed) is feed


def test_kept_entries_give_the_same_bytes(feed: Feed) -> None:
    entries = Entries()

    assert rss(feed, SITE, entries) == rss(feed, SITE, entries) == rss(feed, SITE)
    assert atom(feed, SITE, entries) == atom(feed, SITE, entries) == atom(feed, SITE)


def test_no_more_entries_are_kept_than_there_is_room(feed: Feed) -> None:
    cramped = Entries(room=1)

    assert atom(feed, SITE, cramped) == atom(feed, SITE)


def test_joined_entries_stand_in_the_order_of_the_feed() -> None:
    items = [make_item(number, published=day(1) + timedelta(minutes=number)) for number in range(60)]
    feed = feeds_of(items, SITE)[0]

    made = etree.fromstring(rss(feed, SITE))

    assert made.xpath("//item/guid/text()") == [entry.id for entry in feed.entries]
    assert len(feed.entries) == 50


def test_marks_of_elements_inside_text_do_not_cut_an_entry() -> None:
    trap = "</item></channel><item> </entry></feed><entry> ]]>"
    entry = entry_of(make_item(title=trap, body_html=f"<p>{trap}</p>", authors=(trap,)), SITE)
    feed = structs.replace(feeds_of([], SITE)[0], entries=(entry, entry))

    assert [told.title for told in READERS["rss"](rss(feed, SITE))] == [trap, trap]
    assert [told.title for told in READERS["atom"](atom(feed, SITE))] == [trap, trap]


def test_threads_may_render_at_once_and_the_locale_stays(feed: Feed) -> None:
    before, expected = locale.setlocale(locale.LC_ALL), rss(feed, SITE)
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.extend(rss(feed, SITE) for _ in range(10))) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(made) == {expected}
    assert len(made) == 40
    assert locale.setlocale(locale.LC_ALL) == before


def test_icon_logo_and_rights_stand_where_the_formats_have_a_place_for_them(feed: Feed) -> None:
    site = structs.replace(
        SITE, icon="https://example.org/i.png", logo="https://example.org/l.png", rights="© 2026 Example & Co"
    )

    channel, root = etree.fromstring(rss(feed, site))[0], etree.fromstring(atom(feed, site))

    assert [channel.findtext(f"image/{name}") for name in ("url", "title", "link")] == [
        site.logo,
        channel.findtext("title"),
        channel.findtext("link"),
    ]
    assert (root.findtext(f"{ATOM}icon"), root.findtext(f"{ATOM}logo")) == (site.icon, site.logo)
    assert channel.findtext("copyright") == root.findtext(f"{ATOM}rights") == site.rights


def test_a_feeds_own_image_stands_in_place_of_the_logo(feed: Feed) -> None:
    own = structs.replace(feed, image="https://example.org/own.png")
    site = structs.replace(SITE, logo="https://example.org/l.png")

    assert etree.fromstring(rss(own, site))[0].findtext("image/url") == own.image
    assert etree.fromstring(atom(own, site)).findtext(f"{ATOM}logo") == own.image


def test_related_offerings_are_links() -> None:
    item = make_item(
        offerings=(Offering("Scanner & co", "https://shop.example/?a=1&b=2"), Offering("", "javascript:1"))
    )
    feed = feeds_of([item], SITE)[0]

    for document in (rss(feed, SITE), atom(feed, SITE)):
        links = etree.fromstring(document).xpath("//*[local-name()='link'][@rel='related']")
        assert [(link.get("title"), link.get("href")) for link in links] == [
            ("Scanner & co", "https://shop.example/?a=1&b=2")
        ]
