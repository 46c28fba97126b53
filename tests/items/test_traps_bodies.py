"""The habits of real stores in bodies, descriptions and texts, one named case each, from the file's bytes to the item;
and bodies that mean harm, each within a bound of working time."""

from __future__ import annotations

from time import process_time

import pytest

from syndicate.items.body import LIMIT_HTML, safe_body, text_of
from syndicate.items.frontmatter import read
from syndicate.items.item import Item
from syndicate.items.mapping import item_from
from syndicate.items.presets import rules_of
from syndicate.items.summary import paragraph_of

SITE = "https://site.example/"
BOUND_S = 8.0
"""Each takes less than a second on an idle machine; the bound is for busy ones and for coverage."""
SIZE = 240_000

FIRST = "The harbour was quiet that morning. Nobody had told the crew that the tide would come in early."


def item(body: str, front: str = "", *, preset: str = "generic", path: str = "post/a.md") -> Item:
    file = f"---\ntitle: T\ndate: 2024-01-02\n{front}\n---\n{body}"
    parts = read(file.encode("utf-8", "surrogatepass"), path)
    assert parts is not None
    made = item_from(*parts, path=path, rules=rules_of(preset, site_url=SITE)).item
    assert made is not None
    return made


BODIES = {
    "front matter with CRLF": (f"{FIRST}\r\n\r\nMore.\r\n", FIRST),
    "zero-width characters": ("The har\u200bbour\ufeff was quiet that morning.", "The harbour was quiet that morning."),
    "controls and separators": ("The harbour\x0cwas\u2028quiet\x85today.", "The harbour was quiet today."),
    "bidi override": ("The \u202eharbour was quiet today.", "The harbour was quiet today."),
    "not NFC": ("The cafe\u0301 was quiet today.", "The café was quiet today."),
    "entities": ("The harbour &amp; U&#46;S&#46; were quiet.", "The harbour & U.S. were quiet."),
    "image first": (f"![A](a.png)\n\n*A harbour in the morning light*\n\n{FIRST}", FIRST),
    "heading first": (f"# A title of some words\n\n{FIRST}", FIRST),
    "byline first": (f"**By Jane Roe**\n\n{FIRST}", FIRST),
    "contents first": (f"* TOC\n{{:toc}}\n\n{FIRST}", FIRST),
    "video first": (f"{{{{< youtube abc >}}}}\n\n{FIRST}", FIRST),
    "figure first": (f'{{{{< figure src="a.png" caption="A harbour in the morning." >}}}}\n\n{FIRST}', FIRST),
    "script first": (f"<script>alert(1)</script>\n\n{FIRST}", FIRST),
    "imports first": (f"import A from './a'\nimport B from './b'\n\n{FIRST}", FIRST),
    "footnote": ("The harbour[^1] was quiet that day.\n\n[^1]: A note.", "The harbour was quiet that day."),
    "excerpt": (f"By the author, in short.\n\n<!--more-->\n\n{FIRST}", "By the author, in short."),
    "excerpt after Zola": (f"By the author, in short.\n<!-- more -->\n{FIRST}", "By the author, in short."),
    "html through and through": (f"<p>{FIRST}</p><iframe src='https://e.example'></iframe>", FIRST),
    "only an image": ("![A quiet harbour](a.png)", "A quiet harbour"),
    "only code": ("```\nx = 1\n```", "x = 1"),
    "empty": ("", ""),
}


@pytest.mark.parametrize("case", BODIES)
def test_the_summary_is_what_the_text_says_first(case: str) -> None:
    body, summary = BODIES[case]

    assert item(body).summary == summary


DESCRIPTIONS = {
    "missing": ("", FIRST),
    "a number": ("description: 1.5", "1.5"),
    "cut at a length": (f"description: '{FIRST[:60]}'", "The harbour was quiet that morning."),
    "cut within markup": ("description: The **harbour** was quiet", "The harbour was quiet…"),
    "cut by hand": ("description: A word on the harbour and its people...", "A word on the harbour and its people…"),
    "cut by hand in brackets": ("description: 'A word on the harbour of ours […]'", "A word on the harbour of ours…"),
    "with a lure": ("description: 'A word on the harbour. Read more'", "A word on the harbour."),
    "whole": ("description: Own words on it", "Own words on it"),
    "the body's first sentence": (f"description: '{FIRST[:35]}'", FIRST[:35]),
    "cut, and another whole": (f"description: '{FIRST[:60]}'\nsummary: Own words on it", "Own words on it"),
    "long": ("description: " + "word " * 120, ("word " * 120).strip()),
}


