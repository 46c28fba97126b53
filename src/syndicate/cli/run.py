"""`syndicate run`: publish, serve the feeds, keep watching."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate import authorities
from syndicate.cli.check import authority_faults
from syndicate.cli.output import (
    changes_in_words,
    config_option,
    count,
    load_alone,
    moment,
    say,
    tell_faults,
    warn_of_held,
)
from syndicate.cli.stopping import stop_on_signals

if TYPE_CHECKING:
    from syndicate.house import House
    from syndicate.ingest import Pass
    from syndicate.outbox.delivery import Action
    from syndicate.plot import Plot
    from syndicate.shelf.listen import Sockets


@click.command(
    short_help="Publish, serve the feeds, keep watching.",
    epilog="\b\nExamples:\n  syndicate run\n  syndicate run --config /etc/syndicate/news.yaml",
)
@config_option
def run(config: Path) -> None:
    """Publish what is new, serve the feeds, and keep watching the store until stopped (Ctrl-C or SIGTERM).

    SIGHUP takes up the settings anew; where they have a fault, it is told and the former ones hold.
    """
    asyncio.run(_run(config, load_alone(config)))


async def _run(config: Path, plot: Plot) -> None:
    from syndicate.outbox.lock import PublisherLock

    stop = stop_on_signals("Stopping: finishing what is being sent ...")
    with PublisherLock(plot.lock_path, datetime.now(UTC)):
        # Only now, as it takes its time: a second publisher is told at once.
        from syndicate.cli.reloading import Reloading

        with authorities.postponed():
            from syndicate.shelf.listen import Sockets

        with closing(Sockets()) as sockets:
            await Reloading(config, plot, stop).run(Publishing(sockets))
    # The loop would take its handler away when it closes, and a SIGHUP then end the process as if it had failed.
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    say("Stopped. Everything that is owed is kept and goes on at the next start.")


class Publishing:
    """Publishes and serves by settings: those of the start, then those of each SIGHUP."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets
        self._is_start = True

    async def __call__(self, plot: Plot, halt: asyncio.Event, opened: Callable[[], None]) -> None:
        """Until the event is set; `opened` is called once everything is open."""
        from syndicate.serving import claim, serving

        is_start, self._is_start = self._is_start, False
        async with AsyncExitStack() as served, AsyncExitStack() as housed:
            if is_start:  # readers come first
                address = await served.enter_async_context(serving(plot, self._sockets))
                await asyncio.to_thread(_load)
            from syndicate.house import open_house
            from syndicate.publisher import publish_forever

            if not is_start:
                await claim(plot, self._sockets)
            house = await housed.enter_async_context(open_house(plot))
            if not is_start:  # what is refused no reader may meet
                address = await served.enter_async_context(serving(plot, self._sockets))
            opened()
            teller = Teller(house, address)
            tell_faults(authority_faults(plot))
            await publish_forever(house, halt, tell_pass=teller)


def _load() -> None:
    """What publishing needs, while the feeds are served already."""
    for module in ("publisher", "schedule", "outbox.store", "shelf.folder", "content.folder", "content.images"):
        import_module(f"syndicate.{module}")
    authorities.read()


class Teller:
    """Tells the first pass in full and the later ones in a line."""

    def __init__(self, house: House, address: str | None) -> None:
        self._house = house
        self._address = address
        self._is_first = True
        self._told_faults: frozenset[str] = frozenset()

    def __call__(self, done: Pass, owed: Mapping[Action, int]) -> None:
        """Hear of a pass, and of what is owed of changes after it."""
        faults = frozenset(str(fault) for fault in done.faults)
        if faults - self._told_faults:
            tell_faults([fault for fault in done.faults if str(fault) not in self._told_faults])
        self._told_faults = faults
        if self._is_first:
            self._is_first = False
            for line in introduction(self._house, self._address, done):
                say(line)
        elif done.new or done.revised or done.withdrawn or done.moved:
            say(summary_of(done, owed))
        warn_of_held(done)


def introduction(house: House, address: str | None, done: Pass) -> list[str]:
    """What is published, where to look, in plain words."""
    settings = house.plot.settings
    lines = [f"{settings.site.title}: {count(done.items, 'item')} in {count(done.topics, 'topic')}"]
    folders = ", ".join(f"{_near(root.folder)}/" for root in house.plot.roots)
    lines.append(f"  store     {folders}  ({_store_words(done)})")
    lines.append(f"  feeds     {_near(settings.feeds.folder)}/  ({count(len(done.written), 'file')} written)")
    if address:
        lines.append(f"  read      {address}  all topics, with RSS, Atom, JSON Feed and a page each")
    for name, channel in house.channels.items():
        place = _gallery_of(Path(channel.account)) if channel.is_rehearsal else channel.account
        lines.append(f"  channel   {name} ({channel.network}): {place}")
    lines.append("Watching for new items. Ctrl-C stops.")
    return lines


def summary_of(done: Pass, owed: Mapping[Action, int]) -> str:
    """One pass in one line."""
    parts = [
        f"{number} {word}"
        for number, word in (
            (done.new, "new"),
            (done.revised, "revised"),
            (done.moved, "moved"),
            (done.withdrawn, "withdrawn"),
        )
        if number
    ]
    decided = ", ".join(f"{number} {state.value}" for state, number in done.decided.items())
    tail = f"; deliveries: {decided}" if decided else ""
    tail += f"; owed: {changes_in_words(owed)}" if owed else ""
    return f"{', '.join(parts)}: {count(len(done.written), 'file')} on the shelf in {done.took_ms} ms{tail}"


def _store_words(done: Pass) -> str:
    words = [count(done.files, "file")]
    words += [f"{number} {rule}" for rule, number in sorted(done.skipped.items())]
    if done.scheduled:
        words.append(f"{done.scheduled} scheduled, next {moment(done.next_due)}")
    if done.errors:
        words.append(count(len(done.errors), "fault"))
    return ", ".join(words)


def _gallery_of(folder: Path) -> str:
    page = _near(folder.expanduser()) / "index.html"
    return str(page) if page.exists() else f"{page}, once it shows a post"


def _near(path: Path) -> Path:
    """The path as seen from the working directory, if it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path
