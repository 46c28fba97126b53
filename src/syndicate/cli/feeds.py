"""`syndicate feeds`: which feeds there are, and whether they stand on the shelf as they ought to."""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
from msgspec import structs
from msgspec.structs import replace

from syndicate.cli.output import config_option, count, json_option, load, progress, say, table, tell_faults, tell_json

if TYPE_CHECKING:
    from datetime import datetime

    from syndicate.errors import Fault
    from syndicate.feeds.catalogue import Catalogue
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site
    from syndicate.feeds.tombstone import Tombstone
    from syndicate.items.item import Item, Topic
    from syndicate.plot import Plot
    from syndicate.ports.content import Indexed, Scan, Store
    from syndicate.verify import Read, Verdict

MOST_BYTES = 100_000_000
"""More than any feed has."""

PATIENCE_S = 30.0


@click.group(
    short_help="The feeds: list, build, verify.",
    epilog="\b\nExamples:\n  syndicate feeds list\n  syndicate feeds build\n  syndicate feeds verify",
)
def feeds() -> None:
    """The feeds of the store: which there are, write them, look whether they are right. Nothing is posted."""


@feeds.command(
    "list",
    short_help="Show every feed: address, items, formats.",
    epilog="\b\nExamples:\n  syndicate feeds list\n  syndicate feeds list --json | jq -r '.feeds[].address'",
)
@config_option
@json_option
def list_(config: Path, as_json: bool) -> None:
    """Show every feed the store has: its address, kind, number of items, most entries and formats."""
    asyncio.run(_list(load(config), as_json))


@feeds.command(
    short_help="Write all feeds from the store; nothing is posted.",
    epilog="\b\nExample:\n  syndicate feeds build --config /etc/syndicate/news.yaml",
)
@config_option
@json_option
def build(config: Path, as_json: bool) -> None:
    """Write every feed, page and image from the store as it is now. Nothing is posted, and nothing is remembered.

    Not beside a running publisher, which does the same on its own.
    """
    sys.exit(asyncio.run(_build(load(config), as_json)))


@feeds.command(
    short_help="Look whether every feed tells what the store holds.",
    epilog="\b\nExamples:\n  syndicate feeds verify\n  syndicate feeds verify --url https://www.example.org/feeds/",
)
@config_option
@json_option
@click.option("--url", help="Read the feeds over HTTP from this address, in place of the folder.")
def verify(config: Path, as_json: bool, url: str | None) -> None:
    """Read every feed back, follow its archive documents, and compare with the store; writes nothing.

    Exit code 3: a feed is missing, or does not tell what the store holds. 65: a document cannot be read.
    """
    sys.exit(asyncio.run(_verify(load(config), as_json, url)))


async def _list(plot: Plot, as_json: bool) -> None:
    site, catalogue = await _catalogue(plot)
    if as_json:
        tell_json({"feeds": [_json(feed, site) for feed in catalogue.feeds]})
        return
    table(
        ("address", "kind", "items", "size", "formats"),
        [
            (site.address(f"{feed.path}/"), feed.kind, feed.total, feed.shape.size, ", ".join(feed.formats))
            for feed in catalogue.feeds
        ],
    )
    say(count(len(catalogue.feeds), "feed"))


def _json(feed: Feed, site: Site) -> dict[str, Any]:
    from syndicate.feeds.formats import FORMATS

    files = {name: site.address(f"{feed.path}/{FORMATS[name].file_name}") for name in feed.formats}
    return {
        "key": feed.key,
        "kind": feed.kind,
        "address": site.address(f"{feed.path}/"),
        "label": feed.label,
        "title": feed.title,
        "items": feed.total,
        "size": feed.shape.size,
        "content": feed.shape.content,
        "formats": files,
        "updated": feed.updated,
    }


async def _build(plot: Plot, as_json: bool) -> int:
    from syndicate.house import clock, open_house
    from syndicate.outbox.lock import PublisherLock

    with PublisherLock(plot.lock_path, clock()):
        async with open_house(plot) as house:
            with _counted("documents") as tell:
                items, done = await house.ingest.build(tell)
            if house.gallery:
                await house.gallery.draw()
            faults = house.ingest.shelving.left_out
    if as_json:
        told = [_fault(one) for one in faults]
        tell_json({"items": items, "written": done.written, "dropped": done.dropped, "faults": told})
    else:
        tell_faults(faults)
        say(
            f"{count(items, 'item')}: {count(len(done.written), 'file')} written to {plot.settings.feeds.folder}, "
            f"{len(done.dropped)} taken away"
        )
    return 65 if faults else 0


