from __future__ import annotations

import random
from datetime import timedelta

import pytest
from msgspec.structs import replace

from feeds.store import AUTOMATION, CODING, SITE, day, make_item, small_store
from syndicate.feeds.catalogue import Catalogue
from syndicate.feeds.feed import KINDS, Feed, Neighbour, feeds_of, keys_of
from syndicate.feeds.query import Query, Terms
from syndicate.feeds.site import Named, Shape, Site
from syndicate.items.item import Item, Topic


def by_key(feeds: tuple[Feed, ...]) -> dict[str, Feed]:
    return {feed.key: feed for feed in feeds}


def ids(feed: Feed) -> list[str]:
    return [entry.id.rpartition(":")[2] for entry in feed.entries]


def test_there_is_a_feed_for_all_each_section_each_topic_and_each_language() -> None:
    feeds = feeds_of(small_store(), SITE)

    assert [(feed.key, feed.path, feed.label) for feed in feeds] == [
        ("all", "all", "All of Example News"),
        ("section:news", "section/news", "News"),
        ("section:opinion", "section/opinion", "Opinion"),
        ("topic:mesh-automation", "mesh-automation", "Automation"),
        ("topic:symplur-medical-coding", "symplur-medical-coding", "Medical Coding"),
        ("language:en", "language/en", "English"),
        ("language:ar", "language/ar", "العربية"),
    ]
    assert {key for item in small_store() for key in keys_of(item, SITE)} == {feed.key for feed in feeds}


def test_newest_comes_first_and_ties_are_settled_by_id() -> None:
    items = [make_item(1, published=day(5)), make_item(2, published=day(5)), make_item(3, published=day(6))]

    assert ids(feeds_of(items, SITE)[0]) == ["3", "2", "1"]


def test_order_of_items_does_not_matter() -> None:
    items = [make_item(number, topics=(AUTOMATION, CODING)[: number % 3]) for number in range(1, 20)]
    shuffled = random.Random(7).sample(items, len(items))

    assert feeds_of(items, SITE) == feeds_of(shuffled, SITE)


def test_a_feed_is_capped_but_counts_all() -> None:
    feed = feeds_of([make_item(number) for number in range(1, 8)], replace(SITE, size=3))[0]

    assert (ids(feed), feed.total) == (["7", "6", "5"], 7)


def test_updated_is_the_newest_change_of_an_entry() -> None:
    feed = feeds_of([make_item(1, updated=day(9)), make_item(2)], SITE)[0]

    assert feed.updated == day(9)


def test_empty_store_has_one_empty_feed_with_a_fixed_date() -> None:
    (feed,) = feeds_of([], SITE)

    assert (feed.key, feed.entries, feed.updated) == ("all", (), SITE.since)


def test_known_topic_without_items_keeps_an_empty_feed() -> None:
    feed = by_key(feeds_of([make_item()], SITE, topics=[CODING]))["topic:symplur-medical-coding"]

    assert (feed.entries, feed.total, feed.updated) == ((), 0, SITE.since)


def test_of_two_items_with_one_id_the_later_revised_counts() -> None:
    old, new = make_item(1, title="Old"), make_item(1, title="New", updated=day(8))

    assert [entry.title for entry in feeds_of([new, old], SITE)[0].entries] == ["New"]
    assert feeds_of([new, old], SITE) == feeds_of([old, new], SITE)


def test_topic_that_is_named_like_the_shelfs_own_folders_steps_aside() -> None:
    names = ("all", "section", "media", "index", "topic-all")
    feeds = feeds_of([make_item(topics=tuple(Topic(name, name) for name in names))], SITE)

    paths = [feed.path for feed in feeds]
    assert len(set(paths)) == len(paths)
    assert not {"section", "media", "index"} & set(paths)


def test_commonest_spelling_names_the_topic_and_the_section() -> None:
    items = [
        make_item(1, topics=(Topic("ai", "A.I."),), section="news"),
        make_item(2, topics=(Topic("ai", "AI"),), section="News"),
        make_item(3, topics=(Topic("ai", "AI"),), section="News"),
    ]

    assert [feed.label for feed in feeds_of(items, SITE)] == ["All of Example News", "News", "AI"]


def test_same_label_in_two_vocabularies_is_told_apart() -> None:
    topics = (Topic("mesh-ai", "AI", "MeSH"), Topic("it-ai", "AI", "IT News"), Topic("ai", "ai"))

    labels = {feed.label for feed in feeds_of([make_item(topics=topics)], SITE)}

    assert labels == {"All of Example News", "AI (MeSH)", "AI (IT News)", "ai"}


def test_topic_without_label_is_named_by_its_slug() -> None:
    assert feeds_of([make_item(topics=(Topic("odd", "\x00"), Topic("", "None")))], SITE)[-1].label == "odd"


