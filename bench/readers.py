"""Goal 5: how long readers wait while everything is built anew on the same cores; of nginx's, while ours builds beside.

    .venv/bin/python bench/readers.py PORT/PATH

asks for one feed as 500 readers do who each ask once a second, until its input ends, and prints how long they waited.
The peer tells what this machine and this client allow while so much goes on: no server of feeds can do better.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peers import Place, builds, free_port, ours, python, settings
from timing import Failed, cost_of

READERS = 500
LONGEST_S = 300.0
_STANDS = "Watching for new items"


def rebuilt_by_ours(place: Place, path: str) -> dict[str, float]:
    """How long readers wait of the publisher that builds everything anew, over feeds that stand and all change."""
    port = free_port()
    _change(place)
    file = place.root / "syndicate.yaml"
    said = file.read_text(encoding="utf-8")
    file.write_text(said.replace("enabled: false}\ndelivery", f"port: {port}}}\ndelivery"), encoding="utf-8")
    with subprocess.Popen(ours(place, "run"), cwd=place.root, stdout=subprocess.PIPE, text=True) as process:
        try:
            with _readers(port, path) as found:
                assert process.stdout is not None
                if not any(_STANDS in line for line in process.stdout):
                    raise Failed("the publisher ended before its first pass")
        finally:
            process.terminate()
    return found


def rebuilt_beside(place: Place, path: str, port: int) -> dict[str, float]:
    """The same of a server that has nothing else to do, while a process of its own does that."""
    _change(place)
    with _readers(port, path) as found:
        cost_of(ours(place, "once"), folder=place.root)
    return found


def made(place: Place) -> Path:
    """The feed that readers ask for: that of about 60 kB."""
    place.clear()
    command = builds("syndicate", place)
    settings(place, formats="rss")
    cost_of(command, folder=place.root)
    return min((place.feeds.rglob("rss.xml")), key=lambda file: abs(file.stat().st_size - 60_000))


def _change(place: Place) -> None:
    """All is to be read and written anew, into feeds that stand: the site has another name."""
    shutil.rmtree(place.root / "state", ignore_errors=True)
    file = settings(place, formats="rss")
    name = f"Bench {time.monotonic_ns()}"
    file.write_text(file.read_text(encoding="utf-8").replace("title: Bench,", f"title: {name},"), encoding="utf-8")


@contextmanager
def _readers(port: int, path: str) -> Iterator[dict[str, float]]:
    """Readers until the block ends; then it holds how long they waited."""
    await_port(port)
    found: dict[str, float] = {}
    asking = [python(), str(Path(__file__)), f"{port}/{path}"]
    with subprocess.Popen(asking, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield found
        told, _ = process.communicate()
    if process.returncode != 0:
        raise Failed(f"the readers ended with {process.returncode}")
    found |= json.loads(told)


def await_port(port: int) -> None:
    """Wait until somebody listens there."""

    async def met() -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return

    asyncio.run(asyncio.wait_for(met(), 60))


async def ask(port: int, path: str) -> dict[str, float]:
    """How long they wait, over connections that stay open, and how often they got the feed and how often anything."""
    waits_ms: list[float] = []
    fulls: list[bool] = []
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.buffer.read))

    async def reader(number: int) -> None:
        await asyncio.sleep(number / READERS)
        receive, send = await asyncio.open_connection("127.0.0.1", port)
        while not ended.done():
            begun = time.perf_counter()
            send.write(f"GET /{path} HTTP/1.1\r\nHost: reader-{number}.example\r\n\r\n".encode())
            head = await receive.readuntil(b"\r\n\r\n")
            size = re.search(rb"Content-Length: (\d+)", head)
            await receive.readexactly(int(size[1]) if size else 0)
            waits_ms.append((time.perf_counter() - begun) * 1000)
            fulls.append(head.startswith(b"HTTP/1.1 200 "))
            await asyncio.wait([ended], timeout=max(0.0, 1 - (time.perf_counter() - begun)))
        send.close()

    async with asyncio.timeout(LONGEST_S):
        await asyncio.gather(*map(reader, range(READERS)))
    waits_ms.sort()
    share = {"median_ms": 0.5, "p99_ms": 0.99, "worst_ms": 1.0}
    found = {name: waits_ms[min(len(waits_ms) - 1, int(part * len(waits_ms)))] for name, part in share.items()}
    return found | {"answers": float(len(fulls)), "full_share": sum(fulls) / len(fulls)}


if __name__ == "__main__":
    asked_port, _, asked_path = sys.argv[1].partition("/")
    print(json.dumps(asyncio.run(ask(int(asked_port), asked_path))))
