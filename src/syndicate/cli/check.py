"""`syndicate check`: settings and content, offline."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from syndicate.cli.output import (
    config_option,
    count,
    counting,
    json_option,
    load,
    say,
    table,
    tell_faults,
    tell_json,
)
from syndicate.errors import Fault, InvalidItem

if TYPE_CHECKING:
    from syndicate.items.item import Item
    from syndicate.items.rules import Rules
    from syndicate.outbox.pace import Price
    from syndicate.plot import Plot


@click.command(
    short_help="Look for faults in settings and content, offline.",
    epilog="\b\nExamples:\n  syndicate check\n  syndicate check --code E-DATE --path 'posts/*' --most 5"
    "\n  syndicate check --json | jq .faults",
)
@config_option
@json_option
@click.option("--most", type=click.IntRange(min=0), default=100, show_default=True, help="Tell so many faults.")
@click.option("--code", "codes", multiple=True, help="Tell only faults of this code; may stand several times.")
@click.option("--path", "globs", multiple=True, help="Tell only faults in files that fit this glob.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--verbose", is_flag=True, help="Name the files without front matter, and topics with two spellings.")
def check(
    config: Path,
    *,
    as_json: bool,
    most: int,
    codes: tuple[str, ...],
    globs: tuple[str, ...],
    strict: bool,
    verbose: bool,
) -> None:
    """Look at the settings and every file of the store, and say what is wrong and how to mend it.

    Reads only; needs no network. Exit code 65: at least one file cannot be published. 78: the settings have faults.
    Options choose what is told, not what is looked at: the exit code is about the whole store.
    """
    from syndicate.cli.census import census_of, rows_of
    from syndicate.house import clock, store_of

    plot = load(config)
    with counting("reading") as tell:
        census = census_of(store_of(plot, waits=False, tell=tell).scan({}), clock())
    faults = [
        *census.faults,
        *filter_faults(plot, census.items),
        *posting_faults(plot, census.items),
        *authority_faults(plot),
        *budget_faults(plot),
        *asyncio.run(ability_faults(plot)),
        *asyncio.run(twin_faults(plot)),
    ]
    faults = list(dict.fromkeys(faults))
    told = [fault for fault in faults if _is_wanted(fault, codes, globs)]
    told.sort(key=lambda fault: (fault.is_warning, fault.path, fault.line or 0))
    if as_json:
        channels = {name: network.name for name, network in plot.networks.items()}
        tell_json(census.as_json() | {"channels": channels, "faults": [fault_as_json(one) for one in told]})
    else:
        tell_faults(told, most=most, more="`--most` tells more")
        folders = ", ".join(str(root.folder) for root in plot.roots)
        say(f"{plot.path}: settings are sound, {count(len(plot.networks), 'channel')} switched on")
        there = f"{count(len(census.published), 'item')} in {count(len(census.topics), 'topic')}"
        say(f"{folders}: {there}{census.waiting}")
        table(("rule", "number"), rows_of(census, faults))
        if verbose:
            _tell_more(census.without_front_matter, census.merged)
        elif census.without_front_matter:
            say(f"{count(len(census.without_front_matter), 'file')} without front matter: `--verbose` names them")
    sys.exit(65 if any(strict or not one.is_warning for one in faults) else 0)


def _is_wanted(fault: Fault, codes: Sequence[str], globs: Sequence[str]) -> bool:
    if codes and fault.code.casefold() not in {code.casefold() for code in codes}:
        return False
    return not globs or any(fnmatchcase(fault.path, glob) or fnmatchcase(fault.path, f"*/{glob}") for glob in globs)


def _tell_more(without_front_matter: Sequence[str], merged: Mapping[str, Sequence[str]]) -> None:
    for path in without_front_matter:
        say(f"no front matter: {path}")
    for slug, spellings in merged.items():
        say(f"one topic, {slug}: {', '.join(spellings)}")


def authority_faults(plot: Plot) -> list[Fault]:
    """The ids of all entries begin with the site's host where no authority is set: another host, other ids."""
    if plot.settings.site.tag_authority:
        return []
    host = urlsplit(plot.settings.site.url).hostname or "localhost"
    problem = f"is not set, so that the ids of all entries hang on the host of `site.url` ({host})"
    remedy = f"write `tag_authority: {host},2026` before readers subscribe, and never change it"
    return [Fault(str(plot.path), "W-TAG-AUTHORITY", problem, remedy, key="site.tag_authority")]


async def twin_faults(plot: Plot) -> list[Fault]:
    """Channels that lead to one place, as far as the settings tell: what both want is posted there twice."""
    from syndicate.house import open_channels, plans_of
    from syndicate.twins import twins_in

    remedy = "remove one, or give both `sections` or `languages` that no item has in common"
    async with open_channels(plot) as channels:
        return [
            Fault(
                str(plot.path),
                "W-SAME-PLACE",
                f"leads to where `{twin.other}` leads ({channels[twin.channel].account}): an item may be there twice",
                remedy,
                key=f"channels.{twin.channel}",
            )
            for twin in twins_in(channels, plans_of(plot, channels))
        ]


