"""`syndicate check`: settings and content, offline."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from syndicate.cli.output import config_option, count, json_option, load, say, table, tell_faults, tell_json
from syndicate.errors import Fault


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
        say(f"{plot.path}: settings are sound, {count(len(plot.networks), 'channel')} switched on")
        say(f"{plot.settings.content.folder}: {count(len(items), 'item')} in {count(len(topics), 'topic')}")
        codes = Counter(one.code for one in faults)
        table(("rule", "files"), [*((f"skipped: {rule}", n) for rule, n in skipped.items()), *sorted(codes.items())])
    sys.exit(65 if any(not one.is_warning for one in faults) else 0)


def _fault(fault: Fault) -> dict[str, object]:
    names = ("path", "line", "column", "code", "problem", "remedy")
    return {name: getattr(fault, name) for name in names} | {"is_warning": fault.is_warning}
