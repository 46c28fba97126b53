"""Goal 5: a feed of about 60 kB over HTTP, against aiohttp's `add_static` and nginx, each in a process of its own.

    .venv/bin/python bench/serving.py {syndicate,static} FOLDER

serves a folder and prints its port; `run.py bench --goal 5` asks with wrk. How long 500 readers wait in a rebuild who
each ask once a second is measured by a process of its own (`ask PORT/PATH`).
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus import Corpus
from peers import Missing, Place, builds, free_port, install, ours, python, settings
from timing import Failed, cost_of, ratios, spreads

READERS = 500
SECONDS = 3
WANTED = {"static": {"full_per_s": 8.0}, "nginx": {"full_per_s": 0.3}}
NGINX = """\
worker_processes 1; daemon off; pid {root}/nginx.pid; error_log {root}/nginx.log;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  types {{ application/rss+xml xml; }}
  server {{ listen 127.0.0.1:{port}; root {feeds}; }}
}}
"""


def serve(corpus: Corpus, place: Place, peers: Sequence[str], rounds: int) -> dict[str, Any]:
    """Answers a second in full and as 304, of ours and of each peer in turn; and the slowest of 100 in a rebuild."""
    install("wrk")
    place.clear()
    settings(place, formats="rss")
    cost_of(builds("syndicate", place), folder=place.root)
    feed = min((place.feeds.rglob("rss.xml")), key=lambda file: abs(file.stat().st_size - 60_000))
    path = feed.relative_to(place.feeds).as_posix()
    sides = ["syndicate", "static", *(["nginx"] if "nginx" in peers else [])]
    costs: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            with _served(side, place) as port:
                costs[side].append(_asked(f"http://127.0.0.1:{port}/{path}", feed.read_bytes()))
    return {
        "same": f"the same {feed.stat().st_size} bytes from all",
        "sides": {
            **{side: spreads(found) for side, found in costs.items()},
            "in a rebuild": spreads([_beside(place, path)]),
        },
        "ratios": {side: ratios(costs["syndicate"], costs[side]) for side in sides[1:]},
        "wanted": {side: WANTED[side] for side in sides[1:]},
    }


def _asked(url: str, content: bytes) -> dict[str, float]:
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == content, "another feed is served"
        tag = answer.headers["ETag"] or ""
        since = answer.headers["Last-Modified"]
    known = f"If-None-Match: {tag}" if tag else f"If-Modified-Since: {since}"
    return {"full_per_s": _wrk(url, 64)["per_s"], "known_per_s": _wrk(url, 64, known)["per_s"]}


def _beside(place: Place, path: str) -> dict[str, float]:
    """How long readers wait while the publisher that serves them builds everything anew."""
    port = free_port()
    place.clear()
    settings(place, formats="rss")
    file = place.root / "syndicate.yaml"
    said = file.read_text(encoding="utf-8")
    file.write_text(said.replace("enabled: false}\ndelivery", f"port: {port}}}\ndelivery"), encoding="utf-8")
    with subprocess.Popen(ours(place, "run"), cwd=place.root, stdout=subprocess.DEVNULL) as process:
        try:
            _await(port)
            asked = [python(), str(Path(__file__)), "ask", f"{port}/{path}"]
            found: dict[str, float] = json.loads(subprocess.run(asked, stdout=subprocess.PIPE, check=True).stdout)
        finally:
            process.terminate()
    return found


def _wrk(url: str, readers: int, *headers: str) -> dict[str, float]:
    more = [part for header in headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{readers}", f"-d{SECONDS}s", "--latency", *more, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    per_s = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    if per_s is None or p99 is None:
        raise Failed(f"wrk says: {done.stdout}")
    return {"per_s": float(per_s[1]), "p99_ms": float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]}


@contextmanager
def _served(side: str, place: Place) -> Iterator[int]:
    if side == "nginx":
        with _nginx(place) as port:
            yield port
        return
    command = [python(), str(Path(__file__)), side, str(place.feeds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _nginx(place: Place) -> Iterator[int]:
    install("nginx")
    port = free_port()
    config = place.root / "nginx.conf"
    config.write_text(NGINX.format(root=place.root, feeds=place.feeds, port=port), encoding="ascii")
    for folder in (place.feeds, *place.feeds.parents):
        if not folder.stat().st_mode & 0o005:
            raise Missing(f"nginx cannot read {folder}")
    with subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL) as process:
        try:
            _await(port)
            yield port
        finally:
            process.terminate()


def _await(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port)):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


async def main(side: str, folder: Path) -> None:
    from aiohttp import web

    from syndicate.feeds.site import Site
    from syndicate.shelf.listen import listening
    from syndicate.shelf.serve import feed_server

    if side == "syndicate":
        shown = Site(
            "Bench",
            "https://bench.example/",
            "",
            "https://bench.example/feeds/",
            "bench.example,2026",
            formats=("rss",),
        )
        async with listening(feed_server(folder, shown), "127.0.0.1", 0, most=2 * READERS) as (_, port):
            print(port, flush=True)
            await asyncio.Event().wait()
    application = web.Application()
    application.router.add_static("/", folder)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def ask(port: int, path: str) -> dict[str, float]:
    """How long so many readers wait who each ask once a second, over connections that stay open."""
    waits_ms: list[float] = []
    until = time.monotonic() + 2 * SECONDS

    async def reader(number: int) -> None:
        await asyncio.sleep(number / READERS)
        receive, send = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < until:
            begun = time.perf_counter()
            send.write(f"GET /{path} HTTP/1.1\r\nHost: reader-{number}.example\r\n\r\n".encode())
            head = await receive.readuntil(b"\r\n\r\n")
            size = re.search(rb"Content-Length: (\d+)", head)
            await receive.readexactly(int(size[1]) if size else 0)
            waits_ms.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(max(0.0, 1 - (time.perf_counter() - begun)))
        send.close()

    await asyncio.gather(*map(reader, range(READERS)))
    waits_ms.sort()
    share = {"median_ms": 0.5, "p99_ms": 0.99, "worst_ms": 1.0}
    return {name: waits_ms[min(len(waits_ms) - 1, int(part * len(waits_ms)))] for name, part in share.items()}


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        asked_port, _, asked_path = sys.argv[2].partition("/")
        print(json.dumps(asyncio.run(ask(int(asked_port), asked_path))))
    else:
        asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
