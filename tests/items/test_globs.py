from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syndicate.items.globs import fits, fits_file, is_wanted, wanted_among


@pytest.mark.parametrize(
    ("path", "glob", "does_fit"),
    [
        ("a/README.md", "readme.md", True),
        ("a/README.md", "readme.*", True),
        ("a/node_modules/b/c.md", "node_modules", True),
        ("a/node_modules_x/c.md", "node_modules", False),
        ("drafts/x.md", "drafts/*", True),
        ("drafts/a/x.md", "drafts/*", True),
        ("a/drafts/x.md", "drafts/*", False),
        ("a/drafts/x.md", "**/drafts/", True),
        ("drafts/x.md", "**/drafts/", True),
        ("a/b/c/x.md", "a/**/x.md", True),
        ("a/x.md", "a/**/x.md", True),
        ("a/b/x.md", "a/*.md", False),
        ("a/b/x.md", "/a/b/*.md", True),
        ("ab.md", "a?.md", True),
        ("a/b.md", "a?b.md", False),
        ("2019-x.md", "[0-9][0-9][0-9][0-9]-*.md", True),
        ("x019-x.md", "[0-9][0-9][0-9][0-9]-*.md", False),
        ("a.md", "[!b].md", True),
        ("b.md", "[!b].md", False),
        ("^.md", "[^].md", True),
        ("[.md", "[.md", True),
        ("z-a.md", "[z-a].md", False),
        ("a.b+c.md", "a.b+c.md", True),
        ("axb+c.md", "a.b+c.md", False),
        ("posts/x.md", "**", True),
    ],
)
def test_globs_mean_names_or_ways(path: str, glob: str, does_fit: bool) -> None:
    assert fits(path, [glob]) is does_fit


def test_folders_do_not_make_a_file_one_that_is_included() -> None:
    assert fits_file("posts/x.md", ["*.md"])
    assert fits_file("posts/a/x.md", ["posts/**/*.md"])
    assert not fits_file("posts/x.png", ["posts"])


def test_what_is_excluded_is_not_wanted() -> None:
    assert is_wanted("a/x.md", include=["*.md"], exclude=["readme.*"])
    assert not is_wanted("a/readme.md", include=["*.md"], exclude=["readme.*"])
    assert not is_wanted("a/x.txt", include=["*.md"], exclude=[])


@given(st.text("ab/[]!^*?-.", max_size=12), st.text("ab/.-", max_size=12))
def test_no_glob_is_too_odd(glob: str, path: str) -> None:
    assert fits(path, [glob]) in {True, False}


GLOBS = st.lists(st.text("ab/*?.", min_size=1, max_size=6), max_size=3)


@given(st.lists(st.text("abA.", min_size=1, max_size=3), min_size=1, max_size=4), GLOBS, GLOBS)
def test_files_in_folders_that_are_not_excluded_are_wanted_as_all_are(
    names: list[str], include: list[str], exclude: list[str]
) -> None:
    folders = ["/".join(names[:end]) for end in range(1, len(names))]
    assume(not any(fits(folder, exclude) for folder in folders))
    path = "/".join(names)

    is_wanted_there = wanted_among(include=include, exclude=exclude)

    assert is_wanted_there(path) is is_wanted(path, include=include, exclude=exclude)
