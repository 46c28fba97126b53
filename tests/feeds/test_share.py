from __future__ import annotations

import json
from dataclasses import replace

import pytest
from lxml import html
from msgspec import structs

from feeds.store import AUTOMATION, CODING, PHOTO, SITE, make_item, small_store
from syndicate.feeds.feed import newest_of
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.press import Press, documents_of
from syndicate.feeds.share import body_of, shared_of
from syndicate.items.item import Item, Offering
from syndicate.posts.card import CardRules, card_of, share_path
from syndicate.posts.cardimage import CardLook

SHARING = structs.replace(SITE, pages=PageRules(share="page"))
CURATED, FOREIGN, OWN = small_store()


def read(item: Item, site=SHARING, *others: Item) -> html.HtmlElement:
    documents = dict(documents_of([item, *others], site))
    return html.document_fromstring(documents[f"{share_path(item.id)}/index.html"].decode())


def metas(page: html.HtmlElement, key: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in page.xpath(f"//meta[@{key}]"):
        found.setdefault(tag.get(key), []).append(tag.get("content"))
    return found


def linked(page: html.HtmlElement) -> dict:
    (block,) = page.xpath("//script")
    assert block.get("type") == "application/ld+json"
    return json.loads(block.text)


def test_address_depends_on_the_id_alone() -> None:
    path = share_path("open-project-curations:18551")

    assert path.startswith("item/open-project-curations-18551-")
    assert share_path("a:b") != share_path("a-b")
    assert (
        shared_of(replace(CURATED, title="Other", slug="other"), SHARING).address == shared_of(CURATED, SHARING).address
    )


def test_share_pages_stand_only_where_asked_for() -> None:
    def pages(site) -> list[str]:
        return [path for path, _ in documents_of(small_store(), site) if path.startswith("item/")]

    assert len(pages(SHARING)) == 3
    assert pages(SITE) == []
    assert pages(structs.replace(SHARING, formats=("rss",))) == []


def test_open_graph_is_whole_and_its_image_parts_follow_the_image() -> None:
    page = read(CURATED, structs.replace(SHARING, cards=CardLook(brand="Example")))
    told = metas(page, "property")

    assert list(told)[:12] == [
        "og:type",
        "og:title",
        "og:description",
        "og:url",
        "og:site_name",
        "og:locale",
        "og:image",
        "og:image:secure_url",
        "og:image:type",
        "og:image:width",
        "og:image:height",
        "og:image:alt",
    ]
    assert (told["og:image:width"], told["og:image:height"]) == (["1200"], ["630"])
    assert told["og:url"] == [f"https://example.org/feeds/{share_path(CURATED.id)}/"]
    assert told["article:published_time"] == ["2026-03-03T09:30:00+00:00"]
    assert told["article:modified_time"] == ["2026-03-04T09:30:00+00:00"]
    assert told["article:author"] == ["Athira K", "Bo Ling"]
    assert told["article:section"] == ["News"]
    assert told["article:tag"] == ["Automation", "Medical Coding", "charts"]


def test_without_card_images_the_featured_image_is_told_as_it_is() -> None:
    told = metas(read(CURATED), "property")

    assert told["og:image"] == ["https://example.org/feeds/media/0123456789abcdef.jpg"]
    assert (told["og:image:width"], told["og:image:alt"]) == (["1920"], ["A nurse at a desk"])


def test_image_of_which_little_is_known_says_no_more() -> None:
    bare = replace(PHOTO, ref="http://cdn.example/a", alt="", media_type="", width_px=0, digest="")
    page = read(replace(CURATED, image=bare), structs.replace(SHARING, cards=CardLook(is_generating=False)))
    told = metas(read(replace(CURATED, image=bare)), "property")

    assert told["og:image"] == ["http://cdn.example/a"]
    assert not {"og:image:secure_url", "og:image:type", "og:image:width"} & told.keys()
    assert told["og:image:alt"] == [CURATED.title]
    assert page.xpath("//main//img/@referrerpolicy") == ["no-referrer"]


def test_twitter_card_names_accounts_where_they_are_set() -> None:
    site = structs.replace(SITE, pages=PageRules(share="page", twitter_site="@example", twitter_creator="@athira"))
    told = metas(read(CURATED, site), "name")

    assert told["twitter:card"] == ["summary_large_image"]
    assert told["twitter:image:alt"] == ["A nurse at a desk"]
    assert (told["twitter:site"], told["twitter:creator"]) == (["@example"], ["@athira"])
    assert metas(read(OWN), "name")["twitter:card"] == ["summary"]


def test_title_and_summary_are_those_of_the_card() -> None:
    cards = CardRules(title=("twitter", "title"))
    item = replace(CURATED, twitter=structs.replace(CURATED.twitter, title="As told on X"))
    told = metas(read(item, structs.replace(SITE, pages=PageRules(share="page", cards=cards))), "property")

    assert told["og:title"] == ["As told on X"] == [card_of(item, cards).title]


# Google, "Article (Article, NewsArticle, BlogPosting) structured data", recommended properties; it requires none
# (read 2026-11).
GOOGLE = {"author", "dateModified", "datePublished", "headline", "image"}


def test_own_item_is_a_news_article_with_all_that_google_reads() -> None:
    told = linked(
        read(
            replace(OWN, image=PHOTO, authors=("Athira K",)),
            structs.replace(SHARING, logo="https://example.org/l.png"),
        )
    )

    assert told["@context"] == "https://schema.org"
    assert told["@type"] == "NewsArticle"
    assert told.keys() >= GOOGLE | {"publisher", "mainEntityOfPage", "inLanguage"}
    assert told["author"] == [{"@type": "Person", "name": "Athira K"}]
    assert told["publisher"]["logo"]["url"] == "https://example.org/l.png"
    assert len(told["headline"]) <= 110


def test_own_item_without_author_is_the_publishers() -> None:
    assert linked(read(OWN))["author"] == [
        {"@type": "Organization", "name": "Example Ltd", "url": "https://example.org/"}
    ]


def test_curated_item_is_a_bookmark_of_the_article() -> None:
    told = linked(read(CURATED))

    assert told["@type"] == "WebPage"
    assert told["isBasedOn"] == told["citation"] == CURATED.link
    assert told["mainEntity"]["@type"] == "BookmarkAction"
    assert told["mainEntity"]["object"]["publisher"] == {"@type": "Organization", "name": "source.example"}
    assert told["primaryImageOfPage"]["width"] == 1920
    assert linked(read(FOREIGN))["inLanguage"] == "ar"


def test_nothing_in_a_title_ends_the_data_block() -> None:
    item = replace(CURATED, title="</script><script>alert(1)</script><!-- & \u2028")
    page = read(item)

    assert len(page.xpath("//script")) == 1
    assert "alert(1)" in linked(page)["name"]
    assert "<" not in page.xpath("string(//script)")


@pytest.mark.parametrize(
    ("item", "rules", "canonical", "robots"),
    [
        (CURATED, PageRules(share="page"), "https://source.example/3/", "max-image-preview:large"),
        (OWN, PageRules(share="page"), "https://example.org/news/1/", "max-image-preview:large"),
        (CURATED, PageRules(share="page", canonical="own"), "SELF", "max-image-preview:large"),
        (OWN, PageRules(share="page", index="own"), "https://example.org/news/1/", "max-image-preview:large"),
        (CURATED, PageRules(share="page", index="own"), None, "noindex"),
        (OWN, PageRules(share="page", index="none"), None, "noindex"),
    ],
)
def test_canonical_and_robots_never_contradict(
    item: Item, rules: PageRules, canonical: str | None, robots: str
) -> None:
    page = read(item, structs.replace(SITE, pages=rules))
    own = f"https://example.org/feeds/{share_path(item.id)}/"

    assert page.xpath("//link[@rel='canonical']/@href") == [own if canonical == "SELF" else canonical] * (
        canonical is not None
    )
    assert metas(page, "name")["robots"] == [robots]


def test_curated_page_leads_on_and_does_not_copy_the_article() -> None:
    page = read(CURATED)

    assert page.xpath("//a[contains(@class, 'button')]/@href") == [CURATED.link]
    assert "source.example" in page.xpath("string(//*[@class='from'])")
    assert "code charts; people" in page.text_content()
    assert page.xpath("//*[@class='body']") == []


def test_own_page_shows_the_text() -> None:
    page = read(replace(OWN, body_html="<h1>One</h1><p>Text</p><h4>Two</h4><img src='x'>"))

    assert page.xpath("//*[@class='body']//h2/text()") == ["One"]
    assert page.xpath("//*[@class='body']//h3/text()") == ["Two"]
    assert page.xpath("count(//h1)") == 1
    assert page.xpath("//*[@class='body']//img/@alt") == [""]
    assert page.xpath("//a[contains(@class, 'button')]/@href") == [OWN.page]


def test_text_too_long_for_a_share_page_is_left_to_the_items_own_page() -> None:
    long = replace(OWN, body_html=f"<p>{'ä' * 40_000}</p>")

    page = read(long)

    assert page.xpath("//*[@class='body']") == []
    assert page.xpath("//p[@class='lead']/text()") == [OWN.summary]
    assert page.xpath("//a[contains(@class, 'button')]/@href") == [OWN.page]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<h3>a</h3><h6>b</h6><h3>c</h3>", "<h2>a</h2><h3>b</h3><h2>c</h2>"),
        ('<h2 dir="rtl">a</h2>', '<h2 dir="rtl">a</h2>'),
        ("<hr><p>a</p>", "<hr><p>a</p>"),
        ('<img src="a" alt="b">', '<img src="a" alt="b">'),
    ],
)
def test_headings_of_a_body_are_in_order(body: str, shown: str) -> None:
    assert body_of(make_item(body_html=body)) == shown


