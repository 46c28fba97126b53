"""`syndicate check`: settings and content, offline."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from syndicate.cli.output import config_option, count, json_option, load, say, table, tell_faults, tell_json
from syndicate.errors import Fault

if TYPE_CHECKING:
    from syndicate.items.item import Item
    from syndicate.plot import Plot


@click.command(
    short_help="Look for faults in settings and content, offline.",
    epilog="\b\nExamples:\n  syndicate check\n  syndicate check --json | jq .faults",
)
@config_option
@json_option
def check(config: Path, as_json: bool) -> None:
    """Look at the settings and every file of the store, and say what is wrong and how to mend it.

    Reads only; needs no network. Exit code 65: at least one file cannot be published. 78: the settings have faults.
    """
    from syndicate.house import store_of

    plot = load(config)
    scan = store_of(plot, waits=False).scan({})
    items = scan.items.values()
    faults = [*scan.faults, *(fault for one in scan.files.values() for fault in one.faults)]
    faults += filter_faults(plot, items)
    faults += authority_faults(plot)
    skipped = Counter(one.skipped for one in scan.files.values() if one.skipped)
    topics = Counter(topic.slug for item in items for topic in item.topics)
    if as_json:
        tell_json(
            {
                "files": len(scan.files),
                "items": len(items),
                "topics": dict(sorted(topics.items())),
                "skipped": dict(skipped),
                "channels": {name: network.name for name, network in plot.networks.items()},
                "faults": [_fault(one) for one in faults],
            }
        )
    else:
        tell_faults(faults, most=1000)
        folders = ", ".join(str(root.folder) for root in plot.roots)
        say(f"{plot.path}: settings are sound, {count(len(plot.networks), 'channel')} switched on")
        say(f"{folders}: {count(len(items), 'item')} in {count(len(topics), 'topic')}")
        codes = Counter(one.code for one in faults)
        table(("rule", "files"), [*((f"skipped: {rule}", n) for rule, n in skipped.items()), *sorted(codes.items())])
    sys.exit(65 if any(not one.is_warning for one in faults) else 0)


def authority_faults(plot: Plot) -> list[Fault]:
    """The ids of all entries begin with the site's host where no authority is set: another host, other ids."""
    if plot.settings.site.tag_authority:
        return []
    host = urlsplit(plot.settings.site.url).hostname or "localhost"
    problem = f"is not set, so that the ids of all entries hang on the host of `site.url` ({host})"
    remedy = f"write `tag_authority: {host},2026` before readers subscribe, and never change it"
    return [Fault(str(plot.path), "W-TAG-AUTHORITY", problem, remedy, key="site.tag_authority")]


def filter_faults(plot: Plot, items: Collection[Item]) -> list[Fault]:
    """Words in the channels' filters that fit no item of the store: a slip there keeps posts away in silence."""
    topics = {name.casefold() for item in items for topic in item.topics for name in (topic.slug, topic.label)}
    sections = {(item.section or "").casefold() for item in items}
    faults = []
    for name in plot.networks:
        channel = plot.settings.channels[name]
        for key, words, known in (
            ("topics", channel.topics, topics),
            ("not_topics", channel.not_topics, topics),
            ("sections", channel.sections, sections),
        ):
            for word in words:
                if word.casefold() not in known:
                    problem = f"no item has {word!r}"
                    remedy = "mend the spelling, or leave it if such items are still to come"
                    faults.append(Fault(str(plot.path), "W-FILTER", problem, remedy, key=f"channels.{name}.{key}"))
    return faults


def _fault(fault: Fault) -> dict[str, object]:
    names = ("path", "line", "column", "code", "problem", "remedy")
    return {name: getattr(fault, name) for name in names} | {"is_warning": fault.is_warning}
