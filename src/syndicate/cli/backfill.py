"""`syndicate backfill`: post what a channel did not, at a pace; and what becomes of such a batch."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from syndicate.cli.batches import SUBCOMMANDS
from syndicate.cli.filling import Filling, Wish
from syndicate.cli.output import config_option, json_option, load, no_channel
from syndicate.errors import UsageError

if TYPE_CHECKING:
    from syndicate.backfill import Selection
    from syndicate.outbox.spacing import Tempo
    from syndicate.plot import Plot

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OF_THE_CALL = {"config", "as_json", "name", "dry_run", "yes", "no_wait"}

DAY = click.DateTime(formats=["%Y-%m-%d"])
MOMENT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"])

EXAMPLES = """\b
Examples:
  syndicate backfill --dry-run
  syndicate backfill --since 2026-01-01 --topic interoperability --channel news --gap 10m
  syndicate backfill --over 30d --channel news
  syndicate backfill --per-day 6 --oldest --limit 100 --yes
  syndicate backfill --until 2025-12-31 --mark-only
  syndicate backfill list
  syndicate backfill pause 2026-11-27
"""


@click.group(
    invoke_without_command=True,
    subcommand_metavar="[list|status|pause|resume|cancel]",
    short_help="Post older items: plan, pace, pause, resume.",
    epilog=EXAMPLES,
)
@config_option
@json_option
@click.option("--channel", "channels", multiple=True, help="To this channel; repeatable. Default: all.")
@click.option("--since", type=DAY, metavar="YYYY-MM-DD", help="Published on this day or later.")
@click.option("--until", type=DAY, metavar="YYYY-MM-DD", help="Published on this day or earlier.")
@click.option(
    "--topic", "topics", multiple=True, help="With this topic (slug, label or glob); repeatable: any of them."
)
@click.option("--not-topic", "not_topics", multiple=True, help="Without this topic; repeatable: none of them.")
@click.option("--section", "sections", multiple=True, help="Of this section; repeatable.")
@click.option("--tag", "tags", multiple=True, help="With this tag; repeatable.")
@click.option("--author", "authors", multiple=True, help="By this author; repeatable.")
@click.option("--language", "languages", multiple=True, help="In this language (`en`, `de*`); repeatable.")
@click.option("--item", "items", multiple=True, help="This item (id, path or slug); repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many of what fits per channel, posted or not.")
@click.option("--newest/--oldest", "takes_newest", default=True, help="Which end the limit takes; newest by default.")
@click.option("--even-marked", is_flag=True, help="Also items that were marked as not to be posted.")
@click.option("--gap", help="Between two posts of a channel: 30s, 5m, 1h. Default: 1m, or even between the caps.")
@click.option("--per-hour", type=click.IntRange(min=1), help="Most posts of a channel in any 60 minutes.")
@click.option("--per-day", type=click.IntRange(min=1), help="Most posts of a channel in any 24 hours.")
@click.option("--over", help="Spread evenly over that long: 12h, 30d.")
@click.option("--begin", type=MOMENT, metavar="YYYY-MM-DD[THH:MM]", help="Not before, in `site.timezone`.")
@click.option("--name", help="What to call it. Default: the day.")
@click.option("--dry-run", is_flag=True, help="Show the plan, write nothing.")
@click.option("--mark-only", is_flag=True, help="Post nothing: mark the items as not to be posted.")
@click.option("--feeds-only", is_flag=True, help="The same, and write feeds and archives at once.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Only write the plan; `run` or `once` delivers it.")
@click.pass_context
def backfill(context: click.Context, /, config: Path, as_json: bool, **asked: Any) -> None:
    """Post items that were there before a channel, oldest first, behind everything new.

    Shows the plan and asks. What was posted, planned or refused before is left out, so a second backfill plans nothing
    and a stopped one goes on. Beside a running publisher the plan is written and the publisher delivers it.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    plot = load(config)
    wish = wish_of(plot, as_json=as_json, **asked)
    sys.exit(asyncio.run(Filling(plot, wish).run()))


for _subcommand in SUBCOMMANDS:
    backfill.add_command(_subcommand)


