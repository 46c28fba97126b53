"""The checks of this folder pass a good document and refuse each broken one, else they would prove nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import feedparser
import pytest

from servers import documents, rigs, validation_service

pytestmark = pytest.mark.servers

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en">
<title>Soil news</title><id>tag:example.org,2026:all</id><updated>2026-11-02T08:00:00Z</updated>
<author><name>Example desk</name></author>
<link rel="self" href="https://example.org/feeds/atom.xml" type="application/atom+xml"/>
<link href="https://example.org/" type="text/html"/>
<generator uri="https://example.org/" version="1">by hand</generator>
<entry><title type="html">Worms &amp;amp; roots</title><id>tag:example.org,2026:2</id>
<published>2026-11-02T08:00:00Z</published><updated>2026-11-02T08:00:00Z</updated>
<link href="https://example.org/2"/><category term="soil" scheme="https://example.org/topic/soil" label="Soil"/>
<content type="html">&lt;p&gt;Two&lt;/p&gt;</content>
<media:content url="https://example.org/2.png" medium="image"><media:title>Worm</media:title></media:content></entry>
<entry><title>Compost</title><id>tag:example.org,2026:1</id>
<published>2026-11-01T08:00:00Z</published><updated>2026-11-01T08:00:00Z</updated>
<link href="https://example.org/1"/><summary>One</summary></entry>
</feed>
"""

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom">
<channel><atom:link rel="self" href="https://example.org/feeds/rss.xml" type="application/rss+xml"/>
<title>Soil news</title><link>https://example.org/</link><description>All of it</description>
<item><title>Worms &amp; roots</title><link>https://example.org/2</link>
<guid isPermaLink="false">tag:example.org,2026:2</guid><pubDate>Mon, 02 Nov 2026 08:00:00 +0000</pubDate>
<description>Two</description><content:encoded>&lt;p&gt;Two&lt;/p&gt;</content:encoded></item>
<item><title>Compost</title><link>https://example.org/1</link>
<guid isPermaLink="false">tag:example.org,2026:1</guid><pubDate>Sun, 01 Nov 2026 08:00:00 +0000</pubDate>
<description>One</description><enclosure url="https://example.org/1.png" type="image/png" length="7"/></item>
</channel></rss>
"""

JSON: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Soil news",
    "home_page_url": "https://example.org/",
    "feed_url": "https://example.org/feeds/feed.json",
    "items": [
        {
            "id": "tag:example.org,2026:2",
            "title": "Worms & roots",
            "url": "https://example.org/2",
            "content_html": "<p>Two</p>",
            "date_published": "2026-11-02T08:00:00Z",
            "authors": [{"name": "Ada"}],
        },
        {
            "id": "tag:example.org,2026:1",
            "title": "Compost",
            "url": "https://example.org/1",
            "content_text": "One",
            "date_published": "2026-11-01T08:00:00Z",
        },
    ],
}

PAGE = """<!doctype html><html lang="en"><head><title>Soil</title>
<link rel="alternate" type="application/atom+xml" href="atom.xml"></head>
<body><main><h1>Soil</h1><p><a href="https://example.org/2">Worms and roots</a></p></main></body></html>
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_atom_feed_passes(tmp_path: Path) -> None:
    path = write(tmp_path / "atom.xml", ATOM)

    assert rigs.jing(rigs.HERE / "atom.rnc", [path]) == []
    assert documents.atom_faults(path) == []
    assert documents.text_faults(path) == []


BROKEN_BY_GRAMMAR = {
    "no feed id": ("<id>tag:example.org,2026:all</id>", ""),
    "id without a scheme": ("tag:example.org,2026:1", "18551"),
    "two titles": ("<title>Soil news</title>", "<title>Soil news</title><title>Again</title>"),
    "date without a zone": ("2026-11-01T08:00:00Z</updated>", "2026-11-01T08:00:00</updated>"),
    "date only": ("2026-11-01T08:00:00Z</published>", "2026-11-01</published>"),
    "CDATA as a type": ('<content type="html">', '<content type="CDATA">'),
    "HTML as elements": ("&lt;p&gt;Two&lt;/p&gt;", "<p>Two</p>"),
    "an element of Atom's namespace that is none": ("<summary>One</summary>", "<abstract>One</abstract>"),
    "author without a name": ("<name>Example desk</name>", "<email>desk@example.org</email>"),
    "link without an address": ('<link href="https://example.org/1"/>', "<link/>"),
    "address with a blank": ("https://example.org/1", "https://example.org/a b"),
    "category without a term": ('term="soil" ', ""),
    "an attribute that is none": ('<link href="https://example.org/1"/>', '<link href="https://example.org/1" x="1"/>'),
    "a title after the entries": ("</feed>", "<subtitle>late</subtitle></feed>"),
    "language with an underscore": ('xml:lang="en"', 'xml:lang="en_US"'),
}


