"""Addresses of a site's own pages from its template, with the words of Hugo and Jekyll.

Source: Hugo documentation, "Permalinks: tokens"; Jekyll documentation, "Permalinks: placeholders". Read 2026-11. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from syndicate.items.topics import slug_of

STYLES: Mapping[str, str] = {
    "date": "/:categories/:year/:month/:day/:slug:output_ext",
    "pretty": "/:categories/:year/:month/:day/:slug/",
    "ordinal": "/:categories/:year/:y_day/:slug:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:slug:output_ext",
    "none": "/:categories/:slug:output_ext",
}
"""Jekyll's own templates by name."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DATED = {
    "year": lambda at: f"{at.year:04}",
    "short_year": lambda at: f"{at.year % 100:02}",
    "month": lambda at: f"{at.month:02}",
    "i_month": lambda at: str(at.month),
    "monthname": lambda at: _MONTHS[at.month - 1].lower(),
    "long_month": lambda at: _MONTHS[at.month - 1],
    "short_month": lambda at: _MONTHS[at.month - 1][:3],
    "day": lambda at: f"{at.day:02}",
    "i_day": lambda at: str(at.day),
    "weekday": lambda at: str(at.isoweekday() % 7),
    "weekdayname": lambda at: _DAYS[at.weekday()].lower(),
    "long_day": lambda at: _DAYS[at.weekday()],
    "short_day": lambda at: _DAYS[at.weekday()][:3],
    "yearday": lambda at: str(at.timetuple().tm_yday),
    "y_day": lambda at: f"{at.timetuple().tm_yday:03}",
    "w_year": lambda at: f"{at.isocalendar().year:04}",
    "week": lambda at: f"{at.isocalendar().week:02}",
    "w_day": lambda at: str(at.isoweekday()),
    "hour": lambda at: f"{at.hour:02}",
    "minute": lambda at: f"{at.minute:02}",
    "second": lambda at: f"{at.second:02}",
}
_NAMED = frozenset(
    {
        *("title", "slug", "section", "sections", "filename", "contentbasename", "slugorfilename", "language", "path"),
        *("slugorcontentbasename", "categories", "slugified_categories", "output_ext", "name", "basename", "bundle"),
    }
)
WORDS = frozenset(_DATED) | _NAMED
"""All words that may follow a colon."""

_WORD = re.compile(r":(?P<word>[a-z_]+)(?:\[(?P<part>-?\d*:?-?\d*|last)\])?")


class Page(Struct, frozen=True, gc=False):
    """What a template may name, and the date in the site's zone.

    `slug` is that of the front matter or of the file name; `name` stands for it where a builder takes the file name
    as it is, which may hold a date.
    """

    title: str
    slug: str
    name: str
    folders: tuple[str, ...]
    categories: tuple[str, ...]
    language: str
    at: datetime


def unknown_words(template: str) -> tuple[str, ...]:
    """The words of a template that mean nothing."""
    return tuple(match["word"] for match in _WORD.finditer(template) if match["word"] not in WORDS)


def is_template(text: str) -> bool:
    """Whether there is a word to fill in."""
    return any(match["word"] in WORDS for match in _WORD.finditer(text))


def permalink(template: str, page: Page, words: Mapping[str, str]) -> str:
    """The path that a template gives, percent-encoded, without empty steps; a slash at its end stays.

    Args:
        template: a path with words, or the name of one of `STYLES`.
        page: what the words stand for.
        words: words that mean other ones on this site.
    """

    def one(match: re.Match[str]) -> str:
        word = words.get(match["word"], match["word"])
        if word in _DATED:
            return _DATED[word](page.at)
        if word in _NAMED:
            return _named(word, match["part"], page)
        return match[0]

    path = _WORD.sub(one, STYLES.get(template, template))
    return re.sub("/{2,}", "/", f"/{path}")


def _named(word: str, part: str | None, page: Page) -> str:
    match word:
        case "title":
            return slug_of(page.title)
        case "section":
            return _quoted(page.folders[:1])
        case "sections":
            return _quoted(_sliced(page.folders, part))
        case "slug":
            return _quoted([page.slug]) or slug_of(page.title)
        case "filename" | "slugorfilename" | "slugorcontentbasename" | "contentbasename" | "name" | "basename":
            return _quoted([page.name]) or slug_of(page.title)
        case "path":
            return _quoted([*page.folders, page.name])
        case "bundle":  # Eleventy: a file that is named as its folder is that folder's page
            steps = page.folders if page.folders[-1:] == (page.slug,) else (*page.folders, page.slug)
            return _quoted(steps) or slug_of(page.title)
        case "categories":
            return _quoted([category.lower() for category in page.categories])
        case "slugified_categories":
            return "/".join(slug_of(category) for category in page.categories)
        case "language":
            return _quoted([page.language.lower()])
        case _:  # output_ext
            return ".html"


def _sliced(folders: tuple[str, ...], part: str | None) -> tuple[str, ...]:
    """Hugo's `[last]`, `[0]` and `[1:-1]`."""
    if part is None:
        return folders
    if part == "last":
        return folders[-1:]
    begin, colon, end = part.partition(":")
    if not colon:
        at = int(begin or "0")
        return folders[at:][:1]
    return folders[int(begin) if begin.lstrip("-") else None : int(end) if end.lstrip("-") else None]


def _quoted(steps: tuple[str, ...] | list[str]) -> str:
    """Steps of a path; what would climb or part a step further does not stand as it is."""
    return "/".join(quote("-".join(step.split()), safe="!$&'()*+,;=:@~") for step in steps if step.strip(". "))
