"""Builds and joins everything: the only place that knows which adapter stands behind which port."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from syndicate.atomic import cannot_write
from syndicate.brake import Brake
from syndicate.channels.networks import Tools
from syndicate.dress import page_rules_of
from syndicate.feeds.formats import DIRECTORY
from syndicate.feeds.query import Query, Terms
from syndicate.feeds.site import Named, Shape, Site, topic_path
from syndicate.feeds.tombstone import TombstoneRules
from syndicate.items.topics import slug_of
from syndicate.log import log
from syndicate.outbox.outcome import RetryPolicy
from syndicate.outbox.pace import Price
from syndicate.outbox.plan import ChannelPlan, FirstSight, able
from syndicate.plot import Plot, rules_digest
from syndicate.settings.channels import ChannelSettings
from syndicate.settings.feeds import FeedSettings, NamedFeedSettings, ShapeSettings, TermSettings
from syndicate.settings.tree import Settings
from syndicate.tempo import issue_times_of, pace_rules_of
from syndicate.wording import card_kit_of, card_look_of, card_rules_of, draft_rules_of, share_page_rules_of

if TYPE_CHECKING:
    from syndicate.channels.hub import HubCaller
    from syndicate.channels.tokens import Vault
    from syndicate.content.fetch import Fetcher
    from syndicate.content.images import PictureMaker
    from syndicate.deliver import Lane, LaneRules
    from syndicate.gallery import Gallery
    from syndicate.hubs import Hubs
    from syndicate.ingest import Ingest
    from syndicate.lookout import Lookout
    from syndicate.outbox.store import SqlOutbox
    from syndicate.ports.channel import Channel
    from syndicate.ports.content import Store
    from syndicate.ports.shelf import Shelf
    from syndicate.sharepages import SharePages


Clock = Callable[[], datetime]


def clock() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


def store_of(plot: Plot, *, waits: bool = True, tell: Callable[[int, int], None] = lambda done, total: None) -> Store:
    """The content store: one folder, or several as one.

    Args:
        plot: the settings.
        waits: if not, files are taken as they are now, though they may be half-written.
        tell: hears of each root how many of its files were looked at, and how many there are.
    """
    from syndicate.content.file import GRACE
    from syndicate.content.folder import FolderStore
    from syndicate.content.passing import QUIET
    from syndicate.content.roots import Roots

    quiet, grace = (QUIET, GRACE) if waits else (timedelta(0), timedelta(0))
    stores = [
        FolderStore(root.folder, root.rules, name=root.name, tell=tell, quiet=quiet, grace=grace) for root in plot.roots
    ]
    return Roots(stores) if plot.settings.content.roots else stores[0]


def site_of(settings: Settings) -> Site:
    """What all feeds share."""
    site, feeds = settings.site, settings.feeds
    host = urlsplit(site.url).hostname or "localhost"
    return Site(
        title=site.title,
        url=site.url,
        description=site.description,
        feeds_url=feeds.url,
        tag_authority=site.tag_authority or f"{host},2026",
        owner=site.author,
        language=site.language,
        interval_s=max(60, int(settings.schedule.every.total_seconds())),
        poll_s=int(feeds.poll.total_seconds()),
        icon=feeds.icon,
        logo=feeds.logo,
        rights=feeds.rights,
        kinds=tuple(feeds.kinds),
        least=feeds.least,
        hubs=tuple(feeds.hubs),
        named=tuple(_named(name, one, feeds) for name, one in feeds.named.items()),
        size=feeds.size,
        most_bytes=feeds.most_bytes,
        content=feeds.content,
        link=feeds.link,
        formats=tuple(feeds.formats),
        leads_with_image=feeds.leads_with_image,
        cards=card_look_of(settings),
        archives=feeds.archives,
        keeps_empty=feeds.keeps_empty,
        moved=_moved(settings),
        tombstones=TombstoneRules(feeds.tombstones_size, feeds.tombstones_age) if feeds.tombstones else None,
        shapes={kind: _shape(one, feeds) for kind, one in feeds.shapes.items()},
        pages=page_rules_of(settings.pages, card_rules_of(settings)),
    )


def _moved(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Where feeds stood before: as the settings say, and for topics that have another name now."""
    aliases = (pair for store in settings.content.stores.values() for pair in store.topics.aliases.items())
    renamed = {topic_path(slug_of(old)): topic_path(slug_of(new)) for old, new in aliases}
    return tuple(sorted((renamed | settings.feeds.moved).items()))


