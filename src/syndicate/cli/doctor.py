"""`syndicate doctor`: what is amiss with machine, state, site and channels, and what to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.output import config_option, count, json_option, load, no_channel, say, table, tell_json, watching

if TYPE_CHECKING:
    from syndicate.doctor.finding import Finding, Level
    from syndicate.plot import Plot


@click.command(
    short_help="Find out what is amiss, and what to do.",
    epilog="\b\nExamples:\n  syndicate doctor\n  syndicate doctor news_mastodon\n  syndicate doctor --offline"
    "\n  syndicate doctor --json | jq '.findings[] | select(.level == \"problem\")'",
)
@config_option
@json_option
@click.option("--offline", is_flag=True, help="Ask no network.")
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
def doctor(config: Path, as_json: bool, offline: bool, channels: tuple[str, ...]) -> None:
    """Look at the machine, the state, the site as readers reach it, and every channel, or only at the CHANNELs named.

    Says what is amiss, what would break by it, and what to do. Posts nothing, and may be called beside a running
    publisher. Exit code 3: there are problems.
    """
    plot = load(config)
    stranger = next((name for name in channels if name not in plot.networks), None)
    if stranger is not None:
        raise no_channel(stranger, plot.networks)
    findings = _found(plot, tuple(dict.fromkeys(channels)), is_offline=offline)
    if as_json:
        tell_json(_as_json(findings))
    else:
        _tell(findings, plot, channels)
    sys.exit(3 if any(one.level == "problem" for one in findings) else 0)


def _found(plot: Plot, names: tuple[str, ...], *, is_offline: bool) -> list[Finding]:
    from syndicate.checkup import Checkup

    total = len(names) or len(plot.networks) + (3 if is_offline else 7)
    with watching("looking", total) as tell:
        return asyncio.run(Checkup(plot, names, is_offline, tell).run())


def _as_json(findings: Sequence[Finding]) -> dict[str, object]:
    counts = {level.value: number for level, number in _counts(findings)}
    return {"counts": counts, "findings": [asdict(one) for one in findings]}


def _tell(findings: Sequence[Finding], plot: Plot, names: Sequence[str]) -> None:
    """What matters most stands last, where the eye is."""
    for levels, heading in (
        (("ok",), "as it should be"),
        (("note",), "good to know"),
        (("warning", "problem"), "amiss"),
    ):
        told = [one for one in findings if one.level.value in levels]
        if told:
            table(("about", "code", heading), _rows(told))
    for name in names or sorted(plot.networks):
        say(f"{name}: {_verdict([one for one in findings if one.about == name])}")
    say(", ".join(count(number, level.value) for level, number in _counts(findings) if level.value != "ok"))


def _rows(findings: Sequence[Finding]) -> Iterator[tuple[str, str, str]]:
    """Rows of a table in which each part is named once."""
    last = ""
    for one in findings:
        words = f"{one.level.value}: {one.words}" if one.level.value in ("problem", "warning") else one.words
        yield ("" if one.about == last else one.about, one.code, f"{words}\n-> {one.remedy}" if one.remedy else words)
        last = one.about


def _verdict(findings: Sequence[Finding]) -> str:
    """What is to be done about a channel."""
    remedies = list(dict.fromkeys(one.remedy for one in findings if one.level in ("problem", "warning") and one.remedy))
    if any(one.level == "problem" for one in findings):
        return f"would not post; {'; '.join(remedies)}"
    return f"posts; {'; '.join(remedies)}" if remedies else "nothing to do"


def _counts(findings: Sequence[Finding]) -> Iterator[tuple[Level, int]]:
    from syndicate.doctor.finding import Level, levels_of

    numbers = levels_of(findings)
    return ((level, numbers[level]) for level in Level)
