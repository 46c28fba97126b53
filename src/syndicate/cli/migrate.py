"""`syndicate migrate`: bring the state of an older version up to this one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.output import config_option, json_option, load, say, tell_json
from syndicate.errors import UsageError

if TYPE_CHECKING:
    from syndicate.plot import Plot


@click.command(
    short_help="Bring the state of an older version up to this one.", epilog="\b\nExample:\n  syndicate migrate"
)
@config_option
@json_option
def migrate(config: Path, as_json: bool) -> None:
    """Bring the state up to the schema of this version, in one transaction; a copy of what it was is kept beside it.

    `run` and `once` do the same on their own. The state of a newer version is refused. Refused while a publisher runs.
    """
    asyncio.run(_migrate(load(config), as_json))


async def _migrate(plot: Plot, as_json: bool) -> None:
    from syndicate.house import clock
    from syndicate.outbox.backup import bring_up
    from syndicate.outbox.lock import PublisherLock

    path = plot.outbox_path
    if not plot.has_outbox:
        raise UsageError(f"{path}: nothing was published from here yet; `syndicate run` begins")
    with PublisherLock(plot.lock_path, clock()):
        former, newest, kept = await bring_up(path)
    if as_json:
        tell_json({"from": former, "to": newest, "kept": kept})
    elif former == newest:
        say(f"{path}: is of schema {newest} already")
    else:
        say(f"{path}: from schema {former} to {newest}" + (f"; as it was: {kept}" if kept else ""))
