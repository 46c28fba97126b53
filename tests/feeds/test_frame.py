"""What stands around the entries is cast as it would be made."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from msgspec.structs import replace

from feeds.store import SITE, day
from feeds.test_mould import TEXTS, TIMES
from syndicate.feeds import xml
from syndicate.feeds.feed import Feed
from syndicate.feeds.frame import frame_outline, frame_texts
from syndicate.feeds.site import Shape, Site
from syndicate.feeds.tombstone import Tombstone

RICH = replace(
    SITE,
    url='https://example.org/?a=1&b="2"',
    owner="Example & <Sons>",
    rights="All & more",
    icon="https://example.org/i.png",
    logo="https://example.org/l.png?a&b",
    hubs=("https://hub.example/?a&b", "https://other.example/hub"),
)
PLAIN = Feed(
    key="topic:ai",
    kind="topic",
    path="ai",
    label="AI",
    title="AI & more",
    description='What "AI" <does>',
    entries=(),
    updated=day(3),
)
FULL = structs.replace(
    PLAIN,
    home='https://example.org/t?a&b="c"',
    image="https://example.org/own.png?a&b",
    older="ai/archive/1",
    language="ar",
)
PART = structs.replace(FULL, path="ai/archive/2", current="ai", newer="ai/archive/3")
FOLDERS = st.none() | st.text("ab&é \"'<>/", min_size=1, max_size=5)
FEEDS = st.fixed_dictionaries(
    {
        "key": TEXTS,
        "path": FOLDERS.filter(bool),
        "title": TEXTS,
        "description": TEXTS,
        "updated": TIMES,
        "home": st.none() | TEXTS,
        "image": st.none() | st.just("https://example.org/own.png"),
        "current": FOLDERS,
        "older": FOLDERS,
        "newer": FOLDERS,
        "shape": st.sampled_from(
            (Shape(), Shape(formats=("rss",)), Shape(formats=("json", "atom")), Shape(formats=("html", "rss", "atom")))
        ),
    }
).map(lambda parts: structs.replace(PLAIN, **parts))


def cast_as_made(feed: Feed, site: Site) -> bool:
    """Whether the feed's frame is cast; then it is as it would have been made."""
    entries = xml.Entries()
    if frame_outline(feed) is None or frame_texts(feed, site) is None:
        return False
    for kind in xml._ENTRY:
        made = xml._frame(feed, site, kind)
        assert [entries.frame(feed, site, kind) for _ in range(2)] == [made, made]
    return bool(entries._frames)


@given(FEEDS, st.sampled_from((SITE, RICH)))
def test_what_is_cast_is_what_would_be_made(feed: Feed, site: Site) -> None:
    cast_as_made(feed, site)


@pytest.mark.parametrize("site", [SITE, RICH])
@pytest.mark.parametrize("feed", [PLAIN, FULL, PART, structs.replace(PLAIN, shape=Shape(formats=("rss", "atom")))])
def test_usual_feeds_are_cast(feed: Feed, site: Site) -> None:
    assert cast_as_made(feed, site)


@pytest.mark.parametrize(
    "feed",
    [
        structs.replace(PLAIN, title=""),
        structs.replace(PLAIN, description="a\rb"),
        structs.replace(PLAIN, title="a\x7fb"),
        structs.replace(PLAIN, tombstones=(Tombstone("a", day(1), ("all",)),)),
        structs.replace(PLAIN, updated=datetime(2026, 11, 1, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_what_is_out_of_the_ordinary_is_made_by_itself(feed: Feed) -> None:
    assert not cast_as_made(feed, SITE)


def test_sites_do_not_share_frames() -> None:
    entries = xml.Entries()

    for site in (SITE, SITE, RICH, RICH):
        assert entries.frame(FULL, site, "rss") == xml._frame(FULL, site, "rss")
