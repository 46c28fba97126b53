from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndicate.items.frontmatter import read
from syndicate.items.item import Image, Item, Offering, Teaser, Topic
from syndicate.items.mapping import Reading, item_from
from syndicate.items.presets import rules_of
from syndicate.items.rules import Rules

SITE = "https://site.example/"
MEDIGY = rules_of("medigy", site_url=SITE)
GENERIC = rules_of("generic", site_url=SITE)
CURATED = Path(__file__).parents[1] / "data" / "items" / "curated.md"
SAMPLE = Path(__file__).parents[3] / "shared" / "samples" / "ee45d414-c92a-5cac-84f4-6aea7d509bcf.md"


def reading_of(content: str, rules: Rules = GENERIC, *, path: str = "news/x.md", **more: Any) -> Reading:
    parts = read(content.encode(), path)
    assert parts is not None
    return item_from(*parts, path=path, rules=rules, **more)


def item_of(lines: str, rules: Rules = GENERIC, *, body: str = "Body.", path: str = "news/x.md") -> Item:
    """An item with the least fields that it needs and some more lines."""
    given = {line.partition(":")[0].lower() for line in lines.split("\n")}
    least = "" if given & {"date", "pubdate"} else "date: 2024-01-02\n"
    least += "" if "title" in given else "title: T\n"
    least += "" if "link" in given else "link: https://a.example/x\n"
    reading = reading_of(f"---\n{least}{lines}\n---\n{body}", rules, path=path)
    assert reading.item is not None, reading
    return reading.item


def test_an_item_of_the_schema_is_read_whole() -> None:
    reading = reading_of(CURATED.read_text(), MEDIGY, path="4711.md")

    assert reading.faults == ()
    assert reading.images == ("triage-featuredImage.jpeg",)
    assert reading.item == Item(
        id="harbour-curations:4711",
        path="4711.md",
        title="Triage Chatbots In Small Clinics",
        summary="Four rooms, one chatbot, six weeks. What changed for nurses and patients.",
        published=datetime(2024, 2, 29, tzinfo=UTC),
        updated=datetime(2024, 3, 1, 8, 30, 0, 125000, tzinfo=UTC),
        slug="clinicnotes-triage-chatbots-in-small-clinics",
        description="A clinic with four rooms put a chatbot in front of its phone line. After six weeks the nurses had "
        "an hour more each day, and the patients who needed…",
        body_html="<p>A clinic with four rooms put a chatbot in front of its phone line. After six weeks the nurses "
        "had an hour more each day, and the patients who needed a person reached one sooner. "
        '<a href="https://site.example/news/phone-lines">More on phone lines</a>.</p>',
        link="https://clinicnotes.example/triage-chatbots/",
        page="https://site.example/news/triage-chatbots-in-small-clinics",
        brand="clinicnotes.example",
        authors=("Mara Lindqvist",),
        topics=(
            Topic(
                "field-notes-clinic-triage", "Triage", "Field Notes (Clinic)", SITE + "topic/field-notes-clinic-triage"
            ),
            Topic(
                "field-notes-clinic-chatbots",
                "Chatbots",
                "Field Notes (Clinic)",
                SITE + "topic/field-notes-clinic-chatbots",
            ),
            Topic("care-index-primary-care", "Primary Care", "Care Index", SITE + "topic/care-index-primary-care"),
        ),
        tags=("News",),
        section="News",
        language="en",
        image=Image("triage-featuredImage.jpeg", "A phone on a reception desk"),
        open_graph=Teaser(
            "Triage chatbots in small clinics",
            "Four rooms, one chatbot, six weeks. What changed for nurses and patients.",
        ),
        twitter=Teaser(),
        offerings=(Offering("Deskline", "https://site.example/offering/deskline"),),
        group="4711",
    )


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared sample is not on this machine")
def test_the_shared_sample_goes_through_correctly() -> None:
    item = reading_of(SAMPLE.read_text(), MEDIGY, path=SAMPLE.name).item

    assert item is not None
    assert item.id == "open-project-curations:18551"
    assert [topic.slug for topic in item.topics] == [
        "medical-subject-headings-mesh-automation",
        "healthcare-it-news-artificial-intelligence",
        "symplur-medical-coding",
    ]
    assert [topic.label for topic in item.topics] == ["Automation", "Artificial Intelligence", "Medical Coding"]
    assert item.topics[0].vocabulary == "Medical Subject Headings (MeSH)"
    assert item.topics[2].url == "https://site.example/topic/symplur-medical-coding"
    assert item.summary.startswith("AI can help out humans")
    assert item.summary.endswith("tirelessly and accurately.")
    assert item.published == datetime(2023, 6, 7, tzinfo=UTC)
    assert item.updated == datetime(2023, 6, 7, 10, 4, 54, 256065, tzinfo=UTC)
    assert item.brand == "medicalfuturist.com"
    assert item.link is not None
    assert item.link.endswith("-in-healthcare/")
    assert item.page == "https://site.example/news/what-is-medical-coding-automation-and-its-potentials-in-healthcare"
    assert len(item.offerings) == 5
    assert item.section == "News"


