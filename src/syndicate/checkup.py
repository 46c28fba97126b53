"""Everything that `syndicate doctor` looks at, joined: the checks run side by side, within a bound of time.

Nothing is posted, made or migrated. What may be written is a renewed access in the place of the one that is kept, as
the network takes the former one no more.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate import machine
from syndicate.channels.addresses import place_of
from syndicate.channels.hearing import HearingWeb
from syndicate.channels.http import Web
from syndicate.channels.networks import Tools
from syndicate.channels.reach import reach
from syndicate.doctor import channel as channels
from syndicate.doctor import machine as host
from syndicate.doctor import site as premises
from syndicate.doctor import state
from syndicate.doctor.finding import Finding, Level, in_order
from syndicate.errors import CannotWrite, Fault, NetworkError, SyndicateError, Transient
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.site import Site
from syndicate.house import NoTokens, OutboxTokens, clock, site_of
from syndicate.items.item import Item
from syndicate.items.links import is_loopback
from syndicate.outbox.lock import holder_of
from syndicate.outbox.soundness import damaged_items, soundness_of
from syndicate.plot import Plot
from syndicate.ports.channel import Channel, Tokens
from syndicate.ports.web import Page, Reached
from syndicate.posts.card import CardRules, card_of, share_path
from syndicate.regular import read_regular
from syndicate.settings.roots import placed_below, root_of
from syndicate.tempo import pace_rules_of
from syndicate.wording import card_rules_of

if TYPE_CHECKING:
    from syndicate.channels.tokens import Vault
    from syndicate.outbox.store import SqlOutbox

CONNECT_S = 5.0
WITHIN_S = 20.0
"""For everything that waits on others, side by side."""
DATABASE_S = 5.0

Tell = Callable[[int, str], None]
"""Hears how many checks are done, and the name of the one that was last."""


class WebSight:
    """Looks at addresses over the web."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def page(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """What stands at an address."""
        try:
            answer = await self._web.call("GET", url, headers=headers, is_repeatable=True)
        except NetworkError as error:
            # The whole address may be shown here: it is a page for everybody.
            words = str(error).removeprefix(f"GET {place_of(url)}: ").removesuffix("; nothing was sent")
            raise Transient(words) from error
        return Page(answer.status, answer.headers, answer.body)

    async def reach(self, address: str) -> Reached:
        """Connect, and ask nothing."""
        return await reach(address, clock, within_s=CONNECT_S)


class RenewingTokens:
    """Tokens as they are kept; a renewed one takes the place of the former, and nothing else is added."""

    def __init__(self, reader: SqlOutbox, vault: Vault, path: Path) -> None:
        self._kept = OutboxTokens(reader, vault)
        self._vault = vault
        self._path = path

    async def token(self, name: str) -> str | None:
        """The kept secret of that name, or None."""
        return await self._kept.token(name)

    async def keep_token(self, name: str, secret: str) -> None:
        """Keep a secret in the place of the former one."""
        from syndicate.outbox.store import SqlOutbox

        if await self._kept.token(name) is not None:
            async with SqlOutbox(self._path) as outbox:
                await OutboxTokens(outbox, self._vault).keep_token(name, secret)


@dataclass(slots=True)
class Checkup:
    """One look at everything; `names` are the channels to look at, and without them all and the rest besides."""

    plot: Plot
    names: Collection[str]
    is_offline: bool
    tell: Tell
    findings: list[Finding] = field(default_factory=list)
    _webs: list[HearingWeb] = field(default_factory=list)
    _done: int = 0

    async def run(self) -> list[Finding]:
        """Every finding, the worst first."""
        database = await asyncio.to_thread(self._database)
        async with AsyncExitStack() as stack:
            outbox = await self._outbox(stack, database)
            patients = await self._patients(stack, outbox)
            checks = {} if self.names else self._house_checks(database)
            if not self.names and not self.is_offline:
                checks |= await self._site_checks(stack, outbox)
            sight = WebSight(await self._web(stack))
            for name, patient in patients.items():
                checks[name] = self._channel(patient, sight)
            await asyncio.gather(*(self._bounded(name, check) for name, check in checks.items()))
        if self.is_offline:
            words = "no network was asked: neither access nor clock, site and feeds were looked at"
            self.findings.append(Finding(Level.NOTE, "D-OFFLINE", "machine", words, "call it without `--offline`"))
        else:
            self.findings.append(host.clock_finding(self._skews()))
        return in_order(self.findings)

    async def _bounded(self, name: str, check: Awaitable[None]) -> None:
        """One check; that it takes too long, or ends in an error nobody expected, is a finding like others."""
        about = name if name in (*self.plot.networks, "machine", "state") else "site"
        try:
            async with asyncio.timeout(WITHIN_S):
                await check
        except TimeoutError:
            words = f"{name}: not done within {WITHIN_S:g} s"
            remedy = "call it again; if it stays so, see whether this machine reaches the network"
            self.findings.append(Finding(Level.PROBLEM, "D-TIME", about, words, remedy))
        except SyndicateError as error:
            self.findings.append(Finding(Level.PROBLEM, "D-ERROR", about, f"{name}: {error}", "see the message"))
        self._done += 1
        self.tell(self._done, name)

    def _house_checks(self, database: state.Database | None) -> dict[str, Awaitable[None]]:
        return {
            "machine": asyncio.to_thread(self._machine),
            "state": asyncio.to_thread(self._state, database),
            "settings": asyncio.to_thread(self._settings),
        }

    def _machine(self) -> None:
        found = host.Machine(
            machine.python_version(),
            machine.system(),
            machine.packages(),
            machine.sqlite_version(),
            machine.zone_data(),
        )
        self.findings += host.machine_findings(found)
        folders = machine.folders_below(root.folder for root in self.plot.roots)
        is_watching = self.plot.settings.schedule.watch
        self.findings.append(host.watch_finding(machine.watches(), folders, is_watching=is_watching))

    def _settings(self) -> None:
        """What `syndicate check` says of the settings alone."""
        from syndicate.cli.check import ability_faults, authority_faults, budget_faults

        plot = self.plot
        faults = [*authority_faults(plot), *budget_faults(plot), *asyncio.run(ability_faults(plot))]
        self.findings += [_of_fault(fault, plot.networks) for fault in faults]

    def _state(self, database: state.Database | None) -> None:
        plot = self.plot
        folder = plot.state_folder
        self.findings += host.place_findings(_place("the state", "state.folder", folder))
        self.findings += host.place_findings(_place("the feeds", "feeds.folder", plot.settings.feeds.folder))
        witness = plot.settings.state.witness
        if witness is not None:
            place = replace(_place("how far the state has come", "state.witness", witness), is_needed=False)
            self.findings += host.place_findings(place)
        self.findings.append(host.file_system_finding(machine.mount_of(folder), folder))
        files = [machine.rights_of(path) for path in (plot.outbox_path, folder / "token.key")]
        there = [one for one in files if one is not None]
        self.findings += host.state_rights_findings(machine.rights_of(folder), there)
        self.findings += host.secret_findings(_secret_files(plot))
        self.findings += state.database_findings(database)
        self.findings.append(state.lock_finding(*holder_of(plot.lock_path)))

    def _database(self) -> state.Database | None:
        path = self.plot.outbox_path
        try:
            if not self.plot.has_outbox:
                return None
        except CannotWrite as error:
            return state.Database(path, trouble=error.reason, remedy=error.remedy)
        try:
            found = soundness_of(path, DATABASE_S)
            items = damaged_items(path, DATABASE_S) if found.schema == found.head else ()
        except sqlite3.Error as error:
            return state.Database(path, trouble=str(error))
        lost = tuple(one for one in items if not self.plot.file_of(one)[1].is_file())
        return state.Database(
            path,
            found.schema,
            found.head,
            found.is_known,
            found.faults,
            found.is_checked,
            damaged=tuple(one for one in items if one not in lost),
            lost=lost,
        )

    async def _outbox(self, stack: AsyncExitStack, database: state.Database | None) -> SqlOutbox | None:
        """The outbox to read in, where there is one that this version reads."""
        from syndicate.outbox.store import SqlOutbox

        if database is None or not database.is_readable:
            return None
        return await stack.enter_async_context(SqlOutbox(self.plot.outbox_path, is_reader=True))

    async def _patients(self, stack: AsyncExitStack, outbox: SqlOutbox | None) -> dict[str, channels.Patient]:
        plot = self.plot
        tokens = _tokens_of(plot, outbox)
        made: dict[str, tuple[Channel, HearingWeb]] = {}
        for name in self.names or plot.networks:
            web = await self._web(stack)
            channel = plot.networks[name].make(name, plot.own[name], Tools(web, tokens, clock))
            stack.push_async_callback(channel.close)  # before the web: a renewal under way must not be lost
            made[name] = channel, web
        books = await _books_of(plot, outbox)
        return {name: self._patient(name, channel, books.get(name), web) for name, (channel, web) in made.items()}

    def _patient(self, name: str, channel: Channel, books: channels.Books | None, web: HearingWeb) -> channels.Patient:
        network, price = self.plot.networks[name], channel.price
        return channels.Patient(
            channel=channel,
            title=network.title,
            cost=network.cost,
            quotas=network.quotas,
            needs_sign_in=network.sign_in is not None,
            rules=pace_rules_of(self.plot, name, price),
            currency=price.currency if price else "",
            overview=f"docs/networks/{network.name}.md",
            books=books,
            heard=lambda: web.heard,
        )

    async def _channel(self, patient: channels.Patient, sight: WebSight) -> None:
        """What is known without the network is told, too, when the network does not answer."""
        try:
            if not self.is_offline:
                await self._take(channels.access_findings(patient, sight, clock()))
        finally:
            self.findings += channels.book_findings(patient, clock())
            await self._take(channels.term_findings(patient, clock()))

    async def _site_checks(self, stack: AsyncExitStack, outbox: SqlOutbox | None) -> dict[str, Awaitable[None]]:
        sight, found = WebSight(await self._web(stack)), await _premises(self.plot, outbox)
        return {
            "site": self._take(premises.site_findings(found, sight)),
            "feeds": self._take(premises.feed_findings(found, sight)),
            "hubs": self._take(premises.hub_findings(found, sight)),
            "share page": self._take(premises.share_findings(found, sight)),
        }

    async def _take(self, findings: AsyncIterator[Finding]) -> None:
        async for finding in findings:
            self.findings.append(finding)

    async def _web(self, stack: AsyncExitStack) -> HearingWeb:
        """A way to the web of its own, so that it is known who was told what."""
        web = HearingWeb(clock, timeout=timedelta(seconds=WITHIN_S - 2), connect_s=CONNECT_S)
        self._webs.append(web)
        return await stack.enter_async_context(web)

    def _skews(self) -> Sequence[float]:
        """The last that each host told; those of this very machine have no clock of their own."""
        heard = (one for web in self._webs for one in web.heard if not is_loopback(f"//{one.host}"))
        return list({one.host: one.skew_s for one in heard if one.skew_s is not None}.values())


def _tokens_of(plot: Plot, outbox: SqlOutbox | None) -> Tokens:
    """The kept tokens; none where there is no state, or no key to it: doctor makes neither."""
    from syndicate.channels.tokens import has_key, vault_in

    if outbox is None or not has_key(plot.state_folder, os.environ):
        return NoTokens()
    return RenewingTokens(outbox, vault_in(plot.state_folder, os.environ), plot.outbox_path)


async def _books_of(plot: Plot, outbox: SqlOutbox | None) -> dict[str, channels.Books]:
    from syndicate.cli.held import open_doubt, undecided
    from syndicate.cli.prospects import standings_of
    from syndicate.ports.outbox import ChannelCounts

    if outbox is None:
        return {}
    counts = {one.channel: one for one in await outbox.counts()}
    most = max((quota.posts for network in plot.networks.values() for quota in network.quotas), default=0)
    found = {}
    for name, one in (await standings_of(plot, outbox, memory=most)).items():
        waiting = len(await undecided(outbox, name))
        known = counts.get(name) or ChannelCounts(name, "")
        doubt = await open_doubt(plot, outbox, name)
        found[name] = channels.Books(known, waiting, one.outlook, one.turn, one.rests, doubt)
    return found


async def _premises(plot: Plot, outbox: SqlOutbox | None) -> premises.Premises:
    site = site_of(plot.settings)
    newest = None if outbox is None else await outbox.newest_item()
    counts = [] if outbox is None else await outbox.hub_counts()
    pid, _ = holder_of(plot.lock_path)
    return premises.Premises(
        url=site.url,
        feeds_url=site.feeds_url,
        feeds={site.address(f"all/{FORMATS[name].file_name}"): FORMATS[name].media_type for name in site.formats},
        hubs=site.hubs,
        hub_errors={one.hub: one.error for one in counts if one.error and _is_last(one.failed_at, one.accepted_at)},
        share=None if newest is None else _read_by_networks(newest, site, card_rules_of(plot.settings)),
        is_open=pid is not None and plot.settings.server.enabled,
    )


def _read_by_networks(item: Item, site: Site, rules: CardRules) -> str | None:
    """The page of an item that networks make its card from, where it is ours: the posted link, or its share page."""
    linked = card_of(item, rules).url
    if linked.startswith((site.url, site.feeds_url)):
        return linked
    has_page = site.pages.share != "off" and "html" in site.formats
    return site.address(f"{share_path(item.id)}/") if has_page else None


def _of_fault(fault: Fault, names: Collection[str]) -> Finding:
    """A fault of the settings, at the channel whose it is."""
    _, _, rest = (fault.key or "").partition("channels.")
    name = rest.partition(".")[0]
    words = f"{fault.key}: {fault.problem}"
    return Finding(
        Level.WARNING, "D-SETTINGS", name if name in names else "site", words, fault.remedy, {"fault": fault.code}
    )


def _is_last(failed_at: datetime | None, accepted_at: datetime | None) -> bool:
    return failed_at is not None and (accepted_at is None or failed_at > accepted_at)


def _place(purpose: str, setting: str, folder: Path) -> host.Place:
    try:
        room = machine.room_beside(folder)
    except OSError:
        room = None
    nearest = machine.nearest(folder)
    above = machine.rights_of(nearest)
    can_be_made = above is not None and above.is_writable and nearest.is_dir()
    rights = machine.rights_of(folder)
    if rights is not None and not folder.is_dir():
        rights = replace(rights, is_writable=False)
    return host.Place(purpose, setting, folder, room, rights, can_be_made)


def _secret_files(plot: Plot) -> list[tuple[str, machine.Rights]]:
    """Every file that channels read a secret from, and the settings' own file if secrets stand in it."""
    found: list[tuple[str, machine.Rights | None]] = []
    for name in plot.networks:
        own: Mapping[str, object] = plot.settings.channels[name].own
        named: Iterable[tuple[str, object]] = ((key, value) for key, value in own.items() if key.endswith("_file"))
        found += [
            (f"channels.{name}.{key}", machine.rights_of(placed_below(root_of(plot.path), Path(str(value)))))
            for key, value in named
        ]
    if _holds_secrets(plot):
        found.append(("the settings, which hold secrets", machine.rights_of(plot.path)))
    return [(setting, rights) for setting, rights in found if rights is not None]


def _holds_secrets(plot: Plot) -> bool:
    try:
        text = read_regular(plot.path).decode(errors="replace")
    except OSError:
        return False
    return any(secret in text for secret in plot.secrets)