async def _verify(plot: Plot, as_json: bool, url: str | None) -> int:
    from syndicate import verify as reading

    site, catalogue = await _catalogue(plot)
    folder = plot.settings.feeds.folder
    read, standing = (_over_http(url), ()) if url else (_in_folder(folder), _standing(folder))
    with _counted("feeds") as tell:
        verdict = await asyncio.to_thread(reading.verify, catalogue, site, read, standing=standing, tell=tell)
    if as_json:
        tell_json(
            {
                "feeds": verdict.feeds,
                "documents": verdict.documents,
                "entries": verdict.entries,
                "faults": [_fault(one) for one in verdict.faults],
            }
        )
    else:
        tell_faults(verdict.faults, most=1000)
        say(_summary(verdict))
    if not verdict.is_readable:
        return 65
    return 3 if verdict.faults else 0


def _summary(verdict: Verdict) -> str:
    seen = ", ".join(
        (
            count(verdict.feeds, "feed"),
            f"{count(verdict.documents, 'document')} read",
            count(verdict.entries, "entry", "entries"),
        )
    )
    return f"{seen}: {count(len(verdict.faults), 'fault') if verdict.faults else 'all as the store is'}"


async def _catalogue(plot: Plot) -> tuple[Site, Catalogue]:
    """The feeds as they ought to be now."""
    from syndicate.feeds.catalogue import Catalogue
    from syndicate.house import clock, site_of, store_of

    now = clock()
    items, topics, tombstones = await _visible(plot, store_of(plot, waits=False), now)
    site = site_of(plot.settings)
    catalogue = Catalogue(site)
    catalogue.update(items, now, topics=topics, tombstones=tombstones)
    return site, catalogue


async def _visible(
    plot: Plot, store: Store, now: datetime
) -> tuple[dict[str, Item], tuple[Topic, ...], tuple[Tombstone, ...]]:
    """What is published now, the topics that ever were, and the items that left.

    Raises:
        ConfigError: the store is not there, or was lost.
    """
    from syndicate.errors import ConfigError
    from syndicate.outbox.store import SqlOutbox
    from syndicate.plot import rules_digest
    from syndicate.recognition import lost_store

    scan = await asyncio.to_thread(store.scan, {})
    topics: tuple[Topic, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    if plot.has_outbox:
        async with SqlOutbox(plot.outbox_path, is_reader=True) as outbox:
            lost = lost_store(scan, await outbox.known())
            if lost is not None:
                raise ConfigError((lost,))
            scan = _with_last_good(scan, await outbox.index(rules_digest(plot.roots)))
            topics = tuple((await outbox.topics()).values())
            tombstones = tuple((await outbox.tombstones()).values())
    return {item_id: item for item_id, item in scan.items.items() if item.published <= now}, topics, tombstones


def _with_last_good(scan: Scan, index: Mapping[str, Indexed]) -> Scan:
    """The scan with the last good item of each file that is broken now, as feeds go on to show it."""
    last_good = {
        path: structs.replace(one, item=index[path].item)
        for path, one in scan.files.items()
        if one.item is None and one.skipped is None and path in index
    }
    return replace(scan, files={**scan.files, **last_good})


def _standing(folder: Path) -> tuple[str, ...]:
    """Paths of all documents of feeds in the folder."""
    from syndicate.feeds.formats import FORMATS, INDEX

    names = [form.file_name for form in FORMATS.values() if form.file_name != INDEX]
    return tuple(path.relative_to(folder).as_posix() for name in names for path in folder.rglob(name))


def _in_folder(folder: Path) -> Read:
    from syndicate.regular import read_regular

    def read(path: str) -> bytes | None:
        try:
            return read_regular(folder / path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENXIO):
                raise
            return None

    return read


def _over_http(url: str) -> Read:
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    from syndicate.errors import NetworkError, UsageError

    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--url {url}: is no web address; write http:// or https:// and what follows")

    def read(path: str) -> bytes | None:
        address = url.rstrip("/") + "/" + quote(path, safe="/+:@!$&'()*,;=~")
        try:
            asked = Request(address, headers={"User-Agent": "syndicate"})  # noqa: S310 (http or https, as seen above)
            with urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310
                content: bytes = answer.read(MOST_BYTES)
                return content
        except HTTPError as error:
            if error.code in (404, 410):
                return None
            raise NetworkError(f"{address}: answered {error.code}") from error
        except URLError as error:
            raise NetworkError(f"{address}: {error.reason}") from error

    return read


@contextmanager
def _counted(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr that follows `done of total`."""
    with ExitStack() as stack:
        move: list[Callable[[int], None]] = []

        def tell(done: int, total: int) -> None:
            if not move:
                move.append(stack.enter_context(progress(label, total)))
            move[0](1)

        yield tell


def _fault(fault: Fault) -> dict[str, str]:
    return {"path": fault.path, "code": fault.code, "problem": fault.problem, "remedy": fault.remedy}
