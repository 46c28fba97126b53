"""`syndicate backup`: a copy of the state that can be put back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from syndicate import __version__
from syndicate.cli.output import config_option, count, counting, json_option, load, say, tell_json
from syndicate.errors import UsageError


@click.command(
    short_help="Copy the state, also beside a running publisher.",
    epilog="\b\nExamples:\n  syndicate backup\n  syndicate backup /var/backups/news.sqlite3",
)
@config_option
@json_option
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def backup(config: Path, as_json: bool, file: Path | None) -> None:
    """Copy the state to FILE and its manifest to FILE.json; `syndicate restore FILE` puts it back.

    A publisher may go on meanwhile. Sessions are in the copy only sealed; the key that opens them is not, so that who
    finds the copy cannot post in your name: keep `state/token.key` (or SYNDICATE_TOKEN_KEY) in another place. Without
    it nothing is lost but the sessions: channels sign in again.
    """
    from syndicate.house import clock
    from syndicate.outbox.backup import back_up, manifest_path

    plot, now = load(config), clock()
    target = file or plot.state_folder / "backups" / f"{now:%Y%m%dT%H%M%SZ}.sqlite3"
    if not plot.has_outbox:
        raise UsageError(f"{plot.outbox_path}: nothing was published from here yet, so there is nothing to keep")
    with counting("copying") as tell:
        manifest = back_up(plot.outbox_path, target, now, __version__, tell)
    if as_json:
        tell_json({"file": target, "manifest": manifest_path(target), **asdict(manifest)})
        return
    number = sum(manifest.deliveries.values())
    held = f"{count(manifest.items, 'item')}, {count(number, 'delivery', 'deliveries')}"
    say(f"{target}: {held}, schema {manifest.schema}")
    say(f"The token key is not in it: keep {plot.state_folder / 'token.key'} (or SYNDICATE_TOKEN_KEY) elsewhere.")