def _named(name: str, one: NamedFeedSettings, feeds: FeedSettings) -> Named:
    query = Query(
        topics=_terms(one.topics),
        sections=_terms(one.sections),
        tags=_terms(one.tags),
        authors=_terms(one.authors),
        brands=_terms(one.brands),
        languages=_terms(one.languages),
        where=tuple((field, _terms(terms)) for field, terms in one.where.items()),
        most_age=one.most_age,
    )
    return Named(name, query, one.title, one.description, one.image, _shape(one, feeds))


def _terms(terms: TermSettings) -> Terms:
    return Terms(tuple(terms.any), tuple(terms.all), tuple(terms.none))


def _shape(one: ShapeSettings, feeds: FeedSettings) -> Shape:
    """As these settings say, or else as all feeds are made."""
    return Shape(
        size=one.size or feeds.size,
        most_bytes=one.most_bytes or feeds.most_bytes,
        content=one.content or feeds.content,
        link=one.link or feeds.link,
        formats=tuple(one.formats or feeds.formats),
        leads_with_image=feeds.leads_with_image,
    )


def plans_of(plot: Plot, channels: Mapping[str, Channel]) -> tuple[ChannelPlan, ...]:
    """What decides for each channel whether it posts an item."""
    delivery = plot.settings.delivery
    return tuple(
        ChannelPlan(
            name=name,
            account=channel.account,
            network=channel.network,
            first_sight=_first_sight(plot.settings.channels[name], is_rehearsal=channel.is_rehearsal),
            topics=tuple(plot.settings.channels[name].topics),
            not_topics=tuple(plot.settings.channels[name].not_topics),
            sections=tuple(plot.settings.channels[name].sections),
            languages=tuple(plot.settings.channels[name].languages),
            most_age=None if channel.is_rehearsal else plot.settings.channels[name].most_age or delivery.most_age,
            most_new=None if channel.is_rehearsal else delivery.most_new,
            on_edit=able(plot.settings.channels[name].on_edit, channel.abilities),
            on_withdrawal=able(plot.settings.channels[name].on_withdrawal, channel.abilities),
            edit_gap=plot.settings.channels[name].edit_gap,
        )
        for name, channel in channels.items()
    )


class OutboxTokens:
    """Tokens sealed by a vault and kept in the outbox."""

    def __init__(self, outbox: SqlOutbox, vault: Vault) -> None:
        self._outbox = outbox
        self._vault = vault

    async def token(self, name: str) -> str | None:
        """The kept secret of that name, or None."""
        sealed = await self._outbox.sealed_token(name)
        return None if sealed is None else self._vault.open(name, sealed)

    async def keep_token(self, name: str, secret: str) -> None:
        """Keep a secret durably before it is used."""
        await self._outbox.keep_sealed_token(name, self._vault.seal(name, secret), clock())


class NoTokens:
    """Tokens of a run that opens no channel."""

    async def token(self, name: str) -> str | None:
        """None."""
        return None

    async def keep_token(self, name: str, secret: str) -> None:
        """Nothing is kept."""


@asynccontextmanager
async def open_channels(plot: Plot) -> AsyncIterator[dict[str, Channel]]:
    """The channels as the settings describe them, to ask what they want and promise; nothing is sent or written."""
    from syndicate.channels.http import Web

    async with Web(hidden=plot.secrets) as web:
        tools = Tools(web, NoTokens(), clock)
        yield {name: plot.networks[name].make(name, own, tools) for name, own in plot.own.items()}


