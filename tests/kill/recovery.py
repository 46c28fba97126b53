"""How soon a publisher that was killed delivers again, with many deliveries in its outbox.

`PYTHONPATH=tests .venv/bin/python tests/kill/recovery.py --rows 100000 --rounds 5`

The outbox holds finished deliveries, some that are owed, and one that was being sent when the publisher died. Measured
is from the start of `syndicate run` to the first post that the network has.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from site_rig import SandboxThread, SiteRig, end
from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import Action, State, uid_of
from syndicate.outbox.schema import deliveries, events
from syndicate.outbox.store import SqlOutbox

CHANNEL = "mastodon"
OWED = 20
AT_ONCE = 5_000


def filled(connection: Connection, account: str, rows: int) -> None:
    """So many deliveries that were sent long ago, each with what happened to it."""
    now = datetime.now(UTC) - timedelta(days=40)
    for start in range(0, rows, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, rows))
        uids = [uid_of(CHANNEL, account, f"old:{number}", Action.POST) for number in numbers]
        made = [
            {
                "uid": uid, "channel": CHANNEL, "account": account, "item_id": f"old:{number}", "action": "post",
                "revision": "r", "state": "sent", "reason": "accepted", "code": "accepted", "origin": "live",
                "due": now, "attempts": 1, "failures": 0, "readings": 0, "generation": 0, "is_unclear": False,
                "is_key_spent": False, "key": uid, "frozen_at": now, "first_sent_at": now, "remote_id": str(number),
                "sent_at": now, "fence": 1, "topics": "", "owed_since": now,
            }
            for number, uid in zip(numbers, uids, strict=True)
        ]  # fmt: skip
        connection.execute(insert(deliveries), made)
        told = [{"uid": uid, "at": now, "reason": "", "attempt": 1} for uid in uids]
        lines = [one | {"state": state.value} for one in told for state in (State.PLANNED, State.SENDING, State.SENT)]
        connection.execute(insert(events), lines)


async def prepare(path: Path, account: str, rows: int) -> None:
    """An outbox as a publisher leaves it that dies while it sends."""
    async with SqlOutbox(path) as outbox:
        await outbox._database.write(filled, account, rows)  # as no publisher writes so much at once
        now = datetime.now(UTC)
        claimed = await outbox.claim(CHANNEL, "dead", now)
        assert claimed is not None, "something was owed"
        await outbox.freeze(claimed, b'{"status": "It was being sent. https://herons.example/1"}', "key", now)


def first_delivery_s(site: SiteRig, sandbox: SandboxThread) -> tuple[float, float]:
    """Start the publisher; seconds until a post is there, and those of them that the publisher computed."""
    before = len(sandbox.posts(CHANNEL))
    begun = time.monotonic()
    process = site.start("run")
    try:
        while len(sandbox.posts(CHANNEL)) == before:
            assert process.poll() is None, site.log()
            assert time.monotonic() - begun < 60, site.log()
            time.sleep(0.01)
        took_s = time.monotonic() - begun
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return took_s, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    finally:
        end(process)


def measured(folder: Path, rows: int, rounds: int) -> Iterator[tuple[float, float]]:
    """Seconds of each start: see `first_delivery_s`."""
    sandbox = SandboxThread()
    try:
        site = SiteRig(folder, sandbox.channels(CHANNEL), {"delivery": {"most_new": None}})
        site.configure(server={"enabled": False}, feeds={"formats": ["json"], "kinds": []})
        site.write(0)
        assert site.call("once").exit_code == 0
        site.channels[CHANNEL]["gap"] = "1h"  # so that all but one are owed at the start
        for number in range(1, OWED + 1):
            site.write(number)
        site.configure()
        sandbox.reset()
        assert site.call("once").exit_code == 0
        [account] = {one["account"] for one in site.ask("status")["channels"]}
        site.channels[CHANNEL]["gap"] = "0s"
        site.configure()
        asyncio.run(prepare(site.folder / "state" / "outbox.sqlite3", account, rows))
        for _ in range(rounds):
            yield first_delivery_s(site, sandbox)
    finally:
        sandbox.close()


def main() -> int:
    """Run; 1 if a start took longer than it may."""
    parser = argparse.ArgumentParser(description="From the start of a publisher to its first post.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--within", type=float, default=3.0, metavar="SECONDS")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="recovery-"))
    try:
        took = list(measured(folder / "site", asked.rows, asked.rounds))
    finally:
        shutil.rmtree(folder)
    for wall_s, cpu_s in took:
        print(f"{asked.rows:,} rows: first delivery after {wall_s:.2f} s, {cpu_s:.2f} s of them computing")
    print(f"at most {asked.within:g} s, on a machine that does nothing else")
    return 0 if max(wall_s for wall_s, _ in took) <= asked.within else 1


if __name__ == "__main__":
    sys.exit(main())