async def ability_faults(plot: Plot) -> list[Fault]:
    """Policies that a channel's network cannot follow: posts stay as they are there."""
    from syndicate.house import open_channels
    from syndicate.outbox.plan import able

    faults = []
    async with open_channels(plot) as channels:
        for name, channel in channels.items():
            settings = plot.settings.channels[name]
            policies = {
                "on_edit": (settings.on_edit, able(settings.on_edit, channel.abilities)),
                "on_withdrawal": (settings.on_withdrawal, able(settings.on_withdrawal, channel.abilities)),
            }
            for key, (policy, followed) in policies.items():
                if followed is not policy:
                    others = sorted({one.value for one in channel.abilities} - {"post"})
                    problem = f"{channel.network} cannot do `{policy.value}`, so that posts stay as they are"
                    remedy = f"use one of {', '.join(['ignore', *others])}"
                    faults.append(Fault(str(plot.path), "W-ABILITY", problem, remedy, key=f"channels.{name}.{key}"))
    return faults


def filter_faults(plot: Plot, items: Collection[Item]) -> list[Fault]:
    """Topics and sections that channels name and no item of the store has: a slip there changes posts in silence."""
    topics = {name.casefold() for item in items for topic in item.topics for name in (topic.slug, topic.label)}
    sections = {(item.section or "").casefold() for item in items}
    faults = []
    for name in plot.networks:
        channel = plot.settings.channels[name]
        for key, words, known in (
            ("topics", channel.topics, topics),
            ("not_topics", channel.not_topics, topics),
            ("templates", channel.templates, topics),
            ("sections", channel.sections, sections),
        ):
            for word in words:
                if word.casefold() not in known:
                    problem = f"no item has {word!r}"
                    remedy = "mend the spelling, or leave it if such items are still to come"
                    faults.append(Fault(str(plot.path), "W-FILTER", problem, remedy, key=f"channels.{name}.{key}"))
    return faults


def posting_faults(plot: Plot, items: Collection[Item]) -> list[Fault]:
    """Names in front matter that are neither a channel's nor a network's: such a word is heeded nowhere."""
    from syndicate.channels.networks import NETWORKS

    channels = plot.settings.channels
    known = {*channels, *NETWORKS, *(channel.network for channel in channels.values())}
    return [
        _unknown_name(plot, item, name)
        for item in items
        if item.posting is not None
        for name in item.posting.names
        if name not in known
    ]


def _unknown_name(plot: Plot, item: Item, name: str) -> Fault:
    root, file = plot.file_of(item.path)
    line, column = _place_of(file, root.rules, name)
    problem = f"`syndicate` names {name!r}, and no channel or network is called so"
    from syndicate.channels.networks import NETWORKS
    from syndicate.spelling import meant

    likely = meant(name, {*plot.settings.channels, *NETWORKS})
    remedy = f"write {likely}" if likely else "mend the spelling"
    remedy += f"; channels are {', '.join(plot.settings.channels) or 'none'}"
    return Fault(str(file), "W-SYNDICATE", problem, remedy, line=line, column=column)


def _place_of(file: Path, rules: Rules, name: str) -> tuple[int | None, int | None]:
    """Where a file's front matter names a channel: the line of that name as a key, else of the whole field."""
    from syndicate.items.frontmatter import read
    from syndicate.items.sources import source_of

    try:
        parts = read(file.read_bytes(), file.name, fallback_encoding=rules.fallback_encoding)
    except (InvalidItem, OSError):
        return None, None
    places = parts[0].places if parts is not None else {}
    fields = [source_of(words).steps for words in rules.fields.get("syndicate", ())]
    named = [path for path in places if path[:-1] in fields and path[-1].replace("-", "_") == name]
    return next((places[path] for path in (*named, *fields) if path in places), (None, None))


def budget_faults(plot: Plot) -> list[Fault]:
    """Budgets of channels on which posts cost nothing, and those that pay for no post."""
    budgets = {
        (name, key): budget
        for name in plot.networks
        for key in ("budget_per_day", "budget_per_month")
        if (budget := getattr(plot.settings.channels[name], key)) is not None
    }
    prices = asyncio.run(_prices(plot)) if budgets else {}
    faults = []
    for (name, key), budget in budgets.items():
        price, network = prices[name], plot.networks[name].name
        if price is None:
            problem, remedy = f"posts cost nothing on {network}", "leave it out"
        elif price.amount > budget:
            problem, remedy = "pays for no post", f"write {price.amount} {price.currency}, the price of one, or more"
        else:
            continue
        faults.append(Fault(str(plot.path), "W-BUDGET", problem, remedy, key=f"channels.{name}.{key}"))
    return faults


async def _prices(plot: Plot) -> dict[str, Price | None]:
    from syndicate.house import open_channels

    async with open_channels(plot) as channels:
        return {name: channel.price for name, channel in channels.items()}


def fault_as_json(fault: Fault) -> dict[str, object]:
    """A fault for machines."""
    names = ("path", "line", "column", "code", "problem", "remedy")
    return {name: getattr(fault, name) for name in names} | {"is_warning": fault.is_warning}