@asynccontextmanager
async def open_tools(plot: Plot, *, tell_wait: Callable[[datetime], None] | None = None) -> AsyncIterator[Tools]:
    """What channels may use, with the tokens that are kept; for commands that sign in or look.

    With `tell_wait`, networks that ask to wait are waited for, and it hears until when.
    """
    from syndicate.channels.http import Web
    from syndicate.channels.patience import PatientWeb
    from syndicate.channels.tokens import vault_in
    from syndicate.outbox.store import SqlOutbox

    hidden = plot.secrets
    asked = Web(hidden=hidden) if tell_wait is None else PatientWeb(clock, tell_wait, hidden=hidden)
    async with SqlOutbox(plot.outbox_path) as outbox, asked as web:
        yield Tools(web, OutboxTokens(outbox, vault_in(plot.state_folder, os.environ)), clock)


class House(Struct, frozen=True):
    """Everything joined and open."""

    plot: Plot
    site: Site
    store: Store
    outbox: SqlOutbox
    images: PictureMaker
    channels: Mapping[str, Channel]
    plans: tuple[ChannelPlan, ...]
    ingest: Ingest
    lanes: tuple[Lane, ...]
    hubs: Hubs
    brake: Brake
    lookout: Lookout
    gallery: Gallery | None = None


@asynccontextmanager
async def open_house(plot: Plot) -> AsyncIterator[House]:
    """Build everything the settings ask for and open it; closes it all again.

    Raises:
        CannotWrite: state or feeds cannot be written.
        ConfigError: the state was made by a newer version.
    """
    from syndicate.checkpoint import Checkpoints, settings_of
    from syndicate.content.fetch import Fetcher
    from syndicate.content.images import PictureMaker
    from syndicate.hubs import Hubs
    from syndicate.ingest import Ingest
    from syndicate.lookout import Lookout
    from syndicate.outbox.lock import is_held
    from syndicate.outbox.store import SqlOutbox
    from syndicate.shelf.folder import FolderShelf
    from syndicate.shelf.pressroom import Pressroom

    async with AsyncExitStack() as stack:
        outbox = await stack.enter_async_context(SqlOutbox(plot.outbox_path))
        if is_held(plot.lock_path):
            await _begin(outbox, plot)
        fetcher = await stack.enter_async_context(Fetcher())
        brake = Brake()
        store = store_of(plot, tell=brake)
        images = await stack.enter_async_context(PictureMaker(store, fetcher))
        site = site_of(plot.settings)
        channels, line = await _lines_out(plot, site, outbox, stack) if plot.own or site.hubs else ({}, None)
        plans = plans_of(plot, channels)
        shelf = FolderShelf(plot.settings.feeds.folder)
        gallery = _gallery(plot, site, shelf, images)
        rules = rules_digest(plot.roots)
        ingest = Ingest(store, outbox, shelf, site, plans, rules=rules, clock=clock, gallery=gallery)
        ingest.shelving.brake, ingest.shelving.pressroom = brake, Pressroom(site)
        if is_held(plot.lock_path):
            ingest.checkpoints = Checkpoints(plot.checkpoint_path, settings_of(site, rules))
            stack.push_async_callback(ingest.note)
        lookout = Lookout(outbox, clock, store=store, rules=rules)
        lanes = _lanes(plot, channels, outbox, images, fetcher, lookout) if channels else ()
        hubs = Hubs(outbox, shelf, line, site, clock=clock, chance=random.random)
        yield House(plot, site, store, outbox, images, channels, plans, ingest, lanes, hubs, brake, lookout, gallery)


