"""The looks of the pages: the operator's stylesheet and templates, read from disk and tried before anything runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from syndicate.errors import ConfigError, Fault
from syndicate.feeds.pagerules import PageRules
from syndicate.posts.card import CardRules
from syndicate.regular import opened
from syndicate.settings.pages import PageSettings
from syndicate.settings.sources import CODE

LIMIT_BYTES = 1_000_000
"""No stylesheet or template is larger; what is was named by mistake."""


def page_rules_of(pages: PageSettings, cards: CardRules) -> PageRules:
    """How pages are made, with the texts of the operator's files.

    Raises:
        ConfigError: a file is missing, unreadable or no template.
    """
    rules = PageRules(
        share=pages.share,
        canonical=pages.canonical,
        index=pages.index,
        readers=tuple(pages.readers),
        twitter_site=pages.twitter_site,
        twitter_creator=pages.twitter_creator,
        style=_text(pages.style, "pages.style") if pages.style else "",
        is_style_whole=pages.style_alone and pages.style is not None,
        templates=_templates(pages.templates) if pages.templates else (),
        templates_folder=str(pages.templates or ""),
        words=tuple(pages.words.items()),
        has_filter=pages.filter,
        has_sitemap=pages.sitemap,
        has_news=pages.news,
        has_robots=pages.robots,
        cards=cards,
    )
    if rules.templates:
        _try(rules)
    return rules


def _templates(folder: Path) -> tuple[tuple[str, str], ...]:
    key = "pages.templates"
    remedy = f"make it, or name another in `{key}`"
    try:
        if not folder.is_dir():
            raise _refusal(folder, "is no folder", remedy, key)
        names = sorted(path.name for path in folder.iterdir() if path.suffix == ".html" and path.is_file())
    except OSError as error:  # of a name that is too long, or a folder that may not be listed
        raise _refusal(folder, f"cannot be read: {error.strerror}", remedy, key) from error
    return tuple((name, _text(folder / name, key)) for name in names)


def _text(path: Path, key: str) -> str:
    remedy = "mend it, or name another file"
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise _refusal(path, f"is larger than {LIMIT_BYTES} bytes", remedy, key)
        with open(path, encoding="utf-8", opener=opened) as file:
            return file.read()
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}", remedy, key) from error
    except UnicodeDecodeError as error:
        raise _refusal(path, "is not UTF-8", "save it as UTF-8", key) from error


def _refusal(path: Path, problem: str, remedy: str, key: str) -> ConfigError:
    return ConfigError((Fault(str(path), CODE, problem, remedy, key=key),))


def _try(rules: PageRules) -> None:
    """Make every kind of page once: of an item that has all there is, of one with the least, and of none."""
    from syndicate.feeds.press import documents_of
    from syndicate.feeds.site import Site
    from syndicate.items.item import Image, Item, Offering, Topic

    at = datetime(2026, 1, 1, tzinfo=UTC)
    least = Item("trial:1", "1.md", "A title", "", at, at, page="https://example.org/1/", body_html="<p>Text.</p>")
    most = replace(
        least,
        id="trial:2",
        summary="A summary.",
        link="https://example.net/2/",
        brand="example.net",
        authors=("An Author",),
        topics=(Topic("topic", "Topic", "Vocabulary", "https://example.org/topic/"),),
        section="News",
        image=Image("a.jpg", "A picture", "image/jpeg", 1000, 1200, 630, "0" * 64),
        offerings=(Offering("An offering", "https://example.org/offering/"),),
    )
    site = Site("A site", "https://example.org/", "", "https://example.org/feeds/", "example.org,2026", size=1)
    site = structs.replace(site, formats=("rss", "html"), pages=structs.replace(rules, share="page", has_sitemap=False))
    for items in ([], [least, most, replace(most, id="trial:3"), replace(most, id="trial:4")]):
        for _ in documents_of(items, site):
            pass