def _refuse_options_before(context: click.Context) -> None:
    """An option that stands before the subcommand would be passed over in silence."""
    for name in context.params:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            word = context.invoked_subcommand
            raise UsageError(f"options stand behind the word: `syndicate backfill {word} ...`, then the options")


def wish_of(plot: Plot, *, as_json: bool, **asked: Any) -> Wish:
    """What the options ask for.

    Raises:
        UsageError: they contradict each other, or name what is not there.
    """
    unknown = next((name for name in asked["channels"] if name not in plot.networks), None)
    if unknown is not None:
        raise no_channel(unknown, plot.networks, "--channel ")
    since, until = asked["since"], asked["until"]
    if since and until and since > until:
        raise UsageError(f"--since {since:%Y-%m-%d}: is after --until {until:%Y-%m-%d}; swap them")
    name = asked["name"]
    if name is not None and not _NAME.fullmatch(name):
        raise UsageError(f"--name {name}: use up to 64 letters, digits and . _ -, beginning with a letter or digit")
    is_marking = asked["mark_only"] or asked["feeds_only"]
    return Wish(
        selection=_selection(plot, is_marking=is_marking, **asked),
        channels=asked["channels"],
        tempo=_tempo(plot, **asked),
        words=_words(),
        name=name,
        is_json=as_json,
        is_dry=asked["dry_run"],
        is_sure=asked["yes"],
        is_marking=is_marking,
        is_publishing=asked["feeds_only"],
        waits=not asked["no_wait"],
    )


def _tempo(plot: Plot, **asked: Any) -> Tempo:
    from syndicate.outbox.spacing import Tempo

    gap, over = (duration(asked[name], f"--{name}") if asked[name] is not None else None for name in ("gap", "over"))
    if over is not None and not over:
        raise UsageError(f"--over {asked['over']}: leaves no time; write 12h or 30d")
    begin = asked["begin"]
    if begin is not None:
        begin = begin.replace(tzinfo=ZoneInfo(plot.settings.site.timezone)).astimezone(UTC)
    return Tempo(gap, asked["per_hour"], asked["per_day"], over, begin)


def _selection(plot: Plot, *, is_marking: bool, **asked: Any) -> Selection:
    from syndicate.backfill import Selection
    from syndicate.feeds.query import Query, Terms

    query = Query(
        topics=Terms(some=asked["topics"], none=asked["not_topics"]),
        sections=Terms(some=asked["sections"]),
        tags=Terms(some=asked["tags"]),
        authors=Terms(some=asked["authors"]),
        languages=Terms(some=asked["languages"]),
    )
    return Selection(
        query=query,
        since=asked["since"].date() if asked["since"] else None,
        until=asked["until"].date() if asked["until"] else None,
        names=asked["items"],
        limit=asked["limit"],
        takes_oldest=not asked["takes_newest"],
        even_marked=asked["even_marked"],
        even_held=is_marking,
        zone=ZoneInfo(plot.settings.site.timezone),
    )


def duration(text: str, option: str) -> timedelta:
    """`30s`, `5m`, `1h`.

    Raises:
        UsageError: it is none.
    """
    from pydantic import TypeAdapter, ValidationError

    from syndicate.durations import Duration

    try:
        return TypeAdapter(Duration).validate_python(text)
    except ValidationError as error:
        raise UsageError(f"{option} {text}: is no duration; write 30s, 5m, 1h or 7d") from error


def _words() -> str:
    """The options as they were written, to be shown with the batch; those of this call alone are left out."""
    context = click.get_current_context()
    written = []
    for option in context.command.params:
        name = option.name or ""
        if name in _OF_THE_CALL or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        word = option.opts[0] if value is not False else option.secondary_opts[0]
        for one in value if isinstance(value, tuple) else (value,):
            told = f"{one:%Y-%m-%dT%H:%M}".removesuffix("T00:00") if isinstance(one, datetime) else str(one)
            written.append(word if isinstance(one, bool) else f"{word} {shlex.quote(told)}")
    return " ".join(written) or "everything"
