from __future__ import annotations

from urllib.parse import unquote, urljoin

import pytest
from jinja2 import TemplateNotFound
from lxml import html
from msgspec.structs import replace

from feeds.store import AUTOMATION, CODING, PHOTO, SITE, day, make_item, small_store
from syndicate.errors import ConfigError
from syndicate.feeds import page as pages
from syndicate.feeds.feed import Feed, feeds_of
from syndicate.feeds.page import landing_page, page, rendered, stylesheet
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.press import documents_of
from syndicate.items.item import Topic


def feed_of(key: str, items: list | None = None) -> Feed:
    return next(feed for feed in feeds_of(small_store() if items is None else items, SITE) if feed.key == key)


def read(document: bytes) -> html.HtmlElement:
    return html.document_fromstring(document.decode())


def test_page_announces_its_feeds_to_readers_and_browsers() -> None:
    links = read(page(feed_of("topic:mesh-automation"), SITE)).xpath("//link[@rel='alternate']")

    assert [(link.get("type"), link.get("href")) for link in links] == [
        ("application/rss+xml", "rss.xml"),
        ("application/atom+xml", "atom.xml"),
        ("application/feed+json", "feed.json"),
    ]


def test_page_shows_entries_with_link_image_date_source_and_topics() -> None:
    story = read(page(feed_of("all"), SITE)).xpath("//article")[0]

    assert story.xpath(".//h2/a/@href") == ["https://source.example/3/"]
    assert story.xpath(".//h2/a/text()") == ["Coding by machine & by hand"]
    assert story.xpath(".//img/@src") == ["../media/0123456789abcdef.jpg"]
    assert story.xpath(".//img/@alt") == ["A nurse at a desk"]
    assert story.xpath(".//time/@datetime") == ["2026-03-03T09:30:00+00:00"]
    assert story.xpath(".//time//text()") == ["3 March 2026"]
    assert "source.example" in story.xpath("string(.//*[@class='from'])")
    assert story.xpath(".//ul/li/a/@href") == ["../mesh-automation/", "../symplur-medical-coding/", "../section/news/"]


def test_own_pages_as_links_keep_a_way_to_the_source() -> None:
    site = replace(SITE, link="own")
    feed = feeds_of(small_store(), site)[0]

    assert read(page(feed, site)).xpath("//*[@class='from']/a/@href") == [
        "https://source.example/3/",
    ]


def test_page_two_folders_deep_finds_its_way_up() -> None:
    document = read(page(feed_of("section:news"), SITE))

    assert document.xpath("//link[@rel='stylesheet']/@href") == ["../../style.css"]
    assert document.xpath("//img/@src") == ["../../media/0123456789abcdef.jpg"]


def test_page_names_neighbours_and_the_topics_own_page() -> None:
    document = read(page(feed_of("topic:mesh-automation"), SITE))

    assert document.xpath("//aside//ul//a/@href") == ["../symplur-medical-coding/"]
    assert AUTOMATION.url in document.xpath("//main//a/@href")


def test_entry_in_another_language_says_so() -> None:
    heading = read(page(feed_of("section:opinion"), SITE)).xpath("//article//h2")[0]

    assert (heading.get("lang"), heading.get("dir")) == ("ar", "auto")


def test_site_from_right_to_left_turns_the_page_and_speaks_its_language() -> None:
    site = replace(SITE, language="ar")
    document = read(page(feeds_of(small_store(), site)[0], site))

    assert (document.get("lang"), document.get("dir")) == ("ar", "rtl")
    assert document.xpath("//time//text()")[0] == "3 مارس 2026"


def test_topics_of_one_label_are_told_apart_and_each_reads_in_its_own_direction() -> None:
    twin = Topic("automation", "Automation", "Symplur")
    feeds = feeds_of([make_item(topics=(AUTOMATION, twin, CODING))], SITE)

    chips = read(page(feeds[0], SITE)).xpath("//ul[@class='tags']//a")

    assert [chip.text_content() for chip in chips] == [
        "Automation (Medical Subject Headings (MeSH))",
        "Automation (Symplur)",
        "Medical Coding",
    ]
    assert {chip.get("dir") for chip in chips} == {"auto"}


