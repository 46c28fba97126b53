"""How `run` takes up other settings at SIGHUP, and keeps the former ones where the others cannot be had."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate.cli.output import take_up
from syndicate.errors import ConfigError, StateLost, SyndicateError
from syndicate.log import log

if TYPE_CHECKING:
    from syndicate.plot import Plot


Publish = Callable[["Plot", asyncio.Event, Callable[[], None]], Awaitable[None]]
"""Publishes by these settings until the event is set; calls the function once everything is open."""


class Reloading:
    """Publishes by the settings in a file, from one SIGHUP to the next; what is being sent is finished in between."""

    def __init__(self, config: Path, plot: Plot, stop: asyncio.Event) -> None:
        self._config = config
        self._plot = plot
        self._stop = stop
        self._hangup = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hangup.set)

    async def run(self, publish: Publish) -> None:
        """Until stopped.

        Raises:
            SyndicateError: what ended the publishing; of settings that were taken up, what came after they were open.
        """
        former, is_open = self._plot, False

        def opened() -> None:
            nonlocal is_open
            is_open = True

        while not self._stop.is_set():
            halt, is_open = asyncio.Event(), False
            hearing = asyncio.create_task(self._hear(halt))
            try:
                await publish(self._plot, halt, opened)
            except StateLost:
                raise
            except SyndicateError as error:
                if is_open or self._plot is former:
                    raise
                log.error("settings_refused", reason=str(error))
                self._plot = former
                take_up(former)
            finally:
                hearing.cancel()
                found = await asyncio.gather(hearing, return_exceptions=True)
            if is_open:
                former = self._plot
            self._plot = next((one for one in found if not isinstance(one, BaseException)), None) or self._plot

    async def _hear(self, halt: asyncio.Event) -> Plot | None:
        """The settings to go on with, None to end; sets the event then."""
        while True:
            waits = [asyncio.create_task(event.wait()) for event in (self._stop, self._hangup)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            if self._stop.is_set():
                halt.set()
                return None
            self._hangup.clear()
            found = await self._read()
            if found is not None:
                halt.set()
                return found

    async def _read(self) -> Plot | None:
        """The settings as they are now; None if they cannot be taken up."""
        from syndicate.plot import plot_of

        try:
            found = await asyncio.to_thread(plot_of, self._config)
        except ConfigError as error:
            for fault in error.faults:
                log.error("settings_refused", reason=str(fault))
            return None
        except Exception:  # the edge of one SIGHUP: whoever no longer hears must not run on
            log.exception("settings_refused", reason="unforeseen")
            return None
        if found.state_folder != self._plot.state_folder:
            reason = f"{self._config}: state.folder: cannot be changed while it runs; stop it and start it again"
            log.error("settings_refused", reason=reason)
            return None
        take_up(found)
        before, after = self._plot.own.keys(), found.own.keys()
        log.info("settings_reloaded", added=sorted(after - before), removed=sorted(before - after))
        return found
