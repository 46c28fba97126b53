"""The `syndicate` command: each subcommand is one file, loaded when called or listed; heavy imports come later."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from copy import copy
from importlib import import_module
from typing import Any, TypeVar

import click

from syndicate import __version__
from syndicate.errors import ConfigError, SyndicateError, UsageError

C = TypeVar("C", bound=click.Command)

COMMANDS = {
    "init": "Look at your own store and write its settings.",
    "run": "Publish, serve the feeds, keep watching.",
    "once": "One pass and everything that is due, for cron.",
    "check": "Look for faults in settings and content, offline.",
    "schema": "Print a JSON Schema of the settings, for editors.",
    "explain": "Tell where each field of a file comes from, and what hides it.",
    "preview": "Show what every channel would post.",
    "status": "Show what was sent, is owed, waits for you.",
    "doctor": "Find out what is amiss, and what to do.",
    "feeds": "The feeds: list, build, verify.",
    "backfill": "Post older items: plan, pace, pause, resume.",
    "held": "Deliveries that wait for you: list, show, resolve.",
    "channels": "List channels, or test one.",
    "auth": "Sign in to a channel's network.",
    "adopt": "Count as sent what a channel has already.",
    "backup": "Copy the state, also beside a running publisher.",
    "restore": "Put a backup in the place of the state.",
    "migrate": "Bring the state of an older version up to this one.",
    "sample": "Write a working site to start from.",
    "sandbox": "Run fake networks to practise on.",
    "demo": "See the whole product in a minute.",
    "prove": "Test on this machine that nothing is lost or sent twice.",
}
"""In the order of the help, with what each says of itself there; each is a module here with a command of its name."""

BESIDE = {
    "test": "Run the whole test suite, with the arguments of pytest.",
    "bench": "Measure how fast it is, against others.",
}
"""What `run.py` does itself."""

CALLED = "RUN_PY_CALLED"
"""The variable in which `run.py` tells how it was called."""

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
  130 stopped before all was done
"""


NEW_OBJECTS = 100_000
"""How many there are before the collector of cycles looks for some: with 700 it would, while code is loaded, take 60 ms
for nothing, and 30 ms at the end, if what goes anyway were not frozen. (Nor does pydantic look among all installed
packages for plug-ins of its own, which takes 7 ms.)"""


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
        return _as_called(command) if CALLED in os.environ else command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was asked for; a slip is told with what may be meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from syndicate.spelling import question

            raise UsageError(f"{args[0]}: there is no such command{question(args[0], COMMANDS)}; --help lists them")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands of the help, none of them loaded: that takes longer than all else."""
        with formatter.section("Commands"):
            formatter.write_dl(list((COMMANDS | (BESIDE if CALLED in os.environ else {})).items()))

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **more: Any
    ) -> click.Context:
        """One whose help and errors name the program as it was called."""
        if CALLED not in os.environ:
            return super().make_context(info_name, args, parent, **more)
        from syndicate.cli.output import program

        return super(Commands, _as_called(self)).make_context(program(), args, parent, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and tell errors as they deserve."""
        gc.set_threshold(NEW_OBJECTS)
        atexit.register(gc.freeze)
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        try:
            return super().invoke(ctx)
        except SyndicateError as error:
            from syndicate.cli.output import as_called

            for line in str(error).split("\n") if isinstance(error, ConfigError) else (str(error),):
                click.echo(as_called(f"error: {line}"), err=True)
            sys.exit(error.exit_code)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG or error.filename is None:
                raise
            click.echo(f"error: {str(error.filename)[:60]}...: is too long for the name of a file", err=True)
            sys.exit(UsageError.exit_code)
        except KeyboardInterrupt:  # before, or without, what finishes first what is being done
            click.echo("\nStopped.", err=True)
            sys.exit(130)


def _as_called(command: C) -> C:
    """The command whose help says how the program was called."""
    from syndicate.cli.output import as_called

    told = copy(command)
    told.help, told.epilog = as_called(command.help or ""), as_called(command.epilog or "")
    if isinstance(told, click.Group):
        told.commands = {name: _as_called(one) for name, one in told.commands.items()}
    return told


@click.group(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="syndicate %(version)s")
def main() -> None:
    """Publish every new item of a content store to feeds per topic and to social channels, once each."""
