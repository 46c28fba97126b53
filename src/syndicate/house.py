"""Builds and joins everything: the only place that knows which adapter stands behind which port."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr, ValidationError

from syndicate import __version__
from syndicate.channels.networks import Network, Tools, network_of
from syndicate.errors import ConfigError, Fault
from syndicate.feeds.site import Site
from syndicate.items.presets import rules_of
from syndicate.items.rules import Rules
from syndicate.outbox.delivery import RetryPolicy
from syndicate.outbox.plan import ChannelPlan, FirstSight
from syndicate.posts.card import CardRules
from syndicate.posts.template import check_template
from syndicate.settings import ChannelSettings, Settings, placed_below, root_of, settings_of
from syndicate.settings_sources import CODE, fault_of

if TYPE_CHECKING:
    from syndicate.channels.tokens import Vault
    from syndicate.content.folder import FolderStore
    from syndicate.content.images import PictureMaker
    from syndicate.deliver import Lane, LaneRules
    from syndicate.draft import DraftRules
    from syndicate.ingest import Ingest
    from syndicate.outbox.store import SqlOutbox
    from syndicate.ports import Channel

Clock = Callable[[], datetime]


def clock() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Plot:
    """The settings of one project, checked whole, with what can be known before anything is opened.

    `networks` and `own` are by channel name, switched-on channels only.
    """

    path: Path
    settings: Settings
    networks: Mapping[str, Network]
    own: Mapping[str, BaseModel]
    rules: Rules

    @property
    def state_folder(self) -> Path:
        """Where outbox, lock and token key are."""
        return self.settings.state.folder

    @property
    def lock_path(self) -> Path:
        """The publisher's lock."""
        return self.state_folder / "publisher.lock"

    @property
    def outbox_path(self) -> Path:
        """The outbox's database."""
        return self.state_folder / "outbox.sqlite3"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in the settings, for masking."""
        found = [secret for own in self.own.values() for _, value in own for secret in _secrets_in(value)]
        # Two secrets in one setting, as while a webhook's changes, are two words to hide.
        return tuple(dict.fromkeys(word for secret in found for word in (secret, *secret.split())))


def plot_of(path: Path) -> Plot:
    """Read and check the settings, every channel by its own network.

    Raises:
        ConfigError: with every fault.
    """
    settings = settings_of(path)
    networks: dict[str, Network] = {}
    own: dict[str, BaseModel] = {}
    faults: list[Fault] = []
    for name, channel in settings.channels.items():
        if not channel.enabled:
            continue
        faults.extend(_template_faults(path, name, channel.template))
        try:
            networks[name] = network_of(channel.network)
            checked = networks[name].settings(**_rooted(channel.own, root_of(path)))
            own[name] = _with_rooted_defaults(checked, root_of(path))
        except ValidationError as error:
            faults.extend(fault_of(path, line, below=("channels", name)) for line in error.errors(include_input=False))
        except ConfigError as error:
            faults.extend(_placed(path, name, fault) for fault in error.faults)
    try:
        rules = _rules(path, settings)
    except ConfigError as error:
        faults.extend(error.faults)
    if faults:
        raise ConfigError(tuple(faults))
    return Plot(path, settings, networks, own, rules)


def store_of(plot: Plot, *, waits: bool = True) -> FolderStore:
    """The content store; one that does not wait takes files as they are now, though they may be half-written."""
    from syndicate.content.folder import FolderStore

    if waits:
        return FolderStore(plot.settings.content.folder, plot.rules)
    return FolderStore(plot.settings.content.folder, plot.rules, quiet=timedelta(0), grace=timedelta(0))


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
        size=feeds.size,
        content=feeds.content,
        link=feeds.link,
        formats=tuple(feeds.formats),
    )


def card_rules_of(settings: Settings) -> CardRules:
    """Where cards come from."""
    cards = settings.cards
    return CardRules(
        tuple(cards.title), tuple(cards.summary), cards.link, settings.site.title, media_url=settings.feeds.url
    )


def plans_of(plot: Plot, channels: Mapping[str, Channel]) -> tuple[ChannelPlan, ...]:
    """What decides for each channel whether it posts an item."""
    delivery = plot.settings.delivery
    return tuple(
        ChannelPlan(
            name=name,
            account=channel.account,
            first_sight=_first_sight(plot.settings.channels[name], is_rehearsal=channel.is_rehearsal),
            topics=tuple(plot.settings.channels[name].topics),
            not_topics=tuple(plot.settings.channels[name].not_topics),
            sections=tuple(plot.settings.channels[name].sections),
            languages=tuple(plot.settings.channels[name].languages),
            most_age=None if channel.is_rehearsal else plot.settings.channels[name].most_age or delivery.most_age,
            most_new=None if channel.is_rehearsal else delivery.most_new,
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

    async with Web() as web:
        tools = Tools(web, NoTokens(), clock)
        yield {name: plot.networks[name].make(name, own, tools) for name, own in plot.own.items()}


@dataclass(frozen=True, slots=True)
class House:
    """Everything joined and open."""

    plot: Plot
    site: Site
    store: FolderStore
    outbox: SqlOutbox
    images: PictureMaker
    channels: Mapping[str, Channel]
    plans: tuple[ChannelPlan, ...]
    ingest: Ingest
    lanes: tuple[Lane, ...]


@asynccontextmanager
async def open_house(plot: Plot) -> AsyncIterator[House]:
    """Build everything the settings ask for and open it; closes it all again.

    Raises:
        CannotWrite: state or feeds cannot be written.
        ConfigError: the state was made by a newer version.
    """
    from syndicate.channels.http import Web
    from syndicate.channels.tokens import vault_in
    from syndicate.content.fetch import Fetcher
    from syndicate.content.images import PictureMaker
    from syndicate.deliver import Lane
    from syndicate.ingest import Ingest
    from syndicate.outbox.store import SqlOutbox
    from syndicate.shelf.folder import FolderShelf

    async with AsyncExitStack() as stack:
        outbox = await stack.enter_async_context(SqlOutbox(plot.outbox_path))
        web = await stack.enter_async_context(Web())
        fetcher = await stack.enter_async_context(Fetcher())
        store = store_of(plot)
        images = await stack.enter_async_context(PictureMaker(store, fetcher))
        tools = Tools(web, OutboxTokens(outbox, vault_in(plot.state_folder, os.environ)), clock)
        channels = {name: plot.networks[name].make(name, own, tools) for name, own in plot.own.items()}
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        site = site_of(plot.settings)
        plans = plans_of(plot, channels)
        shelf = FolderShelf(plot.settings.feeds.folder)
        ingest = Ingest(store, outbox, shelf, site, plans, rules=rules_digest(plot.rules), clock=clock)
        owner = f"{socket.gethostname()}:{os.getpid()}"
        lanes = tuple(
            Lane(channel, outbox, images, lane_rules_of(plot, name), owner=owner, clock=clock, chance=random.random)
            for name, channel in channels.items()
        )
        yield House(plot, site, store, outbox, images, channels, plans, ingest, lanes)


def lane_rules_of(plot: Plot, name: str) -> LaneRules:
    """How a channel's posts are made and paced."""
    from syndicate.deliver import LaneRules

    settings, channel = plot.settings, plot.settings.channels[name]
    delivery = settings.delivery
    return LaneRules(
        drafts=draft_rules_of(plot, name),
        gap=channel.gap,
        retry=RetryPolicy(first=delivery.retry_first, longest=delivery.retry_longest, most_failures=delivery.retries),
    )