# Every row: lines of front matter, the field of the item, what it must be.
@pytest.mark.parametrize(
    ("lines", "name", "value"),
    [
        ("title: No", "title", "No"),
        ("title: 2024", "title", "2024"),
        ("title: '  Padded&#58; <em>tags</em>\n\n  and breaks '", "title", "Padded: tags and breaks"),
        ('title: "bad\\x08char"', "title", "badchar"),
        ("id: 0123", "id", "item:0123"),
        ("guid: ' abc '", "id", "item:abc"),
        ("id: " + "x" * 300, "id", "item:" + "x" * 162 + ":a33154114bd34400c56ecaf9986568d1"),
        ("date: 2019-08-06 9:00:00 -0400", "published", datetime(2019, 8, 6, 13, tzinfo=UTC)),
        ("date: 20230607", "published", datetime(2023, 6, 7, tzinfo=UTC)),
        ("pubDate: June 7, 2023", "published", datetime(2023, 6, 7, tzinfo=UTC)),
        ("lastmod: 2024-02-01", "updated", datetime(2024, 2, 1, tzinfo=UTC)),
        ("lastmod: 2020-01-01", "updated", datetime(2024, 1, 2, tzinfo=UTC)),
        ("lastmod: null", "updated", datetime(2024, 1, 2, tzinfo=UTC)),
        ("author: Ann Lee", "authors", ("Ann Lee",)),
        ("author: 'Lee, Ann'", "authors", ("Lee, Ann",)),
        ("authors: [Ann, ' ', null, Bo, Ann]", "authors", ("Ann", "Bo")),
        ("authors: [{name: Ann}, {name: Bo}]", "authors", ("Ann", "Bo")),
        ("author: '[Ann](https://a.example), [Bo](https://b.example)'", "authors", ("Ann", "Bo")),
        ("tags: a, b ,, a", "tags", ("a", "b")),
        ("tags: [on, 1.0, 2024-01-01, ~]", "tags", ("on", "1.0", "2024-01-01")),
        ("section: ' '\ntype: post", "section", "post"),
        ("lang: en_US", "language", "en-US"),
        ("lang: not a language", "language", "en"),
        ("description: 1.5", "description", "1.5"),
        ("slug: what-is", "slug", "what-is"),
        ("slug: ../../What Is", "slug", "what-is"),
        ("slug: null", "slug", "x"),
        ("brand: The Outlet", "brand", "The Outlet"),
        ("foo: bar", "brand", "a.example"),
        ("permalink: /2024/x/", "page", "https://site.example/2024/x/"),
        ("link: https://a.example/ü", "link", "https://a.example/%C3%BC"),
        ("link: {href: null, url: 'https://b.example/'}", "link", "https://b.example/"),
        ("link: /notes/1", "link", "https://site.example/notes/1"),
        ("cover: img/a.png", "image", Image("news/img/a.png", "T")),
        ("images: [{src: 'https://c.example/a.png', alt: Alt}]", "image", Image("https://c.example/a.png", "Alt")),
        ("cover: {alt: none}", "image", None),
        ("'og:title': OG", "open_graph", Teaser("OG", "")),
        ("unknown_key: {deep: [1, 2]}", "offerings", ()),
        ("draft: false\npublished: true\nstatus: ''", "title", "T"),
    ],
)
def test_odd_values_of_real_stores_are_understood(lines: str, name: str, value: object) -> None:
    assert getattr(item_of(lines), name) == value