def test_redirect_leads_on_at_once_with_a_link_to_be_seen() -> None:
    site = structs.replace(SITE, pages=PageRules(share="redirect"))
    page = read(CURATED, site)

    assert page.xpath("//meta[@http-equiv='refresh']/@content") == [f"0; url={CURATED.link}"]
    assert page.xpath("//a[contains(@class, 'button')]/@href") == [CURATED.link]
    assert read(CURATED).xpath("//meta[@http-equiv='refresh']") == []


def test_page_names_neighbours_in_the_first_topic_and_related_offerings() -> None:
    offered = replace(make_item(5, topics=(CODING,)), offerings=(Offering("Scanner", "https://shop.example/"),))
    others = (make_item(4, topics=(AUTOMATION, CODING)), make_item(6, topics=(CODING,)), make_item(7))
    page = read(offered, SHARING, *others)

    assert page.xpath("//a[@rel='prev']/@href") == [f"../../{share_path('curations:4')}/"]
    assert page.xpath("//a[@rel='next']/@href") == [f"../../{share_path('curations:6')}/"]
    assert page.xpath("//*[@class='related']//a/@href") == ["https://shop.example/"]
    assert page.xpath("//link[@type='application/rss+xml']/@href") == ["../../symplur-medical-coding/rss.xml"]


