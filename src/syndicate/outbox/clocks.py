"""The clocks of the machine, and what the outbox keeps of them over restarts. One function, one transaction."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from syndicate.outbox.schema import deliveries, marks
from syndicate.outbox.timekeeping import Timekeeper, begun

_NAME = "clock"
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
    text = connection.execute(select(marks.c.value).where(marks.c.name == _NAME)).scalar()
    kept = _parsed(text) if text else None
    last_sent = None if kept is not None and kept.boot == name else _last_sent(connection)
    timekeeper = begun(kept, name, count, now, last_sent)
    keep(connection, timekeeper)
    return timekeeper


def _last_sent(connection: Connection) -> datetime | None:
    sent = deliveries.c.first_sent_at
    return connection.execute(select(func.max(sent, type_=sent.type))).scalar()


def keep(connection: Connection, timekeeper: Timekeeper) -> None:
    """Keep what is known of time."""
    times = [timekeeper.at.isoformat(), timekeeper.since.isoformat()]
    text = json.dumps([timekeeper.boot, timekeeper.ticks, *times])
    statement = upsert(marks).values(name=_NAME, value=text)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": text}))


def _parsed(text: str) -> Timekeeper:
    name, count, at, since = json.loads(text)
    return Timekeeper(name, count, datetime.fromisoformat(at), datetime.fromisoformat(since))