def test_neighbours_are_the_topics_that_share_items() -> None:
    feeds = by_key(feeds_of(small_store(), SITE))

    assert feeds["topic:mesh-automation"].neighbours == (Neighbour("symplur-medical-coding", "Medical Coding", 1),)
    assert feeds["section:news"].neighbours == (
        Neighbour("mesh-automation", "Automation", 1),
        Neighbour("symplur-medical-coding", "Medical Coding", 1),
    )
    assert feeds["all"].neighbours == (
        Neighbour("symplur-medical-coding", "Medical Coding", 2),
        Neighbour("mesh-automation", "Automation", 1),
    )


def test_feed_of_all_speaks_for_the_site() -> None:
    feed = feeds_of([], SITE)[0]
    nameless = feeds_of([], replace(SITE, description=""))[0]

    assert (feed.title, feed.description) == ("Example News", "Hand-picked news, by topic")
    assert nameless.description == "Everything new on Example News"


def test_topics_own_page_is_known_where_it_is_safe() -> None:
    items = [make_item(topics=(AUTOMATION, Topic("x", "X", url="javascript:1")))]

    assert [feed.home for feed in feeds_of(items, SITE)] == [None, AUTOMATION.url, None]


def test_a_language_has_a_feed_where_there_is_another_one() -> None:
    one = feeds_of([make_item(1), make_item(2)], SITE)
    two = feeds_of([make_item(1), make_item(2, language="pt-BR")], SITE)

    assert [feed.key for feed in one] == ["all"]
    assert [(feed.path, feed.label, feed.language) for feed in two[1:]] == [
        ("language/en", "English", "en"),
        ("language/pt-br", "Português (pt-BR)", "pt-BR"),
    ]


def test_vocabularies_sources_authors_and_tags_have_feeds_where_asked_and_where_they_pay() -> None:
    site = replace(SITE, kinds=("vocabulary", "source", "author", "tag"), least=2)
    items = [
        make_item(1, topics=(AUTOMATION, CODING), authors=("Ada Lovelace",), tags=("C++", "rare")),
        make_item(2, topics=(AUTOMATION,), authors=("Ada Lovelace",), tags=("C++", "C#")),
        make_item(3, brand="other.example", tags=("#C#", "c++")),
    ]

    feeds = feeds_of(items, site)

    assert [(feed.key, feed.path, feed.label, feed.total) for feed in feeds[1:]] == [
        (
            "vocabulary:medical-subject-headings-mesh",
            "vocabulary/medical-subject-headings-mesh",
            "Medical Subject Headings (MeSH)",
            2,
        ),
        ("source:source-example", "source/source-example", "source.example", 2),
        ("author:ada-lovelace", "author/ada-lovelace", "Ada Lovelace", 2),
        ("tag:c-sharp", "tag/c-sharp", "C#", 2),
        ("tag:c-plus-plus", "tag/c-plus-plus", "C++", 3),
    ]


def test_a_long_name_keeps_a_folder_of_its_own() -> None:
    site = replace(SITE, kinds=("tag",), least=1)
    tags = tuple("long " * 30 + end for end in "ab")

    paths = [feed.path for feed in feeds_of([make_item(tags=tags)], site)[1:]]

    assert len(set(paths)) == 2
    assert max(map(len, paths)) < 80


def test_a_named_feed_holds_what_its_query_takes_even_if_that_is_nothing() -> None:
    coding = Named(
        "coding",
        Query(topics=Terms(some=("symplur-*",), none=("mesh-automation",))),
        "Coding only",
        "Nothing else",
        "https://example.org/coding.png",
        Shape(size=1, content="summary", formats=("rss",)),
    )
    site = replace(SITE, kinds=("named",), named=(coding, Named("none", Query(tags=Terms(some=("no such tag",))))))

    _, feed, empty = feeds_of([*small_store(), make_item(9, topics=(CODING,), body_html="<p>Long</p>")], site)

    assert (empty.path, empty.entries, empty.label) == ("feed/none", (), "none")
    assert (feed.key, feed.path, feed.title) == ("feed:coding", "feed/coding", "Coding only · Example News")
    assert (feed.description, feed.image, feed.formats) == ("Nothing else", coding.image, ("rss",))
    assert (ids(feed), feed.total) == (["9"], 2)
    assert "Long" not in feed.entries[0].content_html


def test_items_leave_a_named_feed_by_age() -> None:
    week = Named("week", Query(most_age=timedelta(days=7)))
    site = replace(SITE, kinds=("named",), named=(week,))
    items = {item.id: item for item in (make_item(1), make_item(5))}
    catalogue = Catalogue(site)

    assert catalogue.update(items, day(6)) == {"all", "feed:week"}
    assert catalogue.feed("feed:week").total == 2
    assert catalogue.update(items, day(7)) == frozenset()
    assert catalogue.update(items, day(9)) == {"feed:week"}
    assert [item.id for item in catalogue.members("feed:week")] == ["curations:5"]
    assert catalogue.feed("feed:week").total == 1


