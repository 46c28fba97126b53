from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from syndicate.items.links import is_safe_path
from syndicate.items.permalinks import WORDS, Page, is_template, permalink, unknown_words

PAGE = Page(
    title="A Title: Two",
    slug="my-slug",
    name="2019-05-03-My File",
    folders=("news", "Tech Notes", "deep"),
    categories=("Foo Bar", "baz"),
    language="de",
    at=datetime(2019, 5, 3, 7, 8, 9, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/:year/:month/:day/:slug/", "/2019/05/03/my-slug/"),
        (":short_year/:i_month/:i_day/:title", "/19/5/3/a-title-two"),
        ("/:monthname/:long_month/:short_month", "/may/May/May"),
        ("/:weekday/:weekdayname/:long_day/:short_day/:w_day", "/5/friday/Friday/Fri/5"),
        ("/:yearday/:y_day/:w_year/:week", "/123/123/2019/18"),
        ("/:hour-:minute-:second", "/07-08-09"),
        ("/:section/:filename", "/news/2019-05-03-My-File"),
        ("/:sections/:slugorcontentbasename/", "/news/Tech-Notes/deep/2019-05-03-My-File/"),
        ("/:sections[1:]/:slug", "/Tech-Notes/deep/my-slug"),
        ("/:sections[:-1]/:slug", "/news/Tech-Notes/my-slug"),
        ("/:sections[0]/:slug", "/news/my-slug"),
        ("/:sections[9]/:slug", "/my-slug"),
        ("/:sections[last]/:slug", "/deep/my-slug"),
        ("/:path", "/news/Tech-Notes/deep/2019-05-03-My-File"),
        ("/:categories/:slug:output_ext", "/foo-bar/baz/my-slug.html"),
        ("/:slugified_categories/:slug", "/foo-bar/baz/my-slug"),
        ("/:language/:name", "/de/2019-05-03-My-File"),
        ("/:nothing/:slug", "/:nothing/my-slug"),
        ("pretty", "/foo-bar/baz/2019/05/03/my-slug/"),
        ("date", "/foo-bar/baz/2019/05/03/my-slug.html"),
        ("ordinal", "/foo-bar/baz/2019/123/my-slug.html"),
        ("weekdate", "/foo-bar/baz/2019/W18/Fri/my-slug.html"),
        ("none", "/foo-bar/baz/my-slug.html"),
    ],
)
def test_words_are_those_of_hugo_and_jekyll(template: str, path: str) -> None:
    assert permalink(template, PAGE, {}) == path


@pytest.mark.parametrize(
    ("folders", "slug", "path"),
    [
        (("news", "heron"), "heron", "/news/heron/"),
        (("news", "heron"), "egret", "/news/heron/egret/"),
        ((), "heron", "/heron/"),
        ((), "", "/a-title-two/"),
    ],
)
def test_file_named_as_its_folder_stands_for_it(folders: tuple[str, ...], slug: str, path: str) -> None:
    assert permalink("/:bundle/", replace(PAGE, folders=folders, slug=slug), {}) == path


def test_a_site_may_give_a_word_another_meaning() -> None:
    assert permalink("/:title/", PAGE, {"title": "slug"}) == "/my-slug/"


def test_what_is_not_there_leaves_no_empty_step() -> None:
    bare = replace(PAGE, folders=(), categories=(), slug="", name="")

    assert permalink("/:sections/:categories/:slug/:name/", bare, {}) == "/a-title-two/a-title-two/"


def test_words_that_mean_nothing_are_known() -> None:
    assert unknown_words("/:yaer/:slug/:monat") == ("yaer", "monat")
    assert is_template("/:slug")
    assert not is_template("/a:b/c")


TEXTS = st.text(max_size=12) | st.sampled_from(["..", ".", "../..", "%2e%2e", "a/../../b", "\\..\\"])


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(sorted(WORDS)))
def test_no_text_of_a_file_climbs_out_of_its_place(title: str, name: str, folder: str, word: str) -> None:
    page = Page(title, "", name, (folder,), (folder,), folder, PAGE.at)

    path = permalink(f"/x/:{word}/y", page, {})

    assert path.startswith("/x/") or is_safe_path(path)
    assert not {"..", "."} & set(path.split("/"))