async def _lines_out(
    plot: Plot, site: Site, outbox: SqlOutbox, stack: AsyncExitStack
) -> tuple[dict[str, Channel], HubCaller | None]:
    """The ways to other hosts: open channels by name, and to the site's hubs."""
    from syndicate.channels.http import Web
    from syndicate.channels.hub import HubCaller
    from syndicate.channels.tokens import vault_in

    web = await stack.enter_async_context(Web(hidden=plot.secrets))
    tools = Tools(web, OutboxTokens(outbox, vault_in(plot.state_folder, os.environ)), clock)
    channels = {name: plot.networks[name].make(name, own, tools) for name, own in plot.own.items()}
    for channel in channels.values():
        stack.push_async_callback(channel.close)
    return channels, HubCaller(web, clock) if site.hubs else None


def _lanes(
    plot: Plot,
    channels: Mapping[str, Channel],
    outbox: SqlOutbox,
    images: PictureMaker,
    fetcher: Fetcher,
    lookout: Lookout,
) -> tuple[Lane, ...]:
    from syndicate.deliver import Lane
    from syndicate.rests import Rests
    from syndicate.sharepages import SharePages

    pages = SharePages(fetcher, share_page_rules_of(plot.settings), clock=clock)
    owner, rests = f"{socket.gethostname()}:{os.getpid()}", Rests(outbox, clock)
    return tuple(
        Lane(
            channel,
            outbox,
            images,
            lane_rules_of(plot, name, channel.price, pages, lookout),
            owner=owner,
            clock=clock,
            chance=random.random,
            rests=rests,
        )
        for name, channel in channels.items()
    )


async def _begin(outbox: SqlOutbox, plot: Plot) -> None:
    """Take the state up for publishing, and tell if it is not the one that published last."""
    feeds = plot.settings.feeds.folder
    await asyncio.to_thread(_make_witness_folder, plot)
    restored = await outbox.begin(clock(), has_feeds=(feeds / DIRECTORY).exists(), folders=plot.witness_folders)
    if restored is not None:
        log.warning("state_restored", reason=restored.reason, since=restored.since.isoformat(), epoch=restored.epoch)
    skipped = await outbox.retire(tuple(plot.settings.channels), clock())
    if skipped:
        log.warning("deliveries_retired", number=skipped)


def _make_witness_folder(plot: Plot) -> None:
    """Only the operator's own is missed: a home that cannot be written is usual for a service."""
    folder = plot.witness_folder
    if folder is None:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        if plot.settings.state.witness is not None:
            told = cannot_write(
                folder, error, "give the user of this process rights to it, or set another `state.witness`"
            )
            log.warning("witness_not_written", folder=told.path, reason=told.reason, remedy=told.remedy)


def _gallery(plot: Plot, site: Site, shelf: Shelf, images: PictureMaker) -> Gallery | None:
    if site.cards is None:
        return None
    from syndicate.content.cards import CardPainter
    from syndicate.gallery import Gallery

    return Gallery(shelf, CardPainter(images, card_kit_of(plot.settings), site.cards), site.cards)


def lane_rules_of(
    plot: Plot,
    name: str,
    price: Price | None = None,
    pages: SharePages | None = None,
    lookout: Lookout | None = None,
) -> LaneRules:
    """How a channel's posts are made and paced."""
    from syndicate.attempt import AttemptRules
    from syndicate.deliver import LaneRules

    delivery = plot.settings.delivery
    retry = RetryPolicy(first=delivery.retry_first, longest=delivery.retry_longest, most_failures=delivery.retries)
    attempts = AttemptRules(draft_rules_of(plot, name), issue_times_of(plot, name), retry, pages=pages, lookout=lookout)
    return LaneRules(attempts, pace_rules_of(plot, name, price))


def _first_sight(channel: ChannelSettings, *, is_rehearsal: bool) -> FirstSight:
    if channel.first_sight is not None:
        return channel.first_sight
    return FirstSight.POST if is_rehearsal else FirstSight.BASELINE
