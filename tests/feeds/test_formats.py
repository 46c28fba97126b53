from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree, html
from msgspec import structs

from feeds.store import AUTOMATION, CODING, PHOTO, READERS, SITE, Told, make_item, small_store
from syndicate.feeds.feed import KINDS, Feed, Site, feeds_of
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.json import _text
from syndicate.feeds.press import documents_of
from syndicate.feeds.xml import Entries
from syndicate.items.item import Image, Item, Offering, Topic

DATA = Path(__file__).parents[1] / "data" / "feeds"
HOSTILE = [
    "\x00\x08\x0b\x0c\x1b\x7f\x85\ufffe\uffff nothing but control",
    "]]> and <![CDATA[ inside",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "&amp;lt;b&amp;gt; &#58; &nbsp; twice escaped",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u0302\u0303 Z̴̢͎a̸l̷g̶o",
    "שלום \u202eevil\u202c مرحبا",
    "half a pair \ud83d and another \udc00",
    "quotes \" ' ` and {{ braces }} {% raw %}",
    "line\r\nbreaks\rand\ttabs\u2028here",
    "x" * 5000,
]
any_text = st.text(st.characters(exclude_categories=()), max_size=60)


def hostile_items() -> list[Item]:
    return [
        make_item(
            number + 1,
            id=f"hostile:{text[:40]}",
            title=text,
            summary=text,
            body_html=f"<p>{text}</p>",
            brand=text,
            authors=(text,),
            tags=(text,),
            section=text,
            topics=(Topic(text, text, text), CODING),
            language=text[:10],
            link=f"https://source.example/{text[:50]}",
            image=Image(f"https://cdn.example/{text[:50]}", text) if number % 2 else replace(PHOTO, alt=text),
        )
        for number, text in enumerate(HOSTILE)
    ]


def read_all(feed: Feed, site: Site) -> dict[str, list[Told]]:
    return {name: reader(FORMATS[name].render(feed, site)) for name, reader in READERS.items()}


def plain(told: Told) -> Told:
    """What must be equal: the RSS summary is the same text in HTML's spelling."""
    return replace(told, summary="")


@pytest.mark.parametrize("items", [small_store(), hostile_items(), []], ids=["small", "hostile", "empty"])
def test_formats_agree_on_every_entry(items: list[Item]) -> None:
    for feed in feeds_of(items, SITE):
        told = read_all(feed, SITE)

        assert [plain(entry) for entry in told["rss"]] == [plain(entry) for entry in told["atom"]]
        assert told["json"] == told["atom"]
        assert [entry.id for entry in told["json"]] == [entry.id for entry in feed.entries]


@settings(deadline=None, max_examples=25)
@example("", "", "", "\x1f")
@given(any_text, any_text, any_text, any_text)
def test_no_text_breaks_a_format(title: str, body: str, label: str, slug: str) -> None:
    item = make_item(
        title=title, summary=body, body_html=body, topics=(Topic(slug, label, label),), tags=(label,), section=label
    )
    entries = Entries()

    documents = dict(documents_of([item], SITE, entries=entries))

    assert entries.left_out == {}
    for path, content in documents.items():
        if path.endswith((".xml", ".opml")):
            assert len(etree.fromstring(content)) > 0
        if path.endswith("rss.xml"):
            assert len(READERS["rss"](content)) == 1


@pytest.mark.parametrize("items", [small_store(), hostile_items(), []], ids=["small", "hostile", "empty"])
@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feedparser_reads_each_feed_without_complaint(items: list[Item], name: str) -> None:
    for feed in feeds_of(items, SITE):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # feedparser's own, none of ours
            parsed = feedparser.parse(FORMATS[name].render(feed, SITE))

        assert not parsed.bozo
        assert [entry.id for entry in parsed.entries] == [entry.id for entry in feed.entries]


def test_no_document_holds_a_script_made_of_text() -> None:
    for path, content in documents_of(hostile_items(), SITE):
        if path.endswith(".html"):
            page = html.document_fromstring(content)
            assert not page.xpath("//script | //@onerror | //iframe")
            assert all(not href.startswith("javascript:") for href in page.xpath("//@href"))


def test_documents_are_the_feeds_the_directory_and_the_pages() -> None:
    assert [path for path, _ in documents_of([make_item(topics=(AUTOMATION,))], SITE)] == [
        "all/rss.xml",
        "all/atom.xml",
        "all/feed.json",
        "all/index.html",
        "mesh-automation/rss.xml",
        "mesh-automation/atom.xml",
        "mesh-automation/feed.json",
        "mesh-automation/index.html",
        "index.opml",
        "index.html",
        "style.css",
    ]


