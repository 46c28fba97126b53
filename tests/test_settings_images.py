"""The settings of images: folders, and the table of what is known by uid."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate.errors import ConfigError
from syndicate.plot import plot_of
from syndicate.settings import tables
from syndicate.settings.tables import table_of

ROWS = {
    "a.json": '{"abc": {"format": "jpg", "width": 5, "nested": {}}}',
    "b.yaml": "- {uid: abc, format: jpg, width: 5}",
    "c.toml": '[abc]\nformat = "jpg"\nwidth = 5',
    "d.csv": "uid,format,width\nabc,jpg,5\n",
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_known_by_uid(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(ROWS[name], encoding="utf-8")

    row = table_of(path, origin="s", key="k")["abc"]

    assert (row["format"], row["width"]) == ("jpg", "5")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.json", "{", "Expecting"),
        ("a.yaml", "a: [", "while parsing"),
        ("a.yaml", "text", "no rows"),
        ("a.yaml", "- {format: jpg}", "no uid"),
        ("a.yaml", "- text", "no uid"),
        ("a.toml", "=", "Invalid"),
        ("a.yaml", "x" * (tables.LIMIT_BYTES + 1), "bytes"),
        ("", "", "directory"),
    ],
)
def test_a_table_that_makes_no_sense_is_told(tmp_path: Path, name: str, text: str, problem: str) -> None:
    if name:
        (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        table_of(tmp_path / name, origin="s.yaml", key="content.images.table")

    assert str(caught.value.faults[0]).startswith("s.yaml: content.images.table: ")
    assert problem in str(caught.value.faults[0])


def test_settings_of_images_lie_over_the_preset(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("uid,format\nabc,jpg\n", encoding="utf-8")
    path = tmp_path / "syndicate.yaml"
    words = "folders: [../media/, static], first: false, template: 'https://i.example/{uid}', table: rows.csv"
    path.write_text(f"content: {{preset: hugo, images: {{{words}}}}}\n", encoding="utf-8")

    (root,) = plot_of(path).roots

    search = root.rules.images
    assert search.folders == ("../media", "static")
    assert search.beside == ("../media",)
    assert not search.takes_first
    assert search.bundle
    assert search.table == {"abc": {"uid": "abc", "format": "jpg"}}


@pytest.mark.parametrize("folder", ["..", "../..", ".", "/", "a/.."])
def test_a_folder_that_opens_everything_is_refused(tmp_path: Path, folder: str) -> None:
    path = tmp_path / "syndicate.yaml"
    path.write_text(f"content: {{images: {{folders: ['{folder}']}}}}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="names no folder of images"):
        plot_of(path)
