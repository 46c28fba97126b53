from __future__ import annotations

import re
from pathlib import Path

import pytest

from syndicate.dress import LIMIT_BYTES, page_rules_of
from syndicate.errors import ConfigError, Fault
from syndicate.feeds.page import landing_page, stylesheet
from syndicate.feeds.site import Site
from syndicate.feeds.words import WORDS
from syndicate.posts.card import CardRules
from syndicate.settings.pages import PageSettings


def site_with(**settings: object) -> Site:
    rules = page_rules_of(PageSettings(**settings), CardRules())
    return Site("A site", "https://a.example/", "", "https://a.example/feeds/", "a.example,2026", pages=rules)


def refusal(**settings: object) -> Fault:
    with pytest.raises(ConfigError) as told:
        site_with(**settings)
    (fault,) = told.value.faults
    return fault


def test_stylesheet_stands_behind_the_built_in_one_or_alone(tmp_path: Path) -> None:
    style = tmp_path / "own.css"
    style.write_text("h1 { color: teal; }\n", encoding="utf-8")

    assert stylesheet(site_with(style=style)).startswith(b":root")
    assert stylesheet(site_with(style=style)).endswith(b"h1 { color: teal; }\n")
    assert stylesheet(site_with(style=style, style_alone=True)) == b"h1 { color: teal; }\n"


def test_template_extends_the_built_in_one_and_stays_escaped(tmp_path: Path) -> None:
    text = '{% extends "built-in/landing.html" %}{% block footer %}<p>{{ "<b>" }} of ours</p>{% endblock %}'
    (tmp_path / "landing.html").write_text(text, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no template", encoding="utf-8")

    page = landing_page([], site_with(templates=tmp_path)).decode()

    assert "<p>&lt;b&gt; of ours</p>" in page
    assert "<h1" in page


@pytest.mark.parametrize(
    ("name", "text", "line", "word"),
    [
        ("landing.html", "<h1>\n{% if %}\n", 2, "Expected"),
        ("feed.html", "<h1>\n\n{{ fead.label }}", 3, "fead"),
        ("share.html", '{% extends "nothing.html" %}', 1, "nothing.html"),
        ("parts.html", "{% macro story() %}{% endmacro %}", None, "subscribe"),
        ("landing.html", "a\n{{ 1 / 0 }}", 2, "division"),
    ],
)
def test_bad_template_is_refused_with_file_line_and_way_out(
    tmp_path: Path, name: str, text: str, line: int | None, word: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    fault = refusal(templates=tmp_path)

    assert fault.code == "E-TEMPLATE"
    assert fault.path.startswith(str(tmp_path))
    assert word in fault.problem
    assert "take it out" in fault.remedy
    if line:
        assert (fault.path, fault.line) == (str(tmp_path / name), line)


def test_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    odd, large = tmp_path / "odd.css", tmp_path / "large.css"
    odd.write_bytes(b"\xff\xfe\x00")
    large.write_bytes(b" " * (LIMIT_BYTES + 1))

    assert "is no folder" in refusal(templates=tmp_path / "gone").problem
    assert "cannot be read: File name too long" in refusal(templates=tmp_path / ("x" * 300)).problem
    assert "cannot be read" in refusal(style=tmp_path / "gone.css").problem
    assert "UTF-8" in refusal(style=odd).problem
    assert "larger" in refusal(style=large).problem


def test_reference_names_every_template_block_variable_and_word() -> None:
    root = Path(__file__).resolve().parent.parent
    told = (root / "docs" / "reference" / "templates.md").read_text(encoding="utf-8")
    folder = root / "src" / "syndicate" / "feeds" / "templates"

    for path in folder.glob("*.html"):
        assert f"| `{path.name}` |" in told
        for block in re.findall(r"{% (?:block|macro) (\w+)", path.read_text(encoding="utf-8")):
            assert f"`{block}`" in told, (path.name, block)
    for key, text in WORDS["en"].items():
        assert f"| `{key}` | {text} |" in told
