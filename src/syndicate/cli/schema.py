"""`syndicate schema`: what editors complete and check the settings by."""

from __future__ import annotations

import click

from syndicate.cli.output import tell_json


@click.command(
    short_help="Print a JSON Schema of the settings, for editors.",
    epilog="\b\nExample:\n  syndicate schema > config/syndicate.schema.json",
)
def schema() -> None:
    """Print a JSON Schema of the settings file, with the keys of every network that is there.

    An editor that has it (VS Code with its YAML extension, and all others that use yaml-language-server) completes keys
    and marks slips while you write. Name it in the first line of the settings:

    \b
      # yaml-language-server: $schema=syndicate.schema.json

    `syndicate check` has the last word: it knows the environment and the files, too.
    """
    from syndicate.channels.networks import network_names
    from syndicate.schema import schema_of

    tell_json(schema_of(network_names()))
