"""Events on stderr: lines for people on a terminal, one JSON object a line elsewhere; secrets are masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Literal

import structlog

Format = Literal["auto", "text", "json"]

MASK = "[secret]"
SHORTEST = 4
"""Characters of the shortest secret that is masked."""


class Masker:
    """Takes every known secret out of an event, wherever it stands."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, as one may hold another; very short ones would tear words apart.
        self._secrets = tuple(sorted((one for one in secrets if len(one) >= SHORTEST), key=len, reverse=True))

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


def set_up(*, level: str = "info", form: Format = "auto", secrets: Iterable[str] = ()) -> None:
    """Decide for the whole process where events go. Called once, by the command."""
    is_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if is_text else "iso", utc=not is_text),
        structlog.processors.format_exc_info,
        Masker(secrets),
    ]
    if is_text:
        processors.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=22))
    else:
        processors.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Relay()], force=True)


class _Relay(logging.Handler):
    """What libraries log through the standard library becomes events like ours, so that a log has one form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        facts: dict[str, Any] = {"library": record.name, "text": record.getMessage()}
        if record.exc_info:
            facts["exc_info"] = record.exc_info
        structlog.get_logger().log(record.levelno, "library_told", **facts)