def test_a_feed_is_capped_by_bytes_but_one_entry_always_stands() -> None:
    items = [make_item(number, body_html="<p>" + "ä" * 2000) for number in range(1, 6)]

    assert ids(feeds_of(items, replace(SITE, most_bytes=11_000))[0]) == ["5", "4"]
    assert ids(feeds_of(items, replace(SITE, most_bytes=1))[0]) == ["5"]


def test_kinds_may_have_a_shape_of_their_own() -> None:
    site = replace(SITE, kinds=("section",), shapes={"section": Shape(link="own", formats=("atom",))})
    item = make_item(section="News", page="https://example.org/page/")

    everything, news = feeds_of([item], site)

    assert (everything.formats, news.formats) == (SITE.formats, ("atom",))
    assert (everything.entries[0].link, news.entries[0].link) == (item.link, item.page)


def random_item(number: int, chance: random.Random) -> Item:
    topics = [Topic(f"t{n}", chance.choice(("One", "Two", f"T{n}")), chance.choice((None, "V", "W"))) for n in range(5)]
    return make_item(
        number,
        published=day(chance.randrange(9)),
        topics=tuple(chance.sample(topics, chance.randrange(4))),
        section=chance.choice((None, "News", "news", "Opinion")),
        tags=tuple(chance.sample(("a", "b", "c"), chance.randrange(3))),
        language=chance.choice(("en", "en", "de")),
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_catalogue_that_is_told_changes_equals_one_made_anew(seed: int) -> None:
    chance = random.Random(seed)
    site = replace(SITE, kinds=KINDS, size=3)
    items: dict[str, Item] = {}
    told, told_which = Catalogue(site), Catalogue(site)
    for _ in range(25):
        numbers = chance.sample(range(12), 2)
        for number in numbers:
            if chance.random() < 0.3:
                items.pop(f"curations:{number}", None)
            else:
                items[f"curations:{number}"] = random_item(number, chance)
        before = {feed.key: feed for feed in told.feeds}

        topics = (Topic("t1", "T1"), Topic("t9", "Nine")) if seed % 2 else ()
        touched = told.update(items, day(99), topics=topics)
        which = {f"curations:{number}" for number in (*numbers, 99)}
        assert told_which.update(items, day(99), topics=topics, only=which) == touched
        assert told_which.feeds == told.feeds

        anew = Catalogue(site)
        anew.update(items, day(99))
        known = [feed for feed in told.feeds if feed.total or feed.kind != "topic"]
        assert known == list(anew.feeds)
        assert all(told.members(feed.key) == anew.members(feed.key) for feed in known)
        assert {feed.key for feed in told.feeds if before.get(feed.key) != feed} <= touched


def test_a_topic_keeps_its_feed_and_its_name_when_its_last_item_leaves() -> None:
    catalogue = Catalogue(SITE)
    item = make_item(topics=(CODING,))
    catalogue.update({item.id: item}, day(1))

    assert catalogue.update({}, day(1)) == {"all", "topic:symplur-medical-coding"}

    feed = catalogue.feed("topic:symplur-medical-coding")
    assert (feed.label, feed.total) == ("Medical Coding", 0)


def test_a_topic_without_items_is_called_as_it_is_told() -> None:
    catalogue = Catalogue(SITE)
    item = make_item(topics=(replace(CODING, label="medical coding"),))
    catalogue.update({item.id: item}, day(1))

    catalogue.update({}, day(1), topics=(CODING,))

    assert catalogue.feed("topic:symplur-medical-coding").label == "Medical Coding"


def test_titles_and_descriptions_speak_the_language_of_the_site_or_the_operators_words() -> None:
    german = replace(SITE, language="de-AT", description="")
    own = replace(german, pages=replace(german.pages, words=(("topic_about", "{site} über {label}"),)))
    items = [make_item(topics=(CODING,), body_html="")]

    def told(site: Site) -> list[tuple[str, str]]:
        return [(feed.label, feed.description) for feed in feeds_of(items, site)]

    assert told(german) == [
        ("Alles von Example News", "Alles Neue von Example News"),
        ("Medical Coding", "Was Example News zu Medical Coding veröffentlicht"),
    ]
    assert told(own)[1] == ("Medical Coding", "Example News über Medical Coding")
    assert "<p>Quelle: <a" in feeds_of(items, german)[0].entries[0].content_html
    assert [feed.key for feed in feeds_of(items, german)] == [feed.key for feed in feeds_of(items, SITE)]
