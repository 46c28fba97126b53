"""Goal 3: passes without changes, by a publisher that has read the store: their time, CPU, and what they write.

    .venv/bin/python bench/idle.py SETTINGS [--rounds 7]

prints JSON; `run.py bench --goal 3` makes the store and reads it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from corpus import Corpus
from peers import Place, builds, python
from timing import cost_of, spreads


def idle(corpus: Corpus, place: Place, rounds: int) -> dict[str, Any]:
    """The cost of passes without changes, and of `once` without any."""
    place.clear()
    command = builds("syndicate", place)
    cost_of(command, folder=place.root)
    passes = [python(), str(Path(__file__)), str(place.root / "syndicate.yaml"), "--rounds", str(rounds)]
    found = json.loads(subprocess.run(passes, stdout=subprocess.PIPE, check=True).stdout)
    once = [cost_of(command, folder=place.root).told() for _ in range(rounds)]
    return {"sides": {"resident": spreads(found), "once": spreads(once)}, "ratios": {}, "wanted": {}}


async def measured(file: Path, rounds: int) -> list[dict[str, float]]:
    from syndicate import log
    from syndicate.house import clock, open_house
    from syndicate.outbox.lock import PublisherLock
    from syndicate.plot import plot_of

    log.set_up(level="error")
    plot = plot_of(file)
    costs = []
    with PublisherLock(plot.lock_path, clock()):
        async with open_house(plot) as house:
            await house.ingest.run()
            await house.ingest.run()
            for _ in range(rounds):
                wrote, begun, cpu = _written(), time.perf_counter(), time.process_time()
                done = await house.ingest.run()
                wall_s, cpu_s = time.perf_counter() - begun, time.process_time() - cpu
                assert not (done.written or done.dropped or done.new), "it was no pass without changes"
                costs.append({"wall_s": wall_s, "cpu_s": cpu_s, "bytes": float(_written() - wrote)})
    return costs


def _written() -> int:
    """Bytes that this process wrote so far, to whatever."""
    found = Path("/proc/self/io").read_text(encoding="ascii")
    return int(found.partition("wchar: ")[2].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    print(json.dumps(asyncio.run(measured(chosen.settings, chosen.rounds))))


if __name__ == "__main__":
    main()