def test_the_grammar_refuses_each_of_these(tmp_path: Path) -> None:
    assert all(old in ATOM for old, _ in BROKEN_BY_GRAMMAR.values())
    for number, (old, new) in enumerate(BROKEN_BY_GRAMMAR.values()):
        write(tmp_path / f"{number}.xml", ATOM.replace(old, new))

    told = rigs.jing(rigs.HERE / "atom.rnc", sorted(tmp_path.glob("*.xml")))

    refused = {int(Path(line.partition(".xml:")[0]).name) for line in told}
    assert [name for number, name in enumerate(BROKEN_BY_GRAMMAR) if number not in refused] == []


BROKEN_BEYOND_GRAMMAR = {
    "no author": ("<author><name>Example desk</name></author>", ""),
    "no self link": ('rel="self"', 'rel="related"'),
    "neither content nor alternate": ('<link href="https://example.org/1"/>', ""),
    "no content and no summary": ("<summary>One</summary>", ""),
    "an empty title": ("<title>Compost</title>", "<title> </title>"),
    "two alternates of one kind": ('<link href="https://example.org/1"/>', '<link href="https://example.org/1"/>' * 2),
    "the same id twice": ("tag:example.org,2026:1", "tag:example.org,2026:2"),
    "published after it was updated": ("2026-11-01T08:00:00Z</published>", "2026-11-03T08:00:00Z</published>"),
}


@pytest.mark.parametrize(("old", "new"), BROKEN_BEYOND_GRAMMAR.values(), ids=BROKEN_BEYOND_GRAMMAR)
def test_the_atom_check_refuses(old: str, new: str, tmp_path: Path) -> None:
    assert old in ATOM
    path = write(tmp_path / "atom.xml", ATOM.replace(old, new))

    assert documents.atom_faults(path) != []


def test_a_good_rss_feed_passes(tmp_path: Path) -> None:
    path = write(tmp_path / "rss.xml", RSS)

    assert documents.rss_faults(path) == []
    assert documents.text_faults(path) == []


BROKEN_RSS = {
    "no description": ("<description>All of it</description>", ""),
    "no self link": ('rel="self"', 'rel="via"'),
    "an empty title": ("<title>Compost</title>", "<title/>"),
    "guid that is no address": ('isPermaLink="false">tag:example.org,2026:1', ">tag:example.org,2026:1"),
    "the same guid twice": ("tag:example.org,2026:1", "tag:example.org,2026:2"),
    "date of another format": ("Sun, 01 Nov 2026 08:00:00 +0000", "2026-11-01T08:00:00Z"),
    "enclosure of no length": ('length="7"', 'length="0"'),
    "enclosure without a type": ('type="image/png" ', ""),
}


@pytest.mark.parametrize(("old", "new"), BROKEN_RSS.values(), ids=BROKEN_RSS)
def test_the_rss_check_refuses(old: str, new: str, tmp_path: Path) -> None:
    assert old in RSS
    path = write(tmp_path / "rss.xml", RSS.replace(old, new))

    assert documents.rss_faults(path) != []


STRICT_RSS = RSS.replace(
    "<title>Soil news</title>",
    "<title>Soil news</title><language>en</language><ttl>30</ttl><sy:updatePeriod>hourly</sy:updatePeriod>"
    "<sy:updateFrequency>2</sy:updateFrequency><image><url>https://example.org/l.png?a=1</url><title>Soil news</title>"
    "<link>https://example.org/</link></image>",
).replace(
    "<rss ", '<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:m="http://search.yahoo.com/mrss/" '
)

