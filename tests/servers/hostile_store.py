"""A store that breaks naive publishers: valid items that hold what feeds must survive, and files that are no items."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

SITE = "https://news.example.net"

# One topic for all, whose label needs escaping in XML, HTML and JSON alike.
TOPIC = 'Odd & "ends" <test>'

CASES: Mapping[str, tuple[dict[str, object], str]] = {
    "controls": (
        {"title": "Bell\x07, form\x0cfeed, C1\x9b and \ufffe", "description": "Tab\x0b and NUL\x00 end."},
        "Body with a bell\x07 and a vertical\x0btab.\n",
    ),
    "cdata-end": (
        {"title": "Ends ]]> here, <![CDATA[ there", "description": "A ]]> and a <!-- comment."},
        "Text ]]> more <![CDATA[ text ]]> done.\n\n```\n]]>\n```\n",
    ),
    "scripts": (
        {"title": "<script>alert(1)</script>Scripts", "description": '<img src=x onerror="alert(2)">Sum'},
        '<script>alert(3)</script>\n\n<p onclick="alert(4)" style="position:fixed">Paragraph</p>\n\n'
        '<iframe src="https://frames.example.net/"></iframe>\n\n[bad](javascript:alert%285%29)\n\n'
        '<a href="&#106;avascript:alert(6)">worse</a>\n\n'
        '<svg onload="alert(7)"><a href="data:text/html,x">x</a></svg>\n',
    ),
    "relative": (
        {"title": "Relative addresses", "description": "All of them."},
        "[root](/about) [file](other.md) [query](?page=2) [part](#part) ![picture](pictures/p.png)\n\n"
        '<a href="//cdn.example.net/x">scheme</a> <img src="../up.png" alt="up" srcset="a.png 1x, b.png 2x">\n',
    ),
    "escaped-twice": (
        {
            "title": "AT&amp;T and R&amp;amp;D &#58; done",
            "description": "Fish &amp;amp; chips &lt;b&gt;cheap&lt;/b&gt;",
        },
        "Salt &amp;amp; pepper, `a &amp; b`, &lt;script&gt;\n",
    ),
    "emoji": (
        {"title": "👩🏽‍🔬 with 👨‍👩‍👧‍👦 and 🏳️‍🌈", "description": "🇺🇳 flags, keycap 4️⃣, and 🧑🏿‍🦽‍➡️."},
        "Body: 👩🏽‍🔬👨‍👩‍👧‍👦\n",
    ),
    "right-to-left": (
        {"title": "أخبار الصحة: \u200f(AI) في ٢٠٢٦", "description": "שלום עולם \u202eabc def", "lang": "ar"},
        "مرحبا\u202e بالعالم\n\nשלום\n",
    ),
    "combining": (
        {
            "title": "Cafe\u0301 Z\u0351\u036b\u0343a\u0329\u0321l\u0328\u0334g\u0323\u0333o",
            "description": "A\u030angstro\u0308m",
        },
        "e" + "\u0301" * 60 + "\n",
    ),
    "missing-image": (
        {
            "title": "Image that is not there",
            "description": "Gone.",
            "featuredImage": {"href": "gone.jpeg", "alt": "Gone"},
        },
        "Body.\n",
    ),
    "image-is-a-lie": (
        {"title": "Image that is text", "description": "No.", "featuredImage": {"href": "lie.jpeg", "alt": '"><b>'}},
        "Body.\n",
    ),
    "one-character": ({"title": "0", "description": " . "}, "\n"),
    "line-ends": (
        {"title": "First\nsecond\u2028third\u2029fourth\tfifth", "description": "One\r\ntwo"},
        "Body\r\nwith\r\rmixed\u2028ends\n",
    ),
    "deep": ({"title": "Deep", "description": "Nested."}, ">" * 60 + " deep\n\n" + "<div>" * 200 + "x\n"),
    "naive-date": (
        {"title": "Dates without a zone", "date": "2026-10-20T23:59:59", "lastMod": "2026-10-21 00:30"},
        "Body.\n",
    ),
    "edited-before-it-was-published": (
        {"title": "Edited first", "date": "2026-10-19T10:00:00+14:00", "lastMod": "2001-01-01"},
        "Body.\n",
    ),
    "bidi": (
        {"title": "\u2067שָׁלוֹם\u2069 and \u2066abc\u2069 \u061c٪", "description": "עִבְרִית", "lang": "he"},
        "> שָׁלוֹם **עֲלֵיכֶם** `code()` [קישור](https://example.net/שלום?ש=1)\n",
    ),
    "megabyte": (
        {"title": "A megabyte", "description": "Much of it."},
        "A *paragraph* of [much](https://example.net/?a=1&b=2) text & more, ünïcode 👩🏽‍🔬.\n\n" * 12_000,
    ),
    "long": ({"title": "Long " * 200, "description": "Word " * 2000}, "Paragraph of words. " * 5000 + "\n"),
}

# What no feed may show: the code of the fault that tells so, or empty for what waits for its time.
REFUSED: Mapping[str, tuple[str, dict[str, object]]] = {
    "the-same-id": ("E-DUPLICATE", {"title": "Another one of the same id", "id": 1}),
    "no-title": ("E-NO-TITLE", {"title": "", "description": ""}),
    "title-of-tags": ("E-NO-TITLE", {"title": "<b></b><br/>", "description": " <p>&nbsp;</p> "}),
    "year-2999": ("E-DATE", {"title": "No year of ours", "date": "2999-01-01T00:00:00Z"}),
    "future": ("", {"title": "Not yet", "date": "2035-12-31T00:00:00Z", "lastMod": "2035-12-31T00:00:00Z"}),
}


def write_hostile_store(folder: Path) -> frozenset[str]:
    """Write the files into a new folder; gives the addresses of the articles they speak of, one for each."""
    folder.mkdir()
    for number, (name, (front, body)) in enumerate(CASES.items(), start=1):
        _write(folder, name, number, front, body)
    for number, (name, (_, front)) in enumerate(REFUSED.items(), start=len(CASES) + 1):
        _write(folder, name, number, front, "Body.\n")
    (folder / "lie.jpeg").write_text("not a picture", encoding="utf-8")
    return frozenset(f"{SITE}/{name}" for name in CASES)


def _write(folder: Path, name: str, number: int, front: Mapping[str, object], body: str) -> None:
    link = f"{SITE}/{name}"
    matter = {
        "id": number,
        "source": "hostile",
        "archetype": "curated-content",
        "date": f"2026-10-{number:02}",
        "lastMod": f"2026-10-{number:02}T09:00:00.5Z",
        "author": ['Ada "&" <Bob>'],
        "categories": [f"Odd Vocabulary: {TOPIC}"],
        "link": {"brand": "news.example.net", "href": link, "original": link},
        "slug": name,
        "tags": ["News"],
        **front,
    }
    text = f"---\n{yaml.safe_dump(matter, allow_unicode=False)}---\n{body}"
    (folder / f"{name}.md").write_text(text, encoding="utf-8", newline="")
