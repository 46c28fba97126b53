from __future__ import annotations

from lxml import html

from feeds.store import SITE, make_item
from syndicate.feeds.directory import groups_of
from syndicate.feeds.feed import LATEST, Feed, feeds_of, newest_of
from syndicate.feeds.formats import INDEX
from syndicate.feeds.press import Press
from syndicate.items.item import Item, Topic

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def store(*labels: str, vocabulary: str = "MeSH") -> list[Item]:
    """One item with a topic of each label; every tenth topic stands in a second one, too."""
    topics = tuple(Topic(f"{vocabulary.lower()}-{n}", label, vocabulary) for n, label in enumerate(labels))
    return [make_item(1, topics=topics), make_item(2, topics=topics[::10])]


def shelf(*labels: str) -> dict[str, bytes]:
    """The front page and the pages of large groups."""
    documents = Press(SITE).documents(newest_of(store(*labels)), LATEST)
    return {one.path: one.make() for one in documents if one.path == INDEX or one.path.startswith("pages/")}


def feeds(*labels: str, vocabulary: str = "MeSH") -> list[Feed]:
    return [feed for feed in feeds_of(store(*labels, vocabulary=vocabulary), SITE) if feed.kind == "topic"]


def test_five_hundred_topics_keep_every_page_light_and_each_topic_in_reach() -> None:
    labels = [f"{LETTERS[number % 26]}opic number {number}" for number in range(500)]
    documents = shelf(*labels)

    assert documents == shelf(*labels)
    assert max(map(len, documents.values())) < 100_000
    front = html.fromstring(documents["index.html"].decode())
    ways = front.xpath("//nav[@class='letters']//a/@href")
    assert [way.partition("#letter-")[2] for way in ways] == list(LETTERS)
    found = []
    for way in dict.fromkeys(way.partition("#")[0] for way in ways):
        sheet = html.fromstring(documents[f"{way}index.html"].decode())
        found += sheet.xpath("//section[@class='group']//a[@class='name']/span[1]/text()")
    assert sorted(found) == sorted(labels)
    for way in ways:
        path, _, anchor = way.partition("#")
        assert html.fromstring(documents[f"{path}index.html"].decode()).xpath(f"//*[@id='{anchor}']")


def test_front_page_shows_the_fullest_of_a_large_group() -> None:
    group = groups_of(feeds(*(f"Topic {number:02}" for number in range(41))), SITE.words)[0]

    assert [feed.total for feed in group.shown] == [2] * 5 + [1] * 7
    assert len(group.feeds) == 41


def test_small_group_stands_whole_on_the_front_page() -> None:
    group = groups_of(feeds(*(f"Topic {number}" for number in range(40))), SITE.words)[0]

    assert (group.shown, group.sheets, group.letters) == (group.feeds, (), ())


def test_labels_stand_under_their_first_letter_whatever_its_marks_and_signs_come_first() -> None:
    labels = ["Élan", "3D print", "ähnlich", "(x)", "العربية", "健康", *(f"Zed {n}" for n in range(40))]

    group = groups_of(feeds(*labels), SITE.words)[0]

    assert [letter.name for letter in group.letters] == ["#", "A", "E", "Z", "ا", "健"]


def test_script_with_hundreds_of_letters_is_listed_by_page() -> None:
    group = groups_of(feeds(*(chr(0x4E00 + number) * 3 for number in range(300))), SITE.words)[0]

    assert len(group.letters) == len(group.sheets) > 1


def test_groups_of_one_anchor_or_a_long_one_have_folders_of_their_own() -> None:
    many = [f"Topic {number}" for number in range(41)]
    found = [
        *feeds(*many, vocabulary="IT News"),
        *feeds(*many, vocabulary="it news"),
        *feeds(*many, vocabulary="x" * 90),
    ]

    folders = [group.sheets[0].path for group in groups_of(found, SITE.words)]

    assert len(set(folders)) == 3
    assert all(len(folder) < 60 for folder in folders)


def test_front_page_that_is_full_names_further_groups_only() -> None:
    found = [
        feed for n in range(12) for feed in feeds(*(f"{n} {m} " + "x" * 60 for m in range(20)), vocabulary=f"V{n:02}")
    ]

    groups = groups_of(found, SITE.words)

    assert groups[0].shown == groups[0].feeds
    assert groups[-1].shown == ()
    assert len(groups[-1].sheets) == 1