UNSOUND_RSS = {
    "title that is HTML": ("<title>Compost", "<title>&lt;b&gt;Compost&lt;/b&gt;"),
    "title that is read as HTML": ("<title>Compost", "<title>AT&amp;amp;T"),
    "element that is none": ("<ttl>", "<rating>good</rating><ttl>"),
    "description twice": (
        "<description>One</description>",
        "<description>One</description><description>1</description>",
    ),
    "another image title": (
        "<image><url>https://example.org/l.png?a=1</url><title>Soil",
        "<image><url>https://example.org/l.png</url><title>Mud",
    ),
    "image that is none": ("l.png?a=1", "l.svg"),
    "no language": ("<language>en", "<language>English"),
    "ttl that is no number": ("<ttl>30", "<ttl>-1"),
    "no period": (">hourly<", ">often<"),
    "self elsewhere": ("https://example.org/feeds/rss.xml", "https://example.org/rss.xml"),
    "unknown relation": ("<ttl>", '<atom:link rel="amp" href="https://example.org/"/><ttl>'),
    "relative link": ("<ttl>", '<atom:link rel="hub" href="hub"/><ttl>'),
    "link with a strange type": ("<ttl>", '<atom:link rel="hub" type="html" href="https://example.org/"/><ttl>'),
    "link that holds text": ("<ttl>", '<atom:link rel="hub" href="https://example.org/">x</atom:link><ttl>'),
    "archive without links": ("<ttl>", '<fh:archive xmlns:fh="http://purl.org/syndication/history/1.0"/><ttl>'),
    "media in a group": ("<guid", '<m:group><m:content url="https://example.org/a.png"/></m:group><guid'),
    "media without an address": ("<guid", "<m:content/><guid"),
    "media without a size": ("<guid", '<m:content url="https://example.org/a.png" width="0"/><guid'),
    "media with a strange type": ("<guid", '<m:content url="https://example.org/a.png" type="png"/><guid'),
}


def test_a_sound_rss_feed_passes_the_service(tmp_path: Path) -> None:
    path = write(tmp_path / "rss.xml", STRICT_RSS.replace("<title>Compost", "<title>AT&#x26;amp;T &#x3C;b>"))

    assert validation_service.rss_faults(path, "https://example.org/feeds/rss.xml") == []


@pytest.mark.parametrize(("old", "new"), UNSOUND_RSS.values(), ids=UNSOUND_RSS)
def test_the_service_refuses_rss(old: str, new: str, tmp_path: Path) -> None:
    assert old in STRICT_RSS
    path = write(tmp_path / "rss.xml", STRICT_RSS.replace(old, new, 1))

    assert validation_service.rss_faults(path, "https://example.org/feeds/rss.xml") != []


UNSOUND_ATOM = {
    "HTML as text": ("<summary>One", "<summary>&lt;i&gt;One&lt;/i&gt;"),
    "references as text": ("<title>Compost", "<title>AT&amp;amp;T"),
    "scheme that is no address": ("https://example.org/topic/soil", "soil"),
    "relative icon": ("<generator ", "<icon>icon.png</icon><generator "),
    "self elsewhere": ("https://example.org/feeds/atom.xml", "https://example.org/atom.xml"),
    "history in an entry": ("<summary>One", '<link rel="prev-archive" href="https://example.org/"/><summary>One'),
    "media title": ('url="https://example.org/2.png"', 'url="2.png"'),
}


@pytest.mark.parametrize(("old", "new"), UNSOUND_ATOM.values(), ids=UNSOUND_ATOM)
def test_the_service_refuses_atom(old: str, new: str, tmp_path: Path) -> None:
    assert old in ATOM
    address = "https://example.org/feeds/atom.xml"

    assert validation_service.atom_faults(write(tmp_path / "good.xml", ATOM), address) == []
    assert validation_service.atom_faults(write(tmp_path / "bad.xml", ATOM.replace(old, new, 1)), address) != []


OUTLINE = (
    '<opml version="2.0"><head><title>Soil</title></head><body><outline text="Soil">'
    '<outline type="rss" text="Worms" title="Worms" xmlUrl="https://example.org/rss.xml"/></outline></body></opml>'
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</head>", "<docs>http://example.org/</docs></head>"),
        ("<title>Soil", "<title>&lt;b>Soil"),
        ('<outline text="Soil">', '<outline text="Soil" title="Soil">'),
        (' title="Worms"', ""),
        ('text="Worms"', 'text="&lt;i>Worms"'),
    ],
)
def test_the_service_refuses_an_outline(old: str, new: str, tmp_path: Path) -> None:
    assert validation_service.opml_faults(write(tmp_path / "good.opml", OUTLINE)) == []
    assert validation_service.opml_faults(write(tmp_path / "bad.opml", OUTLINE.replace(old, new, 1))) != []


@pytest.mark.parametrize("source", [ATOM, RSS], ids=["atom", "rss"])
def test_feedparser_tells_good_from_broken(source: str) -> None:
    good, broken = feedparser.parse(source.encode()), feedparser.parse(source.replace("</title>", "", 1).encode())

    assert (good.bozo, broken.bozo) == (False, True)