def test_where_topics_have_no_feeds_neighbours_are_those_among_all() -> None:
    site = structs.replace(SHARING, kinds=("all",))
    items = [make_item(number, topics=(CODING,) if number % 2 else ()) for number in (4, 5, 6)]

    page = read(items[1], site, items[0], items[2])

    assert page.xpath("//a[@rel='prev']/@href") == [f"../../{share_path('curations:4')}/"]
    assert page.xpath("//a[@rel='next']/@href") == [f"../../{share_path('curations:6')}/"]


def test_a_pass_touches_only_pages_of_changed_items_and_their_neighbours() -> None:
    press = Press(SHARING)
    items = [make_item(number, topics=(CODING,)) for number in range(1, 8)]

    def marks(now: list[Item]) -> dict[str, object]:
        documents = press.documents(newest_of(now), items[-1].published)
        return {one.path: one.mark for one in documents if one.path.startswith("item/")}

    before = marks(items)
    edited = marks([replace(items[0], summary="Edited"), *items[1:]])
    renamed = marks([replace(items[3], title="Renamed"), *items[:3], *items[4:]])
    fewer = marks(items[:-1])

    assert [path for path in before if before[path] != edited[path]] == [f"{share_path('curations:1')}/index.html"]
    assert len([path for path in before if before[path] != renamed[path]]) == 3
    assert before.keys() - fewer.keys() == {f"{share_path('curations:7')}/index.html"}


def test_language_without_territory_gets_the_known_one_or_none() -> None:
    def locale(language: str) -> list[str]:
        return metas(read(replace(OWN, language=language)), "property").get("og:locale", [])

    assert locale("pt-br") == ["pt_BR"]
    assert locale("zh-Hant-TW") == ["zh_TW"]
    assert locale("tlh") == []