def test_parts_between_dots_keep_the_direction_of_the_page() -> None:
    # A dot behind a part that is turned would stand on the part's other side, beside the next dot.
    site = replace(SITE, language="ar")
    parts = read(page(feeds_of(small_store(), site)[0], site)).xpath("//p[@class='facts']/*")

    assert {part.get("dir") for part in parts} == {None}
    assert all(part.xpath(".//bdi") for part in parts)


def test_empty_page_says_so() -> None:
    assert "Nothing here yet" in read(page(feed_of("all", []), SITE)).text_content()
    assert "Nothing is published yet" in read(landing_page(feeds_of([], SITE), SITE)).text_content()
    assert "Nothing is published yet" in read(landing_page([], SITE)).text_content()


def test_page_tells_when_there_is_more_than_it_shows() -> None:
    site = replace(SITE, size=2)

    assert "The newest 2 of 3." in read(page(feeds_of(small_store(), site)[0], site)).text_content()


def test_summary_that_repeats_the_title_is_not_shown_twice() -> None:
    feed = feeds_of([make_item(title="Just a title", summary="")], SITE)[0]

    assert read(page(feed, SITE)).xpath("//*[@class='summary']") == []


def test_landing_page_lists_every_feed_by_vocabulary_with_formats_and_counts() -> None:
    feeds = feeds_of([*small_store(), make_item(9, topics=(Topic("plain", "Plain"),))], SITE)

    document = read(landing_page(feeds, SITE))

    assert document.xpath("//*[@class='group']/h3/bdi/text()") == [
        "Sections",
        "Medical Subject Headings (MeSH)",
        "Symplur",
        "Topics",
        "Languages",
    ]
    rows = document.xpath("//*[@class='group']//li")
    assert [row.xpath("string(.//*[@class='name']/span[1])") for row in rows] == [
        "News",
        "Opinion",
        "Automation",
        "Medical Coding",
        "Plain",
        "English",
        "العربية",
    ]
    assert rows[3].xpath(".//*[@class='count']/text()") == ["2"]
    assert rows[0].xpath(".//a/@href") == [
        "section/news/",
        "section/news/rss.xml",
        "section/news/atom.xml",
        "section/news/feed.json",
    ]
    assert document.get_element_by_id("topics-medical-subject-headings-mesh") is not None


def test_pages_are_whole_in_themselves() -> None:
    for document in (page(feed_of("all"), SITE), landing_page(feeds_of(small_store(), SITE), SITE)):
        tree = read(document)
        assert not tree.xpath("//script | //style | //@style")
        assert tree.xpath("count(//h1)") == 1
        assert tree.xpath("//img[not(@alt)]") == []
        assert tree.xpath("//html/@lang") == ["en"]


def test_front_page_is_whole_without_its_script_which_stands_in_a_file() -> None:
    site = replace(SITE, pages=PageRules(has_filter=True))
    documents = dict(documents_of(small_store(), site))
    document = read(documents["index.html"])

    assert document.xpath("//script/@src") == ["filter.js"]
    assert not document.xpath("//script/text()")
    assert document.xpath("//*[@class='filter']/@hidden") == [""]
    assert len(document.xpath("//*[@class='group']//li")) == 6
    assert b"getElementById" in documents["filter.js"]
    assert "filter.js" not in dict(documents_of([], replace(site, formats=("rss",))))


def test_stylesheet_fetches_nothing_and_knows_the_dark() -> None:
    style = stylesheet(SITE).decode()

    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


@pytest.mark.parametrize("long", ["word " * 400, "x" * 3000])
def test_full_page_stays_below_100_kb(long: str) -> None:
    topics = tuple(Topic(f"vocabulary-topic-number-{n}", f"A topic of some length {n}", "V") for n in range(12))
    items = [
        make_item(
            number, title=long, summary=long, image=PHOTO, published=day(1), updated=day(1), topics=(*topics, CODING),
            authors=("An Author",) * 9, section="News",
        )
        for number in range(80)
    ]  # fmt: skip

    for feed in feeds_of(items, SITE):
        assert len(page(feed, SITE)) < 100_000
    assert len(landing_page(feeds_of(items, SITE), SITE)) < 100_000


