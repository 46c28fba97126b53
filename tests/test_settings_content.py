"""The settings of content: one folder or several, and how their faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate.errors import ConfigError
from syndicate.plot import Plot, plot_of, rules_digest


def plot(tmp_path: Path, content: str) -> Plot:
    path = tmp_path / "syndicate.yaml"
    path.write_text(f"content: {content}\n", encoding="utf-8")
    return plot_of(path)


def told(tmp_path: Path, content: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        plot(tmp_path, content)
    return [f"{fault.key}: {fault.problem}; {fault.remedy}" for fault in caught.value.faults]


def test_one_folder_is_a_root_without_a_name(tmp_path: Path) -> None:
    (root,) = plot(tmp_path, "{folder: news, preset: generic, language: de}").roots

    assert (root.name, root.folder, root.rules.preset) == ("", tmp_path / "news", "generic")
    assert root.rules.language == "de"


def test_several_folders_have_their_own_rules(tmp_path: Path) -> None:
    made = plot(tmp_path, "{roots: {news: {folder: news}, blog: {folder: blog, preset: generic, exclude: [old/*]}}}")

    assert [(root.name, root.folder, root.rules.preset) for root in made.roots] == [
        ("news", tmp_path / "news", "medigy"),
        ("blog", tmp_path / "blog", "generic"),
    ]
    assert "old/*" in made.roots[1].rules.exclude


def test_files_are_read_anew_when_any_root_is_read_otherwise(tmp_path: Path) -> None:
    roots = plot(tmp_path, "{roots: {news: {folder: news}, blog: {folder: blog}}}").roots
    others = plot(tmp_path, "{roots: {news: {folder: news}, blog: {folder: blog, preset: generic}}}").roots

    assert rules_digest(roots) != rules_digest(others)


def test_one_source_needs_no_list_around_it(tmp_path: Path) -> None:
    (root,) = plot(tmp_path, "{fields: {title: headline}}").roots

    assert [str(source) for source in root.rules.fields["title"]] == ["headline"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            "{folder: news, roots: {blog: {folder: blog}}}",
            "content.folder: stands beside `content.roots`; move it below the roots it is meant for",
        ),
        (
            "{roots: {Blog: {folder: blog}}}",
            "content.roots.Blog: is no name of a root; use lower-case letters, digits and _, beginning with a letter",
        ),
        (
            "{roots: {a: {folder: blog}, b: {folder: blog/posts}}}",
            "content.roots.b.folder: overlaps with `content.roots.a.folder`, so that files would be read twice; "
            "choose one that is neither inside it nor around it",
        ),
        (
            "{roots: {a: {folder: feeds/a}}}",
            "feeds.folder: overlaps with `content.roots.a.folder`; choose one that is neither inside it nor around it",
        ),
        (
            "{roots: {a: {folder: a, fields: {headline: [x]}}}}",
            "content.roots.a.fields.headline: is no field; use one of: ",
        ),
        (
            "{roots: {a: {folder: a, sort: 1}}}",
            "content.roots.a.sort: is not a setting; mend the spelling or remove it",
        ),
    ],
)
def test_slips_are_told_with_their_key(tmp_path: Path, content: str, line: str) -> None:
    (told_line,) = told(tmp_path, content)

    assert told_line.startswith(line)
