"""The clocks of the machine, and what the outbox keeps of them over restarts. One function, one transaction."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime
from pathlib import Path

from syndicate.outbox.connection import Connection
from syndicate.outbox.marks import keep_mark, mark
from syndicate.outbox.prepared import Prepared
from syndicate.outbox.timekeeping import Timekeeper, begun

_NAME = "clock"
_LAST_SENT = Prepared("last_sent")
_UNNAMED = uuid.uuid4().hex
"""Where the system does not name its runs, each process counts as one: then less is known, and nothing wrong."""


def boot(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """The name of this run of the machine (Linux, "proc_sys_kernel(5)")."""
    try:
        return path.read_text(encoding="ascii").strip() or _UNNAMED
    except (OSError, ValueError):
        return _UNNAMED


def ticks() -> float:
    """Seconds of this run of the machine, also those in which it slept; nobody sets them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def begin(connection: Connection, name: str, count: float, now: datetime) -> Timekeeper:
    """The timekeeper of a publisher that starts, kept."""
    text = mark(connection, _NAME)
    kept = _parsed(text) if text else None
    last_sent = None if kept is not None and kept.boot == name else _LAST_SENT.value(connection)
    timekeeper = begun(kept, name, count, now, last_sent)
    keep(connection, timekeeper)
    return timekeeper


def keep(connection: Connection, timekeeper: Timekeeper) -> None:
    """Keep what is known of time."""
    times = [timekeeper.at.isoformat(), timekeeper.since.isoformat()]
    keep_mark(connection, _NAME, json.dumps([timekeeper.boot, timekeeper.ticks, *times]))


def _parsed(text: str) -> Timekeeper:
    name, count, at, since = json.loads(text)
    return Timekeeper(name, count, datetime.fromisoformat(at), datetime.fromisoformat(since))
