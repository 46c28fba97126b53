"""How `run` takes up other settings at SIGHUP, and keeps the former ones where the others cannot be had."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from syndicate.cli.output import take_up
from syndicate.errors import ConfigError, StateLost, SyndicateError
from syndicate.log import log

if TYPE_CHECKING:
    from syndicate.plot import Plot

T = TypeVar("T")

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
        while not self._stop.is_set():
            await self._unless_called(asyncio.Event().wait())  # for ever, that is
            if self._stop.is_set():
                break
            self._hangup.clear()
            found = await self._unless_called(self._read())
            if found is not None:
                halt.set()
                return found
        halt.set()
        return None

    async def _unless_called(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What the work gives; None if there is a stop or a SIGHUP before that."""
        working = asyncio.create_task(work)
        waits = [asyncio.create_task(event.wait()) for event in (self._stop, self._hangup)]
        try:
            await asyncio.wait([working, *waits], return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            for task in (working, *waits):
                task.cancel()

    async def _read(self) -> Plot | None:
        """The settings as they are now; None if they cannot be taken up."""
        from syndicate.plot import plot_of

        try:
            found = await _apart(lambda: plot_of(self._config))
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


async def _apart(work: Callable[[], T]) -> T:
    """What the work gives, done in a thread that our end does not wait for: it may read a pipe that nobody writes."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        done.set_exception(error) if error else done.set_result(cast("T", result))

    def tell(result: T | None, error: Exception | None) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, error)

    def do() -> None:
        try:
            result = work()
        except Exception as error:  # the edge of a thread: whoever waits for it would wait for ever
            tell(None, error)
        else:
            tell(result, None)

    threading.Thread(target=do, name="settings", daemon=True).start()
    return await done
