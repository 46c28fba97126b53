"""HTML pages for people: one for each feed, and the landing page that lists them all.

The templates are part of the code: they are read once, like modules. Links between pages are relative, so that the
shelf reads well at any address. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from syndicate.feeds.formats import DIRECTORY, STYLE, page_address, subscribable
from syndicate.feeds.site import anchor_of
from syndicate.feeds.text import clip, direction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from syndicate.feeds.entry import Entry
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site

# fmt: off
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on
_SUMMARY_ROOM = 280
_TITLE_ROOM = 160
_FRONT_ENTRIES = 7


@dataclass(frozen=True, slots=True)
class Group:
    """Feeds that stand together on the landing page: a vocabulary's topics, or the sections."""

    title: str
    anchor: str
    feeds: tuple[Feed, ...]


def page(feed: Feed, site: Site) -> bytes:
    """The feed's page: its entries, the ways to subscribe, its neighbours; below 100 kB at 50 entries."""
    root = "../" * (feed.path.count("/") + 1)
    return _rendered(
        "feed.html", site, root=root, feed=feed, canonical=page_address(feed, site), entries=feed.entries, folder=""
    )


def landing_page(feeds: Sequence[Feed], site: Site) -> bytes:
    """The front page: what is new, and every feed by vocabulary with its formats and counts."""
    everything = next((feed for feed in feeds if feed.kind == "all"), None)
    return _rendered(
        "landing.html",
        site,
        root="",
        feed=everything,
        canonical=site.feeds_url,
        entries=everything.entries[:_FRONT_ENTRIES] if everything else (),
        folder=f"{_relative(everything.path)}/" if everything else "",
        groups=tuple(_groups(feeds)),
        directory=DIRECTORY,
    )


@cache
def stylesheet() -> bytes:
    """The one stylesheet of all pages."""
    return (files(__package__) / "templates" / STYLE).read_bytes()


def _groups(feeds: Sequence[Feed]) -> Iterator[Group]:
    sections = tuple(feed for feed in feeds if feed.kind == "section")
    if sections:
        yield Group("Sections", "sections", sections)
    topics = [feed for feed in feeds if feed.kind == "topic"]
    for vocabulary in sorted({feed.vocabulary or "" for feed in topics}, key=lambda name: (not name, name.casefold())):
        fellows = tuple(feed for feed in topics if (feed.vocabulary or "") == vocabulary)
        yield Group(vocabulary or "Topics", anchor_of(vocabulary), fellows)


def _rendered(template: str, site: Site, **subject: object) -> bytes:
    made = _templates().get_template(template).render(site=site, formats=subscribable(site), style=STYLE, **subject)
    return made.encode("utf-8", "replace")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("syndicate.feeds"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters.update(day=_day, summary=_summary, headline=_headline, relative=_relative, dir=direction)
    return environment


def _day(moment: datetime, language: str) -> str:
    """The date as people write it; in ISO form where the months' names would be in the wrong language."""
    if language.partition("-")[0].lower() != "en":
        return moment.date().isoformat()
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _summary(entry: Entry) -> str:
    return "" if entry.summary == entry.title else clip(entry.summary, _SUMMARY_ROOM)


def _headline(entry: Entry) -> str:
    return clip(entry.title, _TITLE_ROOM)


def _relative(path: str) -> str:
    return quote(path)