def test_only_chosen_formats_are_written() -> None:
    site = structs.replace(SITE, formats=("json",))

    assert [path for path, _ in documents_of([], site)] == ["all/feed.json", "index.opml"]


def test_same_items_give_the_same_bytes_in_any_process() -> None:
    program = (
        "import hashlib; from msgspec.structs import replace; from feeds.store import SITE, small_store;"
        "from syndicate.feeds.feed import KINDS;"
        "from syndicate.feeds.press import documents_of; whole = hashlib.sha256();"
        "site = replace(SITE, size=1, kinds=KINDS, least=1);"
        "[whole.update(p.encode() + b) for p, b in documents_of(small_store(), site)];"
        "print(whole.hexdigest())"
    )
    tests = Path(__file__).parents[1]

    def digest(seed: str, zone: str, locale: str) -> str:
        places = {
            "PYTHONPATH": f"{tests.parent / 'src'}{os.pathsep}{tests}",
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "LC_ALL": locale,
        }
        ran = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | places,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return ran.stdout.strip()

    here = hashlib.sha256()
    for path, content in documents_of(small_store(), structs.replace(SITE, size=1, kinds=KINDS, least=1)):
        here.update(path.encode() + content)

    told = {digest("1", "Pacific/Kiritimati", "C"), digest("4242", "America/St_Johns", "C.UTF-8")}
    assert told == {here.hexdigest()}


@pytest.mark.parametrize(
    "path", ["all/rss.xml", "all/atom.xml", "all/feed.json", "all/index.html", "index.html", "index.opml"]
)
def test_documents_are_as_they_were_agreed(path: str) -> None:
    """After a change on purpose, run once with SYNDICATE_GOLDEN=write and read the diff of tests/data/feeds."""
    made = dict(documents_of(small_store(), SITE))[path]
    golden = DATA / path.replace("/", ".")
    if os.environ.get("SYNDICATE_GOLDEN") == "write":
        golden.write_bytes(made)

    assert made == golden.read_bytes()


def test_json_feed_names_its_hubs() -> None:
    feed = feeds_of(small_store(), SITE)[0]

    told = json.loads(FORMATS["json"].render(feed, structs.replace(SITE, hubs=("https://hub.example/",))))

    assert told["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]
    assert "hubs" not in json.loads(FORMATS["json"].render(feed, SITE))


def test_json_feed_is_utf_8_with_keys_in_the_order_of_the_specification() -> None:
    document = FORMATS["json"].render(feeds_of(small_store(), SITE)[0], SITE)

    told = json.loads(document)
    assert list(told) == [
        "version",
        "title",
        "home_page_url",
        "feed_url",
        "description",
        "authors",
        "language",
        "_syndicate",
        "items",
    ]
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert told["feed_url"] == "https://example.org/feeds/all/feed.json"
    assert "مستقبل" in document.decode()
    assert "image" not in told["items"][1]


def test_formats_load_without_their_renderers() -> None:
    program = (
        "import sys, syndicate.feeds.formats; print([m for m in ('feedgen', 'lxml', 'jinja2') if m in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert ran.stdout.strip() == "[]"


def test_json_feed_tells_what_it_has_no_members_for_below_its_own() -> None:
    site = structs.replace(SITE, icon="https://example.org/i.png", rights="© Example")
    item = make_item(topics=(CODING,), section="News", offerings=(Offering("Scanner", "https://shop.example/"),))

    told = json.loads(FORMATS["json"].render(feeds_of([item], site)[0], site))

    assert (told["icon"], told["favicon"], told["_syndicate"]["rights"]) == (site.icon, site.icon, site.rights)
    own = told["items"][0]["_syndicate"]
    assert (own["section"], own["source_title"]) == ("News", "source.example")
    assert own["related"] == [{"title": "Scanner", "url": "https://shop.example/"}]
    assert own["categories"][0] == {
        "term": "symplur-medical-coding",
        "label": "Medical Coding",
        "scheme": "https://example.org/feeds/#topics-symplur",
    }


@given(st.recursive(st.text(max_size=9), lambda some: st.lists(some, max_size=4) | st.dictionaries(st.text(), some)))
def test_json_is_written_as_the_library_writes_it(value: object) -> None:
    assert _text(value, "\n") == json.dumps(value, ensure_ascii=False, indent=1)
