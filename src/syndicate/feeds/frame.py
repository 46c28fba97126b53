"""What a feed's document says around its entries, part by part, so that it is cast as entries are (see `mould`).

A site's frames differ in a handful of texts; feedgen and lxml take a tenth of a millisecond for each. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from syndicate.feeds.formats import FORMATS, page_address
from syndicate.feeds.text import SEAM, is_carried, mail_date

if TYPE_CHECKING:
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site


class FrameOutline(NamedTuple):
    """What feeds of a site have in common whose frames are written alike; folders: whether it has each."""

    formats: tuple[str, ...]
    language: str
    image: str | None
    has_home: bool
    folders: tuple[bool, ...]


def frame_outline(feed: Feed) -> FrameOutline | None:
    """The outline of a feed's frame; None where it is out of the ordinary and written by itself."""
    if feed.tombstones or feed.updated.tzinfo is not UTC:
        return None
    return FrameOutline(feed.formats, feed.language, feed.image, bool(feed.home), tuple(map(bool, _folders(feed))))


def frame_texts(feed: Feed, site: Site) -> bytes | None:
    """The texts of a feed's frame in UTF-8, with seams between them; None where they need more than to be escaped."""
    texts = [site.tag(f"feed/{feed.key}"), feed.title, feed.description]
    texts += (feed.updated.isoformat(), mail_date(feed.updated))
    for folder in map(site.address, filter(None, _folders(feed))):
        texts += [f"{folder}/{form.file_name}" for form in FORMATS.values()]
    if feed.home or "html" in feed.formats:
        texts.append(page_address(feed, site))
    joined = SEAM.decode().join(texts)
    return joined.encode() if all(texts) and is_carried(joined, seams=len(texts) - 1) else None


def frame_sample(feed: Feed) -> Feed:
    """A feed of the same outline, all of whose texts differ and are like nothing that a maker writes by itself."""
    folders = [f"q100001{place}" if folder else None for place, folder in enumerate(_folders(feed))]
    path, current, older, newer = folders
    return structs.replace(
        feed,
        key="q1000001",
        title="q1000002",
        description="q1000003",
        home="https://q1000004.example/" if feed.home else None,
        updated=datetime(1601, 1, 1, tzinfo=UTC),
        path=path,
        current=current,
        older=older,
        newer=newer,
    )


def _folders(feed: Feed) -> tuple[str | None, ...]:
    return feed.path, feed.current, feed.older, feed.newer
