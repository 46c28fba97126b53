from __future__ import annotations

import random
from dataclasses import replace

from feeds.store import AUTOMATION, CODING, SITE, day, make_item, small_store
from syndicate.feeds.feed import Feed, Neighbour, feeds_of, keys_of
from syndicate.items.item import Topic


def by_key(feeds: tuple[Feed, ...]) -> dict[str, Feed]:
    return {feed.key: feed for feed in feeds}


def ids(feed: Feed) -> list[str]:
    return [entry.id.rpartition(":")[2] for entry in feed.entries]


def test_there_is_a_feed_for_all_each_section_and_each_topic() -> None:
    feeds = feeds_of(small_store(), SITE)

    assert [(feed.key, feed.path, feed.label) for feed in feeds] == [
        ("all", "all", "All of Example News"),
        ("section:news", "section/news", "News"),
        ("section:opinion", "section/opinion", "Opinion"),
        ("topic:mesh-automation", "mesh-automation", "Automation"),
        ("topic:symplur-medical-coding", "symplur-medical-coding", "Medical Coding"),
    ]
    assert {key for item in small_store() for key in keys_of(item)} == {feed.key for feed in feeds}


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