def draft_rules_of(plot: Plot, name: str) -> DraftRules:
    """How a channel's posts are made."""
    from syndicate.draft import DraftRules

    channel = plot.settings.channels[name]
    cards = card_rules_of(plot.settings)
    return DraftRules(cards, channel.template, channel.hashtags, plot.settings.hashtags)


def rules_digest(rules: Rules) -> str:
    """Tells whether files read before were read with the same mapping by the same version."""
    return f"{__version__}|{rules.digest}"


def _rules(path: Path, settings: Settings) -> Rules:
    return rules_of(
        settings.content.preset,
        site_url=settings.site.url,
        zone=ZoneInfo(settings.site.timezone),
        language=settings.site.language,
        fields=settings.content.fields,
        exclude=settings.content.exclude,
        origin=str(path),
    )


def _first_sight(channel: ChannelSettings, *, is_rehearsal: bool) -> FirstSight:
    if channel.first_sight is not None:
        return channel.first_sight
    return FirstSight.POST if is_rehearsal else FirstSight.BASELINE


def _rooted(own: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Paths among a network's own keys count from the project's folder."""

    def placed(key: str, value: object) -> object:
        is_path = isinstance(value, str) and (key == "folder" or key.endswith("_file"))
        return str(placed_below(root, Path(str(value)))) if is_path else value

    return {key: placed(key, value) for key, value in own.items()}


def _with_rooted_defaults(own: BaseModel, root: Path) -> BaseModel:
    """A folder that nobody named (the preview's) counts from the project's folder, too."""
    return own.model_copy(update={key: root / value for key, value in own if isinstance(value, Path)})


def _template_faults(path: Path, channel: str, template: str | None) -> list[Fault]:
    if template is None:
        return []
    try:
        check_template(template)
    except ValueError as error:
        problem, _, remedy = str(error).removeprefix("template: ").partition("; ")
        return [Fault(str(path), CODE, problem, remedy, key=f"channels.{channel}.template")]
    return []


def _secrets_in(value: object) -> list[str]:
    """The secrets in a setting, which may be a mapping such as a webhook's headers."""
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, Mapping):
        return [secret for part in value.values() for secret in _secrets_in(part)]
    return []


def _placed(path: Path, channel: str, fault: Fault) -> Fault:
    key = f"channels.{channel}" + (f".{fault.key}" if fault.key else "")
    return Fault(str(path), fault.code, fault.problem, fault.remedy, key=key)
