"""How commands speak: options they share, plain lines, tables, progress and JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct, structs

from syndicate.cli import CALLED
from syndicate.errors import UsageError

if TYPE_CHECKING:
    from syndicate.errors import Fault
    from syndicate.ingest import Pass
    from syndicate.log import Masker
    from syndicate.outbox.delivery import Action
    from syndicate.outbox.pace import Price
    from syndicate.plot import Plot
    from syndicate.settings.channels import ChannelSettings

F = TypeVar("F", bound=Callable[..., Any])

_MASKER = "syndicate.masker"  # in the command's context, once the settings are known

CONFIG = Path("config/syndicate.yaml")


def config_option(command: F) -> F:
    """`--config FILE`."""
    option = click.option(
        "--config",
        "config",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="SYNDICATE_CONFIG",
        default=CONFIG,
        show_default=True,
        show_envvar=True,
        help="Settings file.",
    )
    return option(command)


def json_option(command: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Report as JSON on stdout.")(command)


def load(config: Path) -> Plot:
    """The checked settings; from now on events go where the settings say.

    Raises:
        ConfigError: with every fault.
    """
    from syndicate import log
    from syndicate.plot import plot_of
    from syndicate.settings.sources import strange_variables

    log.set_up()
    plot = plot_of(config)
    take_up(plot)
    for words in strange_variables(os.environ, type(plot.settings).model_fields):
        warn(words)
    return plot


def load_alone(config: Path) -> Plot:
    """The same for a publisher: another one, if there is, is told before all the settings are read.

    Raises:
        AnotherInstance: another process publishes from the same state.
        ConfigError: with every fault.
    """
    from syndicate.outbox.lock import check_free
    from syndicate.settings.roots import lock_in, state_folder_of

    folder = state_folder_of(config)
    if folder is not None:
        check_free(lock_in(folder))
    return load(config)


def take_up(plot: Plot) -> None:
    """From now on events go where these settings say, and their secrets are hidden."""
    from syndicate import log

    log.set_up(level=plot.settings.log.level, form=plot.settings.log.format, secrets=plot.secrets)
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[_MASKER] = log.Masker(plot.secrets)


def no_channel(name: str, known: Iterable[str], option: str = "") -> UsageError:
    """What to tell of a channel that is not there."""
    from syndicate.spelling import question

    there = sorted(known)
    listed = f"there are: {', '.join(there)}" if there else "there is none"
    problem = f"{option}{name}: no such channel is switched on{question(name, there)}"
    return UsageError(f"{problem}; {listed}")


def program(*, elsewhere: bool = False) -> str:
    """What the operator types to call the program, here or, if `elsewhere`, in another folder."""
    called = os.environ.get(CALLED)
    if not called:
        return "syndicate"
    return f"python3 {os.path.realpath(called) if elsewhere else called}"


def as_called(text: str) -> str:
    """The text with its hints as they are to be typed: they name the program in backticks, or begin an example."""
    if CALLED not in os.environ:
        return text
    return text.replace("`syndicate ", f"`{program()} ").replace("\n  syndicate ", f"\n  {program()} ")


def say(line: str = "") -> None:
    """One line for people, on stdout."""
    click.echo(_shown(line))


def warn(line: str) -> None:
    """One line on stderr about what a person may have to do."""
    click.echo(_shown(f"warning: {line}"), err=True)


def warn_of_held(done: Pass) -> None:
    """Say that new deliveries of a pass wait for the operator, if there are any."""
    held = sum(number for state, number in done.decided.items() if state.value == "held")
    if held:
        warn(f"{count(held, 'new delivery', 'new deliveries')} held: `syndicate held list` tells why")


def tell_json(value: Any) -> None:
    """One JSON document on stdout."""
    plain = json.loads(json.dumps(value, default=_plain))
    click.echo(json.dumps(_cleared(plain), indent=2, ensure_ascii=False))


def tell_faults(
    faults: Sequence[Fault], *, most: int = 20, more: str = "`syndicate check --most 1000` lists all"
) -> None:
    """Faults on stderr, errors first, each with its remedy."""
    for fault in sorted(faults, key=lambda one: one.is_warning)[:most]:
        click.echo(as_called(f"{'warning' if fault.is_warning else 'error'}: {fault}"), err=True)
    if len(faults) > most:
        click.echo(as_called(f"... and {len(faults) - most} more; {more}"), err=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table for people, on stdout; nothing is cut where the output is no terminal."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    for row in rows:
        drawn.add_row(*(Text(_shown(_cell(value))) for value in row))
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False).print(drawn)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while the block runs, if stderr is a terminal; gives the function that moves it on."""
    if not sys.stderr.isatty() or total == 0:
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def watching(label: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """A bar on stderr while the block runs, if stderr is a terminal; gives the function that hears done and words."""
    if not sys.stderr.isatty():
        yield lambda done, words: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, words="")
        yield lambda done, words: bar.update(task, completed=done, words=words)


@contextmanager
def counting(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while the block runs, if stderr is a terminal; gives the function that hears done and total."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def tallying(label: str) -> Iterator[Callable[[int], None]]:
    """A count on stderr while the block runs, if stderr is a terminal; gives the function that hears how many so far.

    For what has no end that is known before.
    """
    if not sys.stderr.isatty():
        yield lambda number: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda number: bar.update(task, completed=number)


def price_words(price: Price | None, channel: ChannelSettings) -> str:
    """What posts cost, and the channel's budgets, for people."""
    if price is None:
        return "nothing"
    budgets = ((channel.budget_per_day, "a day"), (channel.budget_per_month, "a month"))
    limits = [f"at most {budget} {per}" for budget, per in budgets if budget is not None]
    return ", ".join((f"{price.amount} {price.currency}", *limits))


def price_json(price: Price | None) -> dict[str, str] | None:
    """What a post costs, for machines."""
    return None if price is None else {"amount": str(price.amount), "currency": price.currency}


def moment(value: datetime | None) -> str:
    """A time for people, in UTC to the minute; a dash for none."""
    return "-" if value is None else f"{value:%Y-%m-%d %H:%M}Z"


def in_words(length: timedelta) -> str:
    """`3 d 4 h`, `12 min`, `at once`."""
    rest = round(length.total_seconds())
    parts = []
    for unit, seconds in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, seconds)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "at once"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 item`, `2 items`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def changes_in_words(numbers: Mapping[Action, int]) -> str:
    """`2 edits, 1 deletion`."""
    nouns = {"edit": "edit", "delete": "deletion", "reply": "answer", "post": "post"}
    return ", ".join(count(number, nouns[action.value]) for action, number in sorted(numbers.items()) if number)


def _masked(text: str) -> str:
    """The text without the settings' secrets: what a server said may have come into the outbox."""
    context = click.get_current_context(silent=True)
    masker: Masker | None = context.meta.get(_MASKER) if context is not None else None
    return text if masker is None else masker.masked(text)


def _shown(text: str) -> str:
    """As people see it: without secrets, and with hints that can be typed."""
    return _masked(as_called(text))


def _cleared(value: Any) -> Any:
    if isinstance(value, str):
        return _masked(value)
    if isinstance(value, list):
        return [_cleared(part) for part in value]
    if isinstance(value, dict):
        return {key: _cleared(part) for key, part in value.items()}
    return value


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return "-" if value is None else str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, Struct):
        return structs.asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
