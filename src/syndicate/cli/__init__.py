"""The `syndicate` command: each subcommand is one file, loaded when called or listed; heavy imports come later."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from syndicate import __version__
from syndicate.errors import ConfigError, SyndicateError

COMMANDS = (
    "init",
    "run",
    "once",
    "check",
    "explain",
    "preview",
    "status",
    "doctor",
    "feeds",
    "backfill",
    "held",
    "channels",
    "auth",
    "adopt",
    "backup",
    "restore",
    "migrate",
    "sample",
    "sandbox",
    "demo",
    "prove",
)
"""In the order of the help; each is a module here with a command of its name."""

EXAMPLES = """\b
Examples:
  syndicate run                           publish and keep watching
  syndicate once --json                   one pass, for cron
  syndicate check                         look for faults, send nothing
  syndicate doctor                        before going live, or when in doubt
  syndicate demo                          see it work, no account needed

\b
Exit codes:
  0 done   1 unexpected   2 usage   3 finished, but some deliveries failed or wait for you
  65 bad content   69 network unavailable   73 cannot write   75 another instance runs   78 bad settings
"""


class Commands(click.Group):
    """Loads a command when it is needed, and turns errors raised on purpose into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"syndicate.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and tell errors as they deserve."""
        try:
            return super().invoke(ctx)
        except SyndicateError as error:
            for line in str(error).split("\n") if isinstance(error, ConfigError) else (str(error),):
                click.echo(f"error: {line}", err=True)
            sys.exit(error.exit_code)


@click.group(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="syndicate %(version)s")
def main() -> None:
    """Publish every new item of a content store to feeds per topic and to social channels, once each."""