@pytest.mark.parametrize("case", DESCRIPTIONS)
def test_descriptions_are_whole(case: str) -> None:
    front, summary = DESCRIPTIONS[case]

    assert item(FIRST, front).summary == summary


def test_a_file_says_how_its_excerpt_ends_and_how_it_is_written() -> None:
    assert item(f"In short it is so.\n\n***\n\n{FIRST}", "excerpt_separator: '***'").summary == "In short it is so."
    assert item("<b>x</b> *y*", "markup: html", preset="hugo").body_html == "<b>x</b> *y*"


LINKS = {
    "relative": ("[x](y)", "https://site.example/post/a/y"),
    "from the root": ("[x](/y)", "https://site.example/y"),
    "to a heading": ("[x](#y)", "https://site.example/post/a/#y"),
    "protocol-relative": ("[x](//h.example/y)", "https://h.example/y"),
    "mail": ("[x](mailto:a@b.example)", "mailto:a@b.example"),
    "by reference": ('{{< ref "post/b.md" >}}', None),
    "script": ("[x](javascript:alert)", None),
    "script in capitals and entities": ("<a href='&#74;avascript:alert(1)'>x</a>", None),
    "data": ("[x](data:text/html,x)", None),
    "file": ("[x](file:///etc/passwd)", None),
}


@pytest.mark.parametrize("case", LINKS)
def test_links_of_bodies_are_absolute_or_gone(case: str) -> None:
    body, link = LINKS[case]

    html = item(body, "permalink: /post/a/").body_html

    assert (f'href="{link}"' in html) if link else "href" not in html


def test_the_first_image_of_the_body_stands_in_for_none() -> None:
    assert getattr(item("![A](https://i.example/a.png)").image, "ref", "") == "https://i.example/a.png"
    assert item("![A](https://img.shields.io/badge/a.svg)").image is None
    named = item("![A](https://i.example/a.png)", "image: https://i.example/b.png").image
    assert getattr(named, "ref", "") == "https://i.example/b.png"


HOSTILE = {
    "lists nested a thousand deep": "".join("  " * depth + "- a\n" for depth in range(1_000)),
    "brackets": "[" * 1_000_000,
    "tags": "<" * 1_000_000,
    "shortcodes": "{{< x >}} text\n" * 60_000,
    "figures": '{{< figure src="a.png" >}}' * 40_000,
    "shortcodes without end": "{{< x " * 160_000,
    "values without end": "{{" * 500_000,
    "liquid without end": "{% x " * 200_000,
    "code without end": "{% highlight %}" * 60_000,
    "braces": "{" * 1_000_000,
    "quoted braces": "{'" * 500_000,
    "components without end": "<A b={" * 160_000,
    "exports without end": "export const x = {\n" * 50_000,
    "imports without end": "import x from 'y\n" * 60_000,
    "comments without end": "<!--" * 250_000,
    "backticks": "".join("`" * size + " " for size in range(1, 1_200)),
    "backticks in two paragraphs": ("".join("`" * size + " " for size in range(1, 700)) + "\n\n") * 2,
    "fences": "```x\n" * 200_000,
    "indented lines": "\n    x\n" * 140_000,
    "footnotes": "[^a]: b\n" * 120_000,
    "footnotes in lines": "^[a " * 200_000,
    "definitions": "a\n: b\n" * 160_000,
    "attribute lists": "{:" * 500_000,
    "formulas": "$$" * 500_000,
    "frames": "<iframe src=" * 80_000,
    "marks stacked": "a" + "\u0301" * 400_000,
    "plain words": "word " * 170_000,
}


@pytest.mark.parametrize("path", ["a.md", "a.mdx"])
@pytest.mark.parametrize("case", HOSTILE)
def test_no_body_takes_long(case: str, path: str) -> None:
    started = process_time()

    safe = safe_body(HOSTILE[case][:SIZE], SITE, path=path)
    paragraph_of(safe.html)
    text_of(safe.html)

    assert process_time() - started < BOUND_S
    assert len(safe.html) <= 6 * LIMIT_HTML
