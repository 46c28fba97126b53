from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syndicate.items.location import PARTS, Location


@pytest.mark.parametrize(
    ("name", "date", "slug", "language"),
    [
        ("2019-5-3-a-title.md", "2019-5-3", "a-title", None),
        ("2019-05-03_a title.markdown", "2019-05-03", "a title", None),
        ("index.de.md", None, "index", "de"),
        ("hello.pt-br.mdx", None, "hello", "pt-br"),
        ("node.js.md", None, "node.js", None),
        ("asp.net.md", None, "asp.net", None),
        ("2019-05-03.md", None, "2019-05-03", None),
        ("hello.tok.md", None, "hello", "tok"),
        ("naïve #1.md", None, "naïve #1", None),
        ("no-ending", None, None, None),
    ],
)
def test_file_names_tell_date_slug_and_language(
    name: str, date: str | None, slug: str | None, language: str | None
) -> None:
    location = Location(f"posts/{name}", languages=("tok",))

    assert (location.group("date"), location.group("slug"), location.group("language")) == (date, slug, language)


@pytest.mark.parametrize(
    ("path", "part", "value"),
    [
        ("news/tech/x.md", "section", "news"),
        ("news/tech/x.md", "sections", "news/tech"),
        ("news/tech/x.md", "folder", "news/tech"),
        ("news/tech/x.md", "parent", "tech"),
        ("news/tech/x.md", "0", "news"),
        ("news/tech/x.md", "-1", "tech"),
        ("news/tech/x.md", "2", None),
        ("x.md", "section", None),
        ("x.md", "parent", None),
        ("news/x.md", "stem", "x"),
        ("posts/2019-05-03-a/index.md", "name", "a"),
        ("posts/2019-05-03-a/index.md", "section", "posts"),
        ("a-bundle/index.de.md", "name", "a-bundle"),
        ("a-bundle/index.de.md", "section", None),
        ("index.md", "name", "index"),
        ("x/no-ending", "name", None),
        ("_posts/2019-05-03-my-first_post.md", "title", "My First Post"),
        ("content/posts/x.md", "section", "posts"),
        ("src/content/blog/x.md", "section", "blog"),
        ("content/de/posts/x.md", "section", "posts"),
        ("content/de/posts/x.md", "language", "de"),
        ("blog/de/x.md", "language", None),
        ("blog/it/x.md", "language", "it"),
        ("it/x.md", "language", "it"),
        ("is/x.md", "language", None),
        ("x.fr.md", "language", "fr"),
        ("content/de/posts/x.md", "group", "posts/x"),
        ("posts/x.de.md", "group", "posts/x"),
        ("posts/x/index.de.md", "group", "posts/x"),
        ("news/tech/_posts/2019-05-03-x.md", "categories", "news/tech"),
        ("news/tech/_posts/2019-05-03-x.md", "sections", "news/tech"),
        ("news/x.md", "categories", None),
        ("2019/05/x.md", "date", "2019-05-1"),
        ("2019/05/03/x.md", "date", "2019-05-03"),
        ("2019/05/03-x.md", "date", "2019-05-03"),
        ("posts/2019-5-3-title/index.md", "date", "2019-5-3"),
        ("posts/2019-5-3-title/index.md", "month", "5"),
        ("posts/2019-5-3-title/index.md", "day", "3"),
        ("2019/x.md", "date", None),
        ("2019/x.md", "year", "2019"),
        ("2019/13/x.md", "date", None),
        ("1234/05/x.md", "date", None),
        ("v2019/05/x.md", "date", None),
        ("posts/2019-05-title.md", "date", None),
        ("posts/2019-05/title.md", "date", "2019-05-1"),
    ],
)
def test_paths_have_parts(path: str, part: str, value: str | None) -> None:
    location = Location(path, leads=("src/content", "content"), languages=("it",))

    assert location.part(part) == value


def test_every_part_is_known_of_any_path() -> None:
    for path in ("x.md", "a/b/c.md", "_posts/2019-01-01-x.md", ".md"):
        assert all(Location(path).part(part) != "" for part in PARTS)


def test_the_site_may_say_how_file_names_are_built() -> None:
    location = Location("n_0042_hello.txt", filename=r"n_(?P<number>\d+)_(?P<slug>.+)\.txt")

    assert (location.group("number"), location.group("slug"), location.group("date")) == ("0042", "hello", None)


def test_an_expression_without_end_gives_nothing_in_good_time() -> None:
    assert Location("a" * 60 + "!.md", filename=r"(?P<slug>(?:a|a|aa)+)\.md").group("slug") is None


def test_a_basename_keeps_its_date_and_loses_its_language() -> None:
    assert Location("posts/2019-05-03-a.de.md").basename == "2019-05-03-a"
    assert Location("posts/2019-05-03-a/index.md").basename == "2019-05-03-a"
    assert Location("x.md", modified=datetime(2024, 1, 1, tzinfo=UTC)).basename == "x"
