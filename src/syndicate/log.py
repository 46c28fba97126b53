"""Events on stderr: lines for people on a terminal, one JSON object a line elsewhere; secrets are masked."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, Literal
from urllib.parse import quote, quote_plus

Format = Literal["auto", "text", "json"]

MASK = "[secret]"
SHORTEST = 4
"""Characters of the shortest secret that is masked."""

REPEATED_S = 60.0
"""A library that repeats itself is told once in this time."""

MOST_KINDS = 200
"""Kinds of repeated messages that are remembered."""


class Masker:
    """Takes every known secret out of an event, wherever it stands."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, as one may hold another; very short ones would tear words apart.
        whole = [one for one in secrets if len(one) >= SHORTEST]
        # As they stand in addresses and forms, too.
        forms = {form for one in whole for form in (one, quote(one, safe=""), quote_plus(one))}
        self._secrets = tuple(sorted(forms, key=len, reverse=True))

    def __call__(self, _logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """As a structlog processor."""
        for key, value in event.items():
            event[key] = self._cleared(value)
        return event

    def _cleared(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.masked(value)
        if isinstance(value, Mapping):
            return {key: self._cleared(part) for key, part in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._cleared(part) for part in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.masked(str(value))

    def masked(self, text: str) -> str:
        """The text without any of the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


class Log:
    """Tells events. What they are told with is loaded with the first that is told: a pass without changes has none."""

    def __init__(self) -> None:
        self._prepare: Callable[[], None] | None = None
        self._least = logging.NOTSET

    def info(self, event: str, **facts: Any) -> None:
        """What happened."""
        if self._least <= logging.INFO:
            self._logger().info(event, **facts)

    def warning(self, event: str, **facts: Any) -> None:
        """What a person may have to do."""
        if self._least <= logging.WARNING:
            self._logger().warning(event, **facts)

    def error(self, event: str, **facts: Any) -> None:
        """What a person must do."""
        self._logger().error(event, **facts)

    def exception(self, event: str, **facts: Any) -> None:
        """The same, with the trace of the error that is being handled."""
        self._logger().exception(event, **facts)

    def tell(self, weight: int, event: str, **facts: Any) -> None:
        """An event of that weight, as `logging` numbers it."""
        if self._least <= weight:
            self._logger().log(weight, event, **facts)

    def prepare_with(self, prepare: Callable[[], None], *, least: int) -> None:
        """What decides where events of at least that weight go, and how they look; called before the first is told.

        At once if structlog is loaded already.
        """
        self._prepare, self._least = prepare, least
        if "structlog" in sys.modules:
            self._logger()

    def _logger(self) -> Any:
        if self._prepare is not None:
            prepare, self._prepare = self._prepare, None
            prepare()
        import structlog

        return structlog.get_logger()


log = Log()
"""The one of this process."""


def set_up(*, level: str = "info", form: Format = "auto", secrets: Iterable[str] = ()) -> None:
    """Decide for the whole process where events go. Called once, by the command."""
    is_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    least = getattr(logging, level.upper())
    log.prepare_with(partial(_configure, least, Masker(secrets), is_text=is_text), least=least)
    logging.basicConfig(level=logging.WARNING, handlers=[_Relay()], force=True)


def _configure(weight: int, masker: Masker, *, is_text: bool) -> None:
    has_terminal = sys.stdout.isatty() or sys.stderr.isatty()
    with nullcontext() if is_text or has_terminal else _without("rich"):
        import structlog

    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if is_text else "iso", utc=not is_text),
        structlog.processors.format_exc_info,
        masker,
    ]
    if is_text:
        processors.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=22))
    else:
        processors.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(weight),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


@contextmanager
def _without(package: str) -> Iterator[None]:
    """Whoever can do without a package does so, if it was not loaded before.

    structlog loads rich for traces on a terminal, which takes four times as long as structlog itself, and as long as
    a pass over thousands of files. No other thread may load the package meanwhile.
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # what the import system takes for "there is none"
    try:
        yield
    finally:
        del sys.modules[package]


class _Relay(logging.Handler):
    """What libraries log through the standard library becomes events like ours, so that a log has one form.

    The same again, but for what is filled in, is told once a minute with the count of those left out: what a client
    or a full machine can cause thousands of times a second must not fill the disk with lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, int, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on, unless it was told just now."""
        left_out = self._left_out(record)
        if left_out is None:
            return
        facts: dict[str, Any] = {"library": record.name, "text": record.getMessage()}
        if left_out:
            facts["left_out"] = left_out
        if record.exc_info:
            facts["exc_info"] = record.exc_info
        log.tell(record.levelno, "library_told", **facts)

    def _left_out(self, record: logging.LogRecord) -> int | None:
        """How many like it were left out since the last that was told; None if it is to be left out itself."""
        # asyncio fills in by itself and puts what differs below the first line.
        kind = (record.name, record.levelno, str(record.msg).partition("\n")[0])
        now = time.monotonic()
        told_at, count = self._kinds.get(kind, (-REPEATED_S, 0))
        if now - told_at < REPEATED_S:
            self._kinds[kind] = (told_at, count + 1)
            return None
        if len(self._kinds) >= MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        return count
