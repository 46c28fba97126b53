"""`syndicate restore`: put a backup in the place of the state."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.output import config_option, count, counting, json_option, load, moment, say, tell_json

if TYPE_CHECKING:
    from syndicate.plot import Plot


@click.command(
    short_help="Put a backup in the place of the state.",
    epilog="\b\nExample:\n  syndicate restore /var/backups/news.sqlite3",
)
@config_option
@json_option
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def restore(config: Path, as_json: bool, file: Path) -> None:
    """Put FILE, made by `syndicate backup`, in the place of the state, which is kept in a folder beside it.

    Refused while a publisher runs. What was sent after the backup is not sent again: before anything else, channels
    are asked for their own posts; where a network cannot be asked, what may have been sent waits for you.
    """
    asyncio.run(_restore(load(config), file, as_json))


async def _restore(plot: Plot, file: Path, as_json: bool) -> None:
    from syndicate.house import clock
    from syndicate.outbox.backup import put_back
    from syndicate.outbox.lock import PublisherLock

    now = clock()
    with PublisherLock(plot.lock_path, now), counting("copying") as tell:
        manifest, restored, aside = await put_back(file, plot.outbox_path, now, tell, folders=plot.witness_folders)
    if as_json:
        became = {"replaced": aside, "epoch": restored.epoch, "since": restored.since}
        tell_json({"file": file, **asdict(manifest), **became})
        return
    number = sum(manifest.deliveries.values())
    say(f"restored {file} of {manifest.at}: {count(manifest.items, 'item')}, {count(number, 'delivery', 'deliveries')}")
    if aside is not None:
        say(f"the former state is kept in {aside}")
    say(f"whatever may have been sent since {moment(restored.since)} is looked up before anything is sent")