def test_a_good_json_feed_passes(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.json", json.dumps(JSON))

    assert documents.json_feed_faults(path) == []
    assert documents.text_faults(path) == []


BROKEN_JSON: dict[str, dict[str, Any]] = {
    "old version": {"version": "https://jsonfeed.org/version/1"},
    "relative home": {"home_page_url": "/feeds/"},
    "unknown member": {"link": "https://example.org/"},
    "author without a name": {"authors": [{}]},
    "page that is itself": {"next_url": JSON["feed_url"]},
    "hub without a type": {"hubs": [{"url": "https://hub.example.org/"}]},
    "id that is a number": {"items": [JSON["items"][0] | {"id": 18551}]},
    "no content": {"items": [JSON["items"][0] | {"content_html": ""}]},
    "date without a zone": {"items": [JSON["items"][0] | {"date_published": "2026-11-01T08:00:00"}]},
    "relative image": {"items": [JSON["items"][0] | {"image": "2.png"}]},
    "unknown member of an item": {"items": [JSON["items"][0] | {"guid": "1"}]},
    "tag that is a number": {"items": [JSON["items"][0] | {"tags": [2026]}]},
    "attachment without a type": {
        "items": [JSON["items"][0] | {"attachments": [{"url": "https://example.org/2.mp3"}]}]
    },
    "the same id twice": {"items": [JSON["items"][0], JSON["items"][0]]},
}


@pytest.mark.parametrize("change", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_the_json_feed_check_refuses(change: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path / "feed.json", json.dumps(JSON | change))

    assert documents.json_feed_faults(path) != []


@pytest.mark.parametrize(
    "fragment",
    [
        "<p>a<script>alert(1)</script></p>",
        '<p onclick="go()">a</p>',
        '<a href="/x">a</a>',
        '<img src="x.png" alt="">',
        '<a href="javascript:go()">a</a>',
        '<iframe src="https://example.org/"></iframe>',
    ],
)
def test_the_content_check_refuses(fragment: str) -> None:
    assert documents.html_faults('<p><a href="https://example.org/">a</a></p>') == []
    assert documents.html_faults(fragment) != []


@pytest.mark.parametrize("character", ["\x0b", "\x9f", "\ufffe", "\x00"])
def test_the_character_check_sees_through_json_escapes(character: str, tmp_path: Path) -> None:
    path = write(tmp_path / "feed.json", json.dumps(JSON | {"title": f"a{character}b"}))

    assert documents.text_faults(path) == [f"character U+{ord(character):04X}"]


def test_three_parsers_see_the_same_in_every_format(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "atom.xml", ATOM),
        write(tmp_path / "rss.xml", RSS),
        write(tmp_path / "feed.json", json.dumps(JSON)),
    ]

    views = rigs.parse_feeds(files, tmp_path)

    assert [len(views[file]) for file in files] == [3, 3, 1]
    for file in files:
        for parser, view in views[file].items():
            assert [item["id"] for item in view["items"]] == ["tag:example.org,2026:2", "tag:example.org,2026:1"], (
                parser
            )
            assert view["items"][0]["published"] == "2026-11-02T08:00:00.000Z", parser
            assert view["items"][0]["url"] == "https://example.org/2", parser


def test_the_parsers_refuse_what_is_no_feed(tmp_path: Path) -> None:
    file = write(tmp_path / "atom.xml", "<html><body>Not here</body></html>")

    views = rigs.parse_feeds([file], tmp_path)

    assert all("error" in view for view in views[file].values())


def test_axe_tells_a_good_page_from_a_broken_one(tmp_path: Path) -> None:
    write(tmp_path / "index.html", PAGE)
    write(tmp_path / "broken.html", PAGE.replace(' lang="en"', "").replace("<h1>", '<h1><img src="gone.png">'))

    good, broken, *_ = rigs.look_at_pages(["index.html", "broken.html"], tmp_path, "https://example.org/", tmp_path)

    assert good["violations"] == []
    assert good["passes"] > 0
    assert good["alternates"] == [["application/atom+xml", "https://example.org/atom.xml"]]
    assert {fault.split(":")[0] for fault in broken["violations"]} >= {"html-has-lang", "image-alt"}
    assert broken["missing"] == ["https://example.org/gone.png"]


def test_an_outline_gives_its_subscriptions(tmp_path: Path) -> None:
    path = write(
        tmp_path / "index.opml",
        '<opml version="2.0"><head><title>Soil</title></head><body><outline text="Soil">'
        '<outline type="rss" text="Worms" xmlUrl="https://example.org/rss.xml"/></outline></body></opml>',
    )

    assert documents.opml_addresses(path) == [{"type": "rss", "text": "Worms", "xmlUrl": "https://example.org/rss.xml"}]