@pytest.mark.parametrize(
    ("lines", "slugs"),
    [
        ("categories: 'One, Two Words'", ["one", "two-words"]),
        ("categories: [One, null, ' ', one]", ["one"]),
        ("categories: []\ntags: [x]", ["x"]),
        ("topics: [{name: A}, {slug: b}]", ["a", "b"]),
        ("taxonomies: {tags: [z]}", ["z"]),
        ("categories: ['V: T']", ["v-t"]),
        ("foo: bar", []),
    ],
)
def test_topics_come_as_text_list_or_mappings(lines: str, slugs: list[str]) -> None:
    assert [topic.slug for topic in item_of(lines).topics] == slugs


def test_a_text_of_the_schema_is_one_topic_though_it_has_a_comma() -> None:
    (topic,) = item_of("categories: 'News: Trust, Safety'", MEDIGY).topics

    assert (topic.label, topic.slug) == ("Trust, Safety", "news-trust-safety")


def test_the_date_may_stand_in_the_file_name_and_is_meant_in_the_zone_of_the_site() -> None:
    rules = rules_of("generic", zone=ZoneInfo("Asia/Tokyo"))

    item = reading_of("---\ntitle: T\nlink: https://a.example/\n---\n", rules, path="2024-3-5-a-title.md").item

    assert item is not None
    assert item.published == datetime(2024, 3, 4, 15, tzinfo=UTC)
    assert item.slug == "a-title"


def test_older_items_of_the_family_are_read() -> None:
    content = (
        "---\ntitle: Old\nauthor: Ann\ndate: 2017-12-22 10:54:07\nlink: {brand: null, herf: null, original: null}\n"
        "basePath: /blog/\nslug: old-one\nfeaturedimage: {href: ' ', valid: true}\ncategory: null\n---\nText of it.\n"
    )

    item = reading_of(content, MEDIGY).item

    assert item is not None
    assert (item.id, item.link, item.page) == ("path:news/x.md", None, "https://site.example/blog/old-one")
    assert (item.image, item.brand, item.summary) == (None, None, "Text of it.")


def test_without_id_the_link_is_the_identity_whatever_the_path_and_spelling() -> None:
    first = item_of("link: https://www.a.example/x/", path="a.md")
    second = item_of("link: http://a.example/x", path="b/c.md")

    assert first.id == second.id
    assert first.id.startswith("link:")


def test_an_address_completed_by_a_setting_is_no_identity() -> None:
    assert item_of("link: /x", path="a.md").id == "path:a.md"


def test_the_revision_ignores_the_path_and_sees_the_text() -> None:
    assert item_of("id: 1\nslug: s", path="a.md").revision == item_of("id: 1\nslug: s", path="b.md").revision
    assert item_of("id: 1").revision != item_of("id: 1\ntitle: Other").revision


def test_the_summary_comes_from_the_body_if_no_field_gives_one() -> None:
    assert item_of("id: 1", body="![i](x.png)\n\nFirst *real* words.\n\nMore.").summary == "First real words."
    assert item_of("id: 1", body="Lead.\n\n<!--more-->\n\nRest.").summary == "Lead."
    assert item_of("id: 1", body="").summary == ""


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ("draft: true", "draft"),
        ("Draft: Yes", "draft"),
        ("published: false", "published"),
        ("displayinlist: false", "displayinlist"),
        ("hidden: 1", "hidden"),
        ("visible: no", "visible"),
        ("status: Archived", "status"),
        ("expiryDate: 2024-01-31", "expired"),
    ],
)
def test_hidden_files_name_their_rule_and_no_other_fault(lines: str, rule: str) -> None:
    reading = reading_of(f"---\n{lines}\n---\n", now=datetime(2024, 2, 1, tzinfo=UTC))

    assert reading == Reading(skipped=rule)


@pytest.mark.parametrize("rule", ["draft", "expired"])
def test_every_hiding_can_be_switched_off(rule: str) -> None:
    rules = rules_of("generic", visibility={rule: False})
    lines = "draft: true" if rule == "draft" else "expires: 2020-01-01"

    reading = reading_of(
        f"---\ntitle: T\ndate: 2024-01-01\nlink: https://a.example/\n{lines}\n---\n",
        rules,
        now=datetime(2024, 2, 1, tzinfo=UTC),
    )

    assert reading.item is not None


