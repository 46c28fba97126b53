"""The traps of real stores, row by row: what each file says, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.items.frontmatter import read
from syndicate.items.item import Item
from syndicate.items.links import is_safe_path
from syndicate.items.mapping import Reading, item_from
from syndicate.items.presets import PRESETS, rules_of
from syndicate.items.topics import agreed

SITE = "https://site.example/"
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def reading_of(
    lines: str, preset: str = "generic", *, path: str = "posts/x.md", body: str = "", **wishes: Any
) -> Reading:
    parts = read(f"---\n{lines}\n---\n{body}".encode(), path)
    assert parts is not None
    modified = wishes.pop("modified", None)
    rules = rules_of(preset, **{"site_url": SITE, **wishes})
    return item_from(*parts, path=path, rules=rules, now=NOW, modified=modified)


def item_of(lines: str, preset: str = "generic", **more: Any) -> Item:
    lines = lines if lines.startswith("title:") else f"title: T\n{lines}"
    reading = reading_of(lines, preset, **more)
    assert reading.item is not None, reading
    return reading.item


def codes(reading: Reading) -> list[str]:
    return [fault.code for fault in reading.faults]


DATES = {
    "offset with a blank before it": ("date: 2019-08-06 09:00:00 -0400", "posts/x.md", "2019-08-06T13:00:00"),
    "offset of one digit": ("date: 2014-10-14 12:00:00 -5", "posts/x.md", "2014-10-14T17:00:00"),
    "one-digit hour": ("date: 2019-08-06 9:00:00", "posts/x.md", "2019-08-06T07:00:00"),
    "date alone, bare": ("date: 2024-01-02", "posts/x.md", "2024-01-01T23:00:00"),
    "date alone, quoted": ("date: '2024-01-02'", "posts/x.md", "2024-01-01T23:00:00"),
    "naive datetime": ("date: 2017-12-22 10:54:07", "posts/x.md", "2017-12-22T09:54:07"),
    "mail date with a zone's name": ("date: Wed, 07 Jun 2023 10:04:54 EDT", "posts/x.md", "2023-06-07T14:04:54"),
    "ctime with a zone's name": ("date: Wed Jun  7 10:04:54 PST 2023", "posts/x.md", "2023-06-07T18:04:54"),
    "JavaScript's own words": (
        "date: Wed Jun 07 2023 10:04:54 GMT+0200 (Central European Summer Time)",
        "posts/x.md",
        "2023-06-07T08:04:54",
    ),
    "a whole number": ("date: 20230607", "posts/x.md", "2023-06-06T22:00:00"),
    "Unix time": ("date: 1686132294", "posts/x.md", "2023-06-07T10:04:54"),
    "Unix time in milliseconds": ("date: 1686132294000", "posts/x.md", "2023-06-07T10:04:54"),
    "file name alone": ("x: y", "_posts/2019-05-03-a.md", "2019-05-02T22:00:00"),
    "file name with one-digit month and day": ("x: y", "_posts/2019-5-3-a.md", "2019-05-02T22:00:00"),
    "front matter beats file name": ("date: 2020-01-02", "_posts/2019-05-03-a.md", "2020-01-01T23:00:00"),
    "file name beats folders": ("x: y", "2018/04/2019-05-03-a.md", "2019-05-02T22:00:00"),
    "folders of year and month": ("x: y", "posts/2019/05/a.md", "2019-04-30T22:00:00"),
    "folders of year, month and day": ("x: y", "posts/2019/05/03/a.md", "2019-05-02T22:00:00"),
    "a page bundle's folder": ("x: y", "posts/2019-05-03-title/index.md", "2019-05-02T22:00:00"),
    "a blank date falls to the file name": ("date: ' '", "2019-05-03-a.md", "2019-05-02T22:00:00"),
    "a switch in the date's place": ("published: true", "2019-05-03-a.md", "2019-05-02T22:00:00"),
    "a builder's word in the date's place": ("date: git Last Modified", "2019-05-03-a.md", "2019-05-02T22:00:00"),
    "the day stands in the address only": ("path: 2019/05/03/a-title", "a-title.md", "2019-05-02T22:00:00"),
    "the address beats a file name": ("path: 2019/05/03/a", "2019-06-01-a.md", "2019-05-02T22:00:00"),
    "a later day of publication counts": ("date: 2024-01-02\npublishDate: 2024-02-03", "x.md", "2024-02-02T23:00:00"),
    "an earlier one does not": ("date: 2024-01-02\npublishDate: 2023-02-03", "x.md", "2024-01-01T23:00:00"),
    "the future is scheduled, not refused": ("date: 2025-01-02", "x.md", "2025-01-01T23:00:00"),
}


@pytest.mark.parametrize("trap", DATES)
def test_dates_are_read_as_meant(trap: str) -> None:
    lines, path, expected = DATES[trap]

    item = item_of(lines, path=path, zone=ZoneInfo("Europe/Berlin"))

    assert item.published == datetime.fromisoformat(expected).replace(tzinfo=UTC)


REFUSED_DATES = {
    "a day that is not": ("date: 2023-02-30", "E-DATE"),
    "zeros": ("date: 0000-00-00", "E-DATE"),
    "hour 24": ("date: 2023-06-07 24:00:00", "E-DATE"),
    "a time that YAML makes a number": ("date: 12:30:00", "E-DATE"),
    "a day of the month": ("date: 10", "E-DATE"),
    "a month": ("date: May", "E-DATE"),
    "a day of the week": ("date: Monday", "E-DATE"),
    "a number with a point": ("date: 1.5", "E-DATE"),
    "two ways to read it": ("date: 3/4/2020", "E-DATE"),
    "now": ("date: now", "E-DATE"),
    "a year alone": ("date: 2019", "E-DATE"),
    "before 1970": ("date: 1902-01-01", "E-DATE"),
    "too far ahead": ("date: 2099-01-01", "E-DATE"),
    "none at all": ("x: y", "E-NO-DATE"),
    "null": ("date: null", "E-NO-DATE"),
    "only blanks": ("date: ['', ~, ' ']", "E-NO-DATE"),
    "only the builder knows": ("date: Last Modified", "E-NO-DATE"),
}


@pytest.mark.parametrize("trap", REFUSED_DATES)
def test_no_date_is_guessed(trap: str) -> None:
    lines, code = REFUSED_DATES[trap]

    reading = reading_of(f"title: T\n{lines}")

    assert (reading.item, codes(reading)) == (None, [code])
    assert reading.faults[0].line == (3 if trap not in {"none at all", "null", "only blanks"} else 1)


def test_a_builders_word_is_told_with_the_way_out() -> None:
    (fault,) = reading_of("title: T\ndate: Created").faults

    assert "`date` is `Created`, which only the site's builder knows" in fault.problem
    assert "`file:modified`" in fault.remedy


def test_the_time_of_the_file_counts_only_where_it_is_asked_for() -> None:
    fields = {"published": ["date", "file:modified"]}
    modified = datetime(2024, 3, 4, 5, tzinfo=UTC)

    assert item_of("x: y", fields=fields, modified=modified).published == modified
    assert item_of("date: 2024-01-01", fields=fields, modified=modified).published < modified
    assert codes(reading_of("title: T", modified=modified)) == ["E-NO-DATE"]
    assert codes(reading_of("title: T", fields=fields)) == ["E-NO-DATE"]


def test_files_without_date_may_be_left_out_instead() -> None:
    assert reading_of("title: About", visibility={"undated": True}) == Reading(skipped="undated")


def test_forms_and_zones_of_the_site_are_read() -> None:
    fields = {"published": [{"key": "day", "format": "%d.%m.%y"}, "date"]}

    assert item_of("day: 03.05.19", fields=fields).published == datetime(2019, 5, 3, tzinfo=UTC)
    assert item_of("date: 03.05.19", date_formats=["%d.%m.%y"]).published == datetime(2019, 5, 3, tzinfo=UTC)
    india = item_of("date: 2019-05-03 05:30 IST", zones={"IST": "+05:30"})
    assert india.published == datetime(2019, 5, 3, tzinfo=UTC)
    assert codes(reading_of("title: T\ndate: 03.05.19", fields=fields)) == ["E-DATE"]


@given(st.text(max_size=30) | st.from_regex(r"[0-9/:. TZ+-]{1,25}", fullmatch=True))
def test_no_text_becomes_a_date_near_today_unless_it_says_so(text: str) -> None:
    now = datetime.now(UTC)
    rules = rules_of("generic", site_url=SITE)
    parts = read(b"---\ntitle: T\n---\n", "x.md")
    assert parts is not None
    parts[0].fields["date"] = text

    item = item_from(*parts, path="x.md", rules=rules).item

    is_epoch = text.strip()[:10].isdecimal()
    assert item is None or abs(item.published - now) > timedelta(days=1) or str(now.year) in text or is_epoch


TOPICS = {
    "a list": ("categories: [A, B]", "generic", ["a", "b"]),
    "a text with commas": ("categories: 'A, B C'", "generic", ["a", "b-c"]),
    "mappings": ("categories: [{name: A}, {slug: b}, {label: C}, {title: D}]", "generic", ["a", "b", "c", "d"]),
    "nulls and blanks among them": ("categories: [A, null, ' ', '']", "generic", ["a"]),
    "the first that is not blank": ("categories: []\ntopics: ' '\ntags: [x]", "generic", ["x"]),
    "spellings of one": ("categories: [Data Science, data science, DATA-SCIENCE]", "generic", ["data-science"]),
    "languages of programs": (
        "categories: [C, C++, 'C#', .NET, F#]",
        "generic",
        ["c", "cpp", "csharp", "dotnet", "fsharp"],
    ),
    "a text of other letters": ("categories: [日本語, Žižkov]", "generic", ["日本語", "zizkov"]),
    "taxonomies of Zola": ("taxonomies: {tags: [a], categories: [b]}", "generic", ["b"]),
    "taxonomies of Hugo": ("taxonomies: {tags: [a]}", "hugo", ["a"]),
    "blanks part them in Jekyll": ("categories: one two", "jekyll", ["one", "two"]),
    "commas do, too, where there are any": ("categories: One Two, Three", "jekyll", ["one-two", "three"]),
    "one category has blanks": ("category: One Two", "jekyll", ["one-two"]),
    "names of collections are none": ("tags: [posts, x]", "eleventy", ["x"]),
    "one name of a collection": ("tags: post", "eleventy", []),
    "a vocabulary before the term": ("categories: ['V: A', 'W: A']", "medigy", ["v-a", "w-a"]),
    "a colon elsewhere": ("categories: ['V: A']", "generic", ["v-a"]),
    "missing": ("x: y", "generic", []),
    "case of keys": ("Categories: [A]", "generic", ["a"]),
    "nested below params": ("params: {Tags: [A]}", "hugo", ["a"]),
}


@pytest.mark.parametrize("trap", TOPICS)
def test_topics_are_found_however_they_are_written(trap: str) -> None:
    lines, preset, slugs = TOPICS[trap]

    item = item_of(f"date: 2024-01-01\n{lines}", preset, path="2024-01-01-x.md", fields={"page": ["const:/p"]})

    assert [topic.slug for topic in item.topics] == slugs


def test_topics_of_several_keys_can_be_joined() -> None:
    lines = "date: 2024-01-01\ncategories: A, B\ntags: [b, C]"

    assert [t.slug for t in item_of(lines, topics={"is_union": True}).topics] == ["a", "b", "c"]


def test_topics_of_a_site_are_renamed_named_and_ignored() -> None:
    wish = {"aliases": {"ML": "Machine Learning"}, "labels": {"ai": "AI"}, "ignore": ["misc"], "split": "|"}

    item = item_of("date: 2024-01-01\ntags: ml|ai|Misc", topics=wish)

    assert [(t.slug, t.label) for t in item.topics] == [("machine-learning", "Machine Learning"), ("ai", "AI")]


def test_one_topic_has_one_spelling_in_the_whole_store() -> None:
    items = [item_of(f"date: 2024-01-01\nid: {n}\ntags: [{tag}]") for n, tag in enumerate(["ai", "AI", "AI"])]

    labels = {item.topics[0].label for item in agreed({item.id: item for item in items}).values()}

    assert labels == {"AI"}


AUTHORS = {
    "a text": ("author: Ann Lee", ("Ann Lee",)),
    "a list": ("authors: [Ann, Bo]", ("Ann", "Bo")),
    "mappings": ("authors: [{name: Ann, url: x}, {name: Bo}]", ("Ann", "Bo")),
    "one mapping": ("author: {name: Ann, email: a@x.example}", ("Ann",)),
    "Markdown links joined by commas": ("author: '[Ann](https://a.example), [Bo](b)'", ("Ann", "Bo")),
    "Zola's extra": ("extra: {author: Ann}", ("Ann",)),
    "blanks": ("author: ' '", ()),
}


@pytest.mark.parametrize("trap", AUTHORS)
def test_authors_are_found_however_they_are_written(trap: str) -> None:
    lines, names = AUTHORS[trap]

    assert item_of(f"date: 2024-01-01\n{lines}").authors == names


TEXTS = {
    "entities in a title": ("title: U&#46;S&#46; Care&#58; a Start", "title", "U.S. Care: a Start"),
    "tags in a title": ("title: An <em>important</em> day", "title", "An important day"),
    "backticks in a title": ("title: Use `pytest -x`", "title", "Use pytest -x"),
    "padding and breaks in a title": ("title: '  A\n\n  B '", "title", "A B"),
    "a whole number as title": ("title: 2024", "title", "2024"),
    "No as title": ("title: No", "title", "No"),
    "a description that is a number": ("title: T\ndescription: 1.50", "summary", "1.50"),
    "null, then the next source": ("title: null\nname: N", "title", "N"),
    "zero width only, then the next source": ('title: "\\u200b"\nname: N', "title", "N"),
    "not NFC": ('title: "Cafe\\u0301"', "title", "Café"),
    "bidi controls without an end": ('title: "A\\u202eB"', "title", "AB"),
    "an id that YAML would read as octal": ("title: T\nid: 0123", "id", "item:0123"),
    "keys in other case": ("Title: T2\nLastMod: 2024-02-02", "updated", datetime(2024, 2, 2, tzinfo=UTC)),
    "a key with a dot": ("title: T\n'msvalidate.01': x", "title", "T"),
}


@pytest.mark.parametrize("trap", TEXTS)
def test_texts_are_read_as_meant(trap: str) -> None:
    lines, field, value = TEXTS[trap]

    reading = reading_of(f"date: 2024-01-01\n{lines}")

    assert getattr(reading.item, field) == value


PAGES = {
    "hugo, by folder": ("x: y", "hugo", "content/posts/Hello World.md", "/posts/hello-world/"),
    "hugo, a bundle": ("x: y", "hugo", "posts/hello/index.md", "/posts/hello/"),
    "hugo, a bundle in another language": ("x: y", "hugo", "posts/hello/index.de.md", "/de/posts/hello/"),
    "hugo, a folder of a language": ("x: y", "hugo", "content/de/posts/hello.md", "/de/posts/hello/"),
    "hugo, slug": ("slug: other", "hugo", "posts/hello.md", "/posts/other/"),
    "hugo, url": ("url: /some/Where.html", "hugo", "posts/hello.md", "/some/Where.html"),
    "hugo, a date in the name stays": ("x: y", "hugo", "posts/2019-05-03-hello.md", "/posts/2019-05-03-hello/"),
    "jekyll, by date": ("x: y", "jekyll", "_posts/2019-05-03-Hello.md", "/2024/01/01/Hello.html"),
    "jekyll, categories": ("categories: A b", "jekyll", "_posts/2019-05-03-h.md", "/a/b/2024/01/01/h.html"),
    "jekyll, folders before posts": (
        "category: B",
        "jekyll",
        "news/_posts/2019-05-03-h.md",
        "/news/b/2024/01/01/h.html",
    ),
    "jekyll, in a source folder": ("x: y", "jekyll", "src/_posts/n/2019-05-03-h.md", "/2024/01/01/h.html"),
    "jekyll, a style": ("permalink: pretty", "jekyll", "_posts/2019-05-03-h.md", "/2024/01/01/h/"),
    "jekyll, words": ("permalink: /:year/:title/", "jekyll", "_posts/2019-05-03-h.md", "/2024/h/"),
    "jekyll, a plain path": ("permalink: /about.html", "jekyll", "_posts/2019-05-03-h.md", "/about.html"),
    "astro": ("x: y", "astro", "src/content/blog/First-Post.mdx", "/blog/first-post/"),
    "eleventy": ("x: y", "eleventy", "src/blog/2019-05-03-h.md", "/blog/h/"),
    "eleventy, a template of its own": ('permalink: "/{{ title | slug }}/"', "eleventy", "blog/h.md", "/blog/h/"),
    "eleventy, a folder of its own": ("x: y", "eleventy", "blog/2019-05-03-h/index.md", "/blog/h/"),
    "zola, a folder of its own": ("x: y", "generic", "content/blog/h/index.md", "/blog/h/"),
    "gatsby, path": ("path: /notes/h/", "generic", "notes/h.md", "/notes/h/"),
    "docusaurus, slug with steps": ("slug: /a/b", "generic", "notes/h.md", "/a/b"),
    "curated, native": ("basePath: /blog/\nslug: h", "curated", "h.md", "/blog/h"),
    "curated, by its own address": ("ogUrl: /blog/h2", "curated", "h.md", "/blog/h2"),
}


@pytest.mark.parametrize("trap", PAGES)
def test_items_without_link_have_the_page_that_their_site_gives_them(trap: str) -> None:
    lines, preset, path, page = PAGES[trap]

    item = item_of(f"date: 2024-01-01\n{lines}", preset, path=path)

    assert (item.link, item.page) == (None, f"https://site.example{page}")


def test_permalinks_of_a_site_go_by_section_and_its_zone() -> None:
    wish = {"permalink": {"posts": "/:year/:month/:day/:slug/"}, "zone": ZoneInfo("Asia/Tokyo")}

    assert item_of("date: 2024-01-01T20:00:00Z", path="posts/x.md", **wish).page == f"{SITE}2024/01/02/x/"
    assert item_of("date: 2024-01-01", path="notes/x.md", **wish).page == f"{SITE}notes/x/"


def test_a_site_may_do_without_prefixes_of_languages() -> None:
    assert item_of("date: 2024-01-01", path="de/x.md").page == f"{SITE}de/x/"
    assert item_of("date: 2024-01-01", path="de/x.md", has_language_prefix=False).page == f"{SITE}x/"
    assert item_of("date: 2024-01-01\nlang: de").page == f"{SITE}posts/x/"
    assert item_of("date: 2024-01-01\nlang: de", permalink="/:language/:slug").page == f"{SITE}de/x"


UNSAFE = ["permalink: /%2e%2e/%2e%2e/x.html", "url: ../../x", "path: '/..\\x'", "slug: /../x"]


@pytest.mark.parametrize("lines", UNSAFE)
def test_no_page_climbs_out_of_the_site(lines: str) -> None:
    assert codes(reading_of(f"title: T\ndate: 2024-01-01\n{lines}")) == ["E-PATH"]


@given(st.sampled_from(sorted(PRESETS)), st.lists(st.text("ab%2.eE/\\é #?", max_size=8), min_size=1, max_size=4))
def test_every_page_by_template_stays_on_the_site(preset: str, steps: list[str]) -> None:
    path = "/".join(step.replace("/", "") or "x" for step in steps) + ".md"

    item = reading_of("title: T\ndate: 2024-01-01", preset, path=path, permalink="/:sections/:filename/").item

    assert item is None or item.page is None or (item.page.startswith(SITE) and is_safe_path(item.page[len(SITE) :]))


LINKS = {
    "a mapping": ("link: {href: 'https://a.example/x'}", "medigy", "https://a.example/x"),
    "a text": ("link: https://a.example/x", "curated", "https://a.example/x"),
    "a misspelt key": ("link: {herf: 'https://a.example/x', brand: b}", "curated", "https://a.example/x"),
    "the original in place of a clean one": ("linkOriginal: https://a.example/x", "curated", "https://a.example/x"),
    "hugo's external address": ("externalUrl: https://a.example/x", "hugo", "https://a.example/x"),
    "white space and letters to encode": ("link: ' https://a.example/ü b '", "generic", "https://a.example/%C3%BC%20b"),
    "the own page as canonical": (f"canonical_url: {SITE}posts/x", "generic", None),
    "all null": ("link: {brand: null, herf: null, original: null}", "curated", None),
}


@pytest.mark.parametrize("trap", LINKS)
def test_links_are_found_however_they_are_written(trap: str) -> None:
    lines, preset, link = LINKS[trap]

    assert item_of(f"date: 2024-01-01\n{lines}", preset, fields={"page": ["const:/posts/x"]}).link == link


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "ftp://a.example/", "https://u:p@a.example/"]
)
def test_other_links_are_refused(link: str) -> None:
    assert codes(reading_of(f"title: T\ndate: 2024-01-01\nlink: '{link}'")) == ["E-LINK"]


IDENTITIES = {
    "id with its source": ("id: 7\nsource: s", "medigy", "x.md", "s:7"),
    "id without one": ("id: 7", "generic", "x.md", "item:7"),
    "guid": ("guid: abc", "generic", "x.md", "item:abc"),
    "path": ("x: y", "generic", "posts/x.md", "path:posts/x.md"),
    "translation with the same id": ("id: 7", "generic", "x.de.md", "item:7@de"),
    "translations by path": ("x: y", "generic", "x.de.md", "path:x.de.md"),
}


@pytest.mark.parametrize("trap", IDENTITIES)
def test_items_are_themselves_by_what_does_not_change(trap: str) -> None:
    lines, preset, path, identity = IDENTITIES[trap]

    assert item_of(f"date: 2024-01-01\nslug: s\nbasePath: /\n{lines}", preset, path=path).id == identity


def test_a_moved_file_with_the_same_link_is_the_same_item() -> None:
    lines = "date: 2024-01-01\nlink: https://www.a.example/x/?b=1"

    assert item_of(lines, path="a.md").id == item_of(lines.replace("www.", ""), path="b/c.md").id


def test_slugs_and_titles_may_be_the_same_in_two_items() -> None:
    assert item_of("date: 2024-01-01\nslug: s", path="a.md").id != item_of("date: 2024-01-01\nslug: s", path="b.md").id


LANGUAGES = {
    "a key": ("lang: pt_BR", "x.md", "pt-BR"),
    "an ending": ("x: y", "x.de.md", "de"),
    "a folder": ("x: y", "fr/posts/x.md", "fr"),
    "a folder that is a word": ("x: y", "it/posts/x.md", "en"),
    "nonsense": ("lang: the usual one", "x.md", "en"),
    "an ending that is none": ("x: y", "node.js.md", "en"),
}


@pytest.mark.parametrize("trap", LANGUAGES)
def test_languages_are_told_by_key_ending_or_folder(trap: str) -> None:
    lines, path, language = LANGUAGES[trap]

    assert item_of(f"date: 2024-01-01\n{lines}", path=path).language == language


def test_only_published_languages_become_items() -> None:
    wish: dict[str, Any] = {"languages": ["en", "it"]}

    assert reading_of("title: T\ndate: 2024-01-01", path="x.de.md", **wish) == Reading(skipped="language")
    assert item_of("date: 2024-01-01\nlang: en-GB", **wish).language == "en-GB"
    assert item_of("date: 2024-01-01", path="it/x.md", **wish).language == "it"


GROUPS = {
    "a key": ("translationKey: hello", "x.md", "hello"),
    "an ending": ("x: y", "posts/x.de.md", "posts/x"),
    "a bundle": ("x: y", "posts/x/index.de.md", "posts/x"),
    "a folder": ("x: y", "content/de/posts/x.md", "posts/x"),
    "the one in the site's own language": ("x: y", "posts/x.md", "posts/x"),
}


@pytest.mark.parametrize("trap", GROUPS)
def test_translations_share_a_group(trap: str) -> None:
    lines, path, group = GROUPS[trap]

    assert item_of(f"date: 2024-01-01\n{lines}", path=path).group == group


SECTIONS = {
    "a key": ("section: S", "generic", "posts/x.md", "S"),
    "the first folder": ("x: y", "hugo", "content/posts/deep/x.md", "posts"),
    "a bundle's folder is none": ("x: y", "hugo", "content/x/index.md", None),
    "folders before posts": ("x: y", "jekyll", "news/_posts/2019-01-01-x.md", "news"),
    "none": ("x: y", "jekyll", "_posts/2019-01-01-x.md", None),
    "the schema's own": ("identifier: News\nslug: s\nbasePath: /", "medigy", "x.md", "News"),
}


@pytest.mark.parametrize("trap", SECTIONS)
def test_sections_are_keys_or_folders(trap: str) -> None:
    lines, preset, path, section = SECTIONS[trap]

    assert item_of(f"date: 2024-01-01\n{lines}", preset, path=path).section == section


EXPIRIES = {
    "expired": ("expiryDate: 2024-05-31", "hugo", "expired"),
    "expired by another name": ("unpublishDate: 2024-05-31", "hugo", "expired"),
    "unpublished": ("unpublish: 2024-05-31", "generic", "expired"),
    "a draft": ("draft: true", "generic", "draft"),
    "Jekyll's switch": ("published: false", "jekyll", "published"),
    "not in lists": ("displayinlist: false", "medigy", "displayinlist"),
}


@pytest.mark.parametrize("trap", EXPIRIES)
def test_hidden_files_are_counted_by_their_rule(trap: str) -> None:
    lines, preset, rule = EXPIRIES[trap]

    hidden = reading_of(
        f"title: T\ndate: 2024-01-01\nlink: https://a.example/\n{lines}", preset, path="2024-01-01-x.md"
    )

    assert hidden == Reading(skipped=rule)


def test_an_end_can_be_honoured_or_ignored() -> None:
    lines = "date: 2024-01-01\nexpiryDate: {}"

    assert item_of(lines.format("2024-07-01"), "hugo").expires == datetime(2024, 7, 1, tzinfo=UTC)
    assert item_of(lines.format("2024-05-01"), "hugo", visibility={"expired": False}).expires is None
    assert codes(reading_of(f"title: T\n{lines.format('someday')}", "hugo")) == ["W-DATE"]


def test_hugo_publishes_from_its_own_date_on() -> None:
    event = "date: 2025-05-01\npublishDate: 2024-03-01"

    assert item_of(event, "hugo").published == datetime(2024, 3, 1, tzinfo=UTC)
    assert item_of("date: 2024-01-01\npublishDate: 2025-03-01", "hugo").published.year == 2025


def test_an_expression_without_end_costs_its_source_only() -> None:
    fields = {"brand": [{"key": "hostile", "regex": "(?:a|a|aa)+$"}, "brand"]}

    reading = reading_of(f"title: T\ndate: 2024-01-01\nbrand: B\nhostile: {'a' * 60}!", fields=fields)

    assert reading.item is not None
    assert reading.item.brand == "B"
    assert [(fault.code, fault.line, fault.is_warning) for fault in reading.faults] == [("W-REGEX", 5, True)]


def test_expressions_without_end_are_told_once_of_what_says_where_posts_go_too() -> None:
    fields = {"syndicate": [{"key": key, "regex": "(?:a|a|aa)+$"} for key in ("hostile", "other")]}
    endless = "a" * 60 + "!"

    reading = reading_of(f"title: T\ndate: 2024-01-01\nhostile: {endless}\nother: {endless}", fields=fields)

    assert [(fault.code, fault.line) for fault in reading.faults] == [("W-REGEX", 4)]
