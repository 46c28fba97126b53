"""Several processes claim from one outbox, and are stopped and continued on the way; no delivery is claimed twice.

`PYTHONPATH=tests .venv/bin/python tests/kill/claims.py --claimers 4 --rows 10000`
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from deliver_rig import ACCOUNT, NOW, acceptance, item
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.store import SqlOutbox

CHILD = Path(__file__).parents[1] / "outbox" / "child.py"
AT_ONCE = 500


async def owe(path: Path, rows: int) -> None:
    """An outbox that owes so many items to one channel."""
    async with SqlOutbox(path) as outbox:
        for start in range(0, rows, AT_ONCE):
            items = [item(number, published=NOW, updated=NOW) for number in range(start, min(start + AT_ONCE, rows))]
            await outbox.accept(acceptance(*items, channel=ChannelPlan("news", ACCOUNT)), NOW)


def claimed_by(path: Path, claimers: int, stops: random.Random) -> Counter[str]:
    """How often each delivery was claimed, until no process finds one any more."""
    children = [
        subprocess.Popen(
            [sys.executable, str(CHILD), "claim", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for _ in range(claimers)
    ]
    found: list[Counter[str]] = [Counter() for _ in children]
    readers = []
    for child, counter in zip(children, found, strict=True):
        assert child.stdin is not None and child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        readers.append(threading.Thread(target=_read, args=(child, counter)))
    for child, reader in zip(children, readers, strict=True):
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        reader.start()
    while any(reader.is_alive() for reader in readers):
        child = stops.choice(children)
        child.send_signal(signal.SIGSTOP)
        time.sleep(stops.uniform(0, 0.05))
        child.send_signal(signal.SIGCONT)
        time.sleep(stops.uniform(0, 0.05))
    for reader, child in zip(readers, children, strict=True):
        reader.join()
        child.communicate()
    return sum(found, Counter())


def _read(child: subprocess.Popen[str], counter: Counter[str]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        counter[line.split()[0]] += 1


def main() -> int:
    """Claim and count; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claimers", type=int, default=4)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="syndicate-claims-") as folder:
        path = Path(folder) / "outbox.sqlite3"
        asyncio.run(owe(path, chosen.rows))
        counts = claimed_by(path, chosen.claimers, random.Random(chosen.seed))
    twice = sum(number - 1 for number in counts.values())
    missed = chosen.rows - len(counts)
    took_s = time.monotonic() - begun
    print(
        f"{chosen.rows} rows, {chosen.claimers} claimers: {twice} double claims, {missed} not claimed, {took_s:.0f} s"
    )
    return 1 if twice or missed else 0


if __name__ == "__main__":
    sys.exit(main())