def test_what_expires_later_and_what_appears_later_are_ordinary_items() -> None:
    content = "---\ntitle: T\ndate: 2024-06-01\nlink: https://a.example/\nexpires: 2024-07-01\n---\n"

    reading = reading_of(content, now=datetime(2024, 2, 1, tzinfo=UTC))

    assert reading.item is not None
    assert reading.item.published > datetime(2024, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ("foo: bar", {("E-NO-TITLE", 1), ("E-NO-DATE", 1)}),
        ("title: '<br>'\ndate: 2024-01-01\nlink: https://a.example/", {("E-NO-TITLE", 1)}),
        ("title: T\ndate: 2023-02-30\nlink: https://a.example/", {("E-DATE", 3)}),
        ("title: T\ndate: Monday\nlink: https://a.example/", {("E-DATE", 3)}),
        ("title: T\ndate: 1969-12-31\nlink: https://a.example/", {("E-DATE", 3)}),
        ("title: T\ndate: 2090-01-01\nlink: https://a.example/", {("E-DATE", 3)}),
        ("title: T\ndate: 2024-01-01\nlink: javascript:alert(1)", {("E-LINK", 4)}),
        ("title: T\ndate: 2024-01-01\npermalink: /%2e%2e/%2e%2e/x.html", {("E-PATH", 4)}),
        ("title: T\ndate: 2024-01-01\nlink: https://a.example/\nurl: /../x", {("E-PATH", 5)}),
    ],
)
def test_all_faults_of_a_file_are_told_at_once_with_place_and_remedy(
    lines: str, codes: set[tuple[str, int | None]]
) -> None:
    reading = reading_of(f"---\n{lines}\n---\n", now=datetime(2024, 2, 1, tzinfo=UTC))

    assert reading.item is None
    assert {(fault.code, fault.line) for fault in reading.faults} == codes
    assert all(fault.path == "news/x.md" and fault.remedy for fault in reading.faults)


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        ("lastmod: sometime", "W-DATE", 5),
        ("image: {href: a.jpg, valid: false}", "W-IMAGE-INVALID", 5),
        ("image: ../../../etc/passwd", "W-IMAGE-UNSAFE", 5),
        ("title: T2", "W-DUPLICATE-KEY", 5),
    ],
)
def test_lesser_faults_are_warned_of_and_the_item_goes_on(lines: str, code: str, line: int) -> None:
    reading = reading_of(f"---\ntitle: T\ndate: 2024-01-01\nlink: https://a.example/\n{lines}\n---\n")

    assert reading.item is not None
    assert reading.item.image is None
    (fault,) = reading.faults
    assert (fault.code, fault.line, fault.is_warning) == (code, line, True)


def test_a_body_that_is_too_much_costs_its_marks_only() -> None:
    text = "*a*\n\n" * 60_000

    reading = reading_of(f"---\ntitle: T\ndate: 2024-01-01\nlink: https://a.example/\nsummary: S.\n---\n{text}")

    assert reading.item is not None
    assert (reading.item.title, reading.item.summary) == ("T", "S.")
    assert "<p>*a*</p>" in reading.item.body_html
    (fault,) = reading.faults
    assert (fault.code, fault.path, fault.is_warning) == ("W-BODY-AS-TEXT", "news/x.md", True)


def test_without_a_site_the_link_is_enough_and_paths_are_passed_over() -> None:
    item = item_of("permalink: /x\nid: 1", rules_of("generic"))

    assert (item.page, item.link) == (None, "https://a.example/x")
    assert item_of("permalink: https://own.example/x", rules_of("generic")).page == "https://own.example/x"


def test_offerings_without_a_page_are_left_out() -> None:
    offered = "relatedOfferings: [{label: A, permalink: /a}, {label: B}, plain, {permalink: /c}]"

    assert item_of(offered, MEDIGY).offerings == (Offering("A", "https://site.example/a"),)
    assert item_of(offered, rules_of("medigy")).offerings == ()


def test_an_item_that_leads_nowhere_is_told_how_it_could() -> None:
    reading = reading_of("---\ntitle: T\ndate: 2024-01-01\n---\n", rules_of("generic"))

    (fault,) = reading.faults
    assert (reading.item, fault.code) == (None, "E-NO-LINK")
    assert "`content.permalink`" in fault.remedy
