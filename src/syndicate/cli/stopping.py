"""How a command that works for long is stopped."""

from __future__ import annotations

import asyncio
import os
import signal

import click


def stop_on_signals(words: str) -> asyncio.Event:
    """Set by the first Ctrl-C or SIGTERM, which says the words on stderr.

    A second one ends the process at once, which is safe at any moment.
    """
    stop = asyncio.Event()

    def heard() -> None:
        if stop.is_set():
            os._exit(130)
        click.echo(f"\n{words}", err=True)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, heard)
    return stop