def test_topic_with_another_script_links_encoded() -> None:
    feeds = feeds_of([make_item(topics=(Topic("健康", "健康"),))], SITE)

    assert read(landing_page(feeds, SITE)).xpath("//*[@class='group']//a/@href")[0] == "%E5%81%A5%E5%BA%B7/"


def test_readers_on_the_web_are_plain_links_to_their_own_way_of_subscribing() -> None:
    site = replace(SITE, pages=PageRules(readers=("feedly", "newsblur")))
    document = read(page(feeds_of(small_store(), site)[0], site))

    assert document.xpath("//*[@class='ways']//a/@href") == [
        "feed:https://example.org/feeds/all/rss.xml",
        "https://feedly.com/i/subscription/feed%2Fhttps%3A%2F%2Fexample.org%2Ffeeds%2Fall%2Frss.xml",
        "https://www.newsblur.com/?url=https%3A%2F%2Fexample.org%2Ffeeds%2Fall%2Frss.xml",
    ]
    assert document.xpath("//*[@class='addresses']//code/text()")[2] == "https://example.org/feeds/all/feed.json"


def test_history_is_paged_in_both_directions_and_announces_the_feed_itself() -> None:
    site = replace(SITE, size=2)
    documents = dict(documents_of([make_item(number) for number in range(1, 8)], site))
    older = [path for path in documents if "/archive/" in path and path.startswith("all/") and path.endswith(".html")]
    pages = {path: read(documents[path]) for path in ("all/index.html", *older)}

    seen, path = [], "all/index.html"
    while path:
        seen += pages[path].xpath("//article//h2/a/text()")
        onward = pages[path].xpath("//a[@rel='next']/@href")
        path = "all/" + onward[0].partition("all/")[2] + "index.html" if onward else ""

    assert set(seen) == {f"Item number {number}" for number in range(1, 8)}
    assert pages[older[-1]].xpath("//a[@rel='prev']/@href") == ["../../../all/"]
    assert pages[older[0]].xpath("//link[@rel='alternate']/@href")[0] == "../../../all/rss.xml"
    assert pages[older[0]].xpath("//link[@rel='canonical']/@href") == [
        SITE.address(older[0].removesuffix("index.html"))
    ]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_pages_have_one_h1_unique_ids_and_links_that_lead_to_files(language: str) -> None:
    site = replace(SITE, size=2, language=language, pages=PageRules(share="page"))
    documents = dict(documents_of(small_store(), site))

    for path, content in documents.items():
        if not path.endswith(".html"):
            continue
        document = read(content)
        ids = document.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        assert document.xpath("count(//h1)") == 1, path
        assert document.xpath("count(//main)") == 1, path
        for link in document.xpath("//a/@href | //link[@rel!='canonical']/@href"):
            target = urljoin(f"https://example.org/feeds/{path}", link).partition("#")[0]
            if not link.startswith("http") and target.startswith("https://example.org/feeds/"):
                file = unquote(target.removeprefix("https://example.org/feeds/"))
                assert (file + "index.html" if file.endswith("/") or not file else file) in documents, (path, link)


def test_fault_of_the_built_in_templates_is_nobody_elses() -> None:
    with pytest.raises(TemplateNotFound):
        rendered("nothing.html", SITE)


def test_a_template_of_the_operators_without_end_is_told_with_its_file_and_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "_MOST_STEPS", 10_000)
    endless = "\n{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}"
    site = replace(SITE, pages=PageRules(templates=(("landing.html", endless),), templates_folder="/own"))

    with pytest.raises(ConfigError) as caught:
        landing_page(feeds_of(small_store(), SITE), site)

    [fault] = caught.value.faults
    assert (fault.path, fault.code, fault.line) == ("/own/landing.html", "E-TEMPLATE", 2)
    assert "loops or calls without an end in reach" in fault.problem


def test_a_template_of_the_operators_makes_the_same_page_as_the_built_in_one() -> None:
    feeds = feeds_of(small_store(), SITE)
    own = '{% extends "built-in/landing.html" %}'
    site = replace(SITE, pages=PageRules(templates=(("landing.html", own),), templates_folder="/own"))

    assert landing_page(feeds, site) == landing_page(feeds, SITE)
