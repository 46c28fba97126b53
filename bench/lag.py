"""Goal 7: how long the loop lets its tasks wait while a publisher that also serves reads and builds everything anew.

    .venv/bin/python bench/lag.py SETTINGS

prints JSON; `run.py bench --goal 7` makes the store. A task that sleeps ten milliseconds at a time tells how much later
than that it is woken.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from peers import Place, free_port, python, settings
from timing import spreads

NAP_S = 0.01


def lag(place: Place, rounds: int) -> dict[str, dict[str, float]]:
    """The spread of the delays' median, 99th of a hundred and most, over cold builds."""
    found = []
    for _ in range(rounds):
        place.clear()
        file = settings(place)
        said = file.read_text(encoding="utf-8")
        file.write_text(said.replace("enabled: false}\ndelivery", f"port: {free_port()}}}\ndelivery"), encoding="utf-8")
        told = subprocess.run([python(), str(Path(__file__)), str(file)], stdout=subprocess.PIPE, check=True).stdout
        found.append(json.loads(told))
    return spreads(found)


async def measured(file: Path) -> dict[str, Any]:
    from syndicate import log
    from syndicate.house import clock, open_house
    from syndicate.outbox.lock import PublisherLock
    from syndicate.plot import plot_of
    from syndicate.publisher import publish_once
    from syndicate.serving import serving

    log.set_up(level="error")
    plot = plot_of(file)
    delays_ms: list[float] = []

    async def nap() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(NAP_S)
            delays_ms.append((time.perf_counter() - begun - NAP_S) * 1000)

    with PublisherLock(plot.lock_path, clock()):
        async with open_house(plot) as house, serving(house.plot):
            napping = asyncio.create_task(nap())
            done = await publish_once(house, lambda settled: None)
            # What follows a pass may hold the loop up, too.
            await asyncio.sleep(1)
            napping.cancel()
            with suppress(asyncio.CancelledError):
                await napping
            assert done.new, "it was no cold build"
    delays_ms.sort()
    share = {"p50_ms": 0.5, "p99_ms": 0.99, "most_ms": 1.0}
    return {name: delays_ms[min(len(delays_ms) - 1, int(part * len(delays_ms)))] for name, part in share.items()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measured(Path(sys.argv[1])))))
