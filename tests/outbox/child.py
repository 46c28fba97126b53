"""Another process at the same outbox or lock: `python child.py WHAT PATH`. It says `ready`, then does it."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from deliver_rig import NOW
from syndicate.errors import AnotherInstance
from syndicate.outbox.connection import Connection
from syndicate.outbox.database import Database
from syndicate.outbox.lock import PublisherLock, holder_of
from syndicate.outbox.schema import marks
from syndicate.outbox.store import SqlOutbox


def say(text: str) -> None:
    print(text, flush=True)


async def claim_all(path: Path) -> None:
    """Claim until nothing is left; says each uid."""
    async with SqlOutbox(path) as outbox:
        say("ready")
        sys.stdin.readline()
        while (delivery := await outbox.claim("news", "child", NOW + timedelta(hours=1))) is not None:
            say(f"{delivery.uid} {delivery.fence}")


async def hang_in_transaction(path: Path) -> None:
    """Commit one mark; then write another and stay in the middle of the transaction."""
    database = Database(path)
    await database.open()
    await database.write(write_mark, "committed")
    await database.write(write_mark, "half", hangs=True)


def write_mark(connection: Connection, name: str, *, hangs: bool = False) -> None:
    connection.execute(insert(marks).values(name=name, value=name))
    if hangs:
        say("ready")
        time.sleep(60)


def hold_lock(path: Path) -> None:
    """Hold the lock until killed or told to go on."""
    with PublisherLock(path, NOW):
        say("ready")
        sys.stdin.readline()


def try_lock(path: Path) -> None:
    """Say what taking the lock comes to."""
    try:
        with PublisherLock(path, datetime.now(UTC)):
            say("taken")
    except AnotherInstance as error:
        say(f"{error.exit_code} {error}")


def ask_holder(path: Path) -> None:
    """Ask for the holder over and over until killed."""
    say("ready")
    while True:
        holder_of(path)


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    match what:
        case "claim":
            asyncio.run(claim_all(where))
        case "hang":
            asyncio.run(hang_in_transaction(where))
        case "hold":
            hold_lock(where)
        case "try":
            try_lock(where)
        case "ask":
            ask_holder(where)
